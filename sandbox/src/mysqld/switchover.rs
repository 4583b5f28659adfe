//! The moment of the switchover, on the servers' side.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::green::replication;
use super::server::Server;
use crate::clock;
use crate::error::{Doing, Error, Result};

/// How long blue is frozen for a switchover that is given up.
const HALF_WAY: Duration = Duration::from_millis(800);

/// Green has everything blue ever wrote and follows it no longer; nobody writes to either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freed {
    /// Where blue's log ended.
    pub end: (String, u64),
    /// Green's own log position, if it writes a binary log.
    pub coordinates: Option<(String, u64)>,
}

/// What becomes of the binary log readers of blue at the switchover. What AWS does with them is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
pub enum Readers {
    /// Their connections are ended as those of everybody else.
    #[default]
    Dropped,
    /// They go on reading the frozen log, from which nothing comes any more.
    Survive,
}

/// Freezes blue, cuts its connections, waits for green and detaches it. When green does not catch up within `timeout`
/// blue is opened again and the answer is `RolledBack`.
pub async fn cut_over(blue: &Server, green: &Server, readers: Readers, timeout: Duration) -> Result<Freed> {
    let mut on_blue = blue.connect().await?;
    let mut on_green = green.connect().await?;
    let was_read_only: Option<u8> =
        on_blue.query_first("SELECT @@global.read_only").await.doing("Asking whether blue takes writes")?;
    if was_read_only != Some(0) {
        return Err(Error::RolledBack { reason: "blue was already read-only".into() });
    }
    match detach(&mut on_blue, &mut on_green, readers, timeout).await {
        Ok(freed) => Ok(freed),
        Err(error) => {
            thaw(&mut on_blue).await?;
            on_green.query_drop("START SLAVE").await.doing("Letting green follow blue again")?;
            Err(Error::RolledBack { reason: error.to_string() })
        }
    }
}

/// A switchover that is given up half way: blue was frozen and its connections are gone, then it takes writes again.
pub async fn freeze_and_thaw(blue: &Server, readers: Readers) -> Result<()> {
    let mut on_blue = blue.connect().await?;
    freeze(&mut on_blue, readers).await?;
    clock::pause(HALF_WAY).await;
    thaw(&mut on_blue).await?;
    on_blue.disconnect().await.doing("Closing a session")
}

async fn freeze(on_blue: &mut Conn, readers: Readers) -> Result<()> {
    on_blue.query_drop("SET GLOBAL super_read_only = 1").await.doing("Freezing blue")?;
    kill_connections(on_blue, readers).await
}

async fn detach(on_blue: &mut Conn, on_green: &mut Conn, readers: Readers, timeout: Duration) -> Result<Freed> {
    let started = clock::start();
    freeze(on_blue, readers).await?;
    let end = log_position(on_blue).await?.ok_or_else(|| Error::other("Blue writes no binary log"))?;
    catch_up(on_green, &end, timeout.saturating_sub(started.elapsed())).await?;
    on_green.query_drop("STOP SLAVE").await.doing("Stopping the replication of green")?;
    Ok(Freed { coordinates: log_position(on_green).await?, end })
}

/// Makes a former replica, or a former blue, a server that takes writes.
pub async fn open_for_writes(server: &mut Server) -> Result<()> {
    let mut conn = server.connect().await?;
    if replication(&mut conn).await?.is_some() {
        conn.query_drop("STOP SLAVE").await.doing("Ending a replication")?;
        conn.query_drop("RESET SLAVE ALL").await.doing("Forgetting a replication")?;
    }
    thaw(&mut conn).await?;
    server.read_only = false;
    conn.disconnect().await.doing("Closing a session")
}

async fn thaw(conn: &mut Conn) -> Result<()> {
    conn.query_drop("SET GLOBAL super_read_only = 0").await.doing("Opening a server for writes")?;
    conn.query_drop("SET GLOBAL read_only = 0").await.doing("Opening a server for writes")
}

/// Applications and binary log readers; not the sandbox itself, and not green.
async fn kill_connections(on_blue: &mut Conn, readers: Readers) -> Result<()> {
    let spared = match readers {
        Readers::Dropped => "",
        Readers::Survive => "AND command NOT LIKE 'Binlog Dump%'",
    };
    let query = format!(
        "SELECT id FROM information_schema.processlist \
         WHERE user NOT IN ('rdsadmin', 'replication', 'system user', 'event_scheduler') {spared}"
    );
    let ids: Vec<u64> = on_blue.query(query).await.doing("Listing the connections of blue")?;
    for id in ids {
        // It may have ended meanwhile.
        let _ = on_blue.query_drop(format!("KILL {id}")).await;
    }
    Ok(())
}

async fn catch_up(on_green: &mut Conn, (file, position): &(String, u64), timeout: Duration) -> Result<()> {
    // Zero would mean for ever.
    let seconds = timeout.as_secs().max(1);
    let query = format!("SELECT MASTER_POS_WAIT('{file}', {position}, {seconds})");
    let waited: Option<Option<i64>> = on_green.query_first(query).await.doing("Waiting for green to catch up")?;
    match waited.flatten() {
        Some(-1) => Err(Error::other(format!("green had not caught up with {file}:{position} in time"))),
        Some(_) => Ok(()),
        None => {
            let status = replication(on_green).await?.unwrap_or_default();
            Err(Error::other(format!("green does not replicate: {}", status.error)))
        }
    }
}

/// The end of the server's own binary log.
pub async fn log_position(conn: &mut Conn) -> Result<Option<(String, u64)>> {
    let row: Option<Row> = conn.query_first("SHOW MASTER STATUS").await.doing("Asking for the log position")?;
    Ok(row.and_then(|row| Some((row.get(0)?, row.get(1)?))))
}
