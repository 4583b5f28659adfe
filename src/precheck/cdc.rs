//! Whether the CDC jobs can be handed over.

use super::{
    error,
    inventory::{CdcJob, Inventory, JobState},
    warning, with,
};
use crate::event::{Consequence, Finding, Phase};

/// Blue's log must outlive the switchover and the reading of its tail.
const SHORTEST_RETENTION_HOURS: u32 = 24;

pub(super) fn check(seen: &Inventory, findings: &mut Vec<Finding>) {
    if seen.cdc_jobs.is_empty() {
        return;
    }
    server(seen, findings);
    if seen.left_running {
        let text = "The playbook switches over without `stop_cdc_jobs`: a job left alone goes on RUNNING, and may then read green from a wrong place";
        let fix = "Put `stop_cdc_jobs` before `switchover`";
        findings.push(with(error("cdc_jobs_left_running", "steps", text), fix, "upgrade plan PLAYBOOK"));
    }
    for job in &seen.cdc_jobs {
        state(job, findings);
        source(seen, job, findings);
        for text in &job.warnings {
            findings.push(warning("flink_script", Consequence::Advice, &job.name, text));
        }
    }
}

fn server(seen: &Inventory, findings: &mut Vec<Finding>) {
    let id = seen.blue.database.id();
    let Some(server) = &seen.server else { return };
    if !server.binlog_row_image.eq_ignore_ascii_case("FULL") {
        let text = format!("binlog_row_image is {}; the mysql-cdc connector needs FULL", server.binlog_row_image);
        findings.push(with(
            error("binlog_row_image", id, text),
            "Set binlog_row_image to full",
            "SELECT @@binlog_row_image",
        ));
    }
    if !server.gtid_mode.eq_ignore_ascii_case("OFF") {
        let text = format!(
            "gtid_mode is {}: a job started by file and position would replay old rows at its next restart, and this version hands over by file and position only",
            server.gtid_mode
        );
        let fix = "Hand the jobs over by hand with a complete GTID set, and leave `cdc_jobs` out of the playbook";
        findings.push(with(error("gtid_mode", id, text), fix, "SELECT @@gtid_mode"));
    }
    let short = seen.retention_hours.is_none_or(|hours| hours < SHORTEST_RETENTION_HOURS);
    if short {
        let shows = seen
            .retention_hours
            .map_or("not set (files go as soon as possible)".to_owned(), |hours| format!("{hours} hours"));
        let text = format!("The binary log's retention is {shows}; the jobs' position must outlive the switchover");
        let fix = "CALL mysql.rds_set_configuration('binlog retention hours', 72)";
        findings.push(with(error("binlog_retention", id, text), fix, "CALL mysql.rds_show_configuration"));
    }
}

fn state(job: &CdcJob, findings: &mut Vec<Finding>) {
    let query = "GET /jobs/overview";
    match &job.state {
        JobState::Alive(state) if state == "RUNNING" => {}
        JobState::Alive(state) => {
            let text = format!(
                "The Flink job `{}` is {state}; it must be RUNNING to be stopped with a savepoint",
                job.flink_name
            );
            findings.push(with(
                warning("cdc_job_state", Consequence::StopsTheUpgrade, &job.name, text),
                "See why in Flink's exceptions",
                query,
            ));
        }
        JobState::Several(ids) => {
            let text = format!("{} Flink jobs named `{}` are alive: {}", ids.len(), job.flink_name, ids.join(", "));
            findings.push(with(
                error("cdc_job_unique", &job.name, text),
                "Find out which is the right one and end the others",
                query,
            ));
        }
        JobState::Ended { left: Some(left) } => {
            let text = format!("No Flink job named `{}` is alive; it will be continued from {left}", job.flink_name);
            findings.push(with(
                warning("cdc_job_state", Consequence::Advice, &job.name, text),
                "Start it, if it should be running",
                query,
            ));
        }
        JobState::Ended { left: None } => {
            let text = format!("No Flink job named `{}` is known, and no savepoint of it", job.flink_name);
            let fix = "Start the job, or name its savepoint with `savepoint:`";
            findings.push(with(error("cdc_job_state", &job.name, text), fix, query));
        }
    }
}

fn source(seen: &Inventory, job: &CdcJob, findings: &mut Vec<Finding>) {
    let ours: Vec<_> =
        seen.blue.address.iter().chain(seen.blue.members.iter().filter_map(|member| member.address.as_ref())).collect();
    for address in &job.sources {
        if !ours.contains(&address) {
            let text = format!("The script reads {address}, which is no endpoint of {}", seen.blue.database);
            let fix = seen.blue.address.as_ref().map_or_else(String::new, |address| format!("Read {address}"));
            findings.push(with(
                warning("cdc_source_address", Consequence::SilentUntilUsed, &job.name, text),
                fix,
                "aws rds describe-db-clusters",
            ));
        }
    }
    if let Some(why) = &job.unreadable {
        let text = format!("Where it stands cannot be read: {why}");
        let fix = "Set execution.checkpointing.interval and a checkpoint folder that this machine can read";
        findings.push(with(error("cdc_state_readable", &job.name, text), fix, "upgrade offsets SAVEPOINT"));
    }
    for offset in &job.offsets {
        if offset.phase == Phase::Snapshot {
            let text = format!("{} is still in its first snapshot", offset.source);
            findings.push(with(
                error("cdc_snapshot_phase", &job.name, text),
                "Wait until the snapshot is complete",
                "upgrade offsets SAVEPOINT",
            ));
        }
        if let (Some(id), Some(server)) = (offset.server_id, &seen.server)
            && id != server.server_id
        {
            let text =
                format!("{} reads a server with server_id {id}, and blue's is {}", offset.source, server.server_id);
            findings.push(with(
                error("cdc_wrong_server", &job.name, text),
                "Find out what the job reads before going on",
                "SELECT @@server_id",
            ));
        }
    }
}
