//! Tags.

use serde::Serialize;

use crate::region::call::{Action, Call};
use crate::region::catalogue::Level;
use crate::region::error::ApiError;
use crate::region::{Region, Tags};

impl Region {
    fn tags_of(&mut self, arn: &str) -> Result<&mut Tags, ApiError> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        let invalid = || ApiError::invalid_value(format!("Invalid resource name: {arn}"));
        let ["arn", "aws", "rds", region, account, kind, name] = parts.as_slice() else { return Err(invalid()) };
        if *region != self.settings.region || *account != self.settings.account {
            return Err(invalid());
        }
        match *kind {
            "cluster" => {
                let id = self.cluster(name)?.resource_id.clone();
                self.clusters.get_mut(&id).map(|cluster| &mut cluster.tags).ok_or_else(invalid)
            }
            "db" => {
                let id = self.instance(name)?.resource_id.clone();
                self.instances.get_mut(&id).map(|instance| &mut instance.tags).ok_or_else(invalid)
            }
            "cluster-pg" => self.group_mut(Level::Cluster, name).map(|group| &mut group.tags),
            "pg" => self.group_mut(Level::Instance, name).map(|group| &mut group.tags),
            "deployment" => {
                let found = self.deployment_mut(name);
                found.map(|deployment| &mut deployment.tags).ok_or_else(|| ApiError::no_deployment(name))
            }
            _ => Err(invalid()),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct AddTagsToResource {
    /// An ARN.
    pub resource: String,
    pub tags: Tags,
}

impl Call for AddTagsToResource {
    const ACTION: Action = Action::AddTagsToResource;
    type Answer = ();

    fn apply(self, region: &mut Region) -> Result<(), ApiError> {
        region.tags_of(&self.resource)?.extend(self.tags);
        Ok(())
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct ListTagsForResource {
    /// An ARN.
    pub resource: String,
}

impl Call for ListTagsForResource {
    const ACTION: Action = Action::ListTagsForResource;
    type Answer = Tags;

    fn apply(self, region: &mut Region) -> Result<Tags, ApiError> {
        region.tags_of(&self.resource).cloned()
    }
}
