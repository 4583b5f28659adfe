//! `move_cdc_jobs`: each job moves to green while green still is a replica, and follows blue through green's log.
//!
//! First green is asked whether its log holds what blue writes; where it does not, nothing is stopped. A job is stopped with
//! a savepoint, the begin of its tail is found in green's log, and it starts there at green's own address, without state: a
//! contiguous suffix is replayed. Before the switchover all of it can be taken back.

mod decide;
mod look;
mod prove;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    evidence::Kept,
    jobs, resume_cdc_jobs, stop_cdc_jobs,
    submit_cdc_jobs::{Order, compose, session},
};
use crate::{
    error::Result,
    event::Offset,
    handover::early::Early,
    port::{
        Reply,
        binlog::Place,
        mysql::{Address, Server},
    },
};

pub use look::Observation;

pub const KIND: &str = "move_cdc_jobs";

#[derive(Debug, Default)]
pub struct MoveCdcJobs {
    pub touched: jobs::Touched,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Stop(stop_cdc_jobs::Stop),
    /// Starts the job on green, with what shows that it may start there.
    Submit {
        order: Order,
        evidence: Box<Early>,
    },
    /// The begin of its tail is not on green, and why: the job goes on at blue from its savepoint.
    Back {
        back: resume_cdc_jobs::Operation,
        why: String,
    },
    /// Writes down what the job on green has shown.
    Attest {
        evidence: Box<Early>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub jobs: Vec<Moved>,
    pub blue_server: Server,
    pub green_server: Server,
}

/// A job that reads blue through green.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub name: String,
    pub flink_name: String,
    pub job_id: String,
    /// Where it stood on blue; kept for the way back.
    pub savepoint: String,
    /// Green's own address.
    pub address: Address,
    /// Where it began in green's log.
    pub start: Place,
    /// The evidence, in the run's folder.
    pub evidence: String,
    /// The first committed offsets in green's log.
    pub offsets: Vec<Offset>,
}

impl Step for MoveCdcJobs {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Move every CDC job to green while it still follows blue, and prove that it reads green's log"
                .to_owned(),
            calls: vec!["POST /jobs/:id/stop", "SQL Gateway: the job's script (early)"],
            undo: "Until the switchover a job can be started again at blue from its savepoint",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["create_blue_green"]
    }

    fn by_hand(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("jobs", "JSON of each job as this step records it; `retry` finds it by itself"),
            (
                "blue_server",
                "The server that is production, as JSON: `uuid` and `server_id` are @@server_uuid and @@server_id there, `version`, `started_at` (seconds since the epoch), `read_only`, `log_bin`, `binlog_format`, `binlog_row_image`, `gtid_mode`, `log_replica_updates`",
            ),
            ("green_server", "The server of green, as JSON like `blue_server`"),
        ]
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
            Operation::Stop(stop_cdc_jobs::Stop { job, job_id, directory, .. }) => (
                stop_cdc_jobs::stop_id(job),
                Policy::Adopt,
                format!("Stop the job {job} with a savepoint"),
                vec![format!("POST /jobs/{job_id}/stop (savepoint under {directory})")],
            ),
            Operation::Submit { order: Order { job, start, address, .. }, .. } => (
                submit_id(job),
                Policy::Adopt,
                format!("Start {job} on green's own address {address} {start}"),
                vec![format!("SQL Gateway: script of {job} (early, {start})")],
            ),
            Operation::Back { back, .. } => (
                back_id(&back.job),
                Policy::Adopt,
                format!("Start {} again at blue, from {}", back.job, back.savepoint),
                vec![format!("SQL Gateway: script of {} (back, from {})", back.job, back.savepoint)],
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
                Operation::Stop(stop_cdc_jobs::Stop { job_id, directory, trigger, .. }) => {
                    write.flink()?.stop(job_id, directory, trigger).await?;
                    Ok(Performed::default())
                }
                Operation::Submit { order, evidence } => {
                    let composed = compose(order, known, write).await?;
                    let artifacts = vec![composed.artifact, KEPT.write(&evidence.job, evidence, write)?];
                    let id = write.flink()?.submit(&session(known, &order.job), &composed.statements).await?;
                    Ok(Performed { handle: json!({ "job_id": id }), artifacts })
                }
                Operation::Back { back, .. } => resume_cdc_jobs::put_back(back, known, write).await,
                Operation::Attest { evidence } => KEPT.attest(&evidence.job, evidence, &evidence.page(), write),
            }
        })
    }
}

const KEPT: Kept = Kept("early");

pub(super) fn submit_id(job: &str) -> String {
    format!("submit early {job}")
}

fn back_id(job: &str) -> String {
    format!("put back {job}")
}

fn attest_id(job: &str) -> String {
    format!("attest {job}")
}
