//! The decision, pure: drain, end the drain, start on green, and believe nothing but the job's own committed offset.

use std::time::Duration;

use super::{
    Moved, Operation, Outputs, Part, Start,
    look::{HEADER, Observation, Running, Seen},
    stop_id, submit_id,
};
use crate::{
    error::Error,
    event::{Offset, Phase},
    handover::offset::{covers, is_clean},
    port::{flink::Savepoint, mysql::Coordinates},
    step::{
        contract::{Attempts, Done, Known, Next},
        stop_cdc_jobs::trigger,
    },
};

type Decision = Next<Operation, Outputs>;

/// The gateway may still be at work on a statement whose caller is gone.
const SUBMIT_MAY_TAKE: Duration = Duration::from_secs(65);

pub(super) fn decide(seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    let mut moved = Vec::new();
    let mut waiting = None;
    for job in &seen.jobs {
        match one(job, seen, known, done) {
            Ok(job) => moved.push(job),
            Err(wait) if matches!(*wait, Next::Wait { .. }) => waiting = Some(*wait),
            Err(next) => return *next,
        }
    }
    waiting.unwrap_or_else(|| Next::Done(Done::new(Outputs { jobs: moved })))
}

/// The job where it belongs, or what has to be done about it.
fn one(job: &Seen, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Moved, Box<Decision>> {
    let name = &job.stopped.name;
    if let Some(stranger) = &job.stranger {
        return fail(
            Error::conflict(format!(
                "A Flink job named `{}` is alive that this run has not started ({stranger})",
                job.stopped.flink_name
            ))
            .unchanged("It was left as it is; the savepoints are kept")
            .hint("Find out who started it and where it reads; end it, then type the same command again"),
        );
    }
    if let Some(green) = &job.green {
        return on_green(job, green, seen, known, done);
    }
    let id = submit_id(Part::Green, name);
    if done.unsettled(&id) {
        return confirm(&format!("no job of this run for {name} on green"), submit_green(job, seen));
    }
    if done.handle(&id).is_some() && done.0.len() > known.earlier {
        return wait(format!("{name} to show in Flink"), "not shown yet");
    }
    let draining_still = job.drain.as_ref().is_some_and(|drain| !drain.job.ended());
    match &job.drained {
        _ if drained_by(job, seen).is_some() && draining_still => {
            wait(format!("the drain of {name} to end"), "still alive")
        }
        _ if drained_by(job, seen).is_some() => run(submit_green(job, seen)),
        Some(drained) => match &drained.state {
            Savepoint::InProgress => wait(format!("the savepoint that ends the drain of {name}"), "in progress"),
            Savepoint::Completed { location } => fail(
                Error::drift(format!(
                    "The drain of {name} ended before the end of blue's log: {}",
                    shown(&drained.offsets)
                ))
                .cause(format!("Blue's log ends at {}", seen.end))
                .unchanged(format!(
                    "Nothing was started on green; the savepoints {} and {location} are kept",
                    job.stopped.savepoint
                )),
            ),
            Savepoint::Failed { cause } if done.0.len() > known.earlier => fail(
                Error::permanent(format!("Flink could not make the savepoint that ends the drain of {name}: {cause}"))
                    .unchanged("The drain runs on; nothing was started on green"),
            ),
            Savepoint::Failed { .. } | Savepoint::Unknown => draining(job, seen, known, done),
        },
        None => draining(job, seen, known, done),
    }
}

/// The savepoint that covers the end of blue's log, if there is one.
fn drained_by<'a>(job: &'a Seen, seen: &Observation) -> Option<&'a str> {
    let all =
        |offsets: &[Offset], end: &Coordinates| !offsets.is_empty() && offsets.iter().all(|offset| covers(offset, end));
    if all(&job.stopped.offsets, &seen.end) {
        return Some(&job.stopped.savepoint);
    }
    let drained = job.drained.as_ref()?;
    match &drained.state {
        // Nothing was written since: old blue is read-only, and at most its log has rotated.
        Savepoint::Completed { location } if all(&drained.offsets, &drained.end) => Some(location),
        _ => None,
    }
}

fn draining(job: &Seen, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Moved, Box<Decision>> {
    let name = &job.stopped.name;
    let id = submit_id(Part::Drain, name);
    let start = || Operation::Submit {
        job: name.clone(),
        flink_name: job.stopped.flink_name.clone(),
        part: Part::Drain,
        start: Start::Savepoint(job.stopped.savepoint.clone()),
        address: seen.switched.old_address.clone(),
        production: seen.switched.address.clone(),
    };
    let Some(drain) = &job.drain else {
        if done.unsettled(&id) {
            return confirm(&format!("no job of this run that drains {name}"), start());
        }
        if done.handle(&id).is_some() && done.0.len() > known.earlier {
            return wait(format!("the drain of {name} to show in Flink"), "not shown yet");
        }
        return run(start());
    };
    if drain.job.ended() {
        if done.0.len() > known.earlier {
            return fail(died(&format!("The drain of {name}"), drain, &job.stopped.savepoint));
        }
        return run(start());
    }
    let offsets = drain.offsets.as_deref().unwrap_or_default();
    if let Some(stray) =
        offsets.iter().find(|offset| offset.server_id.is_some_and(|id| id != seen.switched.blue_server.server_id))
    {
        return fail(astray(&format!("The drain of {name}"), stray, seen.switched.blue_server.server_id));
    }
    if !offsets.is_empty() && offsets.iter().all(|offset| covers(offset, &seen.end)) {
        let number =
            u32::try_from(done.0.iter().filter(|attempt| attempt.id == stop_id(name)).count()).unwrap_or(u32::MAX);
        return run(Operation::StopDrain {
            job: name.clone(),
            job_id: drain.job.id.clone(),
            directory: seen.savepoints.clone(),
            trigger: trigger(&known.run, &format!("{name} drain"), number),
            end: seen.end.clone(),
        });
    }
    if let Some(next) = restarting(&format!("The drain of {name}"), drain, &job.stopped.savepoint) {
        return next;
    }
    wait(
        format!("{name} to read blue's log to its end, {}", seen.end),
        &format!("{}, {}", drain.job.state, shown(offsets)),
    )
}

fn on_green(
    job: &Seen,
    green: &Running,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Moved, Box<Decision>> {
    let name = &job.stopped.name;
    if green.job.ended() {
        if done.0.len() > known.earlier {
            return fail(died(&format!("{name} on green"), green, &job.stopped.savepoint));
        }
        return run(submit_green(job, seen));
    }
    let offsets = green.offsets.as_deref().unwrap_or_default();
    let id = seen.switched.green_server.server_id;
    if let Some(stray) = offsets.iter().find(|offset| offset.server_id.is_some_and(|found| found != id)) {
        return fail(astray(&format!("{name} on green"), stray, id));
    }
    if green.job.state == "RUNNING" && proven(offsets, seen) {
        return Ok(Moved {
            name: name.clone(),
            job_id: green.job.id.clone(),
            drained_to: seen.end.to_string(),
            drained: drained_by(job, seen).unwrap_or(&job.stopped.savepoint).to_owned(),
            offsets: offsets.to_vec(),
        });
    }
    if let Some(next) = restarting(&format!("{name} on green"), green, &job.stopped.savepoint) {
        return next;
    }
    wait(
        format!("a completed checkpoint of {name} that names green (server_id {id})"),
        &format!("{}, {}", green.job.state, shown(offsets)),
    )
}

/// Every source has read green, or stands idle where that can be seen: at the end of green's log, or still at the
/// coordinates beside a source that has read.
fn proven(offsets: &[Offset], seen: &Observation) -> bool {
    let read = |offset: &Offset| offset.server_id == Some(seen.switched.green_server.server_id);
    let any = offsets.iter().any(read);
    let at_end = |offset: &Offset| {
        let end = seen.green_end.as_ref().filter(|end| end.file == offset.file);
        // A reader that has followed into a new file stands at its first byte until something is written.
        is_clean(offset)
            && end.is_some_and(|end| {
                end.position == offset.position || (end.position <= HEADER && offset.position <= HEADER)
            })
    };
    let at_start =
        |offset: &Offset| offset.file == seen.coordinates.file && offset.position == seen.coordinates.position;
    !offsets.is_empty()
        && offsets.iter().all(|offset| {
            offset.phase == Phase::Binlog && (read(offset) || at_end(offset) || (any && at_start(offset)))
        })
}

fn submit_green(job: &Seen, seen: &Observation) -> Operation {
    Operation::Submit {
        job: job.stopped.name.clone(),
        flink_name: job.stopped.flink_name.clone(),
        part: Part::Green,
        start: Start::Coordinates { file: seen.coordinates.file.clone(), position: seen.coordinates.position },
        address: seen.switched.address.clone(),
        production: seen.switched.address.clone(),
    }
}

fn run(operation: Operation) -> Result<Moved, Box<Decision>> {
    Err(Box::new(Next::Do(operation)))
}

fn wait(awaited: String, seen: &str) -> Result<Moved, Box<Decision>> {
    Err(Box::new(Next::Wait { awaited, seen: seen.to_owned() }))
}

fn fail(error: Error) -> Result<Moved, Box<Decision>> {
    Err(Box::new(Next::Fail(error)))
}

/// A submit whose reply is lost may still show as a job.
fn confirm(of: &str, operation: Operation) -> Result<Moved, Box<Decision>> {
    let then = Box::new(Next::Do(operation));
    Err(Box::new(Next::Confirm { of: of.to_owned(), looks: 3, spanning: SUBMIT_MAY_TAKE, then }))
}

fn died(what: &str, running: &Running, savepoint: &str) -> Error {
    let mut error = Error::permanent(format!("{what} ended as {}", running.job.state))
        .unchanged(format!("The savepoint {savepoint} is kept"))
        .hint("Remove the cause, then type the same command again: it starts the job anew from the same place");
    error.causes.extend(running.failure.clone());
    error
}

/// A job that fails and restarts over and over will not come to itself.
fn restarting(what: &str, running: &Running, savepoint: &str) -> Option<Result<Moved, Box<Decision>>> {
    let failure = running.failure.as_ref()?;
    let first = failure.lines().next().unwrap_or_default();
    let mut error = died(what, running, savepoint);
    error.message = format!("{what} fails and restarts over and over");
    error.hint = Some("Cancel the job, remove the cause, then type the same command again".to_owned());
    let of = format!("{what} is {}: {first}", running.job.state);
    Some(Err(Box::new(Next::Confirm {
        of,
        looks: 5,
        spanning: Duration::from_secs(60),
        then: Box::new(Next::Fail(error)),
    })))
}

fn astray(what: &str, offset: &Offset, expected: u32) -> Error {
    Error::drift(format!(
        "{what} reads a server with server_id {}, and {expected} is expected",
        offset.server_id.unwrap_or_default()
    ))
    .cause(format!("Its committed offset for {} is {}:{}", offset.source, offset.file, offset.position))
    .unchanged("The job runs on; the savepoints are kept")
    .hint("Cancel the job, find out where its address leads, then type the same command again")
}

fn shown(offsets: &[Offset]) -> String {
    if offsets.is_empty() {
        return "no completed checkpoint yet".to_owned();
    }
    offsets
        .iter()
        .map(|offset| {
            format!("{} at {}:{} (+{} events)", offset.source, offset.file, offset.position, offset.skip_events)
        })
        .collect::<Vec<_>>()
        .join(", ")
}
