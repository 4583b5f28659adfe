//! What is looked at: the events, and green's log.

use futures_util::future::try_join4;
use time::OffsetDateTime;

use super::CaptureCoordinates;
use crate::{
    error::{Error, Result},
    handover::{
        coordinates::{self, Found},
        gtid,
        tail::{self, Boundary, Translation},
    },
    port::{
        binlog::Place,
        mysql::{LogFile, Server},
        rds::EventWindow,
    },
    step::{
        contract::{Known, Read},
        jobs, stop_cdc_jobs, switchover,
    },
};

pub struct Observation {
    pub(super) switched: switchover::Outputs,
    pub(super) found: Found,
    /// How many events RDS tells of in the window.
    pub(super) events: usize,
    /// By green's own log; `None` where no job's tail was read.
    pub(super) by_log: Option<ByLog>,
    /// Each pair that was told, held against green's log.
    pub(super) checked: Vec<(Place, Standing)>,
    /// Everything green had executed at the pair that is decided on; absent without GTID.
    pub(super) gtid_sets: Vec<(Place, String)>,
    pub(super) now: OffsetDateTime,
}

/// What matching blue's tail with green's log shows.
pub(super) enum ByLog {
    /// All of it is there and ends here.
    Ends(Boundary),
    /// It is not, and why; the end of what came from blue, where that can be told.
    Unclear(String, Option<Boundary>),
}

/// How a pair stands to green's log.
pub(super) enum Standing {
    Sound,
    /// The file is not listed, or is shorter.
    NoSuchPlace(String),
    Unsound(String),
}

/// RDS stamps its events by its own clock, and some come before the switchover is shown as complete.
const BEFORE: time::Duration = time::Duration::minutes(10);
const AFTER: time::Duration = time::Duration::minutes(10);

pub(super) async fn look(step: &CaptureCoordinates, read: &Read, known: &Known) -> Result<Observation> {
    let switched = switchover::Outputs::of(read, known).await?;
    let mysql = read.mysql()?;
    // Somebody waits for this look.
    let (server, files, by_log, at_first) = try_join4(
        mysql.server(&switched.address),
        mysql.log_files(&switched.address),
        by_log(read, known, &switched),
        async {
            match step.given {
                Some(_) => Ok((Found::None, 0)),
                None => told(read, known, &switched, false).await,
            }
        },
    )
    .await?;
    if server.uuid != switched.green_server.uuid {
        return Err(Error::drift(format!(
            "The production address {} leads to server {}, and green is {}",
            switched.address, server.uuid, switched.green_server.uuid
        ))
        .unchanged("No CDC job was started; the savepoints are kept")
        .hint("Wait for the address to move (DNS may be slow), then type the same command again"));
    }
    let ends = matches!(by_log, Some(ByLog::Ends(_)));
    let (found, events) = match &step.given {
        Some((file, position)) => (Found::One { file: file.clone(), position: *position }, 0),
        None if ends || !matches!(at_first.0, Found::None) => at_first,
        None => told(read, known, &switched, true).await?,
    };
    let mut pairs: Vec<Place> = match &found {
        Found::None => Vec::new(),
        Found::One { file, position } => vec![Place { file: file.clone(), position: *position }],
        Found::Several(pairs) => {
            pairs.iter().map(|(file, position)| Place { file: file.clone(), position: *position }).collect()
        }
    };
    let mut checked = Vec::new();
    for pair in &pairs {
        checked.push((pair.clone(), standing(read, &switched, &files, pair).await?));
    }
    pairs.extend(boundary(by_log.as_ref()).map(|boundary| boundary.place.clone()));
    let gtid_sets = gtid_sets(read, &switched, &server, &files, &pairs).await?;
    Ok(Observation { switched, found, events, by_log, checked, gtid_sets, now: read.clock.now() })
}

fn boundary(by_log: Option<&ByLog>) -> Option<&Boundary> {
    match by_log? {
        ByLog::Ends(boundary) => Some(boundary),
        ByLog::Unclear(_, boundary) => boundary.as_ref(),
    }
}

/// The pairs that events of our own resources tell since the switchover began, and how many events there are.
///
/// The unfiltered list is asked first; where it is silent and `everywhere`, the lists by kind of source as well.
pub(in crate::step) async fn told(
    read: &Read,
    known: &Known,
    switched: &switchover::Outputs,
    everywhere: bool,
) -> Result<(Found, usize)> {
    let mut names = switched.names.clone();
    if everywhere && switched.old.is_none() {
        let old = switched.old_side(read, known).await?;
        names.extend(old.into_iter().flat_map(|side| side.names()));
    }
    let now = read.clock.now();
    let mut count = 0;
    for source_type in [None, Some("db-instance"), Some("db-cluster")] {
        let from = switched.started_at - BEFORE;
        let window = EventWindow { from, to: now + AFTER, source_type: source_type.map(str::to_owned) };
        let events = read.rds()?.events(&window).await?;
        count = count.max(events.len());
        let found = coordinates::find(&events, &names);
        if !matches!(found, Found::None) {
            return Ok((found, count));
        }
        if !everywhere {
            break;
        }
    }
    Ok((Found::None, count))
}

/// Where blue's last transaction ends on green, shown by the tail of a stopped job.
async fn by_log(read: &Read, known: &Known, switched: &switchover::Outputs) -> Result<Option<ByLog>> {
    let Some(stopped) = known.find::<stop_cdc_jobs::Outputs>("stop_cdc_jobs")? else { return Ok(None) };
    let Some(job) = stopped.jobs.first() else { return Ok(None) };
    let Some(request) = jobs::tail_request(&job.offsets, switched) else { return Ok(None) };
    let end = jobs::frozen_end(read, switched).await?;
    Ok(Some(match read.ahead.translate(read.binlog()?, &request, &end.place()).await? {
        Translation::Exact(mirror) => ByLog::Ends(mirror.boundary),
        Translation::Inexact { why, boundary } => ByLog::Unclear(why, boundary),
    }))
}

async fn standing(read: &Read, switched: &switchover::Outputs, files: &[LogFile], pair: &Place) -> Result<Standing> {
    match files.iter().find(|file| file.name == pair.file) {
        None => return Ok(Standing::NoSuchPlace(format!("on green {} is not listed", pair.file))),
        Some(file) if file.size < pair.position => {
            return Ok(Standing::NoSuchPlace(format!("on green {} has {} bytes", pair.file, file.size)));
        }
        Some(_) => {}
    }
    let blue = [switched.blue_server.server_id];
    let checked = tail::check_coordinates(read.binlog()?, &switched.address, &blue, pair).await?;
    Ok(checked.problem().map_or(Standing::Sound, Standing::Unsound))
}

/// The complete set at each pair that is a place of green's log.
async fn gtid_sets(
    read: &Read,
    switched: &switchover::Outputs,
    server: &Server,
    files: &[LogFile],
    pairs: &[Place],
) -> Result<Vec<(Place, String)>> {
    let mut sets = Vec::new();
    if !server.gtid_mode.eq_ignore_ascii_case("ON") {
        return Ok(sets);
    }
    for pair in pairs {
        let there = files.iter().any(|file| file.name == pair.file && file.size >= pair.position);
        if there && !sets.iter().any(|(known, _)| known == pair) {
            let set = gtid::complete_set(read.binlog()?, &switched.address, pair).await?;
            sets.push((pair.clone(), set.to_string()));
        }
    }
    Ok(sets)
}
