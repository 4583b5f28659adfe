//! Reboots, and parameters coming into effect.

use std::collections::BTreeMap;

use crate::region::Region;
use crate::region::catalogue::Level;
use crate::region::clockwork::Awaited;
use crate::region::error::ApiError;
use crate::region::event::SourceType;
use crate::region::resource::{InEffect, Instance, Reboot, Resource};
use crate::region::schedule::Due;
use crate::region::work::Task;

impl Region {
    pub(in crate::region) fn begin_reboot(&mut self, id: &str) -> Result<Instance, ApiError> {
        let instance = self.instance(id)?.clone();
        if instance.status != "available" {
            return Err(ApiError::instance_state(format!(
                "DB instance {} is in the {} state: it must be available to be rebooted.",
                instance.id, instance.status
            )));
        }
        let resource = Resource::Instance(instance.resource_id.clone());
        self.set_status(&resource, "rebooting");
        let delay = self.settings.pace.reboot;
        let earliest = self.now + delay;
        let restarts = instance.owns_server();
        let cluster_group =
            instance.cluster.as_ref().and_then(|id| self.clusters.get(id)).map(|c| c.parameter_group.clone());
        let cluster_level = cluster_group.map(|name| self.begin_with(Level::Cluster, &name, false)).unwrap_or_default();
        let instance_level = self.begin_with(Level::Instance, &instance.parameter_group, false);
        let Some(held) = self.instances.get_mut(&instance.resource_id) else {
            return Err(ApiError::no_instance(id));
        };
        held.reboot = Some(Reboot { earliest, restarted: !restarts });
        let next = Instance { cluster_level, instance_level, ..held.clone() };
        let answer = held.clone();
        if restarts {
            let task = Task::Restart { server: next.server.clone(), settings: next.settings() };
            self.ask(task, Awaited::Restart { instance: next.resource_id.clone() });
        }
        self.after(delay, Due::Rebooted(next.resource_id));
        self.say(SourceType::DbInstance, &answer.id, "availability", "DB instance shutdown");
        Ok(answer)
    }

    /// The server is up again, or it is not.
    pub(in crate::region) fn restarted(&mut self, id: &str, result: Result<(), String>) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        match result {
            Ok(()) => {
                if let Some(reboot) = &mut instance.reboot {
                    reboot.restarted = true;
                }
                self.rebooted(id);
            }
            Err(reason) => {
                instance.reboot = None;
                let name = instance.id.clone();
                self.set_status(&Resource::Instance(id.to_owned()), "incompatible-parameters");
                let message = format!("The DB instance could not be restarted: {reason}");
                self.say(SourceType::DbInstance, &name, "failure", message);
            }
        }
    }

    /// Ends a reboot whose server is up and whose least time has passed.
    pub(in crate::region) fn rebooted(&mut self, id: &str) {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id) else { return };
        if !instance.reboot.as_ref().is_some_and(|reboot| reboot.restarted && reboot.earliest <= now) {
            return;
        }
        instance.reboot = None;
        let name = instance.id.clone();
        let (cluster, group) = (instance.cluster.clone(), instance.parameter_group.clone());
        let cluster_group = cluster.and_then(|id| self.clusters.get(&id)).map(|c| c.parameter_group.clone());
        self.take_up(id, Level::Instance, &group);
        if let Some(group) = cluster_group {
            self.take_up(id, Level::Cluster, &group);
        }
        self.set_status(&Resource::Instance(id.to_owned()), "available");
        self.say(SourceType::DbInstance, &name, "availability", "DB instance restarted");
    }

    fn take_up(&mut self, id: &str, level: Level, group: &str) {
        let fresh = self.begin_with(level, group, false);
        if let Some(instance) = self.instances.get_mut(id) {
            *instance.in_effect(level) = fresh;
        }
    }

    /// Lets a change of a group reach an instance that uses it.
    pub(in crate::region) fn reach(&mut self, id: &str, level: Level, at_once: BTreeMap<String, String>, later: bool) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let held = instance.in_effect(level);
        held.pending_reboot |= later;
        if !at_once.is_empty() {
            held.applying += 1;
            let due = Due::Applied { instance: id.to_owned(), level, values: at_once };
            self.after(self.settings.pace.apply, due);
        }
    }

    pub(in crate::region) fn applied(&mut self, id: &str, level: Level, values: BTreeMap<String, String>) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let held: &mut InEffect = instance.in_effect(level);
        // A reboot in between has taken up everything already.
        if held.applying == 0 {
            return;
        }
        held.applying -= 1;
        held.values.extend(values.clone());
        if instance.owns_server() {
            let task = Task::Apply { server: instance.server.clone(), settings: values.into_iter().collect() };
            self.send(task);
        }
    }
}
