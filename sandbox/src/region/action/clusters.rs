//! Clusters, as the API shows and changes them.

use serde::Serialize;

use super::{Filter, check_filters};
use crate::region::call::{Action, Call};
use crate::region::catalogue::Level;
use crate::region::error::ApiError;
use crate::region::page::{Page, Paging};
use crate::region::resource::{Cluster, Resource};
use crate::region::{Millis, Region, Tags};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterMember {
    pub instance: String,
    pub writer: bool,
    /// `in-sync`, `pending-reboot`, `applying`.
    pub parameter_group_status: &'static str,
}

/// A row of DescribeDBClusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterShown {
    pub id: String,
    pub arn: String,
    pub resource_id: String,
    pub engine: String,
    pub engine_version: String,
    pub status: String,
    pub endpoint: String,
    pub reader_endpoint: String,
    pub custom_endpoints: Vec<String>,
    pub port: u16,
    pub parameter_group: String,
    pub members: Vec<ClusterMember>,
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    pub managed_password: bool,
    pub replication_source: Option<String>,
    pub created_at: Millis,
    pub tags: Tags,
}

impl Region {
    fn show_cluster(&self, cluster: &Cluster) -> ClusterShown {
        let members = self.members(&cluster.resource_id).map(|member| ClusterMember {
            instance: member.id.clone(),
            writer: member.writer,
            parameter_group_status: member.cluster_level.status(),
        });
        ClusterShown {
            id: cluster.id.clone(),
            arn: self.arn("cluster", &cluster.id),
            resource_id: cluster.resource_id.clone(),
            engine: cluster.engine.clone(),
            engine_version: cluster.version.clone(),
            status: cluster.status.clone(),
            endpoint: cluster.endpoint.clone(),
            reader_endpoint: cluster.reader_endpoint.clone(),
            custom_endpoints: cluster.custom_endpoints.iter().map(|endpoint| endpoint.host.clone()).collect(),
            port: self.port(),
            parameter_group: cluster.parameter_group.clone(),
            members: members.collect(),
            backup_retention_days: cluster.backup_retention_days,
            deletion_protection: cluster.deletion_protection,
            managed_password: cluster.managed_password,
            replication_source: cluster.replication_source.clone(),
            created_at: cluster.created_at,
            tags: cluster.tags.clone(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct DescribeDBClusters {
    /// An identifier, or an ARN.
    pub id: Option<String>,
    pub filters: Vec<Filter>,
    pub paging: Paging,
}

impl Call for DescribeDBClusters {
    const ACTION: Action = Action::DescribeDBClusters;
    type Answer = Page<ClusterShown>;

    fn apply(self, region: &mut Region) -> Result<Page<ClusterShown>, ApiError> {
        let known = ["clone-group-id", "db-cluster-id", "db-cluster-resource-id", "domain", "engine"];
        check_filters(&self.filters, &known)?;
        if let Some(id) = &self.id {
            let name = id.rsplit(':').next().unwrap_or(id);
            let cluster = region.cluster(name)?;
            return Ok(Page { items: vec![region.show_cluster(cluster)], marker: None });
        }
        let wanted = |cluster: &&Cluster| {
            self.filters.iter().all(|filter| match filter.name.as_str() {
                "db-cluster-id" => filter.has(&cluster.id) || filter.has(&region.arn("cluster", &cluster.id)),
                "db-cluster-resource-id" => filter.has(&cluster.resource_id),
                "engine" => filter.has(&cluster.engine),
                _ => false,
            })
        };
        let mut found: Vec<_> = region.clusters().filter(wanted).map(|cluster| region.show_cluster(cluster)).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        self.paging.of(found)
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct ModifyDBCluster {
    pub id: String,
    pub parameter_group: Option<String>,
    pub backup_retention_days: Option<u32>,
    pub deletion_protection: Option<bool>,
    /// Refused: the model upgrades by deployments only.
    pub engine_version: Option<String>,
}

impl Call for ModifyDBCluster {
    const ACTION: Action = Action::ModifyDBCluster;
    type Answer = ClusterShown;

    fn apply(self, region: &mut Region) -> Result<ClusterShown, ApiError> {
        let cluster = region.cluster(&self.id)?.clone();
        if cluster.status != "available" {
            return Err(ApiError::cluster_state(format!("DB cluster {} is not in available state.", cluster.id)));
        }
        if self.engine_version.as_ref().is_some_and(|version| *version != cluster.version) {
            return Err(ApiError::invalid_combination("In-place engine upgrades aren't available in this Region."));
        }
        if self.backup_retention_days.is_some_and(|days| !(1..=35).contains(&days)) {
            return Err(ApiError::invalid_value("Invalid backup retention period. Must be between 1 and 35."));
        }
        let family = region.family(&cluster.engine, &cluster.version)?;
        let mut changed = cluster.clone();
        if let Some(name) = &self.parameter_group {
            changed.parameter_group = region.group_of_family(Level::Cluster, name, &family)?.name.clone();
        }
        changed.backup_retention_days = self.backup_retention_days.unwrap_or(cluster.backup_retention_days);
        changed.deletion_protection = self.deletion_protection.unwrap_or(cluster.deletion_protection);
        let resource = Resource::Cluster(cluster.resource_id.clone());
        if changed.parameter_group != cluster.parameter_group {
            for member in region.instances.values_mut().filter(|i| i.cluster.as_ref() == Some(&cluster.resource_id)) {
                member.cluster_level.pending_reboot = true;
            }
        }
        region.clusters.insert(cluster.resource_id.clone(), changed.clone());
        region.pass_through(&resource, "modifying", region.settings.pace.modify, "available");
        let held = region.cluster(&changed.id)?;
        Ok(region.show_cluster(held))
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct DeleteDBCluster {
    pub id: String,
    pub skip_final_snapshot: bool,
    pub final_snapshot: Option<String>,
}

impl Call for DeleteDBCluster {
    const ACTION: Action = Action::DeleteDBCluster;
    type Answer = ClusterShown;

    fn apply(self, region: &mut Region) -> Result<ClusterShown, ApiError> {
        let cluster = region.cluster(&self.id)?.clone();
        let resource = Resource::Cluster(cluster.resource_id.clone());
        if cluster.status == "deleting" {
            return Err(ApiError::cluster_state(format!("Cluster {} is already being deleted.", cluster.id)));
        }
        if region.is_bound(&resource) {
            return Err(ApiError::cluster_state(format!("Cluster {} is part of a blue/green deployment.", cluster.id)));
        }
        if cluster.deletion_protection {
            let message = "Cannot delete protected Cluster, please disable deletion protection and try again.";
            return Err(ApiError::invalid_combination(message));
        }
        if region.members(&cluster.resource_id).any(|member| member.status != "deleting") {
            let message = "Cluster cannot be deleted, it still contains DB instances in non-deleting state.";
            return Err(ApiError::cluster_state(message));
        }
        region.final_snapshot(self.skip_final_snapshot, self.final_snapshot, "DBClusterSnapshotAlreadyExistsFault")?;
        region.begin_delete(&resource);
        let held = region.cluster(&self.id)?;
        Ok(region.show_cluster(held))
    }
}

impl Region {
    pub(super) fn final_snapshot(&mut self, skip: bool, name: Option<String>, taken: &str) -> Result<(), ApiError> {
        match (skip, name) {
            (true, Some(_)) => Err(ApiError::invalid_combination(
                "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.",
            )),
            (false, None) => Err(ApiError::invalid_combination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            )),
            (true, None) => Ok(()),
            (false, Some(name)) if self.snapshots.contains(&name) => Err(ApiError::new(
                taken,
                400,
                format!("Cannot create the snapshot because one with the identifier {name} already exists."),
            )),
            (false, Some(name)) => {
                self.snapshots.push(name);
                Ok(())
            }
        }
    }
}
