//! All of blue beside green, which replicates from it: the tables, and how far green is.

use std::{cmp::Ordering, collections::BTreeSet, time::Duration};

use super::{VerifyData, settle::Found};
use crate::{
    error::{Error, Kind, Result},
    handover::offset::compare_places,
    port::{binlog::Place, mysql::Address, tables::Login},
    step::{
        contract::{Known, Read},
        create_blue_green,
    },
    verify::{Carried, Pair},
};

/// Any name, as a regular expression.
const ALL: &str = ".*";

/// Tables that one of the two sides has alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Lone {
    pub(super) tables: BTreeSet<Alone>,
    /// They still were at a look for which green had applied what blue had logged at the one before.
    pub(super) at_rest: bool,
}

/// `on` is the side that has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alone {
    pub(super) table: String,
    pub(super) on: &'static str,
    pub(super) lacks: &'static str,
}

/// Such tables at the last look, which may be a definition on its way to green.
#[derive(Debug, Clone)]
pub(super) struct Before {
    tables: BTreeSet<Alone>,
    at: Duration,
    fence: Option<Place>,
}

/// The pairs, or tables that have no other.
pub(super) async fn find(step: &VerifyData, read: &Read, known: &Known) -> Result<std::result::Result<Found, Lone>> {
    let (blue, green) = logins(read, known)?;
    let before = step.memory.lock().expect("nobody panics while holding this").lone.clone();
    if let Some(before) = &before {
        let waited = read.clock.elapsed().saturating_sub(before.at) >= step.settings.settle;
        if !applied(read, &green.address, before.fence.as_ref(), waited).await? {
            return Ok(Err(Lone { tables: before.tables.clone(), at_rest: false }));
        }
    }
    let tables = read.tables()?;
    let (one, other) = (tables.server(&blue).await?, tables.server(&green).await?);
    if one.uuid == other.uuid {
        return Err(Error::drift(format!("{} and {} lead to one and the same server", blue.address, green.address))
            .unchanged("Nothing was compared")
            .hint("Find out who has switched over: green is compared with blue before that"));
    }
    let on_blue: BTreeSet<_> = tables.matching(&blue, ALL, ALL).await?.into_iter().collect();
    let on_green: BTreeSet<_> = tables.matching(&green, ALL, ALL).await?.into_iter().collect();
    let alone = |(schema, table): &(String, String), on, lacks| Alone { table: format!("{schema}.{table}"), on, lacks };
    let lone: BTreeSet<Alone> = on_blue
        .difference(&on_green)
        .map(|name| alone(name, "blue", "green"))
        .chain(on_green.difference(&on_blue).map(|name| alone(name, "green", "blue")))
        .collect();
    if !lone.is_empty() {
        let still = before.iter().flat_map(|before| before.tables.intersection(&lone)).cloned();
        let still: BTreeSet<Alone> = still.collect();
        if !still.is_empty() {
            return Ok(Err(Lone { tables: still, at_rest: true }));
        }
        let fence = read.mysql()?.log_end(&blue.address).await?.map(|end| end.place());
        let held = Before { tables: lone.clone(), at: read.clock.elapsed(), fence };
        step.memory.lock().expect("nobody panics while holding this").lone = Some(held);
        return Ok(Err(Lone { tables: lone, at_rest: false }));
    }
    let mut pairs = Vec::new();
    for (schema, table) in on_blue {
        pairs.push(pair(read, (&blue, &green), schema, table).await?);
    }
    Ok(Ok((pairs, unseen(read, &blue).await?)))
}

/// Whether green has applied what blue had logged there. Where nobody tells, `waited` is the answer.
pub(in crate::step) async fn applied(
    read: &Read,
    green: &Address,
    fence: Option<&Place>,
    waited: bool,
) -> Result<bool> {
    let Some(fence) = fence else { return Ok(waited) };
    let replication = match read.mysql()?.replication(green).await {
        Ok(replication) => replication.filter(|replication| replication.running),
        Err(error) if error.kind == Kind::Transient => return Ok(false),
        Err(_) => None,
    };
    let Some(place) = replication.and_then(|replication| replication.executed) else { return Ok(waited) };
    Ok(compare_places(&place, fence).map_or(waited, Ordering::is_ge))
}

/// Both with the login of the playbook.
fn logins(read: &Read, known: &Known) -> Result<(Login, Login)> {
    let created: create_blue_green::Outputs = known.outputs("create_blue_green")?;
    let mysql = known.playbook.mysql.as_ref().ok_or_else(|| Error::usage("This step needs the section `mysql`"))?;
    let password = read.secrets.resolve(&mysql.password)?;
    let login =
        |address: &Address| Login { address: address.clone(), user: mysql.user.clone(), password: password.clone() };
    Ok((login(created.blue.write_address()?), login(created.green.write_address()?)))
}

/// A table of both; a column that one of them lacks is told by the comparison.
async fn pair(read: &Read, (blue, green): (&Login, &Login), schema: String, table: String) -> Result<Pair> {
    let mut columns: Vec<String> = Vec::new();
    for login in [blue, green] {
        let definition = read.tables()?.table(login, &schema, &table).await?;
        for column in definition.map(|definition| definition.columns).unwrap_or_default() {
            if !columns.iter().any(|name| name.eq_ignore_ascii_case(&column.name)) {
                columns.push(column.name);
            }
        }
    }
    Ok(Pair {
        source: blue.clone(),
        source_schema: schema.clone(),
        source_table: table.clone(),
        sink: green.clone(),
        sink_schema: schema,
        sink_table: table,
        columns: columns.into_iter().map(|name| (Carried::Column(name.clone()), name)).collect(),
        zone: None,
    })
}

/// A server shows a login only the tables on which it has some right.
async fn unseen(read: &Read, blue: &Login) -> Result<Vec<(String, String)>> {
    let reader = read.tables()?.reader(blue).await?;
    let sees_all = |grant: &String| {
        let given = grant.split_once(" ON *.* TO ").map(|(given, _)| given);
        given.is_some_and(|given| given.contains("SELECT") || given.contains("ALL PRIVILEGES"))
    };
    if reader.grants.iter().any(sees_all) {
        return Ok(Vec::new());
    }
    let why = format!("{} has no SELECT on *.*, and sees those tables alone on which it has rights", reader.account);
    Ok(vec![("What else there may be on blue".to_owned(), why)])
}
