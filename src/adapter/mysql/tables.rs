//! Tables as the login of a job sees them.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use mysql_async::Row;

use super::{
    by_key,
    capture::Names,
    login::Encryption,
    ranges::Ranges,
    read,
    rows::{cell, text},
    session::Session,
};
use crate::{
    error::Result,
    port::{
        Reply,
        mysql::Server,
        rows::RowsRead,
        tables::{ByKey, Column, KeyedRow, Login, Reader, Table, TablesRead},
    },
};

/// Schemas that no source captures.
const OWN_SCHEMAS: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];

/// Asks any server with any login; every connection is secured as the playbook says.
#[derive(Debug, Clone)]
pub struct Tables {
    encryption: Encryption,
}

impl Tables {
    pub fn new(encryption: Encryption) -> Self {
        // Whoever was first has chosen the same provider: there is one in the tree.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self { encryption }
    }

    async fn session<'a>(&self, login: &'a Login) -> Result<Session<'a>> {
        Session::open_as(&self.encryption, login).await
    }
}

impl TablesRead for Tables {
    fn server<'a>(&'a self, login: &'a Login) -> Reply<'a, Server> {
        async move {
            let mut session = self.session(login).await?;
            let server = read::server(&mut session, &login.address).await?;
            session.close().await;
            Ok(server)
        }
        .boxed()
    }

    fn reader<'a>(&'a self, login: &'a Login) -> Reply<'a, Reader> {
        async move {
            let mut session = self.session(login).await?;
            let found = reader(&mut session).await?;
            session.close().await;
            Ok(found)
        }
        .boxed()
    }

    fn matching<'a>(&'a self, login: &'a Login, database: &'a str, table: &'a str) -> Reply<'a, Vec<(String, String)>> {
        async move {
            let (databases, tables) = (Names::new(database)?, Names::of_tables(database, table)?);
            let mut session = self.session(login).await?;
            let mut found = Vec::new();
            for schema in names(&session.rows("SELECT schema_name FROM information_schema.SCHEMATA ORDER BY 1").await?)
            {
                if OWN_SCHEMAS.contains(&schema.to_ascii_lowercase().as_str()) || !databases.matches(&schema) {
                    continue;
                }
                let statement = "SELECT table_name FROM information_schema.TABLES \
                                 WHERE table_schema = ? AND table_type = 'BASE TABLE' ORDER BY 1";
                for table in names(&session.rows_of(statement, &[&schema]).await?) {
                    if tables.matches(&format!("{schema}.{table}")) {
                        found.push((schema.clone(), table));
                    }
                }
            }
            session.close().await;
            Ok(found)
        }
        .boxed()
    }

    fn table<'a>(&'a self, login: &'a Login, schema: &'a str, table: &'a str) -> Reply<'a, Option<Table>> {
        async move {
            let mut session = self.session(login).await?;
            let found = definition(&mut session, schema, table).await?;
            session.close().await;
            Ok(found)
        }
        .boxed()
    }

    fn rows_by_key<'a>(&'a self, login: &'a Login, rows: ByKey<'a>) -> Reply<'a, Vec<KeyedRow>> {
        async move {
            let lookups = by_key::lookups(&rows)?;
            if lookups.is_empty() {
                return Ok(Vec::new());
            }
            let mut session = self.session(login).await?;
            let found = by_key::read(&mut session, &rows, &lookups).await?;
            session.close().await;
            Ok(found)
        }
        .boxed()
    }

    fn walker<'a>(&'a self, login: &'a Login) -> Reply<'a, Box<dyn RowsRead + 'a>> {
        async move {
            let ranges = Ranges::open(self.session(login).await?).await?;
            Ok(Box::new(ranges) as Box<dyn RowsRead + 'a>)
        }
        .boxed()
    }
}

async fn reader(session: &mut Session<'_>) -> Result<Reader> {
    let first = |rows: Vec<Row>| rows.first().and_then(|row| cell(row, 0));
    let account = first(session.rows("SELECT CURRENT_USER()").await?).unwrap_or_default();
    let options = session.rows("SHOW GLOBAL VARIABLES LIKE 'binlog_row_value_options'").await?;
    // Everybody may see how oneself is identified; what stands behind the plugin is not kept.
    let made = match session.try_rows("SHOW CREATE USER CURRENT_USER()").await? {
        Ok(rows) => first(rows),
        Err(_) => None,
    };
    let replicas = if session.version() >= (8, 0, 22) { "SHOW REPLICAS" } else { "SHOW SLAVE HOSTS" };
    let replicas = session.try_rows(replicas).await?.ok();
    let replica =
        |row: &Row| Some((text(row, &["Server_id"])?.parse().ok()?, text(row, &["Host"]).unwrap_or_default()));
    let prepared = session.try_rows("XA RECOVER").await?.ok();
    Ok(Reader {
        account,
        plugin: made.as_deref().and_then(plugin),
        grants: grants(session).await?,
        row_value_options: options.first().and_then(|row| cell(row, 1)).unwrap_or_default(),
        replicas: replicas.map(|rows| rows.iter().filter_map(replica).collect()),
        prepared: prepared.map(|rows| rows.iter().filter_map(|row| text(row, &["data"])).collect()),
    })
}

pub(super) async fn grants(session: &mut Session<'_>) -> Result<Vec<String>> {
    let mut statement = "SHOW GRANTS FOR CURRENT_USER()".to_owned();
    if session.version() >= (8, 0, 0) {
        // Written as the USING clause wants it.
        let roles = session.rows("SELECT CURRENT_ROLE()").await?.first().and_then(|row| cell(row, 0));
        if let Some(roles) = roles.filter(|roles| roles != "NONE") {
            statement.push_str(&format!(" USING {roles}"));
        }
    }
    Ok(names(&session.rows(&statement).await?))
}

/// `CREATE USER 'cdc'@'%' IDENTIFIED WITH 'mysql_native_password' AS …`
fn plugin(made: &str) -> Option<String> {
    let (_, rest) = made.split_once(" IDENTIFIED WITH '")?;
    rest.split_once('\'').map(|(plugin, _)| plugin.to_owned())
}

async fn definition(session: &mut Session<'_>, schema: &str, name: &str) -> Result<Option<Table>> {
    let here = [schema, name];
    let statement = "SELECT column_name, column_type, is_nullable, character_set_name, collation_name, extra \
                     FROM information_schema.COLUMNS WHERE table_schema = ? AND table_name = ? \
                     ORDER BY ordinal_position";
    let columns: Vec<Column> = session.rows_of(statement, &here).await?.iter().map(column).collect();
    if columns.is_empty() {
        return Ok(None);
    }
    // The column of an index over an expression is NULL.
    let statement = "SELECT index_name, COALESCE(column_name, '(expression)') FROM information_schema.STATISTICS \
                     WHERE table_schema = ? AND table_name = ? AND non_unique = 0 ORDER BY index_name, seq_in_index";
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in session.rows_of(statement, &here).await? {
        keys.entry(cell(&row, 0).unwrap_or_default()).or_default().push(cell(&row, 1).unwrap_or_default());
    }
    let primary_key = keys.remove("PRIMARY").unwrap_or_default();
    // By schema, which a server finds without opening every table it has; keys of another schema are not seen.
    let statement = "SELECT constraint_name FROM information_schema.REFERENTIAL_CONSTRAINTS \
                     WHERE constraint_schema = ? AND (table_name = ? OR referenced_table_name = ?) ORDER BY 1";
    let foreign_keys = names(&session.rows_of(statement, &[schema, name, name]).await?);
    Ok(Some(Table {
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns,
        primary_key,
        unique_keys: keys.into_iter().collect(),
        foreign_keys,
    }))
}

fn column(row: &Row) -> Column {
    let text = |index| cell(row, index).unwrap_or_default();
    Column {
        name: text(0),
        kind: text(1),
        nullable: text(2) == "YES",
        charset: cell(row, 3),
        collation: cell(row, 4),
        // DEFAULT_GENERATED is a default, not a generated column.
        generated: text(5).to_ascii_uppercase().contains(" GENERATED"),
    }
}

fn names(rows: &[Row]) -> Vec<String> {
    rows.iter().filter_map(|row| cell(row, 0)).collect()
}
