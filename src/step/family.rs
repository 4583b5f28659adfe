//! Parameter groups for green: what is wanted, and what is there, at every level that needs one.

use super::contract::Policy;
use crate::{
    error::{Error, Result},
    parameters::{self, From, Mapping, Pin, To, Wanted, Wish},
    playbook::{self, Playbook, StepBody},
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
///
/// # Errors
/// `Permanent` where the playbook asks for a parameter or a value that the target family does not have.
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
    let mut pairs = Vec::new();
    for wanted in parameters::wanted(&from, &named(playbook), deployment_name(playbook), family, run) {
        let blue = rds.parameters(&wanted.from, false).await?;
        let known = rds.family_parameters(wanted.group.level, family).await?;
        pairs.push(Pair { wanted, blue, known });
    }
    let Some(first) = from.first() else { return Ok(Vec::new()) };
    let blue_family = match rds.parameter_group(first).await? {
        Some(group) => group.family,
        None => {
            return Err(Error::transient(format!("Blue's parameter group {} is not shown", first.name)));
        }
    };
    let mut states = Vec::new();
    for (pair, mapping) in mappings(&pairs, &blue_family, family, &wish(playbook))? {
        let found = rds.parameter_group(&pair.wanted.group).await?;
        let present = match &found {
            Some(_) => rds.parameters(&pair.wanted.group, true).await?,
            None => Vec::new(),
        };
        states.push(GroupState { wanted: pair.wanted.clone(), found, present, mapping });
    }
    Ok(states)
}

/// A group of blue, and what its counterpart of green knows.
struct Pair {
    wanted: Wanted,
    blue: Vec<Parameter>,
    known: Vec<Parameter>,
}

/// Each group with what becomes of its parameters. What a user has set for blue's instances and green has for its cluster
/// alone goes to the cluster's group.
fn mappings<'p>(pairs: &'p [Pair], older: &str, newer: &str, wish: &Wish) -> Result<Vec<(&'p Pair, Mapping)>> {
    let Some((top, below)) = pairs.split_first() else { return Ok(Vec::new()) };
    let asked = match &wish.pin {
        Pin::Names(names) => names.iter().chain(wish.set.keys()).collect::<Vec<_>>(),
        Pin::All => wish.set.keys().collect(),
    };
    let known =
        |name: &str| pairs.iter().flat_map(|pair| &pair.known).any(|one| parameters::same_name(&one.name, name));
    if let Some(name) = asked.into_iter().find(|name| !known(name)) {
        let text = format!("`sync_parameter_group` names {name}, which no group of green has ({newer})");
        return Err(Error::permanent(text).unchanged("Nothing was changed").hint(
            "Correct `set:` or `pin:`; what only instances have needs a group of their own (`instance_group:`)",
        ));
    }
    let user_set = |pair: &Pair| pair.blue.iter().filter(|one| one.source == "user").cloned().collect::<Vec<_>>();
    let names = |parameters: &[Parameter]| parameters.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let to =
        |pair: &'p Pair, above| To { level: pair.wanted.group.level, family: newer, parameters: &pair.known, above };
    let top_set = names(&user_set(top));
    let mut moved = Vec::new();
    let mut lower = Vec::new();
    for pair in below {
        let (mut kept, here) = (pair.blue.clone(), to(pair, &top.known));
        for one in user_set(pair) {
            let there = parameters::has_place(older, &to(top, &[]), &one.name);
            let free = !top_set.iter().any(|set| parameters::same_name(set, &one.name));
            if there && free && !parameters::has_place(older, &here, &one.name) {
                kept.retain(|known| known.name != one.name);
                moved.push(one);
            }
        }
        let given = From { family: older, parameters: &kept, moved: &[], covered: &top_set };
        lower.push((pair, parameters::map(&given, &here, wish)?));
    }
    let covered: Vec<String> = below.iter().flat_map(|pair| names(&user_set(pair))).collect();
    let given = From { family: older, parameters: &top.blue, moved: &moved, covered: &covered };
    let mut all = vec![(top, parameters::map(&given, &to(top, &[]), wish)?)];
    all.append(&mut lower);
    Ok(all)
}

/// What the playbook asks for beside blue's own values.
fn wish(playbook: &Playbook) -> Wish {
    let asked = playbook.steps.iter().find_map(|step| match &step.body {
        StepBody::SyncParameterGroup { pin, set, .. } => Some((pin, set)),
        _ => None,
    });
    let Some((pin, set)) = asked else { return Wish::default() };
    let pin = match pin {
        playbook::Pin::All => Pin::All,
        playbook::Pin::Names(names) => Pin::Names(names.clone()),
    };
    Wish { pin, set: set.clone() }
}

/// The groups the playbook names, the database's level first.
fn named(playbook: &Playbook) -> [Option<String>; 2] {
    for step in &playbook.steps {
        if let StepBody::SyncParameterGroup { group, instance_group, .. } = &step.body {
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
