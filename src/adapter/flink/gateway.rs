//! A session of the SQL Gateway, and one statement in it: REST interface, version 2.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    http::{ATTEMPT, Fault, Http},
    sql::leaves,
};
use crate::error::{Error, Result};

/// One statement, from its request to its result.
const STATEMENT: Duration = Duration::from_secs(60);
/// Milliseconds between looks at a statement that runs; the last one goes on.
const PAUSES: [u64; 5] = [5, 10, 20, 40, 50];

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

/// Why a statement has no result.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Not sent, or refused before it ran.
    NotRun(Fault),
    /// The session is not there (any more), so the statement did not run.
    NoSession,
    /// It ran and ended in an error; the trace.
    Failed(String),
    /// It was sent and more is not known.
    Lost(String),
}

#[derive(Clone)]
pub(super) struct Session {
    http: Arc<Http>,
    path: String,
}

impl Session {
    /// # Errors
    ///
    /// `Transient` or `Permanent`. A session whose handle was lost holds nothing and ends by itself.
    pub(super) async fn open(http: &Arc<Http>, name: &str) -> Result<Self> {
        let path = "/v2/sessions";
        let body = json!({ "sessionName": name, "properties": {} });
        let opened = http.send(Method::POST, path, Some(&body), ATTEMPT).await;
        let opened = opened.map_err(|fault| http.no_answer(path, &fault))?;
        let handle = text(&opened, "sessionHandle").ok_or_else(|| http.malformed(path, "sessionHandle"))?;
        Ok(Self { http: http.clone(), path: format!("{path}/{handle}") })
    }

    /// What runs in it is given up, jobs live on. Without this it ends by itself, later.
    pub(super) async fn close(&self) {
        let _closed = self.http.send(Method::DELETE, &self.path, None, ATTEMPT).await;
    }

    /// Keeps the session from ending by itself. `false` once it is not there.
    pub(super) async fn beat(&self) -> bool {
        let beaten = self.http.send(Method::POST, &format!("{}/heartbeat", self.path), None, ATTEMPT).await;
        !matches!(beaten, Err(Fault::Answered { text, .. }) if is_gone(&text))
    }

    /// Sends one statement and waits for its result.
    pub(super) async fn run(&self, text: &str) -> std::result::Result<Value, Trouble> {
        // What only changes the session has a call that returns when it is done: one request for three.
        if leaves(text).is_some()
            && let Some(outcome) = self.configure(text).await
        {
            return outcome;
        }
        let until = self.http.clock.elapsed() + STATEMENT;
        let path = format!("{}/statements", self.path);
        let sent = self.http.send(Method::POST, &path, Some(&json!({ "statement": text })), STATEMENT).await;
        let sent = sent.map_err(refused)?;
        let handle = self::text(&sent, "operationHandle");
        let handle = handle.ok_or_else(|| Trouble::Lost("the answer has no operationHandle".into()))?;
        self.result(&format!("{}/operations/{handle}", self.path), until).await
    }

    /// `None` where the gateway does not take this statement by this call: it has not run.
    pub(super) async fn configure(&self, text: &str) -> Option<std::result::Result<Value, Trouble>> {
        let path = format!("{}/configure-session", self.path);
        let body = json!({ "statement": text });
        match self.http.send(Method::POST, &path, Some(&body), STATEMENT).await {
            Ok(done) => Some(Ok(done)),
            Err(Fault::Answered { status: StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, .. }) => None,
            Err(Fault::Answered { text, .. }) if text.contains("Unsupported statement for configuring session") => None,
            Err(fault) => Some(Err(refused(fault))),
        }
    }

    async fn result(&self, operation: &str, until: Duration) -> std::result::Result<Value, Trouble> {
        let result = format!("{operation}/result/0?rowFormat=JSON");
        let mut pauses = PAUSES.iter();
        let mut pause = Duration::ZERO;
        let mut faults = 0;
        loop {
            let said = match self.http.send(Method::GET, &result, None, ATTEMPT).await {
                Ok(answer) if self::text(&answer, "resultType").as_deref() != Some("NOT_READY") => return Ok(answer),
                Ok(_) => "it still runs".to_owned(),
                Err(fault) => {
                    faults += 1;
                    // An HTTP 500 is the error of the statement only if the statement ended in one.
                    match (self.status(operation).await?.as_str(), fault) {
                        ("ERROR", Fault::Answered { text, .. }) => return Err(Trouble::Failed(text)),
                        ("ERROR", fault) if faults > 2 => return Err(Trouble::Failed(fault.said())),
                        ("FINISHED", fault @ Fault::Answered { .. }) => return Err(Trouble::Lost(fault.said())),
                        ("FINISHED", fault) if faults > 2 => return Err(Trouble::Lost(fault.said())),
                        ("INITIALIZED" | "PENDING" | "RUNNING" | "ERROR" | "FINISHED", fault) => fault.said(),
                        (status, _) => return Err(Trouble::Lost(format!("the operation is {status}"))),
                    }
                }
            };
            if self.http.clock.elapsed() >= until {
                return Err(Trouble::Lost(format!("no result within {} s: {said}", STATEMENT.as_secs())));
            }
            pause = pauses.next().map_or(pause, |pause| Duration::from_millis(*pause));
            self.http.clock.sleep(pause).await;
        }
    }

    async fn status(&self, operation: &str) -> std::result::Result<String, Trouble> {
        let status = self.http.read_existing(&format!("{operation}/status")).await;
        let lost = |error: Error| Trouble::Lost(error.causes.first().cloned().unwrap_or(error.message));
        status.map(|status| text(&status, "status").unwrap_or_default()).map_err(lost)
    }
}

/// What it means that a statement was not accepted.
fn refused(fault: Fault) -> Trouble {
    match fault {
        Fault::NotSent(_) | Fault::Untrusted(_) => Trouble::NotRun(fault),
        Fault::Lost(text) => Trouble::Lost(text),
        Fault::Answered { text, .. } if is_gone(&text) => Trouble::NoSession,
        Fault::Answered { status, .. } if status.is_client_error() => Trouble::NotRun(fault),
        Fault::Answered { text, .. } => Trouble::Failed(text),
    }
}

fn is_gone(text: &str) -> bool {
    text.contains("SqlGatewayException: Session '") && text.contains("' does not exist.")
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}
