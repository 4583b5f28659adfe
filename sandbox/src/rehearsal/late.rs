//! The switchover was done by hand and nobody thought of the CDC job: what it is like when the operator comes.

use std::net::SocketAddrV4;
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::offset::{self, Offset};
use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::flink::Client;
use crate::mysqld::{Readers, connect, log_position};
use crate::place::{Record, State};
use crate::plane::SameFile;
use crate::serve::Oddities;
use crate::workload::{FIRST_PLANTED, Held, Table, Workload};

/// The state in which the job is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Late {
    /// RUNNING, checkpoints complete, and no connection to anything
    Dropped,
    /// RUNNING, still connected to the frozen blue
    Surviving,
    /// FAILED: green has no file of the name
    Failed,
    /// Restarting over and over
    Looping,
    /// RUNNING on green, from a place behind green's first rows
    Astray,
}

/// With the connector's own minute the reconnection comes at the second beat.
const LIMIT: Duration = Duration::from_secs(150);
const LOOK: Duration = Duration::from_millis(200);

impl Late {
    /// The sandbox in which a job comes to this.
    pub(super) fn oddities(self, asked: Oddities) -> Oddities {
        match self {
            Self::Dropped => asked,
            Self::Surviving => Oddities { readers: Readers::Survive, ..asked },
            // Green never comes so far.
            Self::Failed | Self::Looping => Oddities { blue_file: asked.blue_file.max(40), ..asked },
            Self::Astray => Oddities { same_file: Some(SameFile::Boundary), ..asked },
        }
    }

    /// The job as it runs from the beginning.
    pub(super) fn change(self, script: &str) -> String {
        let restart = match self {
            Self::Dropped | Self::Surviving => return script.to_owned(),
            Self::Failed => "SET 'restart-strategy.type' = 'none';\n".to_owned(),
            Self::Looping | Self::Astray => "SET 'restart-strategy.type' = 'fixed-delay';\n\
                 SET 'restart-strategy.fixed-delay.attempts' = '1000000';\n\
                 SET 'restart-strategy.fixed-delay.delay' = '2 s';\n"
                .to_owned(),
        };
        let beat = "'heartbeat.interval' = '5 s',\n  'debezium.connect.keep.alive.interval.ms' = '2000',";
        restart + &script.replace("'heartbeat.interval' = '5 s',", beat)
    }

    /// What must be so before the switchover: a job goes astray only from the very end of blue's log. A reader that is
    /// behind by one event when its connection is cut would find no event where it stands.
    pub(super) async fn begin(self, record: &Record, jobs: &[String], writer: &Workload) -> Result<Option<Held>> {
        if self != Self::Astray {
            return Ok(None);
        }
        let held = writer.hold().await;
        let flink = Client::new(&record.flink)?;
        let mut blue = admin(record, record.source.address()?).await?;
        let end = log_position(&mut blue).await?.ok_or_else(|| Error::other("Blue writes no binary log"))?;
        let started = clock::start();
        for job in jobs {
            loop {
                let newest = offset::newest(&flink, job).await?;
                let at = newest.map(|(_, offsets)| offsets).unwrap_or_default();
                if !at.is_empty() && at.iter().all(|one| (&one.file, one.position) == (&end.0, end.1)) {
                    break;
                }
                if started.elapsed() > LIMIT {
                    let (what, detail) =
                        (format!("A job at the end of blue's log, {end:?},"), format!(" Last seen: {at:?}"));
                    return Err(Error::TooSlow { what, limit: LIMIT, detail });
                }
                clock::pause(LOOK).await;
            }
        }
        Ok(Some(held))
    }

    /// Waits until the job is in this state; what was seen, in words.
    pub(super) async fn reached(self, record: &Record, state: &State, jobs: &[String]) -> Result<String> {
        let facts = Facts::gather(record, state, jobs).await?;
        let started = clock::start();
        let mut last = Seen::default();
        while started.elapsed() < LIMIT {
            let seen = facts.look(last).await?;
            if self.is(&seen) {
                return Ok(seen.words(&facts));
            }
            last = seen;
            clock::pause(LOOK).await;
        }
        let detail = format!(" Last seen: {}", last.words(&facts));
        Err(Error::TooSlow { what: format!("A job that is {self:?}"), limit: LIMIT, detail })
    }

    fn is(self, seen: &Seen) -> bool {
        let running = seen.state == "RUNNING" && seen.restarts == 0;
        match self {
            Self::Dropped => running && seen.at == Side::Blue && seen.idle_checkpoints >= 2 && seen.readers == (0, 0),
            Self::Surviving => running && seen.at == Side::Blue && seen.idle_checkpoints >= 2 && seen.readers.0 > 0,
            Self::Failed => seen.state == "FAILED",
            Self::Looping => seen.restarts >= 2,
            Self::Astray => seen.state == "RUNNING" && seen.at == Side::Green && seen.missing && seen.later_rows,
        }
    }
}

/// The server whose events a job read last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Side {
    #[default]
    Unknown,
    Blue,
    Green,
}

/// One look at the job and the servers.
#[derive(Debug, Clone, Default)]
struct Seen {
    state: String,
    /// Times it was seen RESTARTING after something else.
    restarts: u32,
    at: Side,
    checkpoint: u64,
    offsets: Vec<Offset>,
    /// Checkpoints since the offsets moved.
    idle_checkpoints: u64,
    /// Connections of the job that read the binary log of blue, and of green.
    readers: (u64, u64),
    /// Rows that green has and the sink has not, though it has later ones.
    missing: bool,
    later_rows: bool,
}

impl Seen {
    fn words(&self, facts: &Facts<'_>) -> String {
        let offsets: Vec<String> = self.offsets.iter().map(|one| format!("{}:{}", one.file, one.position)).collect();
        let (blue, green) = self.readers;
        let missing = if self.missing { ", green's first rows are missing in the sink" } else { "" };
        format!(
            "{}, restarted {} times, checkpoint {} at {} of {:?} (server_id {} → {}), not moved for {} checkpoints, reads \
             blue with {blue} and green with {green} connections{missing}",
            self.state,
            self.restarts,
            self.checkpoint,
            offsets.join(" and "),
            self.at,
            facts.blue.1,
            facts.green.1,
            self.idle_checkpoints,
        )
    }
}

struct Facts<'a> {
    record: &'a Record,
    flink: Client,
    job: &'a str,
    /// An address and the `server_id`.
    blue: (SocketAddrV4, u32),
    green: (SocketAddrV4, u32),
}

impl<'a> Facts<'a> {
    async fn gather(record: &'a Record, state: &State, jobs: &'a [String]) -> Result<Self> {
        let flip = state.flips.last().ok_or_else(|| Error::other("Nothing has been switched over"))?;
        let mut leads = state.endpoints.iter();
        let old = leads.find(|(_, server)| *server == flip.blue).map(|(address, _)| *address);
        let old = old.ok_or_else(|| Error::other("No address leads to the old blue"))?;
        let production = record.source.address()?;
        let blue = (old, number(&mut admin(record, old).await?).await?);
        let green = (production, number(&mut admin(record, production).await?).await?);
        let job = jobs.first().ok_or_else(|| Error::other("There is no job"))?;
        Ok(Self { record, flink: Client::new(&record.flink)?, job, blue, green })
    }

    async fn look(&self, before: Seen) -> Result<Seen> {
        let mut seen =
            Seen { state: self.flink.job_state(self.job).await?, restarts: before.restarts, ..before.clone() };
        if seen.state == "RESTARTING" && before.state != "RESTARTING" {
            seen.restarts += 1;
        }
        if let Some((checkpoint, offsets)) = offset::newest(&self.flink, self.job).await? {
            let moved = offsets != before.offsets;
            let new = checkpoint.saturating_sub(before.checkpoint).min(1);
            seen.idle_checkpoints = if moved { 0 } else { before.idle_checkpoints + new };
            seen.at = self.side(&offsets);
            (seen.checkpoint, seen.offsets) = (checkpoint, offsets);
        }
        seen.readers = (self.readers(self.blue.0).await?, self.readers(self.green.0).await?);
        (seen.missing, seen.later_rows) = self.rows().await?;
        Ok(seen)
    }

    fn side(&self, offsets: &[Offset]) -> Side {
        let all = |number: u32| !offsets.is_empty() && offsets.iter().all(|offset| offset.server == Some(number));
        if all(self.blue.1) {
            Side::Blue
        } else if all(self.green.1) {
            Side::Green
        } else {
            Side::Unknown
        }
    }

    async fn readers(&self, address: SocketAddrV4) -> Result<u64> {
        let query =
            "SELECT COUNT(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%' AND user = 'cdc'";
        let count: Option<u64> =
            admin(self.record, address).await?.query_first(query).await.doing("Counting readers")?;
        Ok(count.unwrap_or_default())
    }

    /// Whether rows that stand between the end of blue's log and the first write of the application are missing in the
    /// sink, and whether rows of green came there at all.
    async fn rows(&self) -> Result<(bool, bool)> {
        let mut green = admin(self.record, self.green.0).await?;
        let sink = self.record.sink.address()?;
        let mut sink = connect(sink, &self.record.accounts.sink).await.doing("Connecting to the sink")?;
        let name = Table::Source.name();
        let planted = format!("SELECT COUNT(*) FROM source.{name} WHERE id >= {FIRST_PLANTED}");
        let arrived = format!("SELECT COUNT(*) FROM target.{name} WHERE id >= {FIRST_PLANTED}");
        let newest =
            |database: &str| format!("SELECT COALESCE(MAX(id), 0) FROM {database}.{name} WHERE id < {FIRST_PLANTED}");
        let planted: Option<u64> = green.query_first(planted).await.doing("Counting the rows of green")?;
        let arrived: Option<u64> = sink.query_first(arrived).await.doing("Counting the rows of the sink")?;
        let (at_source, at_sink): (Option<u64>, Option<u64>) = (
            green.query_first(newest("source")).await.doing("Reading the newest row")?,
            sink.query_first(newest("target")).await.doing("Reading the newest row")?,
        );
        Ok((planted > arrived, at_sink.zip(at_source).is_some_and(|(sink, source)| sink + 200 > source)))
    }
}

async fn admin(record: &Record, address: SocketAddrV4) -> Result<Conn> {
    connect(address, &record.accounts.admin).await.doing(format!("Connecting to {address}"))
}

async fn number(conn: &mut Conn) -> Result<u32> {
    let number: Option<u32> = conn.query_first("SELECT @@server_id").await.doing("Asking for the server's number")?;
    number.ok_or_else(|| Error::other("The server has no number"))
}
