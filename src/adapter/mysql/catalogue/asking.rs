//! A session that asks for the catalogue, and when it may.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use mysql_async::Row;

use super::super::{read::Mysql, rows::cell, session::Session};
use crate::{
    adapter::clock::SystemClock,
    error::{Error, Kind, Result},
    port::{
        catalogue::{Gentle, Unread},
        clock::Clock as _,
        mysql::Address,
    },
};

/// One statement of the catalogue, or one `CHECK TABLE`, with all its rows. The server ends a SELECT by itself after this time.
const STATEMENT: Duration = Duration::from_secs(300);
/// Between two looks whether a busy server is less so.
const BUSY: Duration = Duration::from_secs(1);

const TOO_LONG: u16 = 3024;
const LOCK_WAIT: u16 = 1205;
const UNKNOWN_VARIABLE: u16 = 1193;

/// While a server has more to do than this, it is not asked.
#[derive(Debug)]
pub(super) struct Guard {
    most: Option<u64>,
    /// Statements of our own that are at work.
    own: AtomicU64,
    clock: SystemClock,
}

impl Guard {
    pub(super) fn new(gentle: Gentle) -> Self {
        Self { most: gentle.max_threads_running, own: AtomicU64::new(0), clock: SystemClock::new() }
    }

    /// For the few questions about a whole server.
    pub(super) fn none() -> Self {
        Self::new(Gentle { connections: 1, max_threads_running: None })
    }

    async fn pass(&self, session: &mut Session<'_>) -> Result<()> {
        let Some(most) = self.most else { return Ok(()) };
        loop {
            let rows = session.rows("SHOW GLOBAL STATUS LIKE 'Threads_running'").await?;
            let running: u64 = rows.first().and_then(|row| cell(row, 1)?.parse().ok()).unwrap_or_default();
            // The question itself is one of those that run.
            if running.saturating_sub(self.own.load(Ordering::Relaxed) + 1) <= most {
                return Ok(());
            }
            self.clock.sleep(BUSY).await;
        }
    }
}

pub(super) struct Asking<'a> {
    session: Session<'a>,
    guard: &'a Guard,
}

/// A statement that the server has refused, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) why: String,
}

impl Refusal {
    pub(super) fn unread(self, what: &str, schema: Option<&str>) -> Unread {
        Unread { what: what.to_owned(), schema: schema.map(str::to_owned), why: self.why }
    }
}

impl<'a> Asking<'a> {
    pub(super) async fn begin(mysql: &'a Mysql, at: &'a Address, guard: &'a Guard) -> Result<Self> {
        let mut session = mysql.session(at).await?;
        // Text as it is kept: a conversion would put `?` where bytes are invalid. Every warning is wanted.
        let settings = format!(
            "SET SESSION character_set_results = NULL, max_error_count = 65535, max_execution_time = {}",
            STATEMENT.as_millis()
        );
        session.rows(&settings).await?;
        // Marks types of before 5.6.4; servers without the variable have no such types.
        let statement = "SET SESSION show_old_temporals = ON";
        match session.try_rows(statement).await? {
            Err(refusal) if refusal.code != UNKNOWN_VARIABLE => Err(session.refused(statement, refusal)),
            _ => Ok(Self { session, guard }),
        }
    }

    /// From 8.0 on the server has one dictionary.
    pub(super) fn has_dictionary(&self) -> bool {
        self.session.version() >= (8, 0, 0)
    }

    /// Gives each row to `each`; how many warnings there are, or why the server refuses.
    ///
    /// # Errors
    /// Where it cannot be reached, is too slow, or refuses for a reason that passes.
    pub(super) async fn each(
        &mut self,
        statement: &str,
        each: &mut (dyn FnMut(Row) + Send),
    ) -> Result<std::result::Result<u16, Refusal>> {
        self.guard.pass(&mut self.session).await?;
        self.guard.own.fetch_add(1, Ordering::Relaxed);
        // The server's own limit comes first.
        let answer = self.session.try_each(statement, STATEMENT + BUSY, each).await;
        self.guard.own.fetch_sub(1, Ordering::Relaxed);
        match answer? {
            Ok(warnings) => Ok(Ok(warnings)),
            Err(refusal) => {
                let (code, why) = (refusal.code, format!("{} (error {})", refusal.message, refusal.code));
                let error: Error = self.session.refused(statement, refusal);
                if error.kind == Kind::Transient && code != TOO_LONG && code != LOCK_WAIT {
                    return Err(error);
                }
                Ok(Err(Refusal { code, why }))
            }
        }
    }

    /// What `of` makes of each row.
    pub(super) async fn all<T: Send>(
        &mut self,
        statement: &str,
        of: impl Fn(&mut Row) -> T + Send + Sync,
    ) -> Result<std::result::Result<Vec<T>, Refusal>> {
        let mut found = Vec::new();
        let answer = self.each(statement, &mut |mut row| found.push(of(&mut row))).await?;
        Ok(answer.map(|_| found))
    }

    /// The same; what was refused is kept as unread, and nothing found.
    pub(super) async fn all_or<T: Send>(
        &mut self,
        unread: &mut Vec<Unread>,
        what: &str,
        statement: &str,
        of: impl Fn(&mut Row) -> T + Send + Sync,
    ) -> Result<Vec<T>> {
        Ok(self.all(statement, of).await?.unwrap_or_else(|refusal| {
            unread.push(refusal.unread(what, None));
            Vec::new()
        }))
    }

    pub(super) async fn close(self) {
        self.session.close().await;
    }
}
