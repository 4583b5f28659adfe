//! A sign of life while one call stays without an answer: what is awaited, and for how long already.

use std::{pin::pin, time::Duration};

use super::tell::Tell;
use crate::{event::Body, port::clock::Clock};

/// Between two signs. The last one before the call may be as old as the longest pause between two looks, and there is to be
/// one at least every minute.
const BEAT: Duration = Duration::from_secs(30);

/// Of which step the signs are.
pub(super) struct Beat<'a> {
    pub clock: &'a dyn Clock,
    pub step: &'a str,
    /// Since when the step is at work in this call of the program.
    pub began: Duration,
    pub budget: Option<Duration>,
}

impl Beat<'_> {
    /// What `work` comes to; meanwhile tells now and then that it is `awaited`.
    pub(super) async fn during<T>(
        self,
        tell: &mut Tell<'_>,
        awaited: impl Fn() -> String,
        work: impl Future<Output = T>,
    ) -> T {
        let asked = self.clock.elapsed();
        let mut work = pin!(work);
        loop {
            // Asked of the clock only once the work has been looked at: one that is ready takes no time.
            let beat = async { self.clock.sleep(BEAT).await };
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = beat => {}
            }
            let now = self.clock.elapsed();
            let event = Body::StepProgress {
                step: self.step.to_owned(),
                awaited: awaited(),
                seen: format!("nothing for {} s", now.saturating_sub(asked).as_secs()),
                elapsed: now.saturating_sub(self.began).as_secs_f64(),
                budget: self.budget.map(|budget| budget.as_secs_f64()),
                stalled: false,
            };
            tell.event(self.clock.now(), event);
        }
    }
}
