//! What of a run is still there.

use super::{DeleteGreen, Member, Operation};
use crate::{
    error::Result,
    port::{
        rds::{Database, Deployment, DeploymentFilter, Level, ParameterGroup, RdsRead},
        side::{RUN_TAG, Side, name_of},
    },
    step::{
        contract::{Attempts, Known, Read},
        target,
    },
};

pub struct Observation {
    pub(super) production: Side,
    /// Of this run: it stands in the journal, or carries our tag.
    pub(super) deployment: Option<Deployment>,
    /// Others of the name or the source.
    pub(super) foreign: Vec<Deployment>,
    pub(super) green: Vec<Standing>,
    pub(super) groups: Vec<ParameterGroup>,
}

/// A member of green that is still there.
pub(super) struct Standing {
    pub member: Member,
    pub status: String,
    pub protected: bool,
}

pub(super) async fn look(
    step: &DeleteGreen,
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Observation> {
    let rds = read.rds()?;
    let production = target::production(rds, &known.playbook).await?;
    let mut filters = vec![DeploymentFilter::Source(production.arn.clone())];
    filters.extend(step.deployment.clone().map(DeploymentFilter::Id));
    filters.extend(step.name.clone().map(DeploymentFilter::Name));
    let mut all: Vec<Deployment> = Vec::new();
    for filter in &filters {
        for found in rds.deployments(filter).await? {
            if !all.iter().any(|known| known.id == found.id) {
                all.push(found);
            }
        }
    }
    let ours = |found: &Deployment| {
        step.deployment.as_ref() == Some(&found.id) || found.tags.get(RUN_TAG).is_some_and(|run| *run == known.run)
    };
    let (mut own, foreign): (Vec<_>, Vec<_>) = all.into_iter().partition(ours);
    // One run makes one; should there be two, the other shows once the first is gone.
    let deployment = (!own.is_empty()).then(|| own.remove(0));
    let mut green = Vec::new();
    for (database, resource_id) in wanted(step, deployment.as_ref(), done) {
        if let Some(found) = standing(rds, &database, resource_id.as_deref()).await?
            && !green.iter().any(|known: &Standing| known.member == found.member)
        {
            green.push(found);
        }
    }
    let mut groups = Vec::new();
    for group in &step.groups {
        groups.extend(rds.parameter_group(group).await?);
    }
    Ok(Observation { production, deployment, foreign, green, groups })
}

/// Every member of green that is known: recorded when green was ready or when it was deleted, or shown now.
fn wanted(
    step: &DeleteGreen,
    deployment: Option<&Deployment>,
    done: &Attempts<Operation>,
) -> Vec<(Database, Option<String>)> {
    let recorded = done.0.iter().flat_map(|attempt| match &attempt.operation {
        Operation::DeleteDeployment { green, .. } => green.clone(),
        Operation::DeleteGroup { .. } => Vec::new(),
    });
    let known = step.green.iter().cloned().chain(recorded);
    let mut all: Vec<_> = known.map(|member| (member.database, Some(member.resource_id))).collect();
    for arn in deployment.into_iter().flat_map(|deployment| &deployment.members).filter_map(|pair| pair.target.as_ref())
    {
        let database = match arn.split(':').nth(5) {
            Some("cluster") => Database::AuroraCluster(name_of(arn).to_owned()),
            Some("db") => Database::RdsInstance(name_of(arn).to_owned()),
            _ => continue,
        };
        if !all.iter().any(|(known, _)| *known == database) {
            all.push((database, None));
        }
    }
    all
}

async fn standing(rds: &dyn RdsRead, database: &Database, resource_id: Option<&str>) -> Result<Option<Standing>> {
    let found = match database {
        Database::AuroraCluster(id) => {
            let found = rds.cluster(id).await?;
            found.map(|found| (found.resource_id, found.status, found.deletion_protection))
        }
        Database::RdsInstance(id) => {
            let found = rds.instance(id).await?;
            // The cluster's protection is what counts for its members.
            found.map(|found| (found.resource_id, found.status, found.deletion_protection && found.cluster.is_none()))
        }
    };
    let found = found.filter(|(found, ..)| resource_id.is_none_or(|known| known == found));
    Ok(found.map(|(resource_id, status, protected)| Standing {
        member: Member { database: database.clone(), resource_id },
        status,
        protected,
    }))
}

/// The cluster, if it is one, and every instance.
pub(super) fn members(side: &Side) -> Vec<Member> {
    let instances = side.members.iter().map(|member| Member {
        database: Database::RdsInstance(member.id.clone()),
        resource_id: member.resource_id.clone(),
    });
    let cluster = (side.database.level() == Level::Cluster)
        .then(|| Member { database: side.database.clone(), resource_id: side.resource_id.clone() });
    cluster.into_iter().chain(instances).collect()
}
