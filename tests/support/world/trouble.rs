//! What goes wrong beside the region: systems that are away for a while, answers that are lost, jobs that die, clocks that
//! differ. Each counts how often it struck.
#![allow(dead_code, reason = "not every test has trouble")]

use upgrade::error::{Error, Result};

use super::State;

/// What does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// RDS, with `Rate exceeded`.
    Rds,
    /// Every MySQL server: connections are cut and not taken.
    Mysql,
    JobManager,
    Gateway,
}

/// Something is away for a while.
#[derive(Debug, Clone)]
pub struct Outage {
    pub of: Part,
    after: &'static str,
    /// Milliseconds.
    lasts: u64,
    since: Option<u64>,
    pub struck: u32,
}

impl Outage {
    /// From the first call of this name on, once it has had its effect: `switchover`, `reboot`, `stop job`, ….
    pub fn after(of: Part, call: &'static str, lasts: u64) -> Self {
        Self { of, after: call, lasts, since: None, struck: 0 }
    }
}

/// One call whose answer is lost; after its effect, or before.
#[derive(Debug, Clone)]
pub struct Loss {
    pub call: &'static str,
    /// From 1.
    pub nth: u32,
    pub applied: bool,
    seen: u32,
    pub struck: u32,
}

impl Loss {
    pub fn of(call: &'static str, nth: u32, applied: bool) -> Self {
        Self { call, nth, applied, seen: 0, struck: 0 }
    }
}

/// A job that does not live long.
#[derive(Debug, Clone)]
pub struct Mortal {
    /// Which submit started it, from 1.
    pub submit: usize,
    /// Milliseconds from its submit.
    pub after: u64,
    /// `FAILED`, `RESTARTING`, ….
    pub state: &'static str,
    /// So long after that it runs again.
    pub recovers: Option<u64>,
    pub struck: u32,
}

impl Mortal {
    pub fn new(submit: usize, after: u64, state: &'static str) -> Self {
        Self { submit, after, state, recovers: None, struck: 0 }
    }
}

impl State {
    /// A call of this name has had its effect.
    pub(super) fn called(&mut self, call: &str) {
        let now = self.region.now();
        for outage in self.outages.iter_mut().filter(|outage| outage.after == call && outage.since.is_none()) {
            outage.since = Some(now);
        }
    }

    /// # Errors
    /// `Transient` where this is away right now.
    pub(super) fn reach(&mut self, part: Part) -> Result<()> {
        let now = self.region.now();
        let away =
            |outage: &&mut Outage| outage.of == part && outage.since.is_some_and(|since| now < since + outage.lasts);
        let Some(outage) = self.outages.iter_mut().find(away) else { return Ok(()) };
        outage.struck += 1;
        Err(Error::transient(match part {
            Part::Rds => "Throttling (400): Rate exceeded",
            Part::Mysql => "The server does not answer: connection refused",
            Part::JobManager => "The JobManager does not answer: connection refused",
            Part::Gateway => "The SQL Gateway does not answer: connection refused",
        }))
    }

    /// The call, or its loss.
    pub(super) fn perhaps<T>(&mut self, name: &str, call: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let mut lost = None;
        for loss in self.losses.iter_mut().filter(|loss| loss.call == name) {
            loss.seen += 1;
            if loss.seen == loss.nth {
                loss.struck += 1;
                lost = Some(loss.applied);
            }
        }
        let Some(applied) = lost else { return call(self) };
        if applied {
            call(self)?;
        }
        Err(Error::unknown("The connection was closed before the answer"))
    }

    /// Jobs die, and come back, as time passes.
    pub(super) fn age_jobs(&mut self) {
        let now = self.region.now();
        for mortal in &mut self.mortals {
            let job = self.flink.jobs.iter_mut().find(|job| job.submit == mortal.submit);
            let Some(job) = job.filter(|job| !job.job.ended()) else { continue };
            let dies = u64::try_from(job.job.started_at).unwrap() + mortal.after;
            let recovered = mortal.recovers.is_some_and(|recovers| now >= dies + recovers);
            if now < dies {
                continue;
            }
            let state = if recovered { "RUNNING" } else { mortal.state };
            if job.job.state != state {
                state.clone_into(&mut job.job.state);
                mortal.struck += u32::from(!recovered);
            }
        }
    }

    /// Why a job is down.
    pub(super) fn death_of(&self, id: &str) -> Option<String> {
        let job = self.flink.jobs.iter().find(|job| job.job.id == id)?;
        let mortal = self.mortals.iter().find(|mortal| mortal.submit == job.submit && mortal.struck > 0)?;
        (job.job.state == mortal.state).then(|| "java.io.IOException: the TaskManager was lost".to_owned())
    }
}
