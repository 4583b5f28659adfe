//! What arrives in the sink, and when.

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::flink::Client;
use crate::mysqld::connect;
use crate::place::{Place, Record, State, read_json};
use crate::region::work::Millis;
use crate::workload::{Compared, FIRST_OF_WRITER, Gap, Table, Workload, compare, insert_marker};

const LOOK: Duration = Duration::from_millis(10);
/// A row takes a second or two; where the connection of a job's reader was killed, two beats of its keep-alive of a minute,
/// in which Flink shows it as running.
const ARRIVAL: Duration = Duration::from_secs(180);
const SETTLE: Duration = Duration::from_secs(15);

/// The first row written after the switchover, and the moment it was in the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) gap: Gap,
    pub(super) flipped_at: Millis,
    pub(super) arrived_at: Millis,
}

/// Waits for the flip, for the writer's first success after it, and for that row in the sink. Ends only then.
pub(super) async fn first_arrival(place: &Place, record: &Record, writer: &Workload) -> Result<Arrival> {
    let mut sink = connect(record.sink.address()?, &record.accounts.sink).await.doing("Watching the sink")?;
    let (flipped_at, gap) = loop {
        let state: State = read_json(&place.state())?.unwrap_or_default();
        if let Some(flip) = state.flips.first() {
            let gaps = writer.record().gaps;
            if let Some(gap) = gaps.into_iter().find(|gap| gap.first_success >= flip.flipped_at) {
                break (flip.flipped_at, gap);
            }
        }
        clock::pause(LOOK).await;
    };
    while !has_row(&mut sink, gap.first_row).await? {
        clock::pause(LOOK).await;
    }
    Ok(Arrival { gap, flipped_at, arrived_at: clock::now() })
}

/// The tables are in the sink as they are in the source, row for row, or how they differ. Nobody writes any more.
pub(super) async fn compare_all(record: &Record) -> Result<Vec<Compared>> {
    let mut source = connect(record.source.address()?, &record.accounts.app).await.doing("Connecting to the source")?;
    let mut sink = connect(record.sink.address()?, &record.accounts.sink).await.doing("Connecting to the sink")?;
    let mut results = Vec::new();
    for table in Table::ALL {
        let marker = insert_marker(&mut source, "source", table).await?;
        let started = clock::start();
        while !has_row(&mut sink, (table, marker)).await? {
            if started.elapsed() > ARRIVAL {
                let what = format!("The arrival of the last row of {} in the sink", table.name());
                return Err(Error::TooSlow { what, limit: ARRIVAL, detail: String::new() });
            }
            clock::pause(LOOK).await;
        }
        // Of one flush the sink executes the inserts before the deletes, so the last rows may still differ for a moment.
        let settled = clock::start();
        let compared = loop {
            let compared = compare((&mut source, "source"), (&mut sink, "target"), table).await?;
            if compared.is_equal() || settled.elapsed() > SETTLE {
                break compared;
            }
            clock::pause(Duration::from_millis(500)).await;
        };
        results.push(compared);
    }
    Ok(results)
}

/// Waits until rows of the writer have arrived and the jobs have kept positions behind them: the first snapshot is over.
pub(super) async fn await_changes(record: &Record, jobs: &[String]) -> Result<()> {
    let mut sink = connect(record.sink.address()?, &record.accounts.sink).await.doing("Connecting to the sink")?;
    let flink = Client::new(&record.flink)?;
    let started = clock::start();
    let late = |what: &str| Error::TooSlow { what: what.to_owned(), limit: ARRIVAL, detail: String::new() };
    for table in Table::ALL {
        let query = format!("SELECT 1 FROM target.{} WHERE id >= {FIRST_OF_WRITER} LIMIT 1", table.name());
        while sink.query_first::<u8, _>(&query).await.doing("Looking for rows in the sink")?.is_none() {
            if started.elapsed() > ARRIVAL {
                return Err(late("The arrival of the writer's first rows in the sink"));
            }
            clock::pause(LOOK).await;
        }
    }
    for job in jobs {
        // One may have begun before those rows.
        let enough = flink.completed_checkpoints(job).await? + 2;
        while flink.completed_checkpoints(job).await? < enough {
            if started.elapsed() > ARRIVAL {
                return Err(late("A checkpoint of the CDC job"));
            }
            clock::pause(LOOK * 10).await;
        }
    }
    Ok(())
}

async fn has_row(sink: &mut Conn, (table, id): (Table, u32)) -> Result<bool> {
    let query = format!("SELECT 1 FROM target.{} WHERE id = {id}", table.name());
    let found: Option<u8> = sink.query_first(query).await.doing("Looking for a row in the sink")?;
    Ok(found.is_some())
}
