//! People at work beside the program: what they change by hand, and a second operator with a run of the same playbook.

use std::time::Duration;

use sandbox::region::{
    Faults, Pace,
    action::{DeleteBlueGreenDeployment, RebootDBInstance, SwitchoverBlueGreenDeployment},
};
use upgrade::port::clock::Clock as _;

use crate::{
    book::{Book, JOB, until},
    law,
    operator::{Operator, RUN_IT, each},
    support::world::{State, World},
};

const OTHER: &str = "01900000-0000-7000-8000-00000000beef";

/// What becomes of it.
enum Then {
    Done,
    /// It stays so, until the run is taken back.
    Aborts(u8, &'static str),
    Stays(u8, &'static str),
    /// It is so once, and then goes on.
    Once(u8, &'static str),
}

struct Row {
    what: &'static str,
    /// After this step.
    after: &'static str,
    hand: fn(&World),
    then: Then,
}

fn deployment(state: &State) -> String {
    state.region.deployments()[0].id.clone()
}

fn green(state: &State) -> String {
    state.region.instances().find(|one| one.id.contains("-green-")).unwrap().id.clone()
}

fn reboots(world: &World) {
    let mut state = world.state();
    let id = green(&state);
    state.region.by_hand(RebootDBInstance { id, force_failover: false }).unwrap();
}

fn switches_over(world: &World) {
    {
        let mut state = world.state();
        let id = deployment(&state);
        state.region.by_hand(SwitchoverBlueGreenDeployment { id, timeout: None }).unwrap();
    }
    until(world, |state| state.region.deployments()[0].status.as_str() == "SWITCHOVER_COMPLETED");
}

fn begins_to_switch_over(world: &World) {
    let mut state = world.state();
    let id = deployment(&state);
    state.region.by_hand(SwitchoverBlueGreenDeployment { id, timeout: None }).unwrap();
}

fn deletes(world: &World) {
    until(world, |state| state.region.deployments()[0].status.as_str() != "SWITCHOVER_IN_PROGRESS");
    {
        let mut state = world.state();
        let id = deployment(&state);
        state.region.by_hand(DeleteBlueGreenDeployment { id, delete_target: None }).unwrap();
    }
    drop(world.sleep(Duration::from_secs(3600)));
}

fn cancels(world: &World) {
    let mut state = world.state();
    let job = state.flink.jobs.iter_mut().find(|job| job.job.name == JOB && !job.job.ended()).unwrap();
    "CANCELED".clone_into(&mut job.job.state);
}

fn starts_namesake(world: &World) {
    let mut state = world.state();
    let (address, now) = (state.production(), state.region.now());
    state.flink.add_job(JOB, &address, now);
}

fn loses_member(world: &World) {
    let mut state = world.state();
    let id = green(&state);
    state.region.lose_instance(&id).unwrap();
}

fn rows() -> Vec<Row> {
    vec![
        Row {
            what: "green is rebooted by hand before its reboot",
            after: "sync_parameter_group",
            hand: reboots,
            then: Then::Done,
        },
        Row {
            what: "green is rebooted by hand before the switchover",
            after: "stop_cdc_jobs",
            hand: reboots,
            then: Then::Done,
        },
        Row {
            what: "somebody switches over in the console",
            after: "stop_cdc_jobs",
            hand: switches_over,
            then: Then::Stays(7, "not by this run"),
        },
        Row {
            what: "somebody has just asked for the switchover",
            after: "stop_cdc_jobs",
            hand: begins_to_switch_over,
            then: Then::Stays(7, "not by this run"),
        },
        Row {
            what: "the deployment is deleted before green is synced",
            after: "create_blue_green",
            hand: deletes,
            then: Then::Aborts(7, "cannot be done as things stand"),
        },
        Row {
            what: "the deployment is deleted",
            after: "stop_cdc_jobs",
            hand: deletes,
            then: Then::Aborts(7, "no longer there"),
        },
        Row {
            what: "the deployment is deleted after the switchover",
            after: "switchover",
            hand: deletes,
            then: Then::Stays(7, "the old side takes writes"),
        },
        Row {
            what: "a member of green is deleted",
            after: "reboot_green",
            hand: loses_member,
            then: Then::Aborts(7, "cannot be done as things stand"),
        },
        Row {
            what: "the job is cancelled before it is stopped",
            after: "reboot_green",
            hand: cancels,
            then: Then::Done,
        },
        Row {
            what: "another job of the name runs before the stop",
            after: "reboot_green",
            hand: starts_namesake,
            then: Then::Once(7, "cannot be done as things stand"),
        },
        Row {
            what: "somebody has started the job again after its stop",
            after: "stop_cdc_jobs",
            hand: starts_namesake,
            then: Then::Once(7, "has not started"),
        },
        Row {
            what: "somebody starts the job after the switchover",
            after: "capture_coordinates",
            hand: starts_namesake,
            then: Then::Once(7, "has not started"),
        },
        Row {
            what: "the new job is cancelled after the proof",
            after: "submit_cdc_jobs",
            hand: |_| {},
            then: Then::Done,
        },
    ]
}

#[test]
fn what_a_person_changes_is_seen_and_never_undone() {
    each(rows(), |row| row.what.to_owned(), tries);
}

fn tries(row: &Row) {
    let (book, what) = (Book::Rehearsal, row.what);
    let state = book.state(Faults::default(), Pace::sandbox());
    let desk = book.desk(&state);
    let world = World::new(state);
    let mut operator = Operator::new(&desk, &world);
    let ending = operator.types(&format!("{RUN_IT} --approve approve --until {}", row.after));
    assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
    (row.hand)(&world);
    let ending = operator.run_with_consent();
    let shown = format!("{what}: {ending:?}");
    let stops = |code: u8, words: &str| {
        assert_eq!(ending.exit_code, code, "{shown}");
        assert!(ending.error.as_ref().unwrap().message.contains(words), "{shown}");
    };
    match row.then {
        Then::Done => {}
        Then::Stays(code, words) => {
            stops(code, words);
            let again = operator.goes_on(ending, 2);
            assert_eq!(again.exit_code, code, "{what}: {again:?}");
            return;
        }
        Then::Aborts(code, words) => {
            stops(code, words);
            let ending = operator.types("upgrade abort playbook.yaml --yes");
            let ending = operator.goes_on(ending, 3);
            assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
            assert_eq!(world.state().flink.alive(JOB).len(), 1, "{what}: the job runs");
            return;
        }
        Then::Once(code, words) => {
            stops(code, words);
            let mut state = world.state();
            let namesake = state.flink.jobs.iter_mut().rev().find(|job| job.submit == 0 && !job.job.ended()).unwrap();
            "CANCELED".clone_into(&mut namesake.job.state);
        }
    }
    let ending = operator.goes_on(ending, 8);
    assert_eq!((ending.exit_code, ending.next.as_ref()), (0, None), "{what}: {ending:?}");
    law::finished(book, &world.state(), what);
}

/// From another machine: no lock keeps the two apart, only what the first one has made and marked.
#[test]
fn a_second_operator_is_turned_away_and_changes_nothing() {
    let steps =
        ["create_blue_green", "sync_parameter_group", "reboot_green", "stop_cdc_jobs", "switchover", "submit_cdc_jobs"];
    for step in steps {
        let book = Book::Rehearsal;
        let state = book.state(Faults::default(), Pace::sandbox());
        let (desk, others) = (book.desk(&state), book.desk_of(&state, OTHER));
        let world = World::new(state);
        let mut operator = Operator::new(&desk, &world);
        assert_eq!(operator.types(&format!("{RUN_IT} --approve approve --until {step}")).exit_code, 0);
        let writes = world.state().writes();
        let mut second = Operator::new(&others, &world);
        let ending = second.run_with_consent();
        assert!(matches!(ending.exit_code, 3 | 7), "{step}: {ending:?}");
        assert_eq!(world.state().writes(), writes, "{step}: nothing was changed");
        let ending = operator.run_with_consent();
        assert_eq!(operator.goes_on(ending, 3).exit_code, 0, "{step}");
        law::finished(book, &world.state(), step);
    }
}
