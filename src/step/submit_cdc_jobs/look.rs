//! What is looked at while jobs move: both logs, and the jobs of this run in Flink.

use futures_util::future::try_join5;

use super::{
    Operation, Part, SubmitCdcJobs, attest_id, jobs, name_in_flink, prove, stop_id,
    way::{Way, way},
};
use crate::{
    error::{Error, Result},
    event::Offset,
    handover::{
        consumer::flink_sql::Replay,
        coordinates::Found,
        gtid::{self, GtidSet},
        offset::{earliest, place},
        savepoint,
        tail::{self, Translation},
    },
    playbook::Tail,
    port::{
        binlog::Place,
        flink::{FlinkRead, Job, Savepoint},
        mysql::{Address, Coordinates, Server},
    },
    step::{
        capture_coordinates::{self, Source},
        contract::{Attempts, Known, Read},
        jobs::{Marked, Rows, Running, Stretch},
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
    /// Where a job that drains finds the old side: by its name. `None` while no name shows.
    pub(super) drain_at: Option<Address>,
    /// Where green's log ends now.
    pub(super) green_end: Option<Coordinates>,
    /// Green as it answers now.
    pub(super) green: Server,
    pub(super) savepoints: String,
    /// Of Flink.
    pub(super) version: String,
    /// What RDS says by now; asked only once every job is on green, for nothing waits for it before.
    pub(super) afterwards: Option<Afterwards>,
}

pub(super) struct Afterwards {
    /// The deployment's status; `None` where there is no deployment.
    pub deployment: Option<String>,
    /// What an event says that came late and that green's log does not bear out.
    pub event: Option<String>,
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
    /// Whether its sinks take the same changes twice; `None` where nobody asks any more.
    pub replay: Option<Replay>,
    /// Its tail in green's log; `None` where nobody asks any more.
    pub translation: Option<Translation>,
    pub gtid: Option<Gtid>,
    /// How the rows stand that were touched round the handover; `None` before the job has committed on green.
    pub rows: Option<Rows>,
}

/// What counts where green has GTID on.
pub(super) struct Gtid {
    /// Whether green has all that the stopped job lacks, or why its state cannot be restored there.
    pub restorable: std::result::Result<(), String>,
    /// The same for the savepoint that ends the drain.
    pub drained: std::result::Result<(), String>,
    /// All that was executed before the mirror's start.
    pub before_mirror: Option<String>,
}

pub(super) struct Drained {
    pub state: Savepoint,
    pub offsets: Vec<Offset>,
    /// The end of blue's log when the drain had reached it.
    pub end: Coordinates,
}

pub(super) async fn look(
    step: &SubmitCdcJobs,
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Observation> {
    let stopped: stop_cdc_jobs::Outputs = known.outputs("stop_cdc_jobs")?;
    let switched = switchover::Outputs::of(read, known).await?;
    let coordinates: capture_coordinates::Outputs = known.outputs("capture_coordinates")?;
    let (mysql, flink) = (read.mysql()?, read.flink()?);
    // Somebody waits for this look.
    let (end, green, green_end, all, version) = try_join5(
        jobs::frozen_end(read, &switched),
        mysql.server(&switched.address),
        mysql.log_end(&switched.address),
        flink.jobs(),
        flink.version(),
    )
    .await?;
    if green.uuid != switched.green_server.uuid {
        return Err(Error::drift(format!("The production address {} does not lead to green", switched.address))
            .unchanged("No CDC job was started; the savepoints are kept")
            .hint("Wait for the address to move (DNS may be slow), then type the same command again"));
    }
    let scripts = jobs::scripts(read, known, &switched.address).await?;
    let mut seen = Vec::new();
    for stopped in stopped.jobs {
        let (drain, beside) = of_run(read, known, &stopped, Part::Drain, &all).await?;
        let (green_job, stranger) = match &stopped.carried_over {
            Some(id) => left_alone(read, id, &stopped, &all).await?,
            None => of_run(read, known, &stopped, Part::Green, &all).await?,
        };
        let stranger = stranger.or(beside);
        let drained = drained(read, flink, &stopped.name, done).await?;
        let script = scripts.iter().find(|scripted| scripted.job.name == stopped.name);
        let settled = green_job.as_ref().is_some_and(|running| !running.job.ended());
        let translation = match jobs::tail_request(&stopped.offsets, &switched) {
            Some(request) if !settled && step.tail == Tail::Auto => {
                Some(read.ahead.translate(read.binlog()?, &request, &end.place()).await?)
            }
            _ => None,
        };
        let replay = translation.as_ref().map(|_| match script {
            Some(scripted) => scripted.script.replay(),
            None => Replay::Unsafe("The playbook no longer has its script".to_owned()),
        });
        let gtid = match green.gtid_mode.eq_ignore_ascii_case("ON") {
            true if !settled => Some(gtid_of(read, &switched, &stopped, drained.as_ref(), translation.as_ref()).await?),
            _ => None,
        };
        let rows = match (script, committed_on(green_job.as_ref(), &green)) {
            (Some(scripted), Some(until)) => match prove::started_with(&stopped.name, done) {
                Some(evidence) if done.handle(&attest_id(&stopped.name)).is_none() => {
                    let stretch = Stretch {
                        at: &switched.address,
                        named: &switched.address,
                        from: evidence.start(),
                        until: &until,
                    };
                    Some(step.touched.look(read, known, (&stopped.name, &scripted.script), stretch).await?)
                }
                _ => None,
            },
            _ => None,
        };
        seen.push(Seen { stopped, drain, drained, green: green_job, stranger, replay, translation, gtid, rows });
    }
    let savepoints = known.playbook.flink.as_ref().map(|flink| flink.savepoints.clone()).unwrap_or_default();
    let on_green = seen.iter().all(|job| job.green.as_ref().is_some_and(|running| running.offsets.is_some()));
    let afterwards = if on_green { Some(afterwards(read, known, &switched, &coordinates).await?) } else { None };
    let named = switched.old.as_ref().map(|_| switched.old_address.clone());
    let mut seen = Observation {
        jobs: seen,
        switched,
        coordinates,
        end,
        drain_at: named,
        green_end,
        green,
        savepoints,
        version,
        afterwards,
    };
    let drains = |job: &Seen| job.green.is_none() && matches!(way(job, &seen), Way::Drain(_));
    if seen.drain_at.is_none() && seen.jobs.iter().any(drains) {
        let old = seen.switched.old_side(read, known).await?;
        seen.drain_at = old.and_then(|side| side.address);
    }
    Ok(seen)
}

async fn afterwards(
    read: &Read,
    known: &Known,
    switched: &switchover::Outputs,
    coordinates: &capture_coordinates::Outputs,
) -> Result<Afterwards> {
    let deployment = jobs::deployment_status(read, switched).await?;
    let event = match coordinates.source {
        // The log was believed without it.
        Source::Log | Source::Origin => late_event(read, known, switched, coordinates).await?,
        Source::Event | Source::Given => None,
    };
    Ok(Afterwards { deployment, event })
}

/// The last place every source of the job has committed, once all of them have read what green itself has written.
fn committed_on(job: Option<&Running>, green: &Server) -> Option<Place> {
    let job = job.filter(|job| job.job.state == "RUNNING")?;
    let offsets = job.offsets.as_deref()?;
    let all = offsets.iter().all(|offset| offset.server_id == Some(green.server_id));
    let first = earliest(offsets).filter(|_| all)?;
    Some(place(first))
}

async fn late_event(
    read: &Read,
    known: &Known,
    switched: &switchover::Outputs,
    coordinates: &capture_coordinates::Outputs,
) -> Result<Option<String>> {
    let (found, _) = capture_coordinates::told(read, known, switched, true).await?;
    Ok(match found {
        Found::None => None,
        Found::One { file, position } => {
            let pair = Place { file, position };
            if pair == coordinates.place() {
                return Ok(None);
            }
            let blue = [switched.blue_server.server_id];
            let checked = tail::check_coordinates(read.binlog()?, &switched.address, &blue, &pair).await?;
            // Otherwise nothing that a job reads stands between the two.
            checked.problem().map(|why| format!("{pair} ({why})"))
        }
        Found::Several(pairs) => {
            let shown: Vec<_> = pairs.iter().map(|(file, position)| format!("{file}:{position}")).collect();
            Some(format!("{} different pairs ({})", pairs.len(), shown.join(", ")))
        }
    })
}

async fn gtid_of(
    read: &Read,
    switched: &switchover::Outputs,
    stopped: &Stopped,
    drained: Option<&Drained>,
    translation: Option<&Translation>,
) -> Result<Gtid> {
    let (log, at) = (read.binlog()?, &switched.address);
    let executed = read.mysql()?.log_end(at).await?.and_then(|end| end.gtid_set).unwrap_or_default();
    let executed: GtidSet = jobs::gtid_set(&executed, at)?;
    let oldest = read.mysql()?.log_files(at).await?.into_iter().next();
    let purged: GtidSet = match oldest {
        Some(file) => jobs::gtid_set(&log.previous_gtids(at, &file.name).await?, at)?,
        None => GtidSet::default(),
    };
    let before_mirror = match translation {
        Some(Translation::Exact(mirror)) => Some(gtid::complete_set(log, at, &mirror.start).await?.to_string()),
        _ => None,
    };
    let restorable = |offsets: &[Offset]| jobs::restorable(offsets, &executed, &purged, &switched.green_server.uuid);
    Ok(Gtid {
        restorable: restorable(&stopped.offsets),
        drained: drained.map_or_else(|| Err("It was not drained".to_owned()), |drained| restorable(&drained.offsets)),
        before_mirror,
    })
}

/// The job of this run for one part, and a stranger of the same name.
async fn of_run(
    read: &Read,
    known: &Known,
    stopped: &Stopped,
    part: Part,
    all: &[Job],
) -> Result<(Option<Running>, Option<String>)> {
    let name = name_in_flink(&stopped.flink_name, part);
    let marked = jobs::marked(read, &known.run, &stopped.name, &name, all).await?;
    let strange = |found: &&Marked| found.part.as_deref() != Some(part.as_str()) && !found.job.ended();
    let stranger = marked.iter().rfind(strange).map(|found| found.job.id.clone());
    Ok((jobs::of_part(read, &marked, part).await?, stranger))
}

/// The job that went on with green by itself, and another of its name.
async fn left_alone(
    read: &Read,
    id: &str,
    stopped: &Stopped,
    all: &[Job],
) -> Result<(Option<Running>, Option<String>)> {
    let mut named = all.iter().filter(|job| job.name == stopped.flink_name && !job.ended());
    let stranger = named.find(|job| job.id != id).map(|job| job.id.clone());
    match all.iter().find(|job| job.id == id) {
        Some(job) => Ok((Some(jobs::running(read, job).await?), stranger)),
        None => Ok((None, stranger)),
    }
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
