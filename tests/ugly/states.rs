//! One row for each ugly state of RDS: how the run ends in it, that it was reached, and that the command the stop names goes on
//! to the end once it is over.

use sandbox::region::{Action, Breakage, Calls, CoordinatesEvent, Fault, Faults, Home, Mishap, Pace, Planned, Rule};

use crate::{
    book::{Book, JOB},
    law,
    operator::{Operator, each},
    support::world::{Kept, Outage, Part, State, World},
};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
/// The way of every run that nothing stops: the old side is kept for a while.
const THROUGH: (u8, &str) = (5, "is kept for 72 hours");

/// What it takes after the first stop.
#[derive(Clone, Copy)]
enum Then {
    /// The named commands alone.
    GoesOn,
    /// The run cannot go on and is taken back; another one goes through.
    Aborts,
    /// A person says what the database looks like.
    Stays(u8, &'static str),
}

struct Row {
    what: &'static str,
    book: Book,
    pace: fn() -> Pace,
    faults: fn() -> Faults,
    set: fn(&mut State),
    ends: (u8, &'static str),
    /// How often it struck.
    struck: fn(&mut State) -> u64,
    then: Then,
    /// What a person says where the outcome is not known.
    says: &'static str,
}

const PLAIN: Row = Row {
    what: "",
    book: Book::Rehearsal,
    pace: Pace::sandbox,
    faults: Faults::default,
    set: |_| {},
    ends: THROUGH,
    struck: faulted,
    then: Then::GoesOn,
    says: "retry",
};

/// Rules and mishaps.
fn faulted(state: &mut State) -> u64 {
    let faults = state.region.faults();
    let mishaps: u64 = faults.mishaps.iter().map(|planned| u64::from(planned.struck)).sum();
    mishaps + faults.rules.iter().map(|rule| rule.struck).sum::<u64>()
}

fn away(state: &mut State) -> u64 {
    state.outages.iter().map(|outage| u64::from(outage.struck)).sum()
}

/// Events with coordinates that the program could have read.
fn told(state: &mut State) -> u64 {
    let now = state.region.now();
    let told = state.region.events().iter().filter(|event| event.message.contains("Binary log coordinates"));
    told.filter(|event| event.listed_at <= now).count() as u64
}

fn once(mishap: Mishap) -> Faults {
    Faults { mishaps: vec![Planned::once(mishap)], ..Faults::default() }
}

fn always(mishap: Mishap) -> Faults {
    Faults { mishaps: vec![Planned::always(mishap)], ..Faults::default() }
}

fn rule(rule: Rule) -> Faults {
    Faults { rules: vec![rule], ..Faults::default() }
}

fn event(coordinates: CoordinatesEvent) -> Faults {
    Faults { coordinates, ..Faults::default() }
}

/// Nobody can read the coordinates off green's log.
fn opaque(state: &mut State) {
    state.kept = Kept::OwnRows;
}

fn rows() -> Vec<Row> {
    vec![
        Row {
            what: "hours of PROVISIONING",
            pace: || Pace { copy: 9 * HOUR, upgrade: 5 * HOUR, ..Pace::aws() },
            struck: |state| u64::from(state.region.now() > 14 * HOUR),
            ..PLAIN
        },
        Row {
            what: "a task that never ends",
            book: Book::Rds,
            faults: || once(Mishap::Stuck { task: "CONFIGURE_BACKUPS".to_owned() }),
            ends: (4, "used up its budget"),
            then: Then::Aborts,
            ..PLAIN
        },
        Row {
            what: "storage-initialization",
            faults: || once(Mishap::StorageInitialization { during: 3 * HOUR }),
            ..PLAIN
        },
        Row {
            what: "storage-initialization of an instance",
            book: Book::Rds,
            faults: || once(Mishap::StorageInitialization { during: 3 * HOUR }),
            ends: (5, "is kept for 72 hours"),
            ..PLAIN
        },
        Row {
            what: "storage-optimization",
            faults: || once(Mishap::StorageOptimization { during: 2 * HOUR }),
            ..PLAIN
        },
        Row { what: "flapping describes", faults: || once(Mishap::Flapping { during: HOUR }), ..PLAIN },
        Row {
            what: "AVAILABLE, and a member is not",
            faults: || {
                once(Mishap::MemberBusy { after: 2 * MINUTE, during: 40 * MINUTE, status: "maintenance".to_owned() })
            },
            ..PLAIN
        },
        Row {
            what: "AVAILABLE, and a member is missing",
            faults: || once(Mishap::MemberMissing { after: 0 }),
            ends: (4, "INVALID_CONFIGURATION"),
            then: Then::Aborts,
            ..PLAIN
        },
        Row {
            what: "a deployment that is not listed for minutes",
            faults: || once(Mishap::ShowsLate { by: 3 * MINUTE }),
            ..PLAIN
        },
        Row {
            what: "a lost answer, and the deployment is not listed for minutes",
            faults: || Faults {
                rules: vec![Rule::new(
                    Action::CreateBlueGreenDeployment,
                    Calls::Nth(1),
                    Fault::ReplyLost(Breakage::Closed),
                )],
                ..once(Mishap::ShowsLate { by: 3 * MINUTE })
            },
            ends: (7, "already exists"),
            ..PLAIN
        },
        Row {
            what: "the creation fails",
            faults: || {
                once(Mishap::CreationFails {
                    task: "DB_ENGINE_VERSION_UPGRADE".to_owned(),
                    reason: "the prechecks failed".to_owned(),
                    status: "PROVISIONING_FAILED".to_owned(),
                })
            },
            ends: (4, "PROVISIONING_FAILED"),
            then: Then::Aborts,
            ..PLAIN
        },
        Row {
            what: "INVALID_CONFIGURATION",
            faults: || once(Mishap::Invalid { after: 0, reason: "blue was changed".to_owned() }),
            ends: (4, "INVALID_CONFIGURATION"),
            then: Then::Aborts,
            ..PLAIN
        },
        Row { what: "groups that wait for a reboot", faults: || once(Mishap::GreenPendingReboot), ..PLAIN },
        Row { what: "groups that are busy", faults: || always(Mishap::GroupBusy { during: 2 * MINUTE }), ..PLAIN },
        Row {
            what: "minutes of throttling, every call",
            faults: || {
                rule(Rule {
                    from: Some(1_767_225_600_000 + 1_000),
                    until: Some(1_767_225_600_000 + 4 * MINUTE),
                    ..Rule::any(Calls::All, Fault::Throttle)
                })
            },
            ..PLAIN
        },
        Row {
            what: "a third of the looks throttled",
            faults: || {
                let throttled = Rule::new(Action::DescribeDBInstances, Calls::Share(0.3), Fault::Throttle);
                // Whoever has never answered is not waited for.
                rule(Rule { from: Some(1_767_225_600_001), ..throttled })
            },
            ..PLAIN
        },
        Row {
            what: "a third of the looks end as a page of HTML",
            faults: || rule(Rule::new(Action::DescribeBlueGreenDeployments, Calls::Share(0.3), Fault::HtmlUnavailable)),
            ..PLAIN
        },
        Row {
            what: "throttled for minutes after the switchover",
            set: |state| state.outages.push(Outage::after(Part::Rds, "switchover", 4 * MINUTE)),
            struck: away,
            ..PLAIN
        },
        Row {
            what: "throttled for longer than anybody waits",
            set: |state| state.outages.push(Outage::after(Part::Rds, "switchover", 20 * MINUTE)),
            struck: away,
            ends: (4, "Rate exceeded"),
            ..PLAIN
        },
        Row {
            what: "an expired token",
            faults: || rule(Rule::new(Action::DescribeBlueGreenDeployments, Calls::Nth(20), Fault::ExpiredToken)),
            ends: (4, "expired"),
            ..PLAIN
        },
        Row {
            what: "a token that expires at the switchover",
            faults: || rule(Rule::new(Action::SwitchoverBlueGreenDeployment, Calls::First(1), Fault::ExpiredToken)),
            ends: (4, "expired"),
            ..PLAIN
        },
        Row {
            what: "a member that is not available at the very call",
            faults: || {
                let refused = sandbox::region::ApiError::new(
                    "InvalidBlueGreenDeploymentStateFault",
                    400,
                    "DB instance orders-1-green-abcdef is not in available state",
                );
                rule(Rule::new(Action::SwitchoverBlueGreenDeployment, Calls::First(1), Fault::Refuse(refused)))
            },
            ends: (4, "not in available state"),
            ..PLAIN
        },
        Row {
            what: "a switchover that is rolled back",
            faults: || once(Mishap::SwitchoverCancelled { reason: "the replica lag is too high".to_owned() }),
            ends: (5, "rolled back"),
            ..PLAIN
        },
        Row {
            what: "a switchover that is rolled back, and no event tells of it",
            faults: || Faults {
                mishaps: vec![
                    Planned::once(Mishap::SwitchoverCancelled { reason: "the replica lag is too high".to_owned() }),
                    Planned::always(Mishap::EventsLost { words: "cancel".to_owned() }),
                ],
                ..Faults::default()
            },
            ends: (5, "rolled back"),
            ..PLAIN
        },
        Row {
            what: "a lost answer, and the switchover is rolled back",
            faults: || Faults {
                rules: vec![Rule::new(
                    Action::SwitchoverBlueGreenDeployment,
                    Calls::Nth(1),
                    Fault::ReplyLost(Breakage::GatewayTimeout),
                )],
                ..once(Mishap::SwitchoverCancelled { reason: "the replica lag is too high".to_owned() })
            },
            ends: (5, "rolled back"),
            ..PLAIN
        },
        Row {
            what: "a switchover that fails and has moved nothing",
            faults: || once(Mishap::SwitchoverFailed { reason: "an internal error".to_owned(), moved: false }),
            ends: (4, "SWITCHOVER_FAILED"),
            then: Then::Stays(4, "SWITCHOVER_FAILED"),
            ..PLAIN
        },
        Row {
            what: "a switchover that fails and has moved everything",
            faults: || once(Mishap::SwitchoverFailed { reason: "an internal error".to_owned(), moved: true }),
            ends: (8, "RDS calls the switchover SWITCHOVER_FAILED"),
            says: "skip",
            ..PLAIN
        },
        Row {
            what: "events that come half an hour late",
            faults: || always(Mishap::EventsLate { by: 30 * MINUTE }),
            ..PLAIN
        },
        Row {
            what: "a lost answer, and the event that tells of the reboot comes minutes late",
            faults: || Faults {
                rules: vec![Rule::new(Action::RebootDBInstance, Calls::Nth(1), Fault::ReplyLost(Breakage::Closed))],
                mishaps: vec![Planned::always(Mishap::EventsLate { by: 3 * MINUTE })],
                ..Faults::default()
            },
            ..PLAIN
        },
        Row { what: "events that come twice", faults: || always(Mishap::EventsTwice), ..PLAIN },
        Row { what: "no event at all", faults: || always(Mishap::EventsLost { words: String::new() }), ..PLAIN },
        Row {
            what: "coordinates told early, under production's cluster",
            faults: || {
                event(CoordinatesEvent {
                    home: Home::ProductionCluster,
                    after_completed: -18_000,
                    ..CoordinatesEvent::default()
                })
            },
            struck: told,
            ..PLAIN
        },
        Row {
            what: "coordinates told minutes late, and nothing else shows them",
            faults: || event(CoordinatesEvent { after_completed: 10 * 60_000, ..CoordinatesEvent::default() }),
            set: opaque,
            struck: told,
            ..PLAIN
        },
        Row {
            what: "coordinates told twice, out of order, among others'",
            faults: || {
                event(CoordinatesEvent {
                    copies: 2,
                    out_of_order: true,
                    decoys: true,
                    crowd: 99,
                    ..CoordinatesEvent::default()
                })
            },
            struck: told,
            ..PLAIN
        },
        Row {
            what: "coordinates that contradict each other, and green's log decides",
            faults: || {
                event(CoordinatesEvent {
                    rival: Some(("mysql-bin-changelog.000001".to_owned(), 4_711)),
                    ..CoordinatesEvent::default()
                })
            },
            struck: told,
            ..PLAIN
        },
        Row {
            what: "coordinates that contradict each other",
            faults: || {
                event(CoordinatesEvent {
                    rival: Some(("mysql-bin-changelog.000001".to_owned(), 4_711)),
                    ..CoordinatesEvent::default()
                })
            },
            set: opaque,
            struck: told,
            ends: (8, "2 different coordinates"),
            then: Then::Stays(8, "2 different coordinates"),
            ..PLAIN
        },
        Row {
            what: "a clock that is four minutes behind",
            set: |state| state.skew = -4 * 60_000,
            struck: |state| u64::from(state.skewed.get()),
            ..PLAIN
        },
        Row {
            what: "a clock that is four minutes ahead",
            set: |state| state.skew = 4 * 60_000,
            struck: |state| u64::from(state.skewed.get()),
            ..PLAIN
        },
        Row {
            what: "connections cut by the reboots",
            set: |state| state.outages.push(Outage::after(Part::Mysql, "reboot", 2 * MINUTE)),
            struck: away,
            ..PLAIN
        },
        Row {
            what: "connections cut by the switchover",
            set: |state| state.outages.push(Outage::after(Part::Mysql, "switchover", 2 * MINUTE)),
            struck: away,
            ..PLAIN
        },
        Row {
            what: "connections cut by the switchover for half an hour",
            set: |state| state.outages.push(Outage::after(Part::Mysql, "switchover", 30 * MINUTE)),
            struck: away,
            ..PLAIN
        },
        Row {
            what: "no server while jobs start",
            set: |state| state.outages.push(Outage::after(Part::Mysql, "submit job", 3 * MINUTE)),
            struck: away,
            ..PLAIN
        },
    ]
}

#[test]
fn every_ugly_state_ends_as_it_must_and_goes_on_when_it_is_over() {
    each(rows(), |row| row.what.to_owned(), tries);
}

fn tries(row: &Row) {
    let what = row.what;
    let mut state = row.book.state((row.faults)(), (row.pace)());
    (row.set)(&mut state);
    let desk = row.book.desk(&state);
    let world = World::new(state);
    let mut operator = Operator { says: row.says, ..Operator::new(&desk, &world) };
    let ending = operator.run_with_consent();
    let error = ending.error.clone().map(|error| error.message).unwrap_or_default();
    assert_eq!(ending.exit_code, row.ends.0, "{what}: {ending:?}");
    assert!(error.contains(row.ends.1), "{what}: {ending:?}");
    let struck = (row.struck)(&mut world.state());
    if let Then::Stays(code, words) = row.then {
        let ending = operator.goes_on(ending, 2);
        assert_eq!(ending.exit_code, code, "{what}: {ending:?}");
        assert!(ending.error.as_ref().is_some_and(|error| error.message.contains(words)), "{what}: {ending:?}");
        assert!(struck > 0, "{what} was reached");
        return;
    }
    calm(&world);
    if matches!(row.then, Then::Aborts) {
        let ending = operator.types("upgrade abort playbook.yaml --yes");
        let ending = operator.goes_on(ending, 3);
        assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
        assert!(world.state().region.deployments().is_empty(), "{what}: green is gone");
        assert_eq!(world.state().flink.alive(JOB).len(), 1, "{what}: the job runs");
        assert!(struck > 0, "{what} was reached");
        return;
    }
    let ending = operator.goes_on(ending, 8);
    assert_eq!((ending.exit_code, ending.next.as_ref()), (0, None), "{what}: {ending:?}");
    law::finished(row.book, &world.state(), what);
    assert!(struck + (row.struck)(&mut world.state()) > 0, "{what} was reached");
}

/// What was ugly is over.
pub fn calm(world: &World) {
    let mut state = world.state();
    let faults = state.region.faults();
    faults.rules.clear();
    faults.mishaps.retain(|planned| planned.struck > 0);
    for planned in &mut faults.mishaps {
        planned.times = planned.struck;
    }
}
