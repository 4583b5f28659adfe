//! `repoint_cdc_jobs`: jobs that moved to green before the switchover read it at the production address.
//!
//! The server is the same, so a job's own state stays valid: it is stopped with a savepoint and started from that. Where
//! green's own name is gone with the switchover, the job may be without a connection, restarting or failed: then its newest
//! completed checkpoint serves. A reader that is restored, here or by Flink itself meanwhile, may skip the first rows that
//! green wrote as production: so every row since then is compared in source and sink before a job counts as pointed.

mod decide;
mod look;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    evidence::Kept,
    jobs, move_cdc_jobs,
    stop_cdc_jobs::{self, Stop},
    submit_cdc_jobs::{Likely, Order, compose, prepare, session},
};
use crate::{error::Result, event::Offset, handover::early::Repointed, port::Reply};

pub use look::Observation;

#[derive(Debug, Default)]
pub struct RepointCdcJobs {
    pub touched: jobs::Touched,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Stop(Stop),
    /// Ends a job that can make no savepoint any more; its newest checkpoint outlives it.
    Cancel {
        job: String,
        job_id: String,
    },
    Submit {
        order: Order,
        evidence: Box<Repointed>,
    },
    /// Writes down what the job has shown at the production address.
    Attest {
        evidence: Box<Repointed>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub jobs: Vec<Pointed>,
}

/// A job that reads green at the production address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pointed {
    pub name: String,
    pub job_id: String,
    /// The state it was started from.
    pub state: String,
    /// The evidence, in the run's folder.
    pub evidence: String,
    /// The first committed offsets that name green.
    pub offsets: Vec<Offset>,
}

impl Step for RepointCdcJobs {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Point every job that has moved to green at the production address, from its own state".to_owned(),
            calls: vec!["POST /jobs/:id/stop", "SQL Gateway: the job's script (green)"],
            undo: "The savepoints are kept; a job on green can be stopped like any other",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["move_cdc_jobs", "switchover"]
    }

    fn prepare<'a>(&'a self, read: &'a Read, write: &'a Write, known: &'a Known) -> Reply<'a, ()> {
        Box::pin(prepare(read, write, known, Likely::State))
    }

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(look::look(self, read, known, done))
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
                stop_cdc_jobs::stop_id(job),
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
            Operation::Submit { order: Order { job, start, address, .. }, .. } => (
                submit_id(job),
                Policy::Adopt,
                format!("Start {job} at the production address {address} {start}"),
                vec![format!("SQL Gateway: script of {job} (green, {start})")],
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
                Operation::Stop(Stop { job_id, directory, trigger, .. }) => {
                    write.flink()?.stop(job_id, directory, trigger).await?;
                    Ok(Performed::default())
                }
                Operation::Cancel { job_id, .. } => {
                    write.flink()?.cancel(job_id).await?;
                    Ok(Performed::default())
                }
                Operation::Submit { order, evidence } => {
                    let composed = compose(order, known, write).await?;
                    let artifacts = vec![composed.artifact, KEPT.write(&evidence.job, evidence, write)?];
                    let id = write.flink()?.submit(&session(known, &order.job), &composed.statements).await?;
                    Ok(Performed { handle: json!({ "job_id": id }), artifacts })
                }
                Operation::Attest { evidence } => KEPT.attest(&evidence.job, evidence, &evidence.page(), write),
            }
        })
    }
}

const KEPT: Kept = Kept("repointed");

fn submit_id(job: &str) -> String {
    format!("submit green {job}")
}

fn cancel_id(job: &str) -> String {
    format!("cancel {job}")
}

fn attest_id(job: &str) -> String {
    format!("attest {job}")
}

/// The evidence of the newest start at the production address.
fn started_with<'a>(job: &str, done: &'a Attempts<Operation>) -> Option<&'a Repointed> {
    match &done.last(&submit_id(job))?.operation {
        Operation::Submit { evidence, .. } => Some(evidence),
        _ => None,
    }
}
