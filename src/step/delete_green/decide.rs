//! The decision, pure: what of this run is removed next. In doubt nothing is.

use std::time::Duration;

use super::{DELETE, DeleteGreen, EARLY, Member, Operation, Outputs, group_id, look::Observation};
use crate::{
    error::Error,
    port::{
        rds::{Deployment, ParameterGroup},
        side::RUN_TAG,
    },
    step::contract::{Attempts, Done, Fate, Known, Next},
};

type Decision = Next<Operation, Outputs>;

/// RDS takes its time to show what was done.
const TO_SHOW: Duration = Duration::from_secs(30);
const TO_BEGIN: Duration = Duration::from_secs(120);

pub(super) fn decide(step: &DeleteGreen, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    if let Some(why) = not_blue(step, seen) {
        return Next::Fail(
            Error::drift(why)
                .unchanged("Nothing was deleted")
                .hint("Look at both databases and at the RDS events before anything is removed by hand"),
        );
    }
    if let Some(deployment) = &seen.deployment {
        return of_deployment(deployment, seen, done);
    }
    let sent = done.sent(DELETE) + done.sent(EARLY) > 0;
    if step.asked && !sent && seen.green.is_empty() && seen.groups.is_empty() {
        // Nothing is left, or nothing is shown yet.
        let of = "no deployment of this run is shown".to_owned();
        let then = Box::new(of_groups(step, seen, known, done));
        return Next::Confirm { of, looks: 3, spanning: TO_SHOW, then };
    }
    if sent && !seen.green.is_empty() {
        return gone_without(seen);
    }
    match of_groups(step, seen, known, done) {
        next @ Next::Do(_) if step.asked && !sent => {
            let of = "no deployment of this run is shown".to_owned();
            Next::Confirm { of, looks: 3, spanning: TO_SHOW, then: Box::new(next) }
        }
        next => next,
    }
}

/// Why production is not the blue this run knows.
fn not_blue(step: &DeleteGreen, seen: &Observation) -> Option<String> {
    let blue = step.blue.as_ref().filter(|blue| blue.resource_id != seen.production.resource_id);
    if let Some(blue) = blue {
        return Some(format!(
            "The {} is {}, and blue was {}: somebody has switched over",
            seen.production.database, seen.production.resource_id, blue.resource_id
        ));
    }
    let of_production = |id: &str| {
        id == seen.production.resource_id
            || step.blue.iter().flat_map(|blue| &blue.members).any(|member| member.resource_id == id)
    };
    let green = seen.green.iter().find(|standing| of_production(&standing.member.resource_id))?;
    Some(format!("The {} belongs to production, and the deployment shows it as green", green.member.database))
}

fn of_deployment(deployment: &Deployment, seen: &Observation, done: &Attempts<Operation>) -> Decision {
    let status = deployment.status.as_str();
    let details = deployment.status_details.clone().map(|details| format!(" ({details})")).unwrap_or_default();
    let wait = |awaited: &str| Next::Wait { awaited: awaited.to_owned(), seen: format!("{status}{details}") };
    let switched = |status: &str| status.starts_with("SWITCHOVER_");
    if switched(status) || deployment.members.iter().any(|pair| switched(&pair.status)) {
        return Next::Fail(
            Error::drift(format!(
                "The deployment {} is {status}{details}: it is no longer before its switchover",
                deployment.id
            ))
            .unchanged("Nothing was deleted")
            .hint("Type `upgrade run PLAYBOOK`: it looks at what became of the switchover"),
        );
    }
    if status == "DELETING" {
        return wait("the deployment to be gone");
    }
    let protected: Vec<_> = seen.green.iter().filter(|standing| standing.protected).collect();
    if !protected.is_empty() {
        return Next::Fail(is_protected(protected.iter().map(|standing| &standing.member)));
    }
    let early = status == "PROVISIONING";
    let id = if early { EARLY } else { DELETE };
    let green = seen.green.iter().map(|standing| standing.member.clone()).collect();
    let delete = || Next::Do(Operation::DeleteDeployment { deployment: deployment.id.clone(), early, green });
    let of = format!("{} is {status} and shows no deletion", deployment.id);
    match done.last(id).map(|last| &last.fate) {
        None => delete(),
        Some(Fate::Failed(_) | Fate::Undone(_)) if early => {
            wait("the deployment to be made: RDS deletes it no earlier")
        }
        Some(Fate::Failed(_) | Fate::Undone(_)) => delete(),
        Some(Fate::Open | Fate::Unknown(_)) => {
            Next::Confirm { of, looks: 3, spanning: TO_SHOW, then: Box::new(delete()) }
        }
        Some(Fate::Done(_)) => Next::Confirm { of, looks: 3, spanning: TO_BEGIN, then: Box::new(delete()) },
    }
}

/// The deployment is gone, and members of green are still there.
fn gone_without(seen: &Observation) -> Decision {
    let shown = seen.green.iter().map(|standing| format!("{} {}", standing.member.database, standing.status));
    let shown = shown.collect::<Vec<_>>().join(", ");
    if seen.green.iter().any(|standing| standing.status == "deleting") {
        return Next::Wait { awaited: "green to be gone".to_owned(), seen: shown };
    }
    let error = Error::permanent(format!("RDS has deleted the deployment, and not all of green: {shown}"))
        .unchanged("Blue serves as before; what is left of green was not touched")
        .hint("Delete it in the console, then type the same command again");
    Next::Confirm { of: shown, looks: 3, spanning: TO_BEGIN, then: Box::new(Next::Fail(error)) }
}

fn of_groups(step: &DeleteGreen, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    let mut left: Vec<String> = Vec::new();
    for foreign in &seen.foreign {
        left.push(format!("the deployment {} ({}): this run has not made it", foreign.name, foreign.id));
    }
    for standing in &seen.green {
        left.push(format!("the {}: somebody has removed its deployment", standing.member.database));
    }
    for group in &seen.groups {
        let name = &group.group.name;
        if group.tags.get(RUN_TAG).is_none_or(|run| *run != known.run) {
            left.push(format!("the parameter group {name}: it does not carry {RUN_TAG}={}", known.run));
        } else if !seen.green.is_empty() {
            left.push(format!("the parameter group {name}: green still uses it"));
        } else {
            return of_group(group, done);
        }
    }
    let removed = removed(step, done);
    let nothing = removed.is_empty();
    let warnings = left.iter().map(|left| format!("Left as it is: {left}")).collect();
    let outputs = Outputs { deployment: step.deployment.clone(), removed, left };
    let done = Done::new(outputs).warnings(warnings);
    Next::Done(if nothing { done.skipped("There is no green of this run") } else { done })
}

fn of_group(group: &ParameterGroup, done: &Attempts<Operation>) -> Decision {
    let delete = Next::Do(Operation::DeleteGroup { group: group.group.clone() });
    match done.last(&group_id(&group.group)).map(|last| &last.fate) {
        Some(Fate::Open | Fate::Unknown(_) | Fate::Done(_)) => {
            let of = format!("the parameter group {} is still there", group.group.name);
            Next::Confirm { of, looks: 3, spanning: TO_SHOW, then: Box::new(delete) }
        }
        _ => delete,
    }
}

/// What was asked to be removed, and is gone.
fn removed(step: &DeleteGreen, done: &Attempts<Operation>) -> Vec<String> {
    let mut removed: Vec<String> = Vec::new();
    let sent = done.0.iter().filter(|attempt| !matches!(attempt.fate, Fate::Failed(_)));
    for attempt in sent {
        match &attempt.operation {
            Operation::DeleteDeployment { deployment, green, .. } => {
                removed.push(deployment.clone());
                removed.extend(step.green.iter().chain(green).map(|member| member.database.id().to_owned()));
            }
            Operation::DeleteGroup { group } => removed.push(group.name.clone()),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    removed.retain(|name| seen.insert(name.clone()));
    removed
}

fn is_protected<'a>(members: impl Iterator<Item = &'a Member>) -> Error {
    let members: Vec<_> = members.map(|member| &member.database).collect();
    let names = members.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let fix = members.iter().map(|database| {
        let kind = if database.level() == crate::port::rds::Level::Cluster { "cluster" } else { "instance" };
        format!("aws rds modify-db-{kind} --db-{kind}-identifier {} --no-deletion-protection", database.id())
    });
    Error::permanent(format!("Green has deletion protection: {names}"))
        .unchanged("Nothing was deleted; the protection is never taken off by this program")
        .hint(format!(
            "Take it off green yourself (`{}`), then type the same command again",
            fix.collect::<Vec<_>>().join("`, `")
        ))
}
