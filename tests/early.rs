//! CDC jobs that move to green before the switchover, in a pretended region: whole, cut everywhere, taken back.
#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

mod support;

use std::sync::Arc;

use sandbox::region::{Faults, Mishap, Planned};
use serde_json::Value;
use support::desk::Desk;
use support::world::{State, World};
use upgrade::{
    error::Kind,
    event::{Event, Observer, Outcome},
    playbook,
    runner::{Ending, Engine, Orders, Placed, Run, Started, Stop, Tell, Verbs, journal::Record, may_go_back, way_back},
};

const JOBS: [&str; 2] = ["orders-to-target", "lines-to-target"];

struct Deaf;

impl Observer for Deaf {
    fn on(&mut self, _: &Event) {}
}

fn script(name: &str, host: &str, key: &str) -> String {
    format!(
        "SET 'pipeline.name' = '{name}';
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
    fn new(state: &State, jobs: usize, gate: bool) -> Self {
        Self::with_key(state, jobs, gate, ", PRIMARY KEY (id) NOT ENFORCED")
    }

    fn with_key(state: &State, jobs: usize, gate: bool, key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = state.region.cluster("orders").unwrap().endpoint.clone();
        let mut text = "version: 1
name: orders
target: { aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }
mysql: { user: upgrade, password: { env: PASSWORD } }
flink: { rest: 'http://flink:8081', sql_gateway: 'http://flink:8083', savepoints: 'file:///savepoints' }
secrets: { CDC: { env: CDC } }
cdc_jobs:
"
        .to_owned();
        for name in &JOBS[..jobs] {
            std::fs::write(folder.path().join(format!("{name}.sql")), script(name, &host, key)).unwrap();
            text.push_str(&format!("  - {{ name: {name}, flink_sql: {{ script: {name}.sql }} }}\n"));
        }
        text.push_str("steps: [");
        text.push_str(if key.is_empty() { "" } else { "precheck, " });
        text.push_str("create_blue_green: { name: orders-80 }, sync_parameter_group, reboot_green, move_cdc_jobs, ");
        text.push_str(if gate { "approve, " } else { "" });
        text.push_str("switchover, repoint_cdc_jobs]\n");
        std::fs::write(folder.path().join("playbook.yaml"), &text).unwrap();
        let playbook = playbook::parse(&text, "playbook.yaml", folder.path()).map_err(|found| found.render(false));
        Self { playbook: Arc::new(playbook.unwrap()), folder: Arc::new(folder) }
    }

    /// The same with one more step.
    fn and(self, step: &str) -> Self {
        let text = std::fs::read_to_string(self.folder.path().join("playbook.yaml")).unwrap();
        let text = text.replace("repoint_cdc_jobs]", &format!("repoint_cdc_jobs, {step}]"));
        let playbook = playbook::parse(&text, "playbook.yaml", self.folder.path());
        Self { playbook: Arc::new(playbook.map_err(|found| found.render(false)).unwrap()), ..self }
    }

    fn run(&self) -> Run {
        self.started().run
    }

    /// One call of `upgrade run`.
    fn call(&self, world: &World, approve: bool, until: Option<&str>) -> Ending {
        let started = self.started();
        if started.run.finished.is_some() {
            let exit_code = 0;
            return Ending { exit_code, ..Ending::aborted() };
        }
        let approve = if approve { vec!["approve".to_owned()] } else { Vec::new() };
        let orders = Orders { until: until.map(str::to_owned), approve, who: "t@h".to_owned() };
        self.engine(world, started, self.steps(), orders)
    }

    /// One call of `upgrade abort`.
    fn abort(&self, world: &World) -> Ending {
        let mut started = self.started();
        if started.run.finished.is_some() {
            return Ending::aborted();
        }
        may_go_back(&started.run).unwrap();
        if started.run.aborting.is_none() {
            self.append(&mut started, Record::AbortStarted { who: "t@h".to_owned() });
        }
        let steps = way_back(&started.run, &self.playbook).unwrap();
        self.engine(world, started, steps, Orders::default())
    }

    fn aborted(&self, world: &World, what: &str) {
        let mut last = None;
        for _ in 0..2 {
            let ending = self.abort(world);
            if ending.exit_code == 0 {
                assert_eq!(ending.outcome, Outcome::Aborted, "{what}");
                return assert_eq!(self.run().finished, Some(Outcome::Aborted), "{what}");
            }
            last = Some(ending);
        }
        panic!("{what}: {last:?}");
    }

    fn engine(&self, world: &World, started: Started, steps: Vec<Placed>, orders: Orders) -> Ending {
        let ports = (world.read(), world.writer(self.folder.path().join("artifacts")));
        let verbs = Verbs::new("playbook.yaml", None);
        let mut deaf = Deaf;
        let tell = Tell::new(&mut deaf);
        let engine =
            Engine::new(Arc::clone(&self.playbook), steps, ports, started, orders, verbs, Stop::default(), tell);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(engine.run())
    }

    fn artifact(&self, job: &str, name: &str) -> Value {
        let path = self.folder.path().join("artifacts").join(job).join(name);
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
}

fn world(jobs: usize, faults: Faults) -> World {
    let mut state = State::aurora(faults);
    let host = state.region.cluster("orders").unwrap().endpoint.clone();
    let now = state.region.now();
    for name in &JOBS[1..jobs] {
        state.flink.add_job(name, &host, now - 3_600_000);
    }
    World::new(state)
}

fn part(state: &State, job: &str, what: &str) -> String {
    let alive = state.flink.alive(job);
    assert_eq!(alive.len(), 1, "{what}: one job {job}");
    alive[0].marks.get("upgrade.part").cloned().unwrap_or_default()
}

/// Every job reads green at its own address, from the mirror of the transaction in which it stood.
fn on_green(state: &State, desk: &Desk, jobs: usize, what: &str) {
    let production = state.region.cluster("orders").unwrap().endpoint.clone();
    for name in &JOBS[..jobs] {
        assert_eq!(part(state, name, what), "early", "{what}");
        let alive = state.flink.alive(name);
        assert_ne!(alive[0].host, production, "{what}: green's own address");
        assert_eq!(alive[0].restored, None, "{what}: without state");
        let early = desk.artifact(name, "early.json");
        let uuid = |side: &str| early[side]["server_uuid"].as_str().unwrap().to_owned();
        let at = |log: &str, position: &Value| {
            let found = state.logs[log].iter().find(|found| Some(found.start.position) == position.as_u64());
            found.unwrap_or_else(|| panic!("{what}: a transaction begins at {position}")).clone()
        };
        let (stood, start) =
            (at(&uuid("blue"), &early["offsets"][0]["position"]), at(&uuid("green"), &early["start"]["position"]));
        assert_eq!((stood.content, stood.server_id), (start.content, start.server_id), "{what}: the same transaction");
        assert_eq!(alive[0].start.as_ref().map(|(_, position)| *position), Some(start.start.position), "{what}");
        assert!(early["proof"]["job_id"].is_string(), "{what}: proven");
    }
}

/// Every job reads green at the production address, from its own state.
fn at_production(state: &State, desk: &Desk, jobs: usize, what: &str) {
    let production = state.region.cluster("orders").unwrap();
    assert!(production.version.starts_with("8.0"), "{what}: production is {}", production.version);
    for name in &JOBS[..jobs] {
        assert_eq!(part(state, name, what), "green", "{what}");
        let alive = state.flink.alive(name);
        assert_eq!(alive[0].host, production.endpoint, "{what}");
        // Where it had read nothing of green's own it starts at its place, without state.
        assert!(alive[0].restored.is_some() != alive[0].start.is_some(), "{what}: from its own state or place");
        assert!(desk.artifact(name, "repointed.json")["proof"]["job_id"].is_string(), "{what}: proven");
    }
    assert_eq!(state.applied("SwitchoverBlueGreenDeployment"), 1, "{what}");
}

fn at_blue(state: &State, jobs: usize, stopped: bool, what: &str) {
    let blue = state.region.cluster("orders").unwrap();
    assert!(blue.version.starts_with("5.7"), "{what}: production is {}", blue.version);
    for name in &JOBS[..jobs] {
        assert_eq!(part(state, name, what), if stopped { "back" } else { "" }, "{what}");
        let alive = state.flink.alive(name);
        assert_eq!(alive[0].host, blue.endpoint, "{what}: its own address");
        assert_eq!(alive[0].start, None, "{what}: as its script says");
        let from = alive[0].restored.as_deref();
        assert_eq!(from.is_some_and(|path| path.contains("savepoint-")), stopped, "{what}: from its savepoint");
    }
}

#[test]
fn jobs_move_before_the_switchover_and_are_pointed_at_production_after_it() {
    for jobs in [1, 2] {
        let world = world(jobs, Faults::default());
        let desk = Desk::new(&world.state(), jobs, true);
        assert_eq!(desk.call(&world, false, Some("move_cdc_jobs")).exit_code, 0);
        on_green(&world.state(), &desk, jobs, "moved");
        let ending = desk.call(&world, false, None);
        assert_eq!(ending.exit_code, 5, "the gate: {ending:?}");
        on_green(&world.state(), &desk, jobs, "at the gate");
        let ending = desk.call(&world, true, None);
        assert_eq!(ending.exit_code, 0, "{ending:?}");
        at_production(&world.state(), &desk, jobs, "done");
        assert_eq!(world.state().flink.submits, 2 * jobs);
        for name in &JOBS[..jobs] {
            for page in ["early.md", "repointed.md"] {
                let text = std::fs::read_to_string(desk.folder.path().join("artifacts").join(name).join(page)).unwrap();
                assert!(text.contains("## Proof") && text.contains("server_uuid"), "{text}");
            }
        }
    }
}

/// The answer of the check of the rows touched, in the proof of one job.
fn rows_touched(desk: &Desk, job: &str, name: &str) -> (String, String) {
    let evidence = desk.artifact(job, name);
    let checks = evidence["proof"]["checks"].as_array().unwrap().clone();
    let of = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let check = checks.iter().find(|check| of(check, "what").starts_with("the rows touched")).unwrap();
    (of(check, "query"), of(check, "answer"))
}

/// A reader that is restored from a state of blue's skips the first rows that green writes itself, and then commits green's
/// own places as if nothing were.
#[test]
fn the_start_at_production_is_made_ready_before_the_switchover() {
    let world = world(2, Faults::default());
    let desk = Desk::new(&world.state(), 2, true);
    assert_eq!(desk.call(&world, false, None).exit_code, 5);
    assert_eq!(world.state().flink.staged, [], "nothing hurries before the gate");
    assert_eq!(desk.call(&world, true, None).exit_code, 0);
    let staged: Vec<_> = world.state().flink.staged.iter().map(|(session, alive)| (session.clone(), *alive)).collect();
    assert_eq!(staged.len(), 2, "{staged:?}");
    assert!(staged.iter().zip(JOBS).all(|((session, alive), job)| session.ends_with(job) && *alive == 2), "{staged:?}");
}

#[test]
fn rows_since_the_move_can_be_compared_alone() {
    let world = world(2, Faults::default());
    let desk = Desk::new(&world.state(), 2, false).and("verify_data: { scope: handover }");
    assert_eq!(desk.call(&world, false, Some("repoint_cdc_jobs")).exit_code, 0);
    world.state().lost.push(1..=u128::MAX);
    let ending = desk.call(&world, false, None);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains("rows of the sinks differ from their sources"), "{error}");
    assert!(error.causes.iter().any(|cause| cause.starts_with("t.t id = ")), "{error:?}");
    world.state().lost.clear();
    assert_eq!(desk.call(&world, false, None).exit_code, 0);
}

#[test]
fn a_job_that_lost_rows_at_the_switchover_is_not_believed() {
    for jobs in [1, 2] {
        let world = world(jobs, Faults::default());
        let desk = Desk::new(&world.state(), jobs, false);
        assert_eq!(desk.call(&world, false, Some("switchover")).exit_code, 0);
        pass(&world, 60);
        let lost = world.state().first_own();
        world.state().lost.push(lost..=lost);
        let ending = desk.call(&world, false, None);
        assert_eq!(ending.exit_code, 4, "{ending:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains("rows of its sink differ") && error.message.contains("1 missing"), "{error}");
        assert_eq!(error.causes, [format!("t.t id = {lost}")]);
        assert!(error.hint.unwrap().contains("resolve PLAYBOOK repoint_cdc_jobs --as done"));
        let submits = world.state().flink.submits;
        assert!(
            !desk.folder.path().join("artifacts").join(JOBS[0]).join("repointed.md").exists(),
            "nothing is attested"
        );
        assert_eq!(desk.call(&world, false, None).exit_code, 4, "nor when it is looked at again");
        world.state().lost.clear();
        let ending = desk.call(&world, false, None);
        assert_eq!(ending.exit_code, 0, "{ending:?}");
        assert_eq!(world.state().flink.submits, submits, "the job was left as it is");
        at_production(&world.state(), &desk, jobs, "mended");
    }
}

/// While green is still a replica: the gate does not open before the rows are equal.
#[test]
fn a_job_that_lost_rows_in_the_move_keeps_the_switchover_from_being_asked_for() {
    let world = world(1, Faults::default());
    let desk = Desk::new(&world.state(), 1, false);
    world.state().lost.push(0..=u128::MAX);
    let ending = desk.call(&world, false, None);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains("rows of its sink differ"), "{error}");
    assert!(error.hint.unwrap().contains("resolve PLAYBOOK move_cdc_jobs --as done"));
    assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 0);
    world.state().lost.clear();
    assert_eq!(desk.call(&world, false, None).exit_code, 0);
    let (query, answer) = rows_touched(&desk, JOBS[0], "early.json");
    assert!(query.contains("every row green logged from ") && !answer.starts_with("0 "), "{query}: {answer}");
    at_production(&world.state(), &desk, 1, "mended");
}

/// The job lost rows while it was restarted by Flink, between the switchover and its stop: its state is behind them.
#[test]
fn the_rows_since_the_switchover_are_compared_and_not_only_those_since_the_state() {
    let world = world(1, Faults::default());
    // Otherwise the job is stopped before it has read any of them.
    world.state().own_addresses = false;
    let desk = Desk::new(&world.state(), 1, false);
    assert_eq!(desk.call(&world, false, Some("switchover")).exit_code, 0);
    pass(&world, 60);
    assert_eq!(desk.call(&world, false, None).exit_code, 0);
    let (query, answer) = rows_touched(&desk, JOBS[0], "repointed.json");
    let evidence = desk.artifact(JOBS[0], "repointed.json");
    let green = evidence["green"]["server_uuid"].as_str().unwrap().to_owned();
    let state = world.state();
    let own = state.first_own();
    let is_own = |found: &&upgrade::port::binlog::Transaction| matches!(found.content, upgrade::port::binlog::Content::Rows { fingerprint, .. } if fingerprint == own);
    let first = state.logs[&green].iter().find(is_own).unwrap().start.clone();
    let stood = evidence["offsets"][0]["position"].as_u64().unwrap();
    assert!(stood > first.position, "the state names green: {stood} against {first}");
    assert!(query.contains(&format!("from {first} on")), "{query}");
    assert!(answer.contains("rows touched") && !answer.starts_with("0 "), "{answer}");
}

#[test]
fn a_green_that_does_not_log_what_it_applies_stops_nothing() {
    let world = world(1, Faults::default());
    world.state().silent = true;
    let desk = Desk::new(&world.state(), 1, false);
    let ending = desk.call(&world, false, None);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains("cannot move early"), "{error}");
    assert!(error.hint.unwrap().contains("`stop_cdc_jobs` before `switchover`"));
    assert_eq!(world.state().flink.writes, 0, "nothing was stopped");
    at_blue(&world.state(), 1, false, "silent");
    desk.aborted(&world, "silent");
    assert!(world.state().region.deployments().is_empty());
}

#[test]
fn a_job_whose_replay_is_not_safe_is_not_stopped() {
    let world = world(1, Faults::default());
    let desk = Desk::with_key(&world.state(), 1, false, "");
    let ending = desk.call(&world, false, None);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    assert!(ending.error.unwrap().message.contains("a replay is not safe"));
    assert_eq!(world.state().flink.writes, 0, "nothing was stopped");
}

#[test]
fn a_job_whose_tail_cannot_be_found_goes_back_to_blue() {
    let world = world(1, Faults::default());
    world.state().define_at_stop = true;
    let desk = Desk::new(&world.state(), 1, false);
    let ending = desk.call(&world, false, None);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.causes.iter().any(|cause| cause.contains("ALTER TABLE")), "{error:?}");
    assert!(error.unchanged.unwrap().contains("runs at blue again"));
    at_blue(&world.state(), 1, true, "put back");
    // Typed again, with the change behind it, it moves.
    world.state().define_at_stop = false;
    let ending = desk.call(&world, false, None);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    at_production(&world.state(), &desk, 1, "the second time");
}

#[test]
fn a_switchover_that_is_cancelled_leaves_the_jobs_where_they_are() {
    let mishap = Mishap::SwitchoverCancelled { reason: "the replica lag is too high".to_owned() };
    let faults = Faults { mishaps: vec![Planned { mishap, times: 1, struck: 0 }], ..Faults::default() };
    let world = world(1, faults);
    let desk = Desk::new(&world.state(), 1, true);
    let ending = desk.call(&world, true, None);
    assert_eq!(ending.exit_code, 5, "{ending:?}");
    assert!(ending.error.unwrap().message.contains("rolled back"));
    on_green(&world.state(), &desk, 1, "cancelled");
    assert_eq!(world.state().flink.submits, 1);
    let ending = desk.call(&world, true, None);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    assert_eq!(part(&world.state(), JOBS[0], "done"), "green");
    assert_eq!(world.state().flink.submits, 2);
}

#[test]
fn a_job_goes_on_where_the_name_it_reads_is_gone() {
    for when_gone in [None, Some("RESTARTING"), Some("FAILED")] {
        let what = format!("{when_gone:?}");
        let world = world(2, Faults::default());
        let desk = Desk::new(&world.state(), 2, false);
        assert_eq!(desk.call(&world, false, Some("move_cdc_jobs")).exit_code, 0);
        let own = world.state().flink.alive(JOBS[0])[0].host.clone();
        world.state().flink.when_gone = when_gone;
        assert_eq!(desk.call(&world, false, Some("switchover")).exit_code, 0);
        pass(&world, 3600);
        assert!(world.state().servers.at(&own).is_none(), "{own} is gone");
        let ending = desk.call(&world, false, None);
        assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
        at_production(&world.state(), &desk, 2, &what);
        let state = world.state();
        let ended =
            state.flink.jobs.iter().filter(|job| job.marks.get("upgrade.part").is_some_and(|part| part == "early"));
        let states: Vec<_> = ended.map(|job| job.job.state.clone()).collect();
        let expected = match when_gone {
            None | Some("RESTARTING") => "CANCELED",
            Some(state) => state,
        };
        assert_eq!(states, [expected; 2], "{what}");
    }
}

fn pass(world: &World, seconds: u64) {
    use upgrade::port::clock::Clock;
    drop(world.sleep(std::time::Duration::from_secs(seconds)));
}

/// Tries `resume` at every end of a line beyond `from`, in the world as it was then.
fn cuts(world: &World, whole: &[u8], from: usize, resume: impl Fn(&[u8], &State, &str)) -> usize {
    let moments = world.moments();
    let ends = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let mut cuts = 0;
    for end in ends.filter(|end| *end >= from) {
        let Some(first) = moments.iter().find(|moment| moment.journal >= end as u64) else { continue };
        let here: Vec<_> = moments.iter().filter(|moment| moment.journal == first.journal).collect();
        let worlds = if first.journal == end as u64 { here } else { vec![first] };
        for moment in worlds {
            resume(&whole[..end], &moment.state, &format!("cut at {end} ({})", moment.what));
            cuts += 1;
        }
    }
    cuts
}

#[test]
fn every_cut_of_an_early_move_ends_in_the_same_world() {
    let world = world(1, Faults::default());
    let desk = Desk::new(&world.state(), 1, false);
    assert_eq!(desk.call(&world, false, Some("reboot_green")).exit_code, 0);
    let from = std::fs::read(desk.journal()).unwrap().len();
    world.watch(&desk.journal());
    assert_eq!(desk.call(&world, false, None).exit_code, 0);
    let whole = std::fs::read(desk.journal()).unwrap();
    let cuts = cuts(&world, &whole, from, |journal, state, what| {
        let world = World::new(state.clone());
        let again = Desk::new(&world.state(), 1, false);
        std::fs::write(again.journal(), journal).unwrap();
        let ending = again.call(&world, false, None);
        assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
        let state = world.state();
        assert_eq!(part(&state, JOBS[0], what), "green", "{what}");
        assert_eq!(state.flink.alive(JOBS[0])[0].host, state.region.cluster("orders").unwrap().endpoint, "{what}");
        assert_eq!(state.applied("SwitchoverBlueGreenDeployment"), 1, "{what}");
        assert_eq!(state.flink.submits, 2, "{what}: started once early and once at production");
    });
    assert!(cuts > 30, "{cuts} cuts");
    for write in ["stop job", "submit job"] {
        assert!(world.moments().iter().any(|moment| moment.what == format!("after {write}")), "after {write}");
    }
}

#[test]
fn a_lost_answer_starts_no_second_job() {
    for started in [true, false] {
        let world = world(1, Faults::default());
        let desk = Desk::new(&world.state(), 1, false);
        for step in ["reboot_green", "switchover"] {
            assert_eq!(desk.call(&world, false, Some(step)).exit_code, 0);
            world.state().flink.lose_reply = started;
            world.state().flink.lose_call = !started;
        }
        let ending = desk.call(&world, false, None);
        assert_eq!(ending.exit_code, 0, "{ending:?}");
        at_production(&world.state(), &desk, 1, "a lost answer");
        assert_eq!(world.state().flink.submits, 2, "one start each");
    }
}

/// The run dies at every moment before its switchover, and is aborted in the world as it was then.
#[test]
fn an_abort_at_every_moment_of_the_move_ends_at_blue() {
    let world = world(1, Faults::default());
    let desk = Desk::new(&world.state(), 1, false);
    assert_eq!(desk.call(&world, false, Some("reboot_green")).exit_code, 0);
    let from = std::fs::read(desk.journal()).unwrap().len();
    world.watch(&desk.journal());
    assert_eq!(desk.call(&world, false, Some("move_cdc_jobs")).exit_code, 0);
    let whole = std::fs::read(desk.journal()).unwrap();
    let cuts = cuts(&world, &whole, from, |journal, state, what| {
        let stopped = state.flink.jobs[0].job.ended();
        let world = World::new(state.clone());
        let again = Desk::new(&world.state(), 1, false);
        std::fs::write(again.journal(), journal).unwrap();
        again.aborted(&world, what);
        at_blue(&world.state(), 1, stopped, what);
        assert!(world.state().region.deployments().is_empty(), "{what}: green is gone");
    });
    assert!(cuts >= 10, "{cuts} cuts");
}

#[test]
fn every_cut_of_an_abort_after_the_move_ends_at_blue() {
    let world = world(2, Faults::default());
    let desk = Desk::new(&world.state(), 2, false);
    assert_eq!(desk.call(&world, false, Some("move_cdc_jobs")).exit_code, 0);
    let from = std::fs::read(desk.journal()).unwrap().len() + 1;
    world.watch(&desk.journal());
    desk.aborted(&world, "whole");
    at_blue(&world.state(), 2, true, "whole");
    let whole = std::fs::read(desk.journal()).unwrap();
    let cuts = cuts(&world, &whole, from, |journal, state, what| {
        let world = World::new(state.clone());
        let again = Desk::new(&world.state(), 2, false);
        std::fs::write(again.journal(), journal).unwrap();
        again.aborted(&world, what);
        at_blue(&world.state(), 2, true, what);
        assert_eq!(world.state().flink.submits, 4, "{what}: each job is put back once");
    });
    assert!(cuts > 10, "{cuts} cuts");
}

#[test]
fn after_the_switchover_there_is_no_way_back() {
    let world = world(1, Faults::default());
    let desk = Desk::new(&world.state(), 1, false);
    assert_eq!(desk.call(&world, false, Some("switchover")).exit_code, 0);
    assert_eq!(may_go_back(&desk.run()).unwrap_err().kind, Kind::Drift);
}
