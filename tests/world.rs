//! Whole runs against a pretended region with virtual time, cut and disturbed everywhere.
#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

#[path = "support/ordinary.rs"]
mod ordinary;
mod support;

use std::{path::Path, sync::Arc};

use ordinary::{BOTH, FIRST, check, host};
use sandbox::region::{
    Action, Breakage, Calls, Fault, Faults, Mishap, Planned, Rule, action::CreateBlueGreenDeployment,
};
use support::desk::Desk;
use support::world::{Kept, State, World};
use upgrade::{
    event::{Body, Event, Outcome},
    port::{
        catalogue::{Column, Index, Schema, Table},
        side::RUN_TAG,
    },
    runner::Run,
    step,
};

#[test]
fn an_upgrade_of_hours_goes_through() {
    let world = World::new(State::aurora(Faults::default()));
    let desk = Desk::new(&host(&world.state()));
    let (ending, events) = desk.call(&world, false);
    assert_eq!(ending.exit_code, 5, "{ending:?}");
    assert_eq!(ending.next.as_deref(), Some("upgrade approve playbook.yaml approve"));
    let before = world.state().applied("SwitchoverBlueGreenDeployment");
    assert_eq!(before, 0, "nothing after the gate is done");
    let outcomes: Vec<_> = events.iter().filter_map(finished).collect();
    assert_eq!(outcomes[..4], [Outcome::Succeeded; 4], "{outcomes:?}");
    let (ending, events) = desk.call(&world, true);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    check(&world.state(), "the plain run");
    let outcomes: Vec<_> = events.iter().filter_map(finished).collect();
    assert_eq!(outcomes[..4], [Outcome::Skipped; 4]);
    assert_eq!(outcomes[4..], [Outcome::Succeeded; 7]);
    let left = events
        .iter()
        .any(|event| matches!(&event.body, Body::Warning { message, .. } if message.contains("query_cache_size")));
    assert!(!left, "what an earlier call has warned of is not warned of again");
    assert_eq!(desk.call(&world, true).0.exit_code, 0, "a finished run is done");
}

/// What blue's catalogue holds is judged as it is read, before anything is made.
#[test]
fn a_catalogue_that_stops_the_upgrade_is_refused() {
    let long = format!("enum('{}')", "a".repeat(256));
    let column = Column { name: "e".into(), data_type: "enum".into(), column_type: long.into(), ..Column::default() };
    let (id, key) = (Column { name: "id".into(), data_type: "int".into(), ..Column::default() }, "PRIMARY".into());
    let key = Index { name: key, unique: true, parts: vec![(Some("id".into()), None)], ..Index::default() };
    let table = Table {
        name: "orders".into(),
        engine: Some("InnoDB".into()),
        columns: vec![id, column],
        indexes: vec![key],
        ..Table::default()
    };
    let mut state = State::aurora(Faults::default());
    state.catalogue = vec![Schema { name: "shop".into(), tables: vec![table], ..Schema::default() }];
    let world = World::new(state);
    let desk = Desk::new(&host(&world.state()));
    let (ending, events) = desk.call(&world, false);
    assert_eq!(ending.exit_code, 3, "{ending:?}");
    let found = events.iter().any(|event| {
        matches!(&event.body, Body::Finding(finding)
            if finding.check == "enumSetElementLength" && finding.object == "shop.orders.e")
    });
    assert!(found, "{events:#?}");
    assert_eq!(world.state().applied("CreateBlueGreenDeployment"), 0);
    world.state().catalogue.clear();
    assert_eq!(desk.call_until(&world, false, Some("precheck")).0.exit_code, 0);
}

/// RDS moves the names seven seconds after green takes writes.
#[test]
fn a_job_starts_on_green_before_the_names_have_moved() {
    for (kept, own_addresses, before) in
        [(Kept::Rows, true, true), (Kept::Rows, false, false), (Kept::Statements, true, false)]
    {
        let mut state = State::aurora(Faults::default());
        (state.kept, state.own_addresses) = (kept, own_addresses);
        let world = World::new(state);
        let desk = Desk::new(&host(&world.state()));
        let (ending, events) = desk.call(&world, true);
        let what = format!("{kept:?}, own addresses: {own_addresses}");
        assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
        check(&world.state(), &what);
        let old = events.iter().find_map(|event| match &event.body {
            Body::StepFinished { step, outputs, .. } if step == "switchover" => Some(outputs["old"].clone()),
            _ => None,
        });
        assert_eq!(old.unwrap().as_str(), if own_addresses { None } else { Some("orders-old1") }, "{what}");
        let state = world.state();
        let renamed = state.region.events().iter().find(|event| event.message.contains("Renamed")).unwrap().at;
        let started = u64::try_from(state.flink.alive("orders-to-target")[0].job.started_at).unwrap();
        assert_eq!(started < renamed, before, "{what}: {started}, {renamed}");
        let drains = state.flink.jobs.iter().filter(|job| job.job.name == "orders-to-target-drain");
        let hosts: Vec<_> = drains.map(|job| job.host.clone()).collect();
        assert!(hosts.iter().all(|host| host.starts_with("orders-old1.")), "{what}: drained at {hosts:?}");
    }
}

/// What is wanted once the names have moved takes none of the time in which somebody stands still.
#[test]
fn the_start_on_green_is_made_ready_before_a_job_is_stopped() {
    for no_stage in [false, true] {
        let mut state = State::aurora(Faults::default());
        state.flink.no_stage = no_stage;
        let world = World::new(state);
        let desk = Desk::new(&host(&world.state()));
        assert_eq!(desk.call(&world, false).0.exit_code, 5);
        assert_eq!(world.state().flink.staged, [], "nothing hurries before the gate");
        let (ending, events) = desk.call(&world, true);
        assert_eq!(ending.exit_code, 0, "{ending:?}");
        check(&world.state(), "a start that was made ready");
        let staged = world.state().flink.staged.clone();
        let [(session, alive)] = staged.as_slice() else { panic!("{staged:?}") };
        assert!(session.ends_with(FIRST), "{session}");
        assert_eq!(*alive, 1, "the job ran on");
        let told = events.iter().any(|event| {
            matches!(&event.body, Body::Warning { message, .. }
                if message == "submit_cdc_jobs could not be prepared and will take longer: The SQL Gateway does not answer")
        });
        assert_eq!(told, no_stage);
    }
}

/// A TaskManager that is away fails every savepoint until Flink has noticed.
#[test]
fn a_savepoint_that_fails_is_asked_for_again_for_two_minutes() {
    for (failing, code) in [(1, 0), (11, 0), (12, 4)] {
        let mut state = State::aurora(Faults::default());
        state.flink.failing = failing;
        let world = World::new(state);
        let desk = Desk::new(&host(&world.state()));
        let (ending, _) = desk.call(&world, true);
        assert_eq!(ending.exit_code, code, "{failing}: {ending:?}");
        if code != 0 {
            let error = ending.error.unwrap();
            assert!(
                error.message.contains("could not make a savepoint of orders-to-target: The TaskManager"),
                "{error}"
            );
            assert_eq!(world.state().flink.alive(FIRST).len(), 1, "the job runs on");
            // What was wrong is put right: the same command asks once more.
            assert_eq!(desk.call(&world, true).0.exit_code, 0);
        }
        check(&world.state(), "failing savepoints");
    }
}

fn finished(event: &Event) -> Option<Outcome> {
    match &event.body {
        Body::StepFinished { outcome, .. } => Some(*outcome),
        _ => None,
    }
}

/// For every length the journal ever had, and every call: the program dies there, and a new one goes on in the world as
/// it was then. With a torn tail as well.
#[test]
fn every_cut_ends_in_the_same_world() {
    every_cut(Kept::Rows, true, &BOTH);
}

#[test]
fn every_cut_of_a_drain_ends_in_the_same_world() {
    every_cut(Kept::Statements, false, &[FIRST]);
}

fn every_cut(kept: Kept, own_addresses: bool, jobs: &[&str]) {
    let mut state = State::aurora(Faults::default());
    let (address, now) = (host(&state), state.region.now());
    for job in &jobs[1..] {
        state.flink.add_job(job, &address, now - 3_600_000);
    }
    (state.kept, state.own_addresses) = (kept, own_addresses);
    let world = World::new(state);
    let desk = Desk::with_jobs(&host(&world.state()), jobs);
    world.watch(&desk.journal());
    let ending = desk.finish(&world, 2);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    let whole = std::fs::read(desk.journal()).unwrap();
    let moments = world.moments();
    let cuts = world.cuts(&whole, |journal, state, what| resume(journal, state, jobs, what));
    assert!(cuts > 100, "{cuts} cuts were tried");
    for write in ["create deployment", "reboot", "switchover", "stop job", "submit job", "delete deployment"] {
        assert!(moments.iter().any(|moment| moment.what == format!("after {write}")), "a cut after {write} was tried");
    }
    assert!(moments.iter().any(|moment| moment.what == "walk"), "a cut in the comparison was tried");
}

fn resume(journal: &[u8], state: &State, jobs: &[&str], what: &str) {
    let world = World::new(state.clone());
    // The script names the address that stays.
    let desk = Desk::with_jobs(&host(&World::new(State::aurora(Faults::default())).state()), jobs);
    std::fs::write(desk.journal(), journal).unwrap();
    let ending = desk.finish(&world, 3);
    assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
    check(&world.state(), what);
}

/// Each kind of call that changes something: lost before its effect, and lost after it.
#[test]
fn a_lost_reply_is_looked_at_and_never_repeated_blindly() {
    let actions = [
        Action::CreateDBClusterParameterGroup,
        Action::ModifyDBClusterParameterGroup,
        Action::CreateBlueGreenDeployment,
        Action::RebootDBInstance,
        Action::SwitchoverBlueGreenDeployment,
        Action::DeleteBlueGreenDeployment,
    ];
    for action in actions {
        for fault in [
            Fault::ReplyLost(Breakage::Closed),
            Fault::CallLost(Breakage::Reset),
            Fault::Throttle,
            Fault::Internal,
            Fault::HtmlUnavailable,
        ] {
            let what = format!("{} with {fault:?}", action.name());
            let rule = Rule::new(action, Calls::Nth(1), fault.clone());
            let faults = Faults { rules: vec![rule], ..Faults::default() };
            let world = World::new(State::aurora(faults));
            let desk = Desk::new(&host(&world.state()));
            let ending = desk.finish(&world, 3);
            assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
            let mut state = world.state();
            assert_eq!(state.region.faults().rules[0].struck, 1, "{what} was reached");
            check(&state, &what);
        }
    }
}

#[test]
fn a_submit_of_unknown_outcome_is_looked_up_by_its_mark() {
    for (started, kept, submits) in
        [(true, Kept::Rows, 1), (false, Kept::Rows, 1), (true, Kept::Statements, 2), (false, Kept::Statements, 2)]
    {
        let mut state = State::aurora(Faults::default());
        state.kept = kept;
        state.flink.lose_reply = started;
        state.flink.lose_call = !started;
        let world = World::new(state);
        let desk = Desk::new(&host(&world.state()));
        assert_eq!(desk.finish(&world, 2).exit_code, 0);
        check(&world.state(), &format!("started: {started}"));
        assert_eq!(world.state().flink.submits, submits, "a job on green, and a drain where the log has statements");
    }
}

#[test]
fn minutes_of_throttling_are_ridden_out() {
    let mut rule = Rule::any(Calls::All, Fault::Throttle);
    // In the middle of the making of green.
    rule.from = Some(1_767_225_600_000 + 10 * 60_000);
    rule.until = Some(1_767_225_600_000 + 14 * 60_000);
    let world = World::new(State::aurora(Faults { rules: vec![rule], ..Faults::default() }));
    let desk = Desk::new(&host(&world.state()));
    assert_eq!(desk.call(&world, true).0.exit_code, 0, "in one call");
    let mut state = world.state();
    assert!(state.region.faults().rules[0].struck > 5, "the throttling was reached");
    check(&state, "throttled");
}

#[test]
fn a_cancelled_switchover_closes_the_gate_again() {
    let mishap = Mishap::SwitchoverCancelled { reason: "the replica lag is too high".to_owned() };
    let faults = Faults { mishaps: vec![Planned::once(mishap)], ..Faults::default() };
    let world = World::new(State::aurora(faults));
    let desk = Desk::new(&host(&world.state()));
    let (ending, _) = desk.call(&world, true);
    assert_eq!(ending.exit_code, 5, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains("rolled back"), "{error}");
    assert!(world.state().region.cluster("orders").unwrap().version.starts_with("5.7"));
    let (ending, _) = desk.call(&world, false);
    assert_eq!(ending.exit_code, 5, "a second switchover needs a second consent: {ending:?}");
    assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 1);
    let (ending, _) = desk.call(&world, true);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 2);
}

#[test]
fn a_foreign_deployment_is_refused_and_left_alone() {
    let world = World::new(State::aurora(Faults::default()));
    let desk = Desk::new(&host(&world.state()));
    {
        let mut state = world.state();
        let source = state.region.arn("cluster", "orders");
        let call = CreateBlueGreenDeployment { name: "somebodys".to_owned(), source, ..Default::default() };
        state.region.by_hand(call).unwrap();
        state.region.forget_requests();
    }
    let (ending, events) = desk.call(&world, true);
    assert_eq!(ending.exit_code, 3, "{ending:?}");
    assert!(
        events
            .iter()
            .any(|event| matches!(&event.body, Body::Finding(finding) if finding.check == "deployment_exists"))
    );
    assert_eq!(world.state().writes(), 0);
}

/// The name and the source are not enough: only the mark says that it is this run's.
#[test]
fn a_deployment_of_the_very_name_is_refused_without_the_mark_of_the_run() {
    for run in [None, Some("01900000-0000-7000-8000-00000000beef")] {
        let world = World::new(State::aurora(Faults::default()));
        let desk = Desk::new(&host(&world.state()));
        assert_eq!(desk.call_until(&world, false, Some("precheck")).0.exit_code, 0);
        {
            let mut state = world.state();
            let source = state.region.arn("cluster", "orders");
            let tags = run.map(|run| (RUN_TAG.to_owned(), run.to_owned())).into_iter().collect();
            let call = CreateBlueGreenDeployment { name: "orders-80".to_owned(), source, tags, ..Default::default() };
            state.region.by_hand(call).unwrap();
        }
        let writes = world.state().writes();
        let (ending, _) = desk.call(&world, true);
        assert_eq!(ending.exit_code, 7, "{run:?}: {ending:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains("orders-80") && error.message.contains("this run has not made"), "{error}");
        assert_eq!(world.state().writes(), writes, "nothing was created");
    }
}

#[test]
fn without_the_event_greens_log_tells_the_coordinates() {
    for kept in [Kept::Rows, Kept::Statements] {
        let mut faults = Faults::default();
        faults.coordinates.copies = 0;
        let mut state = State::aurora(faults);
        state.kept = kept;
        let world = World::new(state);
        let desk = Desk::new(&host(&world.state()));
        let (ending, events) = desk.call(&world, true);
        assert_eq!(ending.exit_code, 0, "{kept:?}: {ending:?}");
        let told =
            |event: &Event| matches!(&event.body, Body::Warning { message, .. } if message.contains("taken instead"));
        assert_eq!(events.iter().any(told), kept == Kept::Statements, "only where the event had to be waited for");
    }
}

#[test]
fn without_the_event_and_without_a_log_nothing_is_submitted() {
    let mut faults = Faults::default();
    faults.coordinates.copies = 0;
    let mut state = State::aurora(faults);
    state.kept = Kept::OwnRows;
    let world = World::new(state);
    let desk = Desk::new(&host(&world.state()));
    let (ending, _) = desk.call(&world, true);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    assert!(ending.error.unwrap().message.contains("coordinates"));
    assert_eq!(world.state().flink.submits, 0, "no job is started on a guess");
}

#[test]
fn rows_that_the_sink_lacks_are_named() {
    for kept in [Kept::Rows, Kept::OwnRows] {
        let mut state = State::aurora(Faults::default());
        state.kept = kept;
        let world = World::new(state);
        let desk = Desk::new(&host(&world.state()));
        world.state().lost.push(1..=u128::MAX);
        let (ending, _) = desk.call(&world, true);
        assert_eq!(ending.exit_code, 4, "{kept:?}: {ending:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains("rows of its sink differ"), "{kept:?}: {error}");
        assert!(
            !error.causes.is_empty() && error.causes.iter().all(|cause| cause.starts_with("t.t id = ")),
            "{error:?}"
        );
        world.state().lost.clear();
        assert_eq!(desk.finish(&world, 2).exit_code, 0, "{kept:?}");
    }
}

/// No job has read it in this run, so that only the comparison of everything sees it.
#[test]
fn an_old_row_that_the_sink_lacks_stops_the_run_until_it_is_there() {
    let world = World::new(State::aurora(Faults::default()));
    let desk = Desk::new(&host(&world.state()));
    world.state().lost.push(3..=3);
    let differ = |_| {
        let (ending, _) = desk.call(&world, true);
        assert_eq!(ending.exit_code, 4, "{ending:?}");
        ending.error.unwrap()
    };
    let [first, again] = [(); 2].map(differ);
    assert_eq!(first.message, "1 row of the sinks differs from its source: 1 missing, 0 extra, 0 different");
    assert_eq!((&first.causes, &first.message), (&vec!["t.t id = 3".to_owned()], &again.message));
    let differences = || {
        let text = std::fs::read_to_string(desk.folder.path().join("artifacts/verify/differences.json")).unwrap();
        let page: serde_json::Value = serde_json::from_str(&text).unwrap();
        let rows = page["rows"].as_array().unwrap().clone();
        rows.into_iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(differences(), ["id = 3"]);
    *world.state().lost.last_mut().unwrap() = 4..=4;
    assert_eq!(differ(()).causes, ["t.t id = 4"]);
    assert_eq!(differences(), ["id = 4"], "what has been mended is no longer there");
    world.state().lost.clear();
    assert_eq!(desk.call(&world, true).0.exit_code, 0);
    check(&world.state(), "a row that was mended");
}

#[test]
fn rows_touched_round_the_handover_can_be_compared_alone() {
    for kept in [Kept::Rows, Kept::OwnRows] {
        let mut state = State::aurora(Faults::default());
        state.kept = kept;
        let world = World::new(state);
        let with = "  - verify_data: { id: touched, scope: handover }\n  - clean_up";
        let desk = Desk::new(&host(&world.state())).edited("  - clean_up", with);
        assert_eq!(desk.call_until(&world, true, Some("submit_cdc_jobs")).0.exit_code, 0, "{kept:?}");
        world.state().lost.push(1..=u128::MAX);
        let (ending, _) = desk.call_until(&world, true, Some("touched"));
        assert_eq!(ending.exit_code, 4, "{kept:?}: {ending:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains("rows of the sinks differ from their sources"), "{kept:?}: {error}");
        assert!(error.causes.iter().any(|cause| cause.starts_with("t.t id = ")), "{error:?}");
        world.state().lost.clear();
        let (ending, events) = desk.call_until(&world, true, Some("touched"));
        assert_eq!(ending.exit_code, 0, "{kept:?}: {ending:?}");
        let rows = events.iter().find_map(|event| match &event.body {
            Body::StepFinished { step, outputs, .. } if step == "touched" => outputs["touched"][0]["rows"].as_u64(),
            _ => None,
        });
        assert!(rows.is_some_and(|rows| rows > 0), "{kept:?}: {rows:?}");
    }
}

#[test]
fn a_plan_changes_nothing_before_between_and_after() {
    let world = World::new(State::aurora(Faults::default()));
    let desk = Desk::new(&host(&world.state()));
    let plan = |run: Option<&Run>| {
        let known = step::Known {
            run: String::new(),
            playbook: Arc::clone(&desk.playbook),
            outputs: Default::default(),
            since: time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_454),
            consents: None,
            earlier: 0,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let steps = desk.steps();
        runtime.block_on(upgrade::runner::propose(&steps, run, &world.read(), known)).unwrap().0
    };
    use upgrade::event::Action::{Do, Gate, NotYetKnown, Nothing};
    let actions = |run: Option<&Run>| plan(run).iter().map(|proposal| proposal.action).collect::<Vec<_>>();
    let writes = world.state().writes();
    let before = actions(None);
    assert_eq!(before[..5], [Nothing, Do, Do, NotYetKnown, Gate], "{before:?}");
    assert_eq!(world.state().writes(), writes);
    assert_eq!(desk.call(&world, false).0.exit_code, 5);
    let writes = world.state().writes();
    let between = actions(Some(&desk.started().run));
    assert_eq!(between[..6], [Nothing, Nothing, Nothing, Nothing, Gate, Do], "{between:?}");
    assert_eq!(world.state().writes(), writes);
    assert_eq!(desk.call(&world, true).0.exit_code, 0);
    let writes = world.state().writes();
    let after = actions(Some(&desk.started().run));
    assert!(after.iter().all(|action| *action == Nothing), "{after:?}");
    assert_eq!(world.state().writes(), writes);
}

#[test]
fn no_secret_reaches_the_run_folder() {
    let world = World::new(State::aurora(Faults::default()));
    let desk = Desk::new(&host(&world.state()));
    assert_eq!(desk.finish(&world, 2).exit_code, 0);
    let mut files = 0;
    for entry in walk(desk.folder.path()) {
        let text = String::from_utf8_lossy(&std::fs::read(&entry).unwrap()).into_owned();
        assert!(!text.contains("canary-"), "{} holds a secret", entry.display());
        files += 1;
    }
    assert!(files >= 4, "journal, scripts and two artifacts: {files}");
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
