//! The writer: several connections through the production endpoint, reconnecting as an application would.

use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, watch};
use tokio::task::JoinSet;

use super::rows::Table;
use crate::clock;
use crate::mysqld::{Login, connect};
use crate::region::work::Millis;

/// Smaller ids are not the writer's.
pub const FIRST_OF_WRITER: u32 = 1000;
/// What it writes with unless told otherwise.
const CONNECTIONS: u32 = 4;
/// The rows of one round of a connection: see `Hand::round`.
const CHANGES_PER_ROUND: u32 = 9;

const RETRY: Duration = Duration::from_millis(20);

/// A time in which at least one statement failed and none succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub last_success: Millis,
    pub first_success: Millis,
    /// A row of the first transaction that succeeded again; it is never changed later.
    pub first_row: (Table, u32),
}

impl Gap {
    pub fn length(&self) -> Millis {
        self.first_success.saturating_sub(self.last_success)
    }
}

/// What the writer saw.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Rows whose change the server confirmed.
    pub changes: u64,
    pub errors: u64,
    pub gaps: Vec<Gap>,
    /// The last success so far, and whether something has failed since.
    #[serde(skip)]
    last: Option<Millis>,
    #[serde(skip)]
    failing: bool,
}

impl Record {
    pub fn longest_gap(&self) -> Option<Gap> {
        self.gaps.iter().copied().max_by_key(Gap::length)
    }

    fn success(&mut self, at: Millis, changes: u64, first_row: (Table, u32)) {
        if let (Some(last_success), true) = (self.last, self.failing) {
            self.gaps.push(Gap { last_success, first_success: at, first_row });
        }
        self.failing = false;
        self.last = Some(at);
        self.changes += changes;
    }

    fn failure(&mut self) {
        self.errors += 1;
        self.failing = true;
    }
}

/// A running writer.
#[derive(Debug)]
pub struct Workload {
    record: Arc<Mutex<Record>>,
    stop: watch::Sender<bool>,
    /// Shared by the rounds that go on, taken whole by who holds the writer.
    turn: Arc<RwLock<()>>,
    hands: JoinSet<()>,
}

/// The writer waits between two rounds until this is dropped.
pub type Held = OwnedRwLockWriteGuard<()>;

impl Workload {
    /// Writes to `database` at `rate` changed rows a second until stopped. Ids from `FIRST_OF_WRITER` on are its own.
    pub fn start(endpoint: SocketAddrV4, app: &Login, database: &str, rate: u32) -> Self {
        Self::with_hands(endpoint, app, database, rate, CONNECTIONS)
    }

    /// The same with so many connections.
    pub fn with_hands(endpoint: SocketAddrV4, app: &Login, database: &str, rate: u32, connections: u32) -> Self {
        let record = Arc::new(Mutex::new(Record::default()));
        let (stop, stopped) = watch::channel(false);
        let pace = Duration::from_secs_f64(f64::from(connections * CHANGES_PER_ROUND) / f64::from(rate.max(1)));
        let turn = Arc::new(RwLock::new(()));
        let mut hands = JoinSet::new();
        for number in 0..connections {
            let (app, database, record) = (app.clone(), database.to_owned(), record.clone());
            let hand = Hand { endpoint, app, database, record, turn: turn.clone(), round: 0, number, connections };
            hands.spawn(hand.write(pace, stopped.clone()));
        }
        Self { record, stop, turn, hands }
    }

    /// Lets every connection finish its round and begin no other.
    pub async fn hold(&self) -> Held {
        self.turn.clone().write_owned().await
    }

    pub fn record(&self) -> Record {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets every connection finish what it is at.
    pub async fn stop(mut self) -> Record {
        self.stop.send_replace(true);
        while self.hands.join_next().await.is_some() {}
        self.record()
    }
}

/// One connection and the ids that only it uses.
struct Hand {
    endpoint: SocketAddrV4,
    app: Login,
    database: String,
    record: Arc<Mutex<Record>>,
    turn: Arc<RwLock<()>>,
    round: u32,
    number: u32,
    connections: u32,
}

impl Hand {
    async fn write(mut self, pace: Duration, stopped: watch::Receiver<bool>) {
        let mut conn: Option<Conn> = None;
        let started = clock::start();
        let mut due = Duration::ZERO;
        let turn = self.turn.clone();
        while !*stopped.borrow() {
            let _turn = turn.read().await;
            let done = match conn.as_mut() {
                Some(conn) => self.round(conn).await,
                None => match connect(self.endpoint, &self.app).await {
                    Ok(fresh) => {
                        conn = Some(fresh);
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            if done.is_err() {
                self.with_record(Record::failure);
                conn = None;
                clock::pause(RETRY).await;
                continue;
            }
            // After an outage the rate goes on from now: nothing is made up for.
            due = (due + pace).max(started.elapsed().saturating_sub(pace));
            clock::pause(due.saturating_sub(started.elapsed())).await;
        }
    }

    /// Nine changed rows: four statements that are transactions of their own, and one transaction of five rows.
    async fn round(&mut self, conn: &mut Conn) -> Result<(), mysql_async::Error> {
        // An id is used once. Whether a lost answer stands for rows is not known, and the comparison does not ask.
        let base = self.base(self.round);
        let before = self.base(self.round.saturating_sub(1));
        self.round += 1;
        let round = self.round;

        let table = Table::Source;
        let name = format!("{}.{}", self.database, table.name());
        let alone = [
            format!("INSERT INTO {name} VALUES {}", table.row(base, round)),
            format!("INSERT INTO {name} VALUES {}", table.row(base + 1, round)),
            format!("UPDATE {name} SET customer_name = NULL, ctime = NOW() WHERE id = {}", base + 1),
            format!("DELETE FROM {name} WHERE id = {}", before + 1),
        ];
        for statement in alone {
            conn.query_drop(statement).await?;
            self.with_record(|record| record.success(clock::now(), 1, (table, base)));
        }

        let table = Table::Wide;
        let name = format!("{}.{}", self.database, table.name());
        let rows: Vec<String> = (0..3).map(|next| table.row(base + next, round)).collect();
        let together = [
            "BEGIN".to_owned(),
            format!("INSERT INTO {name} VALUES {}", rows.join(", ")),
            format!("REPLACE INTO {name} VALUES {}", table.row(before + 2, round + 1)),
            format!("DELETE FROM {name} WHERE id = {}", before + 1),
            "COMMIT".to_owned(),
        ];
        for statement in together {
            conn.query_drop(statement).await?;
        }
        self.with_record(|record| record.success(clock::now(), 5, (table, base)));
        Ok(())
    }

    /// The first of the four ids of a round. The row of this id is never changed again.
    fn base(&self, round: u32) -> u32 {
        FIRST_OF_WRITER + (round * self.connections + self.number) * 4
    }

    fn with_record<T>(&self, act: impl FnOnce(&mut Record) -> T) -> T {
        act(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
