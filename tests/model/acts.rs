//! What may happen in a world, and how it is drawn.

use proptest::{collection::vec, option, prelude::*, sample::select};
use sandbox::region::{Action, Breakage, Calls, CoordinatesEvent, Fault, Faults, Home, Mishap, Planned, Rule};

use crate::{
    beginning::AFTER,
    support::world::Kept,
    trouble::{Trouble, trouble},
};

/// One world from its beginning.
#[derive(Debug, Clone)]
pub struct Plot {
    pub jobs: usize,
    /// The step behind which the story begins; before all of them if absent.
    pub after: Option<&'static str>,
    /// Everything takes as long as at AWS; else seconds.
    pub slow: bool,
    pub kept: Kept,
    pub own_addresses: bool,
    pub faults: Faults,
    pub trouble: Trouble,
    pub acts: Vec<Act>,
}

#[derive(Debug, Clone)]
pub enum Act {
    /// `upgrade run`, with consent or without, and when it dies.
    Run {
        approve: bool,
        dies_after: Option<u32>,
        torn: bool,
    },
    /// The same, while somebody types the same command on the same host: after so many calls of the first.
    Twice {
        approve: bool,
        second_after: u32,
    },
    /// `upgrade run` with a playbook that was edited: in its last step, which may be, or in what the run has begun with.
    Edited {
        begun: bool,
        approve: bool,
    },
    /// Minutes pass.
    Wait(u64),
    Hand(Hand),
}

/// What a person does past the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Reboots a member of green.
    RebootGreen,
    /// Asks for the switchover in the console.
    SwitchOver,
    /// Deletes the deployment.
    DeleteDeployment,
    /// Cancels the CDC job.
    CancelJob,
    /// Starts another job of the same name.
    StartNamesake,
}

fn fault() -> impl Strategy<Value = Fault> {
    let broken = || select(vec![Breakage::Closed, Breakage::Reset, Breakage::CutShort, Breakage::GatewayTimeout]);
    prop_oneof![
        3 => Just(Fault::Throttle),
        1 => Just(Fault::Internal),
        1 => Just(Fault::Unavailable),
        1 => Just(Fault::HtmlUnavailable),
        1 => Just(Fault::ExpiredToken),
        3 => broken().prop_map(Fault::ReplyLost),
        2 => broken().prop_map(Fault::CallLost),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let writes: Vec<Action> = Action::ALL.iter().copied().filter(|action| action.mutating()).collect();
    let calls = prop_oneof![
        (1..4u64).prop_map(Calls::Nth),
        (1..30u64).prop_map(Calls::First),
        (0.02..0.4f64).prop_map(Calls::Share),
    ];
    let action = prop_oneof![3 => select(writes).prop_map(Some), 1 => select(Action::ALL.to_vec()).prop_map(Some), 1 => Just(None)];
    (action, calls, fault()).prop_map(|(action, calls, fault)| Rule { action, ..Rule::any(calls, fault) })
}

fn mishap() -> impl Strategy<Value = Planned> {
    prop_oneof![8 => once().prop_map(Planned::once), 3 => always().prop_map(Planned::always)]
}

/// What may befall every event.
fn always() -> impl Strategy<Value = Mishap> {
    let words = select(vec!["", "switchover", "cancel", "coordinates"]);
    prop_oneof![
        2 => (0..1_800_000u64).prop_map(|by| Mishap::EventsLate { by }),
        1 => Just(Mishap::EventsTwice),
        2 => words.prop_map(|words| Mishap::EventsLost { words: words.to_owned() }),
    ]
}

fn once() -> impl Strategy<Value = Mishap> {
    let status = || select(vec!["maintenance", "backing-up", "configuring-enhanced-monitoring", "modifying"]);
    prop_oneof![
        4 => Just(Mishap::SwitchoverCancelled { reason: "the replication lag is too long".to_owned() }),
        1 => any::<bool>().prop_map(|moved| Mishap::SwitchoverFailed { reason: "an internal error".to_owned(), moved }),
        1 => Just(Mishap::CreationFails {
            task: "DB_ENGINE_VERSION_UPGRADE".to_owned(),
            reason: "the prechecks failed".to_owned(),
            status: "PROVISIONING_FAILED".to_owned(),
        }),
        1 => (0..600_000u64).prop_map(|after| Mishap::Invalid { after, reason: "blue was changed".to_owned() }),
        2 => (0..600_000u64).prop_map(|during| Mishap::Flapping { during }),
        2 => (0..3_600_000u64).prop_map(|during| Mishap::StorageOptimization { during }),
        2 => (0..3_600_000u64).prop_map(|during| Mishap::StorageInitialization { during }),
        2 => (0..20_000u64, 0..2_400_000u64, status())
            .prop_map(|(after, during, status)| Mishap::MemberBusy { after, during, status: status.to_owned() }),
        2 => (0..300_000u64).prop_map(|by| Mishap::ShowsLate { by }),
        2 => Just(Mishap::GreenPendingReboot),
        2 => (0..60_000u64).prop_map(|during| Mishap::GroupBusy { during }),
    ]
}

fn coordinates() -> impl Strategy<Value = CoordinatesEvent> {
    let home = select(vec![Home::OldGreenInstance, Home::ProductionInstance, Home::ProductionCluster]);
    let copies = prop_oneof![1 => Just(0u32), 6 => Just(1), 1 => 2..4u32];
    let rival = prop_oneof![9 => Just(None), 1 => Just(Some(("mysql-bin-changelog.000001".to_owned(), 4_711)))];
    (home, -20_000..120_000i64, copies, any::<bool>(), rival, any::<bool>(), 0..120u32).prop_map(
        |(home, after_completed, copies, out_of_order, rival, decoys, crowd)| CoordinatesEvent {
            home,
            after_completed,
            copies,
            out_of_order,
            rival,
            decoys,
            crowd,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    let hands = vec![Hand::RebootGreen, Hand::SwitchOver, Hand::DeleteDeployment, Hand::CancelJob, Hand::StartNamesake];
    let dies = prop_oneof![1 => Just(None), 3 => (0..900u32).prop_map(Some), 2 => (0..150u32).prop_map(Some)];
    prop_oneof![
        12 => (prop::bool::weighted(0.8), dies, prop::bool::weighted(0.2))
            .prop_map(|(approve, dies_after, torn)| Act::Run { approve, dies_after, torn }),
        1 => (any::<bool>(), 0..400u32).prop_map(|(approve, second_after)| Act::Twice { approve, second_after }),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(begun, approve)| Act::Edited { begun, approve }),
        2 => (1..240u64).prop_map(Act::Wait),
        1 => select(hands).prop_map(Act::Hand),
    ]
}

pub fn plots() -> impl Strategy<Value = Plot> {
    let kept = select(vec![Kept::Rows, Kept::Rows, Kept::Statements]);
    let mishaps = prop_oneof![12 => Just(Vec::new()), 6 => vec(mishap(), 1), 1 => vec(mishap(), 2)];
    let faults = (vec(rule(), 0..3), mishaps, coordinates()).prop_map(|(rules, mishaps, coordinates)| Faults {
        rules,
        mishaps,
        coordinates,
    });
    let jobs = prop_oneof![3 => Just(1usize), 1 => Just(2)];
    // Most of what goes wrong shows in a short story, and ten of them are told in the time of a long one.
    let acts = prop_oneof![14 => vec(act(), 1), 5 => vec(act(), 2..4), 1 => vec(act(), 4..7)];
    (
        jobs,
        option::weighted(0.85, select(AFTER.to_vec())),
        prop::bool::weighted(0.01),
        kept,
        any::<bool>(),
        faults,
        trouble(),
        acts,
    )
        .prop_map(|(jobs, after, slow, kept, own_addresses, faults, trouble, acts)| Plot {
            jobs,
            after,
            slow,
            kept,
            own_addresses,
            faults,
            trouble,
            acts,
        })
}
