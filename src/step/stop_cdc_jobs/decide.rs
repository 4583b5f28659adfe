//! The decision, pure: what each job's standing means, and whether its position belongs to blue.

use std::time::Duration;

use super::{
    Operation, Outputs, Stop, Stopped,
    jobs::{self, Standing},
    look::{Late, Observation, Seen, State, unknown_state},
    stop_id,
};
use crate::{
    error::{Error, Kind},
    event::{Offset, Phase},
    port::flink::{Job, Savepoint},
    step::contract::{Attempts, Done, Known, Next},
};

type Decision = Next<Operation, Outputs>;

/// Flink notices after 50 s that a TaskManager is gone; until then every savepoint fails, and the job seems to run.
const TRIES: usize = 12;
const BETWEEN_TRIES: Duration = Duration::from_secs(10);

enum One {
    Stopped(Stopped),
    Next(Decision),
}

pub(super) fn decide(seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    let stopped = match jobs::together(seen.jobs.iter().map(|job| rest(job, seen, known, done))) {
        Ok(stopped) => stopped,
        Err(next) => return next,
    };
    let none = done.0.is_empty();
    let warnings = stopped.iter().filter(|job| job.astray).map(garbage).collect();
    let done = Done::new(Outputs { jobs: stopped }).warnings(warnings);
    Next::Done(if none {
        done.skipped("No job had to be stopped; each is continued from the state it left")
    } else {
        done
    })
}

/// The job at rest, or what has to be done so that it is.
pub(in crate::step) fn rest(
    job: &Seen,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Stopped, Box<Decision>> {
    match one(job, seen, known, done) {
        One::Stopped(stopped) => Ok(stopped),
        One::Next(next) => Err(Box::new(next)),
    }
}

fn garbage(job: &Stopped) -> String {
    format!(
        "{} has read green from a wrong place: rows in its sink may be missing or stale, and are not to be believed until it has been handed over and the rows were compared",
        job.name
    )
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
        (Some((_, Savepoint::InProgress)), _) => return wait(format!("the savepoint of {}", job.name), "in progress"),
        (Some((stopping, Savepoint::Completed { .. })), Some(alive)) if alive.id == *stopping => {
            return wait(format!("{} to finish", job.name), &alive.state);
        }
        _ => {}
    }
    if let Some(late) = &job.late
        && let Some(next) = after_the_switchover(job, late, alive, seen)
    {
        return next;
    }
    match (&job.savepoint, alive) {
        (_, Some(alive)) if alive.state != "RUNNING" => {
            wait(format!("{} to run, so that it can be stopped", job.name), &alive.state)
        }
        (Some((_, Savepoint::Failed { cause })), Some(alive)) if tried(job, known, done) > 0 => {
            let failed = format!("Flink could not make a savepoint of {}: {cause}", job.name);
            if tried(job, known, done) >= TRIES {
                return fail(Error::permanent(failed).unchanged("The job runs on").hint(
                    "Remove the cause (is the savepoint directory writable for Flink?), then type the same command again",
                ));
            }
            let again = Next::Do(stop(job, &alive.id, seen, known, done));
            One::Next(Next::Confirm { of: failed, looks: 2, spanning: BETWEEN_TRIES, then: Box::new(again) })
        }
        (_, Some(alive)) => One::Next(Next::Do(stop(job, &alive.id, seen, known, done))),
        (_, None) => match &job.left {
            Some(state) => stopped(job, state, false, seen).map_or_else(fail, One::Stopped),
            None => fail(unknown_state(&job.name, &job.flink_name)),
        },
    }
}

/// The switchover has been done: where does the job read? `None` where it is to be stopped as any other.
fn after_the_switchover(job: &Seen, late: &Late, alive: Option<&Job>, seen: &Observation) -> Option<One> {
    let fail = |error: Error| Some(One::Next(Next::Fail(error)));
    let green = seen.switched.as_ref()?.green_server.server_id;
    let reads_green = late.offsets.iter().any(|offset| offset.server_id == Some(green));
    if reads_green {
        if carried_over(&late.offsets, seen) {
            let alive = alive.filter(|alive| alive.state == "RUNNING")?;
            return Some(One::Stopped(Stopped {
                carried_over: Some(alive.id.clone()),
                ..at_rest(job, "", &late.offsets)
            }));
        }
        let Some(state) = &late.on_blue else {
            return fail(
                Error::new(
                    Kind::Unknown,
                    format!("{} has read green from a wrong place, and no state of it that stands on blue is left", job.name),
                )
                .cause(format!("Its committed offset names server_id {green}, which is green's, at {}", places(&late.offsets)))
                .unchanged("Nothing was stopped. Rows in its sink may be missing or stale")
                .hint("Name a savepoint or checkpoint from before the switchover with `savepoint:` of the job; without one its tables need a new snapshot"),
            );
        };
        return Some(match alive {
            Some(alive) => One::Next(Next::Do(cancel(job, alive))),
            None => stopped(job, state, true, seen).map_or_else(|error| One::Next(Next::Fail(error)), One::Stopped),
        });
    }
    let alive = alive?;
    let looping = alive.state != "RUNNING" || late.failure.is_some();
    if !looping {
        return None;
    }
    if !late.retained {
        return fail(
            Error::permanent(format!("{} fails over and over, and a cancelled job of its settings keeps no checkpoint", job.name))
                .cause(late.failure.clone().unwrap_or_else(|| alive.state.clone()))
                .unchanged("Nothing was stopped; its newest checkpoint is there as long as it restarts")
                .hint("Copy the folder of its newest checkpoint, name the copy with `savepoint:` of the job, cancel the job, then type the same command again"),
        );
    }
    Some(One::Next(Next::Confirm {
        of: format!("{} restarts over and over", job.name),
        looks: 3,
        spanning: Duration::ZERO,
        then: Box::new(Next::Do(cancel(job, alive))),
    }))
}

/// By GTID a job finds its place on green by itself: all that it had of blue is in its set, with what it read of green.
fn carried_over(offsets: &[Offset], seen: &Observation) -> bool {
    let blue = seen.blue.uuid.to_lowercase();
    !offsets.is_empty()
        && seen.blue.gtid_mode.eq_ignore_ascii_case("ON")
        && offsets.iter().all(|offset| {
            offset.gtid_set.as_ref().is_some_and(|set| set.to_lowercase().contains(&format!("{blue}:1-")))
        })
}

fn cancel(job: &Seen, alive: &Job) -> Operation {
    Operation::Cancel { job: job.name.clone(), job_id: alive.id.clone() }
}

/// How often a savepoint of the job was asked for in this call. One that failed in an earlier call is tried again at once.
fn tried(job: &Seen, known: &Known, done: &Attempts<Operation>) -> usize {
    done.0.iter().skip(known.earlier).filter(|attempt| attempt.id == stop_id(&job.name)).count()
}

fn stop(job: &Seen, job_id: &str, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Operation {
    let last = done.last(&stop_id(&job.name)).and_then(|last| match &last.operation {
        Operation::Stop(stop) => Some((&stop.job_id, &stop.trigger, last.number)),
        _ => None,
    });
    // Another job of the name was put back since: that is another stop.
    let same = last.filter(|(stopping, ..)| *stopping == job_id);
    let again = same.filter(|_| !matches!(job.savepoint, Some((_, Savepoint::Failed { .. }))));
    let trigger = match again {
        Some((_, trigger, _)) => trigger.clone(),
        None => trigger(&known.run, &job.name, last.map_or(1, |(_, _, number)| number + 1)),
    };
    let directory = seen.directory.clone();
    Operation::Stop(Stop { job: job.name.clone(), job_id: job_id.to_owned(), directory, trigger })
}

/// 32 hex digits, the same for the same request.
pub(in crate::step) fn trigger(run: &str, job: &str, number: u32) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{run}/{job}/{number}").as_bytes());
    digest.iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn at_rest(job: &Seen, path: &str, offsets: &[Offset]) -> Stopped {
    Stopped {
        name: job.name.clone(),
        flink_name: job.flink_name.clone(),
        savepoint: path.to_owned(),
        offsets: offsets.to_vec(),
        stateful: job.stateful.clone(),
        astray: false,
        carried_over: None,
    }
}

/// The job at rest, if its position belongs to blue.
fn stopped(job: &Seen, State { path, offsets }: &State, astray: bool, seen: &Observation) -> Result<Stopped, Error> {
    let kept = match seen.switched {
        Some(_) => format!("The state {path} is kept"),
        None => format!("The state {path} is kept; nothing was switched over"),
    };
    let keep = |error: Error| error.unchanged(kept.clone());
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
    Ok(Stopped { astray, ..at_rest(job, path, offsets) })
}

fn places(offsets: &[Offset]) -> String {
    offsets.iter().map(|offset| format!("{}:{}", offset.file, offset.position)).collect::<Vec<_>>().join(", ")
}

fn several(job: &Seen, count: usize) -> Error {
    Error::conflict(format!("{count} Flink jobs named `{}` are alive", job.flink_name))
        .unchanged("None was stopped")
        .hint("Find out which is the right one and end the others")
}
