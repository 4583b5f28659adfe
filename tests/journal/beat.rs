//! Signs of life while a single call stays without an answer for minutes.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use futures_util::FutureExt as _;
use upgrade::{
    error::Error,
    event::{Body, Event, Observer},
    port::{Reply, clock::Clock as _, rds::*},
    runner::{Engine, Orders, Stop, Tell, Verbs},
};

use crate::{
    call::{self, Seen},
    hung::{At, Moment, hanging},
    support::world::World,
};

/// An RDS that answers nothing before its time, and then an error.
struct Quiet {
    world: World,
    until: Duration,
}

impl Quiet {
    fn answer<T: Send + 'static>(&self) -> Reply<'_, T> {
        async {
            poll_fn(|context| {
                if self.world.elapsed() >= self.until {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            Err(Error::permanent("RDS says no at last"))
        }
        .boxed()
    }
}

impl RdsRead for Quiet {
    fn cluster<'a>(&'a self, _: &'a str) -> Reply<'a, Option<Cluster>> {
        self.answer()
    }
    fn instance<'a>(&'a self, _: &'a str) -> Reply<'a, Option<Instance>> {
        self.answer()
    }
    fn clusters(&self) -> Reply<'_, Vec<Cluster>> {
        self.answer()
    }
    fn instances(&self) -> Reply<'_, Vec<Instance>> {
        self.answer()
    }
    fn deployments<'a>(&'a self, _: &'a DeploymentFilter) -> Reply<'a, Vec<Deployment>> {
        self.answer()
    }
    fn engine_version<'a>(&'a self, _: &'a str, _: &'a str) -> Reply<'a, Option<EngineVersion>> {
        self.answer()
    }
    fn parameter_group<'a>(&'a self, _: &'a GroupRef) -> Reply<'a, Option<ParameterGroup>> {
        self.answer()
    }
    fn parameters<'a>(&'a self, _: &'a GroupRef, _: bool) -> Reply<'a, Vec<Parameter>> {
        self.answer()
    }
    fn family_parameters<'a>(&'a self, _: Level, _: &'a str) -> Reply<'a, Vec<Parameter>> {
        self.answer()
    }
    fn events<'a>(&'a self, _: &'a EventWindow) -> Reply<'a, Vec<RdsEvent>> {
        self.answer()
    }
    fn instance_logs<'a>(&'a self, _: &'a str, _: &'a str) -> Reply<'a, Vec<InstanceLog>> {
        self.answer()
    }
    fn log_text<'a>(&'a self, _: &'a str, _: &'a InstanceLog) -> Reply<'a, LogText> {
        self.answer()
    }
}

/// Progress of the step, as `(awaited, seconds)`.
fn signs(events: &[Event], of: &str) -> Vec<(String, f64)> {
    let signs = events.iter().filter_map(|event| match &event.body {
        Body::StepProgress { step, awaited, elapsed, .. } if step == of => Some((awaited.clone(), *elapsed)),
        _ => None,
    });
    signs.collect()
}

/// At least one a minute, from the begin of the step to its end.
fn never_a_minute_without(signs: &[(String, f64)], end: f64) {
    let times = signs.iter().map(|(_, elapsed)| *elapsed);
    let times: Vec<f64> = std::iter::once(0.0).chain(times).chain([end]).collect();
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] <= 60.0, "nothing between {} s and {} s: {signs:?}", pair[0], pair[1]);
    }
}

#[test]
fn a_look_that_stays_without_an_answer_is_told_of_at_least_every_minute() {
    let (world, desk) = call::quick();
    let until = world.elapsed() + Duration::from_secs(290);
    let mut read = world.read();
    read.rds = Some(Arc::new(Quiet { world: world.clone(), until }));
    let mut seen = Seen::default();
    let ports = (read, world.writer(desk.folder.path().join("artifacts")));
    let (verbs, tell) = (Verbs::new("playbook.yaml", None), Tell::new(&mut seen));
    let (started, steps) = (desk.started(), desk.steps());
    let engine =
        Engine::new(Arc::clone(&desk.playbook), steps, ports, started, Orders::default(), verbs, Stop::default(), tell);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(engine.run()).exit_code, 4);
    let signs = signs(&seen.0, "precheck");
    never_a_minute_without(&signs, 290.0);
    assert!(signs.iter().all(|(awaited, _)| awaited == "the answer of RDS"), "{signs:?}");
}

/// Lets a change be answered four minutes after the first sign that it is awaited.
struct Patient {
    seen: Vec<(String, f64)>,
    moment: Moment,
}

impl Observer for Patient {
    fn on(&mut self, event: &Event) {
        self.seen.extend(
            signs(std::slice::from_ref(event), "switchover")
                .into_iter()
                .filter(|(awaited, _)| awaited.starts_with("the answer to this: ")),
        );
        if let (Some((_, first)), Some((_, last))) = (self.seen.first(), self.seen.last())
            && last - first >= 240.0
        {
            self.moment.reach();
        }
    }
}

#[test]
fn a_change_that_stays_without_an_answer_is_told_of_at_least_every_minute() {
    let (world, desk) = call::quick();
    let mut patient = Patient { seen: Vec::new(), moment: Moment::default() };
    let steps = hanging(desk.steps(), "switchover", At::Late, &patient.moment);
    let ports = (world.read(), world.writer(desk.folder.path().join("artifacts")));
    let orders = Orders { until: None, approve: vec!["approve".to_owned()], who: "t@h".to_owned() };
    let (verbs, started) = (Verbs::new("playbook.yaml", None), desk.started());
    let tell = Tell::new(&mut patient);
    let engine = Engine::new(Arc::clone(&desk.playbook), steps, ports, started, orders, verbs, Stop::default(), tell);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ending = runtime.block_on(engine.run());
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    let signs = patient.seen;
    assert!(signs.len() >= 5, "{signs:?}");
    assert!(signs.windows(2).all(|pair| pair[1].1 - pair[0].1 <= 60.0), "{signs:?}");
}

/// The pause between two whole looks ends when it should, whatever becomes of a glance.
#[test]
fn a_glance_that_is_not_answered_keeps_nobody_waiting() {
    for step in ["switchover", "submit_cdc_jobs"] {
        let (world, desk) = call::quick();
        let moment = Moment::default();
        let mut seen = Seen::default();
        let ports = (world.read(), world.writer(desk.folder.path().join("artifacts")));
        let orders = Orders { until: None, approve: vec!["approve".to_owned()], who: "t@h".to_owned() };
        let (verbs, tell) = (Verbs::new("playbook.yaml", None), Tell::new(&mut seen));
        let (started, steps) = (desk.started(), hanging(desk.steps(), step, At::Glance, &moment));
        let engine =
            Engine::new(Arc::clone(&desk.playbook), steps, ports, started, orders, verbs, Stop::default(), tell);
        // Nothing in this world takes real time, so whoever waits here would wait for ever.
        let ending = engine.run().now_or_never().unwrap_or_else(|| panic!("{step}: it waits for a glance"));
        assert_eq!(ending.exit_code, 0, "{step}: {ending:?}");
        assert!(moment.is_reached(), "{step} has glanced");
    }
}
