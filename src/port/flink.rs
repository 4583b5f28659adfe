//! What is asked of a Flink cluster (JobManager REST) and what is submitted to it (SQL Gateway).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Reply;
use crate::secret::Secret;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// 32 hex digits.
    pub id: String,
    pub name: String,
    /// As Flink spells it: `RUNNING`, `FAILED`, `FINISHED`, …
    pub state: String,
    /// Milliseconds since the epoch.
    pub started_at: i64,
}

impl Job {
    /// Whether the job has ended for good.
    pub fn ended(&self) -> bool {
        matches!(self.state.as_str(), "FINISHED" | "CANCELED" | "FAILED")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoints {
    pub latest_completed: Option<Checkpoint>,
    pub latest_savepoint: Option<Checkpoint>,
    /// Completed ones that Flink still tells of, newest first; not every one is still there.
    pub history: Vec<Checkpoint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub id: u64,
    /// Where its `_metadata` lies.
    pub path: Option<String>,
}

/// How a savepoint that was asked for stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Savepoint {
    /// The trigger is not known to the cluster.
    Unknown,
    InProgress,
    Completed {
        location: String,
    },
    Failed {
        cause: String,
    },
}

/// How a job was told to keep its state and to come back after a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether checkpoints outlive a cancelled job.
    pub retained: bool,
    /// Milliseconds between checkpoints; `None` where there are none.
    pub interval: Option<u64>,
    /// As Flink describes it: `Restart with fixed delay (…)`, `Cluster level default restart strategy`.
    pub restart: String,
}

/// A statement as it is sent. Its text may hold secrets, so it is never logged or serialised.
#[derive(Debug, Clone)]
pub struct Statement(pub Secret);

pub trait FlinkRead: Send + Sync {
    /// Version of the cluster, `1.20.3`.
    fn version(&self) -> Reply<'_, String>;
    /// Whether the SQL Gateway answers, and its version.
    fn gateway_version(&self) -> Reply<'_, String>;
    /// Every job the cluster knows, ended ones included.
    fn jobs(&self) -> Reply<'_, Vec<Job>>;
    /// The state of one job, not cached; `None` where the cluster does not know it.
    fn job_state<'a>(&'a self, job: &'a str) -> Reply<'a, Option<String>>;
    /// The job's own global parameters (`pipeline.global-job-parameters`).
    fn parameters<'a>(&'a self, job: &'a str) -> Reply<'a, BTreeMap<String, String>>;
    fn checkpoints<'a>(&'a self, job: &'a str) -> Reply<'a, Checkpoints>;
    fn savepoint<'a>(&'a self, job: &'a str, trigger: &'a str) -> Reply<'a, Savepoint>;
    /// The first lines of the newest exception of a job.
    fn failure<'a>(&'a self, job: &'a str) -> Reply<'a, Option<String>>;
    fn settings<'a>(&'a self, job: &'a str) -> Reply<'a, Settings>;
    /// The jars and folders of the JobManager's class path: where the connector's version is read.
    fn classpath(&self) -> Reply<'_, Vec<String>>;
}

pub trait FlinkWrite: Send + Sync {
    /// Asks the job to stop with a savepoint under `directory`. `trigger` (32 hex digits) names the request: the same
    /// one again is not a second stop.
    fn stop<'a>(&'a self, job: &'a str, directory: &'a str, trigger: &'a str) -> Reply<'a, ()>;
    /// Ends the job without a savepoint; what it has committed stays.
    fn cancel<'a>(&'a self, job: &'a str) -> Reply<'a, ()>;
    /// Opens the session and does all that can be done before the script is submitted. For speed alone: a later
    /// `submit` in this session takes over what has not changed, and does without where this was never called.
    fn stage<'a>(&'a self, session: &'a str, script: &'a [Statement]) -> Reply<'a, ()>;
    /// Sends a whole script in a session of its own; returns the id of the one job it started. Not repeatable: look for
    /// the job first.
    fn submit<'a>(&'a self, session: &'a str, script: &'a [Statement]) -> Reply<'a, String>;
}
