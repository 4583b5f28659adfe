//! `submit_cdc_jobs`: each job starts on green where it loses nothing and leaves nothing stale, and is watched until its
//! own committed offset names green.
//!
//! What blue wrote after a job's savepoint is found again in green's log, or, where that is not exact, read on the old
//! side first (the drain). No job starts without its evidence in a file.

mod compose;
mod decide;
mod look;
mod prepare;
mod prove;
mod way;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    evidence::Kept,
    jobs,
};
use crate::{
    error::{Error, Result},
    event::Offset,
    handover::evidence::Evidence,
    playbook::Tail,
    port::{Reply, binlog::Place, mysql::Coordinates},
};

pub(super) use compose::{Composed, Order, compose, ready};
pub(super) use decide::{died, lost, restarting, shown};
pub use look::Observation;
pub(super) use prepare::{Likely, prepare};
pub(super) use prove::unsettled;

#[derive(Debug)]
pub struct SubmitCdcJobs {
    pub tail: Tail,
    pub touched: jobs::Touched,
}

/// Which of the jobs that are started for one CDC job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Reads the old side to its end, from the savepoint.
    Drain,
    /// Reads green, at the production address.
    Green,
    /// Reads green at its own address, while it still is a replica.
    Early,
}

impl Part {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Green => "green",
            Self::Early => "early",
        }
    }
}

/// Where a job starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    Savepoint(String),
    Place(Place),
    /// All that has been executed before.
    GtidSet(String),
}

impl std::fmt::Display for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Savepoint(path) => write!(f, "from {path}"),
            Self::Place(place) => write!(f, "at {place}"),
            Self::GtidSet(set) => write!(f, "after the GTID set {set}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Submit {
        order: Order,
        /// For the job on green, what shows that it may start there.
        evidence: Option<Box<Evidence>>,
    },
    StopDrain {
        job: String,
        job_id: String,
        directory: String,
        trigger: String,
        end: Coordinates,
    },
    /// Writes down what the job on green has shown.
    Attest {
        evidence: Box<Evidence>,
    },
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
    /// How its tail was carried over, in one sentence.
    pub tail: String,
    /// The evidence, in the run's folder.
    pub evidence: String,
    /// The first committed offsets that name green.
    pub offsets: Vec<Offset>,
    /// From here on it reads green's log; earlier versions did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Place>,
}

impl Step for SubmitCdcJobs {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Start every CDC job on green where it loses nothing, and prove that it reads green".to_owned(),
            calls: vec![
                "SQL Gateway: the job's script (green)",
                "where a tail cannot be translated, before it: the script (drain), POST /jobs/:id/stop (drain)",
            ],
            undo: "The savepoints are kept; a job on green can be stopped like any other",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["stop_cdc_jobs", "switchover", "capture_coordinates"]
    }

    fn prepare<'a>(&'a self, read: &'a Read, write: &'a Write, known: &'a Known) -> Reply<'a, ()> {
        Box::pin(prepare(read, write, known, Likely::Tail))
    }

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(look::look(self, read, known, done))
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        Ok(decide::decide(seen, known, done))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::Submit { order, .. } => {
                let Order { job, part, start, address, .. } = order;
                let what = match part {
                    Part::Drain => format!("Start {job} on the old side {address} {start}, to read its log to the end"),
                    Part::Green => format!("Start {job} on green {start}"),
                    Part::Early => format!("Start {job} on green's own address {address} {start}"),
                };
                let call = format!("SQL Gateway: script of {job} ({}, {start})", part.as_str());
                (submit_id(*part, job), Policy::Adopt, what, vec![call])
            }
            Operation::StopDrain { job, job_id, .. } => (
                stop_id(job),
                Policy::Adopt,
                format!("Stop the drain of {job} with a savepoint"),
                vec![format!("POST /jobs/{job_id}/stop")],
            ),
            Operation::Attest { evidence } => (
                attest_id(&evidence.job),
                Policy::Repeat,
                format!("Write down the proof for {}", evidence.job),
                Vec::new(),
            ),
        }
    }

    fn perform<'a>(&'a self, operation: &'a Operation, known: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            match operation {
                Operation::Submit { order, evidence } => {
                    let composed = compose(order, known, write).await?;
                    let mut artifacts = vec![composed.artifact];
                    match (order.part, evidence) {
                        (Part::Green, None) => return Err(Error::bug("A job starts on green only with its evidence")),
                        (Part::Green, Some(evidence)) => artifacts.push(KEPT.write(&evidence.job, evidence, write)?),
                        (Part::Drain | Part::Early, _) => {}
                    }
                    let id = write.flink()?.submit(&session(known, &order.job), &composed.statements).await?;
                    Ok(Performed { handle: json!({ "job_id": id }), artifacts })
                }
                Operation::StopDrain { job_id, directory, trigger, .. } => {
                    write.flink()?.stop(job_id, directory, trigger).await?;
                    Ok(Performed::default())
                }
                Operation::Attest { evidence } => KEPT.attest(&evidence.job, evidence, &evidence.page(), write),
            }
        })
    }
}

const KEPT: Kept = Kept("handover");

/// The gateway session in which a job's script is staged, and later submitted.
pub(super) fn session(known: &Known, job: &str) -> String {
    format!("upgrade-{}-{job}", known.run)
}

fn attest_id(job: &str) -> String {
    format!("attest {job}")
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
        Part::Green | Part::Early => flink_name.to_owned(),
    }
}
