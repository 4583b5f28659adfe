//! Two signals, in every step and at every kind of moment of it: the first ends what only looks or waits, and waits for what
//! changes something; the second leaves. Then the same command goes on.

use std::{collections::BTreeSet, pin::pin, sync::Arc};

use futures_util::{FutureExt as _, poll};
use upgrade::{
    event::{Body, Event, Observer, OperationState, Outcome},
    runner::{Ending, Engine, Orders, Run, Signal, Stop, Tell, Verbs, journal},
};

use crate::{
    call,
    hung::{At, Moment, Still, hanging},
    ordinary::check,
    support::{desk::Desk, world::World},
};

/// Reaches the moment at the first wait of the step.
struct Waits<'a> {
    step: &'a str,
    at: At,
    moment: Moment,
}

impl Observer for Waits<'_> {
    fn on(&mut self, event: &Event) {
        if let Body::StepProgress { step, .. } = &event.body
            && self.at == At::Wait
            && step == self.step
        {
            self.moment.reach();
        }
    }
}

/// Which steps change something and which wait, in a run that nobody disturbs.
fn moments() -> Vec<(String, At)> {
    let (world, desk) = call::quick();
    let (ending, events) = call::run(&desk, &world, desk.started(), Stop::default());
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    let mut found = BTreeSet::new();
    let mut moments = Vec::new();
    for event in &events {
        let of = match &event.body {
            Body::StepStarted { step, .. } => vec![(step, At::Look)],
            Body::Operation { step, state: OperationState::Started, .. } => vec![(step, At::Before), (step, At::After)],
            Body::StepProgress { step, .. } => vec![(step, At::Wait)],
            _ => Vec::new(),
        };
        moments.extend(
            of.into_iter()
                .filter(|(step, at)| found.insert(format!("{step} {at:?}")))
                .map(|(step, at)| (step.clone(), at)),
        );
    }
    moments
}

#[test]
fn a_second_signal_leaves_at_once_in_every_step_and_the_same_command_goes_on() {
    let moments = moments();
    let tried = |step: &str, at: At| moments.iter().any(|(known, moment)| known == step && *moment == at);
    for step in [
        "create_blue_green",
        "reboot_green",
        "approve",
        "stop_cdc_jobs",
        "switchover",
        "capture_coordinates",
        "submit_cdc_jobs",
    ] {
        assert!(tried(step, At::Look), "{step} looks");
    }
    for step in ["create_blue_green", "reboot_green", "stop_cdc_jobs", "switchover", "submit_cdc_jobs", "clean_up"] {
        assert!(tried(step, At::Before) && tried(step, At::After), "{step} changes something");
    }
    for step in ["create_blue_green", "reboot_green", "switchover", "submit_cdc_jobs"] {
        assert!(tried(step, At::Wait), "{step} waits: {moments:?}");
    }
    for (nth, (step, at)) in moments.iter().enumerate() {
        let signals = [Signal::Interrupt, Signal::Terminate];
        twice(step, *at, signals[nth % 2]);
    }
}

fn twice(step: &str, at: At, signal: Signal) {
    let what = format!("{signal:?} twice in {step}, {at:?}");
    let (world, desk) = call::quick();
    let moment = Moment::default();
    let stop = Stop::default();
    let ended = call_that_hangs(&desk, &world, (step, at), &moment, &stop, signal);
    if let Some(ending) = ended {
        let code = if signal == Signal::Interrupt { 130 } else { 143 };
        assert_eq!((ending.outcome, ending.exit_code), (Outcome::Interrupted, code), "{what}: {ending:?}");
        assert_eq!(ending.next.as_deref(), Some("upgrade run playbook.yaml"), "{what}");
    }
    let recovered = journal::read(&desk.journal()).unwrap();
    assert_eq!(recovered.torn, None, "{what}");
    assert!(Run::fold(&recovered.entries).unwrap().finished.is_none(), "{what}");
    let ending = desk.finish(&world, 2);
    assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
    check(&world.state(), &what);
}

/// How the call ends after the first signal; `None` where it ends with the second.
pub fn call_that_hangs(
    desk: &Desk,
    world: &World,
    (step, at): (&str, At),
    moment: &Moment,
    stop: &Stop,
    signal: Signal,
) -> Option<Ending> {
    let mut waits = Waits { step, at, moment: moment.clone() };
    let mut read = world.read();
    read.clock = Arc::new(Still { world: world.clone(), moment: moment.clone() });
    let ports = (read, world.writer(desk.folder.path().join("artifacts")));
    let orders = Orders { until: None, approve: vec!["approve".to_owned()], who: "t@h".to_owned() };
    let steps = hanging(desk.steps(), step, at, moment);
    let (verbs, tell) = (Verbs::new("playbook.yaml", None), Tell::new(&mut waits));
    let engine =
        Engine::new(Arc::clone(&desk.playbook), steps, ports, desk.started(), orders, verbs, stop.clone(), tell);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut running = pin!(engine.run());
        tokio::select! {
            biased;
            ending = &mut running => panic!("{step} {at:?} is not reached: {ending:?}"),
            () = moment.reached() => {}
        }
        stop.ask(signal);
        if matches!(at, At::Look | At::Wait) {
            let ended = (0..8).find_map(|_| running.as_mut().now_or_never());
            return Some(ended.unwrap_or_else(|| panic!("{step} {at:?}: it is given up")));
        }
        // Whatever else it is given to do, it waits for the answer; what is dropped here was the process.
        for _ in 0..8 {
            assert!(poll!(&mut running).is_pending(), "{step} {at:?}: it waits for the answer");
        }
        None
    })
}
