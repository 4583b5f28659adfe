//! The decision, pure: the way each job goes, what has to be done next on it, and belief in nothing but the job's own
//! committed offset.

use std::time::Duration;

use super::{
    Moved, Operation, Order, Outputs, Part, Start, jobs,
    jobs::Running,
    look::{Observation, Seen},
    prove, stop_id, submit_id,
    way::{Way, way},
};
use crate::{
    error::Error,
    event::Offset,
    handover::evidence::Tail,
    port::flink::Savepoint,
    step::{
        contract::{Attempts, Done, Fate, Known, Next},
        stop_cdc_jobs::trigger,
    },
};

pub(super) type Decision = Next<Operation, Outputs>;

/// The gateway may still be at work on a statement whose caller is gone.
const SUBMIT_MAY_TAKE: Duration = Duration::from_secs(65);

/// Flink whose gateway was seen to obey a job id of our own: the same submit twice is one job there.
const OBEYS: [&str; 1] = ["1.20."];

pub(super) fn decide(seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    let moved = match jobs::together(seen.jobs.iter().map(|job| one(job, seen, known, done))) {
        Ok(moved) => moved,
        Err(next) => return next,
    };
    prove::afterwards(seen).unwrap_or_else(|| Next::Done(Done::new(Outputs { jobs: moved })))
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
    if let Some(green) = &job.green
        && !green.job.ended()
    {
        return prove::on_green(job, green, seen, known, done);
    }
    if let Some(green) = &job.green
        && done.0.len() > known.earlier
    {
        return fail(died(&format!("{name} on green"), green, &job.stopped.savepoint));
    }
    if job.stopped.carried_over.is_some() {
        return fail(
            Error::drift(format!("{name} went on with green by itself, and has ended since"))
                .unchanged("Nothing was started")
                .hint(
                    "`upgrade resolve PLAYBOOK stop_cdc_jobs --as retry --reason TEXT` looks again at where it stands",
                ),
        );
    }
    let id = submit_id(Part::Green, name);
    let shows = job.green.is_some();
    if !shows && !done.unsettled(&id) && done.handle(&id).is_some() && done.0.len() > known.earlier {
        return wait(format!("{name} to show in Flink"), "not shown yet");
    }
    let operation = match way(job, seen) {
        Way::Green { start, tail } => submit_green(job, seen, known, done, start, tail),
        Way::Drain(because) => return draining_or_stopped(job, seen, known, done, &because),
        Way::Nowhere(error) => return fail(error),
    };
    if job.drain.as_ref().is_some_and(|drain| !drain.job.ended()) {
        return wait(format!("the drain of {name} to end"), "still alive");
    }
    if !shows && done.unsettled(&id) {
        return confirm(&format!("no job of this run for {name} on green"), seen, operation);
    }
    run(operation)
}

fn draining_or_stopped(
    job: &Seen,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
    because: &str,
) -> Result<Moved, Box<Decision>> {
    let name = &job.stopped.name;
    let Some(drained) = &job.drained else { return draining(job, seen, known, done, because) };
    match &drained.state {
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
        Savepoint::Failed { .. } | Savepoint::Unknown => draining(job, seen, known, done, because),
    }
}

fn draining(
    job: &Seen,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
    because: &str,
) -> Result<Moved, Box<Decision>> {
    let name = &job.stopped.name;
    let id = submit_id(Part::Drain, name);
    let Some(address) = seen.drain_at.clone() else {
        return wait(format!("the old side to show under its new name, for {name} to drain it"), "not shown yet");
    };
    let start = || Operation::Submit {
        order: Order {
            job: name.clone(),
            flink_name: job.stopped.flink_name.clone(),
            part: Part::Drain,
            number: number(done, &id, job.drain.is_some()),
            start: Start::Savepoint(job.stopped.savepoint.clone()),
            address: address.clone(),
            production: seen.switched.address.clone(),
        },
        evidence: None,
    };
    let Some(drain) = &job.drain else {
        if done.unsettled(&id) {
            return confirm(&format!("no job of this run that drains {name}"), seen, start());
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
    if jobs::cover(offsets, &seen.end) {
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
        return Err(Box::new(next));
    }
    wait(
        format!("{name} to read blue's log to its end, {} ({because})", seen.end),
        &format!("{}, {}", drain.job.state, shown(offsets)),
    )
}

fn submit_green(
    job: &Seen,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
    start: Start,
    tail: Tail,
) -> Operation {
    let evidence = Some(Box::new(prove::evidence(job, seen, known, tail)));
    let order = Order {
        job: job.stopped.name.clone(),
        flink_name: job.stopped.flink_name.clone(),
        part: Part::Green,
        number: number(done, &submit_id(Part::Green, &job.stopped.name), job.green.is_some()),
        start,
        address: seen.switched.address.clone(),
        production: seen.switched.address.clone(),
    };
    Operation::Submit { order, evidence }
}

/// Which start this is: another only where the job of the last one has shown and has ended, or was certainly not made.
fn number(done: &Attempts<Operation>, id: &str, ended: bool) -> u32 {
    let Some(last) = done.last(id) else { return 1 };
    let Operation::Submit { order, .. } = &last.operation else { return 1 };
    if ended || matches!(last.fate, Fate::Failed(_)) { order.number.saturating_add(1) } else { order.number }
}

fn run(operation: Operation) -> Result<Moved, Box<Decision>> {
    Err(Box::new(Next::Do(operation)))
}

pub(super) fn wait(awaited: String, seen: &str) -> Result<Moved, Box<Decision>> {
    Err(Box::new(Next::Wait { awaited, seen: seen.to_owned() }))
}

pub(super) fn fail(error: Error) -> Result<Moved, Box<Decision>> {
    Err(Box::new(Next::Fail(error)))
}

/// A submit whose reply is lost may still show as a job.
fn confirm(of: &str, seen: &Observation, operation: Operation) -> Result<Moved, Box<Decision>> {
    Err(Box::new(lost(of, &seen.version, Next::Do(operation))))
}

/// The same, for every step that submits: `of` is that no job shows, `version` that of the Flink which was given the job's id.
pub(in crate::step) fn lost<Op, Out>(of: &str, version: &str, then: Next<Op, Out>) -> Next<Op, Out> {
    let spanning = if OBEYS.iter().any(|known| version.starts_with(known)) { Duration::ZERO } else { SUBMIT_MAY_TAKE };
    Next::Confirm { of: of.to_owned(), looks: 3, spanning, then: Box::new(then) }
}

pub(in crate::step) fn died(what: &str, running: &Running, savepoint: &str) -> Error {
    let mut error = Error::permanent(format!("{what} ended as {}", running.job.state))
        .unchanged(format!("The savepoint {savepoint} is kept"))
        .hint("Remove the cause, then type the same command again: it starts the job anew from the same place");
    error.causes.extend(running.failure.clone());
    error
}

/// A job that fails and restarts over and over will not come to itself.
pub(in crate::step) fn restarting<Op, Out>(what: &str, running: &Running, savepoint: &str) -> Option<Next<Op, Out>> {
    let failure = running.failure.as_ref()?;
    let first = failure.lines().next().unwrap_or_default();
    let mut error = died(what, running, savepoint);
    error.message = format!("{what} fails and restarts over and over");
    error.hint = Some("Cancel the job, remove the cause, then type the same command again".to_owned());
    let of = format!("{what} is {}: {first}", running.job.state);
    Some(Next::Confirm { of, looks: 5, spanning: Duration::from_secs(60), then: Box::new(Next::Fail(error)) })
}

pub(super) fn astray(what: &str, offset: &Offset, expected: u32) -> Error {
    Error::drift(format!(
        "{what} reads a server with server_id {}, and {expected} is expected",
        offset.server_id.unwrap_or_default()
    ))
    .cause(format!("Its committed offset for {} is {}:{}", offset.source, offset.file, offset.position))
    .unchanged("The job runs on; the savepoints are kept")
    .hint("Cancel the job, find out where its address leads, then type the same command again")
}

pub(in crate::step) fn shown(offsets: &[Offset]) -> String {
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
