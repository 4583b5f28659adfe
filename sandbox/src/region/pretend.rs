//! A data plane without servers, for tests in one process with virtual time.

use std::collections::{BTreeMap, VecDeque};

use super::catalogue;
use super::version;
use super::work::{Done, Millis, ServerId, Settings, Task, Work};
use super::{Instance, Region};

/// How long the servers take, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durations {
    pub make_green: Millis,
    pub restart: Millis,
    /// What green needs to catch up at a switchover; more than its timeout rolls it back.
    pub catch_up: Millis,
    pub other: Millis,
}

impl Default for Durations {
    fn default() -> Self {
        Self { make_green: 400, restart: 300, catch_up: 200, other: 10 }
    }
}

/// A pretended server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub server_uuid: String,
    pub server_id: u32,
    /// As `@@version` says it.
    pub version: String,
    /// Changes at every restart.
    pub started_at: Millis,
    pub read_only: bool,
    /// `(file, size)`, oldest first; without a binary log there is none.
    pub binlog: Vec<(String, u64)>,
    pub writes_binlog: bool,
    /// In effect, and set by a user.
    pub settings: BTreeMap<String, String>,
    pub replicates_from: Option<ServerId>,
    /// False: its replication has stopped.
    pub replicating: bool,
    /// Seconds behind its source.
    pub lag_seconds: u64,
    family: String,
}

const FILE: &str = "mysql-bin-changelog";
/// The size of a binary log file nobody wrote into.
const EMPTY: u64 = 157;

/// Pretended servers, the addresses that lead to them, and the work they are at.
#[derive(Debug, Clone, Default)]
pub struct Pretend {
    pub durations: Durations,
    servers: BTreeMap<ServerId, Server>,
    routes: BTreeMap<String, ServerId>,
    at_work: VecDeque<(Millis, Work)>,
    /// What the next work of a kind fails with: `MakeGreen`, `Restart`, `Switchover`.
    fails: Vec<(&'static str, String)>,
    made: u32,
}

impl Pretend {
    pub fn new(durations: Durations) -> Self {
        Self { durations, ..Self::default() }
    }

    /// The servers behind every instance that is in the region already.
    pub fn add_servers(&mut self, region: &Region) {
        let owners: Vec<&Instance> = region.instances().filter(|instance| instance.owns_server()).collect();
        for owner in owners {
            let settings = region.settings_of(&owner.server);
            let mut server = self.start(&owner.engine, &owner.version, settings, region.now());
            server.read_only = owner.replica_of.is_some();
            self.servers.insert(owner.server.clone(), server);
        }
    }

    fn start(&mut self, engine: &str, engine_version: &str, settings: Settings, now: Millis) -> Server {
        self.made += 1;
        let nth = self.made;
        let version = version::resolve(engine, engine_version);
        let family = version.as_ref().map(|version| version.family.clone()).unwrap_or_default();
        let mut server = Server {
            server_uuid: format!("00000000-0000-4000-8000-{nth:012}"),
            server_id: 1_000_000 + nth * 7919,
            version: version.map(|version| version.server).unwrap_or_default(),
            started_at: now,
            read_only: false,
            binlog: Vec::new(),
            writes_binlog: false,
            settings: settings.into_iter().collect(),
            replicates_from: None,
            replicating: false,
            lag_seconds: 0,
            family,
        };
        server.begin_log();
        server
    }

    pub fn server(&self, id: &ServerId) -> Option<&Server> {
        self.servers.get(id)
    }

    /// Every server, whatever leads to it.
    pub fn all(&self) -> impl Iterator<Item = &Server> {
        self.servers.values()
    }

    pub fn server_mut(&mut self, id: &ServerId) -> Option<&mut Server> {
        self.servers.get_mut(id)
    }

    /// The server an endpoint's address leads to right now.
    pub fn at(&self, address: &str) -> Option<&ServerId> {
        self.routes.get(address)
    }

    /// Something is written: the log grows here and on every server that replicates from here.
    pub fn append(&mut self, id: &ServerId, bytes: u64) {
        let replicas: Vec<ServerId> = self
            .servers
            .iter()
            .filter(|(_, server)| server.replicating && server.replicates_from.as_ref() == Some(id))
            .map(|(replica, _)| replica.clone())
            .collect();
        if let Some((_, size)) =
            self.servers.get_mut(id).filter(|server| server.writes_binlog).and_then(|server| server.binlog.last_mut())
        {
            *size += bytes;
        }
        for replica in replicas {
            // The same rows take other sizes in another version's log.
            self.append(&replica, bytes + bytes / 8);
        }
    }

    /// Lets the next work of this kind (`MakeGreen`, `Restart`, `Switchover`) fail for this reason.
    pub fn fail_next(&mut self, kind: &'static str, reason: &str) {
        self.fails.push((kind, reason.to_owned()));
    }

    /// When the work at hand is finished next.
    pub fn next_due(&self) -> Option<Millis> {
        self.at_work.iter().map(|(due, _)| *due).min()
    }

    /// Lets region and servers live until `until`, in the order in which things are due.
    pub fn run(&mut self, region: &mut Region, until: Millis) {
        self.take(region);
        loop {
            let due = [region.next_due(), self.next_due()].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= until) else { break };
            region.advance(due);
            self.take(region);
            self.finish(region, due);
            self.take(region);
        }
        region.advance(until);
        self.take(region);
    }

    /// Lets both live until `done`; the time it was, or none where that takes longer than `limit`.
    pub fn run_until(&mut self, region: &mut Region, limit: Millis, done: impl Fn(&Region) -> bool) -> Option<Millis> {
        let end = region.now() + limit;
        self.take(region);
        while !done(region) {
            let due = [region.next_due(), self.next_due()].into_iter().flatten().min()?;
            if due > end {
                return None;
            }
            self.run(region, due);
        }
        Some(region.now())
    }

    fn take(&mut self, region: &mut Region) {
        let work = region.take_work();
        self.accept(region, work);
    }

    /// Takes work that was handed out before.
    pub fn accept(&mut self, region: &mut Region, work: Vec<Work>) {
        let now = region.now();
        for work in work {
            let duration = match &work.task {
                Task::MakeGreen { .. } => self.durations.make_green,
                Task::Restart { .. } => self.durations.restart,
                Task::Switchover { timeout_seconds, .. } => self.durations.catch_up.min(timeout_seconds * 1000),
                // Where names lead is settled at once, so that nothing is read in between.
                Task::Route { .. } | Task::Unroute { .. } => 0,
                _ => self.durations.other,
            };
            self.at_work.push_back((now + duration, work));
        }
        self.finish(region, now);
    }

    fn finish(&mut self, region: &mut Region, now: Millis) {
        while let Some(place) = self.first_due(now) {
            let Some((_, Work { id, task })) = self.at_work.remove(place) else { break };
            let result = self.perform(task, now);
            region.finish(id, result);
        }
    }

    fn first_due(&self, now: Millis) -> Option<usize> {
        let due = self.at_work.iter().enumerate().filter(|(_, (due, _))| *due <= now);
        due.min_by_key(|(_, (due, work))| (*due, work.id)).map(|(place, _)| place)
    }

    fn perform(&mut self, task: Task, now: Millis) -> Result<Done, String> {
        let kind = match &task {
            Task::MakeGreen { .. } => "MakeGreen",
            Task::Restart { .. } => "Restart",
            Task::Switchover { .. } => "Switchover",
            _ => "",
        };
        if let Some(place) = self.fails.iter().position(|(failing, _)| *failing == kind) {
            return Err(self.fails.remove(place).1);
        }
        match task {
            Task::MakeGreen { blue, green, engine_version, settings } => {
                let engine = if engine_version.contains("aurora") { "aurora-mysql" } else { "mysql" };
                let mut server = self.start(engine, &engine_version, settings, now);
                server.read_only = true;
                server.replicates_from = Some(blue);
                server.replicating = true;
                self.servers.insert(green, server);
            }
            Task::Restart { server, settings } => {
                let server = self.servers.get_mut(&server).ok_or("There is no such server")?;
                server.settings = settings.into_iter().collect();
                server.started_at = now;
                server.begin_log();
            }
            Task::Apply { server, settings } => {
                let server = self.servers.get_mut(&server).ok_or("There is no such server")?;
                server.settings.extend(settings);
            }
            Task::Switchover { blue, green, timeout_seconds } => {
                return self.switch_over(&blue, green, timeout_seconds);
            }
            Task::Route { address, server } => {
                self.routes.insert(address, server);
            }
            Task::Unroute { address } => {
                self.routes.remove(&address);
            }
            Task::LiftReadOnly { server } => {
                self.servers.get_mut(&server).ok_or("There is no such server")?.read_only = false;
            }
            Task::Destroy { server } => {
                self.servers.remove(&server);
            }
        }
        Ok(Done::Plain)
    }

    fn switch_over(&mut self, blue: &ServerId, green: ServerId, timeout_seconds: u64) -> Result<Done, String> {
        let new = self.servers.get(&green).ok_or("There is no such server")?;
        if !new.replicating || new.replicates_from.as_ref() != Some(blue) {
            return Err("replication from the blue environment has stopped".to_owned());
        }
        if self.durations.catch_up > timeout_seconds * 1000 || new.lag_seconds > timeout_seconds {
            return Err("the replica lag exceeds the switchover timeout".to_owned());
        }
        if let Some(old) = self.servers.get_mut(blue) {
            old.read_only = true;
        }
        for route in self.routes.values_mut().filter(|server| *server == blue) {
            *route = green.clone();
        }
        let new = self.servers.get_mut(&green).ok_or("There is no such server")?;
        new.read_only = false;
        new.replicating = false;
        new.replicates_from = None;
        new.lag_seconds = 0;
        Ok(Done::Switched { coordinates: new.binlog.last().filter(|_| new.writes_binlog).cloned() })
    }
}

impl Server {
    /// The value in effect: the user's, else the default of the family.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let set = self.settings.get(name).map(String::as_str);
        set.or_else(|| catalogue::default_of(&self.family, name))
    }

    fn begin_log(&mut self) {
        self.writes_binlog = self.setting("binlog_format").is_some_and(|format| !format.eq_ignore_ascii_case("OFF"));
        if self.writes_binlog {
            let number = self.binlog.len() + 1;
            self.binlog.push((format!("{FILE}.{number:06}"), EMPTY));
        }
    }
}
