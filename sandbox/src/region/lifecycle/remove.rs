//! Deleting deployments and what they leave.

use serde::Serialize;

use crate::region::Region;
use crate::region::call::{Action, Call};
use crate::region::deployment::{Deployment, Status};
use crate::region::error::ApiError;
use crate::region::event::SourceType;
use crate::region::resource::Resource;
use crate::region::schedule::Due;
use crate::region::work::Task;

#[derive(Debug, Clone, Default, Serialize)]
pub struct DeleteBlueGreenDeployment {
    pub id: String,
    /// Whether green goes too; may not be said after a switchover.
    pub delete_target: Option<bool>,
}

impl Call for DeleteBlueGreenDeployment {
    const ACTION: Action = Action::DeleteBlueGreenDeployment;
    type Answer = Deployment;

    fn apply(self, region: &mut Region) -> Result<Deployment, ApiError> {
        let deployment = region.deployment(&self.id)?.clone();
        let state =
            |what: &str| ApiError::deployment_state(format!("The blue/green deployment {} {what}.", deployment.id));
        let progress = &deployment.progress;
        if matches!(deployment.status, Status::SwitchoverInProgress | Status::Deleting) {
            return Err(state(&format!("is in the {} state and can't be deleted", deployment.status.as_str())));
        }
        if progress.making || !progress.awaited.is_empty() {
            return Err(state("is being created and can't be deleted yet"));
        }
        if progress.switched && self.delete_target.is_some() {
            let message = "You can't specify DeleteTarget if the blue/green deployment status is SWITCHOVER_COMPLETED.";
            return Err(ApiError::invalid_combination(message));
        }
        let greens: Vec<Resource> = deployment.rows.iter().filter_map(|row| row.target.clone()).collect();
        if self.delete_target == Some(true) {
            if let Some(name) = greens.iter().find_map(|green| region.protected(green)) {
                return Err(state(&format!("has a green database with deletion protection: {name}")));
            }
            for green in &greens {
                region.begin_delete(green);
            }
        } else if deployment.status == Status::Provisioning {
            // What was in the making is left as it is, a resource like any other.
            for green in greens {
                region.set_status(&green, "available");
            }
        }
        region.after(region.settings.pace.delete, Due::DeploymentGone(deployment.id.clone()));
        let now = region.now;
        let held = region.deployment_mut(&deployment.id).ok_or_else(|| ApiError::no_deployment(&deployment.id))?;
        held.status = Status::Deleting;
        held.deleted_at = Some(now);
        Ok(held.clone())
    }
}

impl Region {
    fn protected(&self, resource: &Resource) -> Option<String> {
        let protected = match resource {
            Resource::Cluster(id) => self.clusters.get(id).is_some_and(|cluster| cluster.deletion_protection),
            Resource::Instance(id) => self
                .instances
                .get(id)
                .is_some_and(|instance| instance.cluster.is_none() && instance.deletion_protection),
            Resource::Endpoint(..) => false,
        };
        protected.then(|| self.name_of(resource).unwrap_or_default())
    }

    /// Shows `deleting`; after a while the resource is gone.
    pub(in crate::region) fn begin_delete(&mut self, resource: &Resource) {
        self.set_status(resource, "deleting");
        self.after(self.settings.pace.delete, Due::Gone(resource.clone()));
    }

    /// The resource is no more; deployments that need it say so.
    pub(in crate::region) fn gone(&mut self, resource: &Resource) {
        match resource {
            Resource::Instance(id) => {
                let Some(instance) = self.instances.remove(id) else { return };
                self.forget_address(instance.endpoint);
                match &instance.cluster {
                    None => self.destroy(instance.server),
                    Some(cluster) if instance.writer => self.promote_reader(cluster),
                    Some(_) => {}
                }
                self.logs.retain(|log| &log.instance != id);
                self.say(SourceType::DbInstance, &instance.id, "deletion", "DB instance deleted");
            }
            Resource::Cluster(id) => {
                let Some(cluster) = self.clusters.remove(id) else { return };
                let custom = cluster.custom_endpoints.into_iter().map(|endpoint| endpoint.host);
                for host in [cluster.endpoint, cluster.reader_endpoint].into_iter().chain(custom) {
                    self.forget_address(host);
                }
                self.destroy(cluster.server);
                self.say(SourceType::DbCluster, &cluster.id, "deletion", "DB cluster deleted");
            }
            Resource::Endpoint(..) => return,
        }
        self.miss(resource);
    }

    fn forget_address(&mut self, address: String) {
        self.addresses.give_back(&address);
        self.send(Task::Unroute { address });
    }

    fn destroy(&mut self, server: crate::region::ServerId) {
        self.send(Task::Destroy { server });
    }

    fn promote_reader(&mut self, cluster: &str) {
        let next = self.instances.values_mut().find(|instance| instance.cluster.as_deref() == Some(cluster));
        if let Some(next) = next {
            next.writer = true;
        }
    }

    /// Marks every deployment that is not switched over and misses this resource.
    fn miss(&mut self, resource: &Resource) {
        for deployment in self.deployments.iter_mut().filter(|deployment| deployment.binds()) {
            let mut missed = false;
            for row in &mut deployment.rows {
                if &row.source == resource {
                    row.status = "MISSING_SOURCE";
                    missed = true;
                } else if row.target.as_ref() == Some(resource) {
                    row.status = "MISSING_TARGET";
                    missed = true;
                }
            }
            if missed && matches!(deployment.status, Status::Provisioning | Status::Available) {
                deployment.status = Status::InvalidConfiguration;
                deployment.status_details = Some("A database of the blue/green deployment is missing.".to_owned());
            }
        }
    }

    /// The object is gone. After a switchover that opens old blue for writes.
    pub(in crate::region) fn deployment_gone(&mut self, id: &str) {
        let Some(place) = self.deployments.iter().position(|deployment| deployment.id == id) else { return };
        let deployment = self.deployments.remove(place);
        if deployment.progress.switched
            && let Some(server) = self.server_of(&deployment.source().source)
        {
            self.send(Task::LiftReadOnly { server });
        }
        self.say(SourceType::BlueGreenDeployment, id, "deletion", "Blue/green deployment deleted.");
    }
}
