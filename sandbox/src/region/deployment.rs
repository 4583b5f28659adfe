//! A blue/green deployment.

use std::collections::BTreeSet;

use serde::Serialize;

use super::resource::{Resource, Tags};
use super::version::EngineVersion;
use super::work::Millis;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Status {
    Provisioning,
    Available,
    SwitchoverInProgress,
    SwitchoverCompleted,
    SwitchoverFailed,
    InvalidConfiguration,
    Deleting,
    /// A status clients do not know.
    Other(String),
}

impl Status {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Available => "AVAILABLE",
            Self::SwitchoverInProgress => "SWITCHOVER_IN_PROGRESS",
            Self::SwitchoverCompleted => "SWITCHOVER_COMPLETED",
            Self::SwitchoverFailed => "SWITCHOVER_FAILED",
            Self::InvalidConfiguration => "INVALID_CONFIGURATION",
            Self::Deleting => "DELETING",
            Self::Other(text) => text,
        }
    }
}

/// One pair of SwitchoverDetails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub source: Resource,
    pub target: Option<Resource>,
    /// ARNs as last known, because a resource may be gone.
    pub source_arn: String,
    pub target_arn: Option<String>,
    pub status: &'static str,
}

pub const COPY: &str = "CREATING_READ_REPLICA_OF_SOURCE";
pub const UPGRADE: &str = "DB_ENGINE_VERSION_UPGRADE";
pub const MEMBERS: &str = "CREATE_DB_INSTANCES_FOR_CLUSTER";
pub const ENDPOINTS: &str = "CREATE_CUSTOM_ENDPOINTS";
pub const BACKUPS: &str = "CONFIGURE_BACKUPS";
pub const TOPOLOGY: &str = "CREATING_TOPOLOGY_OF_SOURCE";

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub name: &'static str,
    /// `PENDING`, `IN_PROGRESS`, `COMPLETED`, `FAILED`.
    pub status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// `bgd-…`.
    pub id: String,
    pub name: String,
    /// The first row is the cluster, or the RDS primary.
    pub rows: Vec<Row>,
    pub steps: Vec<Step>,
    pub status: Status,
    pub status_details: Option<String>,
    pub tags: Tags,
    pub created_at: Millis,
    pub deleted_at: Option<Millis>,
    pub(super) plan: Plan,
    pub(super) progress: Progress,
}

/// What green is to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Plan {
    pub(super) version: EngineVersion,
    /// The groups of green, those of the target family.
    pub(super) cluster_group: Option<String>,
    pub(super) instance_group: Option<String>,
    pub(super) class: Option<String>,
    pub(super) timeout_seconds: u64,
}

/// How far it is, beyond what is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    /// Before, it is not listed.
    pub(super) shown_from: Millis,
    /// The step in progress takes at least until then.
    pub(super) earliest: Millis,
    /// Green's server is in the making.
    pub(super) making: bool,
    /// Green's server is made.
    pub(super) made: bool,
    /// Green replicas (resource ids) whose servers are still being made.
    pub(super) awaited: BTreeSet<String>,
    /// A mishap holds it for ever.
    pub(super) stuck: bool,
    /// When it became available.
    pub(super) available_at: Option<Millis>,
    /// Until then every other look shows the status before.
    pub(super) flaps_until: Millis,
    pub(super) looks: u64,
    /// The switchover's data plane is at work, so that nothing may be cancelled.
    pub(super) frozen: bool,
    pub(super) coordinates: Option<(String, u64)>,
    pub(super) flipped_at: Option<Millis>,
    /// What the writer of green was called before.
    pub(super) old_green_writer: Option<String>,
    pub(super) switched: bool,
}

impl Deployment {
    /// The cluster, or the RDS primary, of blue.
    pub fn source(&self) -> &Row {
        &self.rows[0]
    }

    pub fn is_aurora(&self) -> bool {
        matches!(self.rows[0].source, Resource::Cluster(_))
    }

    /// Still holds its source and target together.
    pub(super) fn binds(&self) -> bool {
        !self.progress.switched && self.status != Status::Deleting
    }

    pub(super) fn has_upgrade(&self) -> bool {
        self.steps.iter().any(|step| step.name == UPGRADE)
    }

    pub(super) fn set_rows(&mut self, status: &'static str) {
        for row in self.rows.iter_mut().filter(|row| !row.status.starts_with("MISSING")) {
            row.status = status;
        }
    }
}
