//! The RDS ports on `sandbox::region`.

use std::time::Duration;

use sandbox::region::{
    Call, Deployment as Shown, Failure, Paging,
    action::{
        Change, CreateDBClusterParameterGroup, CreateDBParameterGroup, DeleteDBClusterParameterGroup,
        DeleteDBParameterGroup, DescribeBlueGreenDeployments, DescribeDBClusterParameterGroups,
        DescribeDBClusterParameters, DescribeDBClusters, DescribeDBEngineVersions, DescribeDBInstances,
        DescribeDBLogFiles, DescribeDBParameterGroups, DescribeDBParameters, DescribeEngineDefaultClusterParameters,
        DescribeEngineDefaultParameters, DownloadDBLogFilePortion, Filter, ListTagsForResource, ModifyDBCluster,
        ModifyDBClusterParameterGroup, ModifyDBInstance, ModifyDBParameterGroup, RebootDBInstance,
    },
    action::{ClusterShown, InstanceShown, ParameterShown},
    event::DescribeEvents,
};
use time::OffsetDateTime;
use upgrade::{
    error::{Error, Result},
    port::{Reply, mysql::Address, rds::*},
};

use super::{Part, State, World};

impl State {
    fn ask<C: Call>(&mut self, call: C) -> Result<C::Answer> {
        self.reach(Part::Rds)?;
        self.region.call(call).map_err(|failure| error(&failure, C::ACTION.mutating()))
    }
}

/// As the adapter judges it: what proves that nothing was applied, and what does not.
fn error(failure: &Failure, write: bool) -> Error {
    match failure {
        Failure::Refused(refused) if refused.http_status >= 500 && write => Error::unknown(refused.to_string()),
        Failure::Refused(refused) if refused.http_status >= 500 || refused.code == "Throttling" => {
            Error::transient(refused.to_string())
        }
        Failure::Refused(refused) => match refused.code.trim_end_matches("Fault") {
            code if code.ends_with("AlreadyExists") => Error::conflict(refused.to_string()),
            "InvalidDBInstanceState"
            | "InvalidDBClusterState"
            | "InvalidDBParameterGroupState"
            | "DBInstanceNotReady" => Error::transient(refused.to_string()),
            _ => Error::permanent(refused.to_string()),
        },
        Failure::Html(_) | Failure::Lost { .. } if write => Error::unknown(failure.to_string()),
        Failure::Html(_) | Failure::Lost { .. } => Error::transient(failure.to_string()),
    }
}

fn found<T>(answer: Result<sandbox::region::Page<T>>) -> Result<Vec<T>> {
    match answer {
        Ok(page) => Ok(page.items),
        Err(error) if error.message.contains("(404)") => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn ready<'a, T: Send + 'a>(answer: Result<T>) -> Reply<'a, T> {
    Box::pin(async move { answer })
}

fn address(host: &str, port: u16) -> Address {
    Address { host: host.to_owned(), port }
}

fn cluster(shown: ClusterShown) -> Cluster {
    Cluster {
        endpoint: Some(address(&shown.endpoint, shown.port)),
        reader_endpoint: Some(address(&shown.reader_endpoint, shown.port)),
        members: shown
            .members
            .into_iter()
            .map(|member| Member {
                instance: member.instance,
                writer: member.writer,
                parameter_group_status: member.parameter_group_status.to_owned(),
            })
            .collect(),
        id: shown.id,
        arn: shown.arn,
        resource_id: shown.resource_id,
        engine: shown.engine,
        engine_version: shown.engine_version,
        status: shown.status,
        parameter_group: shown.parameter_group,
        backup_retention_days: shown.backup_retention_days,
        deletion_protection: shown.deletion_protection,
        managed_password: shown.managed_password,
        replication_source: shown.replication_source,
        tags: shown.tags,
    }
}

fn instance(shown: InstanceShown) -> Instance {
    Instance {
        endpoint: shown.endpoint.map(|host| address(&host, shown.port)),
        id: shown.id,
        arn: shown.arn,
        resource_id: shown.resource_id,
        class: shown.class,
        engine: shown.engine,
        engine_version: shown.engine_version,
        status: shown.status,
        cluster: shown.cluster,
        parameter_group: shown.parameter_group,
        parameter_group_status: shown.parameter_group_status.to_owned(),
        backup_retention_days: shown.backup_retention_days,
        deletion_protection: shown.deletion_protection,
        managed_password: shown.managed_password,
        replication_source: None,
        replicas: shown.replicas,
        tags: shown.tags,
    }
}

fn deployment(shown: &Shown) -> Deployment {
    let top = shown.source();
    Deployment {
        id: shown.id.clone(),
        name: shown.name.clone(),
        source: top.source_arn.clone(),
        target: top.target_arn.clone(),
        status: shown.status.as_str().to_owned(),
        status_details: shown.status_details.clone(),
        created_at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(shown.created_at) * 1_000_000).ok(),
        members: shown
            .rows
            .iter()
            .map(|row| Pair {
                source: row.source_arn.clone(),
                target: row.target_arn.clone(),
                status: row.status.to_owned(),
            })
            .collect(),
        parts: shown.steps.iter().map(|step| (step.name.to_owned(), step.status.to_owned())).collect(),
        tags: shown.tags.clone(),
    }
}

fn parameter(shown: ParameterShown) -> Parameter {
    Parameter {
        name: shown.name,
        value: shown.value,
        source: shown.source.to_owned(),
        apply_type: shown.apply_type.to_owned(),
        data_type: shown.data_type,
        allowed_values: shown.allowed,
        modifiable: shown.modifiable,
    }
}

/// All pages of a list.
fn pages<T>(mut page: impl FnMut(Paging) -> Result<sandbox::region::Page<T>>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    let mut paging = Paging::default();
    loop {
        let next = page(paging.clone())?;
        all.extend(next.items);
        match next.marker {
            Some(marker) => paging.marker = Some(marker),
            None => return Ok(all),
        }
    }
}

impl RdsRead for World {
    fn cluster<'a>(&'a self, id: &'a str) -> Reply<'a, Option<Cluster>> {
        let call = DescribeDBClusters { id: Some(id.to_owned()), ..Default::default() };
        ready(self.look("cluster", |state| found(state.ask(call))).map(|all| all.into_iter().next().map(cluster)))
    }

    fn instance<'a>(&'a self, id: &'a str) -> Reply<'a, Option<Instance>> {
        let call = DescribeDBInstances { id: Some(id.to_owned()), ..Default::default() };
        ready(self.look("instance", |state| found(state.ask(call))).map(|all| all.into_iter().next().map(instance)))
    }

    fn clusters(&self) -> Reply<'_, Vec<Cluster>> {
        let all = self.look("clusters", |state| found(state.ask(DescribeDBClusters::default())));
        ready(all.map(|all| all.into_iter().map(cluster).collect()))
    }

    fn instances(&self) -> Reply<'_, Vec<Instance>> {
        let all = self.look("instances", |state| found(state.ask(DescribeDBInstances::default())));
        ready(all.map(|all| all.into_iter().map(instance).collect()))
    }

    fn deployments<'a>(&'a self, filter: &'a DeploymentFilter) -> Reply<'a, Vec<Deployment>> {
        let mut call = DescribeBlueGreenDeployments::default();
        match filter {
            DeploymentFilter::Id(id) => call.id = Some(id.clone()),
            DeploymentFilter::Name(name) => call.filters = vec![Filter::new("blue-green-deployment-name", name)],
            DeploymentFilter::Source(arn) => call.filters = vec![Filter::new("source", arn)],
            DeploymentFilter::Target(arn) => call.filters = vec![Filter::new("target", arn)],
        }
        let all = self.look("deployments", |state| found(state.ask(call)));
        ready(all.map(|all| all.iter().map(deployment).collect()))
    }

    fn engine_version<'a>(&'a self, engine: &'a str, version: &'a str) -> Reply<'a, Option<EngineVersion>> {
        let call = DescribeDBEngineVersions {
            engine: Some(engine.to_owned()),
            version: Some(version.to_owned()),
            ..Default::default()
        };
        let all = self.look("engine version", |state| state.ask(call));
        ready(all.map(|page| {
            page.items.into_iter().next().map(|shown| EngineVersion {
                engine: shown.version.engine.clone(),
                version: shown.version.version.clone(),
                family: shown.version.family.clone(),
                upgrade_targets: shown
                    .targets
                    .into_iter()
                    .map(|target| UpgradeTarget { version: target.version, major: target.major })
                    .collect(),
            })
        }))
    }

    fn parameter_group<'a>(&'a self, group: &'a GroupRef) -> Reply<'a, Option<ParameterGroup>> {
        let (name, paging) = (Some(group.name.clone()), Paging::default());
        let answer = self.look("parameter group", |state| {
            let all = match group.level {
                Level::Cluster => found(state.ask(DescribeDBClusterParameterGroups { name, paging })),
                Level::Instance => found(state.ask(DescribeDBParameterGroups { name, paging })),
            }?;
            let Some(shown) = all.into_iter().next() else { return Ok(None) };
            let tags = state.ask(ListTagsForResource { resource: shown.arn.clone() })?;
            Ok(Some(ParameterGroup { group: group.clone(), arn: shown.arn, family: shown.family, tags }))
        });
        ready(answer)
    }

    fn parameters<'a>(&'a self, group: &'a GroupRef, user_only: bool) -> Reply<'a, Vec<Parameter>> {
        let (name, source) = (group.name.clone(), user_only.then(|| "user".to_owned()));
        let answer = self.look("parameters", |state| {
            pages(|paging| {
                let (name, source, filters) = (name.clone(), source.clone(), Vec::new());
                match group.level {
                    Level::Cluster => state.ask(DescribeDBClusterParameters { name, source, filters, paging }),
                    Level::Instance => state.ask(DescribeDBParameters { name, source, filters, paging }),
                }
            })
        });
        ready(answer.map(|all| all.into_iter().map(parameter).collect()))
    }

    fn family_parameters<'a>(&'a self, level: Level, family: &'a str) -> Reply<'a, Vec<Parameter>> {
        let answer = self.look("family parameters", |state| {
            pages(|paging| {
                let (family, filters) = (family.to_owned(), Vec::new());
                match level {
                    Level::Cluster => state.ask(DescribeEngineDefaultClusterParameters { family, filters, paging }),
                    Level::Instance => state.ask(DescribeEngineDefaultParameters { family, filters, paging }),
                }
            })
        });
        ready(answer.map(|all| all.into_iter().map(parameter).collect()))
    }

    fn events<'a>(&'a self, window: &'a EventWindow) -> Reply<'a, Vec<RdsEvent>> {
        let millis = |at: OffsetDateTime| u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap();
        let answer = self.look("events", |state| {
            pages(|paging| {
                state.ask(DescribeEvents {
                    source_type: window.source_type.clone(),
                    start_time: Some(millis(window.from)),
                    end_time: Some(millis(window.to)),
                    paging,
                    ..Default::default()
                })
            })
        });
        ready(answer.map(|all| {
            let event = |event: sandbox::region::Event| RdsEvent {
                source_id: event.source_id,
                source_type: event.source_type.as_str().to_owned(),
                message: event.message,
                at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(event.at) * 1_000_000).unwrap(),
            };
            all.into_iter().map(event).collect()
        }))
    }

    fn instance_logs<'a>(&'a self, instance: &'a str, containing: &'a str) -> Reply<'a, Vec<InstanceLog>> {
        let (instance, contains) = (instance.to_owned(), Some(containing.to_owned()));
        let log = |log: sandbox::region::action::LogFile| InstanceLog {
            size: log.text.len() as u64,
            written_at: i64::try_from(log.written_at).unwrap(),
            name: log.name,
        };
        let answer = self.look("instance logs", |state| {
            pages(|paging| {
                let (instance, contains) = (instance.clone(), contains.clone());
                state.ask(DescribeDBLogFiles { instance, contains, paging })
            })
        });
        ready(answer.map(|all| all.into_iter().rev().map(log).collect()))
    }

    fn log_text<'a>(&'a self, instance: &'a str, log: &'a InstanceLog) -> Reply<'a, LogText> {
        let answer = self.look("log text", |state| {
            let (mut text, mut marker) = (String::new(), "0".to_owned());
            loop {
                let (instance, file) = (instance.to_owned(), log.name.clone());
                let portion =
                    state.ask(DownloadDBLogFilePortion { instance, file, marker: Some(marker), lines: Some(7) })?;
                text.push_str(&portion.text);
                if !portion.more {
                    return Ok(LogText { short_by: log.size - text.len() as u64, text });
                }
                marker = portion.marker;
            }
        });
        ready(answer)
    }
}

impl RdsWrite for World {
    fn create_parameter_group<'a>(&'a self, group: &'a GroupRef, family: &'a str, tags: &'a Tags) -> Reply<'a, ()> {
        let (name, family, description, tags) =
            (group.name.clone(), family.to_owned(), "For green".to_owned(), tags.clone());
        ready(self.write("create parameter group", |state| match group.level {
            Level::Cluster => state.ask(CreateDBClusterParameterGroup { name, family, description, tags }).map(drop),
            Level::Instance => state.ask(CreateDBParameterGroup { name, family, description, tags }).map(drop),
        }))
    }

    fn modify_parameter_group<'a>(&'a self, group: &'a GroupRef, settings: &'a [Setting]) -> Reply<'a, ()> {
        let name = group.name.clone();
        let changes: Vec<_> = settings
            .iter()
            .map(|setting| {
                let method = if setting.pending_reboot { "pending-reboot" } else { "immediate" };
                Change { name: setting.name.clone(), value: setting.value.clone(), apply_method: method.to_owned() }
            })
            .collect();
        ready(self.write("modify parameter group", |state| match group.level {
            Level::Cluster => state.ask(ModifyDBClusterParameterGroup { name, changes }).map(drop),
            Level::Instance => state.ask(ModifyDBParameterGroup { name, changes }).map(drop),
        }))
    }

    fn create_deployment<'a>(&'a self, new: &'a NewDeployment) -> Reply<'a, String> {
        let call = sandbox::region::action::CreateBlueGreenDeployment {
            name: new.name.clone(),
            source: new.source_arn.clone(),
            target_engine_version: Some(new.engine_version.clone()),
            target_cluster_parameter_group: new.cluster_parameter_group.clone(),
            target_instance_parameter_group: new.instance_parameter_group.clone(),
            tags: new.tags.clone(),
            ..Default::default()
        };
        ready(self.write("create deployment", |state| state.ask(call)).map(|shown| shown.id))
    }

    fn attach_parameter_group<'a>(&'a self, resource: &'a str, group: &'a GroupRef) -> Reply<'a, ()> {
        let (id, parameter_group) = (resource.to_owned(), Some(group.name.clone()));
        ready(self.write("attach parameter group", |state| match group.level {
            Level::Cluster => state.ask(ModifyDBCluster { id, parameter_group, ..Default::default() }).map(drop),
            Level::Instance => state.ask(ModifyDBInstance { id, parameter_group, ..Default::default() }).map(drop),
        }))
    }

    fn reboot<'a>(&'a self, instance: &'a str) -> Reply<'a, ()> {
        let call = RebootDBInstance { id: instance.to_owned(), force_failover: false };
        ready(self.write("reboot", |state| state.ask(call)).map(drop))
    }

    fn switchover<'a>(&'a self, deployment: &'a str, timeout: Duration) -> Reply<'a, ()> {
        let call = sandbox::region::action::SwitchoverBlueGreenDeployment {
            id: deployment.to_owned(),
            timeout: Some(timeout.as_secs()),
        };
        ready(self.write("switchover", |state| state.ask(call)).map(drop))
    }

    fn delete_deployment<'a>(&'a self, deployment: &'a str) -> Reply<'a, ()> {
        let call =
            sandbox::region::action::DeleteBlueGreenDeployment { id: deployment.to_owned(), delete_target: None };
        ready(self.write("delete deployment", |state| state.ask(call)).map(drop))
    }

    fn delete_deployment_and_green<'a>(&'a self, deployment: &'a str) -> Reply<'a, ()> {
        let call =
            sandbox::region::action::DeleteBlueGreenDeployment { id: deployment.to_owned(), delete_target: Some(true) };
        ready(self.write("delete green", |state| state.ask(call)).map(drop))
    }

    fn delete_parameter_group<'a>(&'a self, group: &'a GroupRef) -> Reply<'a, ()> {
        let name = group.name.clone();
        ready(self.write("delete parameter group", |state| match group.level {
            Level::Cluster => state.ask(DeleteDBClusterParameterGroup { name }),
            Level::Instance => state.ask(DeleteDBParameterGroup { name }),
        }))
    }
}
