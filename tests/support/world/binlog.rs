//! The logs of the pretended servers, transaction by transaction: whatever is written to one and applied by another keeps
//! its origin.

use std::{collections::BTreeMap, ops::ControlFlow};

use sandbox::region::ServerId;
use upgrade::{
    error::Result,
    port::{
        Reply,
        binlog::{BinlogRead, Content, Place, RowChange, Transaction, Wanted},
        mysql::{Address, LogFile, MysqlRead},
    },
};

use super::{Part, State, World};

/// What a reader of the logs finds in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "not every test that shares this world has every kind of log")]
pub enum Kept {
    Rows,
    /// Statements, which cannot be compared row by row.
    Statements,
    /// Rows, and a replica keeps nothing of what it applies.
    OwnRows,
}

/// By `@@server_uuid`.
pub type Logs = BTreeMap<String, Vec<Transaction>>;

impl State {
    /// One transaction is written here, and applied by every server that replicates from here.
    pub fn write_to(&mut self, server: &ServerId, bytes: u64) {
        let ends = |state: &Self| -> BTreeMap<String, (String, u64)> {
            let all = state.servers.all();
            all.filter_map(|server| Some((server.server_uuid.clone(), server.binlog.last()?.clone()))).collect()
        };
        let before = ends(self);
        let origin = self.servers.server(server).map_or(0, |server| server.server_id);
        self.servers.append(server, bytes);
        self.written += 1;
        for (uuid, (file, end)) in ends(self) {
            if self.silent && self.servers.all().any(|other| other.server_uuid == uuid && other.server_id != origin) {
                continue;
            }
            let start = before.get(&uuid).filter(|(known, _)| *known == file).map_or(4, |(_, end)| *end);
            if end == start {
                continue;
            }
            let place = |position| Place { file: file.clone(), position };
            self.logs.entry(uuid).or_default().push(Transaction {
                start: place(start),
                end: place(end),
                server_id: origin,
                gtid: None,
                content: Content::Rows { fingerprint: u128::from(self.written), rows: 1 },
            });
        }
    }

    /// A change of definitions at production, which is no transaction of rows.
    pub fn define(&mut self) {
        let server = self.servers.at(&self.production()).cloned().unwrap();
        self.write_to(&server, 200);
        let uuid = self.servers.server(&server).unwrap().server_uuid.clone();
        let last = self.logs.get_mut(&uuid).and_then(|log| log.last_mut()).unwrap();
        let (schema, statement) = ("source".to_owned(), "ALTER TABLE source_table ADD c INT".to_owned());
        last.content = Content::Definition { schema, statement };
    }

    /// The first row that production's server has written itself.
    #[allow(dead_code, reason = "not every test loses rows")]
    pub fn first_own(&self) -> u128 {
        let server = self.servers.at(&self.production()).and_then(|id| self.servers.server(id)).unwrap();
        let own = self.logs[&server.server_uuid].iter().filter(|found| found.server_id == server.server_id);
        let mut rows = own.filter_map(|found| match found.content {
            Content::Rows { fingerprint, .. } => Some(fingerprint),
            _ => None,
        });
        rows.next().expect("production has written")
    }

    /// The origin of the last transaction in a server's log; the server itself where there is none.
    pub fn last_origin(&self, uuid: &str, own: u32) -> u32 {
        self.logs.get(uuid).and_then(|log| log.last()).map_or(own, |last| last.server_id)
    }

    fn log(&mut self, at: &Address) -> Result<(Vec<Transaction>, Place)> {
        self.reach(Part::Mysql)?;
        let server = self.server_at(&at.host)?;
        let (file, position) = server.binlog.last().cloned().unwrap_or_default();
        let mut log = self.logs.get(&server.server_uuid).cloned().unwrap_or_default();
        match self.kept {
            Kept::Rows => {}
            Kept::Statements => {
                let opaque = || Content::Opaque("a statement".to_owned());
                log.iter_mut().for_each(|transaction| transaction.content = opaque());
            }
            Kept::OwnRows => log.retain(|transaction| transaction.server_id == server.server_id),
        }
        Ok((log, Place { file, position }))
    }
}

impl BinlogRead for World {
    fn files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>> {
        self.log_files(at)
    }

    fn transactions<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        each: &'a mut (dyn FnMut(Transaction) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place> {
        let answer = self.look("binlog", |state| state.log(at));
        Box::pin(async move {
            let (log, end) = answer?;
            let from = (from.file.clone(), from.position);
            for transaction in log {
                let end = transaction.end.clone();
                if (transaction.start.file.clone(), transaction.start.position) >= from && each(transaction).is_break()
                {
                    return Ok(end);
                }
            }
            Ok(end)
        })
    }

    fn previous_gtids<'a>(&'a self, _: &'a Address, _: &'a str) -> Reply<'a, String> {
        Box::pin(async { Ok(String::new()) })
    }

    /// Each transaction inserts one row, whose key is its number.
    fn rows<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        until: Option<&'a Place>,
        _: Option<&'a [Wanted]>,
        each: &'a mut (dyn FnMut(RowChange) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place> {
        let answer = self.look("rows", |state| state.log(at));
        Box::pin(async move {
            let (log, end) = answer?;
            let order = |place: &Place| (place.file.clone(), place.position);
            for transaction in log {
                let start = order(&transaction.start);
                let Content::Rows { fingerprint, .. } = transaction.content else { continue };
                if start < order(from) || until.is_some_and(|until| start >= order(until)) {
                    continue;
                }
                let (schema, table) = ("source".to_owned(), "source_table".to_owned());
                let after = Some(vec![Some(fingerprint.to_string())]);
                if each(RowChange { schema, table, before: None, after }).is_break() {
                    return Ok(transaction.end);
                }
            }
            Ok(end)
        })
    }
}
