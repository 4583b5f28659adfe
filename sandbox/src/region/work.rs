//! What the model asks of the data plane, and what the data plane answers.
//!
//! The region model decides *when* a server must be made, restarted or switched; it never touches one. A data plane
//! (real servers in `mysqld`, or a pretended one in tests) takes the work, does it, and finishes it.

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, on the clock the region is given.
pub type Millis = u64;

/// Names one piece of work; unique within a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkId(pub u64);

/// The physical server behind a resource. It keeps its id when the resource is renamed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerId(pub String);

/// `(name, value)` of every parameter a user has set on the server's groups, cluster level first.
pub type Settings = Vec<(String, String)>;

/// One thing the data plane has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Make `green` from a physical copy of `blue`, upgrade it to `engine_version`, let it replicate from `blue`.
    MakeGreen { blue: ServerId, green: ServerId, engine_version: String, settings: Settings },
    /// Stop the server and start it with these settings.
    Restart { server: ServerId, settings: Settings },
    /// Set these dynamic parameters on the running server.
    Apply { server: ServerId, settings: Settings },
    /// Freeze blue, cut connections, let green catch up within `timeout_seconds`, move the endpoints, open green.
    Switchover { blue: ServerId, green: ServerId, timeout_seconds: u64 },
    /// Make the endpoint `address` lead to `server` (a resource was created or renamed).
    Route { address: String, server: ServerId },
    /// The endpoint is no more.
    Unroute { address: String },
    /// Open a former blue for writes (its deployment was deleted).
    LiftReadOnly { server: ServerId },
    /// Stop a server for good and drop its data.
    Destroy { server: ServerId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub id: WorkId,
    pub task: Task,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    /// Nothing to report.
    Plain,
    /// Green is open for writes; its own log position at the moment it became so, if it writes a binary log.
    Switched { coordinates: Option<(String, u64)> },
}
