//! Waiting out trouble that passes by itself. The one place of this adapter that sleeps; only reads come here.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use tokio::time::Instant;

use super::{connection::Limits, failure::Failure};

/// The pauses of one request that is tried again.
#[derive(Debug)]
pub(super) struct RideOut {
    limits: Limits,
    started: Instant,
    next: Duration,
}

impl RideOut {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, started: Instant::now(), next: limits.first_pause }
    }

    pub(super) fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// Pauses and returns true where another attempt may succeed and there is time for it.
    pub(super) async fn pause_after(&mut self, failure: &Failure) -> bool {
        let Some(patience) = failure.class.patience(&self.limits) else { return false };
        let pause = jittered(self.next);
        if self.waited() + pause >= patience {
            return false;
        }
        sleep(pause).await;
        self.next = (self.next * 2).min(self.limits.longest_pause);
        true
    }
}

#[expect(clippy::disallowed_methods, reason = "a read is tried again below the engine, which sees one call")]
async fn sleep(pause: Duration) {
    tokio::time::sleep(pause).await;
}

/// Between half and the whole of `pause`, so that many runs do not come back at once.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() >> 11;
    pause / 2 + (pause / 2).mul_f64(random as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_between_half_and_whole() {
        let pause = Duration::from_secs(8);
        let pauses: Vec<_> = (0..1000).map(|_| jittered(pause)).collect();
        assert!(pauses.iter().all(|p| *p >= pause / 2 && *p <= pause));
        assert!(pauses.iter().any(|p| *p < pause.mul_f64(0.6)) && pauses.iter().any(|p| *p > pause.mul_f64(0.9)));
    }
}
