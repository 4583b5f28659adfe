//! `switchover`: once per consent, never again while its outcome is unknown.

mod decide;
mod look;
mod past;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write};
use crate::{
    error::Result,
    port::{
        Reply,
        mysql::{Address, Server},
        side::Side,
    },
};

pub use look::Observation;

#[derive(Debug)]
pub struct Switchover {
    pub timeout: Duration,
    pub max_lag: Duration,
}

/// All that must be known later is recorded before the call: afterwards the names have moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// 1 for the first; one more for every consent after a rolled-back one.
    pub number: u32,
    pub deployment: String,
    pub timeout_seconds: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub blue: Side,
    pub green: Side,
    pub blue_server: Server,
    pub green_server: Server,
    /// Where blue answers whatever its names lead to; tried before the call. None where no such address is known.
    #[serde(default)]
    pub blue_itself: Option<Address>,
    /// How many cancelled switchovers RDS had told of before it.
    pub cancellations: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub deployment: String,
    /// Where writes go, before and after.
    pub address: Address,
    /// The new name of the old side; none where the step ended before RDS showed it.
    pub old: Option<String>,
    /// Where its writer listens: under that name, or else where blue answered before the switchover.
    pub old_address: Address,
    pub blue_server: Server,
    pub green_server: Server,
    /// Every name either side has had: whose events are ours.
    pub names: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub finished_at: OffsetDateTime,
}

impl Step for Switchover {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Make green the production database".to_owned(),
            calls: vec!["SwitchoverBlueGreenDeployment"],
            undo: "Cannot be undone: after it, the way back is a migration of its own",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["create_blue_green"]
    }

    fn hurries(&self) -> bool {
        true
    }

    fn by_hand(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("deployment", "`bgd-…`, as `aws rds describe-blue-green-deployments` shows it"),
            ("address", "Where writes go, as JSON: {\"host\": \"…\", \"port\": 3306}"),
            ("old_address", "Where the old side listens now, as JSON like `address`"),
            (
                "blue_server",
                "The server of the old side, as JSON: `uuid` and `server_id` are @@server_uuid and @@server_id there, `version`, `started_at` (seconds since the epoch), `read_only`, `log_bin`, `binlog_format`, `binlog_row_image`, `gtid_mode`, `log_replica_updates`",
            ),
            ("green_server", "The server that is production now, as JSON like `blue_server`"),
            ("names", "JSON, every name of a database or instance either side has had: [\"orders\", \"orders-old1\"]"),
            ("started_at", "The RDS event that begins the switchover, as `2026-03-02T09:20:00Z`"),
            ("finished_at", "The RDS event that ends it"),
        ]
    }

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(look::look(read, known, done))
    }

    fn glance<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Option<Reply<'a, bool>> {
        look::glance(read, known, done)
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        Ok(decide::decide(self, seen, known, done))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        (
            decide::id(operation.number),
            Policy::Observe,
            format!("Switch {} over to {}", operation.blue.database, operation.green.engine_version),
            vec![format!("SwitchoverBlueGreenDeployment({}, {} s)", operation.deployment, operation.timeout_seconds)],
        )
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            let timeout = Duration::from_secs(operation.timeout_seconds);
            write.rds()?.switchover(&operation.deployment, timeout).await?;
            Ok(Performed::default())
        })
    }
}
