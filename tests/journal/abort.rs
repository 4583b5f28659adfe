//! An abort that is asked to stop at any call, or whose disk is full at any record: as a run, it goes on where it was.

use upgrade::{
    error::Kind,
    event::Outcome,
    runner::{
        Ending, Run, Signal, Stop,
        journal::{self, Record},
        may_go_back, way_back,
    },
};

use crate::{
    call,
    disk::Full,
    ordinary::{FIRST, host},
    support::{
        desk::Desk,
        world::{State, World},
    },
};

/// So many calls that only look are tried, at equal distances; of those that change something all are.
const LOOKS: usize = 16;
const ABORT: &str = "upgrade abort playbook.yaml";

/// A run whose job was stopped, just before the switchover.
struct Stopped {
    state: State,
    journal: Vec<u8>,
}

impl Stopped {
    fn new() -> Self {
        let (world, desk) = call::quick();
        let (ending, _) = desk.call_until(&world, true, Some("stop_cdc_jobs"));
        assert_eq!(ending.exit_code, 0, "{ending:?}");
        let state = world.state().clone();
        Self { state, journal: std::fs::read(desk.journal()).unwrap() }
    }

    fn again(&self) -> (World, Desk) {
        let world = World::new(self.state.clone());
        let desk = Desk::new(&host(&world.state()));
        std::fs::write(desk.journal(), &self.journal).unwrap();
        (world, desk)
    }
}

/// One call of `upgrade abort`; with `full`, its journal takes so many records and bytes more.
fn abort(world: &World, desk: &Desk, stop: Stop, full: Option<(usize, usize)>) -> Ending {
    let mut started = desk.started();
    if started.run.finished.is_some() {
        return Ending::aborted();
    }
    may_go_back(&started.run).unwrap();
    if started.run.aborting.is_none() {
        desk.append(&mut started, Record::AbortStarted { who: "t@h".to_owned() });
    }
    if let Some((lines, bytes)) = full {
        started.journal = started.journal.through(|below| Box::new(Full { below, lines, bytes }));
    }
    let steps = way_back(&started.run, &desk.playbook).unwrap();
    call::of_steps(desk, world, started, steps, stop).0
}

/// The job runs once, at blue, started once; nothing of the run is left in AWS, and nothing was deleted twice.
fn check(world: &World, desk: &Desk, what: &str) {
    let state = world.state();
    let alive = state.flink.alive(FIRST);
    assert_eq!(alive.len(), 1, "{what}: one job");
    assert_eq!(alive[0].marks.get("upgrade.part").map(String::as_str), Some("back"), "{what}");
    assert_eq!((alive[0].host.clone(), state.flink.submits), (state.production(), 1), "{what}: started once");
    assert!(state.region.deployments().is_empty(), "{what}: no deployment");
    assert_eq!(state.applied("DeleteBlueGreenDeployment"), 1, "{what}");
    assert_eq!(state.applied("DeleteDBClusterParameterGroup"), 1, "{what}");
    assert_eq!(state.applied("SwitchoverBlueGreenDeployment"), 0, "{what}");
    assert_eq!(desk.started().run.finished, Some(Outcome::Aborted), "{what}");
}

#[test]
fn an_abort_that_was_stopped_at_any_call_goes_on() {
    let before = Stopped::new();
    let (world, desk) = before.again();
    let tried = call::worth_trying(&world, LOOKS, || {
        assert_eq!(abort(&world, &desk, Stop::default(), None).exit_code, 0);
        check(&world, &desk, "undisturbed");
    });
    let mut stops = 0;
    for at in tried.iter().copied() {
        let signal = [Signal::Interrupt, Signal::Terminate, Signal::HangUp][at % 3];
        let what = format!("{signal:?} at call {at}");
        let (world, desk) = before.again();
        let stop = Stop::default();
        let (asked, mut left) = (stop.clone(), at);
        world.listen(move |_, _| match left.checked_sub(1) {
            Some(less) => left = less,
            None => asked.ask(signal),
        });
        let ending = abort(&world, &desk, stop, None);
        world.listen(|_, _| {});
        if ending.exit_code != 0 {
            stops += 1;
            let code = if signal == Signal::Interrupt { 130 } else { 143 };
            assert_eq!((ending.outcome, ending.exit_code), (Outcome::Interrupted, code), "{what}: {ending:?}");
            assert_eq!(ending.next.as_deref(), Some(ABORT), "{what}");
            let recovered = journal::read(&desk.journal()).unwrap();
            assert_eq!(recovered.torn, None, "{what}");
            let run = Run::fold(&recovered.entries).unwrap();
            assert_eq!(run.stopped.unwrap().next.as_deref(), Some(ABORT), "{what}");
            assert_eq!(abort(&world, &desk, Stop::default(), None).exit_code, 0, "{what}");
        }
        check(&world, &desk, &what);
    }
    assert!(stops > tried.len() / 2, "{stops} of {} calls", tried.len());
}

#[test]
fn an_abort_whose_disk_is_full_stops_before_the_next_effect_and_goes_on() {
    let before = Stopped::new();
    let (world, desk) = before.again();
    assert_eq!(abort(&world, &desk, Stop::default(), None).exit_code, 0);
    let begun = before.journal.iter().filter(|byte| **byte == b'\n').count() + 1;
    let records = journal::read(&desk.journal()).unwrap().entries.len() - begun;
    assert!(records > 8, "{records}");
    for lines in 0..records {
        let bytes = if lines % 2 == 0 { 0 } else { 40 };
        let what = format!("full after {lines} records and {bytes} bytes");
        let (world, desk) = before.again();
        let ending = abort(&world, &desk, Stop::default(), Some((lines, bytes)));
        let error = ending.error.unwrap_or_else(|| panic!("{what}: it ends well"));
        assert_eq!((error.kind, ending.exit_code), (Kind::Permanent, 4), "{what}: {error:?}");
        assert_eq!(error.message, "The run's journal cannot be written", "{what}");
        assert_eq!(ending.next.as_deref(), Some(ABORT), "{what}");
        assert_eq!(abort(&world, &desk, Stop::default(), None).exit_code, 0, "{what}");
        check(&world, &desk, &what);
    }
}
