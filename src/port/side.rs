//! One side of a deployment, put together from what RDS shows: the cluster or instance, and the instances under it.

use serde::{Deserialize, Serialize};

use super::{
    mysql::Address,
    rds::{Cluster, Database, Deployment, GroupRef, Instance, Level, RdsRead},
};
use crate::error::{Error, Result};

/// A cluster or a stand-alone instance with its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    pub database: Database,
    pub arn: String,
    /// Stays with the physical side when the names move.
    pub resource_id: String,
    pub engine: String,
    pub engine_version: String,
    pub status: String,
    /// Where writes go.
    pub address: Option<Address>,
    /// At the level of the database.
    pub parameter_group: GroupRef,
    pub backup_retention_days: u32,
    pub managed_password: bool,
    pub replication_source: Option<String>,
    pub run_tag: Option<String>,
    /// The writer first.
    pub members: Vec<Member>,
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub id: String,
    pub arn: String,
    pub resource_id: String,
    pub writer: bool,
    pub status: String,
    pub address: Option<Address>,
    pub parameter_group: GroupRef,
    /// The worse of the instance's and the cluster's: `in-sync`, `pending-reboot`, …
    pub parameters: String,
}

/// The tag that marks what a run has made.
pub const RUN_TAG: &str = "upgrade:run";

impl Side {
    pub fn writer(&self) -> Result<&Member> {
        self.members
            .iter()
            .find(|member| member.writer)
            .ok_or_else(|| Error::transient(format!("The {} shows no writer", self.database)))
    }

    /// Where the writer listens under its own name.
    pub fn writer_address(&self) -> Result<&Address> {
        self.writer()?
            .address
            .as_ref()
            .ok_or_else(|| Error::transient(format!("The writer of the {} has no endpoint", self.database)))
    }

    /// Where writes go under the database's name.
    pub fn write_address(&self) -> Result<&Address> {
        self.address.as_ref().ok_or_else(|| Error::transient(format!("The {} has no endpoint", self.database)))
    }

    /// Its own and its members'.
    pub fn names(&self) -> Vec<String> {
        std::iter::once(self.database.id())
            .chain(self.members.iter().map(|member| member.id.as_str()))
            .map(str::to_owned)
            .collect()
    }

    /// The account in its ARN.
    pub fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }
}

/// The side of this name; `None` where there is none.
pub async fn side(rds: &dyn RdsRead, database: &Database) -> Result<Option<Side>> {
    match database {
        Database::AuroraCluster(id) => {
            let Some(cluster) = rds.cluster(id).await? else { return Ok(None) };
            let mut members = Vec::new();
            for member in &cluster.members {
                let Some(instance) = rds.instance(&member.instance).await? else { continue };
                members.push(member_of(instance, member.writer, Some(&member.parameter_group_status)));
            }
            Ok(Some(of_cluster(cluster, members)))
        }
        Database::RdsInstance(id) => {
            let Some(instance) = rds.instance(id).await? else { return Ok(None) };
            let mut members = vec![member_of(instance.clone(), true, None)];
            for replica in &instance.replicas {
                if let Some(replica) = rds.instance(replica).await? {
                    members.push(member_of(replica, false, None));
                }
            }
            Ok(Some(of_instance(instance, members)))
        }
    }
}

/// The green side of a deployment; `None` while it is not shown.
pub async fn green(rds: &dyn RdsRead, deployment: &Deployment, level: Level) -> Result<Option<Side>> {
    let Some(target) = &deployment.target else { return Ok(None) };
    side(rds, &database(level, name_of(target))).await
}

/// The side whose physical id was recorded before the names moved, under whatever name it has now.
pub async fn by_resource_id(rds: &dyn RdsRead, level: Level, resource_id: &str) -> Result<Option<Side>> {
    let id = match level {
        Level::Cluster => {
            rds.clusters().await?.into_iter().find(|found| found.resource_id == resource_id).map(|found| found.id)
        }
        Level::Instance => {
            rds.instances().await?.into_iter().find(|found| found.resource_id == resource_id).map(|found| found.id)
        }
    };
    match id {
        Some(id) => side(rds, &database(level, &id)).await,
        None => Ok(None),
    }
}

/// The last part of an ARN.
pub fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn database(level: Level, id: &str) -> Database {
    match level {
        Level::Cluster => Database::AuroraCluster(id.to_owned()),
        Level::Instance => Database::RdsInstance(id.to_owned()),
    }
}

fn of_cluster(cluster: Cluster, mut members: Vec<Member>) -> Side {
    members.sort_by_key(|member| !member.writer);
    Side {
        database: Database::AuroraCluster(cluster.id),
        arn: cluster.arn,
        resource_id: cluster.resource_id,
        engine: cluster.engine,
        engine_version: cluster.engine_version,
        status: cluster.status,
        address: cluster.endpoint,
        parameter_group: GroupRef { level: Level::Cluster, name: cluster.parameter_group },
        backup_retention_days: cluster.backup_retention_days,
        managed_password: cluster.managed_password,
        replication_source: cluster.replication_source,
        run_tag: cluster.tags.get(RUN_TAG).cloned(),
        members,
    }
}

fn of_instance(instance: Instance, members: Vec<Member>) -> Side {
    Side {
        database: Database::RdsInstance(instance.id),
        arn: instance.arn,
        resource_id: instance.resource_id,
        engine: instance.engine,
        engine_version: instance.engine_version,
        status: instance.status,
        address: instance.endpoint,
        parameter_group: GroupRef { level: Level::Instance, name: instance.parameter_group },
        backup_retention_days: instance.backup_retention_days,
        managed_password: instance.managed_password,
        replication_source: instance.replication_source,
        run_tag: instance.tags.get(RUN_TAG).cloned(),
        members,
    }
}

fn member_of(instance: Instance, writer: bool, cluster_status: Option<&str>) -> Member {
    let parameters = match cluster_status {
        Some(status) if instance.parameter_group_status == "in-sync" => status.to_owned(),
        _ => instance.parameter_group_status,
    };
    Member {
        id: instance.id,
        arn: instance.arn,
        resource_id: instance.resource_id,
        writer,
        status: instance.status,
        address: instance.endpoint,
        parameter_group: GroupRef { level: Level::Instance, name: instance.parameter_group },
        parameters,
    }
}
