//! CreateBlueGreenDeployment: the guardrails, and the first answer.

use serde::Serialize;

use super::guardrail::check_name;
use crate::region::Region;
use crate::region::call::{Action, Call};
use crate::region::catalogue::Level;
use crate::region::deployment::{
    BACKUPS, COPY, Deployment, ENDPOINTS, MEMBERS, Plan, Progress, Row, Status, Step, TOPOLOGY, UPGRADE,
};
use crate::region::error::ApiError;
use crate::region::fault::Mishap;
use crate::region::resource::{Resource, Tags};
use crate::region::schedule::Due;

#[derive(Debug, Clone, Default, Serialize)]
pub struct CreateBlueGreenDeployment {
    pub name: String,
    /// The ARN of a cluster or an instance.
    pub source: String,
    pub target_engine_version: Option<String>,
    pub target_cluster_parameter_group: Option<String>,
    pub target_instance_parameter_group: Option<String>,
    /// RDS only.
    pub target_instance_class: Option<String>,
    pub tags: Tags,
}

impl Call for CreateBlueGreenDeployment {
    const ACTION: Action = Action::CreateBlueGreenDeployment;
    type Answer = Deployment;

    fn apply(self, region: &mut Region) -> Result<Deployment, ApiError> {
        check_name(&self.name)?;
        if region.deployments.iter().any(|deployment| deployment.name == self.name) {
            let message = format!("A blue/green deployment with the name {} already exists.", self.name);
            return Err(ApiError::new("BlueGreenDeploymentAlreadyExistsFault", 400, message));
        }
        let source = region.sound_source(&self.source)?;
        let plan = region.plan_green(&source, &self)?;
        let mut rows = vec![region.row(&source)];
        rows.extend(region.further_sources(&source).iter().map(|resource| region.row(resource)));
        let steps = region.steps(&source, &plan);
        let late = region.settings.faults.strike(|mishap| match mishap {
            Mishap::ShowsLate { by } => Some(*by),
            _ => None,
        });
        let progress = Progress { shown_from: region.now + late.unwrap_or_default(), ..Progress::default() };
        let deployment = Deployment {
            id: region.dice.deployment_id(),
            name: self.name,
            rows,
            steps,
            status: Status::Provisioning,
            status_details: None,
            tags: self.tags,
            created_at: region.now,
            deleted_at: None,
            plan,
            progress,
        };
        region.after(region.settings.pace.begin, Due::Provision(deployment.id.clone()));
        region.deployments.push(deployment.clone());
        Ok(deployment)
    }
}

impl Region {
    fn plan_green(&self, source: &Resource, asked: &CreateBlueGreenDeployment) -> Result<Plan, ApiError> {
        let to = asked.target_engine_version.as_deref();
        let instance_group = asked.target_instance_parameter_group.as_deref();
        let writer = self.writer_of(source).ok_or_else(ApiError::internal)?;
        let version = self.sound_version(&writer.engine, &writer.version, to)?;
        let family = version.family.clone();
        let cluster = writer.cluster.as_ref().and_then(|id| self.clusters.get(id));
        let cluster_group = match (cluster, asked.target_cluster_parameter_group.as_deref()) {
            (None, Some(_)) => {
                let message = "TargetDBClusterParameterGroupName can't be specified for a DB instance source.";
                return Err(ApiError::invalid_combination(message));
            }
            (None, None) => None,
            (Some(cluster), asked) => {
                Some(self.sound_group(Level::Cluster, asked, &cluster.parameter_group, &family)?)
            }
        };
        if cluster.is_some() && asked.target_instance_class.is_some() {
            let message = "TargetDBInstanceClass can't be specified for a DB cluster source.";
            return Err(ApiError::invalid_combination(message));
        }
        // Only a group that was asked for is kept for all members; else each has its own's or the default.
        if let Some(asked) = instance_group {
            self.group_of_family(Level::Instance, asked, &family)?;
        }
        Ok(Plan {
            version,
            cluster_group,
            instance_group: instance_group.map(str::to_lowercase),
            class: asked.target_instance_class.clone(),
            timeout_seconds: 300,
        })
    }

    /// The members or replicas, then the custom endpoints.
    fn further_sources(&self, source: &Resource) -> Vec<Resource> {
        match source {
            Resource::Instance(id) => {
                self.replicas(id).map(|replica| Resource::Instance(replica.resource_id.clone())).collect()
            }
            Resource::Cluster(id) | Resource::Endpoint(id, _) => {
                let members = self.members(id).map(|member| Resource::Instance(member.resource_id.clone()));
                let custom = self.clusters.get(id).map_or(0, |cluster| cluster.custom_endpoints.len());
                members.chain((0..custom).map(|nth| Resource::Endpoint(id.clone(), nth))).collect()
            }
        }
    }

    fn row(&self, source: &Resource) -> Row {
        let source_arn = self.arn_of(source).unwrap_or_default();
        Row { source: source.clone(), target: None, source_arn, target_arn: None, status: "PROVISIONING" }
    }

    fn steps(&self, source: &Resource, plan: &Plan) -> Vec<Step> {
        let upgrade = self.writer_of(source).is_some_and(|writer| writer.version != plan.version.version);
        let mut names = vec![COPY];
        names.extend(upgrade.then_some(UPGRADE));
        match source {
            Resource::Instance(id) => {
                names.push(BACKUPS);
                names.extend(self.replicas(id).next().map(|_| TOPOLOGY));
            }
            Resource::Cluster(id) | Resource::Endpoint(id, _) => {
                names.push(MEMBERS);
                let custom = self.clusters.get(id).is_some_and(|cluster| !cluster.custom_endpoints.is_empty());
                names.extend(custom.then_some(ENDPOINTS));
            }
        }
        names.into_iter().map(|name| Step { name, status: "PENDING" }).collect()
    }

    /// Whether a green in the making is to use this group.
    pub(in crate::region) fn is_planned_for_green(&self, level: Level, name: &str) -> bool {
        self.deployments.iter().filter(|deployment| deployment.binds()).any(|deployment| {
            let plan = &deployment.plan;
            let planned = if level == Level::Cluster { &plan.cluster_group } else { &plan.instance_group };
            planned.as_deref() == Some(name)
        })
    }

    pub(super) fn starts_pending(&mut self) -> bool {
        self.settings.faults.strike(|m| matches!(m, Mishap::GreenPendingReboot).then_some(())).is_some()
    }
}
