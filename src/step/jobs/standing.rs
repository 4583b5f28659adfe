//! How Flink shows a job, and the state that the job leaves behind.

use std::time::Duration;

use super::Scripted;
use crate::{
    error::{Error, Result},
    event::Offset,
    handover::savepoint,
    port::{
        files::FilesRead,
        flink::{FlinkRead, Job},
    },
    step::contract::{Next, Read},
};

/// A checkpoint's `_metadata` is at most this long, in bytes.
const LARGEST_METADATA: u64 = 256 << 20;

/// How Flink shows the job of one name.
pub(in crate::step) enum Standing {
    Alive(Job),
    Several(Vec<Job>),
    /// None is alive; the newest state it left behind, if any.
    Ended {
        left: Option<String>,
        /// The job that left it.
        job: Option<String>,
    },
}

impl Standing {
    /// The id of the one job that counts, alive or not.
    pub fn newest(&self) -> Option<&str> {
        match self {
            Self::Alive(job) => Some(&job.id),
            Self::Ended { job, .. } => job.as_deref(),
            Self::Several(_) => None,
        }
    }
}

/// Looks for the job among all that Flink knows.
pub(in crate::step) async fn standing(read: &Read, scripted: &Scripted, jobs: &[Job]) -> Result<Standing> {
    let ours = |job: &&Job| job.name == scripted.flink_name || scripted.job.job_id.as_ref() == Some(&job.id);
    let mut named: Vec<&Job> = jobs.iter().filter(ours).collect();
    let alive: Vec<Job> = named.iter().filter(|job| !job.ended()).map(|job| (*job).clone()).collect();
    match alive.as_slice() {
        [one] => return Ok(Standing::Alive(one.clone())),
        [] => {}
        _ => return Ok(Standing::Several(alive)),
    }
    named.sort_by_key(|job| std::cmp::Reverse(job.started_at));
    for job in named {
        if let Some(path) = newest_state(read, &job.id).await? {
            return Ok(Standing::Ended { left: Some(path), job: Some(job.id.clone()) });
        }
    }
    // What Flink knows is newer than what a person once wrote down.
    Ok(Standing::Ended { left: scripted.job.savepoint.clone(), job: None })
}

/// The job of a name that was started last.
pub(in crate::step) fn newest<'a>(flink_name: &str, jobs: &'a [Job]) -> Option<&'a Job> {
    jobs.iter().filter(|job| job.name == flink_name).max_by_key(|job| job.started_at)
}

/// Where the newest completed checkpoint or savepoint of a job lies: the place Flink tells of, unless it was replaced.
pub(in crate::step) async fn newest_state(read: &Read, job: &str) -> Result<Option<String>> {
    let Some(told) = told(read.flink()?, job).await? else { return Ok(None) };
    for path in newest_first(&told) {
        if there(&*read.files, &path).await? {
            return Ok(Some(path));
        }
    }
    Ok(Some(told))
}

/// How long Flink may go on telling what it knew of a job before it ended.
const TOLD_LATE: Duration = Duration::from_secs(5);

/// No state of a job that has ended is seen: believed once it is so for longer than Flink's answers are old.
pub(in crate::step) fn stateless<Op, Out>(name: &str, gone: Error) -> Next<Op, Out> {
    let of = format!("no state that {name} left behind");
    Next::Confirm { of, looks: 3, spanning: TOLD_LATE, then: Box::new(Next::Fail(gone)) }
}

/// As Flink tells it, which is up to three seconds old.
async fn told(flink: &dyn FlinkRead, job: &str) -> Result<Option<String>> {
    let checkpoints = flink.checkpoints(job).await?;
    let all = [checkpoints.latest_completed, checkpoints.latest_savepoint];
    let newest =
        all.into_iter().flatten().filter(|checkpoint| checkpoint.path.is_some()).max_by_key(|checkpoint| checkpoint.id);
    Ok(newest.and_then(|checkpoint| checkpoint.path))
}

/// A checkpoint that was replaced meanwhile has at most this many followers.
const FOLLOWERS: u64 = 10;

/// Where a running job stands by its newest completed checkpoint; `None` before the first, or while it is replaced.
pub(in crate::step) async fn committed(read: &Read, job: &str) -> Result<Option<Vec<Offset>>> {
    let Some(path) = newest_state(read, job).await? else { return Ok(None) };
    match savepoint::offsets(&*read.files, &path).await {
        Ok(offsets) => Ok(Some(offsets)),
        // Replaced between the two reads.
        Err(_) if !there(&*read.files, &path).await? => Ok(None),
        Err(error) => Err(error),
    }
}

/// The place itself where it still is; else those that may have followed it.
fn newest_first(told: &str) -> Vec<String> {
    let mut places = vec![told.to_owned()];
    if let Some((folder, number)) = told.trim_end_matches('/').rsplit_once("/chk-")
        && let Ok(number) = number.parse::<u64>()
    {
        places.extend((1..=FOLLOWERS).rev().map(|more| format!("{folder}/chk-{}", number + more)));
    }
    places
}

async fn there(files: &dyn FilesRead, place: &str) -> Result<bool> {
    Ok(files.read(&format!("{}/_metadata", place.trim_end_matches('/')), LARGEST_METADATA).await?.is_some())
}
