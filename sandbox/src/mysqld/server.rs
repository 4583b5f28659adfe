//! One server: its folder, its address, its process.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use fs_err as fs;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use tokio::process::Command;

use super::account::{Accounts, Login, add_rds_routines};
use super::applier::Applier;
use super::options::{self, CommandLine, Engine};
use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::parts::{Parts, Release, tail};
use crate::process::{Ledger, Process};
use crate::region::work::{ServerId, Settings};

/// In-place upgrades of a few million rows take some ten seconds; this is for a busy machine.
const START: Duration = Duration::from_secs(240);
const STOP: Duration = Duration::from_secs(60);

/// What all servers of one sandbox share.
#[derive(Debug)]
pub struct Site {
    pub parts: Parts,
    /// Each server has a folder of its own here.
    pub folder: PathBuf,
    pub engine: Engine,
    pub accounts: Accounts,
    pub ledger: Arc<Ledger>,
}

#[derive(Debug)]
pub struct Server {
    pub id: ServerId,
    pub release: Release,
    /// Its own address, which no rename and no switchover changes.
    pub address: SocketAddrV4,
    /// `@@server_id`.
    pub number: u32,
    pub settings: Settings,
    /// What `@@read_only` is to be at the next start as well.
    pub read_only: bool,
    pub applier: Applier,
    /// Made from another server, which it follows.
    pub(super) is_green: bool,
    pub(super) site: Arc<Site>,
    process: Option<Process>,
}

impl Server {
    /// A server that has neither data nor a process yet.
    pub fn plan(
        site: Arc<Site>,
        id: ServerId,
        release: Release,
        address: SocketAddrV4,
        number: u32,
        settings: Settings,
    ) -> Self {
        let applier = Applier::default();
        Self { id, release, address, number, settings, read_only: false, applier, is_green: false, site, process: None }
    }

    pub fn folder(&self) -> PathBuf {
        self.site.folder.join(&self.id.0)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// The last lines of its error log.
    pub fn log_tail(&self) -> String {
        fs::read(self.folder().join("error.log"))
            .map_or_else(|error| error.to_string(), |bytes| tail(&String::from_utf8_lossy(&bytes), 25))
    }

    /// Makes an empty data directory with the accounts and the routines of RDS, and starts on it.
    pub async fn create(&mut self) -> Result<()> {
        self.make_folder()?;
        let mut initialize = self.command(&self.command_line(false).initialize());
        let status = initialize.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await?;
        if !status.success() {
            return Err(Error::NotStarted { server: self.id.0.clone(), tail: self.log_tail() });
        }
        let statements = self.folder().join("first.sql");
        fs::write(&statements, self.site.accounts.first_statements())?;
        let mut line = self.command_line(false).serve();
        line.push(format!("--init-file={}", statements.display()));
        self.launch(&line).await?;
        add_rds_routines(&mut self.connect().await?).await
    }

    pub(super) fn make_folder(&self) -> Result<()> {
        fs::create_dir_all(self.folder().join("tmp"))?;
        Ok(())
    }

    /// Starts on the data that is there. With `replicate` a replica goes on with its replication.
    pub async fn start(&mut self, replicate: bool) -> Result<()> {
        let line = self.command_line(replicate).serve();
        self.launch(&line).await
    }

    /// A clean shutdown. Nothing happens to a server that does not run.
    pub async fn stop(&mut self) -> Result<()> {
        match self.process.take() {
            Some(process) => process.end(STOP).await,
            None => Ok(()),
        }
    }

    pub async fn restart(&mut self, settings: Settings) -> Result<()> {
        self.stop().await?;
        self.settings = settings;
        self.start(true).await
    }

    /// Ends it without a shutdown, for data that nobody will read again.
    pub async fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(process) => process.end(Duration::ZERO).await,
            None => Ok(()),
        }
    }

    /// Ends it and drops its data.
    pub async fn destroy(&mut self) -> Result<()> {
        self.kill().await?;
        fs::remove_dir_all(self.folder())?;
        Ok(())
    }

    /// Sets dynamic parameters on the running server, for its next start as well. What this server does not know, or takes
    /// from the sandbox, is passed over, as at a start.
    pub async fn apply(&mut self, settings: &Settings) -> Result<()> {
        let mut conn = self.connect().await?;
        for (name, value) in options::passed(settings) {
            let literal = if value.parse::<f64>().is_ok() { value.clone() } else { format!("'{value}'") };
            // A boolean, a formula or an unknown variable: what the server refuses has no effect on it.
            let _ = conn.query_drop(format!("SET GLOBAL `{name}` = {literal}")).await;
        }
        for (name, value) in settings {
            self.settings.retain(|(known, _)| known != name);
            self.settings.push((name.clone(), value.clone()));
        }
        conn.disconnect().await.doing("Closing a session")
    }

    /// A session of the sandbox's own account, straight to the server.
    pub async fn connect(&self) -> Result<Conn> {
        connect(self.address, &self.site.accounts.admin).await.doing(format!("Connecting to server {}", self.id.0))
    }

    pub(super) fn process(&self) -> Result<&Process> {
        self.process.as_ref().ok_or_else(|| Error::other(format!("The server {} does not run", self.id.0)))
    }

    fn command_line(&self, replicate: bool) -> CommandLine<'_> {
        CommandLine {
            base: self.site.parts.mysql(self.release),
            folder: self.folder(),
            address: self.address,
            number: self.number,
            engine: self.site.engine,
            settings: &self.settings,
            read_only: self.read_only,
            replicate,
            applier: self.applier,
            is_green: self.is_green,
        }
    }

    fn command(&self, line: &[String]) -> Command {
        let mut command = Command::new(self.site.parts.mysql(self.release).join("bin/mysqld"));
        command.args(line).env("LD_LIBRARY_PATH", self.site.parts.libraries());
        command
    }

    async fn launch(&mut self, line: &[String]) -> Result<()> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder().join("error.log"))?;
        let mut command = self.command(line);
        command.stdout(log.into_parts().0).stderr(Stdio::null());
        self.process = Some(self.site.ledger.spawn(&format!("mysqld {}", self.id.0), &mut command)?);
        let limit = clock::start();
        loop {
            if let Ok(conn) = connect(self.address, &self.site.accounts.admin).await {
                conn.disconnect().await.doing("Closing the first session")?;
                return Ok(());
            }
            if self.process.as_mut().is_none_or(Process::has_ended) {
                self.process = None;
                return Err(Error::NotStarted { server: self.id.0.clone(), tail: self.log_tail() });
            }
            if limit.elapsed() > START {
                let detail = format!(" The end of its error log:\n{}", self.log_tail());
                return Err(Error::TooSlow { what: format!("The start of {}", self.id.0), limit: START, detail });
            }
            clock::pause(Duration::from_millis(25)).await;
        }
    }
}

/// A session over TCP and nothing else: by itself the driver would leave a loopback address for the server's socket,
/// and so pass by the endpoint.
pub async fn connect(address: SocketAddrV4, login: &Login) -> std::result::Result<Conn, mysql_async::Error> {
    let opts = OptsBuilder::default()
        .ip_or_hostname(address.ip().to_string())
        .tcp_port(address.port())
        .user(Some(&login.user))
        .pass(Some(&login.password))
        .prefer_socket(false);
    Conn::new(opts).await
}
