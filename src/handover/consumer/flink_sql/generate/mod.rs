//! From the tables of a database to the statements of a job that carries them into another one.

mod types;

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use super::token::quote;
use crate::port::tables::Table;
use types::{Carried, carried};

/// Server ids of one source.
const IDS: u32 = 8;

/// A table as a job template knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Generated {
    pub schema: String,
    pub name: String,
    /// Without generated ones, in the order of the table.
    pub columns: Vec<Carry>,
    pub primary_key: Vec<String>,
    /// Regular expressions that match this table alone, and the sink's table: to stand between quotes.
    pub database_pattern: String,
    pub table_pattern: String,
    pub sink_table: String,
    /// `first-last`, apart from those of the other tables.
    pub server_ids: String,
    /// `CREATE TABLE … (…)`, up to its `WITH`.
    pub source_ddl: String,
    pub sink_ddl: String,
    /// `INSERT INTO … SELECT … FROM …`, without `;`.
    pub insert: String,
    /// What is carried without loss and yet noteworthy.
    pub notices: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Carry {
    pub name: String,
    pub source_type: String,
    pub sink_type: String,
}

/// A table or column that cannot be carried safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `db.table` or `db.table.column`.
    pub object: String,
    pub reason: String,
    pub way_out: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.object, self.reason, self.way_out)
    }
}

/// What a template is filled with, in the order of `tables`. `first_server_id` begins the ids of all sources.
///
/// # Errors
///
/// Everything that cannot be carried, of all tables at once.
pub fn generate(tables: &[Table], first_server_id: u32) -> Result<Vec<Generated>, Vec<Refusal>> {
    let (mut generated, mut refusals, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (table, number) in tables.iter().zip(0_u32..) {
        if !names.insert(flink_name(table)) {
            let reason = "another table of the job has the same name in Flink".to_owned();
            let way_out = "Give the two tables to two jobs".to_owned();
            refusals.push(Refusal { object: object(table, None), reason, way_out });
        }
        let first = first_server_id.saturating_add(number.saturating_mul(IDS));
        match one(table, first) {
            Ok(one) => generated.push(one),
            Err(more) => refusals.extend(more),
        }
    }
    if refusals.is_empty() { Ok(generated) } else { Err(refusals) }
}

fn one(table: &Table, first: u32) -> Result<Generated, Vec<Refusal>> {
    let (mut columns, mut notices, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
    for column in &table.columns {
        if !column.generated && !column.name.chars().all(nameable) {
            let reason =
                "the JDBC connector takes no column whose name has more than letters, digits, _ and $".to_owned();
            let way_out = "Give the job as `script` and leave the column out of it".to_owned();
            refusals.push(Refusal { object: object(table, Some(&column.name)), reason, way_out });
            continue;
        }
        match carried(column) {
            Carried::As { source, sink, notice } => {
                notices.extend(notice.map(|notice| format!("{}: {notice}", object(table, Some(&column.name)))));
                columns.push(Carry { name: column.name.clone(), source_type: source, sink_type: sink });
            }
            Carried::Generated => {}
            Carried::Refused(reason, way_out) => {
                refusals.push(Refusal { object: object(table, Some(&column.name)), reason, way_out });
            }
        }
    }
    // Measured: mysql-cdc puts the name into its own SQL as it is, and the job restarts for ever.
    let unsafe_name = |name: &str| name.contains(['\'', '`']);
    let names = [&table.schema, &table.name].into_iter().chain(table.columns.iter().map(|column| &column.name));
    if let Some(name) = names.into_iter().find(|name| unsafe_name(name)) {
        let reason = format!("the connectors cannot read or write a name with a quote in it: {name}");
        let way_out = "Leave the table out of `tables`".to_owned();
        refusals.push(Refusal { object: object(table, None), reason, way_out });
    }
    // They stand in comments and strings of templates too: a line end would begin a statement, a placeholder take a secret in.
    let misleading = |name: &str| name.contains(char::is_control) || name.contains("${") || name.contains("*/");
    let names = [&table.schema, &table.name].into_iter().chain(table.columns.iter().map(|column| &column.name));
    if let Some(name) = names.into_iter().find(|name| misleading(name)) {
        let reason = format!("a name with a control character, `${{` or `*/` in it: {}", name.escape_debug());
        let way_out = "Leave the table out of `tables`".to_owned();
        refusals.push(Refusal { object: object(table, None), reason, way_out });
    }
    if table.primary_key.is_empty() {
        let reason = "without a primary key the sink cannot find the row a change belongs to".to_owned();
        let way_out = "Add a primary key, or leave the table out of `tables`".to_owned();
        refusals.push(Refusal { object: object(table, None), reason, way_out });
    }
    for name in &table.primary_key {
        if table.columns.iter().any(|column| column.name == *name && column.generated) {
            let reason = "a generated column is part of the primary key, and the sink is not given it".to_owned();
            let way_out = "Leave the table out of `tables`".to_owned();
            refusals.push(Refusal { object: object(table, Some(name)), reason, way_out });
        }
        let folds = |collation: &str| !collation.ends_with("_bin") && !collation.contains("_cs");
        let key = table.columns.iter().find(|column| column.name == *name);
        if key.and_then(|column| column.collation.as_deref()).is_some_and(folds) {
            let object = object(table, Some(name));
            notices.push(format!("{object}: a key that changes only in case or accents can lose its row in the sink"));
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let name = flink_name(table);
    let (source, sink) = (identifier(&format!("{name}_source")), identifier(&format!("{name}_sink")));
    let list = columns.iter().map(|column| identifier(&column.name)).collect::<Vec<_>>().join(", ");
    Ok(Generated {
        schema: table.schema.clone(),
        name: table.name.clone(),
        database_pattern: within_quotes(&pattern(&table.schema)),
        table_pattern: within_quotes(&pattern(&table.name)),
        sink_table: within_quotes(&table.name),
        server_ids: format!("{first}-{}", first.saturating_add(IDS - 1)),
        source_ddl: ddl(&source, &columns, &table.primary_key, |column| &column.source_type),
        sink_ddl: ddl(&sink, &columns, &table.primary_key, |column| &column.sink_type),
        insert: format!("INSERT INTO {sink} ({list}) SELECT {list} FROM {source}"),
        columns,
        primary_key: table.primary_key.clone(),
        notices,
    })
}

/// Measured: the sink's statement names its parameters after the columns and ends such a name at the first character that
/// no Java identifier has; the job then restarts for ever.
fn nameable(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || (!c.is_ascii() && c.is_alphabetic())
}

fn ddl(name: &str, columns: &[Carry], key: &[String], kind: impl Fn(&Carry) -> &String) -> String {
    let not_null = |column: &Carry| if key.contains(&column.name) { " NOT NULL" } else { "" };
    let columns: String = columns
        .iter()
        .map(|column| format!("  {} {}{},\n", identifier(&column.name), kind(column), not_null(column)))
        .collect();
    let key = key.iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", ");
    format!("CREATE TABLE {name} (\n{columns}  PRIMARY KEY ({key}) NOT ENFORCED\n)")
}

fn object(table: &Table, column: Option<&str>) -> String {
    let column = column.map(|column| format!(".{column}")).unwrap_or_default();
    format!("{}.{}{column}", table.schema, table.name)
}

fn flink_name(table: &Table) -> String {
    format!("{}_{}", table.schema, table.name)
}

fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A Java regular expression for one name; the comma separates expressions.
fn pattern(name: &str) -> String {
    let special = |c: char| r"\.[]{}()*+?^$|,".contains(c);
    name.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn within_quotes(value: &str) -> String {
    let quoted = quote(value);
    quoted[1..quoted.len() - 1].to_owned()
}
