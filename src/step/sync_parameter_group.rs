//! `sync_parameter_group`: every parameter a user has set on blue and the target family takes, in green's group; what
//! could not be carried is listed with the reason.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    contract::{Attempts, Done, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    create_blue_green,
    family::{self, GroupState},
    target,
};
use crate::{
    error::Result,
    parameters::{self, Left},
    port::{
        Reply,
        rds::{GroupRef, Level, SETTINGS_PER_CALL, Setting, Tags},
        side::{self, RUN_TAG, Side},
    },
};

#[derive(Debug)]
pub struct SyncParameterGroup;

pub struct Observation {
    family: String,
    groups: Vec<GroupState>,
    /// Green, where the deployment exists already.
    green: Option<Side>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    CreateGroup { group: GroupRef, family: String },
    Set { group: GroupRef, settings: Vec<Setting> },
    Attach { resource: String, group: GroupRef },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub groups: Vec<GroupRef>,
    pub carried: Vec<Setting>,
    pub left: Vec<Left>,
}

impl Step for SyncParameterGroup {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Carry blue's user-set parameters to green's parameter group".to_owned(),
            calls: vec![
                "CreateDB(Cluster)ParameterGroup",
                "ModifyDB(Cluster)ParameterGroup",
                "ModifyDBCluster or ModifyDBInstance",
            ],
            undo: "Green only: its group can be changed again at any time; blue's group is not touched",
        }
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Operation>) -> Reply<'a, Observation> {
        Box::pin(async move {
            let rds = read.rds()?;
            let (asked, _) = target::target(&known.playbook)?;
            let blue = target::production(rds, &known.playbook).await?;
            let version = family::target_version(rds, &blue, &asked.engine_version).await?;
            let groups = family::groups(rds, &known.playbook, &known.run, &blue, &version.family).await?;
            let green = match known.find::<create_blue_green::Outputs>("create_blue_green")? {
                Some(created) => side::side(rds, &created.green.database).await?,
                None => None,
            };
            Ok(Observation { family: version.family, groups, green })
        })
    }

    fn next(&self, seen: &Observation, known: &Known, _: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        let mut outputs = Outputs { groups: Vec::new(), carried: Vec::new(), left: Vec::new() };
        for state in &seen.groups {
            state.check(&known.run, &seen.family)?;
            let group = state.wanted.group.clone();
            if state.found.is_none() {
                return Ok(Next::Do(Operation::CreateGroup { group, family: seen.family.clone() }));
            }
            let wanted = wanted(state);
            let missing = parameters::missing(&wanted, &state.present);
            if !missing.is_empty() {
                let settings = missing.into_iter().take(SETTINGS_PER_CALL).collect();
                return Ok(Next::Do(Operation::Set { group, settings }));
            }
            if let Some(resource) = seen.green.as_ref().and_then(|green| detached(green, &group)) {
                return Ok(Next::Do(Operation::Attach { resource, group }));
            }
            outputs.groups.push(group);
            outputs.carried.extend(wanted);
            outputs.left.extend(state.mapping.left.clone());
        }
        if let Some(member) =
            seen.green.iter().flat_map(|green| &green.members).find(|member| member.parameters == "applying")
        {
            return Ok(Next::Wait {
                awaited: "the parameters to be applied".to_owned(),
                seen: format!("{} applying", member.id),
            });
        }
        let warnings = outputs
            .left
            .iter()
            .map(|left| format!("{} = {} is not carried to green: {}", left.name, left.value, left.why))
            .collect();
        Ok(Next::Done(Done::new(outputs).warnings(warnings)))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::CreateGroup { group, family } => family::describe_creation(group, family),
            Operation::Set { group, settings } => {
                let names =
                    settings.iter().map(|setting| format!("{}={}", setting.name, setting.value)).collect::<Vec<_>>();
                (
                    format!("set {} from {}", group.name, settings.first().map_or("", |setting| &setting.name)),
                    Policy::Repeat,
                    format!("Set {} parameters in {}", settings.len(), group.name),
                    vec![format!("Modify{}({}: {})", family::api(group.level), group.name, names.join(", "))],
                )
            }
            Operation::Attach { resource, group } => (
                format!("attach {} to {resource}", group.name),
                Policy::Repeat,
                format!("Give {resource} the parameter group {}", group.name),
                vec![format!(
                    "{}({resource}, {})",
                    if group.level == Level::Cluster { "ModifyDBCluster" } else { "ModifyDBInstance" },
                    group.name
                )],
            ),
        }
    }

    fn perform<'a>(&'a self, operation: &'a Operation, known: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            let rds = write.rds()?;
            match operation {
                Operation::CreateGroup { group, family } => {
                    let tags = Tags::from([(RUN_TAG.to_owned(), known.run.clone())]);
                    rds.create_parameter_group(group, family, &tags).await?;
                    Ok(Performed::handle(json!({ "group": group.name })))
                }
                Operation::Set { group, settings } => {
                    rds.modify_parameter_group(group, settings).await?;
                    Ok(Performed::default())
                }
                Operation::Attach { resource, group } => {
                    rds.attach_parameter_group(resource, group).await?;
                    Ok(Performed::default())
                }
            }
        })
    }
}

/// Everything that is carried, with what must be right at creation winning over blue's own value.
fn wanted(state: &GroupState) -> Vec<Setting> {
    let mut wanted = parameters::at_creation(&state.mapping, &state.family_parameters);
    for setting in &state.mapping.carried {
        if !wanted.iter().any(|known| known.name == setting.name) {
            wanted.push(setting.clone());
        }
    }
    wanted
}

/// What of green does not have the group yet.
fn detached(green: &Side, group: &GroupRef) -> Option<String> {
    if green.parameter_group.level == group.level {
        return (green.parameter_group.name != group.name).then(|| green.database.id().to_owned());
    }
    green.members.iter().find(|member| member.parameter_group.name != group.name).map(|member| member.id.clone())
}
