//! The binary logs of blue and green brought into ugly relations on purpose.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::server::Server;
use super::switchover::log_position;
use crate::error::{Doing, Error, Result};
use crate::workload::insert_between;

/// Where a server's log ended.
pub type Ending = (String, u64);

/// Begins files until the current one is at least the `number`th.
pub async fn rotate_past(server: &Server, number: u64) -> Result<()> {
    let mut conn = server.connect().await?;
    while number_of(&ending(&mut conn).await?.0)? < number {
        conn.query_drop("FLUSH BINARY LOGS").await.doing("Beginning a binary log file")?;
    }
    conn.disconnect().await.doing("Closing a session")
}

/// Begins files until the current one has this name. It fails where the log is past it.
pub async fn rotate_to(server: &Server, file: &str) -> Result<Ending> {
    rotate_past(server, number_of(file)?).await?;
    let mut conn = server.connect().await?;
    let now = ending(&mut conn).await?;
    conn.disconnect().await.doing("Closing a session")?;
    if now.0 == file {
        Ok(now)
    } else {
        Err(Error::other(format!("{} is at {} already, past {file}", server.id.0, now.0)))
    }
}

/// The name of the file the server writes now.
pub async fn current_file(server: &Server) -> Result<String> {
    let mut conn = server.connect().await?;
    let (file, _) = ending(&mut conn).await?;
    conn.disconnect().await.doing("Closing a session")?;
    Ok(file)
}

/// Lets green's log go over into the file of blue's end, writes rows of its own that a job must not miss, and grows the
/// file until an event begins exactly where blue's log ended. Returns green's coordinates: the place before those rows.
/// Only for a server that nobody else writes to.
pub async fn plant_boundary(green: &Server, (file, position): &Ending) -> Result<Ending> {
    let coordinates = rotate_to(green, file).await?;
    let mut conn = green.connect().await?;
    for statement in insert_between("source") {
        // A database without the tables of the rehearsal has nothing to miss.
        let _ = conn.query_drop(statement).await;
    }
    conn.disconnect().await.doing("Closing a session")?;
    pad_to(green, *position).await?;
    Ok(coordinates)
}

/// Grows the current file with rows of a table nobody captures until an event begins exactly at `position`.
async fn pad_to(server: &Server, position: u64) -> Result<()> {
    const SMALL: u64 = 1_000;
    /// Below it the length of a transaction takes as many bytes in its event as that of a small one.
    const LARGE: u64 = 30_000;
    let mut conn = server.connect().await?;
    let prepare = "CREATE DATABASE IF NOT EXISTS padding; \
                   CREATE TABLE IF NOT EXISTS padding.rows_of_any_size (id INT AUTO_INCREMENT PRIMARY KEY, bytes LONGBLOB)";
    conn.query_drop(prepare).await.doing("Making the table for padding")?;
    while left(&mut conn, position).await? > 2 * LARGE {
        let size = (left(&mut conn, position).await? - LARGE).min(1_000_000) - 1_000;
        pad(&mut conn, size).await?;
    }
    let before = left(&mut conn, position).await?;
    pad(&mut conn, SMALL).await?;
    let rest = left(&mut conn, position).await?;
    let overhead = before - rest - SMALL;
    let size = rest.checked_sub(overhead).filter(|size| *size > 300);
    let size =
        size.ok_or_else(|| Error::other(format!("Only {rest} bytes are left before {position}: too few to pad")))?;
    pad(&mut conn, size).await?;
    match left(&mut conn, position).await? {
        0 => conn.disconnect().await.doing("Closing a session"),
        off => Err(Error::other(format!("No event begins at {position}: {off} bytes are missing"))),
    }
}

async fn pad(conn: &mut Conn, bytes: u64) -> Result<()> {
    // The statement itself may stand in the log, so its text has one length.
    let insert = format!("INSERT INTO padding.rows_of_any_size (bytes) VALUES (REPEAT('.', {bytes:08}))");
    conn.query_drop(insert).await.doing("Padding the binary log")
}

async fn left(conn: &mut Conn, position: u64) -> Result<u64> {
    let (file, now) = ending(conn).await?;
    let left = position.checked_sub(now);
    left.ok_or_else(|| Error::other(format!("The log is past {position} already, at {file}:{now}")))
}

async fn ending(conn: &mut Conn) -> Result<Ending> {
    log_position(conn).await?.ok_or_else(|| Error::other("The server writes no binary log"))
}

/// `7` of `mysql-bin-changelog.000007`.
fn number_of(file: &str) -> Result<u64> {
    let digits = file.rsplit('.').next().unwrap_or_default();
    digits.parse().map_err(|_| Error::other(format!("{file} is no name of a binary log file")))
}
