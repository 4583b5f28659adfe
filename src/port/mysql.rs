//! What is asked of a MySQL server. Typed questions on read-only sessions; there is no `query(text)`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Reply,
    binlog::Place,
    objects::{Object, Objects, Unreadable},
};

/// A name as SQL writes it: in back-ticks, which no name can leave.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    pub host: String,
    pub port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// The server's certificate is checked.
    Verify,
    /// Encrypted, and whoever answers is believed.
    Required,
    Disabled,
}

/// Which server answers, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// `@@server_uuid`: tells blue from green whatever their names are.
    pub uuid: String,
    /// `@@server_id`, which stands in every event the server writes itself.
    pub server_id: u32,
    /// `@@version`.
    pub version: String,
    /// When the server process started: seconds since the epoch by the server's own clock, ± 1 s.
    pub started_at: i64,
    /// `@@read_only` or `@@innodb_read_only`.
    pub read_only: bool,
    /// `@@log_bin`.
    pub log_bin: bool,
    pub binlog_format: String,
    pub binlog_row_image: String,
    /// `@@gtid_mode`; `OFF` where the server does not know it.
    pub gtid_mode: String,
    /// Whether a replica logs what it applies.
    pub log_replica_updates: bool,
}

/// The little that is asked many times a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// `@@server_uuid`.
    pub uuid: String,
    /// `@@read_only` or `@@innodb_read_only`.
    pub read_only: bool,
}

/// A place in a server's binary log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coordinates {
    pub file: String,
    pub position: u64,
    /// Absent without GTID.
    pub gtid_set: Option<String>,
}

impl Coordinates {
    pub fn place(&self) -> Place {
        Place { file: self.file.clone(), position: self.position }
    }
}

impl std::fmt::Display for Coordinates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.position)
    }
}

/// One file of the binary log and its size in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    pub name: String,
    pub size: u64,
}

/// How a replica follows its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    pub running: bool,
    /// `None` while unknown (not connected, or stopped).
    pub seconds_behind: Option<u64>,
    pub last_error: Option<String>,
    /// Where it connects to, a source each.
    pub sources: Vec<Address>,
    /// Everything up to this place of its source's log is applied; `None` with several sources, or where it is not told.
    pub executed: Option<Place>,
}

/// A transaction that has been open for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTransaction {
    pub id: String,
    pub user: String,
    pub seconds: u64,
}

pub trait MysqlRead: Send + Sync {
    /// Who answers within half a second; `None` where nobody does.
    fn who<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Who>>;
    /// The addresses a name resolves to now; none for what is no name, or does not resolve.
    fn resolve<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<Address>>;
    fn server<'a>(&'a self, at: &'a Address) -> Reply<'a, Server>;
    /// The end of the server's binary log; `None` where it writes none.
    fn log_end<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Coordinates>>;
    fn log_files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>>;
    /// `binlog retention hours`; `None` where it is not set (files go as soon as possible).
    fn retention_hours<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<u32>>;
    /// `None` where the server is no replica.
    fn replication<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Replication>>;
    /// Transactions open for longer than `seconds`.
    fn open_transactions<'a>(&'a self, at: &'a Address, seconds: u64) -> Reply<'a, Vec<OpenTransaction>>;
    /// All schema names.
    fn schemas<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<String>>;
    /// What the schemas hold that are not the server's own.
    fn objects<'a>(&'a self, at: &'a Address) -> Reply<'a, Objects>;
    /// Those of `objects` of which the server can make nothing: views that cannot be read, programs that do not parse. No
    /// row is read and no program runs; what is no longer there is passed over. `connections` at most at a time.
    fn unreadable<'a>(
        &'a self,
        at: &'a Address,
        objects: &'a [Object],
        connections: usize,
    ) -> Reply<'a, Vec<Unreadable>>;
    /// Every global variable as it runs now, as `SHOW GLOBAL VARIABLES` names and tells it.
    fn variables<'a>(&'a self, at: &'a Address) -> Reply<'a, BTreeMap<String, String>>;
}

/// The few writes. Each is one statement, sent once. An error of kind `Unknown` means that it may have been applied.
pub trait MysqlWrite: Send + Sync {
    /// Sets `binlog retention hours`.
    fn retain_logs<'a>(&'a self, at: &'a Address, hours: u32) -> Reply<'a, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(quoted("a`b"), "`a``b`");
    }
}
