//! One call of the program in the pretended world, with a journal and a stop of the test's own.

use std::sync::{Arc, Mutex};

use sandbox::region::{Faults, Pace};
use upgrade::{
    event::{Event, Observer},
    runner::{Ending, Engine, Orders, Placed, Started, Stop, Tell, Verbs},
};

use crate::{
    ordinary::host,
    support::{
        desk::Desk,
        world::{State, World},
    },
};

/// Keeps what is told.
#[derive(Default)]
pub struct Seen(pub Vec<Event>);

impl Observer for Seen {
    fn on(&mut self, event: &Event) {
        self.0.push(event.clone());
    }
}

/// A world in which everything takes seconds, so that many runs of it fit into a test.
pub fn quick() -> (World, Desk) {
    let world = World::new(State::seeded(Faults::default(), 7, Pace::sandbox()));
    let desk = Desk::new(&host(&world.state()));
    (world, desk)
}

/// `upgrade run`, every gate approved.
pub fn run(desk: &Desk, world: &World, started: Started, stop: Stop) -> (Ending, Vec<Event>) {
    of_steps(desk, world, started, desk.steps(), stop)
}

pub fn of_steps(desk: &Desk, world: &World, started: Started, steps: Vec<Placed>, stop: Stop) -> (Ending, Vec<Event>) {
    let gates = desk.playbook.steps.iter().filter(|step| step.body.kind() == "approve");
    let orders = Orders { until: None, approve: gates.map(|step| step.id.clone()).collect(), who: "t@h".to_owned() };
    let ports = (world.read(), world.writer(desk.folder.path().join("artifacts")));
    let mut seen = Seen::default();
    let (verbs, tell) = (Verbs::new("playbook.yaml", None), Tell::new(&mut seen));
    let engine = Engine::new(Arc::clone(&desk.playbook), steps, ports, started, orders, verbs, stop, tell);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ending = runtime.block_on(engine.run());
    (ending, seen.0)
}

/// The calls of what `undisturbed` does in this world that are worth a try of their own: every moment round a call that
/// changes something, and at least `looks` of those that only look, at equal distances.
pub fn worth_trying(world: &World, looks: usize, undisturbed: impl FnOnce()) -> Vec<usize> {
    let calls: Arc<Mutex<Vec<bool>>> = Arc::default();
    let heard = Arc::clone(&calls);
    world.listen(move |_, after| {
        let mut calls = heard.lock().unwrap();
        calls.push(after);
        if after {
            // The moment before it stands one place further up.
            let before = calls.len() - 2;
            calls[before] = true;
        }
    });
    undisturbed();
    let calls = calls.lock().unwrap().clone();
    let every = calls.len().div_ceil(looks);
    let tried: Vec<_> = (0..calls.len()).filter(|at| calls[*at] || at % every == 0).collect();
    assert!(tried.len() > looks, "{} of {}", tried.len(), calls.len());
    tried
}
