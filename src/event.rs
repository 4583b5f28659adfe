//! What happened: all that a report knows.
//!
//! One run is a list of events: exactly one `run_started` first and one `run_finished` last. Times are UTC, elapsed and
//! budget are seconds.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

/// The version of the event format, `v` in every line.
pub const VERSION: u32 = 1;

/// One line of the event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub v: u32,
    pub seq: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    #[serde(flatten)]
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    RunStarted {
        run: String,
        playbook: String,
        /// The database, as `aurora cluster orders in us-east-1`; empty where the playbook has none.
        target: String,
        steps: Vec<StepName>,
        /// True where an unfinished run goes on.
        resumed: bool,
    },
    StepStarted {
        step: String,
        kind: String,
    },
    StepProgress {
        step: String,
        /// What is awaited.
        awaited: String,
        /// The last observation.
        seen: String,
        /// Seconds since the step began in this call.
        elapsed: f64,
        /// Seconds the step may take, where it has a budget.
        budget: Option<f64>,
        /// True when nothing observed has moved for long.
        stalled: bool,
    },
    /// The runner is about to do something, or has done it.
    Operation {
        step: String,
        operation: String,
        attempt: u32,
        state: OperationState,
        what: String,
    },
    Finding(Finding),
    Warning {
        step: Option<String>,
        message: String,
    },
    Artifact {
        step: String,
        /// Relative to the run folder.
        path: String,
        /// `sha256:` and 64 hex digits.
        digest: String,
    },
    StepFinished {
        step: String,
        kind: String,
        outcome: Outcome,
        reason: Option<String>,
        outputs: Value,
        /// Seconds of this call; 0 for a step done in an earlier one.
        elapsed: f64,
    },
    RunFinished {
        outcome: Outcome,
        exit_code: u8,
        error: Option<crate::error::Error>,
        /// A command to paste; absent only with exit 0.
        next: Option<String>,
    },
    Proposal(Proposal),
    Status(Status),
    Offset(Offset),
    Choice(Choice),
    Check(Check),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepName {
    pub id: String,
    pub kind: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    Started,
    Done,
    Failed,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    Skipped,
    Failed,
    Waiting,
    Unknown,
    Interrupted,
    /// Given up before the switchover, and taken back.
    Aborted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Notice,
    Warning,
    Error,
}

/// What a finding leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    StopsTheUpgrade,
    BrokenAfterwards,
    SilentUntilUsed,
    Advice,
}

/// What a precheck found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub check: String,
    pub level: Level,
    pub consequence: Consequence,
    /// What it is about: `schema.table.column`, a parameter, a resource.
    pub object: String,
    pub message: String,
    /// What to do, as a statement or command where there is one.
    pub fix: Option<String>,
    /// The query or call that shows it.
    pub query: Option<String>,
}

/// What one step would do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub step: String,
    pub kind: String,
    pub action: Action,
    /// The calls to the outside that would change something, in order, as far as they can be known.
    pub calls: Vec<String>,
    pub what: String,
    /// Why, or why nothing, or what it depends on.
    pub why: Option<String>,
    /// What can or cannot be undone after it.
    pub undo: String,
    /// What it would do in detail.
    #[serde(default)]
    pub table: Option<Table>,
}

/// Rows of as many cells as there are columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Already done, or already true.
    Nothing,
    Do,
    Wait,
    /// Stops until a person consents.
    Gate,
    /// Refused as things stand.
    Refuse,
    /// Cannot be previewed before earlier steps have run.
    NotYetKnown,
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub run: Option<String>,
    pub playbook: String,
    pub state: RunState,
    pub steps: Vec<StepStatus>,
    /// What the run waits for.
    pub waits_for: Option<String>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    NeverRun,
    Running,
    Stopped,
    Waiting,
    Unknown,
    /// `upgrade abort` has begun and is not done.
    Aborting,
    Finished,
    Aborted,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepStatus {
    pub id: String,
    pub kind: String,
    /// Absent where the step has not begun; `started` is told by `begun`.
    pub outcome: Option<Outcome>,
    pub begun: bool,
    pub reason: Option<String>,
    pub outputs: Value,
}

/// Where one source of a CDC job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// `db.table`; several are joined by commas.
    pub source: String,
    pub file: String,
    pub position: u64,
    pub skip_events: u64,
    pub skip_rows: u64,
    pub gtid_set: Option<String>,
    pub server_id: Option<u32>,
    pub phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Binlog,
    Snapshot,
}

/// One thing a person may say of a step whose outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub step: String,
    /// `done`, `retry` or `skip`.
    #[serde(rename = "as")]
    pub says: String,
    /// What is said with it, and what comes of it.
    pub means: String,
    /// Outputs of the step that have to be given with it.
    pub outputs: Vec<ByHand>,
    /// A command to paste; names of outputs in capitals stand for their values.
    pub command: String,
}

/// An output that a person has to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    pub name: String,
    /// Where its value is found, and what it looks like.
    pub found: String,
}

/// A check that a precheck makes, as it explains itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// As its findings name it.
    pub check: String,
    /// `mysql_shell`, `aurora` or `upgrade`: who gave it its id.
    pub from: String,
    pub level: Level,
    pub consequence: Consequence,
    /// What it is about, in one line.
    pub title: String,
    /// Why it matters, and what to do.
    pub about: String,
    /// The upgrades it looks at, in words.
    pub upgrades: String,
    pub link: Option<String>,
}

/// Takes events as they happen: a reporter, a collector, a fan-out of both.
pub trait Observer: Send {
    fn on(&mut self, event: &Event);
}
