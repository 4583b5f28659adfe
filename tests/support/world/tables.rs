//! Tables on the pretended servers: one source, and a sink of the same shape.

use upgrade::{
    error::{Error, Result},
    port::{
        Reply,
        mysql::{MysqlRead as _, Server},
        rows::{Key, Load, Range, RowsRead, Size, Sum, Walk},
        tables::{ByKey, Column, KeyedRow, Login, Reader, Table, TablesRead},
    },
};

use super::{Part, World};

/// The host of every sink; it is no server of the region.
const SINK: &str = "sink";

fn orders(schema: &str, name: &str) -> Table {
    let id = Column { name: "id".to_owned(), kind: "int(11)".to_owned(), ..Column::default() };
    Table {
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: vec![id],
        primary_key: vec!["id".to_owned()],
        ..Table::default()
    }
}

impl TablesRead for World {
    fn server<'a>(&'a self, login: &'a Login) -> Reply<'a, Server> {
        if login.address.host == SINK {
            return Box::pin(async { Err(Error::transient("The sink tells nothing of itself")) });
        }
        upgrade::port::mysql::MysqlRead::server(self, &login.address)
    }

    fn reader<'a>(&'a self, login: &'a Login) -> Reply<'a, Reader> {
        let grants = "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'cdc'@'%'".to_owned();
        let reader = Reader {
            account: format!("{}@%", login.user),
            plugin: Some("mysql_native_password".to_owned()),
            grants: vec![grants],
            row_value_options: String::new(),
            replicas: Some(Vec::new()),
            prepared: Some(Vec::new()),
        };
        Box::pin(async { Ok(reader) })
    }

    fn matching<'a>(&'a self, login: &'a Login, database: &'a str, table: &'a str) -> Reply<'a, Vec<(String, String)>> {
        let found = vec![(database.to_owned(), table.to_owned())];
        let here = self.schemas(&login.address);
        Box::pin(async move { here.await.map(|_| found) })
    }

    fn table<'a>(&'a self, _: &'a Login, schema: &'a str, table: &'a str) -> Reply<'a, Option<Table>> {
        Box::pin(async move { Ok(Some(orders(schema, table))) })
    }

    /// Every row that was written is in its source, and in the sink but for those that are lost.
    fn rows_by_key<'a>(&'a self, login: &'a Login, rows: ByKey<'a>) -> Reply<'a, Vec<KeyedRow>> {
        let lost = self.look("rows by key", |state| state.lost.clone());
        let there = |key: &str| {
            login.address.host != SINK || !key.parse().is_ok_and(|key| lost.iter().any(|lost| lost.contains(&key)))
        };
        let keys = rows.keys.iter().enumerate().filter(|(_, key)| there(&key[0]));
        let found = keys.map(|(at, key)| KeyedRow { at, values: vec![Some(key[0].clone()); rows.columns.len()] });
        let found: Vec<KeyedRow> = found.collect();
        Box::pin(async { Ok(found) })
    }

    fn walker<'a>(&'a self, login: &'a Login) -> Reply<'a, Box<dyn RowsRead + 'a>> {
        let session = Session { world: self, login };
        let here = session.keys().map(|_| Box::new(session) as Box<dyn RowsRead + 'a>);
        Box::pin(async { here })
    }
}

/// A walk through all rows that were ever written: those of every key up to the newest, but for the lost ones of the sink.
struct Session<'a> {
    world: &'a World,
    login: &'a Login,
}

impl Session<'_> {
    /// The keys that are there now, in their order.
    fn keys(&self) -> Result<Vec<u64>> {
        self.world.look("walk", |state| {
            state.reach(Part::Mysql)?;
            let is_sink = self.login.address.host == SINK;
            if !is_sink {
                state.server_at(&self.login.address.host)?;
            }
            let lost = |key: u64| is_sink && state.lost.iter().any(|lost| lost.contains(&u128::from(key)));
            Ok((1..=state.written).filter(|key| !lost(*key)).collect())
        })
    }

    fn within(&self, range: &Range) -> Result<Vec<u64>> {
        let number = |key: &Key| key[0].parse::<u64>().expect("keys are numbers here");
        let (after, until) = (range.after.as_ref().map(number), range.until.as_ref().map(number));
        let mut keys = self.keys()?;
        keys.retain(|key| after.is_none_or(|after| *key > after) && until.is_none_or(|until| *key <= until));
        Ok(keys)
    }
}

impl RowsRead for Session<'_> {
    fn size<'a>(&'a mut self, _: &'a Walk) -> Reply<'a, Size> {
        let keys = self.keys();
        let ends = |keys: &[u64]| Some((i128::from(*keys.first()?), i128::from(*keys.last()?)));
        Box::pin(async move { keys.map(|keys| Size { rows: keys.len() as u64, ends: ends(&keys) }) })
    }

    fn key_at<'a>(&'a mut self, _: &'a Walk, range: &'a Range, rows: u64) -> Reply<'a, Option<Key>> {
        let keys = self.within(range);
        let place = usize::try_from(rows).expect("few rows") - 1;
        Box::pin(async move { keys.map(|keys| keys.get(place).map(|key| vec![key.to_string()])) })
    }

    fn sum<'a>(&'a mut self, _: &'a Walk, range: &'a Range) -> Reply<'a, Sum> {
        let keys = self.within(range);
        let sum = |keys: Vec<u64>| {
            let hash = keys.iter().fold(0, |sum, key| sum ^ hash(*key));
            Sum { rows: keys.len() as u64, hash: hash.to_string() }
        };
        Box::pin(async move { keys.map(sum) })
    }

    fn hashes<'a>(&'a mut self, _: &'a Walk, range: &'a Range, limit: u64) -> Reply<'a, Vec<(Key, u64)>> {
        let keys = self.within(range);
        let most = usize::try_from(limit).expect("few rows");
        let hashed = move |keys: Vec<u64>| {
            let keys = keys.into_iter().take(most);
            keys.map(|key| (vec![key.to_string()], hash(key))).collect()
        };
        Box::pin(async move { keys.map(hashed) })
    }

    fn load(&mut self) -> Reply<'_, Load> {
        Box::pin(async { Ok(Load { threads: 1, seconds_behind: None }) })
    }

    fn close<'a>(self: Box<Self>) -> Reply<'a, ()>
    where
        Self: 'a,
    {
        Box::pin(async { Ok(()) })
    }
}

fn hash(key: u64) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
