//! The ordinary upgrade: its playbook with one job or two, a call of the program, and what must be true at its end.

use std::{path::Path, sync::Arc};

use upgrade::{
    error::{Error, Kind},
    event::{Event, Observer},
    playbook::{self, Playbook},
    runner::{
        Ending, Engine, Orders, Stop, Tell, Verbs, departure,
        lock::{Lock, Owner},
    },
};

use crate::support::{
    desk::Desk,
    world::{Kept, State, World},
};

pub const FIRST: &str = "orders-to-target";
pub const BOTH: [&str; 2] = [FIRST, "lines-to-target"];

const SCRIPT: &str = "SET 'pipeline.name' = 'orders-to-target';
CREATE TABLE s (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'mysql-cdc', 'hostname' = 'HOST', 'port' = '3306', 'username' = 'cdc',
  'password' = '${secret:CDC_PASSWORD}', 'database-name' = 'source', 'table-name' = 'source_table');
CREATE TABLE t (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'jdbc', 'url' = 'jdbc:mysql://sink:3306/t', 'table-name' = 'SINK', 'username' = 'u', 'password' = '${secret:CDC_PASSWORD}');
INSERT INTO t SELECT * FROM s;
";

const PLAYBOOK: &str = "version: 1
name: orders
target: { aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }
mysql: { user: upgrade, password: { env: PASSWORD } }
flink: { rest: 'http://flink:8081', sql_gateway: 'http://flink:8083', savepoints: 'file:///savepoints' }
secrets: { CDC_PASSWORD: { env: CDC_PASSWORD } }
cdc_jobs:
JOBS
steps:
  - precheck
  - create_blue_green: { name: orders-80 }
  - sync_parameter_group
  - reboot_green: { always: true }
  - approve
  - stop_cdc_jobs
  - switchover
  - capture_coordinates
  - submit_cdc_jobs
  - verify_data
  - clean_up: { keep_old_for: 0s }
";

#[derive(Default)]
struct Seen(Vec<Event>);

impl Observer for Seen {
    fn on(&mut self, event: &Event) {
        self.0.push(event.clone());
    }
}

impl Desk {
    #[allow(dead_code, reason = "not every test has one job")]
    pub fn new(host: &str) -> Self {
        Self::with_jobs(host, &[FIRST])
    }

    pub fn with_jobs(host: &str, jobs: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut entries = String::new();
        for job in jobs {
            // No two jobs write to one table.
            let sink = if *job == FIRST { "t" } else { job };
            let script = SCRIPT.replace("HOST", host).replace("SINK", sink).replace(FIRST, job);
            std::fs::write(folder.path().join(format!("{job}.sql")), script).unwrap();
            entries.push_str(&format!("  - name: {job}\n    flink_sql: {{ script: {job}.sql }}\n"));
        }
        let text = PLAYBOOK.replace("JOBS\n", &entries);
        std::fs::write(folder.path().join("playbook.yaml"), &text).unwrap();
        Self { playbook: read(&text, folder.path()), folder: Arc::new(folder) }
    }

    /// The same with another playbook.
    #[allow(dead_code, reason = "not every test edits")]
    pub fn edited(&self, from: &str, to: &str) -> Self {
        let path = self.folder.path().join("playbook.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        let text = text.replace(from, to);
        std::fs::write(&path, &text).unwrap();
        Self { playbook: read(&text, self.folder.path()), folder: Arc::clone(&self.folder) }
    }

    /// One call of the program.
    pub fn call(&self, world: &World, approve: bool) -> (Ending, Vec<Event>) {
        self.call_until(world, approve, None)
    }

    /// The same, content after a step.
    pub fn call_until(&self, world: &World, approve: bool, until: Option<&str>) -> (Ending, Vec<Event>) {
        let mut seen = Seen::default();
        let owner = Owner { who: "tester@here".to_owned(), pid: 1, since: String::new(), playbook: String::new() };
        let _lock = match Lock::take(self.folder.path(), &self.playbook, &owner) {
            Ok(lock) => lock,
            Err(error) => return (Ending::of(error, "upgrade status playbook.yaml".to_owned()), Vec::new()),
        };
        let started = self.started();
        if started.run.finished.is_some() {
            return (Ending::done(None), Vec::new());
        }
        if let Some(departure) = departure(&started.run, &self.steps()) {
            let error = Error::new(Kind::Drift, format!("The playbook was edited: {departure:?}"));
            return (Ending::of(error, "upgrade run playbook.yaml".to_owned()), Vec::new());
        }
        let approve = if approve { vec!["approve".to_owned()] } else { Vec::new() };
        let orders = Orders { until: until.map(str::to_owned), approve, who: "tester@here".to_owned() };
        let ports = (world.read(), world.writer(self.folder.path().join("artifacts")));
        let verbs = Verbs::new("playbook.yaml", None);
        let tell = Tell::new(&mut seen);
        let engine =
            Engine::new(Arc::clone(&self.playbook), self.steps(), ports, started, orders, verbs, Stop::default(), tell);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ending = runtime.block_on(engine.run());
        (ending, seen.0)
    }

    #[allow(dead_code, reason = "not every test is patient")]
    /// Calls the program as a patient operator would, until it is done; at most `calls` times.
    pub fn finish(&self, world: &World, calls: usize) -> Ending {
        let mut last = None;
        for _ in 0..calls {
            let (ending, _) = self.call(world, true);
            if ending.exit_code == 0 {
                return ending;
            }
            assert!(ending.next.is_some(), "every stop names a next command: {ending:?}");
            last = Some(ending);
        }
        last.unwrap()
    }
}

fn read(text: &str, folder: &Path) -> Arc<Playbook> {
    let playbook = playbook::parse(text, "playbook.yaml", folder).map_err(|found| found.render(false));
    Arc::new(playbook.unwrap())
}

pub fn host(state: &State) -> String {
    state.region.cluster("orders").unwrap().endpoint.clone()
}

#[allow(dead_code, reason = "not every test ends well")]
/// What must be true of every finished upgrade, however it went.
pub fn check(state: &State, what: &str) {
    let production = state.region.cluster("orders").unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(production.version.starts_with("8.0"), "{what}: production is {}", production.version);
    assert!(
        state.region.deployments().iter().all(|found| found.status.as_str() == "DELETING")
            || state.region.deployments().is_empty(),
        "{what}: the deployment is gone"
    );
    assert_eq!(state.applied("SwitchoverBlueGreenDeployment"), 1, "{what}: one switchover");
    assert_eq!(state.applied("CreateBlueGreenDeployment"), 1, "{what}: one deployment");
    assert_eq!(state.applied("CreateDBClusterParameterGroup"), 1, "{what}: one parameter group");
    assert_eq!(state.applied("RebootDBInstance"), 2, "{what}: one reboot a member");
    let known = |job: &&str| state.flink.jobs.iter().any(|known| known.job.name == *job);
    let jobs: Vec<&str> = BOTH.into_iter().filter(known).collect();
    check_jobs(state, &jobs, what);
    if state.kept != Kept::Rows {
        let alive = state.flink.alive(FIRST);
        let (file, position) = alive[0].start.clone().unwrap();
        let told = format!("file {file} and position {position}");
        let events = state.region.events();
        let event = events.iter().find(|event| event.message.contains("Binary log coordinates")).unwrap();
        assert!(event.message.contains(&told), "{what}: {} against {told}", event.message);
    }
}

/// Each reads green, once, from where it loses nothing.
pub fn check_jobs(state: &State, jobs: &[&str], what: &str) {
    for job in jobs {
        check_job(state, job, &format!("{what}, {job}"));
    }
}

fn check_job(state: &State, job: &str, what: &str) {
    let alive = state.flink.alive(job);
    assert_eq!(alive.len(), 1, "{what}: one job");
    assert_eq!(alive[0].marks.get("upgrade.part").map(String::as_str), Some("green"), "{what}");
    assert!(state.flink.alive(&format!("{job}-drain")).is_empty(), "{what}: no drain is left");
    let start = alive[0].start.clone().unwrap();
    if state.kept == Kept::Rows {
        assert_eq!(start, mirror(state, job), "{what}: at the mirror of where it stood on blue");
    }
}

/// Where green's log has the transaction at which the job was stopped on blue.
fn mirror(state: &State, job: &str) -> (String, u64) {
    let stopped = state.flink.jobs.iter().filter(|known| known.job.name == job);
    let (file, position) = stopped.filter_map(|job| job.stopped.clone()).next_back().unwrap();
    let all = || state.logs.values().flatten();
    let on_blue = all().find(|known| known.start.file == file && known.start.position == position).unwrap();
    let copy = all().find(|known| known.content == on_blue.content && known.start != on_blue.start).unwrap();
    (copy.start.file.clone(), copy.start.position)
}
