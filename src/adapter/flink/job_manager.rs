//! The JobManager's REST interface.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    answer::{clean, root_cause},
    http::{ATTEMPT, Fault, Http},
};
use crate::{
    error::{Error, Kind, Result},
    port::flink::{Checkpoint, Checkpoints, Job, Savepoint, Settings},
};

/// Lines of a failure that are shown.
const LINES: usize = 5;

pub(super) async fn version(http: &Http) -> Result<String> {
    let path = "/config";
    let config = http.read_existing(path).await?;
    text(&config, "flink-version").ok_or_else(|| http.malformed(path, "flink-version"))
}

pub(super) async fn jobs(http: &Http) -> Result<Vec<Job>> {
    let path = "/jobs/overview";
    let overview = http.read_existing(path).await?;
    let jobs = overview.get("jobs").and_then(Value::as_array).ok_or_else(|| http.malformed(path, "jobs"))?;
    jobs.iter()
        .map(|job| {
            Some(Job {
                id: text(job, "jid")?,
                name: text(job, "name")?,
                state: text(job, "state")?,
                started_at: job.get("start-time")?.as_i64()?,
            })
        })
        .collect::<Option<_>>()
        .ok_or_else(|| http.malformed(path, "id, name, state and start-time of every job"))
}

pub(super) async fn state(http: &Http, job: &str) -> Result<Option<String>> {
    let path = format!("/jobs/{job}/status");
    let Some(answer) = http.read(&path).await? else { return Ok(None) };
    text(&answer, "status").map(Some).ok_or_else(|| http.malformed(&path, "status"))
}

pub(super) async fn parameters(http: &Http, job: &str) -> Result<BTreeMap<String, String>> {
    let config = http.read_existing(&format!("/jobs/{job}/config")).await?;
    let entries = config.pointer("/execution-config/user-config").and_then(Value::as_object);
    let texts =
        entries.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Ok(texts.collect())
}

pub(super) async fn checkpoints(http: &Http, job: &str) -> Result<Checkpoints> {
    let path = format!("/jobs/{job}/checkpoints");
    let answer = http.read_existing(&path).await?;
    let latest = answer.get("latest").ok_or_else(|| http.malformed(&path, "latest"))?;
    let history = answer.get("history").and_then(Value::as_array).into_iter().flatten();
    let kept = |entry: &&Value| {
        text(entry, "status").as_deref() == Some("COMPLETED")
            && entry.get("discarded").and_then(Value::as_bool) != Some(true)
    };
    let mut history: Vec<Checkpoint> = history.filter(kept).filter_map(checkpoint).collect();
    history.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.id));
    let one = |which: &str| checkpoint(latest.get(which)?);
    Ok(Checkpoints { latest_completed: one("completed"), latest_savepoint: one("savepoint"), history })
}

fn checkpoint(entry: &Value) -> Option<Checkpoint> {
    let id = entry.get("id")?.as_u64()?;
    let path = text(entry, "external_path").filter(|path| !path.starts_with('<'));
    Some(Checkpoint { id, path })
}

pub(super) async fn savepoint(http: &Http, job: &str, trigger: &str) -> Result<Savepoint> {
    let path = format!("/jobs/{job}/savepoints/{trigger}");
    let Some(answer) = http.read(&path).await? else { return Ok(Savepoint::Unknown) };
    match answer.pointer("/status/id").and_then(Value::as_str) {
        Some("IN_PROGRESS") => return Ok(Savepoint::InProgress),
        Some("COMPLETED") => {}
        _ => return Err(http.malformed(&path, "status")),
    }
    let operation = answer.get("operation");
    if let Some(location) = operation.and_then(|operation| text(operation, "location")) {
        return Ok(Savepoint::Completed { location });
    }
    let trace = operation
        .and_then(|operation| operation.get("failure-cause"))
        .and_then(|cause| text(cause, "stack-trace").or_else(|| text(cause, "class")));
    let trace = trace.ok_or_else(|| http.malformed(&path, "location or failure-cause"))?;
    Ok(Savepoint::Failed { cause: root_cause(&clean(&trace, &http.secrets)) })
}

pub(super) async fn failure(http: &Http, job: &str) -> Result<Option<String>> {
    let Some(answer) = http.read(&format!("/jobs/{job}/exceptions")).await? else { return Ok(None) };
    let newest = answer.pointer("/exceptionHistory/entries/0/stacktrace").or_else(|| answer.get("root-exception"));
    let trace = newest.and_then(Value::as_str).filter(|trace| !trace.trim().is_empty());
    // Frames say nothing to an operator; the messages do.
    let said = |line: &&str| !line.starts_with("\tat ") && !line.starts_with("\t... ") && !line.trim().is_empty();
    Ok(trace.map(|trace| {
        let lines: Vec<&str> = trace.lines().filter(said).take(LINES).collect();
        clean(&lines.join("\n"), &http.secrets)
    }))
}

pub(super) async fn settings(http: &Http, job: &str) -> Result<Settings> {
    let config = http.read_existing(&format!("/jobs/{job}/config")).await?;
    let restart = config.pointer("/execution-config/restart-strategy").and_then(Value::as_str).unwrap_or_default();
    let path = format!("/jobs/{job}/checkpoints/config");
    let checkpoints = http.read_existing(&path).await?;
    let interval = checkpoints.get("interval").and_then(Value::as_u64).filter(|interval| *interval < i64::MAX as u64);
    let external = checkpoints.get("externalization");
    let enabled = external.and_then(|value| value.get("enabled")).and_then(Value::as_bool).unwrap_or_default();
    let deleted = external.and_then(|value| value.get("delete_on_cancellation")).and_then(Value::as_bool);
    Ok(Settings { retained: enabled && deleted == Some(false), interval, restart: restart.to_owned() })
}

pub(super) async fn classpath(http: &Http) -> Result<Vec<String>> {
    let path = "/jobmanager/environment";
    let environment = http.read_existing(path).await?;
    let entries = environment.get("classpath").and_then(Value::as_array);
    let entries = entries.ok_or_else(|| http.malformed(path, "classpath"))?;
    Ok(entries.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

pub(super) async fn cancel(http: &Http, job: &str) -> Result<()> {
    match http.send(Method::PATCH, &format!("/jobs/{job}?mode=cancel"), None, ATTEMPT).await {
        Ok(_) => Ok(()),
        Err(fault) => Err(fault_of_write(&format!("The cancellation of job {job}"), &fault)),
    }
}

pub(super) async fn stop(http: &Http, job: &str, directory: &str, trigger: &str) -> Result<()> {
    let path = format!("/jobs/{job}/stop");
    let body = json!({ "targetDirectory": directory, "drain": false, "formatType": "CANONICAL", "triggerId": trigger });
    let fault = match http.send(Method::POST, &path, Some(&body), ATTEMPT).await {
        Ok(_) => return Ok(()),
        Err(fault) => fault,
    };
    let error = fault_of_write(&format!("The stop of job {job} with a savepoint"), &fault);
    Err(if error.kind == Kind::Unknown {
        error.hint(format!("Look at the savepoint request {trigger} of the job"))
    } else {
        error
    })
}

/// What a failed call that changes something means.
fn fault_of_write(message: &str, fault: &Fault) -> Error {
    let error = match fault {
        Fault::NotSent(_) => Error::transient(format!("{message} was not sent: no connection")),
        Fault::Untrusted(_) => Error::permanent(format!("{message} was not sent: the JobManager is not trusted"))
            .hint("See `ca_file` of the playbook's flink section"),
        Fault::Answered { status, .. } if fault.not_found() || status.is_client_error() => {
            let busy = *status == StatusCode::TOO_MANY_REQUESTS;
            if busy {
                Error::transient(format!("{message} was turned away"))
            } else {
                Error::permanent(format!("{message} was refused"))
            }
        }
        _ => Error::unknown(format!("{message} was sent and its outcome is not known")),
    };
    error.cause(fault.said())
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}
