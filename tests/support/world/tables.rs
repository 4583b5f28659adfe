//! Tables on the pretended servers: one source, and a sink of the same shape.

use upgrade::{
    error::Error,
    port::{
        Reply,
        mysql::{MysqlRead as _, Server},
        rows::RowsRead,
        tables::{ByKey, Column, KeyedRow, Login, Reader, Table, TablesRead},
    },
};

use super::World;

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

    fn walker<'a>(&'a self, _: &'a Login) -> Reply<'a, Box<dyn RowsRead + 'a>> {
        Box::pin(async { Err(Error::transient("No tables are walked through in this world")) })
    }
}
