//! How the runner waits: adaptive, with jitter, interruptible, and able to say when nothing moves any more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::port::clock::Clock;

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);
/// Without any change in what is seen for this long, the wait counts as stalled.
const STALLED: Duration = Duration::from_secs(15 * 60);

/// Which signal asked the run to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
    HangUp,
}

/// Asks a run to stop at its next safe point.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    signal: AtomicU8,
    wake: Notify,
}

impl Stop {
    pub fn ask(&self, signal: Signal) {
        let code = match signal {
            Signal::Interrupt => 1,
            Signal::Terminate => 2,
            Signal::HangUp => 3,
        };
        self.0.signal.store(code, Ordering::SeqCst);
        self.0.wake.notify_waiters();
    }

    pub fn asked(&self) -> Option<Signal> {
        match self.0.signal.load(Ordering::SeqCst) {
            1 => Some(Signal::Interrupt),
            2 => Some(Signal::Terminate),
            3 => Some(Signal::HangUp),
            _ => None,
        }
    }

    /// What `work` comes to; `None` where a request to stop comes first. `work` is then dropped: for what may be given up
    /// at any moment, as a look may.
    pub async fn unless_asked<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let woken = self.0.wake.notified();
        if self.asked().is_some() {
            return None;
        }
        tokio::select! {
            biased;
            done = work => Some(done),
            () = woken => None,
        }
    }

    /// Sleeps, but not beyond a request to stop.
    pub async fn sleep(&self, clock: &dyn Clock, time: Duration) {
        let woken = self.0.wake.notified();
        if self.asked().is_some() {
            return;
        }
        tokio::select! {
            () = clock.sleep(time) => {}
            () = woken => {}
        }
    }
}

/// The rhythm of one wait: an eighth of the time already waited, between half a second and fifteen.
#[derive(Debug)]
pub(super) struct Rhythm {
    began: Duration,
    looks: u32,
    moved: Duration,
    last: String,
    told: bool,
}

impl Rhythm {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        let now = clock.elapsed();
        Self { began: now, looks: 0, moved: now, last: String::new(), told: false }
    }

    /// Takes in what was seen; true when nothing has moved for long.
    pub(super) fn saw(&mut self, clock: &dyn Clock, seen: &str) -> bool {
        if self.last != seen {
            seen.clone_into(&mut self.last);
            self.moved = clock.elapsed();
            self.told = false;
        }
        clock.elapsed().saturating_sub(self.moved) >= STALLED
    }

    /// True once for every stall.
    pub(super) fn tell_stall(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }

    /// Since it began.
    pub(super) fn waited(&self, clock: &dyn Clock) -> Duration {
        clock.elapsed().saturating_sub(self.began)
    }

    pub(super) fn pause(&mut self, clock: &dyn Clock) -> Duration {
        self.looks += 1;
        let pause = (self.waited(clock) / 8).clamp(SHORTEST, LONGEST);
        // A tenth either way, so that many runs do not ask in step.
        let jitter = (self.looks.wrapping_mul(2_654_435_761) >> 16) % 200;
        pause * (900 + jitter) / 1000
    }
}
