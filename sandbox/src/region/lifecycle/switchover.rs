//! SwitchoverBlueGreenDeployment, up to the moment when green takes writes, and the way back.

use serde::Serialize;

use crate::region::Region;
use crate::region::call::{Action, Call};
use crate::region::clockwork::Awaited;
use crate::region::deployment::{Deployment, Row, Status};
use crate::region::error::ApiError;
use crate::region::event::SourceType;
use crate::region::fault::Mishap;
use crate::region::resource::Resource;
use crate::region::schedule::Due;
use crate::region::work::{Done, Task};

#[derive(Debug, Clone, Default, Serialize)]
pub struct SwitchoverBlueGreenDeployment {
    pub id: String,
    /// Seconds, 30 to 3600; 300 if absent.
    pub timeout: Option<u64>,
}

impl Call for SwitchoverBlueGreenDeployment {
    const ACTION: Action = Action::SwitchoverBlueGreenDeployment;
    type Answer = Deployment;

    fn apply(self, region: &mut Region) -> Result<Deployment, ApiError> {
        let timeout = self.timeout.unwrap_or(300);
        if !(30..=3600).contains(&timeout) {
            return Err(ApiError::invalid_value(format!(
                "The SwitchoverTimeout value {timeout} isn't valid. Specify a value between 30 and 3600 seconds."
            )));
        }
        let deployment = region.deployment(&self.id)?.clone();
        if deployment.status != Status::Available {
            return Err(ApiError::deployment_state(format!(
                "The blue/green deployment {} is in the {} state and can't be switched over.",
                deployment.id,
                deployment.status.as_str()
            )));
        }
        region.check_members_available(&deployment.rows)?;
        region.after(region.settings.pace.row_lag, rows(&deployment.id, "SWITCHOVER_IN_PROGRESS"));
        region.after(region.settings.pace.guardrails, Due::Freeze(deployment.id.clone()));
        let held = region.deployment_mut(&deployment.id).ok_or_else(|| ApiError::no_deployment(&deployment.id))?;
        held.status = Status::SwitchoverInProgress;
        held.status_details = None;
        held.plan.timeout_seconds = timeout;
        Ok(held.clone())
    }
}

fn rows(deployment: &str, status: &'static str) -> Due {
    Due::Rows { deployment: deployment.to_owned(), status }
}

/// One row's names, as events tell of it.
struct Told {
    source: SourceType,
    /// `DB cluster`, `primary`, `read replica`.
    what: &'static str,
    blue: String,
    green: String,
}

impl Region {
    fn check_members_available(&self, rows: &[Row]) -> Result<(), ApiError> {
        for resource in rows.iter().flat_map(|row| [Some(&row.source), row.target.as_ref()]) {
            let (what, name, status) = match resource {
                Some(Resource::Cluster(id)) => match self.clusters.get(id) {
                    Some(cluster) => ("DB cluster", cluster.id.as_str(), cluster.status.as_str()),
                    None => continue,
                },
                Some(Resource::Instance(id)) => match self.instances.get(id) {
                    Some(instance) => ("DB instance", instance.id.as_str(), instance.status.as_str()),
                    None => continue,
                },
                Some(Resource::Endpoint(..)) | None => continue,
            };
            if status != "available" {
                return Err(ApiError::deployment_state(format!("{what} {name} is not in available state")));
            }
        }
        Ok(())
    }

    pub(in crate::region) fn show_rows(&mut self, id: &str, status: &'static str) {
        if let Some(deployment) = self.deployment_mut(id) {
            let outdated = status == "SWITCHOVER_IN_PROGRESS" && deployment.status != Status::SwitchoverInProgress;
            if !outdated {
                deployment.set_rows(status);
            }
        }
    }

    /// The guardrails are through, or they are not.
    pub(in crate::region) fn freeze(&mut self, id: &str) {
        let Some(deployment) = self.deployment_mut(id).map(|deployment| deployment.clone()) else { return };
        if deployment.status != Status::SwitchoverInProgress {
            return;
        }
        self.say_started(&deployment);
        let faults = &mut self.settings.faults;
        let cancelled = faults.strike(|mishap| match mishap {
            Mishap::SwitchoverCancelled { reason } => Some(reason.clone()),
            _ => None,
        });
        if let Some(reason) = cancelled {
            return self.cancel(id, &reason);
        }
        let failed = faults.strike(|mishap| match mishap {
            Mishap::SwitchoverFailed { reason, moved: false } => Some(reason.clone()),
            _ => None,
        });
        if let Some(reason) = failed {
            return self.fail_switchover(id, &reason);
        }
        if self.check_members_available(&deployment.rows).is_err() {
            return self.cancel(id, "a database was modified during the switchover");
        }
        let first = deployment.source();
        let servers = (self.server_of(&first.source), first.target.as_ref().and_then(|green| self.server_of(green)));
        let (Some(blue), Some(green)) = servers else {
            return self.cancel(id, "a database of the deployment is missing");
        };
        let timeout_seconds = deployment.plan.timeout_seconds;
        let old_writer = first.target.as_ref().and_then(|green| self.writer_of(green)).map(|writer| writer.id.clone());
        if let Some(held) = self.deployment_mut(id) {
            held.progress.frozen = true;
            held.progress.old_green_writer = old_writer;
        }
        let awaited = Awaited::Switchover { deployment: id.to_owned() };
        self.ask(Task::Switchover { blue, green, timeout_seconds }, awaited);
    }

    /// Green takes writes, or everything is as it was.
    pub(in crate::region) fn switched(&mut self, id: &str, result: Result<Done, String>) {
        let now = self.now;
        let Some(deployment) = self.deployment_mut(id) else { return };
        deployment.progress.frozen = false;
        match result {
            Err(reason) => self.cancel(id, &reason),
            Ok(done) => {
                deployment.progress.flipped_at = Some(now);
                deployment.progress.coordinates = match done {
                    Done::Switched { coordinates } => coordinates,
                    Done::Plain => None,
                };
                let pace = &self.settings.pace;
                let (rename, complete) = (pace.rename, pace.complete.max(pace.rename));
                self.after(rename, Due::Rename(id.to_owned()));
                self.after(complete, Due::Complete(id.to_owned()));
            }
        }
    }

    /// Rolled back: the deployment is available again.
    fn cancel(&mut self, id: &str, reason: &str) {
        let Some(deployment) = self.deployment_mut(id) else { return };
        deployment.status = Status::Available;
        deployment.status_details = Some(format!("Switchover canceled: {reason}."));
        let deployment = deployment.clone();
        self.after(self.settings.pace.row_lag, rows(id, "AVAILABLE"));
        for told in self.told(&deployment) {
            let Told { what, blue, green, .. } = &told;
            let message = format!("Switchover from {what} {blue} to {green} was canceled due to {reason}.");
            self.say_on_both(&told, "failure", &message);
        }
        self.say(SourceType::BlueGreenDeployment, id, "failure", "Switchover canceled on blue/green deployment.");
    }

    fn fail_switchover(&mut self, id: &str, reason: &str) {
        let Some(deployment) = self.deployment_mut(id) else { return };
        deployment.status = Status::SwitchoverFailed;
        deployment.status_details = Some(format!("Switchover failed: {reason}."));
        self.after(self.settings.pace.row_lag, rows(id, "SWITCHOVER_FAILED"));
    }

    /// Everything is done, by the deployment's own account. Writes go to green for some time already.
    pub(in crate::region) fn complete(&mut self, id: &str) {
        let failed = self.settings.faults.strike(|mishap| match mishap {
            Mishap::SwitchoverFailed { reason, moved: true } => Some(reason.clone()),
            _ => None,
        });
        let Some(deployment) = self.deployment_mut(id) else { return };
        deployment.progress.switched = true;
        if let Some(reason) = failed {
            return self.fail_switchover(id, &reason);
        }
        deployment.status = Status::SwitchoverCompleted;
        self.after(self.settings.pace.row_lag, rows(id, "SWITCHOVER_COMPLETED"));
        let message = "Switchover completed on blue/green deployment.";
        self.say(SourceType::BlueGreenDeployment, id, "notification", message);
    }

    fn say_started(&mut self, deployment: &Deployment) {
        let told = self.told(deployment);
        if let Some(first) = told.first() {
            let message = format!("Switchover from {} to {} started.", first.blue, first.green);
            self.say(SourceType::BlueGreenDeployment, &deployment.id, "notification", message);
        }
        for told in told {
            let Told { what, blue, green, .. } = &told;
            let message = format!("Switchover from {what} {blue} to {green} started.");
            self.say_on_both(&told, "notification", &message);
        }
    }

    fn say_on_both(&mut self, told: &Told, category: &'static str, message: &str) {
        self.say(told.source, &told.green, category, message);
        self.say(told.source, &told.blue, category, message);
    }

    /// Aurora tells of clusters, RDS of instances.
    fn told(&self, deployment: &Deployment) -> Vec<Told> {
        let aurora = deployment.is_aurora();
        let rows = deployment.rows.iter().enumerate().filter(|(_, row)| match row.source {
            Resource::Cluster(_) => true,
            Resource::Instance(_) => !aurora,
            Resource::Endpoint(..) => false,
        });
        rows.filter_map(|(nth, row)| {
            let (source, what) = match (aurora, nth) {
                (true, _) => (SourceType::DbCluster, "DB cluster"),
                (false, 0) => (SourceType::DbInstance, "primary"),
                (false, _) => (SourceType::DbInstance, "read replica"),
            };
            let green = row.target.as_ref().and_then(|green| self.name_of(green))?;
            Some(Told { source, what, blue: self.name_of(&row.source)?, green })
        })
        .collect()
    }
}
