//! Time, owned by whoever runs the engine, so that a test can let six hours pass in a millisecond.

use std::time::Duration;

use futures_util::future::BoxFuture;
use time::OffsetDateTime;

pub trait Clock: Send + Sync {
    /// For people and for comparison with times the outside reports; never for order.
    fn now(&self) -> OffsetDateTime;
    /// Monotonic time since an arbitrary start.
    fn elapsed(&self) -> Duration;
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;
}
