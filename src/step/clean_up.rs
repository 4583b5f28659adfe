//! `clean_up`: removes the deployment object once the old side has been kept for long enough. The old side itself stays.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    contract::{Attempts, Done, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    switchover,
};
use crate::{
    error::Result,
    port::{
        Reply,
        rds::{Deployment, DeploymentFilter},
    },
};

#[derive(Debug)]
pub struct CleanUp {
    pub keep_old_for: Duration,
}

pub struct Observation {
    switched: switchover::Outputs,
    /// What the old side is called by now.
    old: String,
    deployment: Option<Deployment>,
    now: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    deployment: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    /// The old side, which stays (and costs) until somebody deletes it.
    pub kept: String,
}

const DELETE: &str = "delete deployment";

impl Step for CleanUp {
    type Observation = Observation;
    type Operation = Operation;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Remove the deployment object; the old database stays".to_owned(),
            calls: vec!["DeleteBlueGreenDeployment"],
            undo: "Cannot be undone: without the deployment the old database is no longer held read-only by RDS",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["switchover"]
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Operation>) -> Reply<'a, Observation> {
        Box::pin(async move {
            let switched: switchover::Outputs = known.outputs("switchover")?;
            let old = match &switched.old {
                Some(old) => old.clone(),
                None => {
                    let side = switched.old_side(read, known).await?;
                    side.map_or_else(|| switched.old_shown().to_owned(), |side| side.database.id().to_owned())
                }
            };
            let filter = DeploymentFilter::Id(switched.deployment.clone());
            let deployment = read.rds()?.deployments(&filter).await?.into_iter().next();
            Ok(Observation { switched, old, deployment, now: read.clock.now() })
        })
    }

    fn next(&self, seen: &Observation, _: &Known, done: &Attempts<Operation>) -> Result<Next<Operation, Outputs>> {
        let outputs = Done::new(Outputs { kept: seen.old.clone() });
        let Some(deployment) = &seen.deployment else {
            let gone = done.sent(DELETE) == 0;
            return Ok(Next::Done(if gone { outputs.skipped("The deployment is gone already") } else { outputs }));
        };
        let at = seen.switched.finished_at + self.keep_old_for;
        if seen.now < at {
            let awaited =
                format!("{} is kept for {} hours after the switchover", seen.old, self.keep_old_for.as_secs() / 3600);
            return Ok(Next::Later { awaited, at });
        }
        if deployment.status == "DELETING" || done.handle(DELETE).is_some() {
            return Ok(Next::Wait { awaited: "the deployment to be gone".to_owned(), seen: deployment.status.clone() });
        }
        Ok(Next::Do(Operation { deployment: deployment.id.clone() }))
    }

    fn describe(&self, operation: &Operation) -> (String, Policy, String, Vec<String>) {
        (
            DELETE.to_owned(),
            Policy::Repeat,
            format!("Remove the deployment {}", operation.deployment),
            vec![format!("DeleteBlueGreenDeployment({})", operation.deployment)],
        )
    }

    fn perform<'a>(&'a self, operation: &'a Operation, _: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            write.rds()?.delete_deployment(&operation.deployment).await?;
            Ok(Performed::default())
        })
    }
}
