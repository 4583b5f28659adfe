//! The one place of the sandbox where real time is read and waited for.
#![expect(clippy::disallowed_methods, reason = "the sandbox runs real servers, so its time is the machine's")]

use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

use crate::region::work::Millis;

/// Milliseconds since the Unix epoch.
pub fn now() -> Millis {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}

/// A reading to measure a duration from.
pub fn start() -> Instant {
    Instant::now()
}

pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Asks again and again until there is an answer; `None` when `limit` has passed without one.
pub async fn poll<T, F: Future<Output = Option<T>>>(
    limit: Duration,
    every: Duration,
    mut ask: impl FnMut() -> F,
) -> Option<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if started.elapsed() >= limit {
            return None;
        }
        tokio::time::sleep(every).await;
    }
}
