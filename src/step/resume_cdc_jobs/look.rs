//! What is looked at before and after a job is put back.

use super::{JOB_MARK, Operation, PART, PART_MARK, RUN_MARK, ResumeCdcJobs, id, jobs};
use crate::{
    error::{Error, Result},
    port::{
        flink::{Job, Savepoint},
        mysql::Address,
    },
    step::{
        contract::{Attempts, Known, Read},
        create_blue_green,
        jobs::{Scripted, Standing},
        submit_cdc_jobs::Part,
        target,
    },
};

pub struct Observation {
    pub(super) jobs: Vec<Seen>,
    pub(super) production: Address,
    /// Why production is not the blue that the savepoints belong to.
    pub(super) moved: Option<String>,
}

pub(super) struct Seen {
    pub name: String,
    pub flink_name: String,
    /// The job that was stopped, and how its savepoint stands.
    pub stopped: String,
    pub savepoint: Savepoint,
    /// Where the job is to go on from.
    pub rest: Option<String>,
    /// Jobs of the name that are alive.
    pub alive: Vec<Job>,
    /// The job that was put back, alive or ended.
    pub back: Option<Job>,
    pub failure: Option<String>,
    /// Jobs of this mark that are none of this step's.
    pub before: Vec<String>,
}

pub(super) async fn look(
    step: &ResumeCdcJobs,
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Observation> {
    let side = target::production(read.rds()?, &known.playbook).await?;
    let created: Option<create_blue_green::Outputs> = known.find("create_blue_green")?;
    let moved = created.filter(|created| created.blue.resource_id != side.resource_id).map(|created| {
        format!("The {} is {}, and blue was {}", side.database, side.resource_id, created.blue.resource_id)
    });
    let production = side.write_address()?.clone();
    let all = read.flink()?.jobs().await?;
    let mut seen = Vec::new();
    for scripted in jobs::scripts(read, known, &production).await? {
        if let Some(stop) = step.stops.iter().find(|stop| stop.job == scripted.job.name) {
            let state = read.flink()?.savepoint(&stop.job_id, &stop.trigger).await?;
            seen.push(one(step, read, known, &scripted, (&stop.job_id, state), &all, done).await?);
        }
    }
    if let Some(stop) = step.stops.iter().find(|stop| !seen.iter().any(|seen| seen.name == stop.job)) {
        return Err(Error::drift(format!(
            "The playbook no longer has the job {}, which this run has stopped",
            stop.job
        ))
        .unchanged("Nothing was changed")
        .hint("Put it back into the playbook; the run folder holds the run's copy"));
    }
    Ok(Observation { jobs: seen, production, moved })
}

async fn one(
    step: &ResumeCdcJobs,
    read: &Read,
    known: &Known,
    scripted: &Scripted,
    (stopped, savepoint): (&str, Savepoint),
    all: &[Job],
    done: &Attempts<Operation>,
) -> Result<Seen> {
    let flink = read.flink()?;
    let name = scripted.job.name.clone();
    let (mut alive, mut marked, mut early) = (Vec::new(), Vec::new(), Vec::new());
    for job in all.iter().filter(|job| job.name == scripted.flink_name || job.id == stopped) {
        let state = flink.job_state(&job.id).await?.unwrap_or_else(|| job.state.clone());
        let job = Job { state, ..job.clone() };
        let marks = flink.parameters(&job.id).await?;
        if marks.is_empty() && matches!(job.state.as_str(), "INITIALIZING" | "CREATED" | "RECONCILING") {
            let text = format!("The Flink job {} is {} and does not show its marks yet", job.name, job.state);
            return Err(Error::transient(text));
        }
        let is = |mark: &str, value: &str| marks.get(mark).is_some_and(|found| found == value);
        let ours = is(RUN_MARK, &known.run) && is(JOB_MARK, &name);
        if ours && is(PART_MARK, PART) {
            marked.push(job.clone());
        }
        if ours && is(PART_MARK, Part::Early.as_str()) {
            early.push(job.id.clone());
        }
        if !job.ended() {
            alive.push(job);
        }
    }
    let first = done.0.iter().find(|attempt| attempt.id == id(&name)).map(|attempt| &attempt.operation.before);
    let before = match first {
        Some(before) => before.clone(),
        None => marked.iter().map(|job| job.id.clone()).collect(),
    };
    marked.retain(|job| !before.contains(&job.id));
    marked.sort_by_key(|job| (job.ended(), -job.started_at));
    let back = marked.into_iter().next();
    let failing = back.as_ref().filter(|job| job.ended() || matches!(job.state.as_str(), "RESTARTING" | "FAILING"));
    let failure = match failing {
        Some(job) => flink.failure(&job.id).await?,
        None => None,
    };
    // What a job left behind that has read green is no place of blue's.
    let all: Vec<Job> = all.iter().filter(|job| !early.contains(&job.id)).cloned().collect();
    let left = match jobs::standing(read, scripted, &all).await? {
        Standing::Ended { left, .. } => left,
        Standing::Alive(_) | Standing::Several(_) => None,
    };
    // Whatever ran since has read further than the savepoint.
    let newer = jobs::newest(&scripted.flink_name, &all).is_some_and(|newest| newest.id != stopped);
    let made = match &savepoint {
        Savepoint::Completed { location } => Some(location.clone()),
        _ => step.rest.get(&name).cloned(),
    };
    let rest = if newer { left.or(made) } else { made.or(left) };
    let (flink_name, stopped) = (scripted.flink_name.clone(), stopped.to_owned());
    Ok(Seen { name, flink_name, stopped, savepoint, rest, alive, back, failure, before })
}
