//! The rehearsal's playbook and jobs as they are for one sandbox: a playbook knows no environment, and the sandbox
//! chooses its addresses when it starts.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::scene::Scene;
use crate::error::Result;
use crate::flink::{fill, statements};
use crate::mysqld::Engine;
use crate::place::Record;

const JOB: &str = "jobs/rehearsal.sql";
const CDC_ONLY: &str = include_str!("../../playbooks/cdc-only.yaml");
const EARLY: &str = include_str!("../../playbooks/early.yaml");

/// What was written for this sandbox.
pub(super) struct Written {
    pub(super) playbook: PathBuf,
    /// The jobs' scripts with their secrets still as placeholders.
    pub(super) jobs: Vec<String>,
    /// Whether it has the gate `approve`.
    pub(super) gate: bool,
}

/// Copies the scene's playbook and its jobs to `into`, with the sandbox's addresses in place. `playbooks` is the folder of
/// `rehearsal.yaml`.
pub(super) fn write(playbooks: &Path, into: &Path, record: &Record, scene: &Scene) -> Result<Written> {
    fs::create_dir_all(into.join("jobs"))?;
    let mut whole = fill(&fs::read_to_string(playbooks.join(JOB))?, |name| value(record, name));
    if let Some(late) = scene.late {
        whole = late.change(&whole);
    }
    let jobs = if scene.jobs == 2 { split(&whole).into() } else { vec![("orders-to-target".to_owned(), whole)] };
    let mut listed = Vec::new();
    for (name, script) in &jobs {
        let path = format!("jobs/{name}.sql");
        fs::write(into.join(&path), script)?;
        listed.push(format!("  - name: {name}\n    flink_sql: {{ script: {path} }}"));
    }
    let template = match scene {
        Scene { late: Some(_), .. } => CDC_ONLY.to_owned(),
        Scene { early: true, .. } => EARLY.to_owned(),
        _ => fs::read_to_string(playbooks.join("rehearsal.yaml"))?,
    };
    let lines: Vec<String> = template.lines().filter_map(|line| concrete(line, record, &listed)).collect();
    let playbook = into.join("rehearsal.yaml");
    fs::write(&playbook, lines.join("\n") + "\n")?;
    let gate = lines.iter().any(|line| line.trim_start().starts_with("- approve"));
    Ok(Written { playbook, jobs: jobs.into_iter().map(|(_, script)| script).collect(), gate })
}

/// Names a state of each job in the playbook, in the order of the jobs.
pub(super) fn name_states(playbook: &Path, states: &[String]) -> Result<()> {
    let text = fs::read_to_string(playbook)?;
    let mut states = states.iter();
    let mut named = String::new();
    for line in text.lines() {
        named += line;
        named.push('\n');
        if line.trim_start().starts_with("flink_sql:")
            && let Some(state) = states.next()
        {
            named += &format!("    savepoint: {state}\n");
        }
    }
    fs::write(playbook, named)?;
    Ok(())
}

/// The job as Flink is to run it.
pub(super) fn with_secrets(job: &str, record: &Record) -> String {
    fill(job, |name| value(record, name.strip_prefix("secret:")?))
}

fn value(record: &Record, name: &str) -> Option<String> {
    record.environment().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// One job for each of the two tables, from the script of one job for both.
fn split(script: &str) -> [(String, String); 2] {
    [("orders-to-target", "source_table", "sink_table"), ("wide-to-target", "wide_source", "wide_sink")].map(
        |(name, source, sink)| {
            let mut text = format!("SET 'pipeline.name' = '{name}';\n");
            let makes = |statement: &str, table: &str| statement.starts_with(&format!("CREATE TABLE {table} "));
            for statement in statements(script) {
                let is_setting = statement.starts_with("SET") && !statement.contains("pipeline.name");
                if is_setting || makes(&statement, source) || makes(&statement, sink) {
                    text += &format!("{statement};\n");
                }
            }
            (name.to_owned(), text + &format!("INSERT INTO {sink} SELECT * FROM {source};\n"))
        },
    )
}

/// One line of the playbook: what the sandbox decides is replaced, all else stays.
fn concrete(line: &str, record: &Record, jobs: &[String]) -> Option<String> {
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
        "- name: orders-to-target" => return Some(jobs.join("\n")),
        text if text.starts_with("flink_sql:") => return None,
        // Nobody waits three days for the end of a rehearsal.
        text if text.starts_with("- clean_up") => "- clean_up: { keep_old_for: 0s }".to_owned(),
        text => text.to_owned(),
    };
    Some(format!("{indent}{new}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_jobs_share_no_table_and_keep_every_setting() {
        let script = include_str!("../../../playbooks/jobs/rehearsal.sql");
        let [(first, orders), (second, wide)] = split(script);
        assert_eq!((first.as_str(), second.as_str()), ("orders-to-target", "wide-to-target"));
        assert!(orders.contains("'server-id' = '5501'") && !orders.contains("'server-id' = '5502'"));
        assert!(wide.contains("'server-id' = '5502'") && !wide.contains("'server-id' = '5501'"));
        for (name, one) in [("orders-to-target", orders), ("wide-to-target", wide)] {
            assert!(one.contains(&format!("SET 'pipeline.name' = '{name}'")), "{one}");
            assert!(one.contains("execution.checkpointing.interval"));
            assert_eq!(one.matches("INSERT INTO").count(), 1);
        }
    }
}
