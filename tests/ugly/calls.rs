//! Every call that changes something, of every shipped playbook: lost before its effect and after it in every way there is,
//! turned away, and answered with an error.

use std::collections::BTreeMap;

use sandbox::region::{Action, Breakage, Calls, Fault, Faults, Pace, Rule};

use crate::{
    book::Book,
    law,
    operator::{Operator, RUN_IT},
    support::{
        desk::Desk,
        world::{Loss, State, World},
    },
};

const FLINK: [&str; 4] = ["stop job", "cancel job", "stage job", "submit job"];

/// Every way for the first call of an action, one on either side of the effect for the others.
fn faults(nth: u32) -> Vec<Fault> {
    if nth > 1 {
        return vec![Fault::ReplyLost(Breakage::Closed), Fault::CallLost(Breakage::Reset)];
    }
    let ways = [Breakage::Closed, Breakage::Reset, Breakage::CutShort, Breakage::Silence, Breakage::GatewayTimeout];
    let lost = ways.into_iter().flat_map(|way| [Fault::ReplyLost(way), Fault::CallLost(way)]);
    let said = [Fault::Throttle, Fault::Internal, Fault::Unavailable, Fault::HtmlUnavailable, Fault::ExpiredToken];
    lost.chain(said).collect()
}

/// A run as it was between two of its steps, and how often each call had been made.
struct Base {
    state: State,
    journal: Vec<u8>,
    made: BTreeMap<&'static str, u32>,
}

impl Base {
    fn of(world: &World, desk: &Desk) -> Self {
        let state = world.state().clone();
        let mut made = BTreeMap::new();
        for request in state.region.requests().iter().filter(|request| request.mutating) {
            *made.entry(request.action.name()).or_default() += 1;
        }
        for call in FLINK {
            let after = format!("after {call}");
            let times = world.moments().iter().filter(|moment| moment.what == after).count();
            made.insert(call, u32::try_from(times).unwrap());
        }
        Self { state, journal: std::fs::read(desk.journal()).unwrap(), made }
    }

    fn times(&self, call: &str) -> u32 {
        self.made.get(call).copied().unwrap_or_default()
    }
}

/// The whole run, step by step.
fn bases(book: Book, plain: &State) -> Vec<Base> {
    let desk = book.desk(plain);
    let world = World::new(plain.clone());
    world.watch(&desk.journal());
    let mut operator = Operator::new(&desk, &world);
    let gates = desk.playbook.steps.iter().filter(|step| step.body.kind() == "approve");
    let consents: String = gates.map(|gate| format!(" --approve {}", gate.id)).collect();
    let mut bases = vec![Base::of(&world, &desk)];
    for step in &desk.playbook.steps {
        let ending = operator.types(&format!("{RUN_IT}{consents} --until {}", step.id));
        let ending = if ending.exit_code == 5 { operator.goes_on(ending, 2) } else { ending };
        assert_eq!(ending.exit_code, 0, "{ending:?}");
        bases.push(Base::of(&world, &desk));
    }
    bases
}

/// Goes on from there to the end, with consent to everything.
fn through(book: Book, plain: &State, base: &Base, trouble: impl FnOnce(&mut State), what: &str) -> World {
    let desk = book.desk(plain);
    std::fs::write(desk.journal(), &base.journal).unwrap();
    let mut state = base.state.clone();
    trouble(&mut state);
    let world = World::new(state);
    let mut operator = Operator::new(&desk, &world);
    let ending = operator.run_with_consent();
    let ending = operator.goes_on(ending, 6);
    assert_eq!((ending.exit_code, ending.next.as_ref()), (0, None), "{what}: {ending:?}");
    law::finished(book, &world.state(), what);
    world
}

fn every_call(book: Book, of: &dyn Fn(&str) -> bool) {
    let plain = book.state(Faults::default(), Pace::sandbox());
    let bases = bases(book, &plain);
    let all = bases.last().unwrap();
    let mut tried = 0;
    for (call, count) in all.made.iter().filter(|(call, _)| of(call)) {
        for nth in 1..=*count {
            let base = bases.iter().rev().find(|base| base.times(call) < nth).unwrap();
            let next = nth - base.times(call);
            match Action::parse(call) {
                Some(action) => {
                    for fault in faults(nth) {
                        let what = format!("{book:?}: {call} {nth} with {fault:?}");
                        let rule = Rule::new(action, Calls::Nth(next.into()), fault);
                        let world = through(book, &plain, base, |state| state.region.faults().rules.push(rule), &what);
                        assert_eq!(world.state().region.faults().rules[0].struck, 1, "{what} was reached");
                    }
                }
                None => {
                    for applied in [true, false] {
                        let what = format!("{book:?}: {call} {nth}, applied: {applied}");
                        let loss = Loss::of(call, next, applied);
                        let world = through(book, &plain, base, |state| state.losses.push(loss), &what);
                        assert_eq!(world.state().losses[0].struck, 1, "{what} was reached");
                    }
                }
            }
            tried += 1;
        }
    }
    assert!(tried >= 1, "{tried} calls");
}

#[test]
fn of_an_aurora_cluster() {
    every_call(Book::Aurora, &|_| true);
}

#[test]
fn of_an_aurora_cluster_whose_jobs_move_early() {
    every_call(Book::Early, &|_| true);
}

#[test]
fn of_an_rds_instance() {
    every_call(Book::Rds, &|_| true);
}

#[test]
fn of_jobs_alone() {
    every_call(Book::CdcOnly, &|_| true);
}

/// The one that reboots whatever waits for it.
#[test]
fn of_the_rehearsal() {
    every_call(Book::Rehearsal, &|call| call == Action::RebootDBInstance.name());
}
