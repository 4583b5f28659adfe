//! `sync_parameter_group`: every parameter a user has set on blue and the target family takes, in green's group; what
//! could not be carried, and what has another default there, is listed with the reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    contract::{Attempts, Done, Fate, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    create_blue_green,
    family::{self, GroupState},
    target,
};
use crate::{
    artifact,
    error::{Error, Result},
    event::Table,
    parameters,
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
    CreateGroup {
        group: GroupRef,
        family: String,
    },
    Set {
        group: GroupRef,
        settings: Vec<Setting>,
        /// What the group showed before, by name; absent where nobody had set it.
        #[serde(default)]
        before: BTreeMap<String, String>,
    },
    Attach {
        resource: String,
        group: GroupRef,
    },
    /// Writes the table of what became of every parameter.
    Tell {
        parameters: Vec<parameters::Fate>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub groups: Vec<GroupRef>,
    /// What green's groups were given.
    pub carried: Vec<Setting>,
    /// What became of every parameter.
    #[serde(default)]
    pub parameters: Vec<parameters::Fate>,
}

const PAGE: &str = "parameters.md";
const TELL: &str = "write parameters.md";

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

    fn table(&self, seen: &Observation, _: &Known) -> Option<Table> {
        let fates: Vec<_> = seen.groups.iter().flat_map(|state| state.mapping.fates.clone()).collect();
        let columns = parameters::COLUMNS.map(str::to_owned).to_vec();
        (!fates.is_empty()).then(|| Table { columns, rows: parameters::rows(&fates) })
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        let mut outputs = Outputs { groups: Vec::new(), carried: Vec::new(), parameters: Vec::new() };
        for state in &seen.groups {
            state.check(&known.run, &seen.family)?;
            let group = state.wanted.group.clone();
            if state.found.is_none() {
                return Ok(Next::Do(Operation::CreateGroup { group, family: seen.family.clone() }));
            }
            let wanted = &state.mapping.settings;
            let missing = parameters::missing(wanted, &state.present);
            if let Some(error) = changed_meanwhile(state, &missing, done) {
                return Ok(Next::Fail(error));
            }
            if !missing.is_empty() {
                let settings: Vec<Setting> = missing.into_iter().take(SETTINGS_PER_CALL).collect();
                let before =
                    settings.iter().filter_map(|setting| Some((setting.name.clone(), shown(state, &setting.name)?)));
                let before = before.collect();
                return Ok(Next::Do(Operation::Set { group, settings, before }));
            }
            if let Some(resource) = seen.green.as_ref().and_then(|green| detached(green, &group)) {
                return Ok(Next::Do(Operation::Attach { resource, group }));
            }
            outputs.groups.push(group);
            outputs.carried.extend(wanted.iter().cloned());
            outputs.parameters.extend(state.mapping.fates.clone());
        }
        if let Some(member) =
            seen.green.iter().flat_map(|green| &green.members).find(|member| member.parameters == "applying")
        {
            return Ok(Next::Wait {
                awaited: "the parameters to be applied".to_owned(),
                seen: format!("{} applying", member.id),
            });
        }
        let told = done.last(TELL).filter(|last| matches!(last.fate, Fate::Done(_)));
        let tell = Operation::Tell { parameters: outputs.parameters.clone() };
        if told.is_none_or(|last| last.operation != tell) {
            return Ok(Next::Do(tell));
        }
        let warnings = outputs.parameters.iter().filter_map(parameters::Fate::warning).collect();
        Ok(Next::Done(Done::new(outputs).warnings(warnings)))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::CreateGroup { group, family } => family::describe_creation(group, family),
            Operation::Set { group, settings, .. } => {
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
            Operation::Tell { parameters } => (
                TELL.to_owned(),
                Policy::Repeat,
                format!("Write what becomes of {} parameters to parameters.md", parameters.len()),
                Vec::new(),
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
                Operation::Set { group, settings, .. } => {
                    rds.modify_parameter_group(group, settings).await?;
                    Ok(Performed::default())
                }
                Operation::Attach { resource, group } => {
                    rds.attach_parameter_group(resource, group).await?;
                    Ok(Performed::default())
                }
                Operation::Tell { parameters } => {
                    let page = parameters::page(parameters);
                    let digest = artifact::write(&write.artifacts.join(PAGE), page.as_bytes())?;
                    let artifacts = vec![(format!("artifacts/{PAGE}"), digest)];
                    Ok(Performed { artifacts, ..Performed::default() })
                }
            }
        })
    }
}

/// What the group shows, where somebody has set it.
fn shown(state: &GroupState, name: &str) -> Option<String> {
    state.present.iter().find(|parameter| parameter.name == name)?.value.clone()
}

/// What this step had set and shows a third value: neither ours nor the one before, which RDS may still show for a moment.
fn changed_meanwhile(state: &GroupState, missing: &[Setting], done: &Attempts<Operation>) -> Option<Error> {
    let group = &state.wanted.group;
    let sent = |setting: &Setting| {
        done.0.iter().rev().filter(|attempt| matches!(attempt.fate, Fate::Done(_))).find_map(|attempt| {
            match &attempt.operation {
                Operation::Set { group: other, settings, before } if other == group && settings.contains(setting) => {
                    Some(before.get(&setting.name).cloned())
                }
                _ => None,
            }
        })
    };
    let changed = missing.iter().find_map(|setting| {
        let (before, now) = (sent(setting)?, shown(state, &setting.name)?);
        (before.as_ref() != Some(&now)).then_some((setting, now))
    });
    let (Setting { name, value, pending_reboot }, now) = changed?;
    let (verb, option) = match group.level {
        Level::Cluster => ("modify-db-cluster-parameter-group", "--db-cluster-parameter-group-name"),
        Level::Instance => ("modify-db-parameter-group", "--db-parameter-group-name"),
    };
    let method = if *pending_reboot { "pending-reboot" } else { "immediate" };
    let text = format!("{name} in the parameter group {} was set to {value} by this run, and is {now} now", group.name);
    Some(
        Error::drift(text)
            .unchanged("The value of whoever changed it was left as it is")
            .hint(format!(
                "Find out who changed it. To have the playbook's value: aws rds {verb} {option} {} --parameters \
                 'ParameterName={name},ParameterValue={value},ApplyMethod={method}', then type the same command again. To \
                 keep the other one: `upgrade resolve PLAYBOOK sync_parameter_group`",
                group.name
            )),
    )
}

/// What of green does not have the group yet.
fn detached(green: &Side, group: &GroupRef) -> Option<String> {
    if green.parameter_group.level == group.level {
        return (green.parameter_group.name != group.name).then(|| green.database.id().to_owned());
    }
    green.members.iter().find(|member| member.parameter_group.name != group.name).map(|member| member.id.clone())
}
