//! `delete_green`: removes what a run has made in AWS before its switchover: the deployment with green, then the parameter
//! groups. Nothing else is ever removed. No playbook names it: it is the second part of an abort.

mod decide;
mod look;

use serde::{Deserialize, Serialize};

use super::{
    Recorded,
    contract::{Attempts, Fate, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    create_blue_green, family, sync_parameter_group,
};
use crate::{
    error::Result,
    port::{
        Reply,
        rds::{Database, GroupRef},
        side::Side,
    },
};

pub use look::Observation;

pub const KIND: &str = "delete_green";

#[derive(Debug, Default)]
pub struct DeleteGreen {
    /// The name the deployment was asked for by, and its id where RDS has told it.
    name: Option<String>,
    deployment: Option<String>,
    /// It was asked for, and may show late.
    asked: bool,
    blue: Option<Side>,
    green: Vec<Member>,
    /// Groups this run has asked for.
    groups: Vec<GroupRef>,
}

/// A cluster or an instance of green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub(super) database: Database,
    /// Stays with the physical resource: another one of the same name is not meant.
    pub(super) resource_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `early`: while it is in the making, when RDS may refuse it.
    DeleteDeployment {
        deployment: String,
        early: bool,
        green: Vec<Member>,
    },
    DeleteGroup {
        group: GroupRef,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub deployment: Option<String>,
    pub removed: Vec<String>,
    /// What is there still, and why it was left.
    pub left: Vec<String>,
}

impl DeleteGreen {
    /// By what the run has recorded.
    pub fn of(recorded: &[Recorded]) -> Result<Self> {
        let mut delete = Self::default();
        for step in recorded {
            match step.kind.as_str() {
                "create_blue_green" => delete.created(step)?,
                "sync_parameter_group" => {
                    for attempt in step.sent::<sync_parameter_group::Operation>()? {
                        if let sync_parameter_group::Operation::CreateGroup { group, .. } = attempt.operation {
                            delete.group(group);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(delete)
    }

    fn created(&mut self, step: &Recorded) -> Result<()> {
        for attempt in step.sent::<create_blue_green::Operation>()? {
            match attempt.operation {
                create_blue_green::Operation::CreateGroup { group, .. } => self.group(group),
                create_blue_green::Operation::SetAtCreation { .. } | create_blue_green::Operation::KeepLog { .. } => {}
                create_blue_green::Operation::Create { name, .. } => {
                    self.asked = true;
                    self.name = Some(name);
                    if let Fate::Done(handle) = &attempt.fate {
                        self.deployment = handle["deployment"].as_str().map(str::to_owned);
                    }
                }
            }
        }
        let outputs = step.outputs.as_ref().and_then(|outputs| create_blue_green::Outputs::deserialize(outputs).ok());
        if let Some(outputs) = outputs {
            self.green = look::members(&outputs.green);
            self.deployment = Some(outputs.deployment);
            self.blue = Some(outputs.blue);
        }
        Ok(())
    }

    fn group(&mut self, group: GroupRef) {
        if !self.groups.contains(&group) {
            self.groups.push(group);
        }
    }
}

impl Step for DeleteGreen {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Remove green, its deployment, and the parameter groups this run has made; blue is not touched"
                .to_owned(),
            calls: vec!["DeleteBlueGreenDeployment", "DeleteDB(Cluster)ParameterGroup"],
            undo: "Cannot be undone; another run makes another green",
        }
    }

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(look::look(self, read, known, done))
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        Ok(decide::decide(self, seen, known, done))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::DeleteDeployment { deployment, early, green } => {
                let green: Vec<_> = green.iter().map(|member| member.database.to_string()).collect();
                let green = if green.is_empty() { "green".to_owned() } else { green.join(", ") };
                let groups: Vec<_> = self.groups.iter().map(|group| group.name.as_str()).collect();
                let then = if groups.is_empty() { String::new() } else { format!("; then {}", groups.join(", ")) };
                (
                    if *early { EARLY } else { DELETE }.to_owned(),
                    Policy::Repeat,
                    format!("Delete the deployment {deployment} with {green}{then}"),
                    vec![format!("DeleteBlueGreenDeployment({deployment}, with its target)")],
                )
            }
            Operation::DeleteGroup { group } => (
                group_id(group),
                Policy::Repeat,
                format!("Delete the parameter group {}", group.name),
                vec![format!("Delete{}({})", family::api(group.level), group.name)],
            ),
        }
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            match operation {
                Operation::DeleteDeployment { deployment, .. } => {
                    write.rds()?.delete_deployment_and_green(deployment).await?;
                }
                Operation::DeleteGroup { group } => write.rds()?.delete_parameter_group(group).await?,
            }
            Ok(Performed::default())
        })
    }
}

const DELETE: &str = "delete green";
const EARLY: &str = "delete green in the making";

fn group_id(group: &GroupRef) -> String {
    format!("delete group {}", group.name)
}
