//! What is looked at while jobs move: both ends of the log, and the jobs of this run in Flink.

use super::{JOB_MARK, Operation, PART_MARK, Part, RUN_MARK, jobs, name_in_flink, stop_id};
use crate::{
    error::{Error, Result},
    event::Offset,
    handover::savepoint,
    port::{
        flink::{FlinkRead, Job, Savepoint},
        mysql::Coordinates,
    },
    step::{
        capture_coordinates,
        contract::{Attempts, Known, Read},
        stop_cdc_jobs::{self, Stopped},
        switchover,
    },
};

pub struct Observation {
    pub(super) jobs: Vec<Seen>,
    pub(super) switched: switchover::Outputs,
    pub(super) coordinates: capture_coordinates::Outputs,
    /// Where blue's log ends for good.
    pub(super) end: Coordinates,
    /// Where green's log ends now.
    pub(super) green_end: Option<Coordinates>,
    pub(super) savepoints: String,
}

/// One CDC job and what this run has started for it.
pub(super) struct Seen {
    pub stopped: Stopped,
    pub drain: Option<Running>,
    /// The savepoint that ends the drain, once it was asked for.
    pub drained: Option<Drained>,
    pub green: Option<Running>,
    /// A job of this name that is alive and not of this run.
    pub stranger: Option<String>,
}

pub(super) struct Running {
    pub job: Job,
    /// By its newest completed checkpoint.
    pub offsets: Option<Vec<Offset>>,
    pub failure: Option<String>,
}

pub(super) struct Drained {
    pub state: Savepoint,
    pub offsets: Vec<Offset>,
    /// The end of blue's log when the drain had reached it.
    pub end: Coordinates,
}

/// A log file of at most this many bytes holds its header and no transaction: the header has 154 to 157 without GTID, and the
/// smallest transaction more than a hundred.
pub(super) const HEADER: u64 = 200;

pub(super) async fn look(read: &Read, known: &Known, done: &Attempts<Operation>) -> Result<Observation> {
    let stopped: stop_cdc_jobs::Outputs = known.outputs("stop_cdc_jobs")?;
    let switched: switchover::Outputs = known.outputs("switchover")?;
    let coordinates: capture_coordinates::Outputs = known.outputs("capture_coordinates")?;
    let end = frozen_end(read, &switched).await?;
    let mysql = read.mysql()?;
    let production = mysql.server(&switched.address).await?;
    if production.uuid != switched.green_server.uuid {
        return Err(Error::drift(format!("The production address {} does not lead to green", switched.address))
            .unchanged("No CDC job was started; the savepoints are kept")
            .hint("Wait for the address to move (DNS may be slow), then type the same command again"));
    }
    let green_end = mysql.log_end(&switched.address).await?;
    let flink = read.flink()?;
    let all = flink.jobs().await?;
    let mut seen = Vec::new();
    for stopped in stopped.jobs {
        let (drain, beside) = of_run(read, known, &stopped, Part::Drain, &all).await?;
        let (green, stranger) = of_run(read, known, &stopped, Part::Green, &all).await?;
        let stranger = stranger.or(beside);
        let drained = drained(read, flink, &stopped.name, done).await?;
        seen.push(Seen { stopped, drain, drained, green, stranger });
    }
    let savepoints = known.playbook.flink.as_ref().map(|flink| flink.savepoints.clone()).unwrap_or_default();
    Ok(Observation { jobs: seen, switched, coordinates, end, green_end, savepoints })
}

/// The end of the old side's log, which must be blue's and must not grow any more.
async fn frozen_end(read: &Read, switched: &switchover::Outputs) -> Result<Coordinates> {
    let mysql = read.mysql()?;
    let old = mysql.server(&switched.old_address).await?;
    if old.uuid != switched.blue_server.uuid {
        return Err(Error::drift(format!(
            "{} at {} is not blue (server {})",
            switched.old, switched.old_address, old.uuid
        ))
        .unchanged("No CDC job was started; the savepoints are kept"));
    }
    if !old.read_only {
        return Err(Error::drift(format!("{} takes writes: its log has no end that a job could reach", switched.old))
            .unchanged("No CDC job was started; the savepoints are kept")
            .hint("Set it read-only again, find out who wrote to it, then type the same command again"));
    }
    let end = mysql.log_end(&switched.old_address).await?.ok_or_else(|| {
        Error::drift(format!("{} shows no binary log", switched.old))
            .unchanged("No CDC job was started; the savepoints are kept")
    })?;
    if end.position > HEADER {
        return Ok(end);
    }
    // Old blue has rotated its log since: the end is that of the last file anybody wrote into.
    let files = mysql.log_files(&switched.old_address).await?;
    let before = files.iter().rev().skip_while(|file| file.name == end.file).find(|file| file.size > HEADER);
    Ok(before.map_or(end, |file| Coordinates { file: file.name.clone(), position: file.size, gtid_set: None }))
}

/// The one live job of this run for one part, else its newest that has ended; and a stranger of the same name.
async fn of_run(
    read: &Read,
    known: &Known,
    stopped: &Stopped,
    part: Part,
    all: &[Job],
) -> Result<(Option<Running>, Option<String>)> {
    let flink = read.flink()?;
    let name = name_in_flink(&stopped.flink_name, part);
    let (mut ours, mut stranger): (Vec<&Job>, Option<String>) = (Vec::new(), None);
    for job in all.iter().filter(|job| job.name == name) {
        let marks = flink.parameters(&job.id).await?;
        if marks.is_empty() && matches!(job.state.as_str(), "INITIALIZING" | "CREATED" | "RECONCILING") {
            return Err(Error::transient(format!(
                "The Flink job {name} is {} and does not show its marks yet",
                job.state
            )));
        }
        let is = |mark: &str, value: &str| marks.get(mark).is_some_and(|found| found == value);
        if is(RUN_MARK, &known.run) && is(JOB_MARK, &stopped.name) && is(PART_MARK, part.as_str()) {
            ours.push(job);
        } else if !job.ended() {
            stranger = Some(job.id.clone());
        }
    }
    let alive = ours.iter().filter(|job| !job.ended()).count();
    if alive > 1 {
        return Err(Error::unknown(format!("{alive} Flink jobs of this run named `{name}` are alive"))
            .unchanged("The savepoints are kept")
            .hint("Cancel all of them in Flink, then `upgrade resolve PLAYBOOK STEP --as retry --reason TEXT` and run again"));
    }
    ours.sort_by_key(|job| (job.ended(), -job.started_at));
    let Some(job) = ours.first() else { return Ok((None, stranger)) };
    let job = Job { state: flink.job_state(&job.id).await?.unwrap_or_else(|| job.state.clone()), ..(*job).clone() };
    let failing = job.ended() || matches!(job.state.as_str(), "RESTARTING" | "FAILING");
    let failure = if failing { flink.failure(&job.id).await? } else { None };
    let offsets = if job.ended() { None } else { jobs::committed(read, &job.id).await? };
    Ok((Some(Running { job, offsets, failure }), stranger))
}

async fn drained(read: &Read, flink: &dyn FlinkRead, job: &str, done: &Attempts<Operation>) -> Result<Option<Drained>> {
    let Some(last) = done.last(&stop_id(job)) else { return Ok(None) };
    let Operation::StopDrain { job_id, trigger, end, .. } = &last.operation else { return Ok(None) };
    let state = flink.savepoint(job_id, trigger).await?;
    let offsets = match &state {
        Savepoint::Completed { location } => savepoint::offsets(&*read.files, location).await?,
        _ => Vec::new(),
    };
    Ok(Some(Drained { state, offsets, end: end.clone() }))
}
