//! Both logs, read ahead of the moment when it counts.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::Mutex;

use super::{Located, Request, Translation, blue::Tail, green::Copy, locate, translate};
use crate::{
    error::{Error, Result},
    port::binlog::{BinlogRead, Place},
};

/// What has been read of both logs, shared by whoever clones it. Names of servers may move between two calls; so it goes
/// by the offset and the servers' ids.
#[derive(Debug, Clone, Default)]
pub struct Ahead(Arc<Mutex<HashMap<Key, Read>>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    from: Place,
    blue: Vec<u32>,
    green: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) tail: Tail,
    /// Absent before the first reading.
    pub(super) copy: Option<Copy>,
}

impl Ahead {
    /// Reads both logs on as far as they go now, so that little is left at the flip. Harmless.
    ///
    /// # Errors
    ///
    /// Of reading; what was read so far is then forgotten.
    pub async fn read_on(&self, log: &dyn BinlogRead, request: &Request) -> Result<()> {
        self.with(request, async |read| {
            read.tail.read_on(log, request, None).await?;
            read.copy(log, request).await.map(drop)
        })
        .await
    }

    /// Blue is frozen at `end`. Exact, or why not.
    ///
    /// # Errors
    ///
    /// Of reading, and where blue's log ends before `end`.
    pub async fn translate(&self, log: &dyn BinlogRead, request: &Request, end: &Place) -> Result<Translation> {
        self.with(request, async |read| translate::translate(read, log, request, end).await).await
    }

    /// While green is still a replica and both logs grow: where the begin of blue's tail is mirrored. `least`
    /// transactions must have been found there.
    ///
    /// # Errors
    ///
    /// Of reading.
    pub async fn locate(&self, log: &dyn BinlogRead, request: &Request, least: usize) -> Result<Located> {
        self.with(request, async |read| locate::locate(read, log, request, least).await).await
    }

    /// What a reading that failed has left behind may have holes, so it is not kept.
    async fn with<T>(&self, request: &Request, work: impl AsyncFnOnce(&mut Read) -> Result<T>) -> Result<T> {
        let mut blue = request.blue_server_ids.clone();
        blue.sort_unstable();
        let key = Key { from: request.from.clone(), blue, green: request.green_server_id };
        if key.blue.contains(&key.green) {
            return Err(Error::permanent(format!(
                "Expected blue and green to have different server ids, so that their transactions can be told apart; both \
                 have {}",
                key.green
            )));
        }
        let mut all = self.0.lock().await;
        let mut read = all.remove(&key).unwrap_or_else(|| Read { tail: Tail::new(&request.from), copy: None });
        let done = work(&mut read).await?;
        all.insert(key, read);
        Ok(done)
    }
}

impl Read {
    /// What green has, as far as its log goes now.
    pub(super) async fn copy(&mut self, log: &dyn BinlogRead, request: &Request) -> Result<&mut Copy> {
        if self.copy.is_none() {
            let files = log.files(&request.green).await?;
            self.copy = Copy::begin(&files, self.tail.bytes);
        }
        let copy = self.copy.as_mut().ok_or_else(|| {
            Error::permanent(format!("Expected a binary log on MySQL at {}; it writes none", request.green))
                .hint("Turn binary logging on there (binlog_format ROW in its parameter group, and a reboot)")
        })?;
        copy.read_on(log, request).await?;
        Ok(copy)
    }

    /// Green's log again, from an earlier file; false where there is none.
    pub(super) async fn earlier(&mut self, log: &dyn BinlogRead, request: &Request) -> Result<bool> {
        let files = log.files(&request.green).await?;
        let Some(earlier) = self.copy.as_ref().and_then(|copy| copy.earlier(&files)) else { return Ok(false) };
        self.copy.insert(earlier).read_on(log, request).await?;
        Ok(true)
    }
}
