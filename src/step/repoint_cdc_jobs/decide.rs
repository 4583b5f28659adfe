//! The decision, pure: where each job comes to rest, that this is green's place, and what it shows at the new address.

use std::time::Duration;

use super::{
    KEPT, Operation, Outputs, Pointed, attest_id,
    look::{Observation, Seen, State, reads_green},
    started_with, submit_id,
};
use crate::{
    error::Error,
    event::Offset,
    handover::{
        early::Repointed,
        evidence::{Check, Party, Proof},
        offset::{earliest, place},
    },
    port::flink::Savepoint,
    step::{
        contract::{Attempts, Done, Fate, Known, Next},
        jobs::{self, Rows, Running},
        stop_cdc_jobs::{Stop, stop_id, trigger},
        submit_cdc_jobs::{Order, Part, Start, died, lost, restarting, shown, unsettled},
    },
};

type Decision = Next<Operation, Outputs>;

/// How long a job may take until every source has committed rows of green's own: a checkpoint or two, where they are written.
const CROSSING: time::Duration = time::Duration::seconds(30);

pub(super) fn decide(seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    let pointed = match jobs::together(seen.jobs.iter().map(|job| one(job, seen, known, done))) {
        Ok(pointed) => pointed,
        Err(next) => return next,
    };
    unsettled(seen.deployment.as_deref(), &seen.green.uuid, &seen.switched.address)
        .unwrap_or_else(|| Next::Done(Done::new(Outputs { jobs: pointed })))
}

fn one(job: &Seen, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Pointed, Box<Decision>> {
    let name = &job.moved.name;
    if let Some(stranger) = &job.stranger {
        return fail(
            Error::conflict(format!(
                "A Flink job named `{}` is alive that this run has not started ({stranger})",
                job.moved.flink_name
            ))
            .unchanged("It was left as it is; the savepoints are kept")
            .hint("Find out who started it and where it reads; end it, then type the same command again"),
        );
    }
    if let Some(green) = job.green.as_ref().filter(|green| !green.job.ended()) {
        return at_production(job, green, seen, known, done);
    }
    if let Some(early) = job.early.as_ref().filter(|early| !early.job.ended()) {
        return to_rest(job, early, seen, known, done);
    }
    let Some(rest) = &job.rest else {
        let gone = Error::permanent(format!("The job {name} is not running, and Flink knows no state it left behind"))
            .unchanged("Nothing was started")
            .hint(format!(
                "The savepoint of its move, {}, stands on blue: from it a handover of the ordinary way can begin, with \
                 `savepoint:` of the job",
                job.moved.savepoint
            ));
        return Err(Box::new(jobs::stateless(name, gone)));
    };
    if let Some(green) = &job.green
        && done.0.len() > known.earlier
    {
        return fail(died(&format!("{name} at the production address"), green, &rest.path));
    }
    if let Err(why) = &rest.ground {
        return fail(
            Error::drift(format!("The state that {name} left behind is no place of green's log: {why}"))
                .cause(format!("It is {}", rest.path))
                .unchanged("Nothing was started; all states are kept")
                .hint(format!(
                    "Compare source and sink before anything else. The savepoint of the move, {}, stands on blue",
                    job.moved.savepoint
                )),
        );
    }
    let id = submit_id(name);
    let shows = job.green.is_some();
    if !shows && !done.unsettled(&id) && done.handle(&id).is_some() && done.0.len() > known.earlier {
        return wait(format!("{name} to show in Flink"), "not shown yet");
    }
    let order = Order {
        job: name.clone(),
        flink_name: job.moved.flink_name.clone(),
        part: Part::Green,
        number: number(done, &id, shows),
        start: start(rest, seen),
        address: seen.switched.address.clone(),
        production: seen.switched.address.clone(),
    };
    let operation = Operation::Submit { order, evidence: Box::new(evidence(job, rest, seen, known)) };
    let next = Next::Do(operation);
    if !shows && done.unsettled(&id) {
        let of = format!("no job of this run for {name} at the production address");
        return Err(Box::new(lost(&of, &seen.version, next)));
    }
    Err(Box::new(next))
}

/// From the state itself where every source has read what green wrote. Where one still stands among blue's transactions, a
/// restored reader has lost the first rows of green (seen on real servers): then it starts without state at that place, and
/// reads all of it again, which its sinks take twice.
fn start(rest: &State, seen: &Observation) -> Start {
    let crossed = rest.offsets.iter().all(|offset| offset.server_id == Some(seen.green.server_id));
    let by_gtid = rest.offsets.iter().any(|offset| offset.gtid_set.is_some());
    match earliest(&rest.offsets).filter(|_| !crossed && !by_gtid) {
        Some(first) => Start::Place(place(first)),
        None => Start::Savepoint(rest.path.clone()),
    }
}

/// The job at green's own address: with a savepoint where it can make one, else at its newest checkpoint.
fn to_rest(
    job: &Seen,
    early: &Running,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Pointed, Box<Decision>> {
    let (name, id) = (&job.moved.name, &early.job.id);
    let state = early.job.state.as_str();
    let of_this = job.savepoint.as_ref().filter(|(stopping, _)| stopping == id).map(|(_, savepoint)| savepoint);
    match of_this {
        Some(Savepoint::InProgress) => return wait(format!("the savepoint of {name}"), "in progress"),
        Some(Savepoint::Completed { .. }) => return wait(format!("{name} to finish"), state),
        Some(Savepoint::Failed { .. } | Savepoint::Unknown) | None => {}
    }
    if state == "CANCELLING" {
        return wait(format!("{name} to end"), state);
    }
    let offsets = early.offsets.as_deref().unwrap_or_default();
    let crossed = !offsets.is_empty() && offsets.iter().all(|offset| offset.server_id == Some(seen.green.server_id));
    // Its rows flow meanwhile, and a state that names green can be restored as it is.
    if state == "RUNNING"
        && job.reached
        && !crossed
        && done.last(&stop_id(name)).is_none()
        && seen.now - seen.switched.finished_at < CROSSING
    {
        return wait(format!("{name} to commit what green has written itself"), &shown(offsets));
    }
    let failed = matches!(of_this, Some(Savepoint::Failed { .. }));
    // One that failed in an earlier call is tried again.
    let this_call = done.0.iter().skip(known.earlier).any(|attempt| attempt.id == stop_id(name));
    // Without its server it makes no savepoint and only loses time; its newest checkpoint is as good.
    let in_vain = !job.reached && job.retained;
    if state == "RUNNING" && !in_vain && !(failed && this_call) {
        let last = done.last(&stop_id(name)).map(|last| (&last.operation, last.number));
        let trigger = match last {
            Some((Operation::Stop(stop), _)) if stop.job_id == *id && !failed => stop.trigger.clone(),
            last => trigger(&known.run, &format!("{name} repoint"), last.map_or(1, |(_, number)| number + 1)),
        };
        let directory = seen.savepoints.clone();
        return Err(Box::new(Next::Do(Operation::Stop(Stop {
            job: name.clone(),
            job_id: id.clone(),
            directory,
            trigger,
        }))));
    }
    let cause = match of_this {
        Some(Savepoint::Failed { cause }) => format!("Flink could not make a savepoint: {cause}"),
        _ => early.failure.clone().unwrap_or_else(|| state.to_owned()),
    };
    if !job.retained {
        return fail(
            Error::permanent(format!("{name} can make no savepoint, and a cancelled job of its settings keeps no checkpoint"))
                .cause(cause)
                .unchanged("Nothing was stopped; its newest checkpoint is there as long as it restarts")
                .hint("Let green's own name lead to green again, or copy the folder of its newest checkpoint; then type the same command again"),
        );
    }
    let cancel = Operation::Cancel { job: name.clone(), job_id: id.clone() };
    if !job.reached {
        // It restarts in vain.
        return Err(Box::new(Next::Do(cancel)));
    }
    Err(Box::new(Next::Confirm {
        of: format!("{name} is {state} and can make no savepoint"),
        looks: 3,
        spanning: Duration::ZERO,
        then: Box::new(Next::Do(cancel)),
    }))
}

/// The job is alive at the production address: does it show that it reads green there?
fn at_production(
    job: &Seen,
    green: &Running,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Pointed, Box<Decision>> {
    let name = &job.moved.name;
    let Some(start) = started_with(name, done) else {
        return fail(
            Error::drift(format!("A job of this run reads green for {name}, and no evidence of its start is recorded"))
                .unchanged("The job runs on; the savepoints are kept")
                .hint("Cancel the job in Flink, then type the same command again: it starts it anew with its evidence"),
        );
    };
    if let Some(Err(why)) = &job.ground {
        return fail(
            Error::drift(format!("{name} does not read green at {}: {why}", seen.switched.address))
                .unchanged(format!("The job runs on; the state {} is kept", start.state))
                .hint("Cancel the job, find out where its address leads, then type the same command again"),
        );
    }
    let offsets = green.offsets.as_deref().unwrap_or_default();
    if green.job.state == "RUNNING"
        && job.ground.is_some()
        && reads_green(offsets, start, &seen.green, seen.end.as_ref())
    {
        let attested = done.last(&attest_id(name)).and_then(|last| match &last.operation {
            Operation::Attest { evidence } => evidence.proof.as_ref(),
            _ => None,
        });
        if let Some(proof) = attested.filter(|proof| proof.job_id == green.job.id)
            && done.handle(&attest_id(name)).is_some()
        {
            return Ok(Pointed {
                name: name.clone(),
                job_id: green.job.id.clone(),
                state: start.state.clone(),
                evidence: KEPT.file(name),
                offsets: proof.offsets.clone(),
            });
        }
        let rows = job.rows.as_ref();
        let from = rows.and_then(|(from, _)| from.as_ref());
        let rows = Rows::check(rows.map(|(_, rows)| rows), name, "repoint_cdc_jobs", from)?;
        let mut proof = proof(green, offsets, seen, known);
        proof.checks.push(rows);
        let evidence = Repointed { proof: Some(proof), ..start.clone() };
        return Err(Box::new(Next::Do(Operation::Attest { evidence: Box::new(evidence) })));
    }
    if let Some(next) = restarting(&format!("{name} at the production address"), green, &start.state) {
        return Err(Box::new(next));
    }
    let awaited = format!("a completed checkpoint of {name} that names green (server_id {})", seen.green.server_id);
    wait(awaited, &format!("{}, {}", green.job.state, shown(offsets)))
}

fn evidence(job: &Seen, rest: &State, seen: &Observation, known: &Known) -> Repointed {
    let address = &seen.switched.address;
    let checks = vec![
        Check::new(
            "the production address leads to the server that the job has read",
            format!("SELECT @@server_uuid at {address}"),
            &seen.green.uuid,
        ),
        Check::new(
            "its state is a place of that server's log",
            format!("{}, SHOW BINARY LOGS at {address}, and the log itself", rest.path),
            shown(&rest.offsets),
        ),
    ];
    Repointed {
        run: known.run.clone(),
        job: job.moved.name.clone(),
        green: Party::of(address, &seen.green),
        state: rest.path.clone(),
        offsets: rest.offsets.clone(),
        production: address.clone(),
        checks,
        proof: None,
    }
}

fn proof(green: &Running, offsets: &[Offset], seen: &Observation, known: &Known) -> Proof {
    let ids = offsets.iter().map(|offset| offset.server_id.map_or("none".to_owned(), |id| id.to_string()));
    let id = &green.job.id;
    let checks = vec![
        Check::new(
            "one job of the run is alive",
            "GET /jobs/overview, /jobs/:id/config",
            format!("{id} of run {}", known.run),
        ),
        Check::new("it runs", format!("GET /jobs/{id}/status"), &green.job.state),
        Check::new(
            "its committed offset is green's",
            "server_id in the bytes of its newest completed checkpoint",
            format!("{} (green: {})", ids.collect::<Vec<_>>().join(", "), seen.green.server_id),
        ),
    ];
    Proof { job_id: id.clone(), offsets: offsets.to_vec(), checks }
}

/// Which start this is: another only where the job of the last one has shown and has ended, or was certainly not made.
fn number(done: &Attempts<Operation>, id: &str, ended: bool) -> u32 {
    let Some(last) = done.last(id) else { return 1 };
    let Operation::Submit { order, .. } = &last.operation else { return 1 };
    if ended || matches!(last.fate, Fate::Failed(_)) { order.number.saturating_add(1) } else { order.number }
}

fn wait(awaited: String, seen: &str) -> Result<Pointed, Box<Decision>> {
    Err(Box::new(Next::Wait { awaited, seen: seen.to_owned() }))
}

fn fail(error: Error) -> Result<Pointed, Box<Decision>> {
    Err(Box::new(Next::Fail(error)))
}
