//! `prepare`: what blue needs before anything is made from it: a binary log that is kept for long enough, and a writer that
//! runs with what its parameter group says. Blue is never rebooted.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    contract::{Attempts, Done, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    target,
};
use crate::{
    error::{Error, Result},
    port::{
        Reply,
        mysql::{Address, Server},
        rds::Database,
        side::{Member, Side},
    },
};

/// RDS takes no more hours; Aurora takes ninety days.
const LONGEST_OF_RDS: u32 = 168;

#[derive(Debug)]
pub struct Prepare {
    pub binlog_retention: Duration,
}

pub struct Observation {
    blue: Side,
    server: Server,
    retention_hours: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    RetainLogs {
        at: Address,
        hours: u32,
        /// Absent where it was not set.
        before: Option<u32>,
    },
}

/// What blue has now, and what it had before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub binlog_retention_hours: u32,
    /// Absent where it was not set; the same where nothing was changed.
    pub binlog_retention_hours_before: Option<u32>,
    /// What green must keep at least.
    pub wanted_hours: u32,
}

const RETAIN: &str = "keep blue's log";

impl Step for Prepare {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: format!("See that blue keeps its binary log for {} h and runs with its parameters", self.hours()),
            calls: vec!["CALL mysql.rds_set_configuration"],
            undo: "The old retention stands in the outputs; blue is never rebooted",
        }
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Operation>) -> Reply<'a, Observation> {
        Box::pin(async move {
            let blue = target::production(read.rds()?, &known.playbook).await?;
            let (mysql, address) = (read.mysql()?, blue.write_address()?);
            let server = mysql.server(address).await?;
            let retention_hours = mysql.retention_hours(address).await?;
            Ok(Observation { blue, server, retention_hours })
        })
    }

    fn next(&self, seen: &Observation, _: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        let (blue, wanted) = (&seen.blue, self.hours());
        if matches!(blue.database, Database::RdsInstance(_)) && wanted > LONGEST_OF_RDS {
            let text =
                format!("RDS keeps a binary log for {LONGEST_OF_RDS} h at most, and `prepare` asks for {wanted} h");
            return Err(Error::usage(text).unchanged("Nothing was changed").hint("Ask for 168h or less"));
        }
        let writer = blue.writer()?;
        if let Some(error) = unfit(blue, writer, &seen.server) {
            return Ok(Next::Fail(error));
        }
        let Some(hours) = seen.retention_hours.filter(|hours| *hours >= wanted) else {
            let at = blue.write_address()?.clone();
            return Ok(Next::Do(Operation::RetainLogs { at, hours: wanted, before: seen.retention_hours }));
        };
        if writer.parameters != "in-sync" {
            return Ok(Next::Wait {
                awaited: format!("blue's writer {} to be in sync with its parameter group", writer.id),
                seen: writer.parameters.clone(),
            });
        }
        let before = match done.0.first().map(|attempt| &attempt.operation) {
            Some(Operation::RetainLogs { before, .. }) => *before,
            None => Some(hours),
        };
        let outputs =
            Outputs { binlog_retention_hours: hours, binlog_retention_hours_before: before, wanted_hours: wanted };
        let finished = Done::new(outputs);
        Ok(Next::Done(if done.0.is_empty() {
            finished.skipped(format!("Blue keeps its log for {hours} h and runs with its parameters"))
        } else {
            finished
        }))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        let Operation::RetainLogs { at, hours, before } = operation;
        let before = before.map_or("not set".to_owned(), |hours| format!("{hours} h"));
        (
            RETAIN.to_owned(),
            Policy::Repeat,
            format!("Keep blue's binary log for {hours} h (now {before})"),
            vec![format!("{} at {at}", retaining(*hours))],
        )
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            let Operation::RetainLogs { at, hours, .. } = operation;
            write.mysql()?.retain_logs(at, *hours).await?;
            Ok(Performed::default())
        })
    }
}

impl Prepare {
    fn hours(&self) -> u32 {
        u32::try_from(self.binlog_retention.as_secs().div_ceil(3600)).unwrap_or(u32::MAX)
    }
}

/// The statement that sets a retention.
pub(super) fn retaining(hours: u32) -> String {
    format!("CALL mysql.rds_set_configuration('binlog retention hours', {hours})")
}

/// Why blue cannot be copied as it runs; only a person reboots blue.
fn unfit(blue: &Side, writer: &Member, server: &Server) -> Option<Error> {
    let refused = |text: String, hint: String| {
        Some(Error::permanent(text).unchanged("Blue was not changed; this program never reboots it").hint(hint))
    };
    let reboot = format!("aws rds reboot-db-instance --db-instance-identifier {}", writer.id);
    match writer.parameters.as_str() {
        "pending-reboot" => {
            return refused(
                format!(
                    "Blue's writer {} does not run with its parameter group yet (pending-reboot), and RDS makes no green \
                     of it like that",
                    writer.id
                ),
                format!("Reboot it when its applications can bear it: {reboot}, then type the same command again"),
            );
        }
        "failed-to-apply" => {
            return refused(
                format!("RDS could not apply the parameter group to blue's writer {}", writer.id),
                format!("Correct the group {}, then type the same command again", blue.parameter_group.name),
            );
        }
        _ => {}
    }
    if server.log_bin {
        return None;
    }
    let (text, hint) = match blue.database {
        Database::AuroraCluster(_) => (
            format!("Blue ({}) writes no binary log, by which green would follow it", blue.database),
            format!("Set binlog_format to ROW in its cluster parameter group and reboot the writer: {reboot}"),
        ),
        Database::RdsInstance(_) => (
            format!(
                "Blue ({}) writes no binary log, by which green would follow it: RDS does so with backups on",
                blue.database
            ),
            format!(
                "aws rds modify-db-instance --db-instance-identifier {} --backup-retention-period 1 --apply-immediately",
                writer.id
            ),
        ),
    };
    refused(text, format!("{hint}, then type the same command again"))
}
