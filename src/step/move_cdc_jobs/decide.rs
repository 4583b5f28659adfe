//! The decision, pure: nothing is stopped before all can move, and a job that cannot goes back.

use std::time::Duration;

use super::{
    Moved, Operation, Outputs, back_id,
    look::{Observation, Seen, only_stops},
    prove, submit_id,
};
use crate::{
    error::Error,
    handover::{consumer::flink_sql::Replay, tail::Located},
    step::{
        contract::{Attempts, Done, Fate, Known, Next},
        jobs::{self, Standing},
        resume_cdc_jobs,
        stop_cdc_jobs::{self, Stopped, stop_id},
        submit_cdc_jobs::{Order, Part, Start, died, lost},
    },
};

pub(super) type Decision = Next<Operation, Outputs>;

/// What a green that logs what it applies shows of a blue that is written to.
const SHOWS_WITHIN: Duration = Duration::from_secs(60);

const ORDINARY: &str = "Move the jobs the ordinary way: in the playbook, `stop_cdc_jobs` before `switchover`, and after it \
                        `submit_cdc_jobs`, instead of `move_cdc_jobs` and `repoint_cdc_jobs`. `upgrade abort PLAYBOOK` takes \
                        this run back, or `--new-run` leaves it as it is";

pub(super) fn decide(seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    let all = || seen.stops.jobs.iter().zip(&seen.jobs);
    let mut refused = None;
    // One that cannot move keeps those that still run at blue from being stopped.
    for (stop, job) in all() {
        if matches!(&stop.standing, Standing::Alive(_)) && !is_alive(job) && !put_back(stop, done, known) {
            refused = refused.or_else(|| refusal(stop, job, seen));
        }
    }
    if let Some(error) = refused {
        return Next::Fail(error);
    }
    if let Some((stop, job)) = all().find(|(_, job)| job.silent) {
        let why = match &job.probe {
            Some(Located::NotYet(why)) => why.clone(),
            _ => String::new(),
        };
        let text = format!("{} cannot move early: nothing that blue wrote was found in green's log", stop.name);
        let error = Error::permanent(text).cause(why).unchanged("No CDC job was stopped for it").hint(ORDINARY);
        let of = "green follows blue, and its log shows nothing that blue wrote".to_owned();
        return Next::Confirm { of, looks: 5, spanning: SHOWS_WITHIN, then: Box::new(Next::Fail(error)) };
    }
    let ready = all().all(|(_, job)| !matches!(job.probe, Some(Located::NotYet(_))));
    match jobs::together(all().map(|(stop, job)| one(stop, job, seen, known, done, ready))) {
        Ok(jobs) => {
            let (blue_server, green_server) = (seen.stops.blue.clone(), seen.green.clone());
            Next::Done(Done::new(Outputs { jobs, blue_server, green_server }))
        }
        Err(next) => next,
    }
}

fn is_alive(job: &Seen) -> bool {
    job.early.as_ref().is_some_and(|early| !early.job.ended())
}

/// Why the job, which runs at blue, must not be stopped for this.
fn refusal(stop: &stop_cdc_jobs::Seen, job: &Seen, seen: &Observation) -> Option<Error> {
    let name = &stop.name;
    let refuse = |text: String, cause: String| {
        Some(Error::permanent(text).cause(cause).unchanged("No CDC job was stopped for it").hint(ORDINARY))
    };
    if let Replay::Unsafe(why) = &stop.replay {
        return refuse(format!("{name} cannot move early: a replay is not safe for its sink"), why.clone());
    }
    if !seen.green.log_bin || !seen.green.log_replica_updates {
        let cause = format!(
            "log_bin is {}, log_replica_updates is {} at {}",
            seen.green.log_bin, seen.green.log_replica_updates, seen.address
        );
        return refuse(format!("{name} cannot move early: green does not log what it applies"), cause);
    }
    match &job.probe {
        Some(Located::Nowhere(why)) => {
            refuse(format!("{name} cannot move early: what blue writes was not found in green's log"), why.clone())
        }
        _ => None,
    }
}

fn one(
    stop: &stop_cdc_jobs::Seen,
    job: &Seen,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
    ready: bool,
) -> Result<Moved, Box<Decision>> {
    let name = &stop.name;
    if let Some(early) = job.early.as_ref().filter(|early| !early.job.ended()) {
        if let Standing::Alive(other) = &stop.standing {
            return fail(
                Error::conflict(format!(
                    "Beside {name} on green a job named `{}` is alive ({})",
                    stop.flink_name, other.id
                ))
                .unchanged("Both were left as they are; the savepoint is kept")
                .hint("Find out who started it; end it, then type the same command again"),
            );
        }
        return prove::on_green(stop, job, early, seen, known, done);
    }
    if put_back(stop, done, known) {
        return returned(stop, done);
    }
    let stops = only_stops(done);
    let earlier = done.0.iter().take(known.earlier).filter(|attempt| matches!(attempt.operation, Operation::Stop(_)));
    let known_of_stops = Known { earlier: earlier.count(), ..known.clone() };
    let stopped = match stop_cdc_jobs::rest(stop, &seen.stops, &known_of_stops, &stops) {
        Ok(stopped) => stopped,
        Err(next) => {
            return match (*next, &job.probe) {
                (Next::Do(_), None) => wait(format!("{name} to run, so that it can be moved"), "not looked at yet"),
                (Next::Do(_), Some(Located::NotYet(why))) => wait(format!("green to show the place of {name}"), why),
                (Next::Do(_), _) if !ready => {
                    wait(format!("the other jobs, before {name} is stopped"), "not ready yet")
                }
                (next, _) => Err(Box::new(lifted(next))),
            };
        }
    };
    if let Some(early) = &job.early
        && done.0.len() > known.earlier
    {
        return fail(died(&format!("{name} on green"), early, &stopped.savepoint));
    }
    let id = submit_id(name);
    let shows = job.early.is_some();
    if !shows && !done.unsettled(&id) && done.handle(&id).is_some() && done.0.len() > known.earlier {
        return wait(format!("{name} to show in Flink"), "not shown yet");
    }
    let nowhere = |why: &str| back(stop, job, &stopped, seen, (known, done), why);
    let operation = match (&stop.replay, &job.located) {
        (Replay::Unsafe(why), _) => return nowhere(why),
        (_, Some(Located::Nowhere(why))) => return nowhere(why),
        (_, None) => return nowhere("Its offsets are not of one log"),
        (_, Some(Located::NotYet(why))) => return wait(format!("green to have what {name} reads next"), why),
        (_, Some(Located::At { start, transactions, ambiguous })) => {
            let evidence = prove::evidence(&stopped, job, seen, known, (start, *transactions, *ambiguous));
            let start = match &job.gtid_set {
                Some(set) => Start::GtidSet(set.clone()),
                None => Start::Place(start.clone()),
            };
            let order = Order {
                job: name.clone(),
                flink_name: stop.flink_name.clone(),
                part: Part::Early,
                number: number(done, &id, shows),
                start,
                address: seen.address.clone(),
                production: seen.stops.production.clone(),
            };
            Operation::Submit { order, evidence: Box::new(evidence) }
        }
    };
    if !shows && done.unsettled(&id) {
        return Err(Box::new(lost(
            &format!("no job of this run for {name} on green"),
            &seen.version,
            Next::Do(operation),
        )));
    }
    Err(Box::new(Next::Do(operation)))
}

/// Which start this is: another only where the job of the last one has shown and has ended, or was certainly not made.
fn number(done: &Attempts<Operation>, id: &str, ended: bool) -> u32 {
    let Some(last) = done.last(id) else { return 1 };
    let Operation::Submit { order, .. } = &last.operation else { return 1 };
    if ended || matches!(last.fate, Fate::Failed(_)) { order.number.saturating_add(1) } else { order.number }
}

/// Whether this call has put the job back at blue, or that is not known yet.
fn put_back(stop: &stop_cdc_jobs::Seen, done: &Attempts<Operation>, known: &Known) -> bool {
    let place =
        |id: &str| done.0.iter().rposition(|attempt| attempt.id == id && !matches!(attempt.fate, Fate::Failed(_)));
    let alive = matches!(&stop.standing, Standing::Alive(_));
    place(&back_id(&stop.name)).is_some_and(|back| {
        alive && back >= known.earlier && place(&stop_id(&stop.name)).is_none_or(|stop| stop < back)
    })
}

/// It runs at blue again: that is the end of this call.
fn returned(stop: &stop_cdc_jobs::Seen, done: &Attempts<Operation>) -> Result<Moved, Box<Decision>> {
    let name = &stop.name;
    if let Standing::Alive(alive) = &stop.standing
        && alive.state != "RUNNING"
    {
        return wait(format!("{name} to run at blue again"), &alive.state);
    }
    let why = match done.last(&back_id(name)).map(|last| &last.operation) {
        Some(Operation::Back { why, .. }) => why.clone(),
        _ => String::new(),
    };
    let text = format!("{name} could not move early: the begin of its tail was not found in green's log");
    fail(Error::permanent(text).cause(why).unchanged("The job runs at blue again, from its savepoint").hint(ORDINARY))
}

/// What it has not read is not on green: it goes on at blue from its savepoint.
fn back(
    stop: &stop_cdc_jobs::Seen,
    job: &Seen,
    stopped: &Stopped,
    seen: &Observation,
    (known, done): (&Known, &Attempts<Operation>),
    why: &str,
) -> Result<Moved, Box<Decision>> {
    let id = back_id(&stop.name);
    let back = resume_cdc_jobs::Operation {
        job: stop.name.clone(),
        flink_name: stop.flink_name.clone(),
        savepoint: stopped.savepoint.clone(),
        before: job.back.iter().map(|job| job.id.clone()).collect(),
        production: seen.stops.production.clone(),
    };
    let operation = Operation::Back { back, why: why.to_owned() };
    let this_call = done.0.iter().skip(known.earlier).rfind(|attempt| attempt.id == id);
    if let Some(Operation::Back { back: sent, .. }) = this_call.map(|last| &last.operation)
        && done.handle(&id).is_some()
        && !done.unsettled(&id)
    {
        if job.back.iter().all(|job| sent.before.contains(&job.id)) {
            return wait(format!("{} to show in Flink", stop.name), "not shown yet");
        }
        return fail(resume_cdc_jobs::not_running(&stop.name, &stopped.savepoint, known, None));
    }
    let next = match done.last(&id).map(|last| &last.fate) {
        Some(Fate::Open | Fate::Unknown(_)) => {
            lost(&format!("no job of this run for {} at blue", stop.name), "", Next::Do(operation))
        }
        _ => Next::Do(operation),
    };
    Err(Box::new(next))
}

/// A decision about a stop, as one of this step.
fn lifted(next: Next<stop_cdc_jobs::Operation, stop_cdc_jobs::Outputs>) -> Decision {
    match next {
        Next::Do(stop_cdc_jobs::Operation::Stop(stop)) => Next::Do(Operation::Stop(stop)),
        Next::Do(_) | Next::Done(_) => Next::Fail(Error::bug("A job is only stopped before it moves early")),
        Next::Together(_) => Next::Fail(Error::bug("One job is stopped at a time before it moves early")),
        Next::Wait { awaited, seen } => Next::Wait { awaited, seen },
        Next::Confirm { of, looks, spanning, then } => {
            Next::Confirm { of, looks, spanning, then: Box::new(lifted(*then)) }
        }
        Next::Refuse(findings) => Next::Refuse(findings),
        Next::Gate { expires } => Next::Gate { expires },
        Next::Later { awaited, at } => Next::Later { awaited, at },
        Next::Undone(error) => Next::Undone(error),
        Next::Fail(error) => Next::Fail(error),
        Next::FailFor(explained) => Next::FailFor(explained),
    }
}

pub(super) fn wait(awaited: String, seen: &str) -> Result<Moved, Box<Decision>> {
    Err(Box::new(Next::Wait { awaited, seen: seen.to_owned() }))
}

pub(super) fn fail(error: Error) -> Result<Moved, Box<Decision>> {
    Err(Box::new(Next::Fail(error)))
}
