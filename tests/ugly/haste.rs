//! What hurries looks often; what cannot hurry is not asked many times a second.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use sandbox::region::{Faults, Pace};

use crate::{
    book::Book,
    operator::Operator,
    support::world::{Outage, Part, State, World},
};

/// A run in the world that `set` makes; how often it asked `call`.
fn asks(call: &'static str, set: impl Fn(&mut State)) -> (u32, World) {
    let mut state = Book::Rehearsal.state(Faults::default(), Pace::sandbox());
    set(&mut state);
    let (desk, world) = (Book::Rehearsal.desk(&state), World::new(state));
    let asked = Arc::new(AtomicU32::new(0));
    let heard = Arc::clone(&asked);
    world.listen(move |found, after| {
        heard.fetch_add(u32::from(found == call && !after), Ordering::Relaxed);
    });
    let ending = Operator::new(&desk, &world).run_with_consent();
    assert_eq!(ending.exit_code, 5, "{ending:?}");
    (asked.load(Ordering::Relaxed), world)
}

#[test]
fn a_savepoint_that_failed_is_waited_off() {
    let (asked, world) = asks("savepoint", |state| state.flink.failing = 3);
    assert_eq!(world.state().flink.failing, 0);
    // Three times ten seconds.
    assert!(asked < 200, "Flink was asked {asked} times for a savepoint that had failed");
}

#[test]
fn an_rds_that_throttles_is_left_alone() {
    let (_, world) = asks("deployments", |state| {
        state.outages.push(Outage::after(Part::Rds, "switchover", 240_000));
    });
    let struck = world.state().outages[0].struck;
    assert!(struck > 0, "it was reached");
    assert!(struck < 300, "RDS said {struck} times in four minutes that it is asked too often");
}
