//! `recall_cdc_jobs`: ends the jobs that the run has started on green before the switchover. No playbook names it: it is the
//! first part of an abort, after which the jobs are started again at blue from the savepoints of their move.

use serde::{Deserialize, Serialize};

use super::{
    Recorded,
    contract::{Attempts, Done, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    jobs, move_cdc_jobs,
    submit_cdc_jobs::{Part, lost},
};
use crate::{
    error::Result,
    port::{Reply, flink::Job},
    step::contract::Fate,
};

pub const KIND: &str = "recall_cdc_jobs";

#[derive(Debug)]
pub struct RecallCdcJobs {
    /// `(name in the playbook, name in Flink)` of every job that was, or may have been, started on green.
    started: Vec<(String, String)>,
    /// A start whose outcome is not known may still show as a job.
    unsettled: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    job: String,
    job_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    /// Ids of the Flink jobs that were ended.
    pub jobs: Vec<String>,
}

pub struct Observation {
    /// `(name in the playbook, job)` of those that are alive.
    alive: Vec<(String, Job)>,
}

impl RecallCdcJobs {
    /// By what the run has recorded; `None` where it has started no job on green.
    pub fn of(recorded: &[Recorded]) -> Result<Option<Self>> {
        let mut recall = Self { started: Vec::new(), unsettled: false };
        for step in recorded.iter().filter(|step| step.kind == move_cdc_jobs::KIND) {
            for attempt in step.sent::<move_cdc_jobs::Operation>()? {
                let move_cdc_jobs::Operation::Submit { order, .. } = attempt.operation else { continue };
                recall.unsettled |= matches!(attempt.fate, Fate::Open | Fate::Unknown(_));
                let names = (order.job, order.flink_name);
                if !recall.started.contains(&names) {
                    recall.started.push(names);
                }
            }
        }
        Ok((!recall.started.is_empty()).then_some(recall))
    }
}

impl Step for RecallCdcJobs {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        let jobs: Vec<_> = self.started.iter().map(|(job, _)| job.as_str()).collect();
        Outline {
            what: format!("End on green what was moved there: {}", jobs.join(", ")),
            calls: vec!["PATCH /jobs/:id?mode=cancel"],
            undo: "The savepoints of the move are kept",
        }
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Operation>) -> Reply<'a, Observation> {
        Box::pin(async move {
            let flink = read.flink()?;
            let all = flink.jobs().await?;
            let mut alive = Vec::new();
            for (name, flink_name) in &self.started {
                let marked = jobs::marked(read, &known.run, name, flink_name, &all).await?;
                for found in marked.into_iter().filter(|found| found.is(Some(Part::Early))) {
                    let state = flink.job_state(&found.job.id).await?.unwrap_or_else(|| found.job.state.clone());
                    let job = Job { state, ..found.job };
                    if !job.ended() {
                        alive.push((name.clone(), job));
                    }
                }
            }
            Ok(Observation { alive })
        })
    }

    fn next(&self, seen: &Observation, _: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        if let Some((name, job)) = seen.alive.first() {
            let asked = done.handle(&id(&job.id)).is_some() || job.state == "CANCELLING";
            return Ok(if asked {
                Next::Wait { awaited: format!("{name} on green to end"), seen: job.state.clone() }
            } else {
                Next::Do(Operation { job: name.clone(), job_id: job.id.clone() })
            });
        }
        let ended: Vec<String> = done.0.iter().map(|attempt| attempt.operation.job_id.clone()).collect();
        let skipped = ended.is_empty().then_some("No job of this run reads green");
        let finished = Done { skipped: skipped.map(str::to_owned), ..Done::new(Outputs { jobs: ended }) };
        let finished = Next::Done(finished);
        Ok(if self.unsettled { lost("no job of this run shows on green", "", finished) } else { finished })
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        let Operation { job, job_id } = operation;
        let what = format!("End {job} on green; the savepoint of its move is kept");
        (id(job_id), Policy::Repeat, what, vec![format!("PATCH /jobs/{job_id}?mode=cancel")])
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            write.flink()?.cancel(&operation.job_id).await?;
            Ok(Performed::default())
        })
    }
}

fn id(job_id: &str) -> String {
    format!("recall {job_id}")
}
