//! `create_blue_green`: a target-family parameter group that already carries what must be right at creation, then the
//! deployment, then the wait until every member of green is there.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    contract::{Attempts, Done, Explained, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    family::{self, GroupState},
    target, upgrade_log,
};
use crate::{
    artifact,
    error::{Error, Result},
    event::{self, Finding},
    parameters,
    port::{
        Reply,
        rds::{Deployment, DeploymentFilter, EngineVersion, GroupRef, Level, NewDeployment, Setting, Tags},
        side::{self, RUN_TAG, Side},
    },
};

#[derive(Debug)]
pub struct CreateBlueGreen {
    name: String,
    /// Green's log of a failed upgrade, until it is kept: it is too long for the record of an operation.
    log: Mutex<Option<String>>,
}

impl CreateBlueGreen {
    /// `name` is the deployment's.
    pub fn new(name: String) -> Self {
        Self { name, log: Mutex::default() }
    }
}

pub struct Observation {
    blue: Side,
    target: EngineVersion,
    /// None once there is a deployment.
    groups: Vec<GroupState>,
    /// Deployments of this name or of this source.
    deployments: Vec<Deployment>,
    green: Option<Side>,
    /// What green's own prechecks have found, where the deployment failed.
    told: Option<upgrade_log::Told>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    CreateGroup {
        group: GroupRef,
        family: String,
    },
    SetAtCreation {
        group: GroupRef,
        settings: Vec<Setting>,
    },
    Create {
        name: String,
        source_arn: String,
        engine_version: String,
        groups: Vec<GroupRef>,
    },
    /// Puts the log of green's upgrade prechecks into the run's folder.
    KeepLog {
        name: String,
    },
}

/// Both sides as they were when green was ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    /// `bgd-…`.
    pub deployment: String,
    pub family: String,
    pub blue: Side,
    pub green: Side,
}

const CREATE: &str = "create deployment";
const KEEP: &str = "keep log";

impl Step for CreateBlueGreen {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: format!("Create the blue/green deployment {} with a parameter group of the target family", self.name),
            calls: vec![
                "CreateDB(Cluster)ParameterGroup",
                "ModifyDB(Cluster)ParameterGroup",
                "CreateBlueGreenDeployment",
            ],
            undo: "Until the switchover green can be deleted; blue is not touched",
        }
    }

    fn by_hand(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("deployment", "`bgd-…`, as `aws rds describe-blue-green-deployments` shows it"),
            ("family", "The parameter group family of green, as `aurora-mysql8.0`"),
            ("blue", "JSON of the old side as this step records it; `retry` finds it by itself"),
            ("green", "JSON of the new side as this step records it; `retry` finds it by itself"),
        ]
    }

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(async move {
            let rds = read.rds()?;
            let (playbook_target, _) = target::target(&known.playbook)?;
            let blue = target::production(rds, &known.playbook).await?;
            let target = family::target_version(rds, &blue, &playbook_target.engine_version).await?;
            let mut deployments = rds.deployments(&DeploymentFilter::Name(self.name.clone())).await?;
            for other in rds.deployments(&DeploymentFilter::Source(blue.arn.clone())).await? {
                if !deployments.iter().any(|known| known.id == other.id) {
                    deployments.push(other);
                }
            }
            // Long lists, and green takes hours: they are read as long as something is to be made.
            let groups = match created(done) {
                None if deployments.is_empty() => {
                    family::groups(rds, &known.playbook, &known.run, &blue, &target.family).await?
                }
                _ => Vec::new(),
            };
            let ours = deployments.iter().find(|found| is_ours(found, &blue, known, None));
            let green = match ours {
                Some(ours) => side::green(rds, ours, blue.database.level()).await?,
                None => None,
            };
            let told = match ours.filter(|ours| is_broken(ours)) {
                Some(ours) => {
                    let mut told = upgrade_log::look(rds, ours, blue.database.level()).await;
                    if let Some((_, text)) = &mut told.file {
                        *self.log.lock().expect("nobody panics while holding this") = Some(std::mem::take(text));
                    }
                    Some(told)
                }
                None => None,
            };
            Ok(Observation { blue, target, groups, deployments, green, told })
        })
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        let created = created(done);
        let ours = seen.deployments.iter().find(|found| is_ours(found, &seen.blue, known, created));
        if let Some(ours) = ours {
            return Ok(await_green(ours, seen, done));
        }
        if let Some(foreign) = seen.deployments.first() {
            return Ok(Next::Fail(
                Error::conflict(format!(
                    "There is a blue/green deployment {} ({}, {}) that this run has not made",
                    foreign.name, foreign.id, foreign.status
                ))
                .unchanged("It was left as it is; nothing was created")
                .hint("Finish or delete it, then type the same command again"),
            ));
        }
        if let Some(created) = created {
            return Ok(Next::Wait {
                awaited: format!("the deployment {created} to show"),
                seen: "not shown yet".to_owned(),
            });
        }
        for state in &seen.groups {
            state.check(&known.run, &seen.target.family)?;
            let group = state.wanted.group.clone();
            if state.found.is_none() {
                return Ok(Next::Do(Operation::CreateGroup { group, family: seen.target.family.clone() }));
            }
            let settings = parameters::at_creation(&state.mapping);
            let settings = parameters::missing(&settings, &state.present);
            if !settings.is_empty() {
                return Ok(Next::Do(Operation::SetAtCreation { group, settings }));
            }
        }
        let create = Operation::Create {
            name: self.name.clone(),
            source_arn: seen.blue.arn.clone(),
            engine_version: seen.target.version.clone(),
            groups: seen.groups.iter().map(|state| state.wanted.group.clone()).collect(),
        };
        if done.unsettled(CREATE) {
            let of = format!("no deployment {} of {} is shown", self.name, seen.blue.database);
            let then = Box::new(Next::Do(create));
            return Ok(Next::Confirm { of, looks: 3, spanning: std::time::Duration::from_secs(10), then });
        }
        Ok(Next::Do(create))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::CreateGroup { group, family } => family::describe_creation(group, family),
            Operation::SetAtCreation { group, settings } => (
                format!("set at creation {}", group.name),
                Policy::Repeat,
                format!("Set {} in {}", listed(settings), group.name),
                vec![format!("Modify{}({}: {})", family::api(group.level), group.name, listed(settings))],
            ),
            Operation::Create { name, source_arn, engine_version, groups } => (
                CREATE.to_owned(),
                Policy::Adopt,
                format!(
                    "Create the blue/green deployment {name} of {} for {engine_version}",
                    side::name_of(source_arn)
                ),
                vec![format!(
                    "CreateBlueGreenDeployment({name}, source {source_arn}, {engine_version}, {})",
                    groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", ")
                )],
            ),
            Operation::KeepLog { name } => (
                KEEP.to_owned(),
                Policy::Repeat,
                format!("Keep {name} of green, which tells why its upgrade failed"),
                Vec::new(),
            ),
        }
    }

    fn perform<'a>(&'a self, operation: &'a Operation, known: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            let rds = write.rds()?;
            let tags = Tags::from([(RUN_TAG.to_owned(), known.run.clone())]);
            match operation {
                Operation::CreateGroup { group, family } => {
                    rds.create_parameter_group(group, family, &tags).await?;
                    Ok(Performed::handle(json!({ "group": group.name })))
                }
                Operation::SetAtCreation { group, settings } => {
                    rds.modify_parameter_group(group, settings).await?;
                    Ok(Performed::default())
                }
                Operation::Create { name, source_arn, engine_version, groups } => {
                    let of = |level| groups.iter().find(|group| group.level == level).map(|group| group.name.clone());
                    let new = NewDeployment {
                        name: name.clone(),
                        source_arn: source_arn.clone(),
                        engine_version: engine_version.clone(),
                        cluster_parameter_group: of(Level::Cluster),
                        instance_parameter_group: of(Level::Instance),
                        tags,
                    };
                    let deployment = rds.create_deployment(&new).await?;
                    Ok(Performed::handle(json!({ "deployment": deployment })))
                }
                Operation::KeepLog { name } => {
                    let text = self.log.lock().expect("nobody panics while holding this").clone().unwrap_or_default();
                    let name = format!("green/{name}");
                    let digest = artifact::write(&write.artifacts.join(&name), text.as_bytes())?;
                    Ok(Performed { handle: json!(null), artifacts: vec![(format!("artifacts/{name}"), digest)] })
                }
            }
        })
    }
}

/// The deployment that a recorded operation has made.
fn created(done: &Attempts<Operation>) -> Option<&str> {
    done.handle(CREATE).and_then(|handle| handle["deployment"].as_str())
}

/// Ours: created by a recorded operation, or of the name and source asked for and marked with this run.
fn is_ours(found: &Deployment, blue: &Side, known: &Known, created: Option<&str>) -> bool {
    created == Some(found.id.as_str())
        || (found.source == blue.arn && found.tags.get(RUN_TAG).is_some_and(|tag| *tag == known.run))
}

/// It will not become a green any more.
fn is_broken(ours: &Deployment) -> bool {
    matches!(ours.status.as_str(), "INVALID_CONFIGURATION" | "PROVISIONING_FAILED" | "DELETING")
        || ours.parts.iter().any(|(_, status)| status == "FAILED")
}

fn await_green(ours: &Deployment, seen: &Observation, done: &Attempts<Operation>) -> Next<Operation, Outputs> {
    let parts: Vec<_> = ours.parts.iter().map(|(name, status)| format!("{name} {status}")).collect();
    let details = ours.status_details.clone().map(|details| format!(" ({details})")).unwrap_or_default();
    if is_broken(ours) {
        let told = seen.told.clone().unwrap_or_default();
        if let Some((name, _)) = told.file
            && done.handle(KEEP).is_none()
        {
            return Next::Do(Operation::KeepLog { name });
        }
        let error = broken(ours, &details, &told.findings);
        return Next::FailFor(Box::new(Explained { error, findings: told.findings, warnings: told.warnings }));
    }
    match ours.status.as_str() {
        "AVAILABLE" => match &seen.green {
            Some(green) if ready(ours, green) => {
                let outputs = Outputs {
                    deployment: ours.id.clone(),
                    family: seen.target.family.clone(),
                    blue: alone(&seen.blue, green),
                    green: green.clone(),
                };
                let of = "green is complete and available".to_owned();
                let then = Box::new(Next::Done(Done::new(outputs)));
                Next::Confirm { of, looks: 2, spanning: std::time::Duration::ZERO, then }
            }
            green => Next::Wait {
                awaited: "every member of green to be available".to_owned(),
                seen: members(green.as_ref()),
            },
        },
        status => Next::Wait {
            awaited: format!("the deployment {} to be AVAILABLE", ours.name),
            seen: format!("{status}{details}; {}", parts.join(", ")),
        },
    }
}

fn ready(deployment: &Deployment, green: &Side) -> bool {
    let available = |id: &str| green.members.iter().any(|member| member.id == id && member.address.is_some());
    deployment.members.iter().all(|pair| match &pair.target {
        Some(target) if target.contains(":db:") => available(side::name_of(target)),
        Some(_) => true,
        None => false,
    }) && green.status == "available"
        && green.address.is_some()
        && green.members.iter().all(|member| member.status == "available")
}

/// Blue without green: while it replicates, green counts as one of blue's replicas.
fn alone(blue: &Side, green: &Side) -> Side {
    let mut blue = blue.clone();
    blue.members.retain(|member| !green.members.iter().any(|other| other.resource_id == member.resource_id));
    blue
}

fn members(green: Option<&Side>) -> String {
    let Some(green) = green else { return "green is not shown yet".to_owned() };
    let all = green.members.iter().map(|member| format!("{} {}", member.id, member.status)).collect::<Vec<_>>();
    format!("{} {}; {}", green.database.id(), green.status, all.join(", "))
}

fn broken(deployment: &Deployment, details: &str, findings: &[Finding]) -> Error {
    let error = Error::permanent(format!(
        "The deployment {} ({}) is {}{details}",
        deployment.name, deployment.id, deployment.status
    ))
    .unchanged("Blue serves as before; the deployment was left as it is");
    let again = "`upgrade abort PLAYBOOK` removes all that the run has made, then `upgrade run PLAYBOOK --new-run` begins again";
    let errors = || findings.iter().filter(|finding| finding.level == event::Level::Error);
    match errors().next() {
        Some(first) => error
            .cause(format!(
                "Green's upgrade prechecks have found {}, first: {}",
                counted(errors().count()),
                told(first)
            ))
            .hint(format!("Mend on blue what the findings name; {again}")),
        None => error.hint(format!("Read the reason in the RDS events and in the logs of green; {again}")),
    }
}

fn counted(errors: usize) -> String {
    if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") }
}

fn told(finding: &Finding) -> String {
    match finding.object.as_str() {
        "" => finding.message.clone(),
        object => format!("{object}: {}", finding.message),
    }
}

fn listed(settings: &[Setting]) -> String {
    settings.iter().map(|setting| format!("{}={}", setting.name, setting.value)).collect::<Vec<_>>().join(", ")
}
