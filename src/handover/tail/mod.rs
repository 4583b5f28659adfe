//! The tail: what blue wrote after a job's last committed offset, and where green's own log has it.
//!
//! A replica that logs what it applies holds every transaction of its source, with the id of the server that wrote it
//! first and with the same row images, at places of its own. So a position is translated by matching: the n row
//! transactions of blue's tail are the last n that green has from blue. The numbers of both are compared as multisets,
//! because a replica with several appliers need not keep their order.
//!
//! A start that is too early is harmless: a contiguous suffix of upserts and deletes by key is replayed. One that is too
//! late loses rows. Whatever is in doubt here goes to the earlier side, or is not exact.

mod ahead;
mod blue;
mod check;
mod digest;
mod green;
mod locate;
#[cfg(test)]
mod model;
mod translate;

use serde::{Deserialize, Serialize};

pub use ahead::Ahead;
pub use check::{Checked, check_coordinates};

use crate::port::{binlog::Place, mysql::Address};

/// Whose logs are compared, and from where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub blue: Address,
    pub green: Address,
    /// Every server that was blue's writer since `from`.
    pub blue_server_ids: Vec<u32>,
    pub green_server_id: u32,
    /// The job's committed offset on blue. The transaction that begins here belongs to the tail, read in part or not.
    pub from: Place,
}

/// Where blue's tail stands on green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Translation {
    Exact(Mirror),
    Inexact {
        /// A sentence.
        why: String,
        /// As far as it could be found all the same.
        boundary: Option<Boundary>,
    },
}

/// All of blue's tail on green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    /// The begin of its earliest transaction: a job starts here.
    pub start: Place,
    pub boundary: Boundary,
    /// Transactions of the tail that change rows, and how many rows they change.
    pub transactions: u64,
    pub rows: u64,
    pub order: Order,
}

/// Whether green committed in blue's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Preserved,
    Changed,
}

/// Where blue ends and green begins, in green's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// The end of blue's last transaction: the coordinates, by green's own log.
    pub place: Place,
    /// The first transaction of green's own that changes rows.
    pub first_green: Option<Place>,
    /// The same, where it stands before `place`: both wrote at the same time.
    pub green_before: Option<Place>,
}

/// Where the begin of blue's tail stands on green, which goes on to replicate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Located {
    At {
        start: Place,
        /// How many transactions of the tail were matched.
        transactions: u64,
        /// They stand at several places: this is the earliest.
        ambiguous: bool,
    },
    /// Why it may be found later.
    NotYet(String),
    /// Why it will not.
    Nowhere(String),
}
