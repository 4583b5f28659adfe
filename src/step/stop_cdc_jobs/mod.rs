//! `stop_cdc_jobs`: each job with a savepoint, whose bytes tell where it stands on blue.
//!
//! Before the switchover, as late as possible. Where the switchover has been done by hand already, a job may be alive and
//! reading nothing, restarting over and over, failed, or reading green from a wrong place: each is taken to the newest
//! state that is of blue.

mod decide;
mod look;

use serde::{Deserialize, Serialize};

use super::{
    contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    jobs,
};
use crate::{error::Result, event::Offset, port::Reply};

pub(super) use decide::{rest, trigger};
pub use look::Observation;
pub(super) use look::{Seen, look_beside};

#[derive(Debug)]
pub struct StopCdcJobs;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Stop(Stop),
    /// Ends a job that can make no savepoint any more; its newest checkpoint outlives it.
    Cancel {
        job: String,
        job_id: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    pub job: String,
    pub job_id: String,
    pub directory: String,
    /// Names the request: Flink takes the same one again as the same.
    pub trigger: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub jobs: Vec<Stopped>,
}

/// A job at rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    pub name: String,
    pub flink_name: String,
    pub savepoint: String,
    pub offsets: Vec<Offset>,
    /// What its statements keep in state, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stateful: Option<String>,
    /// It has read green from a wrong place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub astray: bool,
    /// It is alive and reads green from the right place by its GTID set: the id of the Flink job, which was left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_over: Option<String>,
}

impl Step for StopCdcJobs {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Stop every CDC job with a savepoint".to_owned(),
            calls: vec!["POST /jobs/:id/stop"],
            undo: "Until the switchover a job can be started again from its savepoint",
        }
    }

    fn hurries(&self) -> bool {
        true
    }

    fn by_hand(&self) -> &'static [(&'static str, &'static str)] {
        &[(
            "jobs",
            "JSON, one a job: [{\"name\": as in the playbook, \"flink_name\": the running job's, \"savepoint\": its folder, as Flink shows it, \"offsets\": what `upgrade offsets SAVEPOINT --output json` tells}]",
        )]
    }

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(look::look(read, known, done))
    }

    fn glance<'a>(&'a self, read: &'a Read, _: &'a Known, done: &'a Attempts<Operation>) -> Option<Reply<'a, bool>> {
        look::glance(read, done)
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        Ok(decide::decide(seen, known, done))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::Stop(Stop { job, job_id, directory, .. }) => (
                stop_id(job),
                Policy::Adopt,
                format!("Stop the job {job} with a savepoint"),
                vec![format!("POST /jobs/{job_id}/stop (savepoint under {directory})")],
            ),
            Operation::Cancel { job, job_id } => (
                cancel_id(job),
                Policy::Repeat,
                format!("Cancel the job {job}; its newest checkpoint is kept"),
                vec![format!("PATCH /jobs/{job_id}?mode=cancel")],
            ),
        }
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            match operation {
                Operation::Stop(Stop { job_id, directory, trigger, .. }) => {
                    write.flink()?.stop(job_id, directory, trigger).await?;
                    Ok(Performed::default())
                }
                Operation::Cancel { job_id, .. } => {
                    write.flink()?.cancel(job_id).await?;
                    Ok(Performed::default())
                }
            }
        })
    }
}

pub(super) fn stop_id(job: &str) -> String {
    format!("stop {job}")
}

fn cancel_id(job: &str) -> String {
    format!("cancel {job}")
}
