//! What is asked of RDS, and what may be changed there.
//!
//! Status strings are kept as RDS spells them: an unknown one must not be mistaken for a known one.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Reply, mysql::Address};

pub type Tags = BTreeMap<String, String>;

/// The database of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    AuroraCluster(String),
    RdsInstance(String),
}

impl Database {
    pub fn id(&self) -> &str {
        match self {
            Self::AuroraCluster(id) | Self::RdsInstance(id) => id,
        }
    }

    pub fn level(&self) -> Level {
        match self {
            Self::AuroraCluster(_) => Level::Cluster,
            Self::RdsInstance(_) => Level::Instance,
        }
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AuroraCluster(id) => write!(f, "aurora cluster {id}"),
            Self::RdsInstance(id) => write!(f, "rds instance {id}"),
        }
    }
}

/// The level a parameter group belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Cluster,
    Instance,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupRef {
    pub level: Level,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    pub id: String,
    pub arn: String,
    /// `DbClusterResourceId`: stays with the physical cluster when names move.
    pub resource_id: String,
    pub engine: String,
    pub engine_version: String,
    pub status: String,
    /// The writer endpoint.
    pub endpoint: Option<Address>,
    pub reader_endpoint: Option<Address>,
    pub parameter_group: String,
    pub members: Vec<Member>,
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    /// True where the master password is managed by Secrets Manager.
    pub managed_password: bool,
    /// Set where this cluster is a replica of another source.
    pub replication_source: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub instance: String,
    pub writer: bool,
    /// `in-sync`, `pending-reboot`, …
    pub parameter_group_status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    pub arn: String,
    /// `DbiResourceId`: stays with the physical instance when names move.
    pub resource_id: String,
    pub class: String,
    pub engine: String,
    pub engine_version: String,
    pub status: String,
    pub endpoint: Option<Address>,
    pub cluster: Option<String>,
    pub parameter_group: String,
    pub parameter_group_status: String,
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    pub managed_password: bool,
    pub replication_source: Option<String>,
    pub replicas: Vec<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `bgd-…`.
    pub id: String,
    pub name: String,
    /// ARNs.
    pub source: String,
    pub target: Option<String>,
    /// `PROVISIONING AVAILABLE SWITCHOVER_IN_PROGRESS SWITCHOVER_COMPLETED INVALID_CONFIGURATION SWITCHOVER_FAILED DELETING`.
    pub status: String,
    pub status_details: Option<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    pub members: Vec<Pair>,
    /// `(name, status)`.
    pub parts: Vec<(String, String)>,
    pub tags: Tags,
}

/// One source of a deployment and its counterpart. ARNs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    pub source: String,
    pub target: Option<String>,
    pub status: String,
}

/// Which deployments are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentFilter {
    Id(String),
    Name(String),
    /// The source's ARN.
    Source(String),
    /// The target's ARN.
    Target(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeTarget {
    pub version: String,
    pub major: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineVersion {
    pub engine: String,
    pub version: String,
    pub family: String,
    pub upgrade_targets: Vec<UpgradeTarget>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterGroup {
    pub group: GroupRef,
    pub arn: String,
    pub family: String,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    /// Absent: the engine's default.
    pub value: Option<String>,
    /// `user`, `system`, `engine-default`.
    pub source: String,
    /// `static` or `dynamic`.
    pub apply_type: String,
    pub data_type: String,
    /// As RDS spells it: `ROW,STATEMENT` or `1-65535`.
    pub allowed_values: Option<String>,
    pub modifiable: bool,
}

/// One change to a parameter group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub name: String,
    pub value: String,
    /// True: at the next reboot; false: at once (dynamic parameters only).
    pub pending_reboot: bool,
}

/// RDS takes at most this many settings in one call.
pub const SETTINGS_PER_CALL: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RdsEvent {
    pub source_id: String,
    pub source_type: String,
    pub message: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Events are asked for with both ends and all pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventWindow {
    pub from: OffsetDateTime,
    pub to: OffsetDateTime,
    /// `db-instance`, `db-cluster`, …; absent: all kinds.
    pub source_type: Option<String>,
}

/// A log file that RDS keeps of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceLog {
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since the epoch.
    pub written_at: i64,
}

/// What RDS gave of a log file, from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogText {
    pub text: String,
    /// Bytes that RDS said it has and did not give.
    pub short_by: u64,
}

/// A log that is longer is not fetched.
pub const LONGEST_LOG: u64 = 16 << 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDeployment {
    pub name: String,
    pub source_arn: String,
    pub engine_version: String,
    pub cluster_parameter_group: Option<String>,
    pub instance_parameter_group: Option<String>,
    pub tags: Tags,
}

pub trait RdsRead: Send + Sync {
    fn cluster<'a>(&'a self, id: &'a str) -> Reply<'a, Option<Cluster>>;
    fn instance<'a>(&'a self, id: &'a str) -> Reply<'a, Option<Instance>>;
    /// Every cluster of the account and region.
    fn clusters(&self) -> Reply<'_, Vec<Cluster>>;
    /// Every instance of the account and region.
    fn instances(&self) -> Reply<'_, Vec<Instance>>;
    fn deployments<'a>(&'a self, filter: &'a DeploymentFilter) -> Reply<'a, Vec<Deployment>>;
    fn engine_version<'a>(&'a self, engine: &'a str, version: &'a str) -> Reply<'a, Option<EngineVersion>>;
    fn parameter_group<'a>(&'a self, group: &'a GroupRef) -> Reply<'a, Option<ParameterGroup>>;
    /// All parameters of a group, or only those a user set.
    fn parameters<'a>(&'a self, group: &'a GroupRef, user_only: bool) -> Reply<'a, Vec<Parameter>>;
    /// What a family knows, with the engine's defaults.
    fn family_parameters<'a>(&'a self, level: Level, family: &'a str) -> Reply<'a, Vec<Parameter>>;
    fn events<'a>(&'a self, window: &'a EventWindow) -> Reply<'a, Vec<RdsEvent>>;
    /// Log files of an instance whose names contain `containing`, the newest first.
    fn instance_logs<'a>(&'a self, instance: &'a str, containing: &'a str) -> Reply<'a, Vec<InstanceLog>>;
    /// One of them from its beginning to its end, which is [`LONGEST_LOG`] away at most.
    fn log_text<'a>(&'a self, instance: &'a str, log: &'a InstanceLog) -> Reply<'a, LogText>;
}

/// Every method sends exactly one request. An error of kind `Unknown` means that it may have been applied.
pub trait RdsWrite: Send + Sync {
    fn create_parameter_group<'a>(&'a self, group: &'a GroupRef, family: &'a str, tags: &'a Tags) -> Reply<'a, ()>;
    fn modify_parameter_group<'a>(&'a self, group: &'a GroupRef, settings: &'a [Setting]) -> Reply<'a, ()>;
    /// The deployment's id.
    fn create_deployment<'a>(&'a self, new: &'a NewDeployment) -> Reply<'a, String>;
    /// Gives a cluster (level cluster) or an instance another parameter group.
    fn attach_parameter_group<'a>(&'a self, resource: &'a str, group: &'a GroupRef) -> Reply<'a, ()>;
    fn reboot<'a>(&'a self, instance: &'a str) -> Reply<'a, ()>;
    fn switchover<'a>(&'a self, deployment: &'a str, timeout: Duration) -> Reply<'a, ()>;
    /// Deletes the deployment object. Green stays.
    fn delete_deployment<'a>(&'a self, deployment: &'a str) -> Reply<'a, ()>;
    /// Deletes the deployment and green with it. RDS refuses it after a switchover.
    fn delete_deployment_and_green<'a>(&'a self, deployment: &'a str) -> Reply<'a, ()>;
    fn delete_parameter_group<'a>(&'a self, group: &'a GroupRef) -> Reply<'a, ()>;
}
