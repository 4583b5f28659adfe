//! A plot, acted out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display},
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use sandbox::region::{
    Faults, Mishap,
    action::{DeleteBlueGreenDeployment, RebootDBInstance, SwitchoverBlueGreenDeployment},
};
use serde_json::Value;
use upgrade::{port::clock::Clock as _, runner::Ending};

use crate::{
    acts::{Act, Hand, Plot},
    beginning::{self, CONSENTED},
    ordinary::{BOTH, FIRST, check_jobs, host},
    support::{
        desk::Desk,
        world::{Killed, Mortal, State, World},
    },
};

/// A patient operator's calls after everything has calmed down, and those of one for whom nobody promises an end.
const CALLS: usize = 10;
const SPOILED_CALLS: usize = 2;
const HOUR: Duration = Duration::from_secs(3600);
/// A call of the program that asks so often waits for what never comes.
const FOR_EVER: u32 = 30_000;
const LONG: u32 = 2_000;

/// What the region says of a switchover that it took back.
const CANCELED: &str = "Switchover canceled on ";

pub struct Story<'a> {
    plot: &'a Plot,
    world: World,
    desk: Desk,
    /// Calls by hand that took effect.
    by_hand: BTreeMap<&'static str, usize>,
    consented: bool,
}

/// What the worlds together have come through.
#[derive(Default)]
pub struct Reached(BTreeMap<String, u64>);

impl Reached {
    fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what.clone()).or_default() += times;
        }
    }

    /// A model that reaches nothing shows nothing.
    pub fn check(&self) {
        for what in [
            "edited",
            "edited too late",
            "locked out",
            "killed",
            "torn",
            "exit 0",
            "exit 4",
            "exit 5",
            "exit 7",
            "exit 8",
            "fault struck",
            "rolled back",
            "storage_initialization",
            "member_busy",
            "shows_late",
            "events_late",
            "events_twice",
            "events_lost",
            "away Rds",
            "away Mysql",
            "away JobManager",
            "away Gateway",
            "stop job lost before",
            "stop job lost after",
            "submit job lost before",
            "submit job lost after",
            "died FAILED",
            "died CANCELED",
            "died RESTARTING",
            "recovered",
            "savepoint failed",
            "skewed",
        ] {
            assert!(self.0.get(what).is_some_and(|times| *times > 0), "no world has come to: {what}");
        }
    }
}

impl Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<_> = self.0.iter().map(|(what, times)| format!("{what} {times}")).collect();
        f.write_str(&told.join(", "))
    }
}

impl<'a> Story<'a> {
    pub fn new(seed: u64, plot: &'a Plot) -> Self {
        let begun = plot.after.filter(|_| !plot.slow).map(|step| beginning::after(step, seed, plot));
        let (mut state, journal) = match begun {
            Some(begun) => (begun.state, Some(begun.journal)),
            None => (beginning::first(seed, Faults::default(), plot), None),
        };
        state.region.faults().clone_from(&plot.faults);
        plot.trouble.put(&mut state);
        let desk = Desk::with_jobs(&host(&state), &BOTH[..plot.jobs]);
        if let Some(journal) = &journal {
            std::fs::write(desk.journal(), journal).unwrap();
        }
        let consented = journal.is_some() && plot.after.is_some_and(|step| CONSENTED.contains(&step));
        let world = World::new(state);
        Self { plot, world, desk, by_hand: BTreeMap::new(), consented }
    }

    pub fn tell(mut self, reached: &mut Reached) -> Result<(), String> {
        for (place, act) in self.plot.acts.iter().enumerate() {
            let what = format!("after act {place} ({act:?})");
            match act {
                Act::Run { approve, dies_after, torn } => {
                    self.run(*approve, *dies_after, *torn, reached).map_err(|why| format!("{what}: {why}"))?;
                }
                Act::Twice { approve, second_after } => {
                    self.twice(*approve, *second_after, reached).map_err(|why| format!("{what}: {why}"))?;
                }
                Act::Edited { begun, approve } => {
                    self.edited(*begun, *approve, reached).map_err(|why| format!("{what}: {why}"))?;
                }
                Act::Wait(minutes) => drop(self.world.sleep(Duration::from_secs(minutes * 60))),
                Act::Hand(hand) => self.hand(*hand),
            }
            self.invariants(reached).map_err(|why| format!("{what}: {why}"))?;
        }
        let calm = self.calm(reached);
        let mut state = self.world.state();
        self.plot.trouble.struck(&state).into_iter().for_each(|what| reached.count(what));
        state.region.faults().mishaps.iter().filter(|planned| planned.struck > 0).for_each(|planned| {
            reached.count(name(&planned.mishap));
        });
        calm
    }

    fn run(&mut self, approve: bool, dies: Option<u32>, torn: bool, reached: &mut Reached) -> Result<(), String> {
        self.consented |= approve;
        if let Some(ending) = self.call(approve, dies) {
            return legal(&ending, reached);
        }
        reached.count(if dies.is_some() { "killed" } else { "waits" });
        if torn && self.desk.journal().exists() {
            reached.count("torn");
            let mut journal = std::fs::OpenOptions::new().append(true).open(self.desk.journal()).unwrap();
            journal.write_all(b"{\"v\":1,\"seq\":").unwrap();
        }
        Ok(())
    }

    /// The second call finds the lock held and touches nothing.
    fn twice(&mut self, approve: bool, after: u32, reached: &mut Reached) -> Result<(), String> {
        let second = Arc::new(Mutex::new(None));
        let (desk, world, told) = (self.desk.clone(), self.world.clone(), Arc::clone(&second));
        self.world.meanwhile(after, move || {
            let asked = world.state().region.requests().len();
            // A runtime does not run within another.
            let second = world.clone();
            let ending = thread::spawn(move || desk.call(&second, true).0).join().unwrap();
            *told.lock().unwrap() = Some((ending, world.state().region.requests().len() == asked));
        });
        let ran = self.run(approve, None, false, reached);
        match second.lock().unwrap().take() {
            Some((ending, true)) if ending.exit_code == 6 => reached.count("locked out"),
            Some((ending, silent)) => return Err(format!("a second call ran (silent: {silent}): {ending:?}")),
            None => self.world.meanwhile(u32::MAX, || {}),
        }
        ran
    }

    fn edited(&mut self, begun: bool, approve: bool, reached: &mut Reached) -> Result<(), String> {
        let (from, to) = if begun { ("orders-80", "orders-81") } else { ("keep_old_for: 0s", "keep_old_for: 1s") };
        let text = std::fs::read_to_string(self.desk.folder.path().join("playbook.yaml")).unwrap();
        // It may be edited by now.
        if !text.contains(from) {
            return Ok(());
        }
        let desk = self.desk.edited(from, to);
        let asked = self.world.state().region.requests().len();
        let kept = std::mem::replace(&mut self.desk, desk);
        let ending = self.call(approve, None);
        let refused = ending.as_ref().and_then(|ending| ending.error.as_ref());
        if refused.is_some_and(|error| error.message.starts_with("The playbook was edited")) {
            reached.count("edited too late");
            self.desk = kept.edited(to, from);
            let silent = self.world.state().region.requests().len() == asked;
            return if silent { Ok(()) } else { Err("a refused playbook was acted on".to_owned()) };
        }
        reached.count("edited");
        self.consented |= approve;
        ending.map_or(Ok(()), |ending| legal(&ending, reached))
    }

    /// One call of the program; `None` where it was killed.
    fn call(&self, approve: bool, dies: Option<u32>) -> Option<Ending> {
        self.world.dies_after(Some(dies.unwrap_or(FOR_EVER)));
        let called = catch_unwind(AssertUnwindSafe(|| self.desk.call(&self.world, approve).0));
        self.world.dies_after(None);
        match called {
            Ok(ending) => Some(ending),
            Err(thrown) if thrown.is::<Killed>() => None,
            Err(thrown) => resume_unwind(thrown),
        }
    }

    fn hand(&mut self, hand: Hand) {
        let mut state = self.world.state();
        let deployment = state.region.deployments().first().map(|found| found.id.clone());
        let green = state.region.instances().find(|one| one.id.contains("-green-")).map(|one| one.id.clone());
        let before = counts(&state);
        match (hand, deployment, green) {
            (Hand::RebootGreen, _, Some(id)) => {
                let _ = state.region.call(RebootDBInstance { id, force_failover: false });
            }
            (Hand::SwitchOver, Some(id), _) => {
                let _ = state.region.call(SwitchoverBlueGreenDeployment { id, timeout: None });
            }
            (Hand::DeleteDeployment, Some(id), _) => {
                let _ = state.region.call(DeleteBlueGreenDeployment { id, delete_target: None });
            }
            (Hand::CancelJob, ..) => {
                if let Some(job) = state.flink.jobs.iter_mut().find(|job| job.job.name == FIRST && !job.job.ended()) {
                    job.job.state = "CANCELED".to_owned();
                }
            }
            (Hand::StartNamesake, ..) => {
                let (address, now) = (host(&state), state.region.now());
                state.flink.add_job(FIRST, &address, now);
            }
            _ => {}
        }
        for (action, times) in counts(&state) {
            *self.by_hand.entry(action).or_default() += times - before[action];
        }
    }

    /// What holds at every moment.
    fn invariants(&self, reached: &mut Reached) -> Result<(), String> {
        let mut state = self.world.state();
        let times = counts(&state);
        let ours = |action: &str| times[action] - self.by_hand.get(action).copied().unwrap_or_default();
        // By a mishap, or because somebody rebooted green meanwhile: the next one has a consent of its own.
        // Its event may be told twice, and may be lost.
        let told = state.region.events().iter().filter(|event| event.message.starts_with(CANCELED));
        let told = told.map(|event| event.at).collect::<BTreeSet<_>>().len();
        let planned = struck(state.region.faults(), |mishap| matches!(mishap, Mishap::SwitchoverCancelled { .. }));
        let cancelled = told.max(planned);
        let at_most = |action: &str, most: usize| match ours(action) {
            found if found > most => Err(format!("{action} took effect {found} times")),
            _ => Ok(()),
        };
        at_most("SwitchoverBlueGreenDeployment", if self.consented { 1 + cancelled } else { 0 })?;
        at_most("CreateBlueGreenDeployment", 1)?;
        let lost: u64 = state.region.faults().rules.iter().map(|rule| rule.struck).sum();
        at_most("RebootDBInstance", if self.is_untold() { 2 + usize::try_from(lost).unwrap() } else { 2 })?;
        let switched = times["SwitchoverBlueGreenDeployment"] > cancelled;
        at_most("DeleteBlueGreenDeployment", usize::from(switched))?;
        at_most("DeleteDBCluster", 0)?;
        at_most("DeleteDBInstance", 0)?;
        at_most("DeleteDBClusterParameterGroup", 0)?;
        let strangers = self.plot.acts.iter().filter(|act| matches!(act, Act::Hand(Hand::StartNamesake))).count();
        for job in BOTH {
            let alive = state.flink.alive(job).len();
            if alive > 1 + strangers {
                return Err(format!("{alive} jobs named {job} are alive"));
            }
        }
        if state.region.faults().rules.iter().any(|rule| rule.struck > 0) {
            reached.count("fault struck");
        }
        if cancelled > 0 {
            reached.count("rolled back");
        }
        Ok(())
    }

    /// Nothing goes wrong any more, and somebody types the command until it is done.
    fn calm(&mut self, reached: &mut Reached) -> Result<(), String> {
        let spoiled = self.is_spoiled();
        {
            let mut state = self.world.state();
            let now = state.region.now();
            let faults = state.region.faults();
            faults.rules.iter_mut().for_each(|rule| rule.until = Some(now));
            faults.mishaps.retain(|planned| planned.struck > 0);
        }
        let mut last = None;
        for _ in 0..if spoiled { SPOILED_CALLS } else { CALLS } {
            self.consented = true;
            let Some(ending) = self.call(true, spoiled.then_some(LONG)) else {
                reached.count("waits");
                if spoiled {
                    return Ok(());
                }
                return Err("it waits for what never comes".to_owned());
            };
            legal(&ending, reached)?;
            self.invariants(reached)?;
            if ending.exit_code == 0 {
                if !spoiled {
                    check_jobs(&self.world.state(), &BOTH[..self.plot.jobs], "at the end");
                }
                return Ok(());
            }
            drop(self.world.sleep(HOUR));
            self.mend();
            last = Some(ending);
        }
        if spoiled { Ok(()) } else { Err(format!("it does not come to its end: {last:?}")) }
    }

    /// Whether no event tells in time of a reader that restarted: after a lost answer nothing else does.
    fn is_untold(&self) -> bool {
        self.plot.faults.mishaps.iter().any(|planned| match &planned.mishap {
            Mishap::EventsLate { by } => *by > 240_000,
            Mishap::EventsLost { words } => words.is_empty(),
            _ => false,
        })
    }

    /// A person gives up a job that restarts over and over.
    fn mend(&self) {
        let mut state = self.world.state();
        let over = |mortal: &Mortal| mortal.struck > 0 && mortal.state == "RESTARTING" && mortal.recovers.is_none();
        let given_up: Vec<usize> = state.mortals.iter().filter(|one| over(one)).map(|one| one.submit).collect();
        for job in state.flink.jobs.iter_mut().filter(|job| given_up.contains(&job.submit) && !job.job.ended()) {
            "CANCELED".clone_into(&mut job.job.state);
        }
    }

    /// Whether somebody or something has done what only a person can put right.
    fn is_spoiled(&self) -> bool {
        let ends = |mishap: &Mishap| {
            matches!(mishap, Mishap::SwitchoverFailed { .. } | Mishap::CreationFails { .. } | Mishap::Invalid { .. })
        };
        struck(self.world.state().region.faults(), ends) > 0
            || self.plot.faults.coordinates.rival.is_some()
            || self.plot.acts.iter().any(|act| matches!(act, Act::Hand(_)))
    }
}

fn struck(faults: &Faults, which: impl Fn(&Mishap) -> bool) -> usize {
    faults.mishaps.iter().filter(|planned| which(&planned.mishap)).map(|planned| planned.struck as usize).sum()
}

/// As it is written down.
fn name(mishap: &Mishap) -> String {
    match serde_json::to_value(mishap).unwrap() {
        Value::Object(named) => named.keys().next().unwrap().clone(),
        plain => plain.as_str().unwrap().to_owned(),
    }
}

/// How often each call took effect that may not do so at will.
fn counts(state: &State) -> BTreeMap<&'static str, usize> {
    const COUNTED: [&str; 7] = [
        "CreateBlueGreenDeployment",
        "SwitchoverBlueGreenDeployment",
        "DeleteBlueGreenDeployment",
        "RebootDBInstance",
        "DeleteDBCluster",
        "DeleteDBInstance",
        "DeleteDBClusterParameterGroup",
    ];
    COUNTED.into_iter().map(|action| (action, state.applied(action))).collect()
}

/// A call of the program ends in a known way, and says what comes next.
fn legal(ending: &Ending, reached: &mut Reached) -> Result<(), String> {
    reached.count(format!("exit {}", ending.exit_code));
    match ending.exit_code {
        0 => Ok(()),
        3 | 4 | 5 | 7 | 8 if ending.next.is_some() && ending.error.is_some() => Ok(()),
        _ => Err(format!("no legal ending: {ending:?}")),
    }
}
