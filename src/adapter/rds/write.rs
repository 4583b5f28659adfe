//! Changes in RDS. Each sends one request, once.

use std::time::Duration;

use aws_sdk_rds::types::{ApplyMethod, Parameter};
use futures_util::FutureExt as _;

use super::{
    connection::Connection,
    convert,
    failure::{Call, Failure},
};
use crate::{
    error::Error,
    port::{
        Reply,
        rds::{GroupRef, Level, NewDeployment, RdsWrite, SETTINGS_PER_CALL, Setting, Tags},
    },
};

/// The half that changes things.
#[derive(Debug, Clone)]
pub struct Writer(Connection);

impl Writer {
    pub fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

impl RdsWrite for Writer {
    fn create_parameter_group<'a>(&'a self, group: &'a GroupRef, family: &'a str, tags: &'a Tags) -> Reply<'a, ()> {
        let name = group.name.as_str();
        let description = format!("Made by upgrade for family {family}");
        async move {
            let sent = match group.level {
                Level::Cluster => {
                    let call = Call { action: "CreateDBClusterParameterGroup", subject: name };
                    let sent = self.0.write(call, |client, wire| {
                        let request = client.create_db_cluster_parameter_group().db_cluster_parameter_group_name(name);
                        let request = request.db_parameter_group_family(family).description(description);
                        request.set_tags(Some(convert::sdk_tags(tags))).customize().interceptor(wire).send()
                    });
                    sent.await.map(drop)
                }
                Level::Instance => {
                    let call = Call { action: "CreateDBParameterGroup", subject: name };
                    let sent = self.0.write(call, |client, wire| {
                        let request = client.create_db_parameter_group().db_parameter_group_name(name);
                        let request = request.db_parameter_group_family(family).description(description);
                        request.set_tags(Some(convert::sdk_tags(tags))).customize().interceptor(wire).send()
                    });
                    sent.await.map(drop)
                }
            };
            sent.map_err(Failure::of_write)
        }
        .boxed()
    }

    fn modify_parameter_group<'a>(&'a self, group: &'a GroupRef, settings: &'a [Setting]) -> Reply<'a, ()> {
        let name = group.name.as_str();
        let parameters: Vec<_> = settings.iter().map(sdk_parameter).collect();
        async move {
            if !(1..=SETTINGS_PER_CALL).contains(&settings.len()) {
                return Err(Error::bug(format!(
                    "RDS takes 1 to {SETTINGS_PER_CALL} settings in one call, and was to be sent {} for {name}",
                    settings.len()
                )));
            }
            let sent = match group.level {
                Level::Cluster => {
                    let call = Call { action: "ModifyDBClusterParameterGroup", subject: name };
                    let sent = self.0.write(call, |client, wire| {
                        let request = client.modify_db_cluster_parameter_group().db_cluster_parameter_group_name(name);
                        request.set_parameters(Some(parameters)).customize().interceptor(wire).send()
                    });
                    sent.await.map(drop)
                }
                Level::Instance => {
                    let call = Call { action: "ModifyDBParameterGroup", subject: name };
                    let sent = self.0.write(call, |client, wire| {
                        let request = client.modify_db_parameter_group().db_parameter_group_name(name);
                        request.set_parameters(Some(parameters)).customize().interceptor(wire).send()
                    });
                    sent.await.map(drop)
                }
            };
            sent.map_err(Failure::of_write)
        }
        .boxed()
    }

    fn create_deployment<'a>(&'a self, new: &'a NewDeployment) -> Reply<'a, String> {
        async move {
            let call = Call { action: "CreateBlueGreenDeployment", subject: &new.name };
            let sent = self.0.write(call, |client, wire| {
                let request = client
                    .create_blue_green_deployment()
                    .blue_green_deployment_name(&new.name)
                    .source(&new.source_arn)
                    .target_engine_version(&new.engine_version)
                    .set_target_db_cluster_parameter_group_name(new.cluster_parameter_group.clone())
                    .set_target_db_parameter_group_name(new.instance_parameter_group.clone())
                    .set_tags(Some(convert::sdk_tags(&new.tags)));
                request.customize().interceptor(wire).send()
            });
            let made = sent.await.map_err(Failure::of_write)?.blue_green_deployment;
            made.and_then(|made| made.blue_green_deployment_identifier).ok_or_else(|| {
                Error::unknown(format!("RDS accepted CreateBlueGreenDeployment of {} and told no identifier", new.name))
                    .hint("Look the deployment up by its name")
            })
        }
        .boxed()
    }

    fn attach_parameter_group<'a>(&'a self, resource: &'a str, group: &'a GroupRef) -> Reply<'a, ()> {
        let name = group.name.as_str();
        async move {
            let sent = match group.level {
                Level::Cluster => {
                    let call = Call { action: "ModifyDBCluster", subject: resource };
                    let sent = self.0.write(call, |client, wire| {
                        let request = client.modify_db_cluster().db_cluster_identifier(resource);
                        let request = request.db_cluster_parameter_group_name(name).apply_immediately(true);
                        request.customize().interceptor(wire).send()
                    });
                    sent.await.map(drop)
                }
                // The group of an instance changes at once by itself, and `apply_immediately` would also bring on whatever
                // else waits for the maintenance window.
                Level::Instance => {
                    let call = Call { action: "ModifyDBInstance", subject: resource };
                    let sent = self.0.write(call, |client, wire| {
                        let request = client.modify_db_instance().db_instance_identifier(resource);
                        request.db_parameter_group_name(name).customize().interceptor(wire).send()
                    });
                    sent.await.map(drop)
                }
            };
            sent.map_err(Failure::of_write)
        }
        .boxed()
    }

    fn reboot<'a>(&'a self, instance: &'a str) -> Reply<'a, ()> {
        async move {
            let sent = self.0.write(Call { action: "RebootDBInstance", subject: instance }, |client, wire| {
                client.reboot_db_instance().db_instance_identifier(instance).customize().interceptor(wire).send()
            });
            sent.await.map(drop).map_err(Failure::of_write)
        }
        .boxed()
    }

    fn switchover<'a>(&'a self, deployment: &'a str, timeout: Duration) -> Reply<'a, ()> {
        let seconds = i32::try_from(timeout.as_secs()).unwrap_or(i32::MAX);
        async move {
            let call = Call { action: "SwitchoverBlueGreenDeployment", subject: deployment };
            let sent = self.0.write(call, |client, wire| {
                let request = client.switchover_blue_green_deployment().blue_green_deployment_identifier(deployment);
                request.switchover_timeout(seconds).customize().interceptor(wire).send()
            });
            sent.await.map(drop).map_err(Failure::of_write)
        }
        .boxed()
    }

    fn delete_deployment<'a>(&'a self, deployment: &'a str) -> Reply<'a, ()> {
        async move {
            let call = Call { action: "DeleteBlueGreenDeployment", subject: deployment };
            let sent = self.0.write(call, |client, wire| {
                let request = client.delete_blue_green_deployment().blue_green_deployment_identifier(deployment);
                request.customize().interceptor(wire).send()
            });
            sent.await.map(drop).map_err(Failure::of_write)
        }
        .boxed()
    }

    fn delete_deployment_and_green<'a>(&'a self, deployment: &'a str) -> Reply<'a, ()> {
        async move {
            let call = Call { action: "DeleteBlueGreenDeployment", subject: deployment };
            let sent = self.0.write(call, |client, wire| {
                let request = client.delete_blue_green_deployment().blue_green_deployment_identifier(deployment);
                request.delete_target(true).customize().interceptor(wire).send()
            });
            sent.await.map(drop).map_err(Failure::of_write)
        }
        .boxed()
    }

    fn delete_parameter_group<'a>(&'a self, group: &'a GroupRef) -> Reply<'a, ()> {
        let name = group.name.as_str();
        async move {
            let sent = match group.level {
                Level::Cluster => {
                    let call = Call { action: "DeleteDBClusterParameterGroup", subject: name };
                    let sent = self.0.write(call, |client, wire| {
                        let request = client.delete_db_cluster_parameter_group().db_cluster_parameter_group_name(name);
                        request.customize().interceptor(wire).send()
                    });
                    sent.await.map(drop)
                }
                Level::Instance => {
                    let call = Call { action: "DeleteDBParameterGroup", subject: name };
                    let sent = self.0.write(call, |client, wire| {
                        let request = client.delete_db_parameter_group().db_parameter_group_name(name);
                        request.customize().interceptor(wire).send()
                    });
                    sent.await.map(drop)
                }
            };
            sent.map_err(Failure::of_write)
        }
        .boxed()
    }
}

fn sdk_parameter(setting: &Setting) -> Parameter {
    let method = if setting.pending_reboot { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate };
    Parameter::builder().parameter_name(&setting.name).parameter_value(&setting.value).apply_method(method).build()
}
