//! `reboot_green`: every member of green that has a parameter waiting for it, the readers first, each at most once. Then
//! green runs with what its groups say, and keeps its log for as long as blue: both are looked at on the server itself.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    contract::{Attempts, Done, Fate, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    create_blue_green, green_runs, prepare,
};
use crate::{
    error::{Error, Kind, Result},
    port::{
        Reply,
        mysql::{Address, MysqlRead, Server},
        rds::EventWindow,
        side::{self, Member, Side},
    },
};

/// Where a member does not answer, nothing but an event tells of its restart, and events come late.
const TOLD_WITHIN: Duration = Duration::from_secs(5 * 60);

#[derive(Debug)]
pub struct RebootGreen {
    pub always: bool,
}

pub struct Observation {
    green: Side,
    /// The servers of green's members, by instance, where they answer.
    servers: BTreeMap<String, Server>,
    /// Events since the run began that tell of a restart, by instance.
    restarts: BTreeMap<String, usize>,
    /// Every variable of green's writer, where it answers.
    running: BTreeMap<String, String>,
    retention: green_runs::Retention,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Operation {
    Reboot(Reboot),
    RetainLogs { retain_logs_at: Address, hours: u32, before: Option<u32> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reboot {
    instance: String,
    /// When the member's server had started before the reboot: a later start is the proof that it happened.
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
    /// How long green keeps its log; absent where it is not set.
    #[serde(default)]
    pub binlog_retention_hours: Option<u32>,
}

impl Step for RebootGreen {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Reboot every member of green whose parameters wait for it".to_owned(),
            calls: vec!["RebootDBInstance", "CALL mysql.rds_set_configuration"],
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
            let mysql = read.mysql()?;
            let servers = servers(mysql, &green).await?;
            let restarts = restarts(read, known, &green).await?;
            let writer = green.writer()?;
            let (mut running, mut retention) = (BTreeMap::new(), green_runs::Retention::default());
            if servers.contains_key(&writer.id) {
                let address = green.writer_address()?;
                running = mysql.variables(address).await?;
                retention = green_runs::retention(mysql, known, &created, address).await?;
            }
            Ok(Observation { green, servers, restarts, running, retention })
        })
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        // Readers first: the writer is the last in this order.
        for member in seen.green.members.iter().rev() {
            match self.member(member, seen, done) {
                None => {}
                Some(next) => return Ok(next),
            }
        }
        let writer = seen.green.writer()?;
        let Some(server) = seen.servers.get(&writer.id) else {
            return Ok(Next::Wait { awaited: "green's writer to answer".to_owned(), seen: "no connection".to_owned() });
        };
        let checked = green_runs::check(known, server, &seen.running)?;
        if let Some(error) = checked.error {
            return Ok(Next::Fail(error));
        }
        if let Some(hours) = seen.retention.lacks() {
            let (at, before) = (seen.green.writer_address()?.clone(), seen.retention.green);
            return Ok(Next::Do(Operation::RetainLogs { retain_logs_at: at, hours, before }));
        }
        let rebooted: Vec<String> = seen
            .green
            .members
            .iter()
            .map(|member| member.id.clone())
            .filter(|id| done.sent(&operation_id(id)) > 0)
            .collect();
        let outputs =
            Done::new(Outputs { rebooted, server: server.clone(), binlog_retention_hours: seen.retention.green });
        let outputs = outputs.warnings(checked.warnings);
        Ok(Next::Done(if done.0.iter().all(|attempt| matches!(attempt.fate, Fate::Failed(_))) {
            outputs.skipped("Every member of green is in sync and its parameters are in effect")
        } else {
            outputs
        }))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::Reboot(Reboot { instance, .. }) => (
                operation_id(instance),
                Policy::Observe,
                format!("Reboot {instance}"),
                vec![format!("RebootDBInstance({instance})")],
            ),
            Operation::RetainLogs { retain_logs_at, hours, before } => (
                "keep green's log".to_owned(),
                Policy::Repeat,
                format!(
                    "Keep green's binary log for {hours} h (now {})",
                    before.map_or("not set".to_owned(), |hours| format!("{hours} h"))
                ),
                vec![format!("{} at {retain_logs_at}", prepare::retaining(*hours))],
            ),
        }
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            match operation {
                Operation::Reboot(Reboot { instance, .. }) => write.rds()?.reboot(instance).await?,
                Operation::RetainLogs { retain_logs_at, hours, .. } => {
                    write.mysql()?.retain_logs(retain_logs_at, *hours).await?;
                }
            }
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
        let started_at = seen.servers.get(&member.id).map(|server| server.started_at);
        let restarts = seen.restarts.get(&member.id).copied().unwrap_or_default();
        let reboot = || {
            let (instance, parameters) = (member.id.clone(), member.parameters.clone());
            Operation::Reboot(Reboot { instance, started_at, restarts, parameters })
        };
        let last = done.last(&id).filter(|last| !matches!(last.fate, Fate::Failed(_)));
        let Some((last, Operation::Reboot(before))) = last.map(|last| (last, &last.operation)) else {
            if !(pending || self.always) {
                return (member.parameters != "in-sync").then(|| waiting(member, "be in sync"));
            }
            if member.status != "available" || (member.writer && started_at.is_none()) {
                return Some(waiting(member, "be available before its reboot"));
            }
            return Some(Next::Do(reboot()));
        };
        let restarted = match (before.started_at, started_at) {
            (Some(before), Some(now)) => now > before + 1,
            _ => restarts > before.restarts || (before.parameters != "in-sync" && member.parameters == "in-sync"),
        };
        let accepted = matches!(last.fate, Fate::Done(_));
        // A reader that never answered us shows its restart by nothing but RDS.
        if restarted || (accepted && !member.writer && before.started_at.is_none()) {
            return (member.status != "available" || member.parameters != "in-sync")
                .then(|| waiting(member, "be available and in sync"));
        }
        if accepted {
            return Some(waiting(member, "restart"));
        }
        let silent = started_at.is_none() && (member.writer || before.started_at.is_some());
        if member.status != "available" || silent {
            return Some(waiting(member, "be available"));
        }
        let of =
            format!("{} is available, its parameters are {}, and it has not restarted", member.id, member.parameters);
        let spanning = if started_at.is_some() { Duration::from_secs(30) } else { TOLD_WITHIN };
        Some(Next::Confirm { of, looks: 3, spanning, then: Box::new(Next::Do(reboot())) })
    }
}

/// Who answers for each member. Only of the writer must it be known why it does not answer. A reader's address that leads to
/// the writer's own server tells nothing of the reader.
async fn servers(mysql: &dyn MysqlRead, green: &Side) -> Result<BTreeMap<String, Server>> {
    let mut servers = BTreeMap::new();
    for member in &green.members {
        let Some(address) = &member.address else { continue };
        match mysql.server(address).await {
            Ok(server) => {
                servers.insert(member.id.clone(), server);
            }
            Err(error) if member.writer && error.kind != Kind::Transient => return Err(error),
            Err(_) => {}
        }
    }
    let writer = servers.get(&green.writer()?.id).map(|server| (server.uuid.clone(), server.started_at));
    let reader = |id: &str| green.members.iter().any(|member| member.id == id && !member.writer);
    servers.retain(|id, server| !reader(id) || writer.as_ref() != Some(&(server.uuid.clone(), server.started_at)));
    Ok(servers)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        port::rds::{Database, GroupRef, Level},
        step::Attempt,
    };

    fn group() -> GroupRef {
        GroupRef { level: Level::Cluster, name: "g".to_owned() }
    }

    fn member(id: &str, parameters: &str) -> Member {
        Member {
            id: id.to_owned(),
            arn: String::new(),
            resource_id: id.to_owned(),
            writer: id == "writer",
            status: "available".to_owned(),
            address: Some(Address { host: id.to_owned(), port: 3306 }),
            parameter_group: group(),
            parameters: parameters.to_owned(),
        }
    }

    /// A writer that needs nothing, and a reader as RDS and its own server show it.
    fn seen(reader: &str, started_at: Option<i64>, restarts: usize) -> Observation {
        let green = Side {
            database: Database::AuroraCluster("green".to_owned()),
            arn: String::new(),
            resource_id: String::new(),
            engine: String::new(),
            engine_version: String::new(),
            status: "available".to_owned(),
            address: None,
            parameter_group: group(),
            backup_retention_days: 1,
            managed_password: false,
            replication_source: None,
            run_tag: None,
            members: vec![member("writer", "in-sync"), member("reader", reader)],
        };
        let server = |started_at| Server {
            uuid: String::new(),
            server_id: 1,
            version: String::new(),
            started_at,
            read_only: true,
            log_bin: true,
            binlog_format: "ROW".to_owned(),
            binlog_row_image: "FULL".to_owned(),
            gtid_mode: "OFF".to_owned(),
            log_replica_updates: true,
        };
        Observation {
            green,
            servers: started_at.map(|at| ("reader".to_owned(), server(at))).into_iter().collect(),
            restarts: BTreeMap::from([("reader".to_owned(), restarts)]),
            running: BTreeMap::new(),
            retention: green_runs::Retention::default(),
        }
    }

    fn sent(started_at: Option<i64>, fate: Fate) -> Attempts<Operation> {
        let (instance, parameters) = ("reader".to_owned(), "pending-reboot".to_owned());
        let operation = Operation::Reboot(Reboot { instance, started_at, restarts: 0, parameters });
        Attempts(vec![Attempt { id: operation_id("reader"), number: 1, operation, fate }])
    }

    fn decided(seen: &Observation, done: &Attempts<Operation>) -> Option<Next<Operation, Outputs>> {
        RebootGreen { always: false }.member(&seen.green.members[1], seen, done)
    }

    fn waits_for(next: Option<Next<Operation, Outputs>>, what: &str) {
        assert!(matches!(&next, Some(Next::Wait { awaited, .. }) if awaited.contains(what)), "{next:?}");
    }

    #[test]
    fn a_reader_is_done_when_its_own_server_has_started_anew() {
        let lost = || Fate::Unknown(Error::unknown("lost"));
        for fate in [Fate::Done(serde_json::Value::Null), lost()] {
            let done = sent(Some(100), fate);
            assert_eq!(decided(&seen("in-sync", Some(200), 0), &done), None, "no event is needed");
            waits_for(decided(&seen("pending-reboot", Some(200), 0), &done), "in sync");
        }
        let accepted = sent(Some(100), Fate::Done(serde_json::Value::Null));
        waits_for(decided(&seen("in-sync", Some(101), 0), &accepted), "restart");
        waits_for(decided(&seen("in-sync", Some(101), 5), &accepted), "restart");
        let unknown = sent(Some(100), lost());
        let next = decided(&seen("pending-reboot", Some(100), 0), &unknown);
        assert!(
            matches!(next, Some(Next::Confirm { spanning, .. }) if spanning == Duration::from_secs(30)),
            "{next:?}"
        );
        waits_for(decided(&seen("pending-reboot", None, 0), &unknown), "available");
    }

    #[test]
    fn of_a_reader_that_never_answers_events_tell() {
        let unknown = sent(None, Fate::Open);
        let next = decided(&seen("pending-reboot", None, 0), &unknown);
        assert!(matches!(next, Some(Next::Confirm { spanning, .. }) if spanning == TOLD_WITHIN), "{next:?}");
        assert_eq!(decided(&seen("in-sync", None, 1), &unknown), None);
    }

    #[test]
    fn a_reboot_that_an_earlier_version_recorded_is_read() {
        let text = r#"{"instance":"reader","started_at":null,"restarts":0,"parameters":"pending-reboot"}"#;
        let read: Operation = serde_json::from_str(text).unwrap();
        assert_eq!(Some(read), sent(None, Fate::Open).0.first().map(|attempt| attempt.operation.clone()));
    }
}
