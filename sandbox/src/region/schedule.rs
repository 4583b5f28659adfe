//! What is due, and when.

use std::collections::{BTreeMap, VecDeque};

use super::catalogue::Level;
use super::event::Event;
use super::fault::Mishap;
use super::resource::Resource;
use super::work::Millis;

/// Something that happens by itself. Deployments by id, resources by resource id.
#[derive(Debug, Clone)]
pub(super) enum Due {
    /// Look whether provisioning can go on.
    Provision(String),
    /// The rows of the members show this status.
    Rows {
        deployment: String,
        status: &'static str,
    },
    /// The switchover itself begins.
    Freeze(String),
    /// Names and tags move.
    Rename(String),
    /// The deployment says that the switchover is over.
    Complete(String),
    /// The status of a resource changes, unless another reason for a status came up since.
    Status {
        resource: Resource,
        turn: u64,
        status: &'static str,
    },
    /// Dynamic parameters are in effect.
    Applied {
        instance: String,
        level: Level,
        values: BTreeMap<String, String>,
    },
    /// The least time of a reboot has passed.
    Rebooted(String),
    /// A resource that was being deleted is no more.
    Gone(Resource),
    DeploymentGone(String),
    Unroute(String),
    Say(Event),
    Strike {
        deployment: String,
        mishap: Mishap,
    },
}

/// Ordered by time; what is due at the same time happens in the order it was put in.
#[derive(Debug, Clone, Default)]
pub(super) struct Schedule(BTreeMap<Millis, VecDeque<Due>>);

impl Schedule {
    pub(super) fn put(&mut self, at: Millis, due: Due) {
        self.0.entry(at).or_default().push_back(due);
    }

    pub(super) fn next_due(&self) -> Option<Millis> {
        self.0.keys().next().copied()
    }

    /// The first thing due by `now`, with its time.
    pub(super) fn pop(&mut self, now: Millis) -> Option<(Millis, Due)> {
        let mut first = self.0.first_entry()?;
        let at = *first.key();
        if at > now {
            return None;
        }
        let due = first.get_mut().pop_front();
        if first.get().is_empty() {
            first.remove();
        }
        due.map(|due| (at, due))
    }
}
