//! Finding things by name, and the names they go by.

use super::Region;
use super::deployment::Deployment;
use super::error::ApiError;
use super::resource::{Cluster, Instance, Resource};
use super::version;
use super::work::ServerId;

impl Region {
    pub fn cluster(&self, id: &str) -> Result<&Cluster, ApiError> {
        self.clusters.values().find(|c| c.id.eq_ignore_ascii_case(id)).ok_or_else(|| ApiError::no_cluster(id))
    }

    pub fn instance(&self, id: &str) -> Result<&Instance, ApiError> {
        self.instances.values().find(|i| i.id.eq_ignore_ascii_case(id)).ok_or_else(|| ApiError::no_instance(id))
    }

    /// By id (`bgd-…`) or, for people, by name.
    pub fn deployment(&self, id: &str) -> Result<&Deployment, ApiError> {
        let found = self.deployments.iter().find(|d| d.id.eq_ignore_ascii_case(id) || d.name == id);
        found.ok_or_else(|| ApiError::no_deployment(id))
    }

    pub fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        self.clusters.values()
    }

    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    pub fn deployments(&self) -> &[Deployment] {
        &self.deployments
    }

    /// Final snapshots that were taken.
    pub fn snapshots(&self) -> &[String] {
        &self.snapshots
    }

    /// The one port of all endpoints.
    pub fn port(&self) -> u16 {
        self.addresses.port()
    }

    pub(super) fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    pub(super) fn members(&self, cluster: &str) -> impl Iterator<Item = &Instance> {
        // The writer first.
        let of = move |instance: &&Instance| instance.cluster.as_deref() == Some(cluster);
        let writer = self.instances.values().filter(of).filter(|instance| instance.writer);
        writer.chain(self.instances.values().filter(of).filter(|instance| !instance.writer))
    }

    pub(super) fn replicas(&self, source: &str) -> impl Iterator<Item = &Instance> {
        let source = source.to_owned();
        self.instances.values().filter(move |instance| instance.replica_of.as_deref() == Some(&source))
    }

    /// The writer of a cluster, or the instance itself.
    pub(super) fn writer_of(&self, resource: &Resource) -> Option<&Instance> {
        match resource {
            Resource::Cluster(id) | Resource::Endpoint(id, _) => self.members(id).find(|instance| instance.writer),
            Resource::Instance(id) => self.instances.get(id),
        }
    }

    pub(super) fn server_of(&self, resource: &Resource) -> Option<ServerId> {
        match resource {
            Resource::Cluster(id) | Resource::Endpoint(id, _) => self.clusters.get(id).map(|c| c.server.clone()),
            Resource::Instance(id) => self.instances.get(id).map(|i| i.server.clone()),
        }
    }

    pub(super) fn name_of(&self, resource: &Resource) -> Option<String> {
        match resource {
            Resource::Cluster(id) => self.clusters.get(id).map(|cluster| cluster.id.clone()),
            Resource::Instance(id) => self.instances.get(id).map(|instance| instance.id.clone()),
            Resource::Endpoint(id, nth) => {
                self.clusters.get(id).and_then(|c| c.custom_endpoints.get(*nth)).map(|e| e.name.clone())
            }
        }
    }

    pub(super) fn arn_of(&self, resource: &Resource) -> Option<String> {
        let kind = match resource {
            Resource::Cluster(_) => "cluster",
            Resource::Instance(_) => "db",
            Resource::Endpoint(..) => "cluster-endpoint",
        };
        self.name_of(resource).map(|name| self.arn(kind, &name))
    }

    /// `arn:aws:rds:REGION:ACCOUNT:KIND:NAME`.
    pub fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:rds:{}:{}:{kind}:{name}", self.settings.region, self.settings.account)
    }

    pub(super) fn family(&self, engine: &str, version: &str) -> Result<String, ApiError> {
        let found = version::resolve(engine, version).map(|version| version.family);
        found.ok_or_else(|| ApiError::invalid_value(format!("Cannot find version {version} for {engine}")))
    }
}
