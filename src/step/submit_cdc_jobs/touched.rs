//! The rows that were touched round the handover, compared in source and sink while the job goes on.

use std::{collections::BTreeMap, sync::Mutex};

use crate::{
    error::{Kind, Result},
    handover::{consumer::flink_sql::Script, evidence::Evidence},
    port::{binlog::Place, mysql::Address},
    step::{
        contract::{Known, Read},
        pairs,
    },
    verify::{self, Compared, Pair},
};

/// Rows are in flight as long as applications write: so often they are looked at again.
const LOOKS: u32 = 20;

/// What was compared so far, by job; remembered within one call of the program.
#[derive(Debug, Default)]
pub struct Touched(Mutex<BTreeMap<String, Held>>);

#[derive(Debug, Clone)]
struct Held {
    pairs: Vec<Pair>,
    seen: Compared,
    looks: u32,
}

/// How the rows stand.
#[derive(Debug, Clone)]
pub(super) enum Rows {
    /// Every one that was looked at is equal, or has been in flight at every look; one sentence.
    Believed(String),
    /// Some are still on their way; one sentence.
    InFlight(String),
    /// Rows differ and the sink has had its chance: how many, and the first keys.
    Differ(String, Vec<String>),
    /// Nothing could be compared, and why.
    NotCompared(String),
}

impl Touched {
    /// Compares what green logged from the job's start to where it has committed; at later looks what was unequal then.
    pub(super) async fn look(
        &self,
        read: &Read,
        known: &Known,
        script: &Script,
        evidence: &Evidence,
        (green, until): (&Address, &Place),
    ) -> Result<Rows> {
        let before = self.0.lock().expect("no look panics while it holds this").get(&evidence.job).cloned();
        let held = match before {
            Some(held) if held.seen.is_equal() || held.looks >= LOOKS => held,
            Some(Held { pairs, seen, looks }) => {
                let seen = verify::again(read.tables()?, &pairs, &seen).await?;
                Held { pairs, seen, looks: looks + 1 }
            }
            None => match first(read, known, script, evidence, (green, until)).await {
                Ok(held) => held,
                Err(error) if error.kind == Kind::Transient => return Err(error),
                Err(error) => return Ok(Rows::NotCompared(error.message)),
            },
        };
        let rows = held.rows();
        self.0.lock().expect("no look panics while it holds this").insert(evidence.job.clone(), held);
        Ok(rows)
    }
}

async fn first(
    read: &Read,
    known: &Known,
    script: &Script,
    evidence: &Evidence,
    (green, until): (&Address, &Place),
) -> Result<Held> {
    let pairs::Pairs { pairs, unpaired } = pairs::of(read, known, script).await?;
    let from = evidence.start();
    let mut seen = verify::compare(read.tables()?, read.binlog()?, green, from, Some(until), &pairs).await?;
    seen.not_compared.extend(unpaired);
    Ok(Held { pairs, seen, looks: 1 })
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
