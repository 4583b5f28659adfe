//! What people and accidents do, past the API.

use super::Region;
use super::error::ApiError;
use super::resource::{Cluster, Instance, Resource};

impl Region {
    /// The instance is gone at once.
    pub fn lose_instance(&mut self, id: &str) -> Result<(), ApiError> {
        let resource = Resource::Instance(self.instance(id)?.resource_id.clone());
        self.gone(&resource);
        Ok(())
    }

    /// The cluster and its members are gone at once.
    pub fn lose_cluster(&mut self, id: &str) -> Result<(), ApiError> {
        let cluster = self.cluster(id)?.resource_id.clone();
        let members: Vec<_> = self.members(&cluster).map(|member| member.resource_id.clone()).collect();
        for member in members {
            self.gone(&Resource::Instance(member));
        }
        self.gone(&Resource::Cluster(cluster));
        Ok(())
    }

    /// Any change to an instance: its status, its version, its tags.
    pub fn change_instance(&mut self, id: &str, change: impl FnOnce(&mut Instance)) -> Result<(), ApiError> {
        let key = self.instance(id)?.resource_id.clone();
        if let Some(instance) = self.instances.get_mut(&key) {
            change(instance);
        }
        Ok(())
    }

    /// Any change to a cluster.
    pub fn change_cluster(&mut self, id: &str, change: impl FnOnce(&mut Cluster)) -> Result<(), ApiError> {
        let key = self.cluster(id)?.resource_id.clone();
        if let Some(cluster) = self.clusters.get_mut(&key) {
            change(cluster);
        }
        Ok(())
    }
}
