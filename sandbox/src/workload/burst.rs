//! Very many small transactions at once.

use std::net::SocketAddrV4;

use futures_util::future::try_join_all;
use mysql_async::prelude::Queryable;

use super::rows::Table;
use crate::error::{Doing, Result};
use crate::mysqld::{Login, connect};

/// Above every id of the writer.
const FIRST: u32 = 1_000_000_000;
const CONNECTIONS: u32 = 4;
/// Statements sent together; each is a transaction of its own.
const TOGETHER: u32 = 200;

/// Inserts `count` rows, each in a transaction of its own.
pub async fn burst(endpoint: SocketAddrV4, app: &Login, database: &str, count: u32) -> Result<()> {
    let share = |hand: u32| count / CONNECTIONS + u32::from(hand < count % CONNECTIONS);
    let hands = (0..CONNECTIONS).map(|hand| insert(endpoint, app, database, FIRST + hand * 50_000_000, share(hand)));
    try_join_all(hands).await.map(|_| ())
}

async fn insert(endpoint: SocketAddrV4, app: &Login, database: &str, first: u32, count: u32) -> Result<()> {
    let mut conn = connect(endpoint, app).await.doing("Connecting for a burst")?;
    let table = Table::Source;
    let mut done = 0;
    while done < count {
        let next = (done + TOGETHER).min(count);
        let name = format!("{database}.{}", table.name());
        let statements: Vec<String> =
            (done..next).map(|nth| format!("INSERT INTO {name} VALUES {}", table.row(first + nth, 0))).collect();
        conn.query_drop(statements.join(";")).await.doing("Inserting a burst")?;
        done = next;
    }
    conn.disconnect().await.doing("Closing a session")
}
