//! `submit_cdc_jobs`: each job reads blue's log to its frozen end on the old side (the drain), then starts on green at the
//! coordinates, and is watched until its own committed offset names green.

mod compose;
mod decide;
mod look;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    jobs,
};
use crate::{
    error::Result,
    event::Offset,
    port::{
        Reply,
        mysql::{Address, Coordinates},
    },
};

pub(super) use compose::{Composed, ready};
pub use look::Observation;

#[derive(Debug)]
pub struct SubmitCdcJobs;

/// Which of the two jobs that are started for one CDC job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Reads the old side to its end, from the savepoint.
    Drain,
    /// Reads green from the coordinates on, without state.
    Green,
}

impl Part {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Green => "green",
        }
    }
}

/// Where a job starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    Savepoint(String),
    Coordinates { file: String, position: u64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Submit { job: String, flink_name: String, part: Part, start: Start, address: Address, production: Address },
    StopDrain { job: String, job_id: String, directory: String, trigger: String, end: Coordinates },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub jobs: Vec<Moved>,
}

/// A job that reads green.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub name: String,
    pub job_id: String,
    /// Where blue's log ended, and the savepoint that covers it.
    pub drained_to: String,
    pub drained: String,
    /// The first committed offsets that name green.
    pub offsets: Vec<Offset>,
}

impl Step for SubmitCdcJobs {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Drain every CDC job on the old side, then start it on green at the coordinates".to_owned(),
            calls: vec![
                "SQL Gateway: the job's script (drain)",
                "POST /jobs/:id/stop (drain)",
                "SQL Gateway: the job's script (green)",
            ],
            undo: "The savepoints are kept; a job on green can be stopped like any other",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["stop_cdc_jobs", "switchover", "capture_coordinates"]
    }

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(look::look(read, known, done))
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        Ok(decide::decide(seen, known, done))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::Submit { job, part, start, address, .. } => {
                let from = match start {
                    Start::Savepoint(path) => format!("from {path}"),
                    Start::Coordinates { file, position } => format!("at {file}:{position}"),
                };
                let what = match part {
                    Part::Drain => format!("Start {job} on the old side {address} {from}, to read its log to the end"),
                    Part::Green => format!("Start {job} on green {from}"),
                };
                (
                    submit_id(*part, job),
                    Policy::Adopt,
                    what,
                    vec![format!("SQL Gateway: script of {job} ({}, {from})", part.as_str())],
                )
            }
            Operation::StopDrain { job, job_id, .. } => (
                stop_id(job),
                Policy::Adopt,
                format!("Stop the drain of {job} with a savepoint"),
                vec![format!("POST /jobs/{job_id}/stop")],
            ),
        }
    }

    fn perform<'a>(&'a self, operation: &'a Operation, known: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            match operation {
                Operation::Submit { job, .. } => {
                    let composed = compose::compose(operation, known, write).await?;
                    let session = format!("upgrade-{job}");
                    let id = write.flink()?.submit(&session, &composed.statements).await?;
                    Ok(Performed { handle: json!({ "job_id": id }), artifacts: vec![composed.artifact] })
                }
                Operation::StopDrain { job_id, directory, trigger, .. } => {
                    write.flink()?.stop(job_id, directory, trigger).await?;
                    Ok(Performed::default())
                }
            }
        })
    }
}

fn submit_id(part: Part, job: &str) -> String {
    format!("submit {} {job}", part.as_str())
}

fn stop_id(job: &str) -> String {
    format!("stop drain {job}")
}

/// The marks by which a job of this run is known in Flink.
pub(super) const RUN_MARK: &str = "upgrade.run";
pub(super) const JOB_MARK: &str = "upgrade.job";
pub(super) const PART_MARK: &str = "upgrade.part";

/// What a part of a job is called in Flink.
fn name_in_flink(flink_name: &str, part: Part) -> String {
    match part {
        Part::Drain => format!("{flink_name}-drain"),
        Part::Green => flink_name.to_owned(),
    }
}
