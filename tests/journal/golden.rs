//! Journals that runs of each version of the format have left, kept for the versions after it.
//!
//! They are made anew only where this version has not been released yet:
//! `cargo test --workspace --test journal -- --ignored write_the_golden_journals`.

use std::path::{Path, PathBuf};

use sandbox::region::{Faults, Mishap, Planned};
use upgrade::{
    command,
    error::Kind,
    event::Outcome,
    playbook,
    report::{Format, document},
    runner::{
        Run, Stop,
        journal::{self, Decision, Record},
        may_go_back, way_back,
    },
};

use crate::{
    call,
    ordinary::host,
    support::{
        desk::Desk,
        world::{State, World},
    },
};

/// A run as far as its journal was kept: its name, how it stands there, and the exit code of the call that goes on with it.
struct Story {
    name: &'static str,
    tell: fn() -> (World, Desk),
    finished: Option<Outcome>,
    next: Option<u8>,
}

const STORIES: [Story; 6] = [
    Story { name: "whole", tell: whole, finished: Some(Outcome::Succeeded), next: None },
    Story { name: "gate", tell: gate, finished: None, next: Some(0) },
    Story { name: "rolled_back", tell: rolled_back, finished: None, next: Some(0) },
    Story { name: "resolved", tell: resolved, finished: None, next: Some(0) },
    Story { name: "aborted", tell: aborted, finished: Some(Outcome::Aborted), next: None },
    Story { name: "early_move", tell: early_move, finished: Some(Outcome::Succeeded), next: None },
];

fn ordinary(faults: Faults) -> (World, Desk) {
    let world = World::new(State::aurora(faults));
    let desk = Desk::new(&host(&world.state()));
    (world, desk)
}

const HEAD: &str = "version: 1
name: orders
target: { aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }
mysql: { user: upgrade, password: { env: PASSWORD } }
flink: { rest: 'http://flink:8081', sql_gateway: 'http://flink:8083', savepoints: 'file:///savepoints' }
secrets: { CDC_PASSWORD: { env: CDC_PASSWORD } }
cdc_jobs: [ { name: orders-to-target, flink_sql: { script: orders-to-target.sql } } ]
steps: [precheck, create_blue_green: { name: orders-80 }, sync_parameter_group, reboot_green, ";

/// The same with other steps behind the making of green.
fn with_steps(faults: Faults, steps: &str) -> (World, Desk) {
    let (world, desk) = ordinary(faults);
    let text = format!("{HEAD}{steps}]\n");
    let playbook = playbook::parse(&text, "playbook.yaml", desk.folder.path()).map_err(|found| found.render(false));
    (world, Desk { playbook: playbook.unwrap().into(), folder: desk.folder })
}

fn cancelled() -> Faults {
    let mishap = Mishap::SwitchoverCancelled { reason: "the replica lag is too high".to_owned() };
    Faults { mishaps: vec![Planned::once(mishap)], ..Faults::default() }
}

fn run(world: &World, desk: &Desk, code: u8) {
    let (ending, _) = call::run(desk, world, desk.started(), Stop::default());
    assert_eq!(ending.exit_code, code, "{ending:?}");
}

fn whole() -> (World, Desk) {
    let (world, desk) = ordinary(Faults::default());
    run(&world, &desk, 0);
    (world, desk)
}

fn gate() -> (World, Desk) {
    let (world, desk) = ordinary(Faults::default());
    assert_eq!(desk.call(&world, false).0.exit_code, 5);
    (world, desk)
}

fn rolled_back() -> (World, Desk) {
    let (world, desk) = ordinary(cancelled());
    run(&world, &desk, 5);
    (world, desk)
}

fn resolved() -> (World, Desk) {
    let (world, desk) = with_steps(cancelled(), "stop_cdc_jobs, switchover, capture_coordinates, submit_cdc_jobs");
    run(&world, &desk, 4);
    let mut started = desk.started();
    let retry = Record::Resolved {
        step: "switchover".to_owned(),
        who: "tester@here".to_owned(),
        decision: Decision::Retry,
        reason: "The lag is gone".to_owned(),
        outputs: serde_json::Value::Null,
    };
    desk.append(&mut started, retry);
    (world, desk)
}

fn aborted() -> (World, Desk) {
    let (world, desk) = with_steps(cancelled(), "approve, stop_cdc_jobs, switchover");
    run(&world, &desk, 5);
    let mut started = desk.started();
    may_go_back(&started.run).unwrap();
    desk.append(&mut started, Record::AbortStarted { who: "tester@here".to_owned() });
    let steps = way_back(&started.run, &desk.playbook).unwrap();
    let (ending, _) = call::of_steps(&desk, &world, started, steps, Stop::default());
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    (world, desk)
}

fn early_move() -> (World, Desk) {
    let (world, desk) = with_steps(Faults::default(), "move_cdc_jobs, approve, switchover, repoint_cdc_jobs");
    run(&world, &desk, 0);
    (world, desk)
}

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journals/v1").join(format!("{name}.jsonl"))
}

#[test]
fn every_kept_journal_reads_folds_and_reports() {
    for Story { name, finished, .. } in &STORIES {
        let recovered = journal::read(&kept(name)).unwrap();
        assert_eq!(recovered.torn, None, "{name}");
        assert!(recovered.entries.iter().all(|entry| entry.v == 1), "{name}");
        let run = Run::fold(&recovered.entries).unwrap();
        assert_eq!(run.finished, *finished, "{name}");
        assert_eq!(run.playbook, "orders", "{name}");
        let done = run.steps.iter().filter(|step| step.finished.is_some()).count();
        let whole = *finished == Some(Outcome::Succeeded);
        assert_eq!(done == run.names.len(), whole, "{name}: {done} of {}", run.names.len());
        let events = command::remade(&recovered.entries);
        for format in Format::ALL {
            // Markdown keeps `_` from meaning anything.
            let text = document(format, &events).replace('\\', "");
            for step in &run.steps {
                assert!(text.contains(&step.id), "{name}: {} tells of `{}`", format.name(), step.id);
            }
        }
    }
}

/// The world is brought to where the kept run stood by a run of today.
#[test]
fn every_unfinished_kept_journal_is_gone_on_with() {
    for Story { name, tell, next, .. } in STORIES {
        let Some(code) = next else { continue };
        let (world, desk) = tell();
        std::fs::copy(kept(name), desk.journal()).unwrap();
        let (ending, _) = call::run(&desk, &world, desk.started(), Stop::default());
        assert_eq!(ending.exit_code, code, "{name}: {ending:?}");
        let recovered = journal::read(&desk.journal()).unwrap();
        let before = journal::read(&kept(name)).unwrap().entries;
        assert_eq!(recovered.entries[..before.len()], before[..], "{name}: what was there stays");
        assert_eq!(Run::fold(&recovered.entries).unwrap().finished, Some(Outcome::Succeeded), "{name}");
        crate::ordinary::check_jobs(&world.state(), &[crate::ordinary::FIRST], name);
    }
}

/// A byte less, a byte more, or another byte: a kept journal is not taken for what it is not.
#[test]
fn a_kept_journal_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    for Story { name, .. } in &STORIES {
        let bytes = std::fs::read(kept(name)).unwrap();
        for at in (0..bytes.len() - 1).step_by(997) {
            let mut changed = bytes.clone();
            match at % 3 {
                0 => changed[at] ^= 1,
                1 => changed.insert(at, b' '),
                _ => drop(changed.remove(at)),
            }
            std::fs::write(&path, &changed).unwrap();
            assert_eq!(journal::read(&path).unwrap_err().kind, Kind::Drift, "{name}: byte {at}");
        }
    }
}

#[test]
fn a_kept_journal_tells_nothing_of_the_machine_it_was_made_on() {
    for Story { name, .. } in &STORIES {
        let text = std::fs::read_to_string(kept(name)).unwrap();
        for word in ["/tmp", "/home", "/root", "/Users", "/work", "canary-", "@localhost"] {
            assert!(!text.contains(word), "{name} holds {word}");
        }
    }
}

#[test]
#[ignore = "writes the fixtures of this version anew"]
fn write_the_golden_journals() {
    for Story { name, tell, .. } in &STORIES {
        let (_, desk) = tell();
        std::fs::create_dir_all(kept(name).parent().unwrap()).unwrap();
        std::fs::copy(desk.journal(), kept(name)).unwrap();
    }
}
