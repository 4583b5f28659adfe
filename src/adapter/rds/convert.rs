//! The SDK's types as those of the port. What RDS must always say and does not is an error, not an empty text.

use aws_sdk_rds::{primitives::DateTime, types as sdk};
use time::OffsetDateTime;

use crate::{
    error::{Error, Result},
    port::{
        mysql::Address,
        rds::{
            Cluster, Deployment, EngineVersion, GroupRef, Instance, Member, Pair, Parameter, ParameterGroup, RdsEvent,
            Tags, UpgradeTarget,
        },
    },
};

fn required<T>(value: Option<T>, what: &str, field: &str) -> Result<T> {
    value.ok_or_else(|| Error::permanent(format!("Expected RDS to describe {what} with its {field}, saw none")))
}

fn address(host: Option<String>, port: Option<i32>) -> Option<Address> {
    Some(Address { host: host?, port: u16::try_from(port?).ok()? })
}

fn days(value: Option<i32>) -> u32 {
    value.and_then(|days| u32::try_from(days).ok()).unwrap_or(0)
}

pub(super) fn tags(list: Option<Vec<sdk::Tag>>) -> Tags {
    let pair = |tag: sdk::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    list.unwrap_or_default().into_iter().filter_map(pair).collect()
}

pub(super) fn sdk_tags(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).collect()
}

pub(super) fn sdk_time(at: OffsetDateTime) -> DateTime {
    DateTime::from_secs_and_nanos(at.unix_timestamp(), at.nanosecond())
}

pub(super) fn cluster(c: sdk::DbCluster) -> Result<Cluster> {
    let id = required(c.db_cluster_identifier, "a cluster", "identifier")?;
    let what = format!("cluster {id}");
    let members = c.db_cluster_members.unwrap_or_default().into_iter().map(|member| {
        Ok(Member {
            instance: required(member.db_instance_identifier, &what, "members' identifiers")?,
            writer: member.is_cluster_writer.unwrap_or(false),
            parameter_group_status: member.db_cluster_parameter_group_status.unwrap_or_default(),
        })
    });
    Ok(Cluster {
        arn: required(c.db_cluster_arn, &what, "ARN")?,
        resource_id: required(c.db_cluster_resource_id, &what, "resource id")?,
        engine: required(c.engine, &what, "engine")?,
        engine_version: c.engine_version.unwrap_or_default(),
        status: required(c.status, &what, "status")?,
        endpoint: address(c.endpoint, c.port),
        reader_endpoint: address(c.reader_endpoint, c.port),
        parameter_group: c.db_cluster_parameter_group.unwrap_or_default(),
        members: members.collect::<Result<_>>()?,
        backup_retention_days: days(c.backup_retention_period),
        deletion_protection: c.deletion_protection.unwrap_or(false),
        managed_password: c.master_user_secret.is_some(),
        replication_source: c.replication_source_identifier,
        tags: tags(c.tag_list),
        id,
    })
}

pub(super) fn instance(i: sdk::DbInstance) -> Result<Instance> {
    let id = required(i.db_instance_identifier, "an instance", "identifier")?;
    let what = format!("instance {id}");
    let group = i.db_parameter_groups.unwrap_or_default().into_iter().next();
    let (parameter_group, parameter_group_status) =
        group.map(|group| (group.db_parameter_group_name, group.parameter_apply_status)).unwrap_or_default();
    let endpoint = i.endpoint.and_then(|endpoint| address(endpoint.address, endpoint.port));
    Ok(Instance {
        arn: required(i.db_instance_arn, &what, "ARN")?,
        resource_id: required(i.dbi_resource_id, &what, "resource id")?,
        class: i.db_instance_class.unwrap_or_default(),
        engine: required(i.engine, &what, "engine")?,
        engine_version: i.engine_version.unwrap_or_default(),
        status: required(i.db_instance_status, &what, "status")?,
        endpoint,
        cluster: i.db_cluster_identifier,
        parameter_group: parameter_group.unwrap_or_default(),
        parameter_group_status: parameter_group_status.unwrap_or_default(),
        backup_retention_days: days(i.backup_retention_period),
        deletion_protection: i.deletion_protection.unwrap_or(false),
        managed_password: i.master_user_secret.is_some(),
        replication_source: i
            .read_replica_source_db_instance_identifier
            .or(i.read_replica_source_db_cluster_identifier),
        replicas: i.read_replica_db_instance_identifiers.unwrap_or_default(),
        tags: tags(i.tag_list),
        id,
    })
}

pub(super) fn deployment(d: sdk::BlueGreenDeployment) -> Result<Deployment> {
    let id = required(d.blue_green_deployment_identifier, "a blue/green deployment", "identifier")?;
    let what = format!("blue/green deployment {id}");
    let members = d.switchover_details.unwrap_or_default().into_iter().map(|detail| {
        Ok(Pair {
            source: required(detail.source_member, &what, "members' ARNs")?,
            target: detail.target_member,
            status: detail.status.unwrap_or_default(),
        })
    });
    let parts = d.tasks.unwrap_or_default().into_iter();
    Ok(Deployment {
        name: required(d.blue_green_deployment_name, &what, "name")?,
        source: required(d.source, &what, "source")?,
        target: d.target,
        status: required(d.status, &what, "status")?,
        status_details: d.status_details,
        created_at: d.create_time.and_then(|at| OffsetDateTime::from_unix_timestamp_nanos(at.as_nanos()).ok()),
        members: members.collect::<Result<_>>()?,
        parts: parts.map(|part| (part.name.unwrap_or_default(), part.status.unwrap_or_default())).collect(),
        tags: tags(d.tag_list),
        id,
    })
}

pub(super) fn engine_version(v: sdk::DbEngineVersion) -> Result<EngineVersion> {
    let version = required(v.engine_version, "an engine version", "version")?;
    let what = format!("engine version {version}");
    let targets = v.valid_upgrade_target.unwrap_or_default().into_iter().filter_map(|target| {
        Some(UpgradeTarget { version: target.engine_version?, major: target.is_major_version_upgrade.unwrap_or(false) })
    });
    Ok(EngineVersion {
        engine: required(v.engine, &what, "engine")?,
        family: required(v.db_parameter_group_family, &what, "parameter group family")?,
        upgrade_targets: targets.collect(),
        version,
    })
}

/// The group without its tags, which RDS tells apart.
pub(super) fn parameter_group(group: &GroupRef, arn: Option<String>, family: Option<String>) -> Result<ParameterGroup> {
    let what = format!("parameter group {}", group.name);
    Ok(ParameterGroup {
        group: group.clone(),
        arn: required(arn, &what, "ARN")?,
        family: required(family, &what, "family")?,
        tags: Tags::new(),
    })
}

pub(super) fn parameter(p: sdk::Parameter) -> Result<Parameter> {
    let name = required(p.parameter_name, "a parameter", "name")?;
    Ok(Parameter {
        value: p.parameter_value,
        source: p.source.unwrap_or_default(),
        apply_type: p.apply_type.unwrap_or_default(),
        data_type: p.data_type.unwrap_or_default(),
        allowed_values: p.allowed_values,
        modifiable: p.is_modifiable.unwrap_or(false),
        name,
    })
}

pub(super) fn event(e: sdk::Event) -> Result<RdsEvent> {
    let at = required(e.date, "an event", "date")?;
    let at = OffsetDateTime::from_unix_timestamp_nanos(at.as_nanos())
        .map_err(|error| Error::permanent("RDS described an event with an impossible date").because(&error))?;
    Ok(RdsEvent {
        source_id: e.source_identifier.unwrap_or_default(),
        source_type: e.source_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        message: e.message.unwrap_or_default(),
        at,
    })
}
