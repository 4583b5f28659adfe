//! What the replication protocol shows of a server's binary log: transactions, with the server each one came from.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{
    Reply,
    mysql::{Address, LogFile},
};

/// A place in one server's binary log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    pub file: String,
    /// Bytes from the begin of the file.
    pub position: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.position)
    }
}

/// One transaction as a server logged it. A replica that logs what it applies keeps the origin, not the positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Its first event: the (anonymous) GTID event.
    pub start: Place,
    /// The first byte after its last event.
    pub end: Place,
    /// `server_id` of the server that wrote it first.
    pub server_id: u32,
    /// `uuid:number`; `None` without GTID.
    pub gtid: Option<String>,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Row changes outside of the server's own schemas (`mysql`, `sys`, `performance_schema`, `information_schema`).
    Rows {
        /// Over tables, kinds of change and row images; the same on every server that logged the same changes, however
        /// it cut them into events.
        fingerprint: u128,
        rows: u64,
    },
    /// Nothing outside of the server's own schemas.
    Nothing,
    /// A change of definitions.
    Definition { schema: String, statement: String },
    /// Cannot be compared row by row, and why: a statement, a prepared XA transaction, an event of an unknown kind.
    Opaque(String),
}

/// One changed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    pub schema: String,
    pub table: String,
    /// The row before and after, as SQL literals by ordinal of the column; absent for an insert, or a delete. NULL is the
    /// literal `NULL`; a column that the image does not have (`binlog_row_image` not FULL) is `None`. Dates and times
    /// within a JSON value are the strings that the server prints for them.
    pub before: Option<Vec<Option<String>>>,
    pub after: Option<Vec<Option<String>>>,
}

/// A table whose changes are wanted, and the ordinals of the columns that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub schema: String,
    pub table: String,
    pub columns: Vec<usize>,
}

/// Reads logs as a replica does, with a server id of its own that no other reader has: the server ends the older of two.
pub trait BinlogRead: Send + Sync {
    /// The files of the log, oldest first; none where the server writes none.
    fn files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>>;

    /// Hands over every transaction that begins at or after `from`, in order, until the end the log has when that end is
    /// reached, without waiting for more; returns that place. `from` is the begin of a transaction, the begin of a file
    /// (position 4), or an end. Ended early by `Break`, it returns the end of the last transaction handed over.
    fn transactions<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        each: &'a mut (dyn FnMut(Transaction) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place>;

    /// The GTID set of all that was executed before the file was begun, logged there or not (`@@gtid_purged`). It may name
    /// the same GTID twice.
    fn previous_gtids<'a>(&'a self, at: &'a Address, file: &'a str) -> Reply<'a, String>;

    /// Hands over every row that was changed from `from` up to `until` (or the end of the log), in order. With `wanted`, of
    /// those tables alone, and columns that are not wanted may be `None` like those that are not logged. What is not
    /// logged as rows (a statement, TRUNCATE, an update of parts of a JSON value) is not among them; `transactions` tells it.
    fn rows<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        until: Option<&'a Place>,
        wanted: Option<&'a [Wanted]>,
        each: &'a mut (dyn FnMut(RowChange) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place>;
}
