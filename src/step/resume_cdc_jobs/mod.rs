//! `resume_cdc_jobs`: jobs that this run has stopped go on at blue, from their savepoints, with their own scripts. No
//! playbook names it: it follows a switchover that was rolled back, and is the first part of an abort.

mod decide;
mod look;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Recorded,
    contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    jobs, move_cdc_jobs, stop_cdc_jobs,
    submit_cdc_jobs::{self, Composed, JOB_MARK, PART_MARK, RUN_MARK},
};
use crate::{
    error::{Error, Kind, Result},
    handover::consumer::flink_sql::{Changes, Restore},
    port::{Reply, mysql::Address},
};

pub use look::Observation;

pub const KIND: &str = "resume_cdc_jobs";
/// The kind of step that a rolled-back switchover takes back.
pub const STOPPED: &str = "stop_cdc_jobs";
/// The kinds of steps that an abort takes back. A job that has moved early may stay where it is when a switchover is
/// rolled back: it goes on reading blue through green.
pub const TAKES_BACK: [&str; 2] = [STOPPED, move_cdc_jobs::KIND];

/// The value of [`PART_MARK`] of a job that was put back.
const PART: &str = "back";

#[derive(Debug)]
pub struct ResumeCdcJobs {
    /// What was asked of Flink last for each job that was, or may have been, stopped.
    stops: Vec<stop_cdc_jobs::Stop>,
    /// Where they came to rest, once all had; by the job's name.
    rest: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    pub(super) job: String,
    pub(super) flink_name: String,
    pub(super) savepoint: String,
    /// Jobs of this mark that were there before: none of them is the one that is started.
    pub(super) before: Vec<String>,
    /// Where a template's source is: blue.
    pub(super) production: Address,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub jobs: Vec<Returned>,
}

/// A job that reads blue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    pub name: String,
    pub job_id: String,
    /// Absent where it was never stopped, or somebody else has started it.
    pub savepoint: Option<String>,
}

impl ResumeCdcJobs {
    /// By what the run has recorded; `None` where it has stopped no job, or all are back.
    pub fn of(recorded: &[Recorded], kinds: &[&str]) -> Result<Option<Self>> {
        let mut resume = Self { stops: Vec::new(), rest: BTreeMap::new() };
        for stop in recorded.iter().filter(|step| kinds.contains(&step.kind.as_str())) {
            for stop in stops(stop)? {
                resume.stops.retain(|known| known.job != stop.job);
                resume.stops.push(stop);
            }
            if let Some(outputs) = &stop.outputs
                && let Ok(moved) = move_cdc_jobs::Outputs::deserialize(outputs)
            {
                resume.rest.extend(moved.jobs.into_iter().map(|job| (job.name, job.savepoint)));
            }
            if let Some(outputs) = &stop.outputs
                && let Ok(stopped) = stop_cdc_jobs::Outputs::deserialize(outputs)
            {
                resume.rest.extend(stopped.jobs.into_iter().map(|job| (job.name, job.savepoint)));
            }
        }
        Ok((!resume.stops.is_empty()).then_some(resume))
    }
}

/// The stops that were asked for.
fn stops(step: &Recorded) -> Result<Vec<stop_cdc_jobs::Stop>> {
    if step.kind == move_cdc_jobs::KIND {
        let stops =
            step.sent::<move_cdc_jobs::Operation>()?.into_iter().filter_map(|attempt| match attempt.operation {
                move_cdc_jobs::Operation::Stop(stop) => Some(stop),
                _ => None,
            });
        return Ok(stops.collect());
    }
    let stops = step.sent::<stop_cdc_jobs::Operation>()?.into_iter().filter_map(|attempt| match attempt.operation {
        stop_cdc_jobs::Operation::Stop(stop) => Some(stop),
        _ => None,
    });
    Ok(stops.collect())
}

impl Step for ResumeCdcJobs {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        let jobs: Vec<_> = self.stops.iter().map(|stop| stop.job.as_str()).collect();
        Outline {
            what: format!("Start again at blue, from its savepoint: {}", jobs.join(", ")),
            calls: vec!["SQL Gateway: the job's script"],
            undo: "The savepoints are kept; a job can be stopped again",
        }
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
        let Operation { job, savepoint, .. } = operation;
        (
            id(job),
            Policy::Adopt,
            format!("Start {job} again at blue, from {savepoint}"),
            vec![format!("SQL Gateway: script of {job} ({PART}, from {savepoint})")],
        )
    }

    fn perform<'a>(&'a self, operation: &'a Operation, known: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(put_back(operation, known, write))
    }
}

/// Starts one job at blue.
pub(super) async fn put_back(operation: &Operation, known: &Known, write: &Write) -> Result<Performed> {
    let session = format!("upgrade-{PART}-{}", operation.job);
    let done = async {
        let composed = compose(operation, known, write).await?;
        let id = write.flink()?.submit(&session, &composed.statements).await?;
        Ok(Performed { handle: json!({ "job_id": id }), artifacts: vec![composed.artifact] })
    };
    done.await.map_err(|error: Error| {
        let certain = !matches!(error.kind, Kind::Unknown | Kind::Transient);
        if certain { not_running(&operation.job, &operation.savepoint, known, Some(error)) } else { error }
    })
}

/// The user's script as it is: only where it starts from, and whose it is, are added.
async fn compose(operation: &Operation, known: &Known, write: &Write) -> Result<Composed> {
    let Operation { job: name, flink_name, savepoint, production, .. } = operation;
    let job = known.playbook.cdc_jobs.iter().find(|job| job.name == *name);
    let job = job.ok_or_else(|| Error::drift(format!("The playbook no longer has the job {name}")))?;
    let script = jobs::script(&write.into(), &known.playbook, job, production).await?.0;
    let mark = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let changes = Changes {
        parameters: BTreeMap::from([mark(RUN_MARK, &known.run), mark(JOB_MARK, name), mark(PART_MARK, PART)]),
        default_name: Some(flink_name.clone()),
        restore: Restore::From(savepoint.clone()),
        ..Changes::default()
    };
    submit_cdc_jobs::ready(&script, &changes, (name, flink_name, PART), known, write)
}

fn id(job: &str) -> String {
    format!("put back {job}")
}

/// Which job stands still, what it can be started from, and how.
pub(super) fn not_running(job: &str, savepoint: &str, known: &Known, below: Option<Error>) -> Error {
    let gateway = known.playbook.flink.as_ref().map_or("ADDRESS", |flink| flink.sql_gateway.as_str());
    let mut error = Error::permanent(format!("The job {job} is not running: it could not be put back at blue"));
    error.causes.extend(below.into_iter().flat_map(|below| std::iter::once(below.message).chain(below.causes)));
    error
        .unchanged(format!("Blue is production; the savepoint {savepoint} is kept"))
        .hint(format!(
            "Remove the cause, then type the same command again. By hand, in the run folder and with the secrets filled in: \
             `sql-client.sh gateway --endpoint {gateway} --file artifacts/{job}/{PART}.sql` (it starts from that savepoint)"
        ))
}
