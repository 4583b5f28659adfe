//! Rows that were not equal: most of them are in flight. They are looked at until they are equal, or until the sink has had
//! its chance: the job has committed what was logged when its source was read, and the source has not changed since.

use std::time::Duration;

use super::{VerifyData, green, handover};
use crate::{
    error::{Error, Kind, Result},
    handover::offset::{earliest, place, reaches},
    playbook::Of,
    port::{binlog::Place, mysql::Address, rows::Range},
    step::{
        contract::{Known, Read},
        jobs,
    },
    verify::{self, Compared, Difference, Pair},
};

/// Rows that change at every look are let go after so many.
const LOOKS: u32 = 20;
/// Between two looks at least.
const BETWEEN: Duration = Duration::from_secs(1);

/// The pairs, and what of the scripts is in none and why.
pub(super) type Found = (Vec<Pair>, Vec<(String, String)>);

/// What this call of the program has found out so far.
#[derive(Debug, Default)]
pub(super) struct Memory {
    found: Option<Found>,
    held: Option<Held>,
    /// Tables that one side had alone.
    pub(super) lone: Option<green::Before>,
    /// Rows touched round the handover, once another look would tell no more.
    pub(super) touched: Option<handover::Touched>,
}

#[derive(Debug, Clone)]
struct Held {
    seen: Compared,
    /// There are more rows that are not equal than are looked at.
    more: bool,
    looks: u32,
    /// When the last look was.
    at: Duration,
    /// Where the sources' logs ended after it, by address.
    fences: Vec<(Address, Place)>,
}

/// How the rows stand.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub(super) seen: Compared,
    pub(super) more: bool,
    /// Nothing is to be seen by waiting any longer.
    pub(super) at_rest: bool,
}

impl Memory {
    pub(super) fn found(&self) -> Option<Found> {
        self.found.clone()
    }

    pub(super) fn keep(&mut self, found: Found) {
        self.found = Some(found);
    }

    /// Rows that differ, as they were at the last look.
    pub(super) fn differences(&self) -> Vec<Difference> {
        let held = self.held.as_ref().map(|held| &held.seen);
        let touched = self.touched.as_ref().and_then(|touched| touched.rows.as_ref()).map(|rows| &rows.seen);
        let seen = held.or(touched).map(|seen| seen.differences.as_slice()).unwrap_or_default();
        seen.iter().filter(|found| found.settled).cloned().collect()
    }

    pub(super) fn pairs(&self) -> Result<Vec<Pair>> {
        let found = self.found.as_ref().map(|(pairs, _)| pairs.clone());
        found.ok_or_else(|| Error::bug("A comparison was begun before its tables were looked for"))
    }
}

pub(super) async fn look(
    step: &VerifyData,
    read: &Read,
    known: &Known,
    pairs: &[Pair],
    ranges: &[&[Range]],
) -> Result<Rows> {
    let before = step.memory.lock().expect("nobody panics while holding this").held.clone();
    let tables = read.tables()?;
    let now = read.clock.elapsed();
    let held = match before {
        None => {
            let (seen, all) = verify::unequal(tables, pairs, ranges, step.hash()).await?;
            Held { seen, more: !all, looks: 1, at: now, fences: fences(step, read, known, pairs).await }
        }
        Some(held) if held.is_at_rest() => held,
        Some(held) if now.saturating_sub(held.at) < BETWEEN => held,
        Some(held) => {
            let waited = now.saturating_sub(held.at) >= step.settings.settle;
            let passed = match step.settings.of {
                Of::Green => replicated(read, pairs, &held.fences, waited).await?,
                Of::Jobs => waited || (!held.fences.is_empty() && passed(read, known, &held.fences).await?),
            };
            if passed {
                let seen = verify::again(tables, pairs, &held.seen).await?;
                let fences = fences(step, read, known, pairs).await;
                Held { seen, more: held.more, looks: held.looks + 1, at: now, fences }
            } else {
                held
            }
        }
    };
    let rows = Rows { seen: held.seen.clone(), more: held.more, at_rest: held.is_at_rest() };
    step.memory.lock().expect("nobody panics while holding this").held = Some(held);
    Ok(rows)
}

impl Held {
    fn is_at_rest(&self) -> bool {
        let unequal = self.seen.missing + self.seen.extra + self.seen.different;
        unequal == 0 || unequal == self.seen.settled || self.looks >= LOOKS
    }
}

/// Whether green has applied what blue had logged then.
async fn replicated(read: &Read, pairs: &[Pair], fences: &[(Address, Place)], waited: bool) -> Result<bool> {
    let Some(pair) = pairs.first() else { return Ok(true) };
    green::applied(read, &pair.sink.address, fences.first().map(|(_, fence)| fence), waited).await
}

/// Where the logs of the sources end now, where they tell and somebody is there that reads them.
async fn fences(step: &VerifyData, read: &Read, known: &Known, pairs: &[Pair]) -> Vec<(Address, Place)> {
    let Ok(mysql) = read.mysql() else { return Vec::new() };
    let followed = step.settings.of == Of::Green || read.flink().is_ok() && !known.playbook.cdc_jobs.is_empty();
    if !followed {
        return Vec::new();
    }
    let mut fences: Vec<(Address, Place)> = Vec::new();
    for pair in pairs {
        if fences.iter().any(|(at, _)| *at == pair.source.address) {
            continue;
        }
        // Without it the time of `settle` is waited for.
        if let Ok(Some(end)) = mysql.log_end(&pair.source.address).await {
            fences.push((pair.source.address.clone(), end.place()));
        }
    }
    fences
}

/// Whether every job of the playbook has committed what was logged then.
async fn passed(read: &Read, known: &Known, fences: &[(Address, Place)]) -> Result<bool> {
    let flink = read.flink()?;
    let all = match flink.jobs().await {
        Ok(all) => all,
        Err(error) if error.kind == Kind::Transient => return Ok(false),
        Err(error) => return Err(error),
    };
    let nowhere = Address { host: String::new(), port: 0 };
    for scripted in jobs::scripts(read, known, &fences.first().map_or(nowhere, |(at, _)| at.clone())).await? {
        let job = all.iter().find(|job| job.name == scripted.flink_name && !job.ended());
        let Some(job) = job else { return Ok(false) };
        let Some(offsets) = jobs::committed(read, &job.id).await? else { return Ok(false) };
        let Some(committed) = earliest(&offsets).map(place) else { return Ok(false) };
        if !fences.iter().all(|(_, fence)| reaches(&committed, fence)) {
            return Ok(false);
        }
    }
    Ok(true)
}
