//! What is looked at: the jobs that moved, the state they leave behind, and green at the production address.

use std::{cmp::Ordering, collections::BTreeMap};

use time::OffsetDateTime;

use super::{Operation, RepointCdcJobs, attest_id, jobs, move_cdc_jobs, move_cdc_jobs::Moved, started_with};
use crate::{
    error::{Error, Kind, Result},
    event::Offset,
    handover::{
        early::Repointed,
        offset::{compare_places, earliest, place},
        savepoint,
    },
    port::{
        Reply,
        binlog::Place,
        flink::{Job, Savepoint, ended},
        mysql::{Address, Coordinates, Server},
    },
    step::{
        contract::{Attempt, Attempts, Known, Read},
        jobs::{Ground, Rows, Running, Stretch},
        stop_cdc_jobs::{Stop, stop_id},
        submit_cdc_jobs::Part,
        switchover,
    },
};

pub struct Observation {
    pub(super) jobs: Vec<Seen>,
    pub(super) switched: switchover::Outputs,
    /// Green as it answers at the production address, and where its log ends.
    pub(super) green: Server,
    pub(super) end: Option<Coordinates>,
    pub(super) savepoints: String,
    /// Of Flink.
    pub(super) version: String,
    pub(super) now: OffsetDateTime,
    /// What RDS says of the deployment; asked only once every job is at the production address.
    pub(super) deployment: Option<String>,
}

pub(super) struct Seen {
    pub moved: Moved,
    /// The job at green's own address.
    pub early: Option<Running>,
    /// Whether its checkpoints outlive a cancellation.
    pub retained: bool,
    /// Whether green's own address, which it reads, still leads to green.
    pub reached: bool,
    /// The savepoint that was asked for last, and of which job.
    pub savepoint: Option<(String, Savepoint)>,
    /// Where the job came to rest.
    pub rest: Option<State>,
    /// The job at the production address.
    pub green: Option<Running>,
    /// What green's log says of its offsets.
    pub ground: Option<Ground>,
    /// Where the comparison of rows begins, and how they stand; `None` before the job has shown that it reads green.
    pub rows: Option<(Option<Place>, Rows)>,
    /// A job of this name that is alive and not of this run.
    pub stranger: Option<String>,
}

/// A savepoint or checkpoint that was read, and what green's log says of it.
pub(super) struct State {
    pub path: String,
    pub offsets: Vec<Offset>,
    pub ground: Ground,
}

pub(super) async fn look(
    step: &RepointCdcJobs,
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Observation> {
    let moved: move_cdc_jobs::Outputs = known.outputs("move_cdc_jobs")?;
    let switched = switchover::Outputs::of(read, known).await?;
    let (mysql, flink) = (read.mysql()?, read.flink()?);
    let green = mysql.server(&switched.address).await?;
    if green.uuid != switched.green_server.uuid || green.uuid != moved.green_server.uuid {
        return Err(Error::drift(format!(
            "The production address {} leads to the server {}, and the jobs read {}",
            switched.address, green.uuid, moved.green_server.uuid
        ))
        .unchanged("The jobs were left as they are")
        .hint("Wait for the address to move (DNS may be slow), then type the same command again"));
    }
    let end = mysql.log_end(&switched.address).await?;
    let all = flink.jobs().await?;
    let servers = [switched.blue_server.server_id, green.server_id];
    let mut seen = Vec::new();
    for moved in moved.jobs {
        seen.push(one(read, known, done, moved, &switched, &servers, &all).await?);
    }
    for job in &mut seen {
        job.rows = rows(step, read, known, done, job, (&switched.address, &green, end.as_ref())).await?;
    }
    let there = seen.iter().all(|job| job.green.as_ref().is_some_and(|green| green.offsets.is_some()));
    let deployment = if there { jobs::deployment_status(read, &switched).await? } else { None };
    let savepoints = known.playbook.flink.as_ref().map(|flink| flink.savepoints.clone()).unwrap_or_default();
    let version = flink.version().await?;
    let now = read.clock.now();
    Ok(Observation { jobs: seen, switched, green, end, savepoints, version, now, deployment })
}

/// The look between two looks, while jobs come to rest: their rows stand still until they are started again.
pub(super) fn glance<'a>(read: &'a Read, done: &'a Attempts<Operation>) -> Option<Reply<'a, bool>> {
    let mut last: BTreeMap<&str, &Operation> = BTreeMap::new();
    for Attempt { operation, .. } in &done.0 {
        match operation {
            Operation::Stop(Stop { job, .. }) | Operation::Cancel { job, .. } => last.insert(job, operation),
            Operation::Submit { order, .. } => last.insert(&order.job, operation),
            Operation::Attest { evidence } => last.insert(&evidence.job, operation),
        };
    }
    last.retain(|_, operation| matches!(operation, Operation::Stop(_) | Operation::Cancel { .. }));
    if last.is_empty() {
        return None;
    }
    Some(Box::pin(async move {
        let flink = read.flink()?;
        for operation in last.into_values() {
            let id = match operation {
                Operation::Stop(Stop { job_id, trigger, .. }) => {
                    if matches!(flink.savepoint(job_id, trigger).await?, Savepoint::Failed { .. }) {
                        return Ok(true);
                    }
                    job_id
                }
                Operation::Cancel { job_id, .. } => job_id,
                Operation::Submit { .. } | Operation::Attest { .. } => continue,
            };
            if flink.job_state(id).await?.is_some_and(|state| !ended(&state)) {
                return Ok(false);
            }
        }
        Ok(true)
    }))
}

async fn one(
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
    moved: Moved,
    switched: &switchover::Outputs,
    servers: &[u32],
    all: &[Job],
) -> Result<Seen> {
    let flink = read.flink()?;
    let marked = jobs::marked(read, &known.run, &moved.name, &moved.flink_name, all).await?;
    let ours = |part| jobs::of_part(read, &marked, part);
    let (early, green) = (ours(Part::Early).await?, ours(Part::Green).await?);
    let strange =
        |found: &&jobs::Marked| !found.job.ended() && !found.is(Some(Part::Early)) && !found.is(Some(Part::Green));
    let stranger = marked.iter().find(strange).map(|found| found.job.id.clone());
    let retained = match &early {
        Some(early) if !early.job.ended() => flink.settings(&early.job.id).await?.retained,
        _ => false,
    };
    let reached = match &early {
        Some(early) if !early.job.ended() => {
            let who = read.mysql()?.who(&moved.address).await?;
            who.is_some_and(|who| who.uuid == switched.green_server.uuid)
        }
        _ => false,
    };
    let mut savepoint = None;
    if let Some(Operation::Stop(stop)) = done.last(&stop_id(&moved.name)).map(|last| &last.operation) {
        savepoint = Some((stop.job_id.clone(), flink.savepoint(&stop.job_id, &stop.trigger).await?));
    }
    let alive = |job: &Option<Running>| job.as_ref().is_some_and(|job| !job.job.ended());
    let mut rest = None;
    if !alive(&early) && !alive(&green) {
        // What the job at the production address left behind is newest.
        let of = |job: &Option<Running>| job.as_ref().map(|job| job.job.id.clone());
        let ended = [of(&green), of(&early), Some(moved.job_id.clone())];
        for path in left(read, ended.into_iter().flatten(), savepoint.as_ref()).await? {
            let offsets = match savepoint::offsets(&*read.files, &path).await {
                Ok(offsets) => offsets,
                Err(error) if error.kind == Kind::Transient => return Err(error),
                // It was removed meanwhile: another may serve.
                Err(_) => continue,
            };
            let ground = jobs::ground(read, &switched.address, servers, &moved.start, &offsets).await?;
            rest = Some(State { path, offsets, ground });
            break;
        }
    }
    let mut ground = None;
    if let Some(offsets) = green.as_ref().and_then(|green| green.offsets.as_ref()) {
        ground = Some(jobs::ground(read, &switched.address, servers, &moved.start, offsets).await?);
    }
    Ok(Seen { moved, early, retained, reached, savepoint, rest, green, ground, rows: None, stranger })
}

/// Compares what green has written since it is production, and all since the state the job was started from.
async fn rows(
    step: &RepointCdcJobs,
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
    job: &Seen,
    (at, green, end): (&Address, &Server, Option<&Coordinates>),
) -> Result<Option<(Option<Place>, Rows)>> {
    let name = &job.moved.name;
    let (Some(running), Some(start), Some(Ok(()))) = (&job.green, started_with(name, done), &job.ground) else {
        return Ok(None);
    };
    let offsets = running.offsets.as_deref().unwrap_or_default();
    if running.job.state != "RUNNING"
        || !reads_green(offsets, start, green, end)
        || done.handle(&attest_id(name)).is_some()
    {
        return Ok(None);
    }
    let Some(until) = committed(offsets, green, end) else { return Ok(None) };
    let scripts = jobs::scripts(read, known, at).await?;
    let Some(scripted) = scripts.iter().find(|scripted| scripted.job.name == *name) else { return Ok(None) };
    let from = match step.touched.from(name) {
        Some(from) => Some(from),
        None => match jobs::first_own(read, at, green.server_id).await {
            Ok(own) => first(earliest(&start.offsets).map(place), own),
            Err(error) if error.kind == Kind::Transient => return Err(error),
            Err(error) => return Ok(Some((None, Rows::NotCompared(error.message)))),
        },
    };
    let stretch = Stretch { at, named: at, from: from.as_ref().unwrap_or(&until), until: &until };
    let rows = step.touched.look(read, known, (name, &scripted.script), stretch).await?;
    Ok(Some((from, rows)))
}

/// The last place that all sources have committed which have something to read.
fn committed(offsets: &[Offset], green: &Server, end: Option<&Coordinates>) -> Option<Place> {
    let moving = |offset: &&Offset| offset.server_id == Some(green.server_id) || jobs::at_end(offset, end);
    let moving: Vec<Offset> = offsets.iter().filter(moving).cloned().collect();
    earliest(&moving).map(place)
}

fn first(one: Option<Place>, other: Option<Place>) -> Option<Place> {
    let (Some(one), Some(other)) = (&one, &other) else { return one.or(other) };
    let later = compare_places(one, other).is_some_and(Ordering::is_gt);
    Some(if later { other } else { one }.clone())
}

/// Every source has read what green wrote, or stands at the end of its log, or has had nothing to read beside one that has.
pub(super) fn reads_green(offsets: &[Offset], start: &Repointed, green: &Server, end: Option<&Coordinates>) -> bool {
    let read = |offset: &Offset| offset.server_id == Some(green.server_id);
    let any = offsets.iter().any(read);
    let unmoved = |offset: &Offset| start.offsets.iter().any(|old| same_place(old, offset));
    !offsets.is_empty()
        && offsets.iter().all(|offset| read(offset) || jobs::at_end(offset, end) || (any && unmoved(offset)))
}

fn same_place(a: &Offset, b: &Offset) -> bool {
    (&a.source, &a.file, a.position) == (&b.source, &b.file, b.position)
}

/// States that may be gone on from, the newest first.
async fn left(
    read: &Read,
    ended: impl Iterator<Item = String>,
    savepoint: Option<&(String, Savepoint)>,
) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for job in ended {
        if let Some((stopped, Savepoint::Completed { location })) = savepoint
            && *stopped == job
        {
            paths.push(location.clone());
        }
        paths.extend(jobs::newest_state(read, &job).await?);
    }
    Ok(paths)
}
