//! What goes wrong beside the region, drawn: systems that are away, answers of Flink that are lost, jobs that die, savepoints
//! that fail, a clock that differs.

use proptest::{collection::vec, prelude::*, sample::select};

use crate::support::world::{Loss, Mortal, Outage, Part, State};

const MINUTE: u64 = 60_000;

#[derive(Debug, Clone)]
pub struct Trouble {
    outages: Vec<Outage>,
    losses: Vec<Loss>,
    mortals: Vec<Mortal>,
    /// So many savepoints fail before one is made.
    failing: usize,
    /// Milliseconds.
    skew: i64,
}

impl Trouble {
    pub fn put(&self, state: &mut State) {
        state.outages.clone_from(&self.outages);
        state.losses.clone_from(&self.losses);
        state.mortals.clone_from(&self.mortals);
        (state.flink.failing, state.skew) = (self.failing, self.skew);
    }

    /// What of it has struck by now.
    pub fn struck(&self, state: &State) -> Vec<String> {
        let away =
            state.outages.iter().filter(|outage| outage.struck > 0).map(|outage| format!("away {:?}", outage.of));
        let lost = state.losses.iter().filter(|loss| loss.struck > 0);
        let lost = lost.map(|loss| format!("{} lost {}", loss.call, if loss.applied { "after" } else { "before" }));
        let died = state.mortals.iter().filter(|mortal| mortal.struck > 0);
        let died = died.map(|mortal| match mortal.recovers {
            Some(_) => "recovered".to_owned(),
            None => format!("died {}", mortal.state),
        });
        let failed = (state.flink.failing < self.failing).then(|| "savepoint failed".to_owned());
        let skewed = (state.skewed.get() > 0).then(|| "skewed".to_owned());
        away.chain(lost).chain(died).chain(failed).chain(skewed).collect()
    }
}

fn outage() -> impl Strategy<Value = Outage> {
    let of = select(vec![Part::Rds, Part::Mysql, Part::JobManager, Part::Gateway]);
    let after = select(vec![
        "create deployment",
        "reboot",
        "stop job",
        "switchover",
        "switchover",
        "stage job",
        "submit job",
        "delete deployment",
    ]);
    let lasts = prop_oneof![3 => 1_000..5 * MINUTE, 1 => 5 * MINUTE..40 * MINUTE];
    (of, after, lasts).prop_map(|(of, after, lasts)| Outage::after(of, after, lasts))
}

fn loss() -> impl Strategy<Value = Loss> {
    let call = select(vec!["stop job", "submit job", "submit job", "cancel job", "stage job"]);
    (call, 1..3u32, any::<bool>()).prop_map(|(call, nth, applied)| Loss::of(call, nth, applied))
}

/// It dies before its first checkpoint: what has committed an offset is believed, and may die whenever it wants.
fn mortal() -> impl Strategy<Value = Mortal> {
    let state = prop_oneof![
        2 => Just(("FAILED", None)),
        1 => Just(("CANCELED", None)),
        1 => Just(("RESTARTING", None)),
        2 => (1_000..MINUTE).prop_map(|recovers| ("RESTARTING", Some(recovers))),
    ];
    (1..4usize, 0..1_900u64, state)
        .prop_map(|(submit, after, (state, recovers))| Mortal { recovers, ..Mortal::new(submit, after, state) })
}

pub fn trouble() -> impl Strategy<Value = Trouble> {
    (
        prop_oneof![5 => Just(Vec::new()), 2 => vec(outage(), 1..3)],
        prop_oneof![5 => Just(Vec::new()), 1 => vec(loss(), 1..3)],
        prop_oneof![6 => Just(Vec::new()), 1 => vec(mortal(), 1..3)],
        prop_oneof![8 => Just(0), 1 => 1..7usize],
        prop_oneof![4 => Just(0), 1 => -240_000..240_000i64],
    )
        .prop_map(|(outages, losses, mortals, failing, skew)| Trouble { outages, losses, mortals, failing, skew })
}
