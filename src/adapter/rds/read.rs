//! Questions to RDS.

use aws_sdk_rds::types::{Filter, SourceType};
use futures_util::FutureExt as _;

use super::{
    connection::Connection,
    convert,
    failure::{Call, Failure},
    logs,
};
use crate::{
    error::{Error, Result},
    port::{
        Reply,
        rds::{
            Cluster, Deployment, DeploymentFilter, EngineVersion, EventWindow, GroupRef, Instance, InstanceLog, Level,
            LogText, Parameter, ParameterGroup, RdsEvent, RdsRead,
        },
    },
};

/// The most that every list takes.
const PER_PAGE: i32 = 100;

/// The half that only asks.
#[derive(Debug, Clone)]
pub struct Reader(Connection);

impl Reader {
    pub fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// `id` absent: all.
    async fn list_clusters(
        &self,
        id: Option<&str>,
    ) -> std::result::Result<Vec<aws_sdk_rds::types::DbCluster>, Failure> {
        let call = Call { action: "DescribeDBClusters", subject: id.unwrap_or_default() };
        self.0
            .pages(
                call,
                |client, wire, marker| {
                    let request = client.describe_db_clusters().set_db_cluster_identifier(id.map(str::to_owned));
                    request.set_marker(marker).max_records(PER_PAGE).customize().interceptor(wire).send()
                },
                |page| (page.db_clusters.unwrap_or_default(), page.marker),
            )
            .await
    }

    async fn list_instances(
        &self,
        id: Option<&str>,
    ) -> std::result::Result<Vec<aws_sdk_rds::types::DbInstance>, Failure> {
        let call = Call { action: "DescribeDBInstances", subject: id.unwrap_or_default() };
        self.0
            .pages(
                call,
                |client, wire, marker| {
                    let request = client.describe_db_instances().set_db_instance_identifier(id.map(str::to_owned));
                    request.set_marker(marker).max_records(PER_PAGE).customize().interceptor(wire).send()
                },
                |page| (page.db_instances.unwrap_or_default(), page.marker),
            )
            .await
    }

    async fn describe_group(
        &self,
        group: &GroupRef,
    ) -> std::result::Result<Vec<(Option<String>, Option<String>)>, Failure> {
        let name = group.name.as_str();
        match group.level {
            Level::Cluster => {
                let call = Call { action: "DescribeDBClusterParameterGroups", subject: name };
                let answer = self.0.read(call, |client, wire| {
                    let request = client.describe_db_cluster_parameter_groups().db_cluster_parameter_group_name(name);
                    request.customize().interceptor(wire).send()
                });
                let groups = answer.await?.db_cluster_parameter_groups.unwrap_or_default();
                Ok(groups
                    .into_iter()
                    .map(|g| (g.db_cluster_parameter_group_arn, g.db_parameter_group_family))
                    .collect())
            }
            Level::Instance => {
                let call = Call { action: "DescribeDBParameterGroups", subject: name };
                let answer = self.0.read(call, |client, wire| {
                    let request = client.describe_db_parameter_groups().db_parameter_group_name(name);
                    request.customize().interceptor(wire).send()
                });
                let groups = answer.await?.db_parameter_groups.unwrap_or_default();
                Ok(groups.into_iter().map(|g| (g.db_parameter_group_arn, g.db_parameter_group_family)).collect())
            }
        }
    }
}

/// `None` where RDS says that there is none; `what` and `id` for an answer about something else.
fn only<T>(
    answer: std::result::Result<Vec<T>, Failure>,
    absent: &[&str],
    matches: impl Fn(&T) -> bool,
    what: &str,
) -> Result<Option<T>> {
    let all = match answer {
        Ok(all) => all,
        Err(failure) if failure.is(absent) => return Ok(None),
        Err(failure) => return Err(failure.into()),
    };
    let count = all.len();
    match all.into_iter().find(matches) {
        None if count > 0 => Err(Error::permanent(format!("Asked RDS for {what} alone, saw {count} others"))),
        found => Ok(found),
    }
}

/// RDS takes identifiers in any case, and ARNs in their place.
fn names(asked: &str, id: Option<&str>, arn: Option<&str>) -> bool {
    id.is_some_and(|id| id.eq_ignore_ascii_case(asked)) || arn == Some(asked)
}

impl RdsRead for Reader {
    fn cluster<'a>(&'a self, id: &'a str) -> Reply<'a, Option<Cluster>> {
        async move {
            let matches = |c: &aws_sdk_rds::types::DbCluster| {
                names(id, c.db_cluster_identifier.as_deref(), c.db_cluster_arn.as_deref())
            };
            let found =
                only(self.list_clusters(Some(id)).await, &["DBClusterNotFound"], matches, &format!("cluster {id}"))?;
            found.map(convert::cluster).transpose()
        }
        .boxed()
    }

    fn instance<'a>(&'a self, id: &'a str) -> Reply<'a, Option<Instance>> {
        async move {
            let matches = |i: &aws_sdk_rds::types::DbInstance| {
                names(id, i.db_instance_identifier.as_deref(), i.db_instance_arn.as_deref())
            };
            let found =
                only(self.list_instances(Some(id)).await, &["DBInstanceNotFound"], matches, &format!("instance {id}"))?;
            found.map(convert::instance).transpose()
        }
        .boxed()
    }

    fn clusters(&self) -> Reply<'_, Vec<Cluster>> {
        async move { self.list_clusters(None).await?.into_iter().map(convert::cluster).collect() }.boxed()
    }

    fn instances(&self) -> Reply<'_, Vec<Instance>> {
        async move { self.list_instances(None).await?.into_iter().map(convert::instance).collect() }.boxed()
    }

    fn deployments<'a>(&'a self, filter: &'a DeploymentFilter) -> Reply<'a, Vec<Deployment>> {
        async move {
            let filter_by =
                |name: &str, value: &str| (None, Some(vec![Filter::builder().name(name).values(value).build()]));
            let (subject, (id, filters)) = match filter {
                DeploymentFilter::Id(id) => (id, (Some(id.clone()), None)),
                DeploymentFilter::Name(name) => (name, filter_by("blue-green-deployment-name", name)),
                DeploymentFilter::Source(arn) => (arn, filter_by("source", arn)),
                DeploymentFilter::Target(arn) => (arn, filter_by("target", arn)),
            };
            let call = Call { action: "DescribeBlueGreenDeployments", subject };
            let found = self.0.pages(
                call,
                |client, wire, marker| {
                    let request = client.describe_blue_green_deployments();
                    let request = request.set_blue_green_deployment_identifier(id.clone()).set_filters(filters.clone());
                    request.set_marker(marker).max_records(PER_PAGE).customize().interceptor(wire).send()
                },
                |page| (page.blue_green_deployments.unwrap_or_default(), page.marker),
            );
            match found.await {
                Err(failure) if failure.is(&["BlueGreenDeploymentNotFound"]) => Ok(Vec::new()),
                found => found?.into_iter().map(convert::deployment).collect(),
            }
        }
        .boxed()
    }

    /// Versions that are no longer offered are found too: blue may run one.
    fn engine_version<'a>(&'a self, engine: &'a str, version: &'a str) -> Reply<'a, Option<EngineVersion>> {
        async move {
            let subject = format!("{engine} {version}");
            let found = self.0.pages(
                Call { action: "DescribeDBEngineVersions", subject: &subject },
                |client, wire, marker| {
                    let request = client.describe_db_engine_versions().engine(engine).engine_version(version);
                    let request = request.include_all(true).set_marker(marker).max_records(PER_PAGE);
                    request.customize().interceptor(wire).send()
                },
                |page| (page.db_engine_versions.unwrap_or_default(), page.marker),
            );
            // A family, `8.0`, names several versions and is none itself.
            let found = found.await?.into_iter().find(|found| found.engine_version.as_deref() == Some(version));
            found.map(convert::engine_version).transpose()
        }
        .boxed()
    }

    fn parameter_group<'a>(&'a self, group: &'a GroupRef) -> Reply<'a, Option<ParameterGroup>> {
        async move {
            let absent = ["DBParameterGroupNotFound", "DBClusterParameterGroupNotFound"];
            let what = format!("parameter group {}", group.name);
            let Some((arn, family)) = only(self.describe_group(group).await, &absent, |_| true, &what)? else {
                return Ok(None);
            };
            let found = convert::parameter_group(group, arn, family)?;
            let call = Call { action: "ListTagsForResource", subject: &found.arn };
            let tags = self.0.read(call, |client, wire| {
                client.list_tags_for_resource().resource_name(&found.arn).customize().interceptor(wire).send()
            });
            match tags.await {
                // Deleted between the two calls.
                Err(failure) if failure.is(&absent) => Ok(None),
                tags => Ok(Some(ParameterGroup { tags: convert::tags(tags?.tag_list), ..found })),
            }
        }
        .boxed()
    }

    fn parameters<'a>(&'a self, group: &'a GroupRef, user_only: bool) -> Reply<'a, Vec<Parameter>> {
        async move {
            let name = group.name.as_str();
            let source = user_only.then(|| "user".to_owned());
            let found = match group.level {
                Level::Cluster => {
                    let call = Call { action: "DescribeDBClusterParameters", subject: name };
                    let pages = self.0.pages(
                        call,
                        |client, wire, marker| {
                            let request = client.describe_db_cluster_parameters().db_cluster_parameter_group_name(name);
                            let request = request.set_source(source.clone()).set_marker(marker);
                            request.max_records(PER_PAGE).customize().interceptor(wire).send()
                        },
                        |page| (page.parameters.unwrap_or_default(), page.marker),
                    );
                    pages.await?
                }
                Level::Instance => {
                    let call = Call { action: "DescribeDBParameters", subject: name };
                    let pages = self.0.pages(
                        call,
                        |client, wire, marker| {
                            let request = client.describe_db_parameters().db_parameter_group_name(name);
                            let request = request.set_source(source.clone()).set_marker(marker);
                            request.max_records(PER_PAGE).customize().interceptor(wire).send()
                        },
                        |page| (page.parameters.unwrap_or_default(), page.marker),
                    );
                    pages.await?
                }
            };
            let asked = found.into_iter().filter(|p| !user_only || p.source.as_deref() == Some("user"));
            asked.map(convert::parameter).collect()
        }
        .boxed()
    }

    fn family_parameters<'a>(&'a self, level: Level, family: &'a str) -> Reply<'a, Vec<Parameter>> {
        async move {
            let found = match level {
                Level::Cluster => {
                    let call = Call { action: "DescribeEngineDefaultClusterParameters", subject: family };
                    let pages = self.0.pages(
                        call,
                        |client, wire, marker| {
                            let request = client.describe_engine_default_cluster_parameters();
                            let request = request.db_parameter_group_family(family).set_marker(marker);
                            request.max_records(PER_PAGE).customize().interceptor(wire).send()
                        },
                        |page| parameters_of(page.engine_defaults),
                    );
                    pages.await?
                }
                Level::Instance => {
                    let call = Call { action: "DescribeEngineDefaultParameters", subject: family };
                    let pages = self.0.pages(
                        call,
                        |client, wire, marker| {
                            let request = client.describe_engine_default_parameters();
                            let request = request.db_parameter_group_family(family).set_marker(marker);
                            request.max_records(PER_PAGE).customize().interceptor(wire).send()
                        },
                        |page| parameters_of(page.engine_defaults),
                    );
                    pages.await?
                }
            };
            found.into_iter().map(convert::parameter).collect()
        }
        .boxed()
    }

    fn events<'a>(&'a self, window: &'a EventWindow) -> Reply<'a, Vec<RdsEvent>> {
        async move {
            let pages = self.0.pages(
                Call { action: "DescribeEvents", subject: window.source_type.as_deref().unwrap_or_default() },
                |client, wire, marker| {
                    let request = client.describe_events();
                    let request = request
                        .start_time(convert::sdk_time(window.from))
                        .end_time(convert::sdk_time(window.to))
                        .set_source_type(window.source_type.as_deref().map(SourceType::from));
                    request.set_marker(marker).max_records(PER_PAGE).customize().interceptor(wire).send()
                },
                |page| (page.events.unwrap_or_default(), page.marker),
            );
            pages.await?.into_iter().map(convert::event).collect()
        }
        .boxed()
    }

    fn instance_logs<'a>(&'a self, instance: &'a str, containing: &'a str) -> Reply<'a, Vec<InstanceLog>> {
        logs::list(&self.0, instance, containing).boxed()
    }

    fn log_text<'a>(&'a self, instance: &'a str, log: &'a InstanceLog) -> Reply<'a, LogText> {
        logs::text(&self.0, instance, log).boxed()
    }
}

fn parameters_of(
    page: Option<aws_sdk_rds::types::EngineDefaults>,
) -> (Vec<aws_sdk_rds::types::Parameter>, Option<String>) {
    page.map(|page| (page.parameters.unwrap_or_default(), page.marker)).unwrap_or_default()
}
