//! The model and the servers, and what passes between them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::api::Api;
use crate::clock;
use crate::place::{State, write_json};
use crate::plane::Plane;
use crate::region::Region;
use crate::region::work::{Task, Work};

/// How late the region notices that something is due.
const TICK: Duration = Duration::from_millis(50);

/// A region whose work is done by real servers; nothing happens any more once it is dropped.
#[derive(Debug)]
pub struct Stage {
    pub api: Api,
    running: JoinHandle<()>,
}

impl Stage {
    /// Keeps `state`, a file, up to date with what happens.
    pub fn start(region: Region, plane: Arc<Plane>, state: PathBuf) -> Self {
        let (sender, works) = unbounded_channel();
        let hand_out = move |new: Vec<Work>| {
            for work in new {
                // Nobody listens any more when the sandbox ends.
                let _ = sender.send(work);
            }
        };
        let api = Api::new(region, clock::now, hand_out);
        let hands = Hands { api: api.clone(), plane, state, failures: Arc::default() };
        Self { api, running: tokio::spawn(hands.work(works)) }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.running.abort();
    }
}

#[derive(Clone)]
struct Hands {
    api: Api,
    plane: Arc<Plane>,
    state: PathBuf,
    failures: Arc<Mutex<Vec<String>>>,
}

impl Hands {
    async fn work(self, mut works: UnboundedReceiver<Work>) {
        loop {
            tokio::select! {
                Some(work) = works.recv() => {
                    // Routes are quick, and their order matters.
                    if matches!(work.task, Task::Route { .. } | Task::Unroute { .. }) {
                        self.perform(work).await;
                    } else {
                        let hands = self.clone();
                        tokio::spawn(async move { hands.perform(work).await });
                    }
                }
                () = clock::pause(TICK) => {
                    self.api.tick();
                }
            }
        }
    }

    async fn perform(&self, work: Work) {
        let done = self.plane.perform(work.task.clone()).await;
        if let Err(reason) = &done {
            let failure = format!("{:?}: {reason}", work.task);
            self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
        }
        // Before the region knows: who sees the API's answer finds the flip written down.
        self.write_state();
        self.api.finish(work.id, done);
    }

    fn write_state(&self) {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let endpoints = self.plane.endpoints.list();
        let state = State {
            endpoints: endpoints.into_iter().map(|(address, target)| (address, target.server)).collect(),
            flips: self.plane.flips(),
            failures: failures.clone(),
        };
        // The file is for people and for the rehearsal; the servers do not depend on it.
        let _ = write_json(&self.state, &state);
    }
}
