//! What goes wrong round the product while it works.

use mysql_async::prelude::Queryable;

use crate::error::{Doing, Result};
use crate::mysqld::connect;
use crate::place::{Place, Record};
use crate::process::running;

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// Flink's TaskManager; it comes back by itself.
    TaskManager,
    /// Every connection that reads the binary log behind the production address.
    Readers,
}

/// One kill, during an operation of the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upset {
    pub victim: Victim,
    /// The words the operation begins with.
    pub during: String,
}

impl Upset {
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let wanted = || "expected taskmanager@OPERATION or readers@OPERATION".to_owned();
        let (victim, during) = text.split_once('@').ok_or_else(wanted)?;
        let victim = match victim {
            "taskmanager" => Victim::TaskManager,
            "readers" => Victim::Readers,
            _ => return Err(wanted()),
        };
        Ok(Self { victim, during: during.to_owned() })
    }

    /// Says what was hit.
    pub(super) async fn strike(&self, place: &Place, record: &Record) -> Result<String> {
        match self.victim {
            Victim::TaskManager => {
                let mut hit = 0;
                for (identity, _) in running(&place.processes()).iter().filter(|(_, name)| name == "flink taskmanager")
                {
                    identity.signal("KILL").await?;
                    hit += 1;
                }
                Ok(format!("{hit} TaskManager killed during `{}`", self.during))
            }
            Victim::Readers => {
                let mut conn =
                    connect(record.source.address()?, &record.accounts.admin).await.doing("Reaching blue")?;
                let query =
                    "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%' AND user = 'cdc'";
                let ids: Vec<u64> = conn.query(query).await.doing("Listing the readers of the binary log")?;
                for id in &ids {
                    // It may have ended meanwhile.
                    let _ = conn.query_drop(format!("KILL {id}")).await;
                }
                Ok(format!("{} readers of the binary log killed during `{}`", ids.len(), self.during))
            }
        }
    }
}
