//! The way back before it is too late: rolled-back switchovers and aborted runs, cut and disturbed everywhere.
#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

mod support;

use std::sync::Arc;

use sandbox::region::{Action, Breakage, Calls, Fault, Faults, Mishap, Planned, Rule};
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

fn script(name: &str, host: &str) -> String {
    format!(
        "SET 'pipeline.name' = '{name}';
CREATE TABLE s (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'mysql-cdc', 'hostname' = '{host}', 'port' = '3306', 'username' = 'cdc',
  'password' = '${{secret:CDC}}', 'database-name' = 'source', 'table-name' = 'source_table');
CREATE TABLE t (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'jdbc', 'url' = 'jdbc:mysql://sink:3306/t',
  'table-name' = 't', 'username' = 'u', 'password' = '${{secret:CDC}}');
INSERT INTO t SELECT * FROM s;
"
    )
}

impl Desk {
    fn new(state: &State, jobs: usize, gate: bool) -> Self {
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
            std::fs::write(folder.path().join(format!("{name}.sql")), script(name, &host)).unwrap();
            text.push_str(&format!("  - {{ name: {name}, flink_sql: {{ script: {name}.sql }} }}\n"));
        }
        text.push_str("steps: [precheck, create_blue_green: { name: orders-80 }, sync_parameter_group, reboot_green, ");
        text.push_str(if gate { "approve, " } else { "" });
        text.push_str("stop_cdc_jobs, switchover, capture_coordinates, submit_cdc_jobs]\n");
        let playbook = playbook::parse(&text, "playbook.yaml", folder.path()).map_err(|found| found.render(false));
        Self { playbook: Arc::new(playbook.unwrap()), folder: Arc::new(folder) }
    }

    fn run(&self) -> Run {
        self.started().run
    }

    /// One call of `upgrade run`.
    fn call(&self, world: &World, approve: bool, until: Option<&str>) -> Ending {
        let started = self.started();
        assert!(started.run.finished.is_none() && started.run.aborting.is_none());
        let approve = if approve { vec!["approve".to_owned()] } else { Vec::new() };
        self.engine(
            world,
            started,
            self.steps(),
            Orders { until: until.map(str::to_owned), approve, who: "t@h".to_owned() },
        )
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

    /// `upgrade abort` as a patient operator types it.
    fn aborted(&self, world: &World, calls: usize, what: &str) {
        let mut last = None;
        for _ in 0..calls {
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

fn cancelled(times: u32) -> Faults {
    let mishap = Mishap::SwitchoverCancelled { reason: "the replica lag is too high".to_owned() };
    Faults { mishaps: vec![Planned { mishap, times, struck: 0 }], ..Faults::default() }
}

/// Every job runs once, at blue; where it was stopped, from its savepoint and with this run's marks.
fn at_blue(state: &State, jobs: usize, stopped: bool, what: &str) {
    let blue = state.region.cluster("orders").unwrap();
    assert!(blue.version.starts_with("5.7"), "{what}: production is {}", blue.version);
    for name in &JOBS[..jobs] {
        let alive = state.flink.alive(name);
        assert_eq!(alive.len(), 1, "{what}: one job {name}");
        assert_eq!(alive[0].host, blue.endpoint, "{what}: its own address");
        assert_eq!(alive[0].restored.is_some(), stopped, "{what}: {name} from a savepoint");
        assert_eq!(alive[0].start, None, "{what}: {name} as its script says");
        let part = alive[0].marks.get("upgrade.part").map(String::as_str);
        assert_eq!(part, stopped.then_some("back"), "{what}: {name} is marked");
    }
}

/// Nothing of the run is left in AWS.
fn nothing_left(state: &State, what: &str) {
    assert!(state.region.deployments().is_empty(), "{what}: the deployment is gone");
    let greens = state.region.instances().filter(|instance| instance.id.contains("green")).count();
    assert_eq!(greens, 0, "{what}: no instance of green");
    let tables = |action| state.applied(action);
    assert_eq!(
        tables("CreateDBClusterParameterGroup"),
        tables("DeleteDBClusterParameterGroup"),
        "{what}: every group that was made is gone"
    );
    assert_eq!(state.applied("SwitchoverBlueGreenDeployment"), 0, "{what}");
}

#[test]
fn a_rolled_back_switchover_puts_the_jobs_back_and_the_next_consent_stops_them_again() {
    for jobs in [1, 2] {
        let world = world(jobs, cancelled(2));
        let desk = Desk::new(&world.state(), jobs, true);
        for round in 1..=2 {
            let ending = desk.call(&world, true, None);
            assert_eq!(ending.exit_code, 5, "{ending:?}");
            let error = ending.error.unwrap();
            assert!(error.message.contains("rolled back"), "{error}");
            assert!(error.unchanged.unwrap().contains("run at blue again"));
            at_blue(&world.state(), jobs, true, &format!("round {round}"));
            assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), round);
            assert!(desk.run().step("stop_cdc_jobs").unwrap().finished.is_none(), "the stop is open again");
            let ending = desk.call(&world, false, None);
            assert_eq!(ending.exit_code, 5, "a new consent is wanted: {ending:?}");
            at_blue(&world.state(), jobs, true, "while it waits");
        }
        let ending = desk.call(&world, true, None);
        assert_eq!(ending.exit_code, 0, "{ending:?}");
        let state = world.state();
        assert_eq!(state.applied("SwitchoverBlueGreenDeployment"), 3);
        for name in &JOBS[..jobs] {
            let alive = state.flink.alive(name);
            assert_eq!(alive.len(), 1);
            assert_eq!(alive[0].marks.get("upgrade.part").map(String::as_str), Some("green"));
        }
    }
}

#[test]
fn without_a_gate_the_jobs_go_back_as_well_and_a_person_allows_the_next_one() {
    let world = world(1, cancelled(1));
    let desk = Desk::new(&world.state(), 1, false);
    assert_eq!(desk.call(&world, false, None).exit_code, 4);
    at_blue(&world.state(), 1, true, "rolled back");
    let ending = desk.call(&world, false, None);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    at_blue(&world.state(), 1, true, "a second call stops nothing");
    assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 1);
    let mut started = desk.started();
    let retry = Record::Resolved {
        step: "switchover".to_owned(),
        who: "t@h".to_owned(),
        decision: upgrade::runner::journal::Decision::Retry,
        reason: "the lag is gone".to_owned(),
        outputs: serde_json::Value::Null,
    };
    desk.append(&mut started, retry);
    drop(started);
    let ending = desk.call(&world, false, None);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 2);
}

/// For every length the journal had around a rolled-back switchover: a new call ends with the jobs at blue.
#[test]
fn every_cut_of_a_rolled_back_switchover_ends_at_blue() {
    let world = world(2, cancelled(1));
    let desk = Desk::new(&world.state(), 2, true);
    world.watch(&desk.journal());
    assert_eq!(desk.call(&world, true, None).exit_code, 5);
    let whole = std::fs::read(desk.journal()).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let from = text.find("\"stop orders-to-target\"").unwrap();
    let cuts = cuts(&world, &whole, from, |journal, state, what| {
        let world = World::new(state.clone());
        let again = Desk::new(&world.state(), 2, true);
        std::fs::write(again.journal(), journal).unwrap();
        // The consent stands until the switchover was undone; after that it is asked for anew.
        let mut ending = again.call(&world, false, None);
        for _ in 0..2 {
            if ending.exit_code != 5 {
                ending = again.call(&world, false, None);
            }
        }
        assert_eq!(ending.exit_code, 5, "{what}: {ending:?}");
        at_blue(&world.state(), 2, true, what);
        assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 1, "{what}");
        assert_eq!(world.state().flink.submits, 2, "{what}: each job is started once");
    });
    assert!(cuts > 20, "{cuts} cuts");
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
fn a_job_that_cannot_be_put_back_is_named_with_the_command_to_start_it() {
    let world = world(2, cancelled(1));
    let desk = Desk::new(&world.state(), 2, true);
    world.state().flink.refuse = Some("lines-to-target".to_owned());
    let ending = desk.call(&world, true, None);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains("The job lines-to-target is not running"), "{error}");
    assert!(error.hint.unwrap().contains("sql-client.sh gateway --endpoint http://flink:8083"));
    assert!(error.causes.iter().any(|cause| cause.contains("rolled back")), "{:?}", error.causes);
    assert_eq!(world.state().flink.alive(JOBS[0]).len(), 1, "the other one is back");
    world.state().flink.refuse = None;
    assert_eq!(desk.call(&world, false, None).exit_code, 5);
    at_blue(&world.state(), 2, true, "the same command has put it back");
}

#[test]
fn an_abort_after_each_step_leaves_nothing_behind() {
    for step in ["precheck", "create_blue_green", "sync_parameter_group", "reboot_green", "stop_cdc_jobs"] {
        let world = world(2, Faults::default());
        let desk = Desk::new(&world.state(), 2, false);
        assert_eq!(desk.call(&world, false, Some(step)).exit_code, 0);
        desk.aborted(&world, 1, step);
        at_blue(&world.state(), 2, step == "stop_cdc_jobs", step);
        nothing_left(&world.state(), step);
    }
}

#[test]
fn an_abort_after_a_rolled_back_switchover_leaves_the_jobs_where_they_are() {
    let world = world(1, cancelled(1));
    let desk = Desk::new(&world.state(), 1, true);
    assert_eq!(desk.call(&world, true, None).exit_code, 5);
    let submits = world.state().flink.submits;
    desk.aborted(&world, 1, "rolled back");
    at_blue(&world.state(), 1, true, "rolled back");
    assert_eq!(world.state().flink.submits, submits, "the job was back already");
    assert!(world.state().region.deployments().is_empty());
}

/// The run dies at every moment before its switchover, and is aborted in the world as it was then.
#[test]
fn an_abort_at_every_moment_before_the_switchover_leaves_nothing_behind() {
    let world = world(1, Faults::default());
    let desk = Desk::new(&world.state(), 1, false);
    world.watch(&desk.journal());
    assert_eq!(desk.call(&world, false, Some("stop_cdc_jobs")).exit_code, 0);
    let whole = std::fs::read(desk.journal()).unwrap();
    let cuts = cuts(&world, &whole, 0, |journal, state, what| {
        let stopped = state.flink.alive(JOBS[0]).is_empty();
        let world = World::new(state.clone());
        let again = Desk::new(&world.state(), 1, false);
        std::fs::write(again.journal(), journal).unwrap();
        again.aborted(&world, 2, what);
        at_blue(&world.state(), 1, stopped, what);
        nothing_left(&world.state(), what);
    });
    assert!(cuts >= 30, "{cuts} cuts");
}

#[test]
fn every_cut_of_an_abort_ends_in_the_same_world() {
    let world = world(2, Faults::default());
    let desk = Desk::new(&world.state(), 2, false);
    assert_eq!(desk.call(&world, false, Some("stop_cdc_jobs")).exit_code, 0);
    let from = std::fs::read(desk.journal()).unwrap().len() + 1;
    world.watch(&desk.journal());
    desk.aborted(&world, 1, "whole");
    let whole = std::fs::read(desk.journal()).unwrap();
    let cuts = cuts(&world, &whole, from, |journal, state, what| {
        let world = World::new(state.clone());
        let again = Desk::new(&world.state(), 2, false);
        std::fs::write(again.journal(), journal).unwrap();
        again.aborted(&world, 2, what);
        at_blue(&world.state(), 2, true, what);
        nothing_left(&world.state(), what);
        assert_eq!(world.state().flink.submits, 2, "{what}: each job is started once");
    });
    assert!(cuts > 15, "{cuts} cuts");
    let moments = world.moments();
    for write in ["submit job", "delete green", "delete parameter group"] {
        assert!(moments.iter().any(|moment| moment.what == format!("after {write}")), "a cut after {write} was tried");
    }
}

#[test]
fn every_lost_call_of_an_abort_is_looked_at() {
    for action in [Action::DeleteBlueGreenDeployment, Action::DeleteDBClusterParameterGroup] {
        for fault in [
            Fault::ReplyLost(Breakage::Closed),
            Fault::CallLost(Breakage::Reset),
            Fault::Throttle,
            Fault::Internal,
            Fault::HtmlUnavailable,
        ] {
            let what = format!("{} with {fault:?}", action.name());
            let rule = Rule::new(action, Calls::Nth(1), fault);
            let world = world(1, Faults { rules: vec![rule], ..Faults::default() });
            let desk = Desk::new(&world.state(), 1, false);
            assert_eq!(desk.call(&world, false, Some("stop_cdc_jobs")).exit_code, 0);
            desk.aborted(&world, 2, &what);
            let mut state = world.state();
            assert_eq!(state.region.faults().rules[0].struck, 1, "{what} was reached");
            at_blue(&state, 1, true, &what);
            nothing_left(&state, &what);
            assert_eq!(state.applied(action.name()), 1, "{what}: it took effect once");
        }
    }
    for started in [true, false] {
        let world = world(1, Faults::default());
        let desk = Desk::new(&world.state(), 1, false);
        assert_eq!(desk.call(&world, false, Some("stop_cdc_jobs")).exit_code, 0);
        world.state().flink.lose_reply = started;
        world.state().flink.lose_call = !started;
        desk.aborted(&world, 2, "a lost submit");
        at_blue(&world.state(), 1, true, "a lost submit");
        assert_eq!(world.state().flink.submits, 1, "one job was started");
    }
}

#[test]
fn a_switchover_that_was_called_is_no_longer_aborted() {
    for fault in [None, Some(Fault::ReplyLost(Breakage::Closed))] {
        let rules = fault.map(|fault| Rule::new(Action::SwitchoverBlueGreenDeployment, Calls::Nth(1), fault));
        let world = world(1, Faults { rules: rules.into_iter().collect(), ..Faults::default() });
        let desk = Desk::new(&world.state(), 1, false);
        world.watch(&desk.journal());
        assert_eq!(desk.call(&world, false, Some("switchover")).exit_code, 0);
        assert_eq!(may_go_back(&desk.run()).unwrap_err().kind, Kind::Drift, "it is done");
        let whole = std::fs::read(desk.journal()).unwrap();
        let text = String::from_utf8(whole.clone()).unwrap();
        let call = text.lines().position(|line| line.contains("operation_started") && line.contains("switchover 1"));
        let started: String = text.lines().take(call.unwrap() + 1).map(|line| format!("{line}\n")).collect();
        std::fs::write(desk.journal(), started).unwrap();
        let error = may_go_back(&desk.run()).unwrap_err();
        assert_eq!(error.kind, Kind::Drift, "its outcome is unknown: {error}");
        assert!(error.message.contains("not known"), "{error}");
    }
}

#[test]
fn a_foreign_deployment_is_never_deleted() {
    let world = world(1, Faults::default());
    let desk = Desk::new(&world.state(), 1, false);
    assert_eq!(desk.call(&world, false, Some("precheck")).exit_code, 0);
    {
        let mut state = world.state();
        let source = state.region.arn("cluster", "orders");
        let call = sandbox::region::action::CreateBlueGreenDeployment {
            name: "orders-80".to_owned(),
            source,
            ..Default::default()
        };
        state.region.by_hand(call).unwrap();
    }
    let writes = world.state().writes();
    desk.aborted(&world, 1, "foreign");
    assert_eq!(world.state().writes(), writes, "nothing was sent");
    assert_eq!(world.state().region.deployments().len(), 1);
}

#[test]
fn a_switchover_by_hand_keeps_an_abort_from_everything() {
    let world = world(1, Faults::default());
    let desk = Desk::new(&world.state(), 1, false);
    assert_eq!(desk.call(&world, false, Some("stop_cdc_jobs")).exit_code, 0);
    {
        let mut state = world.state();
        let id = state.region.deployments()[0].id.clone();
        state.region.by_hand(sandbox::region::action::SwitchoverBlueGreenDeployment { id, timeout: None }).unwrap();
    }
    upgrade_clock(&world);
    let writes = world.state().writes();
    let ending = desk.abort(&world);
    assert_eq!(ending.exit_code, 7, "{ending:?}");
    assert_eq!(world.state().writes(), writes, "nothing was sent");
}

/// Long enough for a switchover to complete.
fn upgrade_clock(world: &World) {
    use upgrade::port::clock::Clock;
    drop(world.sleep(std::time::Duration::from_secs(1800)));
}
