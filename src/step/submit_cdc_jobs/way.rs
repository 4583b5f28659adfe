//! Which way a job goes to green, pure.

use std::cmp::Ordering;

use super::{
    Start, jobs,
    look::{Observation, Seen},
};
use crate::{
    error::Error,
    event::Offset,
    handover::{
        consumer::flink_sql::Replay,
        evidence::Tail,
        offset::{compare_files, earliest},
        tail::{Mirror, Translation},
    },
    port::binlog::Place,
};

/// Where the events of a log file begin.
const BEGIN: u64 = 4;

pub(super) enum Way {
    /// It can start on green now.
    Green { start: Start, tail: Tail },
    /// First its tail has to be read on the old side, and why.
    Drain(String),
    /// It cannot go at all.
    Nowhere(Error),
}

/// The quickest way that is exact.
pub(super) fn way(job: &Seen, seen: &Observation) -> Way {
    if let Some(gtid) = &job.gtid
        && gtid.restorable.is_ok()
    {
        return restored(&job.stopped.savepoint);
    }
    let because = match (&job.replay, &job.translation) {
        (None, _) | (_, None) => "the playbook asks for a drain".to_owned(),
        (Some(Replay::Unsafe(why)), _) => why.clone(),
        (Some(Replay::Safe), Some(Translation::Inexact { why, .. })) => why.clone(),
        (Some(Replay::Safe), Some(Translation::Exact(mirror))) => {
            let gtid_set = job.gtid.as_ref().and_then(|gtid| gtid.before_mirror.clone());
            if job.gtid.is_some() && gtid_set.is_none() {
                return Way::Drain("the GTID set before the mirror's start is not known".to_owned());
            }
            let place = first(mirror, job);
            let start = match &gtid_set {
                Some(set) => Start::GtidSet(set.clone()),
                None => Start::Place(place.clone()),
            };
            return Way::Green { start, tail: Tail::Translated { mirror: mirror.clone(), start: place, gtid_set } };
        }
    };
    match drained_by(job, seen) {
        None => Way::Drain(because),
        Some(savepoint) => after_drain(job, seen, because, savepoint),
    }
}

/// The mirror's begin. A job that was astray read green from the place that its position on blue names there: all it may
/// have written is written again.
fn first(mirror: &Mirror, job: &Seen) -> Place {
    let begin = |offset: &Offset| Place { file: offset.file.clone(), position: BEGIN };
    let astray = earliest(&job.stopped.offsets).filter(|_| job.stopped.astray).map(begin);
    astray
        .filter(|astray| compare_files(&astray.file, &mirror.start.file) != Some(Ordering::Greater))
        .unwrap_or_else(|| mirror.start.clone())
}

fn restored(savepoint: &str) -> Way {
    let (start, savepoint) = (Start::Savepoint(savepoint.to_owned()), savepoint.to_owned());
    Way::Green { start, tail: Tail::Restored { savepoint } }
}

/// Blue has been read to its end: nothing of it is left to read on green.
fn after_drain(job: &Seen, seen: &Observation, because: String, savepoint: &str) -> Way {
    if let Some(gtid) = &job.gtid
        && gtid.drained.is_ok()
    {
        return restored(savepoint);
    }
    if let Some(what) = &job.stopped.stateful {
        let text =
            format!("{} keeps rows in its state ({what}), and a start on green would be without it", job.stopped.name);
        return Way::Nowhere(
            Error::permanent(text)
                .unchanged(format!("The job stands drained at {savepoint}; blue's log has been read to its end"))
                .hint("With GTID on, the state itself could be carried over; without, the job's tables need a new snapshot on green"),
        );
    }
    let gtid_set = seen.coordinates.gtid_set.clone().filter(|_| job.gtid.is_some());
    if job.gtid.is_some() && gtid_set.is_none() {
        return Way::Nowhere(
            Error::permanent("gtid_mode is ON on green, and the GTID set at the coordinates is not known")
                .cause("By file and position alone, a later restart of the job would read old rows again")
                .unchanged("No CDC job was started on green; the savepoints are kept")
                .hint("`upgrade resolve PLAYBOOK capture_coordinates --as retry --reason TEXT` reads it again"),
        );
    }
    let start = match &gtid_set {
        Some(set) => Start::GtidSet(set.clone()),
        None => Start::Place(seen.coordinates.place()),
    };
    let (place, savepoint) = (seen.coordinates.place(), savepoint.to_owned());
    Way::Green { start, tail: Tail::Drained { because, savepoint, start: place, gtid_set } }
}

/// The savepoint that covers the end of blue's log, if there is one.
pub(super) fn drained_by<'a>(job: &'a Seen, seen: &Observation) -> Option<&'a str> {
    if jobs::cover(&job.stopped.offsets, &seen.end) {
        return Some(&job.stopped.savepoint);
    }
    let drained = job.drained.as_ref()?;
    match &drained.state {
        // Nothing was written since: old blue is read-only, and at most its log has rotated.
        crate::port::flink::Savepoint::Completed { location } if jobs::cover(&drained.offsets, &drained.end) => {
            Some(location)
        }
        _ => None,
    }
}
