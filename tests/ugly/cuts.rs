//! For every length the journal ever had, and every call: the program dies there, and a new one goes on in the world as it was
//! then. With a torn tail as well.

use sandbox::region::{Faults, Pace};

use crate::{
    book::{Book, JOB},
    law,
    operator::Operator,
    support::world::{State, World},
};

fn every_cut(book: Book, writes: &[&str]) {
    let before = book.state(Faults::default(), Pace::sandbox());
    let desk = book.desk(&before);
    let world = World::new(before.clone());
    world.watch(&desk.journal());
    let mut operator = Operator::new(&desk, &world);
    let ending = operator.run_with_consent();
    let ending = operator.goes_on(ending, 3);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    let submits = world.state().flink.submits;
    let whole = std::fs::read(desk.journal()).unwrap();
    let moments = world.moments();
    let cuts = world.cuts(&whole, |journal, state, what| {
        let what = format!("{book:?} {what}");
        let after = resume(book, &before, journal, state, &what);
        assert_eq!(after.flink.submits, submits, "{what}: no job is started twice");
    });
    assert!(cuts >= 30, "{cuts} cuts were tried");
    for write in writes {
        assert!(moments.iter().any(|moment| moment.what == format!("after {write}")), "a cut after {write} was tried");
    }
}

fn resume(book: Book, before: &State, journal: &[u8], state: &State, what: &str) -> State {
    // The script names the address that stays.
    let desk = book.desk(before);
    std::fs::write(desk.journal(), journal).unwrap();
    let world = World::new(state.clone());
    let mut operator = Operator::new(&desk, &world);
    let ending = operator.run_with_consent();
    let ending = operator.goes_on(ending, 4);
    assert_eq!((ending.exit_code, ending.next.as_ref()), (0, None), "{what}: {ending:?}");
    law::finished(book, &world.state(), what);
    let after = world.state().clone();
    assert_eq!(after.flink.alive(JOB).len(), 1, "{what}");
    after
}

#[test]
fn of_an_rds_instance() {
    every_cut(
        Book::Rds,
        &["create parameter group", "create deployment", "switchover", "stop job", "submit job", "delete deployment"],
    );
}

#[test]
fn of_jobs_alone() {
    every_cut(Book::CdcOnly, &["stop job", "submit job"]);
}
