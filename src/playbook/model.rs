//! The typed playbook: what is left when every error of the text has been told.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Serialize;

use crate::secret::SecretRef;

/// A playbook, version 1. Paths are absolute or relative to the working directory (already joined to the playbook's folder).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Playbook {
    pub version: u32,
    pub name: String,
    pub target: Option<Target>,
    pub mysql: Option<Mysql>,
    pub flink: Option<Flink>,
    /// What `${secret:NAME}` in a job script stands for.
    pub secrets: BTreeMap<String, SecretRef>,
    pub cdc_jobs: Vec<CdcJob>,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    pub database: DatabaseName,
    pub region: String,
    /// Refuses to run against any other account.
    pub account: Option<String>,
    /// `8.0.mysql_aurora.3.08.2`, `8.0.42`.
    pub engine_version: String,
    /// The old side of a switchover that was done by hand, where its deployment is gone. A person adds it to help a run
    /// that is stuck, so it is no part of a step's input.
    #[serde(skip)]
    pub old: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseName {
    AuroraCluster(String),
    RdsInstance(String),
}

/// How the tool logs in to blue, green and `-old1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mysql {
    pub user: String,
    pub password: SecretRef,
    pub tls: Tls,
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    Verify,
    Required,
    Disabled,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flink {
    /// JobManager REST, `http://flink:8081`.
    pub rest: String,
    pub sql_gateway: String,
    /// Flink's own savepoint directory.
    pub savepoints: String,
    /// PEM certificates that alone are trusted for `https://` addresses.
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CdcJob {
    pub name: String,
    pub flink_sql: FlinkSql,
    /// Names the running job where its name does not.
    pub job_id: Option<String>,
    /// Where the job stands, for a job that Flink no longer knows.
    pub savepoint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlinkSql {
    /// The job as it runs today.
    Script(PathBuf),
    /// A tera template of that script.
    Template { template: PathBuf, tables: Vec<String>, parameters: BTreeMap<String, String> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The kind unless the body has `id:`.
    pub id: String,
    pub body: StepBody,
    /// The step fails when it has taken this long; a rerun begins a new budget.
    pub budget: Option<Duration>,
    /// 1-based line of the step in the text, for messages.
    #[serde(skip)]
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepBody {
    Prepare {
        /// Blue's log is kept at least as long; whole hours.
        binlog_retention: Duration,
    },
    Precheck(Prechecks),
    CreateBlueGreen {
        /// The deployment's name.
        name: String,
    },
    SyncParameterGroup {
        /// Existing cluster group (Aurora) or instance group (RDS) to use instead of one of our own.
        group: Option<String>,
        /// Existing group for the instances of an Aurora cluster.
        instance_group: Option<String>,
        /// Parameters that keep blue's value where their default is another one on green.
        pin: Pin,
        /// Values that green gets whatever blue has.
        set: BTreeMap<String, String>,
    },
    RebootGreen {
        always: bool,
    },
    CheckGreen(CheckGreen),
    Approve {
        expires: Duration,
    },
    StopCdcJobs,
    MoveCdcJobs,
    Switchover {
        /// Given to RDS: 30 s to 3600 s. Over it everything is rolled back.
        timeout: Duration,
        /// Replication lag of green that is tolerated before the call.
        max_lag: Duration,
    },
    CaptureCoordinates {
        /// How long the event is awaited.
        wait: Duration,
        /// Green's file and position at the switchover, given by hand.
        given: Option<(String, u64)>,
    },
    SubmitCdcJobs {
        /// What becomes of what blue wrote after a job's savepoint.
        tail: Tail,
    },
    RepointCdcJobs,
    VerifyData(VerifyData),
    CleanUp {
        /// Time since the switchover before the deployment is removed.
        keep_old_for: Duration,
    },
}

/// How green is looked through, and what is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckGreen {
    /// Sessions with a server at most.
    pub connections: u64,
    pub exclude: Vec<Excluded>,
}

/// Which prechecks are made, and how gently the catalogue is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prechecks {
    /// Ids of the only checks that count; all where there is none.
    pub include: Vec<String>,
    pub exclude: Vec<Excluded>,
    /// Warnings refuse too.
    pub strict: bool,
    /// Sessions with blue's writer at most.
    pub connections: u64,
    /// `Threads_running` over which nothing more is asked.
    pub max_threads_running: u64,
    /// Whether tables are checked with `CHECK TABLE … FOR UPGRADE`.
    pub check_tables: bool,
}

/// Findings with which a person goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excluded {
    pub check: String,
    /// Absent: every object.
    pub object: Option<String>,
    /// Why; stands in the report.
    pub reason: String,
}

/// Whose values of blue are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    All,
    Names(Vec<String>),
}

/// Which tables are compared, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyData {
    /// Sources and sinks by name; those of the jobs where there is none.
    pub pairs: Vec<(TableAt, TableAt)>,
    pub of: Of,
    pub scope: Scope,
    pub hash: RowHash,
    /// Sessions with each server at most.
    pub connections: u64,
    /// `Threads_running` of a server, our own not counted, over which the comparison waits.
    pub max_threads_running: u64,
    /// How far a replica may be behind; over it the comparison waits.
    pub max_lag: Duration,
    /// How long a row must differ at rest where no job tells that it has read on.
    pub settle: Duration,
    /// Whether values stand in the report of what differs.
    pub values_shown: bool,
}

/// Whose tables are compared where none are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Sources and sinks of the CDC jobs.
    #[default]
    Jobs,
    /// All of blue, with green.
    Green,
}

/// Which of their rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    #[default]
    All,
    /// Those that green has logged since the jobs read it.
    Handover,
}

/// How rows are summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowHash {
    #[default]
    Crc32,
    Md5,
}

/// A table of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableAt {
    pub host: String,
    pub port: u16,
    /// `schema.table`.
    pub table: String,
    /// Where it is not the login of the section `mysql`.
    pub user: Option<String>,
    pub password: Option<SecretRef>,
}

impl TableAt {
    /// Schema and table.
    pub fn names(&self) -> (&str, &str) {
        self.table.split_once('.').unwrap_or(("", &self.table))
    }
}

/// How the tail of blue's log is carried over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tail {
    /// Translated to green's log where that is exact, else drained.
    #[default]
    Auto,
    /// Read to its end on the old side, whatever else could be done.
    Drain,
}

impl StepBody {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Prepare { .. } => "prepare",
            Self::Precheck(_) => "precheck",
            Self::CreateBlueGreen { .. } => "create_blue_green",
            Self::SyncParameterGroup { .. } => "sync_parameter_group",
            Self::RebootGreen { .. } => "reboot_green",
            Self::CheckGreen(_) => "check_green",
            Self::Approve { .. } => "approve",
            Self::StopCdcJobs => "stop_cdc_jobs",
            Self::MoveCdcJobs => "move_cdc_jobs",
            Self::Switchover { .. } => "switchover",
            Self::CaptureCoordinates { .. } => "capture_coordinates",
            Self::SubmitCdcJobs { .. } => "submit_cdc_jobs",
            Self::RepointCdcJobs => "repoint_cdc_jobs",
            Self::VerifyData(_) => "verify_data",
            Self::CleanUp { .. } => "clean_up",
        }
    }

    /// Whether it stops or starts CDC jobs.
    pub fn acts_on_jobs(&self) -> bool {
        matches!(self, Self::StopCdcJobs | Self::MoveCdcJobs | Self::SubmitCdcJobs { .. } | Self::RepointCdcJobs)
    }
}
