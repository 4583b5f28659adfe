//! What the prechecks judge, gathered in one go before anything is created.

use crate::{
    event::{Finding, Offset},
    port::side::Side,
    port::{
        flink::Settings,
        mysql::{Address, OpenTransaction, Replication, Server},
        rds::{Deployment, EngineVersion},
        tables::{Reader, Table},
    },
};

#[derive(Debug, Clone)]
pub struct Inventory {
    pub run: String,
    pub blue: Side,
    /// What RDS offers for blue's version.
    pub current: Option<EngineVersion>,
    /// The version the playbook asks for, where RDS has it.
    pub target: Option<EngineVersion>,
    pub target_version: String,
    /// The deployment's name in the playbook, where it creates one.
    pub deployment_name: Option<String>,
    /// Deployments of this source or this name.
    pub deployments: Vec<Deployment>,
    /// Blue's writer, where the playbook gives a login.
    pub server: Option<Server>,
    pub retention_hours: Option<u32>,
    pub replication: Option<Replication>,
    pub open_transactions: Vec<OpenTransaction>,
    pub schemas: Vec<String>,
    /// What the checks of the server's catalogue have found: it is judged as it is read, and not kept.
    pub catalogue: Vec<Finding>,
    pub cdc_jobs: Vec<CdcJob>,
    /// The playbook switches over and does not stop its jobs before.
    pub left_running: bool,
    /// The playbook stops its jobs and then switches over.
    pub stopped_before: bool,
    /// The JobManager's class path; `None` where it was not told.
    pub classpath: Option<Vec<String>>,
    /// `(name, server_id)` of every server of both sides that could be asked.
    pub server_ids: Vec<(String, u32)>,
    pub unknown: Vec<Unknown>,
}

/// A fact that could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What it is a fact of.
    pub object: String,
    /// What was asked, as the end of `It is not known …`.
    pub what: String,
    pub why: String,
    pub hint: Option<String>,
}

/// One CDC job as it runs now.
#[derive(Debug, Clone)]
pub struct CdcJob {
    pub name: String,
    /// Its name in Flink.
    pub flink_name: String,
    pub state: JobState,
    pub sources: Vec<Source>,
    pub sinks: Vec<Sink>,
    /// How it keeps its state and comes back; `None` where it does not run or this was not told.
    pub settings: Option<Settings>,
    /// `parallelism.default` of its script.
    pub parallelism: Option<u32>,
    /// Where it stands, as far as its newest checkpoint tells.
    pub offsets: Vec<Offset>,
    /// Set where its newest checkpoint could not be read.
    pub unreadable: Option<String>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// One job of the name is alive, in this state.
    Alive(String),
    /// Several are.
    Several(Vec<String>),
    /// None is; what it left behind, if anything.
    Ended { left: Option<String> },
}

/// A mysql-cdc table of a script, and what its login sees.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Its name in the script.
    pub name: String,
    pub address: Option<Address>,
    pub server_ids: ServerIds,
    /// The server its login reaches.
    pub server: Option<Server>,
    pub reader: Option<Reader>,
    /// The tables it captures.
    pub tables: Vec<Table>,
}

/// The option `server-id` of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ServerIds {
    /// Any of 5400 to 6400, chosen anew by each start.
    #[default]
    Absent,
    /// First and last.
    Range(u32, u32),
    /// Neither a number nor a range of two.
    Unreadable(String),
}

impl ServerIds {
    pub fn of(option: Option<&str>) -> Self {
        let Some(text) = option else { return Self::Absent };
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (number(first), number(last)) {
            (Some(first), Some(last)) if 0 < first && first <= last => Self::Range(first, last),
            _ => Self::Unreadable(text.to_owned()),
        }
    }
}

/// A jdbc table of a script.
#[derive(Debug, Clone, Default)]
pub struct Sink {
    /// Its name in the script.
    pub name: String,
    /// `database.table` it writes.
    pub table: String,
    pub found: Looked,
    /// Names of the mysql-cdc tables that are inserted into it.
    pub from: Vec<String>,
}

/// What became of a look at a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Looked {
    /// It could not be looked at, or was not.
    #[default]
    Not,
    Missing,
    Found(Table),
}
