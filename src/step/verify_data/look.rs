//! What is looked at: which tables there are, how far each has been compared, and the rows that were not equal.

use super::{
    Operation, VerifyData,
    green::{self, Lone},
    handover::{self, Touched},
    settle,
    settle::{Found, Rows},
};
use crate::{
    error::{Error, Result},
    playbook::{FlinkSql, Of, Scope, TableAt},
    port::{mysql::Address, tables::Login},
    step::{
        contract::{Attempts, Fate, Known, Read},
        jobs, pairs, target,
    },
    verify::{Advanced, Carried, Pair},
};

#[derive(Default)]
pub struct Observation {
    pub(super) tables: Vec<Seen>,
    /// Tables of blue or green alone; then nothing else is looked at.
    pub(super) lone: Option<Lone>,
    /// With `scope: handover`, instead of tables.
    pub(super) touched: Touched,
    /// What of the scripts cannot be compared at all, and why.
    pub(super) unpaired: Vec<(String, String)>,
    /// Once every table has been gone through and some rows were not equal.
    pub(super) rows: Option<Rows>,
}

/// A pair and how far it is.
pub(super) struct Seen {
    pub source: String,
    pub sink: String,
    pub advanced: Option<Advanced>,
    /// Operations that were done for it.
    pub operations: u32,
}

pub(super) async fn look(
    step: &VerifyData,
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Observation> {
    if step.settings.scope == Scope::Handover {
        let touched = handover::look(step, read, known).await?;
        return Ok(Observation { rows: touched.rows.clone(), touched, ..Observation::default() });
    }
    let held = step.memory.lock().expect("nobody panics while holding this").found();
    let (pairs, unpaired) = match held {
        Some(held) => held,
        None => {
            let found = match step.settings.of {
                Of::Jobs => find(step, read, known).await?,
                Of::Green => match green::find(step, read, known).await? {
                    Ok(found) => found,
                    Err(lone) => return Ok(Observation { lone: Some(lone), ..Observation::default() }),
                },
            };
            step.memory.lock().expect("nobody panics while holding this").keep(found.clone());
            found
        }
    };
    let tables = seen(step.settings.of, &pairs, done);
    let all = tables.iter().all(|table| table.advanced.as_ref().is_some_and(|advanced| advanced.progress.done));
    let ranges = tables.iter().map(|table| match &table.advanced {
        Some(advanced) if !advanced.keyless => advanced.progress.unequal.as_slice(),
        _ => &[],
    });
    let ranges: Vec<_> = ranges.collect();
    let rows = match all && ranges.iter().any(|ranges| !ranges.is_empty()) {
        true => Some(settle::look(step, read, known, &pairs, &ranges).await?),
        false => None,
    };
    Ok(Observation { tables, unpaired, rows, ..Observation::default() })
}

/// The pairs the playbook names, else those of its jobs.
async fn find(step: &VerifyData, read: &Read, known: &Known) -> Result<Found> {
    let mut found = pairs::Pairs::default();
    for (source, sink) in &step.settings.pairs {
        found.pairs.push(named(read, known, source, sink).await?);
    }
    if step.settings.pairs.is_empty() {
        let made = known.playbook.cdc_jobs.iter().any(|job| matches!(job.flink_sql, FlinkSql::Template { .. }));
        let production = match made {
            true => target::production(read.rds()?, &known.playbook).await?.write_address()?.clone(),
            // A script names its source itself.
            false => Address { host: String::new(), port: 0 },
        };
        for scripted in jobs::scripts(read, known, &production).await? {
            let of_job = pairs::of(read, known, &scripted.script).await?;
            found.pairs.extend(of_job.pairs);
            found.unpaired.extend(of_job.unpaired);
        }
    }
    if found.pairs.is_empty() && found.unpaired.is_empty() {
        return Err(Error::usage("There is nothing to compare: the playbook has neither `pairs` nor `cdc_jobs`")
            .hint("Name tables with `pairs:` of the step, or jobs with `cdc_jobs:`"));
    }
    Ok((found.pairs, found.unpaired))
}

/// Two tables by name: columns of one name belong together.
async fn named(read: &Read, known: &Known, source: &TableAt, sink: &TableAt) -> Result<Pair> {
    let (from, into) = (login(read, known, source)?, login(read, known, sink)?);
    let ((source_schema, source_table), (sink_schema, sink_table)) = (source.names(), sink.names());
    let table = read.tables()?.table(&from, source_schema, source_table).await?;
    let columns = table.map(|table| table.columns).unwrap_or_default();
    let columns = columns.into_iter().map(|column| (Carried::Column(column.name.clone()), column.name)).collect();
    Ok(Pair {
        source_schema: source_schema.to_owned(),
        source_table: source_table.to_owned(),
        sink_schema: sink_schema.to_owned(),
        sink_table: sink_table.to_owned(),
        source: from,
        sink: into,
        columns,
        zone: None,
    })
}

fn login(read: &Read, known: &Known, table: &TableAt) -> Result<Login> {
    let mysql = known.playbook.mysql.as_ref().ok_or_else(|| Error::usage("This step needs the section `mysql`"))?;
    Ok(Login {
        address: Address { host: table.host.clone(), port: table.port },
        user: table.user.clone().unwrap_or_else(|| mysql.user.clone()),
        password: read.secrets.resolve(table.password.as_ref().unwrap_or(&mysql.password))?,
    })
}

/// How far the record says each pair is.
fn seen(of: Of, pairs: &[Pair], done: &Attempts<Operation>) -> Vec<Seen> {
    let names = |pair: &Pair| {
        (format!("{}.{}", pair.source_schema, pair.source_table), format!("{}.{}", pair.sink_schema, pair.sink_table))
    };
    let told = |pair: &Pair| {
        let ((source, sink), same) = (names(pair), |other: &&Pair| names(other) == names(pair));
        if of == Of::Green {
            return (format!("{source} on blue"), format!("{sink} on green"));
        }
        if pairs.iter().filter(same).count() == 1 {
            return (source, sink);
        }
        (format!("{source} at {}", pair.source.address), format!("{sink} at {}", pair.sink.address))
    };
    let mut tables = Vec::new();
    for pair in pairs {
        let (source, sink) = told(pair);
        let mut seen = Seen { source, sink, advanced: None, operations: 0 };
        for attempt in &done.0 {
            let Operation::Compare { source, sink, .. } = &attempt.operation else { continue };
            if (source, sink) != (&seen.source, &seen.sink) {
                continue;
            }
            if let Fate::Done(handle) = &attempt.fate
                && let Ok(advanced) = serde_json::from_value::<Advanced>(handle.clone())
            {
                seen.operations += 1;
                seen.advanced = Some(advanced);
            }
        }
        tables.push(seen);
    }
    tables
}
