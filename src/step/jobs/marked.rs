//! Jobs in Flink by the marks a run gives those it starts.

use crate::{
    error::{Error, Result},
    event::Offset,
    port::flink::Job,
    step::{
        contract::Read,
        submit_cdc_jobs::{JOB_MARK, PART_MARK, Part, RUN_MARK},
    },
};

/// A job and what it shows of itself.
pub(in crate::step) struct Running {
    pub job: Job,
    /// By its newest completed checkpoint.
    pub offsets: Option<Vec<Offset>>,
    pub failure: Option<String>,
}

/// A Flink job of one name, and for which part the run has started it; `None` where it has not.
pub(in crate::step) struct Marked {
    pub job: Job,
    pub part: Option<String>,
}

impl Marked {
    /// Whether the run has started it for this part.
    pub fn is(&self, part: Option<Part>) -> bool {
        self.part.as_deref().is_some_and(|found| part.is_some_and(|part| part.as_str() == found))
    }
}

/// All jobs of the name `flink_name`, those that have ended among them. `name` is the playbook's.
pub(in crate::step) async fn marked(
    read: &Read,
    run: &str,
    name: &str,
    flink_name: &str,
    all: &[Job],
) -> Result<Vec<Marked>> {
    let mut found = Vec::new();
    for job in all.iter().filter(|job| job.name == flink_name) {
        let marks = read.flink()?.parameters(&job.id).await?;
        if marks.is_empty() && matches!(job.state.as_str(), "INITIALIZING" | "CREATED" | "RECONCILING") {
            let text = format!("The Flink job {flink_name} is {} and does not show its marks yet", job.state);
            return Err(Error::transient(text));
        }
        let is = |mark: &str, value: &str| marks.get(mark).is_some_and(|found| found == value);
        let ours = is(RUN_MARK, run) && is(JOB_MARK, name);
        let part = marks.get(PART_MARK).filter(|_| ours).cloned();
        found.push(Marked { job: job.clone(), part });
    }
    Ok(found)
}

/// The one live job that the run has started for this part, else its newest that has ended.
pub(in crate::step) async fn of_part(read: &Read, all: &[Marked], part: Part) -> Result<Option<Running>> {
    let mut ours: Vec<&Job> =
        all.iter().filter(|found| found.part.as_deref() == Some(part.as_str())).map(|found| &found.job).collect();
    let alive = ours.iter().filter(|job| !job.ended()).count();
    if alive > 1 {
        return Err(Error::unknown(format!("{alive} Flink jobs of this run named `{}` are alive", ours[0].name))
            .unchanged("The savepoints are kept")
            .hint("Cancel all of them in Flink, then `upgrade resolve PLAYBOOK STEP --as retry --reason TEXT` and run again"));
    }
    ours.sort_by_key(|job| (job.ended(), -job.started_at));
    match ours.first() {
        Some(job) => running(read, job).await.map(Some),
        None => Ok(None),
    }
}

/// What the job shows now.
pub(in crate::step) async fn running(read: &Read, job: &Job) -> Result<Running> {
    let flink = read.flink()?;
    let job = Job { state: flink.job_state(&job.id).await?.unwrap_or_else(|| job.state.clone()), ..job.clone() };
    let failing = job.ended() || matches!(job.state.as_str(), "RESTARTING" | "FAILING");
    let failure = if failing { flink.failure(&job.id).await? } else { None };
    let offsets = if job.ended() { None } else { super::committed(read, &job.id).await? };
    Ok(Running { job, offsets, failure })
}
