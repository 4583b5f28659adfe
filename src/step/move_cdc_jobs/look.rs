//! What is looked at: the jobs in Flink, where they stand on blue, and where that is in green's log.

use super::{MoveCdcJobs, Operation, attest_id, jobs, submit_id};
use crate::{
    error::{Error, Kind, Result},
    event::{Offset, Phase},
    handover::{
        gtid,
        offset::{earliest, place},
        tail::{self, Ahead, Located, Request},
    },
    port::{
        binlog::Place,
        flink::{Job, Savepoint},
        mysql::{Address, Server},
        side,
    },
    step::{
        contract::{Attempt, Attempts, Known, Read},
        create_blue_green,
        jobs::{Ground, Rows, Running, Standing, Stretch},
        stop_cdc_jobs,
        submit_cdc_jobs::Part,
    },
};

/// So many transactions of a tail tell its place on green, where blue has written them.
const LEAST: usize = 64;

pub struct Observation {
    pub(super) jobs: Vec<Seen>,
    /// The jobs as they stop at blue, and blue.
    pub(super) stops: stop_cdc_jobs::Observation,
    /// Green at its own address.
    pub(super) green: Server,
    pub(super) address: Address,
    /// Of Flink.
    pub(super) version: String,
}

/// One CDC job beside its stop.
pub(super) struct Seen {
    /// The job that was started on green, alive or ended.
    pub early: Option<Running>,
    /// What green's log says of its offsets; absent before the first.
    pub ground: Option<Ground>,
    /// It has nothing to read.
    pub idle: bool,
    /// How the rows stand that green has logged since the job's start; `None` before it has read.
    pub rows: Option<Rows>,
    /// Where green has what the job, which still runs at blue, reads now.
    pub probe: Option<Located>,
    /// Green follows closely, and nothing that blue wrote is in the newest files of its log.
    pub silent: bool,
    /// Where green has the begin of the tail of the job, which has been stopped.
    pub located: Option<Located>,
    /// All that was executed before that, where green has GTID on.
    pub gtid_set: Option<String>,
    /// Jobs that were put back at blue before.
    pub back: Vec<Job>,
}

pub(super) async fn look(
    step: &MoveCdcJobs,
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Observation> {
    let created: create_blue_green::Outputs = known.outputs("create_blue_green")?;
    let stops = stop_cdc_jobs::look_beside(read, known, &only_stops(done), Some(Part::Early)).await?;
    let (green, address) = green(read, &created).await?;
    if green.uuid == stops.blue.uuid {
        return Err(Error::drift(format!("{} and {address} lead to one and the same server", stops.production))
            .unchanged("No CDC job was touched")
            .hint("Find out who has switched over; from there on the way is the ordinary one"));
    }
    let mut seen = Vec::new();
    for stop in &stops.jobs {
        seen.push(one(read, done, stop, &stops, &green, &address).await?);
    }
    for (stop, job) in stops.jobs.iter().zip(&mut seen) {
        job.rows = rows(step, read, known, done, (stop, job), (&address, &stops.production)).await?;
    }
    let version = read.flink()?.version().await?;
    Ok(Observation { jobs: seen, stops, green, address, version })
}

/// The attempts as the step that stops jobs knows them.
pub(super) fn only_stops(done: &Attempts<Operation>) -> Attempts<stop_cdc_jobs::Operation> {
    let stops = done.0.iter().filter_map(|attempt| match &attempt.operation {
        Operation::Stop(stop) => Some(Attempt {
            id: attempt.id.clone(),
            number: attempt.number,
            operation: stop_cdc_jobs::Operation::Stop(stop.clone()),
            fate: attempt.fate.clone(),
        }),
        _ => None,
    });
    Attempts(stops.collect())
}

/// Green as it answers at its own address.
async fn green(read: &Read, created: &create_blue_green::Outputs) -> Result<(Server, Address)> {
    let side = side::side(read.rds()?, &created.green.database).await?;
    let side = side.filter(|side| side.resource_id == created.green.resource_id).ok_or_else(|| {
        Error::drift(format!("Green, the {}, is no longer there under its name", created.green.database))
            .unchanged("No CDC job was touched")
            .hint("Look at the RDS events; where it has been switched over, the way is the ordinary one")
    })?;
    let address = side.write_address()?.clone();
    Ok((read.mysql()?.server(&address).await?, address))
}

async fn one(
    read: &Read,
    done: &Attempts<Operation>,
    stop: &stop_cdc_jobs::Seen,
    stops: &stop_cdc_jobs::Observation,
    green: &Server,
    address: &Address,
) -> Result<Seen> {
    let back = stop.marked.iter().filter(|found| found.part.as_deref() == Some("back")).map(|found| found.job.clone());
    let mut seen = Seen {
        early: jobs::of_part(read, &stop.marked, Part::Early).await?,
        ground: None,
        idle: false,
        rows: None,
        probe: None,
        silent: false,
        located: None,
        gtid_set: None,
        back: back.collect(),
    };
    if let Some(early) = seen.early.as_ref().filter(|early| !early.job.ended()) {
        if let Some(start) = started(done, &stop.name)
            && let Some(offsets) = &early.offsets
        {
            let servers = [stops.blue.server_id, green.server_id];
            seen.ground = Some(jobs::ground(read, address, &servers, &start, offsets).await?);
            seen.idle = jobs::is_idle(read, address, &start).await?;
        }
        return Ok(seen);
    }
    let request = |from: &Offset| Request {
        blue: stops.production.clone(),
        green: address.clone(),
        blue_server_ids: vec![stops.blue.server_id],
        green_server_id: green.server_id,
        from: place(from),
    };
    let stopping = stop
        .savepoint
        .as_ref()
        .filter(|(_, state)| matches!(state, Savepoint::InProgress | Savepoint::Completed { .. }));
    match (&stop.standing, &stop.left) {
        (Standing::Alive(alive), _)
            if alive.state == "RUNNING" && stopping.is_none_or(|(stopping, _)| *stopping != alive.id) =>
        {
            let offsets = jobs::committed(read, &alive.id).await?.unwrap_or_default();
            seen.probe = Some(match earliest(&offsets) {
                _ if offsets.iter().any(|offset| offset.phase == Phase::Snapshot) => {
                    Located::NotYet(format!("{} is still in its first snapshot", stop.name))
                }
                None => Located::NotYet(format!("{} has no completed checkpoint yet", stop.name)),
                // Each has another place, so that nothing is kept of it.
                Some(from) => found(Ahead::default().locate(read.binlog()?, &request(from), LEAST).await)?,
            });
            if matches!(seen.probe, Some(Located::NotYet(_))) {
                seen.silent = is_silent(read, address, stops.blue.server_id).await?;
            }
        }
        (Standing::Ended { .. }, Some(state)) => {
            let Some(from) = earliest(&state.offsets) else { return Ok(seen) };
            let located = found(read.ahead.locate(read.binlog()?, &request(from), LEAST).await)?;
            if let Located::At { start, .. } = &located
                && green.gtid_mode.eq_ignore_ascii_case("ON")
            {
                seen.gtid_set = Some(gtid::complete_set(read.binlog()?, address, start).await?.to_string());
            }
            seen.located = Some(located);
        }
        _ => {}
    }
    Ok(seen)
}

/// Compares what green has logged from the job's start to where it has committed.
async fn rows(
    step: &MoveCdcJobs,
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
    (stop, job): (&stop_cdc_jobs::Seen, &Seen),
    (at, named): (&Address, &Address),
) -> Result<Option<Rows>> {
    let name = &stop.name;
    let (Some(early), Some(start), Some(Ok(()))) = (&job.early, started(done, name), &job.ground) else {
        return Ok(None);
    };
    let offsets = early.offsets.as_deref().unwrap_or_default();
    // A source that has had nothing to read still stands at its start.
    let moving: Vec<Offset> = offsets.iter().filter(|offset| offset.server_id.is_some()).cloned().collect();
    let Some(last) = earliest(&moving) else { return Ok(None) };
    if early.job.state != "RUNNING" || done.handle(&attest_id(name)).is_some() {
        return Ok(None);
    }
    let scripts = jobs::scripts(read, known, named).await?;
    let Some(scripted) = scripts.iter().find(|scripted| scripted.job.name == *name) else { return Ok(None) };
    let until = place(last);
    let stretch = Stretch { at, named, from: &start, until: &until };
    step.touched.look(read, known, (name, &scripted.script), stretch).await.map(Some)
}

/// Seconds behind blue within which green has applied what blue wrote a while ago.
const CLOSE: u64 = 5;

async fn is_silent(read: &Read, green: &Address, blue: u32) -> Result<bool> {
    let replication = read.mysql()?.replication(green).await?;
    let follows = replication.is_some_and(|replication| {
        replication.running && replication.seconds_behind.is_some_and(|behind| behind <= CLOSE)
    });
    let Some(end) = read.mysql()?.log_end(green).await?.filter(|_| follows) else { return Ok(false) };
    let checked = tail::check_coordinates(read.binlog()?, green, &[blue], &end.place()).await?;
    Ok(checked.blue_before == 0 && checked.blue_after.is_none())
}

/// What cannot be read for good is nowhere.
fn found(located: Result<Located>) -> Result<Located> {
    match located {
        Err(error) if error.kind == Kind::Permanent => Ok(Located::Nowhere(error.message)),
        located => located,
    }
}

/// Where the newest start on green was told to begin.
fn started(done: &Attempts<Operation>, job: &str) -> Option<Place> {
    match &done.last(&submit_id(job))?.operation {
        Operation::Submit { evidence, .. } => Some(evidence.start.clone()),
        _ => None,
    }
}
