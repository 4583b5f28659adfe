//! Flink that is away, jobs that die, savepoints that fail: how the run ends, and that it goes on.

use sandbox::region::{Faults, Pace};

use crate::{
    book::{Book, JOB},
    law,
    operator::{Operator, each},
    support::world::{Mortal, Outage, Part, State, World},
};

const MINUTE: u64 = 60_000;

struct Row {
    what: &'static str,
    set: fn(&mut State),
    ends: (u8, &'static str),
    struck: fn(&State) -> u32,
    /// What a person does about it.
    mend: fn(&mut State),
}

const PLAIN: Row = Row { what: "", set: |_| {}, ends: (5, "is kept for 72 hours"), struck: away, mend: |_| {} };

fn away(state: &State) -> u32 {
    state.outages.iter().map(|outage| outage.struck).sum()
}

fn died(state: &State) -> u32 {
    state.mortals.iter().map(|mortal| mortal.struck).sum()
}

fn rows() -> Vec<Row> {
    vec![
        Row {
            what: "the JobManager is away while the switchover takes place",
            set: |state| state.outages.push(Outage::after(Part::JobManager, "switchover", 3 * MINUTE)),
            ..PLAIN
        },
        Row {
            what: "the JobManager is away for half an hour",
            set: |state| state.outages.push(Outage::after(Part::JobManager, "switchover", 30 * MINUTE)),
            ends: (4, "JobManager does not answer"),
            ..PLAIN
        },
        Row {
            what: "the JobManager goes away with the savepoint",
            set: |state| state.outages.push(Outage::after(Part::JobManager, "stop job", 2 * MINUTE)),
            ..PLAIN
        },
        Row {
            what: "the JobManager goes away with the savepoint, for half an hour",
            set: |state| state.outages.push(Outage::after(Part::JobManager, "stop job", 30 * MINUTE)),
            ends: (4, "JobManager does not answer"),
            ..PLAIN
        },
        Row {
            what: "the JobManager goes away with the submit",
            set: |state| state.outages.push(Outage::after(Part::JobManager, "submit job", 2 * MINUTE)),
            ..PLAIN
        },
        Row {
            what: "the JobManager goes away with the submit, for half an hour",
            set: |state| state.outages.push(Outage::after(Part::JobManager, "submit job", 30 * MINUTE)),
            ends: (4, "JobManager does not answer"),
            ..PLAIN
        },
        Row {
            what: "the gateway is away for minutes",
            set: |state| state.outages.push(Outage::after(Part::Gateway, "switchover", 3 * MINUTE)),
            ..PLAIN
        },
        Row {
            what: "the gateway is away for half an hour",
            set: |state| state.outages.push(Outage::after(Part::Gateway, "switchover", 30 * MINUTE)),
            ends: (4, "SQL Gateway does not answer"),
            ..PLAIN
        },
        Row {
            what: "all of Flink is away for minutes",
            set: |state| {
                for part in [Part::JobManager, Part::Gateway] {
                    state.outages.push(Outage::after(part, "switchover", 3 * MINUTE));
                }
            },
            ..PLAIN
        },
        Row {
            what: "the gateway cannot stage",
            set: |state| state.flink.no_stage = true,
            struck: |state| u32::try_from(state.flink.staged.len()).unwrap(),
            ..PLAIN
        },
        Row {
            what: "the job dies as soon as it was submitted",
            set: |state| state.mortals.push(Mortal::new(1, 0, "FAILED")),
            struck: died,
            ends: (4, "ended as FAILED"),
            ..PLAIN
        },
        Row {
            what: "the job dies before its first checkpoint",
            set: |state| state.mortals.push(Mortal::new(1, 1_500, "FAILED")),
            struck: died,
            ends: (4, "ended as FAILED"),
            ..PLAIN
        },
        Row {
            what: "the job is cancelled by somebody before its first checkpoint",
            set: |state| state.mortals.push(Mortal::new(1, 1_000, "CANCELED")),
            struck: died,
            ends: (4, "ended as CANCELED"),
            ..PLAIN
        },
        Row {
            what: "the job restarts once and runs",
            set: |state| {
                state.mortals.push(Mortal { recovers: Some(30_000), ..Mortal::new(1, 500, "RESTARTING") });
            },
            struck: died,
            ..PLAIN
        },
        Row {
            what: "the job restarts over and over",
            set: |state| state.mortals.push(Mortal::new(1, 500, "RESTARTING")),
            struck: died,
            ends: (4, "restarts over and over"),
            mend: |state| {
                state.mortals.clear();
                state.flink.jobs.iter_mut().filter(|job| job.job.state == "RESTARTING").for_each(|job| {
                    "CANCELED".clone_into(&mut job.job.state);
                });
            },
        },
        Row {
            what: "a savepoint fails for a minute",
            set: |state| state.flink.failing = 5,
            struck: |state| u32::from(state.flink.failing == 0),
            ..PLAIN
        },
        Row {
            what: "a savepoint fails for good",
            set: |state| state.flink.failing = 12,
            struck: |state| u32::from(state.flink.failing == 0),
            ends: (4, "could not make a savepoint"),
            ..PLAIN
        },
    ]
}

#[test]
fn every_trouble_of_flink_ends_as_it_must_and_goes_on_when_it_is_over() {
    for book in [Book::Rehearsal, Book::Rds] {
        each(rows(), |row| format!("{book:?}: {}", row.what), |row| tries(book, row));
    }
}

fn tries(book: Book, row: &Row) {
    let what = format!("{book:?}: {}", row.what);
    let mut state = book.state(Faults::default(), Pace::sandbox());
    (row.set)(&mut state);
    let desk = book.desk(&state);
    let world = World::new(state);
    let mut operator = Operator::new(&desk, &world);
    let ending = operator.run_with_consent();
    let error = ending.error.clone().map(|error| error.message).unwrap_or_default();
    assert_eq!(ending.exit_code, row.ends.0, "{what}: {ending:?}");
    assert!(error.contains(row.ends.1), "{what}: {ending:?}");
    assert!((row.struck)(&world.state()) > 0, "{what} was reached");
    (row.mend)(&mut world.state());
    let ending = operator.goes_on(ending, 8);
    assert_eq!((ending.exit_code, ending.next.as_ref()), (0, None), "{what}: {ending:?}");
    law::finished(book, &world.state(), &what);
    assert_eq!(world.state().flink.alive(JOB).len(), 1, "{what}");
}
