//! The decision, pure: what the states of a deployment mean before, during and after a switchover.

use std::time::Duration;

use super::{
    Operation, Outputs, Switchover,
    look::{After, Before, Observation, Sides},
};
use crate::{
    error::{Error, Kind},
    port::{
        mysql::{Address, Server},
        rds::Deployment,
        side::{Side, name_of},
    },
    step::{
        contract::{Attempts, Done, Fate, Known, Next},
        green_runs,
    },
};

type Decision = Next<Operation, Outputs>;

pub(super) fn id(number: u32) -> String {
    format!("switchover {number}")
}

pub(super) fn decide(step: &Switchover, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    let Some(deployment) = &seen.deployment else {
        let text = format!("The deployment {} is no longer there", seen.created.deployment);
        return Next::Fail(
            Error::drift(text)
                .unchanged("No switchover was asked for now; CDC jobs that were stopped for it are still stopped")
                .hint(way_on(done)),
        );
    };
    match &seen.sides {
        Sides::After(after) => completed(seen, deployment, after, done),
        Sides::Flipped { production, old } => flipped(seen, production.as_ref(), old.as_ref(), done),
        Sides::Under { cancelled, production } => {
            let live = production.as_ref().map_or("not answering", |server| {
                if server.uuid == last_blue(done) { "still blue" } else { "no longer blue" }
            });
            under_way(step, seen, deployment, cancelled.as_deref(), live, done)
        }
        Sides::Before(before) => first(step, seen, deployment, before, known, done),
    }
}

fn last_blue(done: &Attempts<Operation>) -> &str {
    done.0.last().map_or("", |attempt| attempt.operation.blue_server.uuid.as_str())
}

/// No call is out: is everything ready for one?
fn first(
    step: &Switchover,
    seen: &Observation,
    deployment: &Deployment,
    before: &Before,
    known: &Known,
    done: &Attempts<Operation>,
) -> Decision {
    match deployment.status.as_str() {
        "AVAILABLE" => {}
        "INVALID_CONFIGURATION" | "SWITCHOVER_FAILED" | "DELETING" => return Next::Fail(stuck(deployment, done)),
        status => return Next::Wait { awaited: "the deployment to be AVAILABLE".to_owned(), seen: status.to_owned() },
    }
    let applied = done.0.iter().filter(|attempt| !matches!(attempt.fate, Fate::Failed(_))).count();
    let consents = known.consents.unwrap_or(1) as usize;
    if applied >= consents {
        return Next::Fail(spent());
    }
    if let Some(wait) = unready(step, before, known) {
        return wait;
    }
    let gtid = before
        .green_server
        .as_ref()
        .map(|server| server.gtid_mode.as_str())
        .filter(|mode| mode.to_ascii_uppercase().ends_with("_PERMISSIVE"));
    if let Some(mode) = gtid.filter(|_| !known.playbook.cdc_jobs.is_empty()) {
        let text = format!(
            "gtid_mode of green is {mode}: its log may hold transactions with and without GTID, and a job cannot be placed by either"
        );
        let error = Error::permanent(text).unchanged("No switchover was asked for");
        return Next::Fail(error.hint("Set gtid-mode to ON or OFF in green's parameter group and reboot green"));
    }
    let (Some(green), Some(green_server)) = (before.green.clone(), before.green_server.clone()) else {
        return Next::Wait { awaited: "green's writer to answer".to_owned(), seen: "no connection".to_owned() };
    };
    let operation = Operation {
        number: u32::try_from(applied).unwrap_or(u32::MAX).saturating_add(1),
        deployment: deployment.id.clone(),
        timeout_seconds: step.timeout.as_secs(),
        at: seen.now,
        blue: before.blue.clone(),
        green,
        blue_server: before.blue_server.clone(),
        green_server,
        blue_itself: before.blue_itself.clone(),
        cancellations: before.cancellations,
    };
    let of = "every member is available and in sync, and green follows blue".to_owned();
    Next::Confirm { of, looks: 3, spanning: Duration::ZERO, then: Box::new(Next::Do(operation)) }
}

/// What is not ready yet.
fn unready(step: &Switchover, before: &Before, known: &Known) -> Option<Decision> {
    let Some(green) = &before.green else {
        return Some(Next::Wait { awaited: "green to show".to_owned(), seen: "not shown".to_owned() });
    };
    for side in [&before.blue, green] {
        if let Some(wait) = unsettled(side) {
            return Some(wait);
        }
    }
    let Some(server) = &before.green_server else {
        return Some(Next::Wait { awaited: "green's writer to answer".to_owned(), seen: "no connection".to_owned() });
    };
    let unfit = green_runs::unfit(known, server)
        .or_else(|| green_runs::other_gtid(known, &before.blue_server, server))
        .or_else(|| green_runs::short_lived(known, before.retention));
    if let Some(error) = unfit {
        return Some(Next::Fail(error));
    }
    let lag = before.replication.as_ref().and_then(|replication| replication.seconds_behind);
    match &before.replication {
        Some(replication) if replication.running && lag.is_some_and(|lag| lag <= step.max_lag.as_secs()) => None,
        Some(replication) => {
            let lag = lag.map_or("unknown".to_owned(), |lag| format!("{lag} s"));
            let error = replication.last_error.clone().map(|error| format!(": {error}")).unwrap_or_default();
            let running = if replication.running { "running" } else { "stopped" };
            Some(Next::Wait {
                awaited: format!("green to follow within {} s", step.max_lag.as_secs()),
                seen: format!("replication {running}, {lag} behind{error}"),
            })
        }
        None => Some(Next::Wait {
            awaited: "green to follow blue".to_owned(),
            seen: "green shows no replication".to_owned(),
        }),
    }
}

fn unsettled(side: &Side) -> Option<Decision> {
    if side.status != "available" {
        return Some(Next::Wait { awaited: format!("{} to be available", side.database), seen: side.status.clone() });
    }
    let member = side.members.iter().find(|member| member.status != "available" || member.parameters != "in-sync")?;
    Some(Next::Wait {
        awaited: format!("{} to be available and in sync", member.id),
        seen: format!("{}, parameters {}", member.status, member.parameters),
    })
}

/// A call is out, or may be.
fn under_way(
    step: &Switchover,
    seen: &Observation,
    deployment: &Deployment,
    cancelled: Option<&str>,
    live: &str,
    done: &Attempts<Operation>,
) -> Decision {
    let Some(last) = done.0.last() else {
        return Next::Fail(Error::bug("A switchover is under way that was never begun"));
    };
    let details = deployment.status_details.clone().map(|details| format!(" ({details})")).unwrap_or_default();
    match deployment.status.as_str() {
        "AVAILABLE" if cancelled.is_some() || matches!(last.fate, Fate::Done(_)) => {
            let why = cancelled.unwrap_or("RDS shows the deployment as AVAILABLE again").to_owned();
            let error = rolled_back(&why, live);
            let looks = if cancelled.is_some() { (2, Duration::ZERO) } else { (3, Duration::from_secs(60)) };
            let of = format!("the switchover was rolled back; production is {live}");
            Next::Confirm { of, looks: looks.0, spanning: looks.1, then: Box::new(Next::Undone(error)) }
        }
        "AVAILABLE" if live == "still blue" => {
            let mut operation = last.operation.clone();
            operation.at = seen.now;
            operation.timeout_seconds = step.timeout.as_secs();
            let of =
                "the deployment is AVAILABLE, production is still blue, and no event tells of a switchover".to_owned();
            Next::Confirm { of, looks: 3, spanning: Duration::from_secs(30), then: Box::new(Next::Do(operation)) }
        }
        "SWITCHOVER_FAILED" | "INVALID_CONFIGURATION" | "DELETING" => Next::Fail(stuck(deployment, done)),
        status => {
            let members: Vec<_> =
                deployment.members.iter().map(|pair| format!("{} {}", name_of(&pair.source), pair.status)).collect();
            Next::Wait {
                awaited: "the switchover to complete".to_owned(),
                seen: format!("{status}{details}; production {live}; {}", members.join(", ")),
            }
        }
    }
}

/// RDS says so, or the servers themselves do: green takes writes at the production address and blue none.
fn completed(seen: &Observation, deployment: &Deployment, after: &After, done: &Attempts<Operation>) -> Decision {
    let wait = |awaited: &str, seen: &str| Next::Wait { awaited: awaited.to_owned(), seen: seen.to_owned() };
    let created = &seen.created;
    let Some(old) = &after.old else { return wait("the old side to show under its new name", "not shown yet") };
    if old.database.id() == created.blue.database.id() {
        return wait("the names to have moved", "the old side still has its old name");
    }
    let (Some(production), Some(server)) = (&after.production, &after.server) else {
        return wait("the production address to answer", "no connection");
    };
    let operation =
        done.0.iter().rev().find(|attempt| !matches!(attempt.fate, Fate::Failed(_))).map(|attempt| &attempt.operation);
    let Some(operation) = operation else {
        return Next::Fail(by_hand(&created.deployment));
    };
    if server.uuid == operation.blue_server.uuid {
        return wait("the production address to lead to green", "it still leads to the old side");
    }
    if deployment.status != "SWITCHOVER_COMPLETED" && !frozen(after.old_server.as_ref(), &operation.blue_server.uuid) {
        return wait("the old side to answer under its new name, read-only", &deployment.status);
    }
    if server.uuid != operation.green_server.uuid {
        return Next::Fail(elsewhere(server));
    }
    let (Ok(address), Ok(old_address)) = (production.write_address(), old.write_address()) else {
        return wait("both sides to show their endpoints", "not shown yet");
    };
    let sides = [&operation.blue, &operation.green, production, old];
    let old = (Some(old.database.id().to_owned()), old_address.clone());
    Next::Done(Done::new(outputs(seen, operation, address, old, &sides)))
}

/// The servers themselves say that green has taken over, and RDS has not moved the names yet.
fn flipped(
    seen: &Observation,
    production: Option<&Server>,
    old: Option<&Server>,
    done: &Attempts<Operation>,
) -> Decision {
    let Some(operation) = done.0.last().map(|attempt| &attempt.operation) else {
        return Next::Fail(Error::bug("A switchover is over that was never begun"));
    };
    let wait = |awaited: &str, seen: &str| Next::Wait { awaited: awaited.to_owned(), seen: seen.to_owned() };
    let Some(server) = production.filter(|server| server.uuid == operation.green_server.uuid) else {
        return wait("the production address to lead to green", "another server, or no connection");
    };
    let Some(itself) = operation.blue_itself.as_ref().filter(|_| frozen(old, &operation.blue_server.uuid)) else {
        return wait("the old side to answer where it was before, read-only", "another server, or no connection");
    };
    match operation.blue.write_address() {
        Ok(address) if !server.read_only => {
            let sides = [&operation.blue, &operation.green];
            Next::Done(Done::new(outputs(seen, operation, address, (None, itself.clone()), &sides)))
        }
        _ => wait("green to take writes at the production address", "read-only"),
    }
}

/// `old`: the name of the old side, if it shows, and where it answers. `sides`: under all names they have had.
fn outputs(
    seen: &Observation,
    operation: &Operation,
    address: &Address,
    (old, old_address): (Option<String>, Address),
    sides: &[&Side],
) -> Outputs {
    let mut names = vec![seen.created.deployment.clone()];
    names.extend(sides.iter().flat_map(|side| side.names()));
    names.sort();
    names.dedup();
    Outputs {
        deployment: seen.created.deployment.clone(),
        address: address.clone(),
        old,
        old_address,
        blue_server: operation.blue_server.clone(),
        green_server: operation.green_server.clone(),
        names,
        started_at: operation.at,
        finished_at: seen.now,
    }
}

fn frozen(old: Option<&Server>, blue: &str) -> bool {
    old.is_some_and(|server| server.uuid == blue && server.read_only)
}

fn elsewhere(server: &Server) -> Error {
    let text = format!("The production address leads to a server ({}) that is neither blue nor green", server.uuid);
    Error::drift(text).hint("Find out where the address leads before anything is started on it")
}

fn rolled_back(why: &str, live: &str) -> Error {
    Error::new(Kind::Permanent, format!("The switchover was rolled back: {why}"))
        .unchanged(format!("Production is {live} and takes writes; green still follows it"))
        .hint("Remove the cause; the next switchover needs a new consent")
}

fn spent() -> Error {
    Error::permanent("The one switchover that was consented to has been tried and was rolled back")
        .unchanged("Production is still blue")
        .hint("Put an `approve` step before `switchover`, or say `upgrade resolve PLAYBOOK switchover --as retry` to allow one more")
}

/// What a person can do about a deployment that cannot be switched over.
fn way_on(done: &Attempts<Operation>) -> &'static str {
    if done.0.iter().all(|attempt| matches!(attempt.fate, Fate::Failed(_) | Fate::Undone(_))) {
        return "`upgrade abort PLAYBOOK` starts the stopped jobs at blue again and removes what the run has made";
    }
    "Read the RDS events of the deployment and see which side takes writes before going on"
}

fn stuck(deployment: &Deployment, done: &Attempts<Operation>) -> Error {
    let details = deployment.status_details.clone().map(|details| format!(": {details}")).unwrap_or_default();
    Error::permanent(format!("The deployment {} is {}{details}", deployment.name, deployment.status))
        .unchanged("Nothing was asked for or deleted")
        .hint(way_on(done))
}

fn by_hand(deployment: &str) -> Error {
    Error::drift(format!("The deployment {deployment} has been switched over, and not by this run"))
        .unchanged("Nothing was changed")
        .hint(
            "What stood where before it was not recorded; `upgrade resolve` can give the outputs of this step by hand",
        )
}
