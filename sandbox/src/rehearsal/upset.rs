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
    /// Every connection of the product and of the jobs to the server behind the production address.
    Logins,
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
        let wanted = || "expected taskmanager@OPERATION, readers@OPERATION or logins@OPERATION".to_owned();
        let (victim, during) = text.split_once('@').ok_or_else(wanted)?;
        let victim = match victim {
            "taskmanager" => Victim::TaskManager,
            "readers" => Victim::Readers,
            "logins" => Victim::Logins,
            _ => return Err(wanted()),
        };
        Ok(Self { victim, during: during.to_owned() })
    }
}

impl Victim {
    /// Says what was hit.
    pub(super) async fn strike(self, place: &Place, record: &Record) -> Result<String> {
        let whose = match self {
            Self::TaskManager => {
                let mut hit = 0;
                for (identity, _) in running(&place.processes()).iter().filter(|(_, name)| name == "flink taskmanager")
                {
                    identity.signal("KILL").await?;
                    hit += 1;
                }
                return Ok(format!("{hit} TaskManager killed"));
            }
            Self::Readers => "command LIKE 'Binlog Dump%' AND user = 'cdc'",
            Self::Logins => "user IN ('upgrade', 'cdc')",
        };
        let mut conn = connect(record.source.address()?, &record.accounts.admin).await.doing("Reaching blue")?;
        let query = format!("SELECT id FROM information_schema.processlist WHERE {whose}");
        let ids: Vec<u64> = conn.query(query).await.doing("Listing the connections to production")?;
        for id in &ids {
            // It may have ended meanwhile.
            let _ = conn.query_drop(format!("KILL {id}")).await;
        }
        Ok(match self {
            Self::Readers => format!("{} readers of the binary log killed", ids.len()),
            _ => format!("{} connections killed", ids.len()),
        })
    }
}
