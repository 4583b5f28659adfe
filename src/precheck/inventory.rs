//! What the prechecks judge, gathered in one go before anything is created.

use crate::{
    event::Offset,
    port::side::Side,
    port::{
        mysql::{Address, OpenTransaction, Replication, Server},
        rds::{Deployment, EngineVersion},
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
    pub cdc_jobs: Vec<CdcJob>,
    /// The playbook switches over and does not stop its jobs before.
    pub left_running: bool,
}

/// One CDC job as it runs now.
#[derive(Debug, Clone)]
pub struct CdcJob {
    pub name: String,
    /// Its name in Flink.
    pub flink_name: String,
    pub state: JobState,
    /// Where its sources connect to.
    pub sources: Vec<Address>,
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
