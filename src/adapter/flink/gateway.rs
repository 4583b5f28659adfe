//! The SQL Gateway's REST interface, version 2.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    answer::{first_words, may_start_a_job, root_cause, scrub, secrets},
    http::{ATTEMPT, Fault, Http},
};
use crate::{
    error::{Error, Kind, Result},
    port::flink::Statement,
    secret::Secret,
};

/// One statement, from its request to its result.
const STATEMENT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);
/// What planning throws, before anything is submitted.
const PLANNING: [&str; 4] = ["ParseException", "SqlParser", "ValidationException", "SqlValidateException"];
/// What shows that a job graph was on its way.
const SUBMITTING: [&str; 4] = ["JobSubmission", "JobInitialization", "JobExecution", "RestClient"];

pub(super) async fn version(http: &Http) -> Result<String> {
    let path = "/info";
    let info = http.read_existing(path).await?;
    let version = info.get("version").and_then(Value::as_str).ok_or_else(|| http.malformed(path, "version"))?;
    let path = "/api_versions";
    let offered = http.read_existing(path).await?;
    let second = offered.get("versions").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == "V2"));
    if !second {
        let message = "The SQL Gateway does not offer version 2 of its interface (Flink 1.17 and later do)";
        return Err(http.error(Error::permanent, message.into()));
    }
    Ok(version.to_owned())
}

pub(super) async fn submit(http: &Http, session: &str, script: &[Statement]) -> Result<String> {
    let body = json!({ "sessionName": session, "properties": {} });
    let opened = http.send(Method::POST, "/v2/sessions", Some(&body), ATTEMPT).await;
    // A session whose handle was lost holds nothing and ends by itself.
    let opened = opened.map_err(|fault| http.no_answer("/v2/sessions", &fault))?;
    let handle = text(&opened, "sessionHandle").ok_or_else(|| http.malformed("/v2/sessions", "sessionHandle"))?;
    let session = Session { http, path: format!("/v2/sessions/{handle}"), secrets: known(http, script) };
    let outcome = session.run(script).await;
    // The job lives on without its session, which would otherwise end by itself later.
    let _closed = http.send(Method::DELETE, &session.path, None, ATTEMPT).await;
    outcome
}

fn known(http: &Http, script: &[Statement]) -> Vec<Secret> {
    http.secrets.iter().cloned().chain(script.iter().flat_map(|statement| secrets(statement.0.expose()))).collect()
}

struct Session<'a> {
    http: &'a Http,
    path: String,
    secrets: Vec<Secret>,
}

/// Why a statement has no result.
enum Trouble {
    /// Not sent, or refused before it ran.
    NotRun(Fault),
    /// It ran and ended in an error; the trace.
    Failed(String),
    /// It was sent and more is not known.
    Lost(String),
}

impl Session<'_> {
    async fn run(&self, script: &[Statement]) -> Result<String> {
        let mut job = None;
        let mut started = false;
        for (at, statement) in script.iter().enumerate() {
            let text = statement.0.expose();
            let starts = may_start_a_job(text);
            let place = || {
                let words = scrub(&first_words(text), &self.secrets);
                format!("Statement {} of {} ({words} …)", at + 1, script.len())
            };
            match self.statement(text).await {
                Ok(result) => {
                    started |= starts;
                    job = self::text(&result, "jobID").or(job);
                }
                Err(trouble) => return Err(self.judge(&place(), trouble, starts, started)),
            }
        }
        job.ok_or_else(|| {
            let kind = if started { Kind::Unknown } else { Kind::Permanent };
            Error::new(kind, "Every statement of the script was taken, and none told the id of a job")
                .hint("Look for the job by its name in the Flink cluster")
        })
    }

    fn judge(&self, place: &str, trouble: Trouble, starts: bool, started: bool) -> Error {
        let (kind, message, cause) = match trouble {
            Trouble::NotRun(fault) if fault.may_pass() => {
                (Kind::Transient, format!("{place} was not taken by the SQL Gateway"), fault.said())
            }
            Trouble::NotRun(fault) => {
                (Kind::Permanent, format!("{place} was refused by the SQL Gateway"), fault.said())
            }
            Trouble::Failed(trace) => {
                let has = |words: &[&str]| words.iter().any(|word| trace.contains(word));
                let planned = has(&PLANNING) && !has(&SUBMITTING);
                let kind = if starts && !planned { Kind::Unknown } else { Kind::Permanent };
                (kind, format!("{place} failed in the SQL Gateway"), root_cause(&trace))
            }
            Trouble::Lost(text) => {
                let kind = if starts { Kind::Unknown } else { Kind::Transient };
                (kind, format!("{place} was sent to the SQL Gateway and its outcome is not known"), text)
            }
        };
        let error = Error::new(if started { Kind::Unknown } else { kind }, message);
        let error = error.cause(scrub(&cause, &self.secrets));
        match error.kind {
            Kind::Unknown => {
                error.hint("Look for the job by its name in the Flink cluster before it is submitted again")
            }
            _ => error.unchanged("No job was started").hint("Correct the script or the cluster, then run again"),
        }
    }

    /// Sends one statement and waits for its result.
    async fn statement(&self, text: &str) -> std::result::Result<Value, Trouble> {
        let until = self.http.clock.elapsed() + STATEMENT;
        let body = json!({ "statement": text });
        let path = format!("{}/statements", self.path);
        let sent = self.http.send(Method::POST, &path, Some(&body), STATEMENT).await;
        let sent = sent.map_err(|fault| match fault {
            Fault::NotSent(_) => Trouble::NotRun(fault),
            Fault::Lost(text) => Trouble::Lost(text),
            Fault::Answered { status, .. } if status.is_client_error() => Trouble::NotRun(fault),
            Fault::Answered { text, .. } => Trouble::Failed(text),
        })?;
        let Some(handle) = self::text(&sent, "operationHandle") else {
            return Err(Trouble::Lost("the answer has no operationHandle".into()));
        };
        let operation = format!("{}/operations/{handle}", self.path);
        let lost = |error: Error| Trouble::Lost(error.causes.first().cloned().unwrap_or(error.message));
        loop {
            let status = self.http.read_existing(&format!("{operation}/status")).await.map_err(lost)?;
            let status = self::text(&status, "status").unwrap_or_default();
            match status.as_str() {
                "FINISHED" => break,
                "ERROR" => return Err(self.failed(&operation).await),
                "INITIALIZED" | "PENDING" | "RUNNING" => {}
                _ => return Err(Trouble::Lost(format!("the operation is {status}"))),
            }
            if self.http.clock.elapsed() >= until {
                return Err(Trouble::Lost(format!("it was {status} for {} s", STATEMENT.as_secs())));
            }
            self.http.clock.sleep(PAUSE).await;
        }
        let result = format!("{operation}/result/0?rowFormat=JSON");
        let fetched = self.http.send(Method::GET, &result, None, ATTEMPT).await;
        fetched.map_err(|fault| Trouble::Lost(fault.said()))
    }

    /// The trace of an operation that ended in an error: its result is fetched, and the answer is an error.
    async fn failed(&self, operation: &str) -> Trouble {
        match self.http.send(Method::GET, &format!("{operation}/result/0?rowFormat=JSON"), None, ATTEMPT).await {
            Err(Fault::Answered { text, .. }) => Trouble::Failed(text),
            Err(fault) => Trouble::Failed(fault.said()),
            Ok(_) => Trouble::Failed("no reason given".into()),
        }
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}
