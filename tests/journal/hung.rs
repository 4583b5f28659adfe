//! Steps that fall silent at a chosen moment, and a clock that stands still from then on.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures_util::future::{BoxFuture, pending};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Notify;
use upgrade::{
    error::Result,
    port::{Reply, clock::Clock},
    runner::Placed,
    step::{AnyStep, Attempts, Glances, Known, Outline, Performed, Read, Turn, Write},
};

use crate::support::world::World;

/// Where a call of the program hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Look,
    /// A call that changes something: it was not sent.
    Before,
    /// It took effect, and its answer does not come.
    After,
    /// Each of its glances; only the whole looks are answered.
    Glance,
    /// Between two looks.
    Wait,
    /// It takes effect at once, and is answered when the moment is reached.
    Late,
}

/// Whether it hangs, for all that take part.
#[derive(Clone, Default)]
pub struct Moment {
    reached: Arc<AtomicBool>,
    told: Arc<Notify>,
}

impl Moment {
    pub fn reach(&self) {
        self.reached.store(true, Ordering::SeqCst);
        self.told.notify_one();
    }

    pub fn is_reached(&self) -> bool {
        self.reached.load(Ordering::SeqCst)
    }

    pub async fn reached(&self) {
        self.told.notified().await;
    }

    async fn hang<T>(&self) -> T {
        self.reach();
        pending().await
    }
}

/// The world's time, until it hangs.
pub struct Still {
    pub world: World,
    pub moment: Moment,
}

impl Clock for Still {
    fn now(&self) -> OffsetDateTime {
        self.world.now()
    }

    fn elapsed(&self) -> Duration {
        self.world.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        if self.moment.is_reached() { Box::pin(pending()) } else { self.world.sleep(time) }
    }
}

/// The same steps, of which the one named hangs.
pub fn hanging(steps: Vec<Placed>, name: &str, at: At, moment: &Moment) -> Vec<Placed> {
    let hang = |placed: Placed| {
        if placed.id != name {
            return placed;
        }
        let step = Box::new(Hanging { inner: placed.step, at, moment: moment.clone() });
        Placed { step, ..placed }
    };
    steps.into_iter().map(hang).collect()
}

struct Hanging {
    inner: Box<dyn AnyStep>,
    at: At,
    moment: Moment,
}

impl AnyStep for Hanging {
    fn outline(&self) -> Outline {
        self.inner.outline()
    }

    fn needs(&self) -> &'static [&'static str] {
        self.inner.needs()
    }

    fn hurries(&self) -> bool {
        self.inner.hurries()
    }

    fn prepare<'a>(&'a self, read: &'a Read, write: &'a Write, known: &'a Known) -> Reply<'a, ()> {
        self.inner.prepare(read, write, known)
    }

    fn look<'a>(&'a self, read: &'a Read, known: &'a Known, done: &'a Attempts<Value>) -> Reply<'a, Turn> {
        Box::pin(async move {
            if self.at == At::Look { self.moment.hang().await } else { self.inner.look(read, known, done).await }
        })
    }

    fn glances<'a>(&'a self, _: &'a Read, _: &'a Known, _: &Attempts<Value>) -> Result<Option<Glances<'a>>> {
        let hung: Glances<'a> = Box::new(|| Box::pin(self.moment.hang()));
        Ok((self.at == At::Glance).then_some(hung))
    }

    fn perform<'a>(&'a self, intent: &'a Value, known: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            match self.at {
                At::Before => self.moment.hang().await,
                At::After => {
                    self.inner.perform(intent, known, write).await?;
                    self.moment.hang().await
                }
                At::Late => {
                    let answer = self.inner.perform(intent, known, write).await;
                    poll_fn(|context| {
                        context.waker().wake_by_ref();
                        if self.moment.is_reached() { Poll::Ready(()) } else { Poll::Pending }
                    })
                    .await;
                    answer
                }
                At::Look | At::Glance | At::Wait => self.inner.perform(intent, known, write).await,
            }
        })
    }

    fn by_hand(&self) -> &'static [(&'static str, &'static str)] {
        self.inner.by_hand()
    }

    fn check_outputs(&self, outputs: &Value) -> Result<()> {
        self.inner.check_outputs(outputs)
    }
}
