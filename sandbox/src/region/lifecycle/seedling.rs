//! The resources of green, as they come into being.

use crate::region::Region;
use crate::region::address::Purpose;
use crate::region::catalogue::Level;
use crate::region::group::Group;
use crate::region::resource::{Cluster, CustomEndpoint, InEffect, Instance, Resource};
use crate::region::work::ServerId;

/// What a new green instance gets that its source does not give.
pub(super) struct Seed {
    pub(super) version: String,
    pub(super) cluster: Option<String>,
    pub(super) replica_of: Option<String>,
    pub(super) server: Option<ServerId>,
    pub(super) pending: bool,
}

impl Region {
    fn green_name(&mut self, blue: &str) -> String {
        format!("{blue}-green-{}", self.dice.suffix())
    }

    /// Green's cluster, `creating`, without members; its resource id.
    pub(super) fn sow_cluster(&mut self, blue: &Cluster, group: &str, version: &str) -> String {
        let id = self.green_name(&blue.id);
        let resource_id = self.dice.resource_id("cluster");
        let green = Cluster {
            resource_id: resource_id.clone(),
            engine: blue.engine.clone(),
            version: version.to_owned(),
            status: "creating".to_owned(),
            parameter_group: group.to_owned(),
            endpoint: self.addresses.take(&id, Purpose::Writer),
            reader_endpoint: self.addresses.take(&id, Purpose::Reader),
            custom_endpoints: Vec::new(),
            server: ServerId(id.clone()),
            id,
            backup_retention_days: blue.backup_retention_days,
            deletion_protection: blue.deletion_protection,
            managed_password: false,
            replication_source: None,
            tags: blue.tags.clone(),
            created_at: self.now,
            turn: 0,
        };
        self.clusters.insert(resource_id.clone(), green);
        resource_id
    }

    /// A green instance, `creating`; its resource id.
    pub(super) fn sow_instance(&mut self, blue: &Instance, class: Option<String>, group: &str, seed: Seed) -> String {
        let id = self.green_name(&blue.id);
        let resource_id = self.dice.resource_id("db");
        let cluster_group = seed.cluster.as_ref().and_then(|c| self.clusters.get(c)).map(|c| c.parameter_group.clone());
        let cluster_level = cluster_group.map(|name| self.begin_with(Level::Cluster, &name, seed.pending));
        let instance_level = self.begin_with(Level::Instance, group, seed.pending);
        let green = Instance {
            resource_id: resource_id.clone(),
            class: class.unwrap_or_else(|| blue.class.clone()),
            engine: blue.engine.clone(),
            version: seed.version,
            status: "creating".to_owned(),
            parameter_group: group.to_owned(),
            endpoint: self.addresses.take(&id, Purpose::Instance),
            cluster: seed.cluster,
            writer: blue.writer,
            replica_of: seed.replica_of,
            backup_retention_days: blue.backup_retention_days,
            deletion_protection: blue.deletion_protection,
            managed_password: false,
            replication_source: None,
            tags: blue.tags.clone(),
            server: seed.server.unwrap_or_else(|| ServerId(id.clone())),
            created_at: self.now,
            cluster_level: cluster_level.unwrap_or_default(),
            instance_level,
            turn: 0,
            reboot: None,
            id,
        };
        self.instances.insert(resource_id.clone(), green);
        resource_id
    }

    /// What a new instance runs with: its group's values, or the defaults and a reboot to come.
    pub(super) fn begin_with(&self, level: Level, group: &str, pending: bool) -> InEffect {
        let values = self.group(level, group).map(|group| group.values.clone()).unwrap_or_default();
        if pending { InEffect { pending_reboot: true, ..InEffect::default() } } else { InEffect::of(values) }
    }

    /// The instance group of the green counterpart of `blue`.
    pub(super) fn green_group(&self, planned: Option<&str>, blue: &Instance, family: &str) -> String {
        let own = self.group(Level::Instance, &blue.parameter_group).is_ok_and(|group| group.family == family);
        match planned {
            Some(planned) => planned.to_owned(),
            None if own => blue.parameter_group.clone(),
            None => Group::default_name(family),
        }
    }

    /// The green counterpart of every custom endpoint.
    pub(super) fn sow_endpoints(&mut self, blue: &str, green: &str) -> Vec<Resource> {
        let names: Vec<String> = self
            .clusters
            .get(blue)
            .map(|cluster| cluster.custom_endpoints.iter().map(|endpoint| endpoint.name.clone()).collect())
            .unwrap_or_default();
        let sown: Vec<CustomEndpoint> = names
            .iter()
            .map(|name| {
                let name = self.green_name(name);
                CustomEndpoint { host: self.addresses.take(&name, Purpose::Custom), name }
            })
            .collect();
        let count = sown.len();
        if let Some(cluster) = self.clusters.get_mut(green) {
            cluster.custom_endpoints = sown;
        }
        (0..count).map(|nth| Resource::Endpoint(green.to_owned(), nth)).collect()
    }
}
