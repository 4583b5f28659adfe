//! `reboot_green`: every member of green that has a parameter waiting for it, the readers first, each at most once.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    contract::{Attempts, Done, Fate, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    create_blue_green,
};
use crate::{
    error::{Error, Kind, Result},
    port::{
        Reply,
        mysql::Server,
        rds::EventWindow,
        side::{self, Member, Side},
    },
};

/// Of a reader that restarted nothing but an event may tell, and events come late.
const TOLD_WITHIN: Duration = Duration::from_secs(5 * 60);

#[derive(Debug)]
pub struct RebootGreen {
    pub always: bool,
}

pub struct Observation {
    green: Side,
    /// Green's writer, where it answers.
    server: Option<Server>,
    /// Events since the run began that tell of a restart, by instance.
    restarts: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    instance: String,
    /// When the writer's server had started before the reboot: a later start is the proof that it happened.
    started_at: Option<i64>,
    /// How many restarts RDS had told of before it.
    restarts: usize,
    /// What RDS showed before.
    parameters: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub rebooted: Vec<String>,
    pub server: Server,
}

impl Step for RebootGreen {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Reboot every member of green whose parameters wait for it".to_owned(),
            calls: vec!["RebootDBInstance"],
            undo: "Green only; production is not touched",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["create_blue_green"]
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Operation>) -> Reply<'a, Observation> {
        Box::pin(async move {
            let created: create_blue_green::Outputs = known.outputs("create_blue_green")?;
            let green = side::side(read.rds()?, &created.green.database)
                .await?
                .ok_or_else(|| Error::drift(format!("Green, the {}, is no longer there", created.green.database)))?;
            let server = match read.mysql()?.server(green.writer_address()?).await {
                Ok(server) => Some(server),
                Err(error) if error.kind == Kind::Transient => None,
                Err(error) => return Err(error),
            };
            let restarts = restarts(read, known, &green).await?;
            Ok(Observation { green, server, restarts })
        })
    }

    fn next(&self, seen: &Observation, _: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        // Readers first: the writer is the last in this order.
        for member in seen.green.members.iter().rev() {
            match self.member(member, seen, done) {
                None => {}
                Some(next) => return Ok(next),
            }
        }
        let Some(server) = &seen.server else {
            return Ok(Next::Wait { awaited: "green's writer to answer".to_owned(), seen: "no connection".to_owned() });
        };
        if let Some(error) = unfit(server) {
            return Ok(Next::Fail(error));
        }
        let rebooted: Vec<String> = seen
            .green
            .members
            .iter()
            .map(|member| member.id.clone())
            .filter(|id| done.sent(&operation_id(id)) > 0)
            .collect();
        let none = rebooted.is_empty();
        let outputs = Done::new(Outputs { rebooted, server: server.clone() });
        Ok(Next::Done(if none {
            outputs.skipped("Every member of green is in sync and its parameters are in effect")
        } else {
            outputs
        }))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        (
            operation_id(&operation.instance),
            Policy::Observe,
            format!("Reboot {}", operation.instance),
            vec![format!("RebootDBInstance({})", operation.instance)],
        )
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            write.rds()?.reboot(&operation.instance).await?;
            Ok(Performed::default())
        })
    }
}

impl RebootGreen {
    /// What has to be done about one member; `None` where it is as it should be.
    fn member(
        &self,
        member: &Member,
        seen: &Observation,
        done: &Attempts<Operation>,
    ) -> Option<Next<Operation, Outputs>> {
        let id = operation_id(&member.id);
        let pending = matches!(member.parameters.as_str(), "pending-reboot" | "pending-database-upgrade");
        let started_at = seen.server.as_ref().map(|server| server.started_at).filter(|_| member.writer);
        let restarts = seen.restarts.get(&member.id).copied().unwrap_or_default();
        let reboot =
            || Operation { instance: member.id.clone(), started_at, restarts, parameters: member.parameters.clone() };
        let Some(last) = done.last(&id).filter(|last| !matches!(last.fate, Fate::Failed(_))) else {
            if !(pending || self.always) {
                return (member.parameters != "in-sync").then(|| waiting(member, "be in sync"));
            }
            if member.status != "available" || (member.writer && started_at.is_none()) {
                return Some(waiting(member, "be available before its reboot"));
            }
            return Some(Next::Do(reboot()));
        };
        let told = restarts > last.operation.restarts;
        let restarted = match (last.operation.started_at, started_at) {
            (Some(before), Some(now)) => now > before + 1,
            _ => told || (last.operation.parameters != "in-sync" && member.parameters == "in-sync"),
        };
        let accepted = matches!(last.fate, Fate::Done(_));
        if restarted || (accepted && !member.writer) {
            return (member.status != "available" || member.parameters != "in-sync")
                .then(|| waiting(member, "be available and in sync"));
        }
        if accepted {
            return Some(waiting(member, "restart"));
        }
        if member.status != "available" || (member.writer && started_at.is_none()) {
            return Some(waiting(member, "be available"));
        }
        let of =
            format!("{} is available, its parameters are {}, and it has not restarted", member.id, member.parameters);
        let spanning = if member.writer { Duration::from_secs(30) } else { TOLD_WITHIN };
        Some(Next::Confirm { of, looks: 3, spanning, then: Box::new(Next::Do(reboot())) })
    }
}

/// How often RDS has told that a member restarted. Counts are compared with counts, so that no two clocks are.
async fn restarts(read: &Read, known: &Known, green: &Side) -> Result<BTreeMap<String, usize>> {
    let window = EventWindow {
        from: known.since - time::Duration::hours(1),
        to: read.clock.now() + time::Duration::hours(1),
        source_type: Some("db-instance".to_owned()),
    };
    let mut counts = BTreeMap::new();
    for event in read.rds()?.events(&window).await? {
        let ours = green.members.iter().any(|member| member.id.eq_ignore_ascii_case(&event.source_id));
        if ours && event.message.to_lowercase().contains("restarted") {
            *counts.entry(event.source_id).or_default() += 1;
        }
    }
    Ok(counts)
}

fn operation_id(instance: &str) -> String {
    format!("reboot {instance}")
}

fn waiting(member: &Member, what: &str) -> Next<Operation, Outputs> {
    Next::Wait {
        awaited: format!("{} to {what}", member.id),
        seen: format!("{}, parameters {}", member.status, member.parameters),
    }
}

/// Why a switchover to this server would leave the readers of its binary log behind.
fn unfit(server: &Server) -> Option<Error> {
    let seen = format!("log_bin {}, binlog_format {}", if server.log_bin { "ON" } else { "OFF" }, server.binlog_format);
    if server.log_bin && server.binlog_format.eq_ignore_ascii_case("ROW") {
        return None;
    }
    let error = Error::permanent(format!("Green must write a binary log in ROW format, and shows {seen}"))
        .unchanged("Production was not touched")
        .hint("Set binlog_format to ROW in green's parameter group, then type the same command again");
    Some(error)
}
