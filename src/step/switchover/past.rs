//! The switchover as later steps know it: that of this run, or one that a person has done by hand.

use time::Duration;

use super::Outputs;
use crate::{
    error::{Error, Kind, Result},
    playbook::StepBody,
    port::{
        rds::{Database, Deployment, DeploymentFilter, RdsRead},
        side::{self, Side},
    },
    step::{
        contract::{Known, Read},
        create_blue_green, target,
    },
};

/// RDS tells of events for two weeks.
const REMEMBERED: Duration = Duration::days(14);

impl Outputs {
    /// What the step handed on; without such a step in the playbook, what RDS and the servers show of a switchover that
    /// is complete.
    ///
    /// # Errors
    ///
    /// `Drift` where there is no complete switchover.
    pub(in crate::step) async fn of(read: &Read, known: &Known) -> Result<Self> {
        match Self::find(read, known).await? {
            Some(found) => Ok(found),
            None => Err(Error::drift("No switchover of this database is known")
                .unchanged("Nothing was changed")
                .hint("Put the step `switchover` into the playbook; where it was done by hand and its deployment is gone, name the old side with `target.old`")),
        }
    }

    /// The same; `None` where the switchover is still to come.
    pub(in crate::step) async fn find(read: &Read, known: &Known) -> Result<Option<Self>> {
        if let Some(outputs) = known.find("switchover")? {
            return Ok(Some(outputs));
        }
        let switches = |body: &StepBody| matches!(body, StepBody::Switchover { .. });
        if known.playbook.steps.iter().any(|step| switches(&step.body)) {
            return Ok(None);
        }
        by_hand(read, known).await
    }

    /// What the old side is called, as far as that is known.
    pub(in crate::step) fn old_shown(&self) -> &str {
        self.old.as_deref().unwrap_or("the old side")
    }

    /// The old side under the name it has by now; `None` while RDS does not show that.
    pub(in crate::step) async fn old_side(&self, read: &Read, known: &Known) -> Result<Option<Side>> {
        let Some(created) = known.find::<create_blue_green::Outputs>("create_blue_green")? else { return Ok(None) };
        let (blue, rds) = (&created.blue, read.rds()?);
        let side = side::by_resource_id(rds, blue.database.level(), &blue.resource_id).await?;
        Ok(side.filter(|side| side.database != blue.database))
    }
}

async fn by_hand(read: &Read, known: &Known) -> Result<Option<Outputs>> {
    let (rds, mysql) = (read.rds()?, read.mysql()?);
    let production = target::production(rds, &known.playbook).await?;
    let filter = DeploymentFilter::Target(production.arn.clone());
    let deployment =
        rds.deployments(&filter).await?.into_iter().find(|found| found.status.starts_with("SWITCHOVER_COMPLETED"));
    let Some(old) = old_side(rds, known, &production, deployment.as_ref()).await? else { return Ok(None) };
    let (address, old_address) = (production.write_address()?.clone(), old.write_address()?.clone());
    let green_server = mysql.server(&address).await?;
    let blue_server = mysql.server(&old_address).await.map_err(|error| match error.kind {
        Kind::Transient => error,
        _ => {
            error.hint("The old side must be reachable with the login of `mysql`: its log holds the tail of every job")
        }
    })?;
    if green_server.uuid == blue_server.uuid {
        return Err(Error::drift(format!("{address} and {old_address} lead to one and the same server"))
            .unchanged("Nothing was changed")
            .hint("Wait until the names have moved (DNS may be slow), then type the same command again"));
    }
    let now = read.clock.now();
    let made = deployment.as_ref().and_then(|deployment| deployment.created_at);
    let mut names = [production.names(), old.names()].concat();
    // Its events may carry the names green had before.
    let pairs = deployment.iter().flat_map(|deployment| &deployment.members);
    names.extend(
        pairs.flat_map(|pair| pair.target.iter().chain([&pair.source])).map(|arn| side::name_of(arn).to_owned()),
    );
    names.extend(deployment.iter().map(|deployment| deployment.id.clone()));
    names.sort();
    names.dedup();
    Ok(Some(Outputs {
        deployment: deployment.map(|deployment| deployment.id).unwrap_or_default(),
        address,
        old: Some(old.database.id().to_owned()),
        old_address,
        blue_server,
        green_server,
        names,
        started_at: made.unwrap_or(now - REMEMBERED),
        finished_at: known.since,
    }))
}

/// The source of the deployment under its new name, or the side a person named.
async fn old_side(
    rds: &dyn RdsRead,
    known: &Known,
    production: &Side,
    deployment: Option<&Deployment>,
) -> Result<Option<Side>> {
    let (asked, _) = target::target(&known.playbook)?;
    let named = asked.old.as_deref();
    let Some(id) = named.or_else(|| deployment.map(|deployment| side::name_of(&deployment.source))) else {
        return Ok(None);
    };
    let database = match &production.database {
        Database::AuroraCluster(_) => Database::AuroraCluster(id.to_owned()),
        Database::RdsInstance(_) => Database::RdsInstance(id.to_owned()),
    };
    let old = side::side(rds, &database).await?;
    old.map(Some).ok_or_else(|| {
        Error::drift(format!("There is no {database}: the old side of the switchover is gone"))
            .unchanged("Nothing was changed")
            .hint("Without its binary log the tail of a job cannot be read; the tables need a new snapshot")
    })
}
