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
        ended(&self.state)
    }
}

/// Whether a job of this state has ended for good.
pub fn ended(state: &str) -> bool {
    matches!(state, "FINISHED" | "CANCELED" | "FAILED")
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoints {
    pub latest_completed: Option<Checkpoint>,
    pub latest_savepoint: Option<Checkpoint>,
    /// Completed ones that Flink still tells of and has not removed, newest first; savepoints are among them.
    #[serde(default)]
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
    /// As Flink describes it. Flink 1.20 says `Cluster level default restart strategy` of every strategy that was set by
    /// an option, for the job or for the cluster: what the script sets stands only in the script.
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
    /// As they were up to three seconds ago (`web.refresh-interval`); Flink has no fresher answer.
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
    /// Opens the session, runs what comes before the first statement that starts a job, and plans that. For speed
    /// alone: a later `submit` under this name takes over what has not changed, and does without where this was never
    /// called or failed.
    ///
    /// # Errors
    ///
    /// `Transient` or `Permanent`; no job was started.
    fn stage<'a>(&'a self, session: &'a str, script: &'a [Statement]) -> Reply<'a, ()>;
    /// Sends a whole script in a session of its own, or in the one that was staged under its name where that comes to
    /// the same; returns the id of the one job it started.
    ///
    /// Repeatable where the script chooses the id of its job (`SET '$internal.pipeline.job-id' = '<32 hex digits>'`):
    /// a job that was started under it is returned, whatever became of it. Otherwise look for the job first.
    ///
    /// # Errors
    ///
    /// `Transient` or `Permanent` where no job was started, `Unknown` where one may have been.
    fn submit<'a>(&'a self, session: &'a str, script: &'a [Statement]) -> Reply<'a, String>;
}
