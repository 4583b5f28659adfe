//! The new names: blue becomes `-old1`, green takes its place.

use crate::region::Region;
use crate::region::address::Purpose;
use crate::region::deployment::{Deployment, Row};
use crate::region::event::{Event, SourceType, coordinates_message};
use crate::region::fault::{CoordinatesEvent, Home};
use crate::region::resource::Resource;
use crate::region::schedule::Due;
use crate::region::work::{Millis, Task};

impl Region {
    pub(in crate::region) fn rename(&mut self, id: &str) {
        let Some(deployment) = self.deployment_mut(id).map(|deployment| deployment.clone()) else { return };
        for nth in 0..deployment.rows.len() {
            let Some(target) = deployment.rows[nth].target.clone() else { continue };
            let source = deployment.rows[nth].source.clone();
            let (Some(blue), Some(green)) = (self.name_of(&source), self.name_of(&target)) else { continue };
            let old = self.old_name(&source, &blue);
            match (&source, &target) {
                (Resource::Cluster(source), Resource::Cluster(target)) => self.swap_clusters(source, target, &old),
                (Resource::Instance(source), Resource::Instance(target)) => self.swap_instances(source, target, &old),
                (Resource::Endpoint(source, from), Resource::Endpoint(target, to)) => {
                    self.swap_endpoints((source, *from), (target, *to), &old);
                }
                _ => continue,
            }
            self.say_renamed(&deployment, nth, &blue, &green, &old);
            let (source_arn, target_arn) = (self.arn_of(&source), self.arn_of(&target));
            if let Some(held) = self.deployment_mut(id) {
                let row: &mut Row = &mut held.rows[nth];
                row.source_arn = source_arn.unwrap_or_default();
                row.target_arn = target_arn;
            }
        }
        self.plan_coordinates(&deployment);
    }

    /// `NAME-old1`, or the next number that is free.
    fn old_name(&self, resource: &Resource, name: &str) -> String {
        let taken = |candidate: &str| match resource {
            Resource::Cluster(_) => self.cluster(candidate).is_ok(),
            Resource::Instance(_) => self.instance(candidate).is_ok(),
            Resource::Endpoint(..) => {
                self.clusters.values().flat_map(|c| &c.custom_endpoints).any(|endpoint| endpoint.name == candidate)
            }
        };
        let free = (1_u32..).map(|number| format!("{name}-old{number}")).find(|candidate| !taken(candidate));
        free.unwrap_or_else(|| format!("{name}-old"))
    }

    fn swap_clusters(&mut self, blue: &str, green: &str, old: &str) {
        let endpoint = self.addresses.take(old, Purpose::Writer);
        let reader = self.addresses.take(old, Purpose::Reader);
        let (Some(mut source), Some(mut target)) = (self.clusters.remove(blue), self.clusters.remove(green)) else {
            return;
        };
        target.id = std::mem::replace(&mut source.id, old.to_owned());
        target.tags.clone_from(&source.tags);
        let former = [
            std::mem::replace(&mut target.endpoint, std::mem::replace(&mut source.endpoint, endpoint)),
            std::mem::replace(&mut target.reader_endpoint, std::mem::replace(&mut source.reader_endpoint, reader)),
        ];
        for address in [&source.endpoint, &source.reader_endpoint] {
            self.send(Task::Route { address: address.clone(), server: source.server.clone() });
        }
        for address in former {
            self.after(self.settings.pace.unroute, Due::Unroute(address));
        }
        self.clusters.insert(blue.to_owned(), source);
        self.clusters.insert(green.to_owned(), target);
    }

    fn swap_instances(&mut self, blue: &str, green: &str, old: &str) {
        let endpoint = self.addresses.take(old, Purpose::Instance);
        let (Some(mut source), Some(mut target)) = (self.instances.remove(blue), self.instances.remove(green)) else {
            return;
        };
        target.id = std::mem::replace(&mut source.id, old.to_owned());
        target.tags.clone_from(&source.tags);
        let former = std::mem::replace(&mut target.endpoint, std::mem::replace(&mut source.endpoint, endpoint));
        self.send(Task::Route { address: source.endpoint.clone(), server: source.server.clone() });
        if target.replica_of.is_some() {
            // The switchover moved what led to the primary; replicas have servers of their own.
            self.send(Task::Route { address: target.endpoint.clone(), server: target.server.clone() });
        }
        self.after(self.settings.pace.unroute, Due::Unroute(former));
        self.instances.insert(blue.to_owned(), source);
        self.instances.insert(green.to_owned(), target);
    }

    fn swap_endpoints(&mut self, (blue, from): (&str, usize), (green, to): (&str, usize), old: &str) {
        let host = self.addresses.take(old, Purpose::Custom);
        let Some(source) = self.clusters.get_mut(blue) else { return };
        let server = source.server.clone();
        let Some(endpoint) = source.custom_endpoints.get_mut(from) else { return };
        let name = std::mem::replace(&mut endpoint.name, old.to_owned());
        let production = std::mem::replace(&mut endpoint.host, host.clone());
        let target = self.clusters.get_mut(green).and_then(|cluster| cluster.custom_endpoints.get_mut(to));
        let Some(endpoint) = target else { return };
        endpoint.name = name;
        let former = std::mem::replace(&mut endpoint.host, production);
        self.send(Task::Route { address: host, server });
        self.after(self.settings.pace.unroute, Due::Unroute(former));
    }

    fn say_renamed(&mut self, deployment: &Deployment, nth: usize, blue: &str, green: &str, old: &str) {
        let (source, what) = match (&deployment.rows[nth].source, deployment.is_aurora()) {
            (Resource::Cluster(_), _) => (SourceType::DbCluster, "DB cluster"),
            (Resource::Instance(_), false) if nth == 0 => (SourceType::DbInstance, "primary"),
            (Resource::Instance(_), false) => (SourceType::DbInstance, "read replica"),
            _ => return,
        };
        let message = format!(
            "Switchover from {what} {blue} to {green} completed. Renamed {blue} to {old} and {green} to {blue}."
        );
        for id in [green, blue] {
            self.say(source, id, "notification", message.clone());
        }
    }

    /// Puts the event with the coordinates where and when the faults want it.
    fn plan_coordinates(&mut self, before: &Deployment) {
        let progress = &before.progress;
        let (Some((file, position)), Some(flipped)) = (progress.coordinates.clone(), progress.flipped_at) else {
            return;
        };
        let plan = self.settings.faults.coordinates.clone();
        // `before` still has the names of before the switchover, the resources have the new ones.
        let Some(target) = before.source().target.as_ref() else { return };
        let writer = self.writer_of(target).map(|writer| writer.id.clone()).unwrap_or_default();
        let production = self.name_of(target).unwrap_or_default();
        let (source, id) = match plan.home {
            Home::OldGreenInstance => (SourceType::DbInstance, progress.old_green_writer.clone().unwrap_or(writer)),
            Home::ProductionCluster if before.is_aurora() => (SourceType::DbCluster, production),
            Home::ProductionInstance | Home::ProductionCluster => (SourceType::DbInstance, writer),
        };
        let completed = flipped + self.settings.pace.complete;
        let said = completed.saturating_add_signed(plan.after_completed).max(self.now);
        let event = |region: &Self, message: String| Event {
            source_arn: region.event_arn(source, &id),
            source_id: id.clone(),
            source_type: source,
            categories: vec!["notification"],
            message,
            at: if plan.out_of_order { flipped } else { said },
            listed_at: said + region.settings.pace.event_delay,
        };
        let mut events: Vec<Event> =
            (0..plan.copies).map(|_| event(self, coordinates_message(&file, position))).collect();
        if let Some((file, position)) = &plan.rival {
            events.push(event(self, coordinates_message(file, *position)));
        }
        for event in events {
            let delay: Millis = said - self.now;
            self.after(delay, Due::Say(event));
        }
        self.plan_company(&event(self, String::new()), &plan);
    }

    /// What stands round the event: others that read like it, and many that do not.
    fn plan_company(&mut self, like: &Event, plan: &CoordinatesEvent) {
        const HOUR: Millis = 3_600_000;
        if plan.decoys {
            for (nth, other) in ["payments", "orders-archive", "orders-80-green"].into_iter().enumerate() {
                let mut decoy = like.clone();
                decoy.source_id = other.to_owned();
                decoy.source_arn = self.event_arn(like.source_type, other);
                decoy.message = coordinates_message("mysql-bin-changelog.000003", 1_000 + nth as u64);
                self.list(decoy);
            }
            let mut older = like.clone();
            older.message = coordinates_message("mysql-bin-changelog.000002", 777);
            older.at = self.now.saturating_sub(HOUR / 2);
            older.listed_at = older.at;
            self.list(older);
        }
        for nth in 0..plan.crowd {
            let mut other = like.clone();
            other.message = format!("Applying modification {nth} to the database.");
            (other.at, other.listed_at) = (self.now, self.now);
            self.list(other);
        }
    }
}
