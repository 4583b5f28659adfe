//! The ports of a run on a pretended region, with time that passes only when somebody waits.

mod binlog;
mod catalogue;
mod flink;
mod mysql;
mod rds;
mod tables;
mod trouble;

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures_util::future::BoxFuture;
use sandbox::region::{Addresses, ClusterSpec, Faults, InstanceSpec, Level, Pace, Pretend, Region, ServerId, Settings};
use time::OffsetDateTime;
use upgrade::{
    error::{Error, Result},
    port::{Reply, catalogue::Schema, clock::Clock, files::FilesRead, secrets::Secrets},
    secret::{Secret, SecretRef},
    step::{Read, Write},
};

pub use binlog::Kept;
pub use flink::Flink;
#[allow(unused_imports, reason = "not every test has trouble")]
pub use trouble::{Loss, Mortal, Outage, Part};

/// 2026-01-01T00:00:00Z in milliseconds.
const START: u64 = 1_767_225_600_000;

/// Between two writes of the applications, in milliseconds.
const PAUSE: u64 = 500;

/// Everything outside of the program. A clone is a world of its own.
#[derive(Clone)]
pub struct State {
    pub region: Region,
    pub servers: Pretend,
    pub flink: Flink,
    /// What stands in the servers' logs.
    pub logs: binlog::Logs,
    pub kept: binlog::Kept,
    /// A name resolves to an address that stays with its server; else names are all there is.
    pub own_addresses: bool,
    /// Replicas log nothing of what they apply.
    pub silent: bool,
    /// A definition is changed at blue as soon as a job was stopped.
    pub define_at_stop: bool,
    /// What the servers' catalogues hold: nothing, unless a test puts something there.
    pub catalogue: Vec<Schema>,
    /// Rows, by their key, that the sink lacks though a job has read behind them.
    pub lost: Vec<std::ops::RangeInclusive<u128>>,
    pub outages: Vec<Outage>,
    pub losses: Vec<Loss>,
    pub mortals: Vec<Mortal>,
    /// The clock of the program's machine is so many milliseconds ahead of the region's.
    pub skew: i64,
    /// How often the program was told a time that is not the region's.
    pub skewed: Cell<u32>,
    /// Transactions written so far, and when the last one was.
    written: u64,
    wrote: u64,
}

/// A moment at which a crash is tried: how long the journal was, and the world as it was then.
#[derive(Clone)]
#[allow(dead_code, reason = "not every test cuts")]
pub struct Moment {
    pub journal: u64,
    pub what: String,
    pub state: State,
}

/// The world behind the ports; clones share it.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    moments: Arc<Mutex<Vec<Moment>>>,
    journal: Arc<Mutex<Option<PathBuf>>>,
    fuse: Arc<Mutex<Option<u32>>>,
    meanwhile: Arc<Mutex<Option<(u32, Meanwhile)>>>,
    ear: Arc<Mutex<Option<Ear>>>,
}

/// What happens beside the program.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// Hears the name of a call, and whether it is after its effect.
type Ear = Box<dyn FnMut(&str, bool) + Send>;

/// What a program is thrown with that dies at a call.
pub struct Killed;

impl State {
    #[allow(dead_code, reason = "not every test begins with this world")]
    /// An Aurora cluster `orders` with a writer and a reader on 5.7, and a CDC job that reads it.
    pub fn aurora(faults: Faults) -> Self {
        Self::seeded(faults, 7, Pace::aws())
    }

    /// The same, with dice and a pace of their own.
    pub fn seeded(faults: Faults, seed: u64, pace: Pace) -> Self {
        let mut region = empty("us-east-1", faults, seed, pace);
        region.add_parameter_group(Level::Cluster, "orders57", "aurora-mysql5.7").unwrap();
        let mut cluster = ClusterSpec::new("orders", "5.7.mysql_aurora.2.11.2", "blue");
        cluster.parameter_group = Some("orders57".to_owned());
        region.add_cluster(cluster).unwrap();
        region.add_instance(InstanceSpec::member("orders-1", "orders")).unwrap();
        region.add_instance(InstanceSpec::member("orders-2", "orders")).unwrap();
        let values = [("binlog_format", "ROW"), ("long_query_time", "2"), ("query_cache_size", "1048576")];
        region.set_parameters(Level::Cluster, "orders57", &values).unwrap();
        Self::around(region)
    }

    /// An RDS instance `orders` on 8.0 without replicas, and a CDC job that reads it.
    #[allow(dead_code, reason = "not every test begins with this world")]
    pub fn instance(faults: Faults, seed: u64, pace: Pace) -> Self {
        let mut region = empty("eu-central-1", faults, seed, pace);
        region.add_parameter_group(Level::Instance, "orders80", "mysql8.0").unwrap();
        let mut instance = InstanceSpec::primary("orders", "8.0.42", "blue");
        instance.parameter_group = Some("orders80".to_owned());
        region.add_instance(instance).unwrap();
        let values = [("binlog_format", "ROW"), ("long_query_time", "2")];
        region.set_parameters(Level::Instance, "orders80", &values).unwrap();
        let mut state = Self::around(region);
        state.flink.connector = Some("3.6.0");
        state
    }

    /// Servers for all that is in the region, and a job that reads production.
    fn around(mut region: Region) -> Self {
        let mut servers = Pretend::default();
        servers.add_servers(&region);
        servers.run(&mut region, START);
        let address = address(&region).unwrap();
        let flink = Flink::with_job("orders-to-target", &address, START - 3_600_000);
        let mut state = Self {
            region,
            servers,
            flink,
            logs: binlog::Logs::new(),
            kept: Kept::Rows,
            own_addresses: true,
            silent: false,
            define_at_stop: false,
            catalogue: Vec::new(),
            lost: Default::default(),
            outages: Vec::new(),
            losses: Vec::new(),
            mortals: Vec::new(),
            skew: 0,
            skewed: Cell::new(0),
            written: 0,
            wrote: 0,
        };
        state.write_to(&ServerId("blue".to_owned()), 5_000);
        state
    }

    /// Time passes: the region goes on, and applications write wherever they may.
    fn pass(&mut self, time: Duration) {
        // Rounded up: whoever waits for a part of a millisecond would wait for ever.
        let until = self.region.now() + u64::try_from(time.as_micros().div_ceil(1000)).unwrap();
        let Self { region, servers, .. } = self;
        servers.run(region, until);
        if until < self.wrote + PAUSE {
            return;
        }
        self.wrote = until;
        let Self { region, servers, .. } = self;
        if let Some(server) = address(region).and_then(|address| servers.at(&address).cloned())
            && servers.server(&server).is_some_and(|server| !server.read_only)
        {
            self.write_to(&server, 1_000);
        }
        self.jobs_read();
    }

    /// Where applications write: the endpoint of `orders`.
    pub fn production(&self) -> String {
        address(&self.region).expect("production has an endpoint")
    }

    /// How often a call was made that took effect.
    pub fn applied(&self, action: &str) -> usize {
        self.region.requests().iter().filter(|request| request.action.name() == action && request.applied()).count()
    }

    /// Calls that change something, whatever became of them.
    #[allow(dead_code, reason = "not every test counts them")]
    pub fn writes(&self) -> usize {
        self.region.requests().iter().filter(|request| request.mutating).count() + self.flink.writes
    }
}

fn empty(region: &str, faults: Faults, seed: u64, pace: Pace) -> Region {
    Region::new(Settings {
        account: "123456789012".to_owned(),
        region: region.to_owned(),
        seed,
        pace,
        addresses: Addresses::Dns,
        faults,
        start: START,
    })
}

impl World {
    pub fn new(state: State) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
            moments: Arc::default(),
            journal: Arc::default(),
            fuse: Arc::default(),
            meanwhile: Arc::default(),
            ear: Arc::default(),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on keeps a moment at every call.
    #[allow(dead_code, reason = "not every test cuts")]
    pub fn watch(&self, journal: &Path) {
        *self.journal.lock().unwrap() = Some(journal.to_owned());
    }

    #[allow(dead_code, reason = "not every test cuts")]
    pub fn moments(&self) -> Vec<Moment> {
        self.moments.lock().unwrap().clone()
    }

    /// The program dies at the call of this number from here on: it is thrown with [`Killed`], before the call or after
    /// its effect. `None` lets it live.
    #[allow(dead_code, reason = "not every test kills")]
    pub fn dies_after(&self, calls: Option<u32>) {
        *self.fuse.lock().unwrap() = calls;
    }

    /// Before the call of this number from here on, something else happens.
    #[allow(dead_code, reason = "not every test has a second operator")]
    pub fn meanwhile(&self, calls: u32, what: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some((calls, Box::new(what)));
    }

    /// From now on `ear` hears every call: before it, and what changes something also after its effect.
    #[allow(dead_code, reason = "not every test listens")]
    pub fn listen(&self, ear: impl FnMut(&str, bool) + Send + 'static) {
        *self.ear.lock().unwrap() = Some(Box::new(ear));
    }

    fn heard(&self, what: &str, after: bool) {
        if let Some(ear) = &mut *self.ear.lock().unwrap() {
            ear(what, after);
        }
    }

    /// Calls `resume` for every length that the journal ever had, with a torn tail as well, in each world as it was then;
    /// how often.
    #[allow(dead_code, reason = "not every test cuts")]
    pub fn cuts(&self, whole: &[u8], mut resume: impl FnMut(&[u8], &State, &str)) -> usize {
        let moments = self.moments();
        let ends = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let mut cuts = 0;
        for end in ends {
            // Between two records without a call in between the world does not change.
            let Some(first) = moments.iter().find(|moment| moment.journal >= end as u64) else { continue };
            let here: Vec<_> = moments.iter().filter(|moment| moment.journal == first.journal).collect();
            let worlds = if first.journal == end as u64 { here } else { vec![first] };
            for moment in worlds {
                for torn in [0, 9] {
                    let cut = (end + torn).min(whole.len());
                    if torn > 0 && (cut == end || whole[end..cut].contains(&b'\n')) {
                        continue;
                    }
                    resume(&whole[..cut], &moment.state, &format!("cut at {cut} ({})", moment.what));
                    cuts += 1;
                }
            }
        }
        cuts
    }

    fn burn(&self) {
        let due = {
            let mut meanwhile = self.meanwhile.lock().unwrap();
            match &mut *meanwhile {
                Some((0, _)) => meanwhile.take(),
                Some((left, _)) => {
                    *left -= 1;
                    None
                }
                None => None,
            }
        };
        if let Some((_, what)) = due {
            what();
        }
        let burnt = match &mut *self.fuse.lock().unwrap() {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if burnt {
            std::panic::resume_unwind(Box::new(Killed));
        }
    }

    /// Keeps the moment before or after a call. Reads count once for every length of the journal.
    fn moment(&self, what: &str, write: bool) {
        let Some(path) = self.journal.lock().unwrap().clone() else { return };
        let length = std::fs::metadata(&path).map(|file| file.len()).unwrap_or_default();
        let mut moments = self.moments.lock().unwrap();
        if write || moments.last().is_none_or(|last| last.journal != length) {
            moments.push(Moment { journal: length, what: what.to_owned(), state: self.state().clone() });
        }
    }

    /// Does a call that changes something, with a moment on either side of it.
    fn write<T>(&self, what: &str, call: impl FnOnce(&mut State) -> T) -> T {
        self.moment(&format!("before {what}"), true);
        self.heard(what, false);
        self.burn();
        let answer = call(&mut self.state());
        self.state().called(what);
        self.moment(&format!("after {what}"), true);
        self.heard(what, true);
        self.burn();
        answer
    }

    fn look<T>(&self, what: &str, call: impl FnOnce(&mut State) -> T) -> T {
        self.moment(what, false);
        self.heard(what, false);
        self.burn();
        call(&mut self.state())
    }

    pub fn read(&self) -> Read {
        Read {
            rds: Some(Arc::new(self.clone())),
            mysql: Some(Arc::new(self.clone())),
            catalogue: Some(Arc::new(self.clone())),
            binlog: Some(Arc::new(self.clone())),
            tables: Some(Arc::new(self.clone())),
            ahead: Default::default(),
            flink: Some(Arc::new(self.clone())),
            files: Arc::new(self.clone()),
            secrets: Arc::new(self.clone()),
            clock: Arc::new(self.clone()),
        }
    }

    pub fn writer(&self, artifacts: PathBuf) -> Write {
        Write {
            rds: Some(Arc::new(self.clone())),
            flink: Some(Arc::new(self.clone())),
            files: Arc::new(self.clone()),
            tables: Some(Arc::new(self.clone())),
            secrets: Arc::new(self.clone()),
            clock: Arc::new(self.clone()),
            artifacts,
        }
    }
}

fn address(region: &Region) -> Option<String> {
    let cluster = region.cluster("orders").map(|cluster| cluster.endpoint.clone());
    cluster.or_else(|_| region.instance("orders").map(|instance| instance.endpoint.clone())).ok()
}

impl Clock for World {
    fn now(&self) -> OffsetDateTime {
        let state = self.state();
        state.skewed.set(state.skewed.get() + u32::from(state.skew != 0));
        let millis = state.region.now().saturating_add_signed(state.skew);
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.state().region.now() - START)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.state().pass(time);
        Box::pin(async {})
    }
}

impl FilesRead for World {
    fn read<'a>(&'a self, uri: &'a str, _: u64) -> Reply<'a, Option<Vec<u8>>> {
        let found = self.look("files", |state| state.flink.file(uri));
        // Everything else is a file of the test's own.
        Box::pin(async move { Ok(found.or_else(|| std::fs::read(uri).ok())) })
    }
}

impl Secrets for World {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret> {
        match reference {
            SecretRef::Env(name) => Ok(Secret::new(format!("canary-{name}"))),
            SecretRef::File(_) => Err(Error::usage("There are no files of secrets here")),
        }
    }
}
