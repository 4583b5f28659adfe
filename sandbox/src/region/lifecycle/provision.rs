//! From PROVISIONING to AVAILABLE, one task after the other.

use super::prechecks::Found;
use super::seedling::Seed;
use crate::region::clockwork::Awaited;
use crate::region::deployment::{BACKUPS, COPY, ENDPOINTS, MEMBERS, Status, TOPOLOGY, UPGRADE};
use crate::region::event::SourceType;
use crate::region::fault::Mishap;
use crate::region::resource::Resource;
use crate::region::schedule::Due;
use crate::region::work::{Millis, Task};
use crate::region::{Deployment, Region};

impl Region {
    /// Ends the task in progress if it may end, and begins the next.
    pub(in crate::region) fn provision(&mut self, id: &str) {
        let Some(deployment) = self.deployment_mut(id) else { return };
        if deployment.status != Status::Provisioning || deployment.progress.stuck {
            return;
        }
        let running = deployment.steps.iter().position(|step| step.status == "IN_PROGRESS");
        let next = match running {
            None => 0,
            Some(step) => {
                let name = deployment.steps[step].name;
                let earliest = deployment.progress.earliest;
                if !is_ready(deployment, name) || self.now < earliest || self.comes_to_grief(id, name) {
                    return;
                }
                self.end_step(id, name);
                step + 1
            }
        };
        let deployment = self.deployment_mut(id).filter(|deployment| deployment.status == Status::Provisioning);
        match deployment.map(|deployment| deployment.steps.get(next).map(|step| step.name)) {
            Some(Some(name)) => self.begin_step(id, name),
            Some(None) => self.become_available(id),
            None => {}
        }
    }

    /// Whether a mishap strikes at the end of this task.
    fn comes_to_grief(&mut self, id: &str, name: &str) -> bool {
        let faults = &mut self.settings.faults;
        let stuck = faults.strike(|mishap| match mishap {
            Mishap::Stuck { task } if task == name => Some(()),
            _ => None,
        });
        if stuck.is_some() {
            if let Some(deployment) = self.deployment_mut(id) {
                deployment.progress.stuck = true;
            }
            return true;
        }
        let failed = faults.strike(|mishap| match mishap {
            Mishap::CreationFails { task, reason, status } if task == name => Some((reason.clone(), status.clone())),
            _ => None,
        });
        match failed {
            Some((reason, status)) => {
                if name == UPGRADE {
                    self.log_prechecks(id, Found::Errors(&reason));
                }
                self.fail_creation(id, &reason, &status);
                true
            }
            None => false,
        }
    }

    fn begin_step(&mut self, id: &str, name: &'static str) {
        self.mark(id, name, "IN_PROGRESS");
        let pace = self.settings.pace.clone();
        let duration = match name {
            COPY => {
                self.begin_copy(id);
                pace.copy
            }
            UPGRADE => {
                self.set_green(id, "upgrading");
                pace.upgrade
            }
            MEMBERS => self.begin_members(id) * pace.member,
            TOPOLOGY => self.begin_topology(id) * pace.member,
            BACKUPS => {
                self.set_green(id, "backing-up");
                pace.backups
            }
            _ => pace.endpoints,
        };
        let earliest = self.now + duration;
        if let Some(deployment) = self.deployment_mut(id) {
            deployment.progress.earliest = earliest;
        }
        self.after(duration, Due::Provision(id.to_owned()));
    }

    fn begin_copy(&mut self, id: &str) {
        let Some(deployment) = self.deployment_mut(id).map(|deployment| deployment.clone()) else { return };
        let source = deployment.source().source.clone();
        let Some(blue) = self.writer_of(&source).cloned() else { return };
        let plan = &deployment.plan;
        let pending = self.starts_pending();
        let mut made = Vec::new();
        let mut seed = Seed { version: blue.version.clone(), cluster: None, replica_of: None, server: None, pending };
        if let Resource::Cluster(cluster) = &source {
            let Some(cluster) = self.clusters.get(cluster).cloned() else { return };
            let group = plan.cluster_group.clone().unwrap_or_default();
            let green = self.sow_cluster(&cluster, &group, &blue.version);
            seed.server = self.server_of(&Resource::Cluster(green.clone()));
            seed.cluster = Some(green.clone());
            made.push((source.clone(), Resource::Cluster(green)));
        }
        let group = self.green_group(plan.instance_group.as_deref(), &blue, &plan.version.family);
        let green = self.sow_instance(&blue, plan.class.clone(), &group, seed);
        let Some(new) = self.instances.get(&green).cloned() else { return };
        made.push((Resource::Instance(blue.resource_id.clone()), Resource::Instance(green)));
        self.pair(id, made);
        let engine_version = plan.version.version.clone();
        let settings = new.settings();
        if let Some(deployment) = self.deployment_mut(id) {
            deployment.progress.making = true;
        }
        let task = Task::MakeGreen { blue: blue.server, green: new.server, engine_version, settings };
        self.ask(task, Awaited::Green { deployment: id.to_owned() });
    }

    /// The readers; how many.
    fn begin_members(&mut self, id: &str) -> Millis {
        let Some(deployment) = self.deployment_mut(id).map(|deployment| deployment.clone()) else { return 0 };
        let Some(Resource::Cluster(green)) = deployment.source().target.clone() else { return 0 };
        let Some(cluster) = self.clusters.get(&green).cloned() else { return 0 };
        let mut made = Vec::new();
        for blue in self.unpaired(&deployment) {
            let plan = &deployment.plan;
            let group = self.green_group(plan.instance_group.as_deref(), &blue, &plan.version.family);
            let seed = Seed {
                version: cluster.version.clone(),
                cluster: Some(green.clone()),
                replica_of: None,
                server: Some(cluster.server.clone()),
                pending: false,
            };
            let new = self.sow_instance(&blue, None, &group, seed);
            self.route_instance(&new);
            made.push((Resource::Instance(blue.resource_id), Resource::Instance(new)));
        }
        let count = made.len() as Millis;
        self.pair(id, made);
        count
    }

    /// The replicas, each with a server of its own; how many.
    fn begin_topology(&mut self, id: &str) -> Millis {
        let Some(deployment) = self.deployment_mut(id).map(|deployment| deployment.clone()) else { return 0 };
        let Some(Resource::Instance(primary)) = deployment.source().target.clone() else { return 0 };
        let Some(primary) = self.instances.get(&primary).cloned() else { return 0 };
        let mut made = Vec::new();
        for blue in self.unpaired(&deployment) {
            let plan = &deployment.plan;
            let group = self.green_group(plan.instance_group.as_deref(), &blue, &plan.version.family);
            let replica_of = Some(primary.resource_id.clone());
            let version = primary.version.clone();
            let seed = Seed { version, cluster: None, replica_of, server: None, pending: false };
            let instance = self.sow_instance(&blue, plan.class.clone(), &group, seed);
            let Some(new) = self.instances.get(&instance).cloned() else { continue };
            let task = Task::MakeGreen {
                blue: primary.server.clone(),
                settings: new.settings(),
                green: new.server,
                engine_version: new.version,
            };
            self.ask(task, Awaited::Replica { deployment: id.to_owned(), instance: instance.clone() });
            made.push((Resource::Instance(blue.resource_id), Resource::Instance(instance)));
        }
        let count = made.len() as Millis;
        let awaited: Vec<_> = made.iter().filter_map(|(_, green)| instance_id(green)).collect();
        self.pair(id, made);
        if let Some(deployment) = self.deployment_mut(id) {
            deployment.progress.awaited.extend(awaited);
        }
        count
    }

    fn end_step(&mut self, id: &str, name: &'static str) {
        self.mark(id, name, "COMPLETED");
        match name {
            UPGRADE => {
                self.raise_version(id);
                self.log_prechecks(id, Found::Nothing);
            }
            ENDPOINTS => {
                let first = self.deployment_mut(id).map(|deployment| deployment.rows[0].clone());
                let pair = first.and_then(|row| row.target.map(|target| (row.source, target)));
                if let Some((Resource::Cluster(blue), Resource::Cluster(green))) = pair {
                    let made = self.sow_endpoints(&blue, &green).into_iter().enumerate();
                    let pairs = made.map(|(nth, endpoint)| (Resource::Endpoint(blue.clone(), nth), endpoint)).collect();
                    self.pair(id, pairs);
                    self.route_custom(&green);
                }
            }
            _ => {}
        }
        self.set_green(id, "available");
    }

    fn raise_version(&mut self, id: &str) {
        let Some(deployment) = self.deployment_mut(id).map(|deployment| deployment.clone()) else { return };
        let version = &deployment.plan.version.version;
        for green in deployment.rows.iter().filter_map(|row| row.target.clone()) {
            let source = match &green {
                Resource::Cluster(id) => self.clusters.get_mut(id).map(|cluster| {
                    cluster.version.clone_from(version);
                    (SourceType::DbCluster, "Database cluster engine version upgraded")
                }),
                Resource::Instance(id) => self.instances.get_mut(id).map(|instance| {
                    instance.version.clone_from(version);
                    (SourceType::DbInstance, "Database instance engine version upgraded")
                }),
                Resource::Endpoint(..) => None,
            };
            if let (Some((source, message)), Some(name)) = (source, self.name_of(&green)) {
                self.say(source, &name, "maintenance", message);
            }
        }
    }

    fn become_available(&mut self, id: &str) {
        let settle = self.settings.pace.settle;
        let strike = |mishap: &Mishap| match mishap {
            Mishap::StorageOptimization { during } => Some(("storage-optimization", *during)),
            Mishap::StorageInitialization { during } => Some(("storage-initialization", *during)),
            _ => None,
        };
        let (status, during) = self.settings.faults.strike(strike).unwrap_or(("modifying", settle));
        let flap = self.settings.faults.strike(|mishap| match mishap {
            Mishap::Flapping { during } => Some(*during),
            _ => None,
        });
        let now = self.now;
        let Some(deployment) = self.deployment_mut(id) else { return };
        deployment.status = Status::Available;
        deployment.progress.available_at = Some(now);
        deployment.progress.flaps_until = now + flap.unwrap_or(0);
        let greens: Vec<Resource> = deployment.rows.iter().filter_map(|row| row.target.clone()).collect();
        for green in greens.iter().filter(|green| matches!(green, Resource::Instance(_))) {
            self.pass_through(green, status, during, "available");
        }
        self.after(self.settings.pace.row_lag, Due::Rows { deployment: id.to_owned(), status: "AVAILABLE" });
        self.say(
            SourceType::BlueGreenDeployment,
            id,
            "creation",
            "Blue/green deployment tasks completed. You can make more modifications to the green environment databases or \
             switch over the deployment.",
        );
        self.plan_mishaps(id);
    }

    /// The copy is there and replicates, or it could not be made.
    pub(in crate::region) fn green_made(&mut self, id: &str, result: Result<(), String>) {
        if let Some(deployment) = self.deployment_mut(id) {
            deployment.progress.making = false;
        }
        if let Err(reason) = result {
            self.log_prechecks(id, Found::Errors(&reason));
            return self.fail_creation(id, &reason, Status::InvalidConfiguration.as_str());
        }
        let Some(deployment) = self.deployment_mut(id) else { return };
        deployment.progress.made = true;
        let target = deployment.source().target.clone();
        if let Some(Resource::Cluster(green)) = &target
            && let Some(cluster) = self.clusters.get(green).cloned()
        {
            self.route_cluster(&cluster);
        }
        if let Some(writer) = target.and_then(|target| self.writer_of(&target)).map(|writer| writer.resource_id.clone())
        {
            self.route_instance(&writer);
        }
        self.provision(id);
    }

    pub(in crate::region) fn replica_made(&mut self, id: &str, instance: &str, result: Result<(), String>) {
        if let Some(deployment) = self.deployment_mut(id) {
            deployment.progress.awaited.remove(instance);
        }
        if let Err(reason) = result {
            return self.fail_creation(id, &reason, Status::InvalidConfiguration.as_str());
        }
        self.route_instance(instance);
        self.provision(id);
    }

    pub(super) fn fail_creation(&mut self, id: &str, reason: &str, status: &str) {
        let Some(deployment) = self.deployment_mut(id) else { return };
        if let Some(step) = deployment.steps.iter_mut().find(|step| step.status == "IN_PROGRESS") {
            step.status = "FAILED";
        }
        deployment.status = match status {
            "INVALID_CONFIGURATION" => Status::InvalidConfiguration,
            other => Status::Other(other.to_owned()),
        };
        deployment.status_details = Some(format!("Creation of blue/green deployment failed because {reason}."));
        self.set_green(id, "available");
        let message = format!("Creation of blue/green deployment failed because {reason}.");
        self.say(SourceType::BlueGreenDeployment, id, "failure", message);
    }

    fn mark(&mut self, id: &str, name: &str, status: &'static str) {
        let step = self.deployment_mut(id).and_then(|d| d.steps.iter_mut().find(|step| step.name == name));
        if let Some(step) = step {
            step.status = status;
        }
    }

    /// Gives each source its target.
    fn pair(&mut self, id: &str, pairs: Vec<(Resource, Resource)>) {
        for (source, target) in pairs {
            let arn = self.arn_of(&target);
            let row = self.deployment_mut(id).and_then(|d| d.rows.iter_mut().find(|row| row.source == source));
            if let Some(row) = row {
                row.target = Some(target);
                row.target_arn = arn;
            }
        }
    }

    /// The blue instances that have no counterpart yet.
    fn unpaired(&self, deployment: &Deployment) -> Vec<crate::region::Instance> {
        let open = deployment.rows.iter().filter(|row| row.target.is_none());
        open.filter_map(|row| instance_id(&row.source)).filter_map(|id| self.instances.get(&id).cloned()).collect()
    }

    fn set_green(&mut self, id: &str, status: &str) {
        let rows = self.deployment_mut(id).map(|deployment| deployment.rows.clone()).unwrap_or_default();
        for green in rows.into_iter().filter_map(|row| row.target) {
            self.set_status(&green, status);
        }
    }

    pub(super) fn route_instance(&mut self, id: &str) {
        if let Some(instance) = self.instances.get(id) {
            let task = Task::Route { address: instance.endpoint.clone(), server: instance.server.clone() };
            self.send(task);
        }
    }

    fn route_custom(&mut self, cluster: &str) {
        let Some(cluster) = self.clusters.get(cluster).cloned() else { return };
        for endpoint in cluster.custom_endpoints {
            self.send(Task::Route { address: endpoint.host, server: cluster.server.clone() });
        }
    }
}

/// Whether the data plane has done what this task stands for.
fn is_ready(deployment: &Deployment, name: &str) -> bool {
    let progress = &deployment.progress;
    match name {
        COPY => deployment.has_upgrade() || progress.made,
        TOPOLOGY => progress.awaited.is_empty(),
        _ => progress.made,
    }
}

fn instance_id(resource: &Resource) -> Option<String> {
    match resource {
        Resource::Instance(id) => Some(id.clone()),
        Resource::Cluster(_) | Resource::Endpoint(..) => None,
    }
}
