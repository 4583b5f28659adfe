//! What is looked at before, during and after the switchover.

use std::net::IpAddr;

use futures_util::future::try_join;
use time::OffsetDateTime;

use super::Operation;
use crate::{
    error::{Error, Kind, Result},
    port::{
        Reply,
        mysql::{Address, MysqlRead, Replication, Server},
        rds::{Deployment, DeploymentFilter, EventWindow},
        side::{self, Side},
    },
    step::{
        contract::{Attempts, Known, Read},
        create_blue_green, green_runs, jobs,
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
    /// Green takes writes at the production address, before RDS says that the switchover is complete.
    Flipped {
        production: Option<Server>,
        /// Who answers where blue was reached before, whatever its names lead to.
        old: Option<Server>,
    },
}

pub(super) struct Before {
    pub blue: Side,
    pub green: Option<Side>,
    pub blue_server: Server,
    pub green_server: Option<Server>,
    pub replication: Option<Replication>,
    pub retention: green_runs::Retention,
    /// Where blue answers too, whatever its names lead to.
    pub blue_itself: Option<Address>,
    /// How many cancelled switchovers RDS tells of.
    pub cancellations: usize,
}

pub(super) struct After {
    pub production: Option<Side>,
    pub server: Option<Server>,
    /// The old side under its new name.
    pub old: Option<Side>,
    /// Who answers there, where that is asked: before RDS says that the switchover is complete.
    pub old_server: Option<Server>,
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
        (Some("SWITCHOVER_COMPLETED"), _) => Sides::After(Box::new(after(read, &created, true).await?)),
        (_, Some(attempt)) if !settled_before(attempt) => {
            if hurries(known) && taken_over(read, &created, &attempt.operation).await? {
                match &attempt.operation.blue_itself {
                    Some(itself) => flipped(read.mysql()?, created.blue.write_address()?, itself).await?,
                    None => Sides::After(Box::new(after(read, &created, false).await?)),
                }
            } else {
                let told = cancellations(read, known, &created).await?;
                let cancelled = told.get(attempt.operation.cancellations..).and_then(|new| new.last()).cloned();
                let production = answer(read.mysql()?, created.blue.write_address()?).await?;
                let sent = &attempt.operation;
                if let (Ok(blue), Ok(green)) = (sent.blue.write_address(), sent.green.write_address()) {
                    jobs::read_ahead(read, known, (blue, &sent.blue_server), (green, &sent.green_server)).await;
                }
                Sides::Under { cancelled, production }
            }
        }
        _ => Sides::Before(Box::new(before(read, known, &created).await?)),
    };
    Ok(Observation { created, deployment, now, sides })
}

/// Whether the moment at which green takes over counts: CDC jobs wait for it. RDS says that a switchover is complete
/// well after the servers are.
fn hurries(known: &Known) -> bool {
    !known.playbook.cdc_jobs.is_empty()
}

/// Whether green answers at the production address and takes writes.
async fn taken_over(read: &Read, created: &create_blue_green::Outputs, sent: &Operation) -> Result<bool> {
    let who = read.mysql()?.who(created.blue.write_address()?).await?;
    Ok(who.is_some_and(|who| who.uuid == sent.green_server.uuid && !who.read_only))
}

/// The look between two looks, while a call is out.
pub(super) fn glance<'a>(read: &'a Read, known: &'a Known, done: &'a Attempts<Operation>) -> Option<Reply<'a, bool>> {
    let sent = done.0.last().filter(|attempt| !settled_before(attempt) && hurries(known))?;
    Some(Box::pin(async move {
        let created: create_blue_green::Outputs = known.outputs("create_blue_green")?;
        taken_over(read, &created, &sent.operation).await
    }))
}

/// Whether nothing is left of an attempt, so that the next look is a look before.
fn settled_before(attempt: &crate::step::Attempt<Operation>) -> bool {
    matches!(attempt.fate, crate::step::Fate::Failed(_) | crate::step::Fate::Undone(_))
}

async fn before(read: &Read, known: &Known, created: &create_blue_green::Outputs) -> Result<Before> {
    let (rds, mysql) = (read.rds()?, read.mysql()?);
    let mut blue = side::side(rds, &created.blue.database)
        .await?
        .ok_or_else(|| Error::drift(format!("Blue, the {}, is no longer there", created.blue.database)))?;
    let green = side::side(rds, &created.green.database).await?;
    // While it replicates, green counts as one of blue's replicas.
    blue.members.retain(|member| created.blue.members.iter().any(|known| known.resource_id == member.resource_id));
    let cancellations = cancellations(read, known, created).await?.len();
    let blue_server = mysql.server(blue.write_address()?).await?;
    let (mut green_server, mut replication, mut retention) = (None, None, green_runs::Retention::default());
    if let Some(address) = green.as_ref().and_then(|green| green.address.as_ref()) {
        green_server = answer(mysql, address).await?;
        if green_server.is_some() {
            replication = mysql.replication(address).await?;
            if hurries(known) {
                retention = green_runs::retention(mysql, known, created, address).await?;
            }
        }
    }
    if let (Some(address), Some(server)) = (green.as_ref().and_then(|green| green.address.as_ref()), &green_server) {
        jobs::read_ahead(read, known, (blue.write_address()?, &blue_server), (address, server)).await;
    }
    let mut itself = None;
    if hurries(known) {
        itself = blue_itself(mysql, blue.write_address()?, &blue_server.uuid, replication.as_ref()).await?;
    }
    Ok(Before { blue, green, blue_server, green_server, replication, retention, blue_itself: itself, cancellations })
}

async fn flipped(mysql: &dyn MysqlRead, production: &Address, blue: &Address) -> Result<Sides> {
    let (production, old) = try_join(answer(mysql, production), answer(mysql, blue)).await?;
    Ok(Sides::Flipped { production, old })
}

/// Names move, and some time after the servers have: an address without a name is where blue is found meanwhile. Only one
/// at which blue answers now counts.
async fn blue_itself(
    mysql: &dyn MysqlRead,
    named: &Address,
    uuid: &str,
    replication: Option<&Replication>,
) -> Result<Option<Address>> {
    let mut candidates = mysql.resolve(named).await?;
    candidates.extend(replication.iter().flat_map(|replication| replication.sources.clone()));
    for address in candidates {
        let is_address = address.host.parse::<IpAddr>().is_ok();
        // What cannot be asked there, with the login and the TLS of the playbook, is none.
        let who = if is_address && address != *named { mysql.who(&address).await.ok().flatten() } else { None };
        if who.is_some_and(|who| who.uuid == uuid) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

async fn after(read: &Read, created: &create_blue_green::Outputs, complete: bool) -> Result<After> {
    let rds = read.rds()?;
    let level = created.blue.database.level();
    let mysql = read.mysql()?;
    let production = async {
        let side = side::side(rds, &created.blue.database).await?;
        let server = match side.as_ref().and_then(|side| side.address.as_ref()) {
            Some(address) => answer(mysql, address).await?,
            None => None,
        };
        Ok::<_, Error>((side, server))
    };
    let old = async {
        let side = side::by_resource_id(rds, level, &created.blue.resource_id).await?;
        let server = match side.as_ref().and_then(|side| side.address.as_ref()) {
            Some(address) if !complete => answer(mysql, address).await?,
            _ => None,
        };
        Ok::<_, Error>((side, server))
    };
    // Somebody waits for this look.
    let ((production, server), (old, old_server)) = try_join(production, old).await?;
    Ok(After { production, server, old, old_server })
}

/// The server at an address; `None` while it does not answer, as during the switchover itself.
async fn answer(mysql: &dyn MysqlRead, address: &Address) -> Result<Option<Server>> {
    match mysql.server(address).await {
        Ok(server) => Ok(Some(server)),
        Err(error) if error.kind == Kind::Transient => Ok(None),
        Err(error) => Err(error),
    }
}

/// What RDS tells of cancelled switchovers of this deployment, oldest first. Counts are compared with counts, so that no
/// two clocks are.
async fn cancellations(read: &Read, known: &Known, created: &create_blue_green::Outputs) -> Result<Vec<String>> {
    let window = EventWindow {
        from: known.since - time::Duration::hours(1),
        to: read.clock.now() + time::Duration::hours(1),
        source_type: None,
    };
    let names = [created.deployment.as_str(), created.blue.database.id(), created.green.database.id()];
    let mut events = read.rds()?.events(&window).await?;
    events.retain(|event| {
        let message = event.message.to_lowercase();
        let named = |name: &str| event.source_id.eq_ignore_ascii_case(name) || message.contains(&name.to_lowercase());
        let cancelled = message.contains("canceled") || message.contains("cancelled");
        message.contains("switchover") && cancelled && names.iter().any(|name| named(name))
    });
    events.sort_by_key(|event| event.at);
    Ok(events.into_iter().map(|event| event.message).collect())
}
