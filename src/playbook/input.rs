//! What a step was given, as one JSON value: the runner keeps its digest, and so knows when an edited playbook changes a
//! step that has begun.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{
    duration_text,
    model::{CdcJob, Flink, FlinkSql, Of, Pin, Playbook, Step, StepBody},
};

/// The input of the step at `index`: the target, the step's own keys, and the jobs and Flink addresses it acts on. Keys are
/// sorted, so that equal inputs are equal bytes; paths are relative to `folder`, so that a moved checkout changes nothing.
///
/// Left out is what a person edits to help a step that is stuck: logins (`mysql`, `secrets`), `budget`, and the `job_id` and
/// `savepoint` that name a job Flink does not find by itself, coordinates given by hand, and `ca_file`.
///
/// # Panics
///
/// Where the playbook has no step at `index`.
pub fn step_input(playbook: &Playbook, folder: &Path, index: usize) -> Value {
    let step = &playbook.steps[index];
    let mut input = json!({ "step": step_keys(step) });
    if let Some(target) = &playbook.target {
        input["target"] = json!(target);
    }
    let compares_jobs =
        matches!(&step.body, StepBody::VerifyData(settings) if settings.pairs.is_empty() && settings.of == Of::Jobs);
    if step.body.acts_on_jobs() || compares_jobs {
        input["cdc_jobs"] = playbook.cdc_jobs.iter().map(|job| job_keys(job, folder)).collect();
    }
    if let Some(Flink { rest, sql_gateway, savepoints, .. }) = &playbook.flink
        && step.body.acts_on_jobs()
    {
        input["flink"] = match step.body {
            StepBody::StopCdcJobs => json!({ "rest": rest, "savepoints": savepoints }),
            _ => json!({ "rest": rest, "sql_gateway": sql_gateway, "savepoints": savepoints }),
        };
    }
    sorted(input)
}

fn step_keys(step: &Step) -> Value {
    let mut keys = match &step.body {
        // What is passed over is changed by a person who has looked at what was found.
        StepBody::Precheck(_)
        | StepBody::CheckGreen(_)
        | StepBody::StopCdcJobs
        | StepBody::MoveCdcJobs
        | StepBody::RepointCdcJobs => json!({}),
        StepBody::SubmitCdcJobs { tail } => json!({ "tail": tail }),
        StepBody::CreateBlueGreen { name } => json!({ "name": name }),
        StepBody::Prepare { binlog_retention } => json!({ "binlog_retention": duration_text(*binlog_retention) }),
        StepBody::SyncParameterGroup { group, instance_group, pin, set } => {
            let mut keys = json!({ "group": group, "instance_group": instance_group });
            // Runs that were begun before there were such keys go on.
            if *pin != Pin::Names(Vec::new()) {
                keys["pin"] = json!(pin);
            }
            if !set.is_empty() {
                keys["set"] = json!(set);
            }
            keys
        }
        StepBody::RebootGreen { always } => json!({ "always": always }),
        StepBody::Approve { expires } => json!({ "expires": duration_text(*expires) }),
        StepBody::Switchover { timeout, max_lag } => {
            json!({ "timeout": duration_text(*timeout), "max_lag": duration_text(*max_lag) })
        }
        StepBody::CaptureCoordinates { wait, .. } => json!({ "wait": duration_text(*wait) }),
        // How fast it goes and how it tells may change; what is compared may not.
        StepBody::VerifyData(settings) => {
            json!({ "pairs": settings.pairs, "of": settings.of, "scope": settings.scope, "hash": settings.hash })
        }
        StepBody::CleanUp { keep_old_for } => json!({ "keep_old_for": duration_text(*keep_old_for) }),
    };
    keys["id"] = json!(step.id);
    keys["kind"] = json!(step.body.kind());
    keys
}

fn job_keys(job: &CdcJob, folder: &Path) -> Value {
    let written = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let sql = match &job.flink_sql {
        FlinkSql::Script(path) => json!({ "script": written(path) }),
        FlinkSql::Template { template, tables, parameters } => {
            let mut keys = json!({ "template": written(template), "tables": tables });
            if !parameters.is_empty() {
                keys["parameters"] = json!(parameters);
            }
            keys
        }
    };
    json!({ "name": job.name, "flink_sql": sql })
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<(String, Value)> = entries.into_iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// The first key in which two inputs differ, as messages name it: `target.engine_version`, `cdc_jobs[1].name`.
pub fn changed_key(old: &Value, new: &Value) -> Option<String> {
    if old == new {
        return None;
    }
    let below = |path: String, rest: Option<String>| match rest {
        Some(rest) if rest.starts_with('[') || path.is_empty() => format!("{path}{rest}"),
        Some(rest) if !rest.is_empty() => format!("{path}.{rest}"),
        _ => path,
    };
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => old.keys().chain(new.keys()).find_map(|key| {
            let (old, new) = (old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null));
            (old != new).then(|| below(key.clone(), changed_key(old, new)))
        }),
        (Value::Array(old), Value::Array(new)) => (0..old.len().max(new.len())).find_map(|at| {
            let (old, new) = (old.get(at).unwrap_or(&Value::Null), new.get(at).unwrap_or(&Value::Null));
            (old != new).then(|| below(format!("[{at}]"), changed_key(old, new)))
        }),
        _ => Some(String::new()),
    }
}
