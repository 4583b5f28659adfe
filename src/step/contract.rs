//! The contract of a step: it observes, decides and performs; the engine does everything else.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    error::{Error, Result},
    event::{Finding, Offset},
    handover::tail::Ahead,
    playbook::Playbook,
    port::{
        Reply,
        binlog::BinlogRead,
        catalogue::CatalogueRead,
        clock::Clock,
        files::FilesRead,
        flink::{FlinkRead, FlinkWrite},
        mysql::MysqlRead,
        rds::{RdsRead, RdsWrite},
        secrets::Secrets,
        tables::TablesRead,
    },
};

/// What a step may look at. Whoever holds only this cannot act.
#[derive(Clone)]
pub struct Read {
    pub rds: Option<Arc<dyn RdsRead>>,
    pub mysql: Option<Arc<dyn MysqlRead>>,
    /// A server's catalogue, with the login of `mysql`.
    pub catalogue: Option<Arc<dyn CatalogueRead>>,
    /// Logs through the replication protocol, with the login of `mysql`.
    pub binlog: Option<Arc<dyn BinlogRead>>,
    /// Tables with the logins that stand in the scripts.
    pub tables: Option<Arc<dyn TablesRead>>,
    /// What was read of both logs ahead of its use; remembered within one call of the program.
    pub ahead: Ahead,
    pub flink: Option<Arc<dyn FlinkRead>>,
    pub files: Arc<dyn FilesRead>,
    pub secrets: Arc<dyn Secrets>,
    pub clock: Arc<dyn Clock>,
}

impl Read {
    pub fn rds(&self) -> Result<&dyn RdsRead> {
        self.rds.as_deref().ok_or_else(|| absent("target"))
    }

    pub fn mysql(&self) -> Result<&dyn MysqlRead> {
        self.mysql.as_deref().ok_or_else(|| absent("mysql"))
    }

    pub fn catalogue(&self) -> Result<&dyn CatalogueRead> {
        self.catalogue.as_deref().ok_or_else(|| absent("mysql"))
    }

    pub fn binlog(&self) -> Result<&dyn BinlogRead> {
        self.binlog.as_deref().ok_or_else(|| absent("mysql"))
    }

    pub fn tables(&self) -> Result<&dyn TablesRead> {
        self.tables.as_deref().ok_or_else(|| absent("mysql"))
    }

    pub fn flink(&self) -> Result<&dyn FlinkRead> {
        self.flink.as_deref().ok_or_else(|| absent("flink"))
    }
}

/// What a step may act with.
#[derive(Clone)]
pub struct Write {
    pub rds: Option<Arc<dyn RdsWrite>>,
    pub flink: Option<Arc<dyn FlinkWrite>>,
    /// Scripts are read again when they are sent, and the tables of a template with them.
    pub files: Arc<dyn FilesRead>,
    pub tables: Option<Arc<dyn TablesRead>>,
    pub secrets: Arc<dyn Secrets>,
    /// Comparisons go on for a time, and pause.
    pub clock: Arc<dyn Clock>,
    /// The run's folder of artifacts.
    pub artifacts: PathBuf,
}

impl Write {
    pub fn rds(&self) -> Result<&dyn RdsWrite> {
        self.rds.as_deref().ok_or_else(|| absent("target"))
    }

    pub fn flink(&self) -> Result<&dyn FlinkWrite> {
        self.flink.as_deref().ok_or_else(|| absent("flink"))
    }
}

fn absent(section: &str) -> Error {
    Error::usage(format!("This step needs the section `{section}`, and the playbook has none"))
}

/// What is known without looking: the playbook, the run, and what earlier steps handed on.
#[derive(Clone)]
pub struct Known {
    pub run: String,
    pub playbook: Arc<Playbook>,
    /// Outputs by kind of step.
    pub outputs: BTreeMap<String, Value>,
    /// When the run began.
    pub since: OffsetDateTime,
    /// How often the nearest gate before this step was passed; `None` where there is no gate.
    pub consents: Option<u32>,
    /// How many attempts of this step were recorded by earlier calls of the program.
    pub earlier: usize,
}

impl Known {
    /// The outputs of the step of kind `kind`.
    pub fn outputs<T: DeserializeOwned>(&self, kind: &str) -> Result<T> {
        self.find(kind)?.ok_or_else(|| {
            Error::drift(format!("The outputs of `{kind}` are not known in this run"))
                .hint(format!("Put the step `{kind}` before this one in the playbook"))
        })
    }

    /// The same, where the step may not have run.
    pub fn find<T: DeserializeOwned>(&self, kind: &str) -> Result<Option<T>> {
        match self.outputs.get(kind) {
            // A step that a person has ended may have handed on nothing.
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(|error| {
                Error::drift(format!("The recorded outputs of `{kind}` do not read as this version writes them"))
                    .because(&error)
            }),
        }
    }
}

/// Whether an operation may be sent again when its outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Harmless to repeat.
    Repeat,
    /// Looked up first by its name and our mark; what is found is taken over.
    Adopt,
    /// Never sent again while its outcome is unknown.
    Observe,
}

/// One effect of a step on the outside, as it is journaled and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Unique within the step, the same for every attempt.
    pub id: String,
    pub policy: Policy,
    /// What it does, for people.
    pub what: String,
    /// The calls it makes.
    pub calls: Vec<String>,
    /// All that `perform` needs; holds no secret.
    pub intent: Value,
}

/// What is known of one attempt at an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// Begun, and nothing recorded since: it may or may not have been sent.
    Open,
    /// The other side accepted it.
    Done(Value),
    /// Certainly not applied.
    Failed(Error),
    /// Sent, and the reply is lost.
    Unknown(Error),
    /// Applied, and undone again by the other side.
    Undone(Error),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Attempt<Op> {
    pub id: String,
    pub number: u32,
    pub operation: Op,
    pub fate: Fate,
}

/// The recorded attempts of one step, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempts<Op>(pub Vec<Attempt<Op>>);

impl<Op> Default for Attempts<Op> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<Op> Attempts<Op> {
    /// The newest attempt at the operation `id`.
    pub fn last(&self, id: &str) -> Option<&Attempt<Op>> {
        self.0.iter().rev().find(|attempt| attempt.id == id)
    }

    /// The handle of the newest attempt at `id` that was accepted.
    pub fn handle(&self, id: &str) -> Option<&Value> {
        self.0.iter().rev().filter(|attempt| attempt.id == id).find_map(|attempt| match &attempt.fate {
            Fate::Done(handle) => Some(handle),
            _ => None,
        })
    }

    /// Attempts at `id` that were, or may have been, applied.
    pub fn sent(&self, id: &str) -> usize {
        self.0.iter().filter(|attempt| attempt.id == id && !matches!(attempt.fate, Fate::Failed(_))).count()
    }

    /// Whether the newest attempt at `id` has an unknown outcome.
    pub fn unsettled(&self, id: &str) -> bool {
        self.last(id).is_some_and(|attempt| matches!(attempt.fate, Fate::Open | Fate::Unknown(_)))
    }
}

/// What a step decides after a look.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<Op, Out> {
    Done(Done<Out>),
    Wait {
        awaited: String,
        seen: String,
    },
    Do(Op),
    /// Do all of these at the same time; none of them needs another.
    Together(Vec<Op>),
    /// Do `then` once `of` has been the answer of `looks` looks in a row over at least `spanning`.
    Confirm {
        of: String,
        looks: u32,
        spanning: Duration,
        then: Box<Next<Op, Out>>,
    },
    /// Nothing may be done; the findings say why.
    Refuse(Vec<Finding>),
    /// A person must consent.
    Gate {
        expires: Duration,
    },
    /// Nothing to do before this time.
    Later {
        awaited: String,
        at: OffsetDateTime,
    },
    /// The other side undid the last operation: the gate before it closes again.
    Undone(Error),
    Fail(Error),
}

impl<Op, Out> Next<Op, Out> {
    /// What each of several has to do, at the same time; `None` where that is nothing.
    pub fn all(mut operations: Vec<Op>) -> Option<Self> {
        match operations.len() {
            0 => None,
            1 => operations.pop().map(Self::Do),
            _ => Some(Self::Together(operations)),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Done<Out> {
    pub outputs: Out,
    /// Why nothing had to be done.
    pub skipped: Option<String>,
    pub findings: Vec<Finding>,
    pub warnings: Vec<String>,
    pub offsets: Vec<Offset>,
}

impl<Out> Done<Out> {
    pub fn new(outputs: Out) -> Self {
        Self { outputs, skipped: None, findings: Vec::new(), warnings: Vec::new(), offsets: Vec::new() }
    }

    #[must_use]
    pub fn skipped(mut self, why: impl Into<String>) -> Self {
        self.skipped = Some(why.into());
        self
    }

    #[must_use]
    pub fn warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }
}

/// What an operation gave back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Performed {
    /// Ids of what it started.
    pub handle: Value,
    /// `(path in the run folder, digest)` of files it made.
    pub artifacts: Vec<(String, String)>,
}

impl Performed {
    pub fn handle(handle: Value) -> Self {
        Self { handle, artifacts: Vec::new() }
    }
}

/// What a step would do in general, for the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    pub what: String,
    pub calls: Vec<&'static str>,
    pub undo: &'static str,
}

/// A kind of step.
pub trait Step: Send + Sync {
    type Observation: Send + Sync;
    type Operation: Serialize + DeserializeOwned + Send + Sync;
    type Outputs: Serialize + DeserializeOwned;

    fn outline(&self) -> Outline;

    /// Kinds of earlier steps whose outputs it cannot do without.
    fn needs(&self) -> &'static [&'static str] {
        &[]
    }

    /// What later steps cannot do without, as `(output, where it is found)`: to be given where a person says that this step
    /// is done. Empty where nobody needs any.
    fn by_hand(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Whether somebody stands still from this step on: what later steps can make ready is made ready before it.
    fn hurries(&self) -> bool {
        false
    }

    /// Makes ready what this step will want at once. Nothing of it lasts and nothing relies on it, so it is not journaled;
    /// what does not come off is done when it is wanted.
    fn prepare<'a>(&'a self, _: &'a Read, _: &'a Write, _: &'a Known) -> Reply<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Looks, and changes nothing.
    fn observe<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Self::Operation>,
    ) -> Reply<'a, Self::Observation>;

    /// A cheap look between two looks, made many times a second: true where a whole look is wanted at once. `None` where
    /// nothing hurries.
    fn glance<'a>(&'a self, _: &'a Read, _: &'a Known, _: &'a Attempts<Self::Operation>) -> Option<Reply<'a, bool>> {
        None
    }

    /// Decides. Pure: the same observation and record give the same decision.
    fn next(
        &self,
        seen: &Self::Observation,
        known: &Known,
        done: &Attempts<Self::Operation>,
    ) -> Result<Next<Self::Operation, Self::Outputs>>;

    /// How an operation is journaled and shown: `(id, policy, what, calls)`.
    fn describe(&self, operation: &Self::Operation) -> (String, Policy, String, Vec<String>);

    /// Does one operation and returns quickly. Never repeats a call.
    fn perform<'a>(
        &'a self,
        operation: &'a Self::Operation,
        known: &'a Known,
        write: &'a Write,
    ) -> Reply<'a, Performed>;
}
