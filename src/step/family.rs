//! Parameter groups for green: what is wanted, and what is there, at every level that needs one.

use super::contract::Policy;
use crate::{
    error::{Error, Result},
    parameters::{self, Mapping, Wanted},
    playbook::{Playbook, StepBody},
    port::{
        rds::{EngineVersion, GroupRef, Level, Parameter, ParameterGroup, RdsRead},
        side::{RUN_TAG, Side},
    },
};

/// One group of green as it should be and as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupState {
    pub wanted: Wanted,
    pub found: Option<ParameterGroup>,
    pub present: Vec<Parameter>,
    pub mapping: Mapping,
    pub family_parameters: Vec<Parameter>,
}

impl GroupState {
    /// Stops at a group of this name that is neither ours nor named by the playbook, or of another family.
    pub(super) fn check(&self, run: &str, family: &str) -> Result<()> {
        let Some(found) = &self.found else {
            if self.wanted.named {
                return Err(Error::permanent(format!(
                    "The playbook names the parameter group {}, and there is none",
                    self.wanted.group.name
                ))
                .unchanged("Nothing was changed")
                .hint("Create it, or leave `group:` out and let the run make one"));
            }
            return Ok(());
        };
        if !self.wanted.named && found.tags.get(RUN_TAG).is_none_or(|tag| tag != run) {
            return Err(Error::conflict(format!(
                "There is a parameter group {} that this run has not made (no tag {RUN_TAG}={run})",
                found.group.name
            ))
            .unchanged("Nothing was changed")
            .hint("Name it in `sync_parameter_group: { group: … }` to use it, or remove it"));
        }
        if found.family != family {
            return Err(Error::permanent(format!(
                "The parameter group {} is of family {}, and green needs {family}",
                found.group.name, found.family
            ))
            .unchanged("Nothing was changed"));
        }
        Ok(())
    }
}

/// The engine version green is to have, with its family.
pub(super) async fn target_version(rds: &dyn RdsRead, blue: &Side, version: &str) -> Result<EngineVersion> {
    rds.engine_version(&blue.engine, version).await?.ok_or_else(|| {
        Error::permanent(format!("RDS does not offer {} {version} in this region", blue.engine))
            .unchanged("Nothing was changed")
            .hint("Correct `target.engine_version`; `aws rds describe-db-engine-versions` lists what there is")
    })
}

/// Every group green is to have, looked up.
pub(super) async fn groups(
    rds: &dyn RdsRead,
    playbook: &Playbook,
    run: &str,
    blue: &Side,
    family: &str,
) -> Result<Vec<GroupState>> {
    let mut from = vec![blue.parameter_group.clone()];
    if blue.parameter_group.level == Level::Cluster {
        from.push(blue.writer()?.parameter_group.clone());
    }
    let mut states = Vec::new();
    for wanted in parameters::wanted(&from, &named(playbook), deployment_name(playbook), family, run) {
        let found = rds.parameter_group(&wanted.group).await?;
        let present = match &found {
            Some(_) => rds.parameters(&wanted.group, true).await?,
            None => Vec::new(),
        };
        let family_parameters = rds.family_parameters(wanted.group.level, family).await?;
        let mapping = parameters::map(&user_set(rds, &wanted.from).await?, &family_parameters);
        states.push(GroupState { wanted, found, present, mapping, family_parameters });
    }
    Ok(states)
}

async fn user_set(rds: &dyn RdsRead, group: &GroupRef) -> Result<Vec<Parameter>> {
    if group.name.starts_with("default.") {
        return Ok(Vec::new());
    }
    rds.parameters(group, true).await
}

/// The groups the playbook names, the database's level first.
fn named(playbook: &Playbook) -> [Option<String>; 2] {
    for step in &playbook.steps {
        if let StepBody::SyncParameterGroup { group, instance_group } = &step.body {
            return [group.clone(), instance_group.clone()];
        }
    }
    [None, None]
}

/// The deployment's name; the playbook's own where it creates none.
pub(super) fn deployment_name(playbook: &Playbook) -> &str {
    let created = playbook.steps.iter().find_map(|step| match &step.body {
        StepBody::CreateBlueGreen { name } => Some(name.as_str()),
        _ => None,
    });
    created.unwrap_or(&playbook.name)
}

/// What RDS calls a group of this level.
pub(super) fn api(level: Level) -> &'static str {
    match level {
        Level::Cluster => "DBClusterParameterGroup",
        Level::Instance => "DBParameterGroup",
    }
}

/// How the making of a group is journaled and shown.
pub(super) fn describe_creation(group: &GroupRef, family: &str) -> (String, Policy, String, Vec<String>) {
    (
        format!("create group {}", group.name),
        Policy::Adopt,
        format!("Create the parameter group {} of family {family}", group.name),
        vec![format!("Create{}({})", api(group.level), group.name)],
    )
}
