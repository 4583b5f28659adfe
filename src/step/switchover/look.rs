//! What is looked at before, during and after the switchover.

use time::OffsetDateTime;

use super::Operation;
use crate::{
    error::{Error, Kind, Result},
    port::{
        mysql::{Address, MysqlRead, Replication, Server},
        rds::{Deployment, DeploymentFilter, EventWindow},
        side::{self, Side},
    },
    step::{
        contract::{Attempts, Known, Read},
        create_blue_green,
    },
};

pub struct Observation {
    pub(super) created: create_blue_green::Outputs,
    pub(super) deployment: Option<Deployment>,
    pub(super) now: OffsetDateTime,
    pub(super) sides: Sides,
}

/// Before: both sides and their servers. After: who answers where.
pub(super) enum Sides {
    Before(Box<Before>),
    Under {
        /// What RDS says of a cancelled switchover since the last attempt, if anything.
        cancelled: Option<String>,
        /// Who answers at the production address.
        production: Option<Server>,
    },
    After(Box<After>),
}

pub(super) struct Before {
    pub blue: Side,
    pub green: Option<Side>,
    pub blue_server: Server,
    pub green_server: Option<Server>,
    pub replication: Option<Replication>,
}

pub(super) struct After {
    pub production: Option<Side>,
    pub server: Option<Server>,
    /// The old side under its new name.
    pub old: Option<Side>,
}

pub(super) async fn look(read: &Read, known: &Known, done: &Attempts<Operation>) -> Result<Observation> {
    let created: create_blue_green::Outputs = known.outputs("create_blue_green")?;
    let rds = read.rds()?;
    let now = read.clock.now();
    let filter = DeploymentFilter::Id(created.deployment.clone());
    let deployment = rds.deployments(&filter).await?.into_iter().next();
    let status = deployment.as_ref().map(|deployment| deployment.status.as_str());
    let last = done.0.last();
    let sides = match (status, last) {
        (Some("SWITCHOVER_COMPLETED"), _) => Sides::After(Box::new(after(read, &created).await?)),
        (_, Some(attempt)) if !settled_before(attempt) => {
            let cancelled = cancelled(read, &attempt.operation, now).await?;
            let production = answer(read.mysql()?, created.blue.write_address()?).await?;
            Sides::Under { cancelled, production }
        }
        _ => Sides::Before(Box::new(before(read, &created).await?)),
    };
    Ok(Observation { created, deployment, now, sides })
}

/// Whether nothing is left of an attempt, so that the next look is a look before.
fn settled_before(attempt: &crate::step::Attempt<Operation>) -> bool {
    matches!(attempt.fate, crate::step::Fate::Failed(_) | crate::step::Fate::Undone(_))
}

async fn before(read: &Read, created: &create_blue_green::Outputs) -> Result<Before> {
    let (rds, mysql) = (read.rds()?, read.mysql()?);
    let blue = side::side(rds, &created.blue.database)
        .await?
        .ok_or_else(|| Error::drift(format!("Blue, the {}, is no longer there", created.blue.database)))?;
    let green = side::side(rds, &created.green.database).await?;
    let blue_server = mysql.server(blue.write_address()?).await?;
    let (mut green_server, mut replication) = (None, None);
    if let Some(address) = green.as_ref().and_then(|green| green.address.as_ref()) {
        green_server = answer(mysql, address).await?;
        if green_server.is_some() {
            replication = mysql.replication(address).await?;
        }
    }
    Ok(Before { blue, green, blue_server, green_server, replication })
}

async fn after(read: &Read, created: &create_blue_green::Outputs) -> Result<After> {
    let rds = read.rds()?;
    let level = created.blue.database.level();
    let production = side::side(rds, &created.blue.database).await?;
    let server = match production.as_ref().and_then(|side| side.address.as_ref()) {
        Some(address) => answer(read.mysql()?, address).await?,
        None => None,
    };
    let old = side::by_resource_id(rds, level, &created.blue.resource_id).await?;
    Ok(After { production, server, old })
}

/// The server at an address; `None` while it does not answer, as during the switchover itself.
async fn answer(mysql: &dyn MysqlRead, address: &Address) -> Result<Option<Server>> {
    match mysql.server(address).await {
        Ok(server) => Ok(Some(server)),
        Err(error) if error.kind == Kind::Transient => Ok(None),
        Err(error) => Err(error),
    }
}

/// The newest event since the attempt that says the switchover was cancelled.
async fn cancelled(read: &Read, attempt: &Operation, now: OffsetDateTime) -> Result<Option<String>> {
    // RDS stamps its events by its own clock.
    let window = EventWindow {
        from: attempt.at - time::Duration::minutes(2),
        to: now + time::Duration::minutes(2),
        source_type: None,
    };
    let names = [attempt.deployment.as_str(), attempt.blue.database.id(), attempt.green.database.id()];
    let events = read.rds()?.events(&window).await?;
    let found = events.into_iter().filter(|event| {
        let message = event.message.to_lowercase();
        let ours = names
            .iter()
            .any(|name| event.source_id.eq_ignore_ascii_case(name) || message.contains(&name.to_lowercase()));
        ours && message.contains("switchover") && (message.contains("canceled") || message.contains("cancelled"))
    });
    Ok(found.max_by_key(|event| event.at).map(|event| event.message))
}
