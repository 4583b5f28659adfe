//! What keeps a job from being started, or believed, where it must not be: each guard is met once by the thing it is
//! there for. `docs/testing.md` tells which of these goes red when a guard is taken out.
#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

mod ports;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the tests of whole runs use more of it")]
mod support;

use std::{sync::Arc, time::Duration};

use ports::{Oddity, STRANGE_ID, STRANGER};
use sandbox::region::{Faults, ServerId};
use serde_json::Value;
use support::{
    desk::{Desk, RUN},
    world::{Kept, State, World},
};
use upgrade::{
    event::{Event, Observer},
    playbook,
    port::{binlog::Content, clock::Clock as _},
    runner::{Ending, Engine, Orders, Stop, Tell, Verbs},
};

const JOB: &str = "orders-to-target";

struct Nobody;

impl Observer for Nobody {
    fn on(&mut self, _: &Event) {}
}

/// One job with a sink of this key.
fn script(host: &str, key: &str) -> String {
    format!(
        "SET 'pipeline.name' = '{JOB}';
CREATE TABLE s (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'mysql-cdc', 'hostname' = '{host}', 'port' = '3306', 'username' = 'cdc',
  'password' = '${{secret:CDC}}', 'database-name' = 'source', 'table-name' = 'source_table');
CREATE TABLE t (id INT{key}) WITH ('connector' = 'jdbc', 'url' = 'jdbc:mysql://sink:3306/t',
  'table-name' = 't', 'username' = 'u', 'password' = '${{secret:CDC}}');
INSERT INTO t SELECT * FROM s;
"
    )
}

impl Desk {
    fn new(world: &World) -> Self {
        Self::with(world, ", PRIMARY KEY (id) NOT ENFORCED", "capture_coordinates")
    }

    fn with(world: &World, key: &str, capture: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("job.sql"), script(&production(world), key)).unwrap();
        let text = format!(
            "version: 1
name: orders
target: {{ aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }}
mysql: {{ user: upgrade, password: {{ env: PASSWORD }} }}
flink: {{ rest: 'http://flink:8081', sql_gateway: 'http://flink:8083', savepoints: 'file:///savepoints' }}
secrets: {{ CDC: {{ env: CDC }} }}
cdc_jobs: [{{ name: {JOB}, flink_sql: {{ script: job.sql }} }}]
steps:
  - create_blue_green: {{ name: orders-80 }}
  - stop_cdc_jobs
  - switchover
  - {capture}
  - submit_cdc_jobs
"
        );
        let playbook = playbook::parse(&text, "playbook.yaml", folder.path()).map_err(|found| found.render(false));
        Self { playbook: Arc::new(playbook.unwrap()), folder: Arc::new(folder) }
    }

    /// One call of the program, up to and with a step.
    fn call(&self, world: &World, oddity: &Oddity, until: Option<&str>) -> Ending {
        let orders = Orders { until: until.map(str::to_owned), approve: Vec::new(), who: "tester@here".to_owned() };
        let ports = (ports::read(world, oddity), world.writer(self.folder.path().join("artifacts")));
        let verbs = Verbs::new("playbook.yaml", None);
        let mut nobody = Nobody;
        let tell = Tell::new(&mut nobody);
        let (steps, started) = (self.steps(), self.started());
        let engine =
            Engine::new(Arc::clone(&self.playbook), steps, ports, started, orders, verbs, Stop::default(), tell);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(engine.run())
    }

    fn up_to(&self, world: &World, step: &str) {
        let ending = self.call(world, &Oddity::default(), Some(step));
        assert_eq!(ending.exit_code, 0, "{ending:?}");
    }

    /// The rest of the run is refused, and nothing was started for it.
    fn refused(&self, world: &World, oddity: &Oddity, code: u8, why: &str) {
        let ending = self.call(world, oddity, None);
        assert_eq!(i64::from(ending.exit_code), i64::from(code), "{ending:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains(why), "{error}");
        assert_eq!(world.state().flink.submits, 0, "no job was started");
    }

    fn handover(&self) -> Value {
        let path = self.folder.path().join("artifacts").join(JOB).join("handover.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
}

fn world() -> World {
    World::new(State::aurora(Faults::default()))
}

fn production(world: &World) -> String {
    world.state().region.cluster("orders").unwrap().endpoint.clone()
}

/// The server that answers at a host shows itself as somebody else.
fn stranger_at(world: &World, host: String) -> Oddity {
    let state = world.state();
    let server = state.servers.at(&host).and_then(|id| state.servers.server(id)).unwrap();
    Oddity { stranger: Some((host, server.server_uuid.clone())), ..Oddity::default() }
}

#[test]
fn a_switchover_that_leads_to_a_stranger_is_not_believed() {
    let world = world();
    let desk = Desk::new(&world);
    desk.up_to(&world, "stop_cdc_jobs");
    let green = {
        let state = world.state();
        state.servers.all().find(|server| server.replicates_from.is_some()).unwrap().server_uuid.clone()
    };
    let oddity = Oddity { stranger: Some((production(&world), green)), ..Oddity::default() };
    desk.refused(&world, &oddity, 7, "neither blue nor green");
}

#[test]
fn coordinates_are_not_captured_from_a_stranger() {
    let world = world();
    let desk = Desk::new(&world);
    desk.up_to(&world, "switchover");
    let oddity = stranger_at(&world, production(&world));
    let ending = desk.call(&world, &oddity, Some("capture_coordinates"));
    assert_eq!(ending.exit_code, 7, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains(&format!("leads to server {STRANGER}")), "{error}");
}

#[test]
fn no_job_is_started_on_a_stranger_at_the_production_address() {
    let world = world();
    let desk = Desk::new(&world);
    desk.up_to(&world, "capture_coordinates");
    let oddity = stranger_at(&world, production(&world));
    desk.refused(&world, &oddity, 7, "does not lead to green");
}

#[test]
fn a_stranger_in_the_place_of_the_old_side_has_no_end_to_read_to() {
    let world = world();
    world.state().own_addresses = false;
    let desk = Desk::new(&world);
    desk.up_to(&world, "capture_coordinates");
    let old = world.state().region.cluster("orders-old1").unwrap().endpoint.clone();
    let oddity = stranger_at(&world, old);
    desk.refused(&world, &oddity, 7, "Expected blue (");
}

#[test]
fn an_old_side_that_takes_writes_has_no_end_to_read_to() {
    let world = world();
    let desk = Desk::new(&world);
    desk.up_to(&world, "capture_coordinates");
    world.state().servers.server_mut(&ServerId("blue".to_owned())).unwrap().read_only = false;
    desk.refused(&world, &Oddity::default(), 7, "takes writes");
}

#[test]
fn a_job_whose_offset_names_a_stranger_is_not_believed() {
    for (kept, who) in [(Kept::Rows, "orders-to-target on green"), (Kept::Statements, "The drain of orders-to-target")]
    {
        let world = world();
        world.state().kept = kept;
        let desk = Desk::new(&world);
        desk.up_to(&world, "capture_coordinates");
        let oddity = Oddity { strange_offsets: true, ..Oddity::default() };
        let ending = desk.call(&world, &oddity, None);
        assert_eq!(ending.exit_code, 7, "{kept:?}: {ending:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains(&format!("{who} reads a server with server_id {STRANGE_ID}")), "{error}");
    }
}

#[test]
fn a_job_on_green_without_the_evidence_of_its_start_is_not_believed() {
    let world = world();
    let desk = Desk::new(&world);
    desk.up_to(&world, "capture_coordinates");
    let host = production(&world);
    {
        let mut state = world.state();
        let now = state.region.now();
        state.flink.add_job(JOB, &host, now);
        let marks = [("upgrade.run", RUN), ("upgrade.job", JOB), ("upgrade.part", "green")];
        state.flink.jobs.last_mut().unwrap().marks =
            marks.map(|(mark, value)| (mark.to_owned(), value.to_owned())).into();
    }
    desk.refused(&world, &Oddity::default(), 7, "no evidence of its start is recorded");
}

#[test]
fn a_row_that_the_sink_lacks_is_told_by_its_key() {
    let world = world();
    let desk = Desk::new(&world);
    let ending = desk.call(&world, &Oddity { lost_row: true, ..Oddity::default() }, None);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains("rows of its sink differ"), "{error}");
    assert!(error.causes.iter().any(|cause| cause.contains("id = 1")), "{error:?}");
    assert_eq!(desk.handover()["proof"], Value::Null, "it was not proven");
}

#[test]
fn a_sink_that_takes_no_change_twice_is_drained_first() {
    let world = world();
    let desk = Desk::with(&world, "", "capture_coordinates");
    let ending = desk.call(&world, &Oddity::default(), None);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    assert_eq!(desk.handover()["tail"]["way"], "drained");
    assert_eq!(world.state().flink.submits, 2, "a drain, and the job on green");
}

#[test]
fn with_gtid_a_job_starts_after_the_complete_set_and_at_no_position() {
    let world = world();
    let desk = Desk::new(&world);
    let ending = desk.call(&world, &Oddity { gtid: true, ..Oddity::default() }, None);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    let state = world.state();
    let alive = state.flink.alive(JOB);
    assert_eq!(alive[0].start, None, "no file and position");
    let tail = &desk.handover()["tail"];
    let green = state.servers.at(&alive[0].host).and_then(|id| state.servers.server(id)).unwrap();
    let start = tail["start"]["position"].as_u64().unwrap();
    let before = state.logs[&green.server_uuid].iter().take_while(|one| one.start.position != start);
    let before: Vec<_> = before.collect();
    assert!(!before.is_empty() && before.len() < state.logs[&green.server_uuid].len());
    let blue = state.servers.server(&ServerId("blue".to_owned())).unwrap();
    // All from the first one on, those too that green was made with.
    let Content::Rows { fingerprint: last, .. } = before[before.len() - 1].content else { panic!("{before:?}") };
    let Content::Rows { fingerprint: first, .. } = before[0].content else { panic!("{before:?}") };
    assert!(first > 1, "green was made with some");
    assert_eq!(tail["gtid_set"], format!("{}:1-{last}", blue.server_uuid));
}

#[test]
fn with_gtid_a_drained_job_starts_after_the_complete_set_too() {
    let world = world();
    let desk = Desk::with(&world, "", "capture_coordinates");
    let ending = desk.call(&world, &Oddity { gtid: true, ..Oddity::default() }, None);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    let handover = desk.handover();
    assert_eq!(handover["tail"]["way"], "drained");
    assert!(handover["tail"]["gtid_set"].as_str().unwrap().contains(":1-"), "{handover}");
    assert_eq!(world.state().flink.alive(JOB)[0].start, None, "no file and position");
}

#[test]
fn coordinates_that_greens_log_does_not_bear_out_are_not_taken() {
    // Where green's log has its first transactions of blue is the same in every run.
    let world = world();
    Desk::new(&world).up_to(&world, "switchover");
    let place = {
        let state = world.state();
        let green = state.servers.at(&state.region.cluster("orders").unwrap().endpoint).cloned().unwrap();
        let uuid = &state.servers.server(&green).unwrap().server_uuid;
        state.logs[uuid][0].end.clone()
    };
    // By hand.
    let again = self::world();
    let capture = format!("capture_coordinates: {{ file: {}, position: {} }}", place.file, place.position);
    let desk = Desk::with(&again, ", PRIMARY KEY (id) NOT ENFORCED", &capture);
    desk.refused(&again, &Oddity::default(), 8, "stand behind");
    // By an event: one that is there when it is asked for, and one that comes when the job already reads green.
    for (early, said) in
        [(true, "green's log does not agree"), (false, "and the jobs were started by what green's log shows")]
    {
        let mut faults = Faults::default();
        faults.coordinates.copies = 0;
        faults.coordinates.rival = Some((place.file.clone(), place.position));
        faults.coordinates.after_completed = if early { -60_000 } else { -8_000 };
        let world = World::new(State::aurora(faults));
        // The step ends once the names have moved, as the times above suppose.
        world.state().own_addresses = false;
        let desk = Desk::new(&world);
        desk.up_to(&world, "switchover");
        if early {
            drop(world.sleep(Duration::from_secs(10)));
        }
        let ending = desk.call(&world, &Oddity::default(), None);
        assert_eq!(ending.exit_code, 8, "{said}: {ending:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains(&place.to_string()) && error.message.contains(said), "{error}");
        assert_eq!(world.state().flink.submits, usize::from(!early));
    }
}
