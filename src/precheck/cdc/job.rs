//! How a job runs, keeps its state, and comes back.

use super::{Consequence, Finding, Inventory, error, ours, warning, with};
use crate::{
    event::Phase,
    precheck::inventory::{CdcJob, JobState},
};

pub(super) fn check(seen: &Inventory, job: &CdcJob, findings: &mut Vec<Finding>) {
    if seen.left_running {
        let text = "The playbook switches over and does not stop this job before: a job left alone goes on RUNNING, \
                    and may then read green from a wrong place";
        let fix = "Put `stop_cdc_jobs` or `move_cdc_jobs` before `switchover`";
        findings.push(with(error(&ours::CDC_JOBS_LEFT_RUNNING, &job.name, text), fix, "upgrade plan PLAYBOOK"));
    }
    state(job, findings);
    settings(seen, job, findings);
    offsets(seen, job, findings);
    for text in &job.warnings {
        findings.push(warning(&ours::FLINK_SCRIPT, Consequence::Advice, &job.name, text));
    }
}

fn state(job: &CdcJob, findings: &mut Vec<Finding>) {
    let query = "GET /jobs/overview";
    let finding = match &job.state {
        JobState::Alive(state) if state == "RUNNING" => return,
        JobState::Alive(state) => {
            let text = format!(
                "The Flink job `{}` is {state}; it must be RUNNING to be stopped with a savepoint",
                job.flink_name
            );
            let finding = warning(&ours::CDC_JOB_STATE, Consequence::StopsTheUpgrade, &job.name, text);
            with(finding, "See why in Flink's exceptions", query)
        }
        JobState::Several(ids) => {
            let text = format!("{} Flink jobs named `{}` are alive: {}", ids.len(), job.flink_name, ids.join(", "));
            let fix = "Find out which is the right one and end the others";
            with(error(&ours::CDC_JOB_UNIQUE, &job.name, text), fix, query)
        }
        JobState::Ended { left: Some(left) } => {
            let text = format!("No Flink job named `{}` is alive; it will be continued from {left}", job.flink_name);
            let finding = warning(&ours::CDC_JOB_STATE, Consequence::Advice, &job.name, text);
            with(finding, "Start it, if it should be running", query)
        }
        JobState::Ended { left: None } => {
            let text = format!("No Flink job named `{}` is known, and no savepoint of it", job.flink_name);
            let fix = "Start the job, or name its savepoint with `savepoint:`";
            with(error(&ours::CDC_JOB_STATE, &job.name, text), fix, query)
        }
    };
    findings.push(finding);
}

fn settings(seen: &Inventory, job: &CdcJob, findings: &mut Vec<Finding>) {
    let Some(settings) = &job.settings else { return };
    let query = "GET /jobs/:id/checkpoints/config";
    if settings.interval.is_none() {
        let text = "It makes no checkpoints: where it stands cannot be seen, and on green nothing could prove it";
        let fix = "SET 'execution.checkpointing.interval' = '10s'; then start it anew";
        findings.push(with(error(&ours::CDC_CHECKPOINTING, &job.name, text), fix, query));
    } else if !settings.retained {
        let text = "Its checkpoints go when it is cancelled: if it ends before its savepoint is made, nothing tells \
                    where it stood";
        let fix = "SET 'execution.checkpointing.externalized-checkpoint-retention' = 'RETAIN_ON_CANCELLATION'; then \
                   start it anew";
        let finding = warning(&ours::CDC_CHECKPOINTS_RETAINED, Consequence::SilentUntilUsed, &job.name, text);
        findings.push(with(finding, fix, query));
    }
    if !seen.stopped_before && comes_back(&settings.restart) {
        let text = format!(
            "It comes back by itself after a failure ({}), and this playbook does not stop it before the switchover: \
             over the flip it may come back on green, at a place that means nothing there",
            settings.restart
        );
        let fix = "Let the playbook stop it and then switch over, or SET 'restart-strategy.type' = 'none' for as long";
        let finding = warning(&ours::CDC_RESTART_STRATEGY, Consequence::SilentUntilUsed, &job.name, text);
        findings.push(with(finding, fix, "GET /jobs/:id/config"));
    }
}

/// Whether a strategy, as Flink describes it, starts a failed job again. What the cluster does by itself is not told.
fn comes_back(strategy: &str) -> bool {
    let strategy = strategy.to_ascii_lowercase();
    !(strategy.contains("deactivated") || strategy.contains("no restart") || strategy.contains("norestart"))
}

fn offsets(seen: &Inventory, job: &CdcJob, findings: &mut Vec<Finding>) {
    let query = "upgrade offsets SAVEPOINT";
    if let Some(why) = &job.unreadable {
        let text = format!("Where it stands cannot be read: {why}");
        let fix = "Set execution.checkpointing.interval and a checkpoint folder that this machine can read";
        findings.push(with(error(&ours::CDC_STATE_READABLE, &job.name, text), fix, query));
    }
    for offset in &job.offsets {
        if offset.phase == Phase::Snapshot {
            let text = format!("{} is still in its first snapshot", offset.source);
            let fix = "Wait until the snapshot is complete";
            findings.push(with(error(&ours::CDC_SNAPSHOT_PHASE, &job.name, text), fix, query));
        }
        if let (Some(id), Some(server)) = (offset.server_id, &seen.server)
            && id != server.server_id
        {
            let text =
                format!("{} reads a server with server_id {id}, and blue's is {}", offset.source, server.server_id);
            let fix = "Find out what the job reads before going on";
            findings.push(with(error(&ours::CDC_WRONG_SERVER, &job.name, text), fix, "SELECT @@server_id"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::comes_back;

    #[test]
    fn strategies_are_told_apart() {
        assert!(!comes_back("Restart deactivated."));
        assert!(comes_back("Restart with fixed delay (2000 ms). #2147483647 restart attempts."));
        assert!(comes_back("Cluster level default restart strategy"));
    }
}
