//! Instances, as the API shows and changes them.

use serde::Serialize;

use super::{Filter, check_filters};
use crate::region::call::{Action, Call};
use crate::region::catalogue::Level;
use crate::region::error::ApiError;
use crate::region::page::{Page, Paging};
use crate::region::resource::{Instance, Resource};
use crate::region::{Millis, Region, Tags};

/// A row of DescribeDBInstances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceShown {
    pub id: String,
    pub arn: String,
    pub resource_id: String,
    pub class: String,
    pub engine: String,
    pub engine_version: String,
    pub status: String,
    /// Absent while it is being created.
    pub endpoint: Option<String>,
    pub port: u16,
    pub cluster: Option<String>,
    pub parameter_group: String,
    /// `in-sync`, `pending-reboot`, `applying`.
    pub parameter_group_status: &'static str,
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    pub managed_password: bool,
    pub replica_source: Option<String>,
    pub replicas: Vec<String>,
    pub created_at: Millis,
    pub tags: Tags,
}

impl Region {
    fn show_instance(&self, instance: &Instance) -> InstanceShown {
        let source = instance.replica_of.as_ref().and_then(|id| self.instances.get(id)).map(|source| source.id.clone());
        let cluster = instance.cluster.as_ref().and_then(|id| self.clusters.get(id)).map(|cluster| cluster.id.clone());
        InstanceShown {
            id: instance.id.clone(),
            arn: self.arn("db", &instance.id),
            resource_id: instance.resource_id.clone(),
            class: instance.class.clone(),
            engine: instance.engine.clone(),
            engine_version: instance.version.clone(),
            status: instance.status.clone(),
            endpoint: (instance.status != "creating").then(|| instance.endpoint.clone()),
            port: self.port(),
            cluster,
            parameter_group: instance.parameter_group.clone(),
            parameter_group_status: instance.instance_level.status(),
            backup_retention_days: instance.backup_retention_days,
            deletion_protection: instance.deletion_protection,
            managed_password: instance.managed_password,
            replica_source: source.or_else(|| instance.replication_source.clone()),
            replicas: self.replicas(&instance.resource_id).map(|replica| replica.id.clone()).collect(),
            created_at: instance.created_at,
            tags: instance.tags.clone(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct DescribeDBInstances {
    /// An identifier, or an ARN.
    pub id: Option<String>,
    pub filters: Vec<Filter>,
    pub paging: Paging,
}

impl Call for DescribeDBInstances {
    const ACTION: Action = Action::DescribeDBInstances;
    type Answer = Page<InstanceShown>;

    fn apply(self, region: &mut Region) -> Result<Page<InstanceShown>, ApiError> {
        check_filters(&self.filters, &["db-cluster-id", "db-instance-id", "dbi-resource-id", "domain", "engine"])?;
        if let Some(id) = &self.id {
            let name = id.rsplit(':').next().unwrap_or(id);
            let instance = region.instance(name)?;
            return Ok(Page { items: vec![region.show_instance(instance)], marker: None });
        }
        let wanted = |shown: &InstanceShown| {
            self.filters.iter().all(|filter| match filter.name.as_str() {
                "db-instance-id" => filter.has(&shown.id) || filter.has(&shown.arn),
                "dbi-resource-id" => filter.has(&shown.resource_id),
                "db-cluster-id" => {
                    shown.cluster.as_ref().is_some_and(|id| filter.has(id) || filter.has(&region.arn("cluster", id)))
                }
                "engine" => filter.has(&shown.engine),
                _ => false,
            })
        };
        let shown = region.instances().map(|instance| region.show_instance(instance));
        let mut found: Vec<_> = shown.filter(wanted).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        self.paging.of(found)
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct ModifyDBInstance {
    pub id: String,
    pub parameter_group: Option<String>,
    pub backup_retention_days: Option<u32>,
    pub deletion_protection: Option<bool>,
    /// Refused: the model upgrades by deployments only.
    pub engine_version: Option<String>,
}

impl Call for ModifyDBInstance {
    const ACTION: Action = Action::ModifyDBInstance;
    type Answer = InstanceShown;

    fn apply(self, region: &mut Region) -> Result<InstanceShown, ApiError> {
        let instance = region.instance(&self.id)?.clone();
        if instance.status != "available" {
            return Err(ApiError::instance_state(format!("DB instance {} is not in available state.", instance.id)));
        }
        if self.engine_version.as_ref().is_some_and(|version| *version != instance.version) {
            return Err(ApiError::invalid_combination("In-place engine upgrades aren't available in this Region."));
        }
        if self.backup_retention_days.is_some_and(|days| days > 35) {
            return Err(ApiError::invalid_value("Invalid backup retention period. Must be between 0 and 35."));
        }
        if self.backup_retention_days.is_some() && instance.cluster.is_some() {
            let message = "The requested DB Instance will be a member of a DB Cluster. Set backup retention period for the DB Cluster.";
            return Err(ApiError::invalid_combination(message));
        }
        let family = region.family(&instance.engine, &instance.version)?;
        let mut changed = instance.clone();
        if let Some(name) = &self.parameter_group {
            changed.parameter_group = region.group_of_family(Level::Instance, name, &family)?.name.clone();
            changed.instance_level.pending_reboot |= changed.parameter_group != instance.parameter_group;
        }
        changed.backup_retention_days = self.backup_retention_days.unwrap_or(instance.backup_retention_days);
        changed.deletion_protection = self.deletion_protection.unwrap_or(instance.deletion_protection);
        region.instances.insert(instance.resource_id.clone(), changed);
        let resource = Resource::Instance(instance.resource_id);
        region.pass_through(&resource, "modifying", region.settings.pace.modify, "available");
        let held = region.instance(&self.id)?;
        Ok(region.show_instance(held))
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct RebootDBInstance {
    pub id: String,
    pub force_failover: bool,
}

impl Call for RebootDBInstance {
    const ACTION: Action = Action::RebootDBInstance;
    type Answer = InstanceShown;

    fn apply(self, region: &mut Region) -> Result<InstanceShown, ApiError> {
        if self.force_failover {
            let message = "Cannot specify ForceFailover when the DB instance is not configured for Multi-AZ.";
            return Err(ApiError::invalid_combination(message));
        }
        let instance = region.begin_reboot(&self.id)?;
        Ok(region.show_instance(&instance))
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct DeleteDBInstance {
    pub id: String,
    pub skip_final_snapshot: bool,
    pub final_snapshot: Option<String>,
}

impl Call for DeleteDBInstance {
    const ACTION: Action = Action::DeleteDBInstance;
    type Answer = InstanceShown;

    fn apply(self, region: &mut Region) -> Result<InstanceShown, ApiError> {
        let instance = region.instance(&self.id)?.clone();
        let resource = Resource::Instance(instance.resource_id.clone());
        let id = &instance.id;
        if instance.status == "deleting" {
            return Err(ApiError::instance_state(format!("Instance {id} is already being deleted.")));
        }
        if region.is_bound(&resource) {
            return Err(ApiError::instance_state(format!("Instance {id} is part of a blue/green deployment.")));
        }
        if instance.deletion_protection {
            let message = "Cannot delete protected DB Instance, please disable deletion protection and try again.";
            return Err(ApiError::invalid_combination(message));
        }
        // Members of a cluster have no snapshot of their own: the cluster's is taken with the cluster.
        if instance.cluster.is_none() {
            region.final_snapshot(self.skip_final_snapshot, self.final_snapshot, "DBSnapshotAlreadyExists")?;
        }
        region.begin_delete(&resource);
        let held = region.instance(&self.id)?;
        Ok(region.show_instance(held))
    }
}
