//! The rehearsal's playbook and job as they are for one sandbox: a playbook knows no environment, and the sandbox
//! chooses its addresses when it starts.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::error::Result;
use crate::flink::fill;
use crate::mysqld::Engine;
use crate::place::Record;

const JOB: &str = "jobs/rehearsal.sql";

/// What was written for this sandbox.
pub(super) struct Written {
    pub(super) playbook: PathBuf,
    /// The job's script with its secrets still as placeholders.
    pub(super) job: String,
}

/// Copies `rehearsal.yaml` and its job from `playbooks` to `into`, with the sandbox's addresses in place.
pub(super) fn write(playbooks: &Path, into: &Path, record: &Record) -> Result<Written> {
    fs::create_dir_all(into.join("jobs"))?;
    let job = fill(&fs::read_to_string(playbooks.join(JOB))?, |name| value(record, name));
    fs::write(into.join(JOB), &job)?;
    let template = fs::read_to_string(playbooks.join("rehearsal.yaml"))?;
    let lines: Vec<String> = template.lines().map(|line| concrete(line, record)).collect();
    let playbook = into.join("rehearsal.yaml");
    fs::write(&playbook, lines.join("\n") + "\n")?;
    Ok(Written { playbook, job })
}

/// The job as Flink is to run it.
pub(super) fn with_secrets(job: &str, record: &Record) -> String {
    fill(job, |name| value(record, name.strip_prefix("secret:")?))
}

fn value(record: &Record, name: &str) -> Option<String> {
    record.environment().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// One line of the playbook: what the sandbox decides is replaced, all else stays.
fn concrete(line: &str, record: &Record) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    let is_rds = record.engine == Engine::Rds;
    let new = match line.trim_start() {
        text if text.starts_with("rest:") => format!("rest: {}", record.flink.rest),
        text if text.starts_with("sql_gateway:") => format!("sql_gateway: {}", record.flink.sql_gateway),
        text if text.starts_with("savepoints:") => format!("savepoints: {}", record.flink.savepoints),
        text if text.starts_with("CDC_PASSWORD:") => "CDC_PASSWORD: { env: CDC_PASSWORD }".to_owned(),
        text if text.starts_with("SINK_PASSWORD:") => "SINK_PASSWORD: { env: SINK_PASSWORD }".to_owned(),
        text if text.starts_with("aurora_cluster:") && is_rds => "rds_instance: orders".to_owned(),
        text if text.starts_with("engine_version:") && is_rds => "engine_version: 8.0.15".to_owned(),
        // Nobody waits three days for the end of a rehearsal.
        text if text.starts_with("- clean_up") => "- clean_up: { keep_old_for: 0s }".to_owned(),
        text => text.to_owned(),
    };
    format!("{indent}{new}")
}
