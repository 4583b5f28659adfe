//! A server's catalogue as the prechecks judge it: read once, narrow, one schema at a time.
//!
//! Names are as the server shows them to a person (file names decoded). Definitions, comments and defaults are bytes as the
//! server sent them: one invalid byte is a finding, not a failure.

use super::{Reply, mysql::Address};

/// A release of MySQL: `8.0.39`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release(pub u16, pub u16, pub u16);

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What belongs to no schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// `@@version`.
    pub version: String,
    /// `@@lower_case_table_names`.
    pub lower_case_table_names: u8,
    /// Every schema but `information_schema`, `performance_schema`; `mysql` and `sys` among them.
    pub schemas: Vec<String>,
    /// Global variables by name in lower case.
    pub variables: Vec<(String, String)>,
    pub accounts: Vec<Account>,
    pub plugins: Vec<Plugin>,
    /// Ids of prepared XA transactions as `XA ROLLBACK` takes them; `None` where the login may not ask.
    pub prepared_xa: Option<Vec<String>>,
    /// `mysql.proc` and `mysql.event` name a schema that is not there.
    pub orphans: Vec<Orphan>,
    /// Files of InnoDB's tablespaces: `(tablespace, path)`.
    pub files: Vec<(String, String)>,
    /// Length of InnoDB's history list.
    pub history_length: Option<u64>,
    pub unread: Vec<Unread>,
    /// URNs of `mysql.component`: `file://component_validate_password`.
    pub components: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// `'user'@'host'`, quoted.
    pub name: String,
    pub plugin: String,
    pub locked: bool,
    /// Dynamic privileges, in upper case.
    pub privileges: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plugin {
    pub name: String,
    pub status: String,
    pub kind: String,
    pub library: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    pub kind: Program,
    pub schema: String,
    pub name: String,
}

/// What could not be read, and why: the checks that need it say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// `EVENTS`, `INNODB_SYS_COLUMNS`, …
    pub what: String,
    /// The schema; `None` for the whole server.
    pub schema: Option<String>,
    /// The server's own words.
    pub why: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    pub name: String,
    pub charset: String,
    pub collation: String,
    /// Base tables.
    pub tables: Vec<Table>,
    pub views: Vec<View>,
    pub programs: Vec<StoredProgram>,
    /// Tables that InnoDB has and the server has not; those of an `ALTER TABLE` at work among them (`#sql-…`). Empty from 8.0 on.
    pub only_in_innodb: Vec<String>,
    pub unread: Vec<Unread>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    /// `None` where the table could not be opened; `comment` tells why.
    pub engine: Option<String>,
    pub row_format: String,
    pub collation: Option<String>,
    pub create_options: String,
    pub comment: Vec<u8>,
    /// The server has cut the table's comment at a byte that is invalid.
    pub invalid_comment: bool,
    pub columns: Vec<Column>,
    pub indexes: Vec<Index>,
    /// Empty where the table is not partitioned.
    pub partitions: Vec<Partition>,
    pub foreign_keys: Vec<ForeignKey>,
    /// `None` where InnoDB does not know a table of this name, whatever the engine.
    pub innodb: Option<InnodbTable>,
    /// The server has cut the comment of one of its columns at a byte that is invalid.
    pub invalid_column_comment: bool,
    /// The same of an index.
    pub invalid_index_comment: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// `DATA_TYPE`, in lower case.
    pub data_type: String,
    /// `COLUMN_TYPE` as it is: `enum('a','b')`, `double(7,3) unsigned`, and with old temporal types their mark.
    pub column_type: Vec<u8>,
    pub nullable: bool,
    pub default: Option<Vec<u8>>,
    /// `EXTRA`.
    pub extra: String,
    pub charset: Option<String>,
    pub collation: Option<String>,
    pub comment: Vec<u8>,
    /// The expression of a generated column.
    pub generation: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    pub name: String,
    pub unique: bool,
    /// `BTREE`, `FULLTEXT`, `SPATIAL`, `HASH`.
    pub kind: String,
    pub comment: Vec<u8>,
    /// In order: the name of the column (`None` for an expression) and the length of its prefix in characters.
    pub parts: Vec<(Option<String>, Option<u32>)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partition {
    pub name: String,
    pub subpartition: Option<String>,
    pub method: String,
    pub submethod: Option<String>,
    pub expression: Option<Vec<u8>>,
    pub subexpression: Option<Vec<u8>>,
    /// `VALUES LESS THAN` or `IN`: what stands in the parentheses.
    pub description: Option<Vec<u8>>,
    pub tablespace: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignKey {
    pub name: String,
    pub columns: Vec<String>,
    /// Schema and table.
    pub parent: (String, String),
    pub parent_columns: Vec<String>,
    /// Whether exactly these columns of the parent, in any order, are all of one of its unique keys; `None` where the parent is
    /// not there.
    pub parent_is_unique: Option<bool>,
    /// The parent's engine; `None` where the parent is not there.
    pub parent_engine: Option<String>,
}

/// What InnoDB's own dictionary says of a table, or of the first partition of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InnodbTable {
    /// `Compact`, `Dynamic`, …
    pub row_format: String,
    /// `Single`, `General`, `System`.
    pub space_type: String,
    pub space: u64,
    /// Of the tablespace of any of its partitions that is shared: its name.
    pub shared_spaces: Vec<String>,
    /// Name and `MTYPE`, in order, virtual columns and a hidden `FTS_DOC_ID` among them; empty from 8.0 on, where there is one
    /// dictionary.
    pub columns: Vec<(String, u32)>,
    /// Auxiliary tables of full-text indexes: `CONFIG`, `DELETED`, `INDEX_1`, …
    pub fulltext_tables: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    pub name: String,
    pub definer: String,
    /// The `SELECT` as the server keeps it.
    pub definition: Vec<u8>,
    pub columns: Vec<String>,
    /// What the server says of a view it cannot read.
    pub broken: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    Procedure,
    Function,
    Trigger,
    Event,
}

impl Program {
    /// As SQL writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Procedure => "PROCEDURE",
            Self::Function => "FUNCTION",
            Self::Trigger => "TRIGGER",
            Self::Event => "EVENT",
        }
    }
}

/// A procedure, function, trigger or event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProgram {
    pub kind: Program,
    pub name: String,
    /// `user@host`; empty where there is none.
    pub definer: String,
    pub sql_mode: String,
    /// Parameters and return type of a routine, unless they stand in `body`; the schedule of an event.
    pub signature: Vec<u8>,
    pub body: Vec<u8>,
    /// The table of a trigger.
    pub table: Option<String>,
    /// An event that is `ENABLED`.
    pub enabled: bool,
    /// What `signature` and `body` are encoded in, as the server calls it: `utf8`, `utf8mb4`, `latin1`.
    pub charset: String,
}

/// What `CHECK TABLE … FOR UPGRADE` said of a table beyond `OK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub schema: String,
    pub table: String,
    /// `error`, `warning`, `note`, `status`.
    pub kind: String,
    pub text: String,
}

/// How gently a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gentle {
    pub connections: usize,
    /// While more threads run than this, nothing more is asked.
    pub max_threads_running: Option<u64>,
}

pub trait CatalogueRead: Send + Sync {
    fn instance<'a>(&'a self, at: &'a Address) -> Reply<'a, Instance>;
    /// Each schema of `names` in any order, as soon as it is read. What cannot be read is `unread` in it.
    fn schemas<'a>(
        &'a self,
        at: &'a Address,
        names: &'a [String],
        gentle: Gentle,
        each: &'a mut (dyn FnMut(Schema) + Send),
    ) -> Reply<'a, ()>;
    /// `CHECK TABLE … FOR UPGRADE` of tables `(schema, name)`, many in a statement.
    fn check_tables<'a>(
        &'a self,
        at: &'a Address,
        tables: &'a [(String, String)],
        gentle: Gentle,
    ) -> Reply<'a, Vec<Checked>>;
}
