//! `precheck`: looks at everything that would stop AWS or the handover, before anything is created.

mod catalogue;
mod cdc;

use serde::{Deserialize, Serialize};

use super::{
    approve::Never,
    contract::{Attempts, Done, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    family, target,
};
use crate::{
    error::{Error, Result},
    event::Level,
    playbook::StepBody,
    port::{
        Reply,
        rds::{DeploymentFilter, RdsRead},
        side::Side,
    },
    precheck::{self, Inventory, Unknown},
};

#[derive(Debug)]
pub struct Precheck;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub errors: usize,
    pub warnings: usize,
    pub notices: usize,
}

/// Open transactions younger than this are the normal case.
const OPEN_FOR_SECONDS: u64 = 30;

impl Step for Precheck {
    type Observation = Inventory;
    type Operation = Never;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Look for what would stop the upgrade or the handover".to_owned(),
            calls: Vec::new(),
            undo: "Nothing is changed",
        }
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Never>) -> Reply<'a, Inventory> {
        Box::pin(inventory(read, known))
    }

    fn next(&self, seen: &Inventory, _: &Known, _: &Attempts<Never>) -> Result<Next<Never, Outputs>> {
        let findings = precheck::check(seen);
        let count = |level| findings.iter().filter(|finding| finding.level == level).count();
        let outputs =
            Outputs { errors: count(Level::Error), warnings: count(Level::Warning), notices: count(Level::Notice) };
        if outputs.errors > 0 {
            return Ok(Next::Refuse(findings));
        }
        let mut done = Done::new(outputs);
        done.findings = findings;
        Ok(Next::Done(done))
    }

    fn describe(&self, operation: &Never) -> (String, Policy, String, Vec<String>) {
        match *operation {}
    }

    fn perform<'a>(&'a self, _: &'a Never, _: &'a Known, _: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async { Err(Error::bug("A precheck performs nothing")) })
    }
}

async fn inventory(read: &Read, known: &Known) -> Result<Inventory> {
    let rds = read.rds()?;
    let (asked, _) = target::target(&known.playbook)?;
    let blue = target::production(rds, &known.playbook).await?;
    let stands = |kind: &str| known.playbook.steps.iter().any(|step| step.body.kind() == kind);
    let creates = known.playbook.steps.iter().any(|step| matches!(step.body, StepBody::CreateBlueGreen { .. }));
    let deployment_name = creates.then(|| family::deployment_name(&known.playbook).to_owned());
    let deployments = deployments(rds, &blue, deployment_name.as_deref()).await?;
    let mut seen = Inventory {
        run: known.run.clone(),
        current: rds.engine_version(&blue.engine, &blue.engine_version).await?,
        target: rds.engine_version(&blue.engine, &asked.engine_version).await?,
        target_version: asked.engine_version.clone(),
        deployment_name,
        deployments,
        server: None,
        retention_hours: None,
        replication: None,
        open_transactions: Vec::new(),
        schemas: Vec::new(),
        catalogue: Vec::new(),
        cdc_jobs: Vec::new(),
        left_running: stands("switchover") && !stands("stop_cdc_jobs") && !stands("move_cdc_jobs"),
        stopped_before: stands("switchover") && (stands("stop_cdc_jobs") || stands("move_cdc_jobs")),
        classpath: None,
        server_ids: Vec::new(),
        unknown: Vec::new(),
        blue,
    };
    if known.playbook.mysql.is_some() {
        let (mysql, address) = (read.mysql()?, seen.blue.write_address()?);
        seen.server = Some(mysql.server(address).await?);
        seen.retention_hours = mysql.retention_hours(address).await?;
        seen.replication = mysql.replication(address).await?;
        seen.open_transactions = mysql.open_transactions(address, OPEN_FOR_SECONDS).await?;
        seen.schemas = mysql.schemas(address).await?;
        seen.catalogue = catalogue::findings(read.catalogue()?, address, &asked.engine_version).await?;
    }
    if !known.playbook.cdc_jobs.is_empty() {
        cdc::gather(read, known, &mut seen).await?;
    }
    Ok(seen)
}

/// Keeps that a fact could not be had: what it would have shown is then a warning.
fn had<T>(answer: Result<T>, object: &str, what: &str, unknown: &mut Vec<Unknown>) -> Option<T> {
    match answer {
        Ok(fact) => Some(fact),
        Err(error) => {
            let (object, what) = (object.to_owned(), what.to_owned());
            unknown.push(Unknown { object, what, why: error.message, hint: error.hint });
            None
        }
    }
}

async fn deployments(rds: &dyn RdsRead, blue: &Side, name: Option<&str>) -> Result<Vec<crate::port::rds::Deployment>> {
    let mut found = rds.deployments(&DeploymentFilter::Source(blue.arn.clone())).await?;
    if let Some(name) = name {
        for other in rds.deployments(&DeploymentFilter::Name(name.to_owned())).await? {
            if !found.iter().any(|known| known.id == other.id) {
                found.push(other);
            }
        }
    }
    Ok(found)
}
