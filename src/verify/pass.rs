//! One pass over a table: chunk after chunk, summed up in both servers at once, as fast as they and their load allow.

use std::time::Duration;

use futures_util::{
    future::{join, try_join},
    stream::{FuturesUnordered, StreamExt as _},
};
use serde::{Deserialize, Serialize};

use super::{
    chunks::{End, Planner, Width},
    walks::Walks,
};
use crate::{
    error::{Error, Kind, Result},
    port::{
        clock::Clock,
        rows::{Key, Load, Range, RowsRead, Sum, Walk},
        tables::{Login, TablesRead},
    },
};

/// What a comparison may ask of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions with each server at most.
    pub connections: usize,
    /// What one statement shall take.
    pub chunk: Duration,
    /// `Threads_running` on either side, this comparison's own not counted, over which it waits.
    pub threads: u64,
    /// How far a side that is a replica may be behind; over it the comparison waits.
    pub lag: Duration,
}

/// How far a pass has come; whoever keeps it can go on from there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Everything up to this key is summed up.
    pub after: Option<Key>,
    pub done: bool,
    /// Rows of the source and of the sink.
    pub rows: (u64, u64),
    pub chunks: u64,
    /// Ranges whose sums are not the same.
    pub unequal: Vec<Range>,
    /// Rows of the last chunk of full size.
    pub width: Option<u64>,
    /// As the source's server estimates it.
    pub estimate: u64,
    /// Milliseconds of all slices together.
    #[serde(default)]
    pub took_ms: u64,
    /// Milliseconds in which it waited for a server to have less to do.
    pub paused_ms: u64,
}

/// A session with each side.
pub(super) struct Lane<'a> {
    pub(super) source: Box<dyn RowsRead + 'a>,
    pub(super) sink: Box<dyn RowsRead + 'a>,
}

impl<'a> Lane<'a> {
    pub(super) async fn open(tables: &'a dyn TablesRead, (source, sink): (&'a Login, &'a Login)) -> Result<Self> {
        let (source, sink) = try_join(tables.walker(source), tables.walker(sink)).await?;
        Ok(Self { source, sink })
    }

    pub(super) async fn close(self) {
        // The answers are here.
        let _ = join(self.source.close(), self.sink.close()).await;
    }

    pub(super) async fn sums(&mut self, walks: &Walks, range: &Range) -> Result<(Sum, Sum)> {
        try_join(self.source.sum(&walks.source, range), self.sink.sum(&walks.sink, range)).await
    }
}

/// A chunk that was summed up.
struct Summed<'a> {
    lane: Lane<'a>,
    range: Range,
    sums: Result<(Sum, Sum)>,
    took: Duration,
}

/// How often a server is asked what else it has to do.
const LOOK_AT_LOAD: Duration = Duration::from_millis(500);
/// A pause between two looks at a server that has too much to do.
const PAUSE: Duration = Duration::from_millis(250);

/// Goes on for about `time`.
///
/// # Errors
/// What a server says, where not one chunk came through.
pub(super) async fn pass(
    (tables, clock): (&dyn TablesRead, &dyn Clock),
    logins: (&Login, &Login),
    walks: &Walks,
    limits: &Limits,
    mut progress: Progress,
    time: Duration,
) -> Result<Progress> {
    let begin = clock.elapsed();
    let mut first = Lane::open(tables, logins).await?;
    if walks.source.key.is_empty() {
        return whole(first, walks, progress).await;
    }
    let size = first.source.size(&walks.source).await?;
    progress.estimate = size.rows;
    let planner = Planner::new(&size);
    let mut width = Width::new(limits.chunk, progress.width);
    let mut lanes = Lanes::new(limits.connections);
    let (mut idle, mut running) = (vec![first], FuturesUnordered::new());
    let (mut after, mut planned, mut failed, mut chunks) = (progress.after.clone(), false, None, 0_u64);
    let mut looked = None;
    loop {
        while !planned
            && failed.is_none()
            && (after == progress.after || clock.elapsed() - begin < time)
            && running.len() < lanes.open
        {
            let mut lane = match idle.pop() {
                Some(lane) => lane,
                None => Lane::open(tables, logins).await?,
            };
            if looked.is_none_or(|looked| clock.elapsed() - looked >= LOOK_AT_LOAD) {
                progress.paused_ms += calm(&mut lane, running.len(), limits, clock, begin + time).await?;
                looked = Some(clock.elapsed());
            }
            let (range, next) = match next_chunk(&planner, &mut lane, &walks.source, after.clone(), width.rows).await {
                Ok(found) => found,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            planned = next.is_none();
            after = next;
            running.push(summed(lane, walks, range, clock));
        }
        let Some(Summed { mut lane, range, sums, took }) = running.next().await else { break };
        let sums = match sums {
            Err(error) if error.kind == Kind::Transient && failed.is_none() => {
                // It took too long, or the connection was lost: once more in parts, with a new one.
                width.shrink();
                lane = Lane::open(tables, logins).await?;
                in_parts(&mut lane, walks, &range, width.rows).await
            }
            sums => sums,
        };
        match sums {
            Ok((source, sink)) => {
                width.learn(source.rows.max(sink.rows), took);
                chunks += 1;
                lanes.learn(source.rows, clock.elapsed() - begin);
                progress.rows.0 += source.rows;
                progress.rows.1 += sink.rows;
                if source != sink {
                    progress.unequal.push(range);
                }
            }
            Err(error) => failed = Some(failed.unwrap_or(error)),
        }
        idle.push(lane);
    }
    for lane in idle {
        lane.close().await;
    }
    if let Some(error) = failed {
        // Chunks come back in any order, so that a hole would not be seen.
        return Err(error);
    }
    progress.chunks += chunks;
    progress.took_ms += (clock.elapsed() - begin).as_millis() as u64;
    (progress.done, progress.width) = (planned, Some(width.rows));
    progress.after = after;
    Ok(progress)
}

async fn summed<'a>(mut lane: Lane<'a>, walks: &Walks, range: Range, clock: &dyn Clock) -> Summed<'a> {
    let begin = clock.elapsed();
    let sums = lane.sums(walks, &range).await;
    Summed { lane, range, sums, took: clock.elapsed() - begin }
}

/// The next chunk, and where the one behind it begins; `None` once the table is at its end.
async fn next_chunk(
    planner: &Planner,
    lane: &mut Lane<'_>,
    walk: &Walk,
    after: Option<Key>,
    width: u64,
) -> Result<(Range, Option<Key>)> {
    let until = match planner.end(after.as_ref(), width) {
        End::At(key) => Some(key),
        End::Last => None,
        End::Ask(rows) => {
            let rest = Range { after: after.clone(), until: None };
            lane.source.key_at(walk, &rest, rows).await?
        }
    };
    Ok((Range { after, until: until.clone() }, until))
}

/// The sums of a range, part by part.
async fn in_parts(lane: &mut Lane<'_>, walks: &Walks, range: &Range, width: u64) -> Result<(Sum, Sum)> {
    let (mut source, mut sink) = (Added::default(), Added::default());
    let mut rest = range.clone();
    loop {
        let end = lane.source.key_at(&walks.source, &rest, width).await?;
        let part = Range { after: rest.after.clone(), until: end.clone().or_else(|| range.until.clone()) };
        let (one, other) = lane.sums(walks, &part).await?;
        source.add(&one)?;
        sink.add(&other)?;
        match end {
            Some(end) if Some(&end) != range.until.as_ref() => rest.after = Some(end),
            _ => return Ok((source.sum(), sink.sum())),
        }
    }
}

/// Sums of ranges as the sum of all of them.
#[derive(Debug, Default)]
struct Added {
    rows: u64,
    hash: u64,
}

impl Added {
    fn add(&mut self, sum: &Sum) -> Result<()> {
        self.rows += sum.rows;
        let hash: u64 =
            sum.hash.parse().map_err(|error| Error::permanent("A server's sum is no number").because(&error))?;
        self.hash ^= hash;
        Ok(())
    }

    fn sum(&self) -> Sum {
        Sum { rows: self.rows, hash: self.hash.to_string() }
    }
}

/// A table without a key, in one statement.
async fn whole(mut lane: Lane<'_>, walks: &Walks, mut progress: Progress) -> Result<Progress> {
    let all = Range::default();
    let (source, sink) = lane.sums(walks, &all).await?;
    lane.close().await;
    progress.rows = (source.rows, sink.rows);
    (progress.chunks, progress.done, progress.estimate) = (1, true, source.rows);
    if source != sink {
        progress.unequal.push(all);
    }
    Ok(progress)
}

/// Waits as long as one of the servers has too much to do, and tells the milliseconds.
async fn calm(lane: &mut Lane<'_>, own: usize, limits: &Limits, clock: &dyn Clock, end: Duration) -> Result<u64> {
    let begin = clock.elapsed();
    loop {
        let (source, sink) = try_join(lane.source.load(), lane.sink.load()).await?;
        let waited = clock.elapsed() - begin;
        let waited = if waited < PAUSE { 0 } else { waited.as_millis() as u64 };
        if [source, sink].iter().all(|load| is_calm(*load, own, limits)) {
            return Ok(waited);
        }
        if clock.elapsed() >= end {
            return Ok(waited);
        }
        clock.sleep(PAUSE).await;
    }
}

fn is_calm(load: Load, own: usize, limits: &Limits) -> bool {
    // The session that asks runs as well.
    load.threads.saturating_sub(own as u64 + 1) <= limits.threads
        && load.seconds_behind.is_none_or(|behind| behind <= limits.lag.as_secs())
}

/// How many sessions are worth having: one more is tried as long as it brings more rows.
#[derive(Debug)]
struct Lanes {
    open: usize,
    most: usize,
    rows: u64,
    /// Rows a second with one lane less, and rows and time when the last one was added.
    before: f64,
    since: (u64, Duration),
}

/// How long a number of sessions is tried.
const TRIAL: Duration = Duration::from_secs(2);
/// What one more session must bring.
const WORTH: f64 = 1.1;

impl Lanes {
    fn new(most: usize) -> Self {
        Self { open: 1, most: most.max(1), rows: 0, before: 0.0, since: (0, Duration::ZERO) }
    }

    fn learn(&mut self, rows: u64, now: Duration) {
        self.rows += rows;
        if self.since.1.is_zero() {
            self.since = (self.rows, now);
            return;
        }
        let (since_rows, since) = self.since;
        if now.saturating_sub(since) < TRIAL || self.most == self.open && self.before > 0.0 {
            return;
        }
        let speed = (self.rows - since_rows) as f64 / (now - since).as_secs_f64();
        if self.before > 0.0 && speed < self.before * WORTH {
            self.open -= 1;
            self.most = self.open;
        } else if self.open < self.most {
            self.open += 1;
        }
        self.before = speed.max(1.0);
        self.since = (self.rows, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_more_stays_where_it_brings_rows() {
        let speed_of = |per_second: fn(usize) -> u64| {
            let mut lanes = Lanes::new(4);
            for second in 1..60 {
                lanes.learn(per_second(lanes.open), Duration::from_secs(second));
            }
            lanes.open
        };
        assert_eq!(speed_of(|open| 1_000 * open as u64), 4);
        assert_eq!(speed_of(|_| 1_000), 1);
        assert_eq!(speed_of(|open| 1_000 * open.min(2) as u64), 2);
    }

    #[test]
    fn a_server_with_much_to_do_is_waited_for() {
        let limits = Limits { connections: 4, chunk: Duration::ZERO, threads: 10, lag: Duration::from_secs(5) };
        let calm = |threads, seconds_behind, own| is_calm(Load { threads, seconds_behind }, own, &limits);
        assert!(calm(11, None, 0));
        assert!(!calm(12, None, 0));
        assert!(calm(15, Some(5), 4));
        assert!(!calm(1, Some(6), 4));
    }
}
