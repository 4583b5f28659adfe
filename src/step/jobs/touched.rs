//! The rows that were touched round a handover, compared in source and sink while the job goes on.

use std::{collections::BTreeMap, sync::Mutex};

use crate::{
    error::{Error, Kind, Result},
    handover::{consumer::flink_sql::Script, evidence::Check, offset::reaches},
    port::{binlog::Place, mysql::Address},
    step::{
        contract::{Known, Next, Read},
        pairs,
    },
    verify::{self, Compared, Pair},
};

/// Rows are in flight as long as applications write: so often they are looked at again.
const LOOKS: u32 = 20;
/// Looks of half a second and more for which a job may fail to commit what was logged: with a heartbeat only, and where other
/// tables alone are written to. What stands still and differs for so long differs.
const WAITS: u32 = 60;

/// What was compared so far, by job; remembered within one call of the program.
#[derive(Debug, Default)]
pub struct Touched(Mutex<BTreeMap<String, Held>>);

#[derive(Debug, Clone)]
struct Held {
    from: Place,
    pairs: Vec<Pair>,
    seen: Compared,
    looks: u32,
    /// Where the log ended after that look: a row that was unequal then is told by a sink whose job has committed this.
    fence: Option<Place>,
    waits: u32,
}

/// How the rows stand.
#[derive(Debug, Clone)]
pub(in crate::step) enum Rows {
    /// Every one that was looked at is equal, or has been in flight at every look; one sentence.
    Believed(String),
    /// Some are still on their way; one sentence.
    InFlight(String),
    /// Rows differ and the sink has had its chance: how many, and the first keys.
    Differ(String, Vec<String>),
    /// Nothing could be compared, and why.
    NotCompared(String),
}

/// What the server at `at` logged from one place to another.
#[derive(Debug, Clone, Copy)]
pub(in crate::step) struct Stretch<'a> {
    pub at: &'a Address,
    /// What the job's script calls it.
    pub named: &'a Address,
    pub from: &'a Place,
    pub until: &'a Place,
}

impl Touched {
    /// Where the stretch begins that is being compared for this job.
    pub(in crate::step) fn from(&self, job: &str) -> Option<Place> {
        self.0.lock().expect("no look panics while it holds this").get(job).map(|held| held.from.clone())
    }

    /// What the last look at this job's rows found, whether another would tell more, and `schema.table` of its sources and
    /// sinks; `None` where nothing could be compared.
    pub(in crate::step) fn seen(&self, job: &str) -> Option<(Compared, bool, Vec<String>)> {
        let held = self.0.lock().expect("no look panics while it holds this").get(job).cloned()?;
        let unequal = held.seen.missing + held.seen.extra + held.seen.different;
        let at_rest = unequal == held.seen.settled || held.looks >= LOOKS;
        let names = held.pairs.iter().flat_map(|pair| {
            [
                format!("{}.{}", pair.source_schema, pair.source_table),
                format!("{}.{}", pair.sink_schema, pair.sink_table),
            ]
        });
        Some((held.seen, at_rest, names.collect()))
    }

    /// Compares the rows of a stretch of green's log; at later looks what was unequal then.
    pub(in crate::step) async fn look(
        &self,
        read: &Read,
        known: &Known,
        (job, script): (&str, &Script),
        stretch: Stretch<'_>,
    ) -> Result<Rows> {
        let before = self.0.lock().expect("no look panics while it holds this").get(job).cloned();
        let held = match before {
            Some(held) if held.seen.is_equal() || held.looks >= LOOKS => held,
            Some(held)
                if held.waits < WAITS && !held.fence.as_ref().is_none_or(|fence| reaches(stretch.until, fence)) =>
            {
                Held { waits: held.waits + 1, ..held }
            }
            Some(Held { from, pairs, seen, looks, .. }) => {
                let seen = verify::again(read.tables()?, &pairs, &seen).await?;
                Held { from, pairs, seen, looks: looks + 1, fence: fence(read, stretch).await?, waits: 0 }
            }
            None => match first(read, known, script, stretch).await {
                Ok(held) => held,
                Err(error) if error.kind == Kind::Transient => return Err(error),
                Err(error) => return Ok(Rows::NotCompared(error.message)),
            },
        };
        let rows = held.rows();
        self.0.lock().expect("no look panics while it holds this").insert(job.to_owned(), held);
        Ok(rows)
    }
}

async fn first(read: &Read, known: &Known, script: &Script, stretch: Stretch<'_>) -> Result<Held> {
    let pairs::Pairs { mut pairs, unpaired } = pairs::of(read, known, script).await?;
    let Stretch { at, named, from, until } = stretch;
    // The rows are those of the server whose log it is.
    for pair in pairs.iter_mut().filter(|pair| pair.source.address == *named) {
        pair.source.address = at.clone();
    }
    let mut seen = verify::compare(read.tables()?, read.binlog()?, at, from, Some(until), &pairs).await?;
    seen.not_compared.extend(unpaired);
    Ok(Held { from: from.clone(), pairs, seen, looks: 1, fence: fence(read, stretch).await?, waits: 0 })
}

async fn fence(read: &Read, stretch: Stretch<'_>) -> Result<Option<Place>> {
    Ok(read.mysql()?.log_end(stretch.at).await?.map(|end| end.place()))
}

impl Held {
    fn rows(&self) -> Rows {
        let (seen, said) = (&self.seen, self.seen.sentence());
        let unequal = seen.missing + seen.extra + seen.different;
        if seen.rows == 0 && !seen.not_compared.is_empty() {
            let why: Vec<_> = seen.not_compared.iter().map(|(what, why)| format!("{what}: {why}")).collect();
            return Rows::NotCompared(why.join("; "));
        }
        if unequal == 0 {
            return Rows::Believed(said);
        }
        if seen.settled > 0 {
            let settled = seen.differences.iter().filter(|difference| difference.settled).take(5);
            return Rows::Differ(said, settled.map(|found| format!("{} {}", found.table, found.key)).collect());
        }
        if self.looks >= LOOKS {
            return Rows::Believed(format!("{said}; each of the unequal ones was changed again between two looks"));
        }
        Rows::InFlight(said)
    }
}

impl Rows {
    /// What the evidence says of them. `from` is where the stretch began; `step` is the one that is at work.
    ///
    /// # Errors
    /// What to do first: wait for rows in flight, or fail with the keys of those that differ.
    pub(in crate::step) fn check<Op, Out>(
        rows: Option<&Self>,
        job: &str,
        step: &str,
        from: Option<&Place>,
    ) -> std::result::Result<Check, Box<Next<Op, Out>>> {
        let answer = match rows {
            None => return Ok(Check::new("the rows touched round the handover", "not asked", "not compared")),
            Some(Self::Believed(said)) => said.clone(),
            Some(Self::NotCompared(why)) => format!("not compared: {why}"),
            Some(Self::InFlight(said)) => {
                let awaited = format!("the rows in flight of {job} to reach the sink");
                return Err(Box::new(Next::Wait { awaited, seen: said.clone() }));
            }
            Some(Self::Differ(said, keys)) => {
                let mut error = Error::permanent(format!("{job} reads green, and rows of its sink differ: {said}"));
                error.causes.clone_from(keys);
                return Err(Box::new(Next::Fail(error.unchanged("The job runs on; the savepoints are kept").hint(
                    format!(
                        "Compare the named rows in source and sink. Where they were different before, `upgrade resolve PLAYBOOK \
                         {step} --as done --reason TEXT`"
                    ),
                ))));
            }
        };
        let from = from.map_or_else(String::new, |from| format!(" from {from} on"));
        let query = format!("every row green logged{from}, by its key in source and sink");
        Ok(Check::new("the rows touched round the handover are equal", query, answer))
    }
}
