//! The ports of a pretended world, with one thing in them that is not as it should be.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use upgrade::{
    handover::gtid::GtidSet,
    port::{
        Reply,
        binlog::{BinlogRead, Content, Place, RowChange, Transaction, Wanted},
        files::FilesRead,
        mysql::{Address, Coordinates, LogFile, MysqlRead, OpenTransaction, Replication, Server, Who},
        objects::{Object, Objects, Unreadable},
        rows::RowsRead,
        tables::{ByKey, KeyedRow, Login, Reader, Table, TablesRead},
    },
    step::Read,
};

use crate::support::world::World;

/// The `@@server_uuid` of a server that is neither blue nor green.
pub const STRANGER: &str = "ffffffff-0000-4000-8000-000000000000";
/// As long as the ids of the pretended servers.
pub const STRANGE_ID: &str = "9999999";

#[derive(Debug, Clone, Default)]
pub struct Oddity {
    /// A host, and the server that shows itself there as a stranger.
    pub stranger: Option<(String, String)>,
    /// Every checkpoint names the server id of a stranger.
    pub strange_offsets: bool,
    /// GTID is on; the number of a transaction is that of its writing.
    pub gtid: bool,
    /// A row was changed on green that the sink does not have.
    pub lost_row: bool,
}

#[derive(Clone)]
struct Odd(World, Oddity);

pub fn read(world: &World, oddity: &Oddity) -> Read {
    let odd = Arc::new(Odd(world.clone(), oddity.clone()));
    Read { mysql: Some(odd.clone()), binlog: Some(odd.clone()), tables: Some(odd.clone()), files: odd, ..world.read() }
}

impl Odd {
    fn shown(&self, at: &Address, uuid: String) -> String {
        let strange = self.1.stranger.as_ref().is_some_and(|(host, real)| *host == at.host && *real == uuid);
        if strange { STRANGER.to_owned() } else { uuid }
    }

    fn gtid(&self, transaction: &Transaction) -> Option<String> {
        let Content::Rows { fingerprint, .. } = transaction.content else { return None };
        let state = self.0.state();
        let origin = state.servers.all().find(|server| server.server_id == transaction.server_id)?;
        Some(format!("{}:{fingerprint}", origin.server_uuid))
    }

    async fn all(&self, at: &Address) -> upgrade::error::Result<Vec<Transaction>> {
        let first = self.0.log_files(at).await?.first().map(|file| file.name.clone()).unwrap_or_default();
        let mut all = Vec::new();
        let mut each = |transaction: Transaction| {
            all.push(Transaction { gtid: self.gtid(&transaction), ..transaction });
            ControlFlow::Continue(())
        };
        self.0.transactions(at, &Place { file: first, position: 4 }, &mut each).await?;
        Ok(all)
    }
}

impl MysqlRead for Odd {
    fn who<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Who>> {
        Box::pin(async move {
            let who = self.0.who(at).await?;
            Ok(who.map(|who| Who { uuid: self.shown(at, who.uuid), ..who }))
        })
    }

    fn resolve<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<Address>> {
        self.0.resolve(at)
    }

    fn server<'a>(&'a self, at: &'a Address) -> Reply<'a, Server> {
        Box::pin(async move {
            let mut server = MysqlRead::server(&self.0, at).await?;
            server.uuid = self.shown(at, server.uuid);
            if self.1.gtid {
                server.gtid_mode = "ON".to_owned();
            }
            Ok(server)
        })
    }

    fn log_end<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Coordinates>> {
        Box::pin(async move {
            let end = self.0.log_end(at).await?;
            let Some(end) = end.filter(|_| self.1.gtid) else { return self.0.log_end(at).await };
            let all = self.all(at).await?;
            let first = all.first().map(|first| first.start.file.clone()).unwrap_or_default();
            let mut set: GtidSet = self.previous_gtids(at, &first).await?.parse().unwrap();
            all.iter().filter_map(|one| one.gtid.as_ref()).for_each(|gtid| set.add(gtid).unwrap());
            Ok(Some(Coordinates { gtid_set: Some(set.to_string()), ..end }))
        })
    }

    fn log_files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>> {
        self.0.log_files(at)
    }

    fn retention_hours<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<u32>> {
        self.0.retention_hours(at)
    }

    fn replication<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Replication>> {
        self.0.replication(at)
    }

    fn objects<'a>(&'a self, at: &'a Address) -> Reply<'a, Objects> {
        self.0.objects(at)
    }

    fn unreadable<'a>(&'a self, at: &'a Address, objects: &'a [Object], most: usize) -> Reply<'a, Vec<Unreadable>> {
        self.0.unreadable(at, objects, most)
    }

    fn open_transactions<'a>(&'a self, at: &'a Address, seconds: u64) -> Reply<'a, Vec<OpenTransaction>> {
        self.0.open_transactions(at, seconds)
    }

    fn schemas<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<String>> {
        self.0.schemas(at)
    }

    fn variables<'a>(&'a self, at: &'a Address) -> Reply<'a, BTreeMap<String, String>> {
        self.0.variables(at)
    }
}

impl BinlogRead for Odd {
    fn files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>> {
        self.0.files(at)
    }

    fn transactions<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        each: &'a mut (dyn FnMut(Transaction) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place> {
        Box::pin(async move {
            let mut named = |transaction: Transaction| {
                let gtid = if self.1.gtid { self.gtid(&transaction) } else { None };
                each(Transaction { gtid, ..transaction })
            };
            self.0.transactions(at, from, &mut named).await
        })
    }

    /// All that blue wrote before the file was begun: green was made with it.
    fn previous_gtids<'a>(&'a self, at: &'a Address, file: &'a str) -> Reply<'a, String> {
        Box::pin(async move {
            let all = self.all(at).await?;
            let first = all.iter().find(|one| one.start.file == file).and_then(|one| one.gtid.clone());
            let Some((uuid, number)) = first.as_ref().and_then(|gtid| gtid.split_once(':')) else {
                return Ok(String::new());
            };
            let before = number.parse::<u64>().unwrap() - 1;
            Ok(if before == 0 { String::new() } else { format!("{uuid}:1-{before}") })
        })
    }

    fn rows<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        until: Option<&'a Place>,
        wanted: Option<&'a [Wanted]>,
        each: &'a mut (dyn FnMut(RowChange) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place> {
        if !self.1.lost_row {
            return self.0.rows(at, from, until, wanted, each);
        }
        let _ = each(RowChange {
            schema: "source".to_owned(),
            table: "source_table".to_owned(),
            before: None,
            after: Some(vec![Some("1".to_owned())]),
        });
        Box::pin(async move { Ok(until.unwrap_or(from).clone()) })
    }
}

impl TablesRead for Odd {
    fn server<'a>(&'a self, login: &'a Login) -> Reply<'a, Server> {
        TablesRead::server(&self.0, login)
    }

    fn reader<'a>(&'a self, login: &'a Login) -> Reply<'a, Reader> {
        self.0.reader(login)
    }

    fn matching<'a>(&'a self, login: &'a Login, database: &'a str, table: &'a str) -> Reply<'a, Vec<(String, String)>> {
        self.0.matching(login, database, table)
    }

    fn table<'a>(&'a self, login: &'a Login, schema: &'a str, table: &'a str) -> Reply<'a, Option<Table>> {
        self.0.table(login, schema, table)
    }

    fn rows_by_key<'a>(&'a self, login: &'a Login, rows: ByKey<'a>) -> Reply<'a, Vec<KeyedRow>> {
        if !self.1.lost_row {
            return self.0.rows_by_key(login, rows);
        }
        let found = if login.address.host == "sink" { 0 } else { rows.keys.len() };
        let row = |at: usize| KeyedRow { at, values: vec![Some(rows.keys[at][0].clone())] };
        let rows = (0..found).map(row).collect();
        Box::pin(async { Ok(rows) })
    }

    fn walker<'a>(&'a self, login: &'a Login) -> Reply<'a, Box<dyn RowsRead + 'a>> {
        self.0.walker(login)
    }
}

impl FilesRead for Odd {
    fn read<'a>(&'a self, uri: &'a str, limit: u64) -> Reply<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let mut found = FilesRead::read(&self.0, uri, limit).await?;
            if let Some(bytes) = found.as_mut().filter(|_| self.1.strange_offsets && uri.contains("checkpoints/")) {
                let key = b"\"server_id\":\"";
                let at = bytes.windows(key.len()).position(|window| window == key).unwrap() + key.len();
                bytes[at..at + STRANGE_ID.len()].copy_from_slice(STRANGE_ID.as_bytes());
            }
            Ok(found)
        })
    }
}
