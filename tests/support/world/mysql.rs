//! The MySQL ports on the pretended servers.

use std::collections::BTreeMap;

use sandbox::region::pretend;
use upgrade::{
    error::{Error, Result},
    port::{
        Reply,
        mysql::{Address, Coordinates, LogFile, MysqlRead, MysqlWrite, OpenTransaction, Replication, Server, Who},
        objects::{Object, Objects, Unreadable},
    },
};

use super::{Part, State, World};

impl State {
    /// The server behind an address; none while its instance is down or the address leads nowhere.
    pub fn server_at(&self, host: &str) -> Result<&pretend::Server> {
        let unreachable = || Error::transient(format!("{host} does not answer"));
        let down = self
            .region
            .instances()
            .any(|instance| instance.endpoint == host && matches!(instance.status.as_str(), "rebooting" | "creating"));
        if down {
            return Err(unreachable());
        }
        if let Some(server) = self.servers.all().find(|server| own_host(server) == host) {
            return Ok(server);
        }
        self.servers.at(host).and_then(|id| self.servers.server(id)).ok_or_else(unreachable)
    }
}

/// The address that stays with a server, whatever its names lead to.
fn own_host(server: &pretend::Server) -> String {
    let number: u32 = server.server_uuid.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap();
    std::net::Ipv4Addr::from(0x0A00_0000 + number).to_string()
}

impl World {
    fn asked<'a, T: Send + 'a>(&'a self, at: &Address, answer: impl FnOnce(&pretend::Server) -> T) -> Reply<'a, T> {
        let answer = self.look("mysql", |state| {
            state.reach(Part::Mysql)?;
            state.server_at(&at.host).map(answer)
        });
        Box::pin(async move { answer })
    }
}

fn log_end(server: &pretend::Server) -> Option<Coordinates> {
    let (file, position) = server.binlog.last()?.clone();
    server.writes_binlog.then_some(Coordinates { file, position, gtid_set: None })
}

impl MysqlRead for World {
    fn who<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Who>> {
        let answer = self.look("who", |state| {
            state.reach(Part::Mysql).ok()?;
            let server = state.server_at(&at.host).ok()?;
            Some(Who { uuid: server.server_uuid.clone(), read_only: server.read_only })
        });
        Box::pin(async move { Ok(answer) })
    }

    fn resolve<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<Address>> {
        let answer = self.look("mysql", |state| match state.server_at(&at.host) {
            Ok(server) if state.own_addresses => vec![Address { host: own_host(server), port: at.port }],
            _ => Vec::new(),
        });
        Box::pin(async move { Ok(answer) })
    }

    fn server<'a>(&'a self, at: &'a Address) -> Reply<'a, Server> {
        self.asked(at, |server| Server {
            uuid: server.server_uuid.clone(),
            server_id: server.server_id,
            version: server.version.clone(),
            started_at: i64::try_from(server.started_at / 1000).unwrap(),
            read_only: server.read_only,
            log_bin: server.writes_binlog,
            binlog_format: server.setting("binlog_format").unwrap_or("OFF").to_owned(),
            binlog_row_image: "FULL".to_owned(),
            gtid_mode: "OFF".to_owned(),
            log_replica_updates: true,
        })
    }

    fn log_end<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Coordinates>> {
        self.asked(at, log_end)
    }

    fn log_files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>> {
        self.asked(at, |server| {
            server.binlog.iter().map(|(name, size)| LogFile { name: name.clone(), size: *size }).collect()
        })
    }

    fn retention_hours<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<u32>> {
        let answer = self.look("mysql", |state| {
            state.reach(Part::Mysql)?;
            let uuid = &state.server_at(&at.host)?.server_uuid;
            Ok(Some(state.retention.get(uuid).copied().unwrap_or(24)))
        });
        Box::pin(async move { answer })
    }

    fn replication<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Replication>> {
        self.asked(at, |server| {
            server.replicates_from.as_ref().map(|_| Replication {
                running: server.replicating,
                seconds_behind: Some(server.lag_seconds),
                last_error: None,
                sources: Vec::new(),
                executed: None,
            })
        })
    }

    fn open_transactions<'a>(&'a self, at: &'a Address, _: u64) -> Reply<'a, Vec<OpenTransaction>> {
        self.asked(at, |_| Vec::new())
    }

    fn schemas<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<String>> {
        self.asked(at, |_| vec!["source".to_owned()])
    }

    fn objects<'a>(&'a self, at: &'a Address) -> Reply<'a, Objects> {
        let answer = self.look("objects", |state| {
            state.reach(Part::Mysql)?;
            state.server_at(&at.host).map(|server| state.held.on(server))
        });
        Box::pin(async move { answer })
    }

    fn unreadable<'a>(&'a self, at: &'a Address, objects: &'a [Object], _: usize) -> Reply<'a, Vec<Unreadable>> {
        let answer = self.look("mysql", |state| {
            state.reach(Part::Mysql)?;
            state.server_at(&at.host).map(|server| state.held.unreadable(server, objects))
        });
        Box::pin(async move { answer })
    }

    fn variables<'a>(&'a self, at: &'a Address) -> Reply<'a, BTreeMap<String, String>> {
        let answer = self.look("mysql", |state| {
            state.reach(Part::Mysql)?;
            let server = state.server_at(&at.host)?;
            let set = server.settings.iter().map(|(name, value)| (name.replace('-', "_"), value.clone()));
            Ok(set.chain(state.stubborn.clone()).collect())
        });
        Box::pin(async move { answer })
    }
}

impl MysqlWrite for World {
    fn retain_logs<'a>(&'a self, at: &'a Address, hours: u32) -> Reply<'a, ()> {
        let answer = self.write("retain logs", |state| {
            state.reach(Part::Mysql)?;
            state.perhaps("retain logs", |state| {
                let uuid = state.server_at(&at.host)?.server_uuid.clone();
                state.retention.insert(uuid, hours);
                state.retentions_set += 1;
                Ok(())
            })
        });
        Box::pin(async move { answer })
    }
}
