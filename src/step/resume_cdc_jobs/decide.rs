//! The decision, pure: one job of the name is to run at blue, and none is started beside another.

use std::time::Duration;

use super::{
    Operation, Outputs, Returned, id,
    look::{Observation, Seen},
    not_running,
};
use crate::{
    error::{Error, Kind},
    port::flink::{Job, Savepoint},
    step::{
        contract::{Attempts, Done, Fate, Known, Next},
        jobs::stateless,
    },
};

type Decision = Next<Operation, Outputs>;

/// The gateway may still be at work on a statement whose caller is gone.
const SUBMIT_MAY_TAKE: Duration = Duration::from_secs(65);
/// So may the JobManager on a stop.
const STOP_MAY_TAKE: Duration = Duration::from_secs(30);
/// A job that cannot read its source fails within seconds.
const SETTLED: Duration = Duration::from_secs(10);

enum One {
    Back(Returned),
    /// Somebody has started it, or it was never stopped; and how long that must show.
    AsFound(Returned, String, Duration),
    Next(Decision),
}

pub(super) fn decide(seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    if let Some(moved) = &seen.moved {
        return Next::Fail(
            Error::drift(format!("The savepoints belong to blue, and production is another database: {moved}"))
                .unchanged("No job was started; the savepoints are kept")
                .hint("Find out who has switched over; from there on the way is forward"),
        );
    }
    let (mut jobs, mut warnings, mut nexts, mut spanning) = (Vec::new(), Vec::new(), Vec::new(), SETTLED);
    for job in &seen.jobs {
        match one(job, seen, known, done) {
            One::Back(job) => jobs.push(job),
            One::AsFound(job, warning, shown) => {
                spanning = spanning.max(shown);
                jobs.push(job);
                warnings.push(warning);
            }
            One::Next(next) => nexts.push(next),
        }
    }
    // One that cannot go back must not keep the others.
    nexts.sort_by_key(|next| match next {
        Next::Do(_) => 0,
        Next::Confirm { then, .. } if matches!(**then, Next::Do(_)) => 1,
        Next::Wait { .. } => 2,
        Next::Confirm { .. } => 3,
        _ => 4,
    });
    if let Some(next) = nexts.into_iter().next() {
        return next;
    }
    let ids: Vec<_> = jobs.iter().map(|job| format!("{} ({})", job.name, job.job_id)).collect();
    let of = format!("at blue, running: {}", ids.join(", "));
    let all = Next::Done(Done::new(Outputs { jobs }).warnings(warnings));
    Next::Confirm { of, looks: 3, spanning, then: Box::new(all) }
}

fn one(job: &Seen, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> One {
    let name = &job.name;
    if let Some(back) = job.back.as_ref().filter(|back| !back.ended()) {
        return running(job, back, done, known);
    }
    match job.alive.as_slice() {
        [] => {}
        alive if alive.iter().any(|alive| alive.id == job.stopped) => return stopping(job),
        [alive, ..] => {
            let returned = Returned { name: name.clone(), job_id: alive.id.clone(), savepoint: None };
            let text = format!("{name} is alive in Flink ({}), and this run has not started it", alive.id);
            return One::AsFound(returned, format!("{text}; it was left as it is"), SETTLED);
        }
    }
    let id = id(name);
    let this_call = done.0.iter().skip(known.earlier).rfind(|attempt| attempt.id == id);
    let refused = this_call.and_then(|last| match &last.fate {
        Fate::Failed(error) if error.kind != Kind::Transient => Some(error.clone()),
        _ => None,
    });
    if let Some(error) = refused {
        return One::Next(Next::Fail(error));
    }
    let rest = job.rest.clone().unwrap_or_default();
    if let Some(back) = &job.back
        && this_call.is_some()
    {
        return One::Next(Next::Fail(ended(job, back, &rest, known)));
    }
    if matches!(job.savepoint, Savepoint::InProgress) {
        return wait(format!("the savepoint of {name}"), "in progress");
    }
    if rest.is_empty() {
        let gone = Error::permanent(format!("The job {name} is not running, and Flink knows no state it left behind"))
            .unchanged("Nothing was started")
            .hint(
                "Name its newest savepoint or checkpoint with `savepoint:` in the playbook, then type the same command again",
            );
        return One::Next(stateless(name, gone));
    }
    let operation = Operation {
        job: name.clone(),
        flink_name: job.flink_name.clone(),
        savepoint: rest,
        before: job.before.clone(),
        production: seen.production.clone(),
    };
    if done.unsettled(&id) {
        let of = format!("no job of this run for {name} at blue");
        let then = Box::new(Next::Do(operation));
        return One::Next(Next::Confirm { of, looks: 3, spanning: SUBMIT_MAY_TAKE, then });
    }
    if done.handle(&id).is_some() && job.back.is_none() && this_call.is_some() {
        return wait(format!("{name} to show in Flink"), "not shown yet");
    }
    One::Next(Next::Do(operation))
}

/// The job that was put back: it runs, comes up, or fails over and over.
fn running(job: &Seen, back: &Job, done: &Attempts<Operation>, known: &Known) -> One {
    if back.state == "RUNNING" {
        let started = done.last(&id(&job.name)).map(|last| last.operation.savepoint.clone());
        return One::Back(Returned { name: job.name.clone(), job_id: back.id.clone(), savepoint: started });
    }
    let Some(failure) = &job.failure else { return wait(format!("{} to run", job.name), &back.state) };
    let of = format!("{} is {}: {}", job.name, back.state, failure.lines().next().unwrap_or_default());
    let savepoint = done.last(&id(&job.name)).map_or("", |last| last.operation.savepoint.as_str());
    let mut error = ended(job, back, savepoint, known);
    error.message = format!("The job {} fails and restarts over and over at blue", job.name);
    error.unchanged = Some(format!("The savepoint {savepoint} is kept; Flink goes on trying"));
    let then = Box::new(Next::Fail(error));
    One::Next(Next::Confirm { of, looks: 5, spanning: Duration::from_secs(60), then })
}

/// The job that was to be stopped is alive: its stop is under way, or did not happen.
fn stopping(job: &Seen) -> One {
    match job.savepoint {
        Savepoint::InProgress => wait(format!("the savepoint of {}", job.name), "in progress"),
        Savepoint::Completed { .. } => wait(format!("{} to finish", job.name), "still alive"),
        Savepoint::Failed { .. } | Savepoint::Unknown => {
            let returned = Returned { name: job.name.clone(), job_id: job.stopped.clone(), savepoint: None };
            One::AsFound(returned, format!("{} runs as it did: it was not stopped", job.name), STOP_MAY_TAKE)
        }
    }
}

fn ended(job: &Seen, back: &Job, savepoint: &str, known: &Known) -> Error {
    let mut error = not_running(&job.name, savepoint, known, None);
    error.causes.push(format!("It ended as {}", back.state));
    error.causes.extend(job.failure.clone());
    error
}

fn wait(awaited: String, seen: &str) -> One {
    One::Next(Next::Wait { awaited, seen: seen.to_owned() })
}
