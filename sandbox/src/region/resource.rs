//! Clusters and instances. They are kept under their resource id, because names move.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::catalogue::Level;
use super::work::{Millis, ServerId, Settings};

pub type Tags = BTreeMap<String, String>;

/// Something a deployment has two of, by resource id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    Cluster(String),
    Instance(String),
    /// The nth custom endpoint of a cluster.
    Endpoint(String, usize),
}

/// What an instance runs with, of one of its groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InEffect {
    /// The user's values the server started with, or took since.
    pub values: BTreeMap<String, String>,
    /// A change waits for a reboot.
    pub pending_reboot: bool,
    /// Changes being applied right now.
    pub applying: u32,
}

impl InEffect {
    pub fn of(values: BTreeMap<String, String>) -> Self {
        Self { values, ..Self::default() }
    }

    /// ParameterApplyStatus or DBClusterParameterGroupStatus.
    pub fn status(&self) -> &'static str {
        match self {
            Self { applying: 1.., .. } => "applying",
            Self { pending_reboot: true, .. } => "pending-reboot",
            _ => "in-sync",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomEndpoint {
    pub name: String,
    pub host: String,
}

/// An Aurora cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    pub resource_id: String,
    pub id: String,
    pub engine: String,
    pub version: String,
    pub status: String,
    pub parameter_group: String,
    pub endpoint: String,
    pub reader_endpoint: String,
    pub custom_endpoints: Vec<CustomEndpoint>,
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    /// The master password is kept by Secrets Manager.
    pub managed_password: bool,
    /// An external source this cluster replicates from.
    pub replication_source: Option<String>,
    pub tags: Tags,
    /// The writer's server; readers share its storage.
    pub server: ServerId,
    pub created_at: Millis,
    /// Counts the reasons for its status, so that an outdated one cannot end a newer.
    pub(super) turn: u64,
}

/// A member of an Aurora cluster, or an RDS instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Instance {
    pub resource_id: String,
    pub id: String,
    pub class: String,
    pub engine: String,
    pub version: String,
    pub status: String,
    pub parameter_group: String,
    pub endpoint: String,
    /// The resource id of its Aurora cluster.
    pub cluster: Option<String>,
    /// True for RDS instances that are no replica, too.
    pub writer: bool,
    /// The resource id of the RDS instance it replicates from.
    pub replica_of: Option<String>,
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    pub managed_password: bool,
    pub replication_source: Option<String>,
    pub tags: Tags,
    pub server: ServerId,
    pub created_at: Millis,
    pub cluster_level: InEffect,
    pub instance_level: InEffect,
    pub(super) turn: u64,
    pub(super) reboot: Option<Reboot>,
}

/// A reboot on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Reboot {
    pub(super) earliest: Millis,
    pub(super) restarted: bool,
}

impl Instance {
    /// Everything a user has set and that is in effect, cluster level first.
    pub fn settings(&self) -> Settings {
        let both = [&self.cluster_level, &self.instance_level];
        both.iter().flat_map(|level| level.values.clone()).collect()
    }

    pub(super) fn in_effect(&mut self, level: Level) -> &mut InEffect {
        match level {
            Level::Cluster => &mut self.cluster_level,
            Level::Instance => &mut self.instance_level,
        }
    }

    /// True where a restart of this instance is a restart of its server.
    pub fn owns_server(&self) -> bool {
        self.cluster.is_none() || self.writer
    }
}
