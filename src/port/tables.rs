//! Tables as a job's own login sees them: definitions of sources and sinks. Typed questions on read-only sessions.

use serde::{Deserialize, Serialize};

use super::{
    Reply,
    mysql::{Address, Server},
    rows::RowsRead,
};
use crate::secret::Secret;

/// Where and as whom a table is reached.
#[derive(Debug, Clone)]
pub struct Login {
    pub address: Address,
    pub user: String,
    pub password: Secret,
}

/// A table as `information_schema` describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub schema: String,
    pub name: String,
    /// In the order of the table.
    pub columns: Vec<Column>,
    /// Columns of the primary key in its order; empty where there is none.
    pub primary_key: Vec<String>,
    /// Other unique keys: `(name, columns)`.
    pub unique_keys: Vec<(String, Vec<String>)>,
    /// Names of the foreign keys the table has, and of those that point at it.
    pub foreign_keys: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// `column_type`: `bigint(20) unsigned`.
    pub kind: String,
    pub nullable: bool,
    pub charset: Option<String>,
    pub collation: Option<String>,
    /// `extra` names it generated.
    pub generated: bool,
}

/// What a job's login may do at the server it reads, and who else reads there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// `CURRENT_USER()`: `cdc@%`.
    pub account: String,
    /// How it proves its password: `mysql_native_password`; `None` where it is not shown.
    pub plugin: Option<String>,
    /// As `SHOW GRANTS` says them, those of its active roles included.
    pub grants: Vec<String>,
    /// `@@binlog_row_value_options`; empty also where the version does not know it.
    pub row_value_options: String,
    /// `(server_id, host)` of the replicas that are registered; `None` where the login may not see them.
    pub replicas: Option<Vec<(u32, String)>>,
    /// Transactions of `XA RECOVER`; `None` where the login may not see them.
    pub prepared: Option<Vec<String>>,
}

/// How the server shows a value, so that columns of different types that hold the same show the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Integers, decimals, bits and years, without the zeros of ZEROFILL.
    Number,
    /// As the double it is, with all digits.
    Double,
    /// Text of any character set, labels of an enum or set, numbers as they are written: UTF-8.
    Text,
    /// Hexadecimal. Text is shown by its bytes in UTF-8.
    Bytes,
    /// As `Bytes`, without the zeros that fill BINARY(n) up.
    Unfilled,
    /// Parsed and written anew where it is JSON, else as it stands.
    Json,
    /// `2026-11-21 12:34:56.000000`, in UTC where the column has a time zone.
    Moment,
    /// `-12:34:56.000000`
    Span,
}

/// A column and how it is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub column: String,
    pub form: Form,
}

/// A column by which rows are looked up. They are the same where their values are, character by character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    pub column: String,
    pub form: KeyForm,
    /// Part of the primary key. Others only tell rows of one primary key apart.
    pub primary: bool,
}

/// What a key column holds: how a row that was found tells which key it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyForm {
    /// Integers, decimals and years.
    Number,
    Text {
        charset: String,
        collation: String,
    },
    Bytes,
    Date,
    /// A time of a calendar.
    Moment,
    /// A time that has a time zone.
    Instant,
    /// Anything else, which only its literal finds.
    Other,
}

/// Which rows of a table to read, and what of them.
#[derive(Debug, Clone, Copy)]
pub struct ByKey<'a> {
    pub schema: &'a str,
    pub table: &'a str,
    pub columns: &'a [Shown],
    /// Instead of those columns one value that is the same where all of them are shown the same.
    pub digest: bool,
    /// All columns of the primary key, or more.
    pub key: &'a [KeyColumn],
    /// One literal for each column of the key, as [`super::binlog::RowChange`] has them; anything else is refused.
    pub keys: &'a [Vec<String>],
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRow {
    /// Its place among `keys`.
    pub at: usize,
    /// In the order of `columns`; `None` is NULL. Of a value longer than 1,000 bytes the begin, its length and MD5.
    pub values: Vec<Option<String>>,
}

pub trait TablesRead: Send + Sync {
    /// Which server this login reaches.
    fn server<'a>(&'a self, login: &'a Login) -> Reply<'a, Server>;
    /// What this login may do there.
    fn reader<'a>(&'a self, login: &'a Login) -> Reply<'a, Reader>;
    /// `db.table` of every table whose qualified name a mysql-cdc source with these two Java regular expressions captures.
    fn matching<'a>(&'a self, login: &'a Login, database: &'a str, table: &'a str) -> Reply<'a, Vec<(String, String)>>;
    /// `None` where there is no such table, or it is not visible to this login.
    fn table<'a>(&'a self, login: &'a Login, schema: &'a str, table: &'a str) -> Reply<'a, Option<Table>>;
    /// Those rows that are there now; statements of many keys each, each of its own moment.
    fn rows_by_key<'a>(&'a self, login: &'a Login, rows: ByKey<'a>) -> Reply<'a, Vec<KeyedRow>>;
    /// A session for walking through tables; times are of UTC.
    fn walker<'a>(&'a self, login: &'a Login) -> Reply<'a, Box<dyn RowsRead + 'a>>;
}
