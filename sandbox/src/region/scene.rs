//! Setting the scene: what is in the region before anybody calls its API.

use serde::{Deserialize, Serialize};

use super::address::Purpose;
use super::catalogue::{self, Level};
use super::error::ApiError;
use super::group::Group;
use super::resource::{Cluster, CustomEndpoint, InEffect, Instance, Tags};
use super::work::{ServerId, Settings, Task};
use super::{Region, version};

/// An Aurora cluster to add. Its members follow with `add_instance`, the writer first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSpec {
    pub id: String,
    pub engine_version: String,
    /// The family's default group if absent.
    pub parameter_group: Option<String>,
    pub custom_endpoints: Vec<String>,
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    pub managed_password: bool,
    pub replication_source: Option<String>,
    pub tags: Tags,
    pub server: ServerId,
}

impl ClusterSpec {
    /// With one day of backups, and all else off.
    pub fn new(id: &str, engine_version: &str, server: &str) -> Self {
        Self {
            id: id.to_owned(),
            engine_version: engine_version.to_owned(),
            parameter_group: None,
            custom_endpoints: Vec::new(),
            backup_retention_days: 1,
            deletion_protection: false,
            managed_password: false,
            replication_source: None,
            tags: Tags::new(),
            server: ServerId(server.to_owned()),
        }
    }
}

/// What kind of instance to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Of this Aurora cluster; the first is its writer. It runs on the cluster's server.
    Member { cluster: String },
    /// An RDS instance of this version.
    Primary { engine_version: String, server: ServerId },
    /// A read replica of this RDS instance.
    Replica { source: String, server: ServerId },
}

/// An instance to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSpec {
    pub id: String,
    pub kind: Kind,
    pub class: String,
    pub parameter_group: Option<String>,
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    pub managed_password: bool,
    pub replication_source: Option<String>,
    pub tags: Tags,
}

impl InstanceSpec {
    pub fn member(id: &str, cluster: &str) -> Self {
        Self::new(id, Kind::Member { cluster: cluster.to_owned() })
    }

    pub fn primary(id: &str, engine_version: &str, server: &str) -> Self {
        let server = ServerId(server.to_owned());
        Self::new(id, Kind::Primary { engine_version: engine_version.to_owned(), server })
    }

    pub fn replica(id: &str, source: &str, server: &str) -> Self {
        Self::new(id, Kind::Replica { source: source.to_owned(), server: ServerId(server.to_owned()) })
    }

    fn new(id: &str, kind: Kind) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            class: "db.r6g.large".to_owned(),
            parameter_group: None,
            backup_retention_days: 1,
            deletion_protection: false,
            managed_password: false,
            replication_source: None,
            tags: Tags::new(),
        }
    }
}

impl Region {
    /// Adds an Aurora cluster without members, `available`.
    pub fn add_cluster(&mut self, spec: ClusterSpec) -> Result<(), ApiError> {
        let engine = "aurora-mysql";
        let version = version::resolve(engine, &spec.engine_version).ok_or_else(|| no_version(&spec.engine_version))?;
        let group = spec.parameter_group.unwrap_or_else(|| Group::default_name(&version.family));
        self.group_of_family(Level::Cluster, &group, &version.family)?;
        let resource_id = self.dice.resource_id("cluster");
        let custom = spec.custom_endpoints.into_iter();
        let custom_endpoints = custom
            .map(|name| CustomEndpoint { host: self.addresses.take(&name, Purpose::Custom), name })
            .collect::<Vec<_>>();
        let cluster = Cluster {
            resource_id: resource_id.clone(),
            engine: engine.to_owned(),
            version: version.version,
            status: "available".to_owned(),
            parameter_group: group,
            endpoint: self.addresses.take(&spec.id, Purpose::Writer),
            reader_endpoint: self.addresses.take(&spec.id, Purpose::Reader),
            custom_endpoints,
            id: spec.id,
            backup_retention_days: spec.backup_retention_days,
            deletion_protection: spec.deletion_protection,
            managed_password: spec.managed_password,
            replication_source: spec.replication_source,
            tags: spec.tags,
            server: spec.server,
            created_at: self.now,
            turn: 0,
        };
        self.route_cluster(&cluster);
        self.clusters.insert(resource_id, cluster);
        Ok(())
    }

    /// Adds an instance, `available` and in sync with its groups.
    pub fn add_instance(&mut self, spec: InstanceSpec) -> Result<(), ApiError> {
        let mut cluster_group = None;
        let (engine, version, cluster, writer, replica_of, server) = match spec.kind {
            Kind::Member { cluster } => {
                let cluster = self.cluster(&cluster)?;
                let first = !self.instances.values().any(|i| i.cluster.as_ref() == Some(&cluster.resource_id));
                cluster_group = Some(cluster.parameter_group.clone());
                let id = Some(cluster.resource_id.clone());
                (cluster.engine.clone(), cluster.version.clone(), id, first, None, cluster.server.clone())
            }
            Kind::Primary { engine_version, server } => {
                let version = version::resolve("mysql", &engine_version).ok_or_else(|| no_version(&engine_version))?;
                (version.engine, version.version, None, true, None, server)
            }
            Kind::Replica { source, server } => {
                let source = self.instance(&source)?;
                let of = Some(source.resource_id.clone());
                (source.engine.clone(), source.version.clone(), None, false, of, server)
            }
        };
        let family = self.family(&engine, &version)?;
        let group = spec.parameter_group.unwrap_or_else(|| Group::default_name(&family));
        let instance_level = InEffect::of(self.group_of_family(Level::Instance, &group, &family)?.values.clone());
        let cluster_level = match cluster_group {
            Some(name) => InEffect::of(self.group(Level::Cluster, &name)?.values.clone()),
            None => InEffect::default(),
        };
        let resource_id = self.dice.resource_id("db");
        let instance = Instance {
            resource_id: resource_id.clone(),
            class: spec.class,
            engine,
            version,
            status: "available".to_owned(),
            parameter_group: group,
            endpoint: self.addresses.take(&spec.id, Purpose::Instance),
            id: spec.id,
            cluster,
            writer,
            replica_of,
            backup_retention_days: spec.backup_retention_days,
            deletion_protection: spec.deletion_protection,
            managed_password: spec.managed_password,
            replication_source: spec.replication_source,
            tags: spec.tags,
            server,
            created_at: self.now,
            cluster_level,
            instance_level,
            turn: 0,
            reboot: None,
        };
        self.send(Task::Route { address: instance.endpoint.clone(), server: instance.server.clone() });
        self.instances.insert(resource_id, instance);
        Ok(())
    }

    /// Adds an empty parameter group.
    pub fn add_parameter_group(&mut self, level: Level, name: &str, family: &str) -> Result<(), ApiError> {
        self.create_group(level, name, family, "Set with the scene", Tags::new()).map(|_| ())
    }

    /// Sets values in a group and puts them into effect on everything that uses it, as if it had been rebooted since.
    pub fn set_parameters(&mut self, level: Level, group: &str, values: &[(&str, &str)]) -> Result<(), ApiError> {
        let held = self.group_mut(level, group)?;
        let unknown = |name: &str| catalogue::definition(&held.family, level, name).is_none();
        if let Some((name, _)) = values.iter().find(|(name, _)| unknown(name)) {
            return Err(ApiError::invalid_value(format!("Could not find parameter with name: {name}")));
        }
        held.values.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let all = held.values.clone();
        for id in self.users_of(level, group) {
            if let Some(instance) = self.instances.get_mut(&id) {
                *instance.in_effect(level) = InEffect::of(all.clone());
            }
        }
        Ok(())
    }

    /// What a server of the scene has to be started with.
    pub fn settings_of(&self, server: &ServerId) -> Settings {
        let owner = self.instances.values().find(|instance| &instance.server == server && instance.owns_server());
        owner.map(Instance::settings).unwrap_or_default()
    }

    pub(super) fn route_cluster(&mut self, cluster: &Cluster) {
        let own = [&cluster.endpoint, &cluster.reader_endpoint];
        let custom = cluster.custom_endpoints.iter().map(|endpoint| &endpoint.host);
        for address in own.into_iter().chain(custom) {
            self.send(Task::Route { address: address.clone(), server: cluster.server.clone() });
        }
    }
}

fn no_version(text: &str) -> ApiError {
    ApiError::invalid_value(format!("Cannot find version {text}"))
}
