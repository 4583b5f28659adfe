//! `verify_data`: every row of the sinks equals the row of its source, while both are written to. It reads, and changes
//! nothing but the run's folder: what differs is told with keys and values, and as a script that nobody runs by itself.

mod decide;
mod green;
mod handover;
mod look;
mod report;
mod settle;

use std::{sync::Mutex, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    jobs::Touched,
};
use crate::{
    error::{Error, Result},
    playbook::{Of, RowHash, Scope, VerifyData as Settings},
    port::{Reply, binlog::Place, rows::Hash},
    verify::{self, Advanced, Limits, Progress},
};

pub(super) use green::applied;
pub use look::Observation;

/// What one statement shall take.
const CHUNK: Duration = Duration::from_millis(500);
/// How long one operation goes on: what is lost at most when the program dies.
const SLICE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct VerifyData {
    pub settings: Settings,
    memory: Mutex<settle::Memory>,
    touched: Touched,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Goes on with one pair.
    Compare {
        pair: usize,
        source: String,
        sink: String,
        /// Counts the operations of this pair, from 1.
        number: u32,
        progress: Progress,
        /// What is left, for people.
        left: String,
    },
    /// Writes down what differs.
    Report { told: Told },
}

/// What was found, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub missing: u64,
    pub extra: u64,
    pub different: u64,
    /// Keys of the first of them: `target.orders id = 7`.
    pub first: Vec<String>,
    /// There are more than were looked at.
    pub more: bool,
}

/// A table that was compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    pub source: String,
    pub sink: String,
    /// Of the source.
    pub rows: u64,
    pub chunks: u64,
    /// It has no key: how often each row is there was compared, and a difference would have no place.
    pub keyless: bool,
}

/// A job, and the rows that green has logged since the job reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stretched {
    pub job: String,
    pub from: Place,
    /// Touched there, each counted once for each sink.
    pub rows: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub tables: Vec<Verified>,
    /// With `scope: handover`, instead of whole tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touched: Vec<Stretched>,
    pub rows: u64,
    /// Rows that were changed again at every look, so that they were never seen at rest.
    #[serde(default, skip_serializing_if = "is_none")]
    pub in_flight: u64,
    pub hash: Hash,
    /// `sink.column` and why it was not compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_compared: Vec<(String, String)>,
}

impl VerifyData {
    pub fn new(settings: Settings) -> Self {
        Self { settings, memory: Mutex::default(), touched: Touched::default() }
    }

    fn hash(&self) -> Hash {
        match self.settings.hash {
            RowHash::Crc32 => Hash::Crc32,
            RowHash::Md5 => Hash::Md5,
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            connections: usize::try_from(self.settings.connections).unwrap_or(usize::MAX),
            chunk: CHUNK,
            threads: self.settings.max_threads_running,
            lag: self.settings.max_lag,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(rows: &u64) -> bool {
    *rows == 0
}

fn compare_id(sink: &str, number: u32) -> String {
    format!("compare {sink} {number}")
}

const REPORT: &str = "report";

impl Step for VerifyData {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        let what = match (self.settings.of, self.settings.scope) {
            (Of::Green, _) => "Compare every row of green with blue",
            (Of::Jobs, Scope::All) => "Compare every row of the sinks with its source",
            (Of::Jobs, Scope::Handover) => "Compare the rows touched since the jobs read green with their sinks",
        };
        Outline { what: what.to_owned(), calls: Vec::new(), undo: "Nothing to undo: it only reads" }
    }

    fn needs(&self) -> &'static [&'static str] {
        match (self.settings.of, self.settings.scope) {
            (Of::Green, _) => &["create_blue_green"],
            (Of::Jobs, Scope::Handover) => &["switchover"],
            (Of::Jobs, Scope::All) => &[],
        }
    }

    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Operation>,
    ) -> Reply<'a, Observation> {
        Box::pin(look::look(self, read, known, done))
    }

    fn next(&self, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        Ok(decide::decide(self, seen, known, done))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        match operation {
            Operation::Compare { source, sink, number, left, .. } => {
                (compare_id(sink, *number), Policy::Repeat, format!("Compare {sink} with {source}{left}"), Vec::new())
            }
            Operation::Report { told } => {
                let what = format!("Write down {} rows that differ", told.missing + told.extra + told.different);
                (REPORT.to_owned(), Policy::Repeat, what, Vec::new())
            }
        }
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            match operation {
                Operation::Compare { pair, progress, .. } => {
                    let tables =
                        write.tables.as_deref().ok_or_else(|| Error::usage("This step needs the section `mysql`"))?;
                    let pairs = self.memory.lock().expect("nobody panics while holding this").pairs()?;
                    let advanced: Advanced = verify::advance(
                        (tables, &*write.clock),
                        (&pairs, *pair),
                        (self.hash(), &self.limits()),
                        progress.clone(),
                        SLICE,
                    )
                    .await?;
                    Ok(Performed::handle(json(&advanced)?))
                }
                Operation::Report { told } => {
                    // They hold values of rows, which the record of the operation must not.
                    let differences = self.memory.lock().expect("nobody panics while holding this").differences();
                    let shown = self.settings.values_shown;
                    let artifacts = report::write(&write.artifacts, &differences, told, shown)?;
                    Ok(Performed { handle: serde_json::Value::Null, artifacts })
                }
            }
        })
    }
}

fn json<T: Serialize>(value: &T) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| Error::bug("A comparison cannot be written as JSON").because(&error))
}
