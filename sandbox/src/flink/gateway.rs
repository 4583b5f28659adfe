//! The sandbox's own client of the SQL Gateway and of the JobManager: submits a script, looks at jobs.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::cluster::Flink;
use super::proxy::OWN;
use super::script::statements;
use crate::clock;
use crate::error::{Doing, Error, Result};

const STATEMENT: Duration = Duration::from_secs(90);

/// A session in which all but the last statement of a script has run.
#[derive(Debug)]
pub struct Staged {
    session: String,
    last: String,
}

#[derive(Debug, Clone)]
pub struct Client {
    flink: Flink,
    http: reqwest::Client,
    marked: bool,
}

impl Client {
    pub fn new(flink: &Flink) -> Result<Self> {
        // A proxy from the environment is not for loopback.
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(30))
            .build()
            .doing("Making an HTTP client")?;
        Ok(Self { flink: flink.clone(), http, marked: true })
    }

    /// Its calls look to the proxy like those of anybody else.
    #[must_use]
    pub fn as_anybody(self) -> Self {
        Self { marked: false, ..self }
    }

    /// Free and used slots of the cluster.
    pub async fn slots(&self) -> Result<u64> {
        let answer = self.call(Method::GET, &format!("{}/overview", self.flink.rest), None).await?;
        Ok(answer["slots-total"].as_u64().unwrap_or(0))
    }

    pub async fn gateway_version(&self) -> Result<String> {
        let answer = self.call(Method::GET, &format!("{}/info", self.flink.sql_gateway), None).await?;
        text(&answer, "version")
    }

    /// Runs the statements of a script one by one in a session of its own; returns the ids of the jobs it started.
    pub async fn submit(&self, script: &str) -> Result<Vec<String>> {
        let session = self.open().await?;
        let mut jobs = Vec::new();
        for statement in statements(script) {
            jobs.extend(self.execute(&session, &statement).await?);
        }
        self.call(Method::DELETE, &session, None).await?;
        Ok(jobs)
    }

    async fn open(&self) -> Result<String> {
        let gateway = &self.flink.sql_gateway;
        let opened = self.call(Method::POST, &format!("{gateway}/v2/sessions"), Some(json!({}))).await?;
        Ok(format!("{gateway}/v2/sessions/{}", text(&opened, "sessionHandle")?))
    }

    /// Runs all of a script but its last statement, which is to start the job.
    pub async fn stage(&self, script: &str) -> Result<Staged> {
        let mut all = statements(script);
        let last = all.pop().ok_or_else(|| Error::other("The script has no statement"))?;
        let session = self.open().await?;
        for statement in &all {
            self.execute(&session, statement).await?;
        }
        Ok(Staged { session, last })
    }

    /// Runs the last statement of a staged script; the id of its job.
    pub async fn start(&self, staged: Staged) -> Result<String> {
        let job = self.execute(&staged.session, &staged.last).await?;
        self.call(Method::DELETE, &staged.session, None).await?;
        job.ok_or_else(|| Error::other("The last statement of the script started no job"))
    }

    pub async fn cancel(&self, job: &str) -> Result<()> {
        let address = format!("{}/jobs/{job}", self.flink.rest);
        self.call(Method::PATCH, &format!("{address}?mode=cancel"), None).await.map(|_| ())
    }

    /// The folder of the newest completed checkpoint, `file:/…`.
    pub async fn newest_checkpoint(&self, job: &str) -> Result<Option<(u64, String)>> {
        let address = format!("{}/jobs/{job}/checkpoints", self.flink.rest);
        let answer = self.call(Method::GET, &address, None).await?;
        let newest = &answer["latest"]["completed"];
        Ok(newest["id"].as_u64().zip(newest["external_path"].as_str().map(str::to_owned)))
    }

    /// Makes a savepoint of a job, which runs on; its folder.
    pub async fn savepoint(&self, job: &str) -> Result<String> {
        let address = format!("{}/jobs/{job}/savepoints", self.flink.rest);
        let body = json!({ "target-directory": self.flink.savepoints, "cancel-job": false });
        let asked = self.call(Method::POST, &address, Some(body)).await?;
        let address = format!("{address}/{}", text(&asked, "request-id")?);
        let started = clock::start();
        while started.elapsed() < STATEMENT {
            let answer = self.call(Method::GET, &address, None).await?;
            if answer["status"]["id"] == "COMPLETED" {
                return text(&answer["operation"], "location");
            }
            clock::pause(Duration::from_millis(50)).await;
        }
        Err(Error::TooSlow { what: format!("A savepoint of {job}"), limit: STATEMENT, detail: String::new() })
    }

    /// The first line of the newest exception of a job.
    pub async fn failure(&self, job: &str) -> Result<Option<String>> {
        let answer = self.call(Method::GET, &format!("{}/jobs/{job}/exceptions", self.flink.rest), None).await?;
        Ok(answer["root-exception"].as_str().and_then(|text| text.lines().next()).map(str::to_owned))
    }

    async fn execute(&self, session: &str, statement: &str) -> Result<Option<String>> {
        let body = json!({ "statement": statement });
        let started = self.call(Method::POST, &format!("{session}/statements"), Some(body)).await?;
        let operation = format!("{session}/operations/{}", text(&started, "operationHandle")?);
        let limit = clock::start();
        loop {
            // Of an operation that failed the status tells nothing, the result is an HTTP 500 with the reason.
            let result = self.call(Method::GET, &format!("{operation}/result/0?rowFormat=JSON"), None).await?;
            if result["resultType"] != "NOT_READY" {
                self.call(Method::DELETE, &format!("{operation}/close"), None).await?;
                return Ok(result["jobID"].as_str().map(str::to_owned));
            }
            if limit.elapsed() > STATEMENT {
                let what = format!("The statement {:.60}", statement);
                return Err(Error::TooSlow { what, limit: STATEMENT, detail: String::new() });
            }
            clock::pause(Duration::from_millis(30)).await;
        }
    }

    /// `RUNNING`, `FAILED` …, past the JobManager's cache.
    pub async fn job_state(&self, job: &str) -> Result<String> {
        text(&self.call(Method::GET, &format!("{}/jobs/{job}/status", self.flink.rest), None).await?, "status")
    }

    /// Every job the JobManager remembers: id, name, state.
    pub async fn jobs(&self) -> Result<Vec<(String, String, String)>> {
        let answer = self.call(Method::GET, &format!("{}/jobs/overview", self.flink.rest), None).await?;
        let jobs = answer["jobs"].as_array().cloned().unwrap_or_default();
        jobs.iter().map(|job| Ok((text(job, "jid")?, text(job, "name")?, text(job, "state")?))).collect()
    }

    /// Completed checkpoints of a job so far.
    pub async fn completed_checkpoints(&self, job: &str) -> Result<u64> {
        let answer = self.call(Method::GET, &format!("{}/jobs/{job}/checkpoints", self.flink.rest), None).await?;
        Ok(answer["counts"]["completed"].as_u64().unwrap_or(0))
    }

    async fn call(&self, method: Method, address: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method, address);
        if self.marked {
            request = request.header(OWN, "1");
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.doing(format!("Calling {address}"))?;
        let status = answer.status();
        let text = answer.text().await.doing(format!("Reading the answer of {address}"))?;
        if !status.is_success() {
            let detail = serde_json::from_str::<Value>(&text).map_or(text, |answer| reason(&answer));
            return Err(Error::other(format!("{address} answered {status}: {detail}")));
        }
        // Some answers are empty.
        let text = if text.is_empty() { "null".to_owned() } else { text };
        serde_json::from_str(&text).map_err(|error| Error::other(format!("{address} answered no JSON: {error}")))
    }
}

/// The lines that matter of `{"errors":[…, stack trace]}`.
fn reason(answer: &Value) -> String {
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let lines = errors.iter().filter_map(Value::as_str).flat_map(str::lines);
    let causes: Vec<&str> = lines.filter(|line| !line.trim_start().starts_with("at ")).take(12).collect();
    causes.join("\n")
}

fn text(answer: &Value, field: &str) -> Result<String> {
    let value = answer[field].as_str().map(str::to_owned);
    value.ok_or_else(|| Error::other(format!("Flink's answer has no {field}: {answer}")))
}
