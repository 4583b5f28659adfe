//! A run as it stands after one of its steps, with which a story may begin: what comes late in an upgrade is told as often as
//! what comes early, and costs less.

use std::{collections::BTreeMap, sync::Mutex};

use sandbox::region::{Faults, Pace};

use crate::{
    acts::Plot,
    ordinary::{BOTH, host},
    support::{
        desk::Desk,
        world::{Kept, State, World},
    },
};

/// Where a story may begin; before the first step as well.
pub const AFTER: [&str; 5] =
    ["create_blue_green", "reboot_green", "stop_cdc_jobs", "switchover", "capture_coordinates"];
/// Those behind the gate.
pub const CONSENTED: [&str; 3] = ["stop_cdc_jobs", "switchover", "capture_coordinates"];

/// Dice of their own for so many of a kind.
const SEEDS: u64 = 2;

#[derive(Clone)]
pub struct Beginning {
    pub state: State,
    pub journal: Vec<u8>,
}

type Key = (&'static str, usize, bool, bool, u64);

static KNOWN: Mutex<BTreeMap<Key, Beginning>> = Mutex::new(BTreeMap::new());

/// The world of a plot before anything has happened in it.
pub fn first(seed: u64, faults: Faults, plot: &Plot) -> State {
    let mut state = State::seeded(faults, seed, if plot.slow { Pace::aws() } else { Pace::sandbox() });
    (state.kept, state.own_addresses) = (plot.kept, plot.own_addresses);
    let (address, now) = (host(&state), state.region.now());
    for job in &BOTH[1..plot.jobs] {
        state.flink.add_job(job, &address, now - 3_600_000);
    }
    state
}

/// The run of such a plot up to the end of a step, in which nothing has gone wrong.
pub fn after(step: &'static str, seed: u64, plot: &Plot) -> Beginning {
    let key = (step, plot.jobs, plot.kept == Kept::Rows, plot.own_addresses, seed % SEEDS);
    let mut known = KNOWN.lock().unwrap();
    let made = known.entry(key).or_insert_with(|| {
        let state = first(seed % SEEDS, Faults::default(), plot);
        let desk = Desk::with_jobs(&host(&state), &BOTH[..plot.jobs]);
        let world = World::new(state);
        let (ending, _) = desk.call_until(&world, true, Some(step));
        assert_eq!(ending.exit_code, 0, "up to {step}: {ending:?}");
        let journal = std::fs::read(desk.journal()).unwrap();
        let state = world.state().clone();
        Beginning { state, journal }
    });
    made.clone()
}
