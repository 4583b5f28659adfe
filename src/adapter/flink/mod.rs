//! A Flink cluster: its JobManager by REST, and the SQL Gateway beside it.
//!
//! What Flink 1.20 does that its documentation does not say: the state of an unknown job is an HTTP 500, a stop of an
//! unknown job is accepted, and an error of a statement is an HTTP 500 at the fetch of its result.

mod answer;
mod gateway;
mod http;
mod job_manager;
mod sql;
mod staged;
mod submit;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use self::{http::Http, staged::Staged};
use crate::{
    error::Result,
    port::{
        Reply,
        clock::Clock,
        flink::{Checkpoints, FlinkRead, FlinkWrite, Job, Savepoint, Settings, Statement},
    },
    secret::Secret,
};

/// Where the cluster is and how it is reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// JobManager REST, `http://flink:8081`.
    pub rest: String,
    /// `http://flink:8083`.
    pub sql_gateway: String,
    /// Whether `HTTP_PROXY` and its kind are left aside. Loopback never goes through a proxy.
    pub no_proxy: bool,
    /// PEM certificates that alone are trusted; absent: those this machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Taken out of every text the cluster answers.
    pub secrets: Vec<Secret>,
}

pub struct Flink {
    rest: Http,
    gateway: Arc<Http>,
    /// By the name of the session.
    staged: Mutex<BTreeMap<String, Staged>>,
}

impl Flink {
    /// # Errors
    ///
    /// `Usage` where an address is none, `Permanent` where `ca_file` cannot be read or holds no certificate.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self> {
        let Options { rest, sql_gateway, no_proxy, ca_file, secrets } = options;
        let trusted = ca_file.as_deref().map(http::authorities).transpose()?;
        let http = |what, address: &str| {
            Http::new(what, address, no_proxy, trusted.clone(), secrets.clone(), Arc::clone(&clock))
        };
        let (rest, gateway) = (http("the Flink JobManager", &rest)?, http("the SQL Gateway", &sql_gateway)?);
        Ok(Self { rest, gateway: Arc::new(gateway), staged: Mutex::default() })
    }

    fn take(&self, session: &str) -> Option<Staged> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).remove(session)
    }
}

impl FlinkRead for Flink {
    fn version(&self) -> Reply<'_, String> {
        Box::pin(job_manager::version(&self.rest))
    }

    fn gateway_version(&self) -> Reply<'_, String> {
        Box::pin(gateway::version(&self.gateway))
    }

    fn jobs(&self) -> Reply<'_, Vec<Job>> {
        Box::pin(job_manager::jobs(&self.rest))
    }

    fn job_state<'a>(&'a self, job: &'a str) -> Reply<'a, Option<String>> {
        Box::pin(job_manager::state(&self.rest, job))
    }

    fn parameters<'a>(&'a self, job: &'a str) -> Reply<'a, BTreeMap<String, String>> {
        Box::pin(job_manager::parameters(&self.rest, job))
    }

    fn checkpoints<'a>(&'a self, job: &'a str) -> Reply<'a, Checkpoints> {
        Box::pin(job_manager::checkpoints(&self.rest, job))
    }

    fn savepoint<'a>(&'a self, job: &'a str, trigger: &'a str) -> Reply<'a, Savepoint> {
        Box::pin(job_manager::savepoint(&self.rest, job, trigger))
    }

    fn failure<'a>(&'a self, job: &'a str) -> Reply<'a, Option<String>> {
        Box::pin(job_manager::failure(&self.rest, job))
    }

    fn settings<'a>(&'a self, job: &'a str) -> Reply<'a, Settings> {
        Box::pin(job_manager::settings(&self.rest, job))
    }

    fn classpath(&self) -> Reply<'_, Vec<String>> {
        Box::pin(job_manager::classpath(&self.rest))
    }
}

impl FlinkWrite for Flink {
    fn stop<'a>(&'a self, job: &'a str, directory: &'a str, trigger: &'a str) -> Reply<'a, ()> {
        Box::pin(job_manager::stop(&self.rest, job, directory, trigger))
    }

    fn cancel<'a>(&'a self, job: &'a str) -> Reply<'a, ()> {
        Box::pin(job_manager::cancel(&self.rest, job))
    }

    fn stage<'a>(&'a self, session: &'a str, script: &'a [Statement]) -> Reply<'a, ()> {
        Box::pin(async move {
            if let Some(before) = self.take(session) {
                before.session.close().await;
            }
            let staged = submit::stage(&self.gateway, session, script).await?;
            self.staged.lock().unwrap_or_else(PoisonError::into_inner).insert(session.to_owned(), staged);
            Ok(())
        })
    }

    fn submit<'a>(&'a self, session: &'a str, script: &'a [Statement]) -> Reply<'a, String> {
        let staged = self.take(session);
        Box::pin(submit::submit(&self.gateway, &self.rest, staged, session, script))
    }
}
