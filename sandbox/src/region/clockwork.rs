//! The region as a whole: its clock, what is due, and the work of the data plane.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address::AddressBook;
use super::call::Request;
use super::catalogue::Level;
use super::deployment::Deployment;
use super::dice::Dice;
use super::event::Event;
use super::fault::Faults;
use super::group::Group;
use super::resource::{Cluster, Instance, Resource};
use super::schedule::{Due, Schedule};
use super::work::{Done, Millis, Task, Work, WorkId};
use super::{Addresses, Pace};

/// What a region begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Twelve digits.
    pub account: String,
    pub region: String,
    pub seed: u64,
    pub pace: Pace,
    pub addresses: Addresses,
    pub faults: Faults,
    pub start: Millis,
}

/// What the answer of the data plane is for.
#[derive(Debug, Clone)]
pub(super) enum Awaited {
    Nothing,
    Green { deployment: String },
    Replica { deployment: String, instance: String },
    Restart { instance: String },
    Switchover { deployment: String },
}

/// A pretend AWS region: one account's RDS.
#[derive(Debug, Clone)]
pub struct Region {
    pub(super) settings: Settings,
    pub(super) now: Millis,
    pub(super) dice: Dice,
    pub(super) addresses: AddressBook,
    /// By resource id.
    pub(super) clusters: BTreeMap<String, Cluster>,
    pub(super) instances: BTreeMap<String, Instance>,
    pub(super) groups: BTreeMap<(Level, String), Group>,
    pub(super) deployments: Vec<Deployment>,
    /// In the order of listing.
    pub(super) events: Vec<Event>,
    pub(super) logs: Vec<super::action::LogFile>,
    pub(super) snapshots: Vec<String>,
    pub(super) requests: Vec<Request>,
    pub(super) schedule: Schedule,
    works: u64,
    waiting: Vec<Work>,
    complaints: Vec<String>,
    awaited: BTreeMap<WorkId, Awaited>,
}

impl Region {
    pub fn new(settings: Settings) -> Self {
        let mut dice = Dice::new(settings.seed);
        let zone = dice.zone();
        Self {
            addresses: AddressBook::new(settings.addresses.clone(), zone, settings.region.clone()),
            now: settings.start,
            dice,
            settings,
            clusters: BTreeMap::new(),
            instances: BTreeMap::new(),
            groups: Group::defaults(),
            deployments: Vec::new(),
            events: Vec::new(),
            logs: Vec::new(),
            snapshots: Vec::new(),
            requests: Vec::new(),
            schedule: Schedule::default(),
            works: 0,
            waiting: Vec::new(),
            complaints: Vec::new(),
            awaited: BTreeMap::new(),
        }
    }

    pub fn now(&self) -> Millis {
        self.now
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Faults may be added, changed and counted at any time.
    pub fn faults(&mut self) -> &mut Faults {
        &mut self.settings.faults
    }

    /// Lets everything happen that is due by `now`, in order. A clock that goes back is taken as standing.
    pub fn advance(&mut self, now: Millis) {
        while let Some((at, due)) = self.schedule.pop(now) {
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = self.now.max(now);
    }

    /// When something is due next, if no data plane finishes anything before.
    pub fn next_due(&self) -> Option<Millis> {
        self.schedule.next_due()
    }

    /// The work that came up since the last time, oldest first. Each piece has to be finished.
    pub fn take_work(&mut self) -> Vec<Work> {
        std::mem::take(&mut self.waiting)
    }

    /// The data plane's answer. False where no such work is open, and then nothing happens.
    pub fn finish(&mut self, id: WorkId, result: Result<Done, String>) -> bool {
        let Some(awaited) = self.awaited.remove(&id) else { return false };
        self.complaints.extend(result.as_ref().err().cloned());
        match awaited {
            Awaited::Nothing => {}
            Awaited::Green { deployment } => self.green_made(&deployment, result.map(|_| ())),
            Awaited::Replica { deployment, instance } => {
                self.replica_made(&deployment, &instance, result.map(|_| ()));
            }
            Awaited::Restart { instance } => self.restarted(&instance, result.map(|_| ())),
            Awaited::Switchover { deployment } => self.switched(&deployment, result),
        }
        true
    }

    /// Why work failed, oldest first; also work whose failure shows nowhere else.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Work whose answer changes nothing that is shown.
    pub(super) fn send(&mut self, task: Task) {
        self.ask(task, Awaited::Nothing);
    }

    pub(super) fn ask(&mut self, task: Task, awaited: Awaited) {
        self.works += 1;
        let id = WorkId(self.works);
        self.awaited.insert(id, awaited);
        self.waiting.push(Work { id, task });
    }

    pub(super) fn after(&mut self, delay: Millis, due: Due) {
        self.schedule.put(self.now + delay, due);
    }

    /// Shows a status now, and another one after a while unless a newer reason for a status comes up.
    pub(super) fn pass_through(&mut self, resource: &Resource, now: &'static str, delay: Millis, then: &'static str) {
        if let Some(turn) = self.set_status(resource, now) {
            self.after(delay, Due::Status { resource: resource.clone(), turn, status: then });
        }
    }

    /// The number of this reason for a status; absent where the resource is gone.
    pub(super) fn set_status(&mut self, resource: &Resource, status: &str) -> Option<u64> {
        let (held, turn) = match resource {
            Resource::Cluster(id) | Resource::Endpoint(id, _) => {
                let cluster = self.clusters.get_mut(id)?;
                (&mut cluster.status, &mut cluster.turn)
            }
            Resource::Instance(id) => {
                let instance = self.instances.get_mut(id)?;
                (&mut instance.status, &mut instance.turn)
            }
        };
        status.clone_into(held);
        *turn += 1;
        Some(*turn)
    }

    fn turn_of(&self, resource: &Resource) -> Option<u64> {
        match resource {
            Resource::Cluster(id) | Resource::Endpoint(id, _) => self.clusters.get(id).map(|cluster| cluster.turn),
            Resource::Instance(id) => self.instances.get(id).map(|instance| instance.turn),
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Provision(deployment) => self.provision(&deployment),
            Due::Rows { deployment, status } => self.show_rows(&deployment, status),
            Due::Freeze(deployment) => self.freeze(&deployment),
            Due::Rename(deployment) => self.rename(&deployment),
            Due::Complete(deployment) => self.complete(&deployment),
            Due::Status { resource, turn, status } => {
                if self.turn_of(&resource) == Some(turn) {
                    self.set_status(&resource, status);
                }
            }
            Due::Applied { instance, level, values } => self.applied(&instance, level, values),
            Due::Rebooted(instance) => self.rebooted(&instance),
            Due::Gone(resource) => self.gone(&resource),
            Due::DeploymentGone(deployment) => self.deployment_gone(&deployment),
            Due::Unroute(address) => {
                self.addresses.give_back(&address);
                self.send(Task::Unroute { address });
            }
            Due::Say(event) => self.list(event),
            Due::Strike { deployment, mishap } => self.befall(&deployment, mishap),
        }
    }
}
