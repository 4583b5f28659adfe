//! `stop_cdc_jobs`: each job with a savepoint, whose bytes tell where it stands on blue.

use serde::{Deserialize, Serialize};

use super::{
    contract::{Attempts, Done, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    jobs::{self, Standing},
    target,
};
use crate::{
    error::{Error, Result},
    event::{Offset, Phase},
    handover::savepoint,
    port::{
        Reply,
        flink::Savepoint,
        mysql::{LogFile, Server},
    },
};

#[derive(Debug)]
pub struct StopCdcJobs;

pub struct Observation {
    jobs: Vec<Seen>,
    /// Blue's writer and its log files: what a position must belong to.
    blue: Server,
    files: Vec<LogFile>,
    directory: String,
}

struct Seen {
    name: String,
    flink_name: String,
    standing: Standing,
    /// The savepoint asked for by the last attempt, once it was begun.
    savepoint: Option<(String, Savepoint)>,
    /// Where the job stands by the state it leaves behind.
    left: Option<(String, Vec<Offset>)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    pub(super) job: String,
    pub(super) job_id: String,
    directory: String,
    /// Names the request: Flink takes the same one again as the same.
    pub(super) trigger: String,
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

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(async move {
            let flink = read.flink()?;
            let blue_side = target::production(read.rds()?, &known.playbook).await?;
            let address = blue_side.write_address()?;
            let (blue, files) = (read.mysql()?.server(address).await?, read.mysql()?.log_files(address).await?);
            let all = flink.jobs().await?;
            let mut seen = Vec::new();
            for scripted in jobs::scripts(read, known, address).await? {
                let standing = jobs::standing(flink, &scripted, &all).await?;
                let mut savepoint = None;
                if let Some(last) = done.last(&id(&scripted.job.name)) {
                    let state = flink.savepoint(&last.operation.job_id, &last.operation.trigger).await?;
                    savepoint = Some((last.operation.job_id.clone(), state));
                }
                let left = match (&savepoint, &standing) {
                    // A job that was put back since, and has ended, has read further than that savepoint.
                    (Some((stopped, _)), Standing::Ended { left: Some(left) })
                        if jobs::newest(&scripted.flink_name, &all).is_some_and(|newest| newest.id != *stopped) =>
                    {
                        Some(left.clone())
                    }
                    (Some((_, Savepoint::Completed { location })), _) => Some(location.clone()),
                    (_, Standing::Ended { left }) => left.clone(),
                    _ => None,
                };
                let left = match left {
                    Some(path) => Some((path.clone(), savepoint::offsets(&*read.files, &path).await?)),
                    None => None,
                };
                let (name, flink_name) = (scripted.job.name, scripted.flink_name);
                seen.push(Seen { name, flink_name, standing, savepoint, left });
            }
            let directory = known.playbook.flink.as_ref().map(|flink| flink.savepoints.clone()).unwrap_or_default();
            Ok(Observation { jobs: seen, blue, files, directory })
        })
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        let mut stopped = Vec::new();
        let mut waiting = None;
        for job in &seen.jobs {
            match one(job, seen, known, done) {
                One::Stopped(job) => stopped.push(job),
                One::Next(wait @ Next::Wait { .. }) => waiting = Some(wait),
                One::Next(next) => return Ok(next),
            }
        }
        Ok(waiting.unwrap_or_else(|| {
            let none = done.0.is_empty();
            let done = Done::new(Outputs { jobs: stopped });
            Next::Done(if none {
                done.skipped("No job is alive; each is continued from the state it left")
            } else {
                done
            })
        }))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        (
            id(&operation.job),
            Policy::Adopt,
            format!("Stop the job {} with a savepoint", operation.job),
            vec![format!("POST /jobs/{}/stop (savepoint under {})", operation.job_id, operation.directory)],
        )
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            write.flink()?.stop(&operation.job_id, &operation.directory, &operation.trigger).await?;
            Ok(Performed::default())
        })
    }
}

enum One {
    Stopped(Stopped),
    Next(Next<Operation, Outputs>),
}

fn id(job: &str) -> String {
    format!("stop {job}")
}

fn one(job: &Seen, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> One {
    let wait = |awaited: String, seen: &str| One::Next(Next::Wait { awaited, seen: seen.to_owned() });
    let fail = |error: Error| One::Next(Next::Fail(error));
    let alive = match &job.standing {
        Standing::Several(jobs) => return fail(several(job, jobs.len())),
        Standing::Alive(alive) => Some(alive),
        Standing::Ended { .. } => None,
    };
    match (&job.savepoint, alive) {
        (Some((_, Savepoint::InProgress)), _) => wait(format!("the savepoint of {}", job.name), "in progress"),
        (Some((stopping, Savepoint::Completed { .. })), Some(alive)) if alive.id == *stopping => {
            wait(format!("{} to finish", job.name), &alive.state)
        }
        (_, Some(alive)) if alive.state != "RUNNING" => wait(format!("{} to run, so that it can be stopped", job.name), &alive.state),
        (Some((_, Savepoint::Failed { cause })), Some(_)) if refused(known, done) => fail(
            Error::permanent(format!("Flink could not make a savepoint of {}: {cause}", job.name))
                .unchanged("The job runs on")
                .hint("Remove the cause (is the savepoint directory writable for Flink?), then type the same command again"),
        ),
        (_, Some(alive)) => One::Next(Next::Do(stop(job, &alive.id, seen, known, done))),
        (_, None) => match &job.left {
            Some((path, offsets)) => stopped(job, path, offsets, seen).map_or_else(fail, One::Stopped),
            None => fail(
                Error::permanent(format!("Flink knows no job named `{}` and no state it left behind", job.flink_name))
                    .unchanged("Nothing was stopped")
                    .hint("Start the job, or name its newest savepoint or checkpoint with `savepoint:` in the playbook"),
            ),
        },
    }
}

/// A savepoint that failed in this call is told; one that failed in an earlier call is tried again.
fn refused(known: &Known, done: &Attempts<Operation>) -> bool {
    done.0.len() > known.earlier
}

fn stop(job: &Seen, job_id: &str, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Operation {
    let last = done.last(&id(&job.name));
    // Another job of the name was put back since: that is another stop.
    let same = last.filter(|last| last.operation.job_id == job_id);
    let again = same.filter(|_| !matches!(job.savepoint, Some((_, Savepoint::Failed { .. }))));
    let trigger = match again {
        Some(last) => last.operation.trigger.clone(),
        None => trigger(&known.run, &job.name, last.map_or(1, |last| last.number + 1)),
    };
    Operation { job: job.name.clone(), job_id: job_id.to_owned(), directory: seen.directory.clone(), trigger }
}

/// 32 hex digits, the same for the same request.
pub(super) fn trigger(run: &str, job: &str, number: u32) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{run}/{job}/{number}").as_bytes());
    digest.iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The job at rest, if its position belongs to blue.
fn stopped(job: &Seen, path: &str, offsets: &[Offset], seen: &Observation) -> Result<Stopped> {
    let keep = |error: Error| error.unchanged(format!("The state {path} is kept; nothing was switched over"));
    for offset in offsets {
        if offset.phase == Phase::Snapshot {
            return Err(keep(
                Error::permanent(format!("{} of {} is still in its first snapshot", offset.source, job.name))
                    .hint("Start the job again, wait until its snapshot is complete, then type the same command again"),
            ));
        }
        if offset.server_id.is_some_and(|id| id != seen.blue.server_id) {
            return Err(keep(Error::drift(format!(
                "{} of {} stands at a server with server_id {}, and blue's is {}",
                offset.source,
                job.name,
                offset.server_id.unwrap_or_default(),
                seen.blue.server_id
            ))));
        }
        if !seen.files.iter().any(|file| file.name == offset.file) {
            return Err(keep(
                Error::drift(format!(
                    "{} of {} stands in {}, which blue no longer has",
                    offset.source, job.name, offset.file
                ))
                .hint("Its log was purged: the job needs a new snapshot before the upgrade"),
            ));
        }
    }
    Ok(Stopped {
        name: job.name.clone(),
        flink_name: job.flink_name.clone(),
        savepoint: path.to_owned(),
        offsets: offsets.to_vec(),
    })
}

fn several(job: &Seen, count: usize) -> Error {
    Error::conflict(format!("{count} Flink jobs named `{}` are alive", job.flink_name))
        .unchanged("None was stopped")
        .hint("Find out which is the right one and end the others")
}
