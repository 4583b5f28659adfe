//! What must hold before a deployment is made.

use crate::region::catalogue::{self, Level};
use crate::region::error::ApiError;
use crate::region::resource::{Instance, Resource};
use crate::region::version::{self, EngineVersion};
use crate::region::{Cluster, Region};

/// `[a-zA-Z](?:-?[a-zA-Z0-9]+)*`, at most 60 letters.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let sound = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        && !name.contains("--")
        && !name.ends_with('-');
    if sound && name.len() <= 60 {
        return Ok(());
    }
    Err(ApiError::invalid_value(format!(
        "1 validation error detected: Value '{name}' at 'blueGreenDeploymentName' failed to satisfy constraint: Member must have \
         length between 1 and 60 and satisfy regular expression pattern: [a-zA-Z](?:-?[a-zA-Z0-9]+)*"
    )))
}

fn unsupported_cluster(message: impl Into<String>) -> ApiError {
    ApiError::new("SourceClusterNotSupportedFault", 400, message)
}

fn unsupported_instance(message: impl Into<String>) -> ApiError {
    ApiError::new("SourceDatabaseNotSupportedFault", 400, message)
}

impl Region {
    /// The source an ARN names, if a deployment may be made of it.
    pub(super) fn sound_source(&self, arn: &str) -> Result<Resource, ApiError> {
        let parts: Vec<&str> = arn.split(':').collect();
        let malformed = || ApiError::invalid_value(format!("Invalid resource ARN: {arn}"));
        let ["arn", "aws", "rds", region, account, kind, name] = parts.as_slice() else { return Err(malformed()) };
        let here = *region == self.settings.region && *account == self.settings.account;
        match *kind {
            "cluster" if here => {
                let cluster = self.cluster(name)?;
                self.check_cluster(cluster)?;
                Ok(Resource::Cluster(cluster.resource_id.clone()))
            }
            "db" if here => {
                let instance = self.instance(name)?;
                self.check_instance(instance)?;
                Ok(Resource::Instance(instance.resource_id.clone()))
            }
            "cluster" => Err(ApiError::no_cluster(name)),
            "db" => Err(ApiError::no_instance(name)),
            _ => Err(malformed()),
        }
    }

    fn check_cluster(&self, cluster: &Cluster) -> Result<(), ApiError> {
        let id = &cluster.id;
        if self.is_bound(&Resource::Cluster(cluster.resource_id.clone())) {
            return Err(unsupported_cluster(format!("DB cluster {id} is already part of a blue/green deployment.")));
        }
        if cluster.status != "available" {
            return Err(ApiError::cluster_state(format!("DB cluster {id} is not in available state.")));
        }
        if cluster.managed_password {
            return Err(unsupported_cluster(format!(
                "Blue/green deployments aren't supported for DB cluster {id}: its master password is managed by Secrets Manager."
            )));
        }
        if cluster.replication_source.is_some() {
            return Err(unsupported_cluster(format!("DB cluster {id} is a replica of an external source.")));
        }
        let Some(writer) = self.members(&cluster.resource_id).find(|member| member.writer) else {
            return Err(ApiError::cluster_state(format!("DB cluster {id} has no writer instance.")));
        };
        self.check_members(self.members(&cluster.resource_id))?;
        if writer.cluster_level.status() != "in-sync" {
            return Err(ApiError::cluster_state(format!(
                "The writer instance {} of DB cluster {id} isn't in sync with its DB cluster parameter group: reboot it first.",
                writer.id
            )));
        }
        if !self.writes_binlog(writer) {
            return Err(ApiError::cluster_state(format!(
                "DB cluster {id} must have binary logging enabled: set binlog_format in its DB cluster parameter group."
            )));
        }
        Ok(())
    }

    fn check_instance(&self, instance: &Instance) -> Result<(), ApiError> {
        let id = &instance.id;
        if self.is_bound(&Resource::Instance(instance.resource_id.clone())) {
            return Err(unsupported_instance(format!("DB instance {id} is already part of a blue/green deployment.")));
        }
        if instance.cluster.is_some() {
            return Err(unsupported_instance(format!(
                "DB instance {id} is a member of a DB cluster: name the cluster."
            )));
        }
        if instance.replica_of.is_some() || instance.replication_source.is_some() {
            return Err(unsupported_instance(format!("DB instance {id} is a read replica.")));
        }
        if instance.managed_password {
            return Err(unsupported_instance(format!(
                "Blue/green deployments aren't supported for DB instance {id}: its master password is managed by Secrets Manager."
            )));
        }
        self.check_members(std::iter::once(instance).chain(self.replicas(&instance.resource_id)))?;
        if instance.backup_retention_days == 0 {
            return Err(ApiError::instance_state(format!("Automated backups must be enabled on DB instance {id}.")));
        }
        Ok(())
    }

    fn check_members<'a>(&self, mut members: impl Iterator<Item = &'a Instance>) -> Result<(), ApiError> {
        match members.find(|member| member.status != "available") {
            Some(busy) => Err(ApiError::instance_state(format!("DB instance {} is not in available state", busy.id))),
            None => Ok(()),
        }
    }

    /// Whether a deployment that is not switched over yet has this resource on either side.
    pub(in crate::region) fn is_bound(&self, resource: &Resource) -> bool {
        let held = self.deployments.iter().filter(|deployment| deployment.binds());
        held.flat_map(|deployment| &deployment.rows)
            .any(|row| &row.source == resource || row.target.as_ref() == Some(resource))
    }

    /// Whether its server has a binary log, by the parameters in effect.
    pub fn writes_binlog(&self, instance: &Instance) -> bool {
        let levels = [&instance.cluster_level, &instance.instance_level];
        let set = levels.iter().find_map(|level| level.values.get("binlog_format").cloned());
        let family = self.family(&instance.engine, &instance.version).unwrap_or_default();
        let format = set.or_else(|| catalogue::default_of(&family, "binlog_format").map(str::to_owned));
        let backed_up = instance.cluster.is_some() || instance.backup_retention_days > 0;
        backed_up && format.is_some_and(|format| !format.eq_ignore_ascii_case("OFF"))
    }

    /// The version green is to have: that of the source if none is asked for.
    pub(super) fn sound_version(&self, engine: &str, from: &str, to: Option<&str>) -> Result<EngineVersion, ApiError> {
        let own = version::resolve(engine, from)
            .ok_or_else(|| ApiError::invalid_value(format!("Cannot find version {from} for {engine}")))?;
        let Some(to) = to else { return Ok(own) };
        let target = version::resolve(engine, to)
            .ok_or_else(|| ApiError::invalid_value(format!("Cannot find version {to} for {engine}")))?;
        if target == own || own.targets().iter().any(|valid| valid.version == target.version) {
            return Ok(target);
        }
        Err(ApiError::invalid_combination(format!(
            "Cannot upgrade {engine} from {from} to {}. Specify a valid engine version.",
            target.version
        )))
    }

    /// The group green is to have: the one asked for, else the source's where the family stays, else the default.
    pub(super) fn sound_group(
        &self,
        level: Level,
        asked: Option<&str>,
        own: &str,
        family: &str,
    ) -> Result<String, ApiError> {
        if let Some(asked) = asked {
            return self.group_of_family(level, asked, family).map(|group| group.name.clone());
        }
        let stays = self.group(level, own).is_ok_and(|group| group.family == family);
        Ok(if stays { own.to_owned() } else { crate::region::group::Group::default_name(family) })
    }
}
