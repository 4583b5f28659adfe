//! An INSERT and the table it writes into.

use super::{
    super::{
        schema::{Origin, Schema, elements},
        statement::{Table, name},
        token::{Token, tokens},
    },
    Judged, Made,
    query::{Rows, hints, select},
};

/// What the INSERT writes into: its physical table where that is known, so that two names of one table are seen.
pub(super) fn judge(made: &Made<'_>, text: &str) -> Judged<String> {
    let Written { table, schema, written, rows } = written(made, text)?;
    connector(table)?;
    keys(table, &schema.primary_key, &written, &rows)?;
    let place = ["url", "table-name"].map(|key| table.option(key).unwrap_or_default());
    Ok(format!("{} at {}", place[1], place[0].split('?').next().unwrap_or_default()))
}

/// An INSERT of rows of one source.
pub(super) struct Written<'a> {
    pub(super) table: &'a Table,
    schema: &'a Schema,
    /// The columns it gives values to, in the order of those of `rows`.
    pub(super) written: Vec<String>,
    pub(super) rows: Rows<'a>,
}

pub(super) fn written<'a>(made: &'a Made<'_>, text: &str) -> Judged<Written<'a>> {
    let found = tokens(text).tokens;
    let is = |at: usize, word: &str| found.get(at).is_some_and(|token: &Token| token.is(text, word));
    if !is(1, "INTO") {
        return Err("An INSERT OVERWRITE replaces what the sink holds".into());
    }
    let (into, mut next) = name(text, &found, 2);
    let of = format!("The INSERT INTO {into}");
    let Some((table, schema)) = made.tables.get(into.as_str()) else {
        return Err(format!("{of} writes into what the script does not create by that name"));
    };
    hints(text, &of)?;
    let mut written: Vec<String> = schema.written().map(|column| column.name.clone()).collect();
    if is(next, "PARTITION") {
        return Err(format!("{of} names a partition"));
    }
    if is(next, "(") {
        let names = elements(text, &found[next + 1..]);
        written = names.iter().filter_map(|tokens| Some(tokens.first()?.value(text))).collect();
        next += found[next..].iter().position(|token| token.is(text, ")")).map_or(0, |close| close + 1);
    }
    let rows = select(made, text, &found[next..], &of, 0)?;
    if rows.columns.len() != written.len() {
        return Err(format!("{of} has {} columns for {} of the table", rows.columns.len(), written.len()));
    }
    Ok(Written { table, schema, written, rows })
}

fn connector(table: &Table) -> Judged<()> {
    match table.connector() {
        Some("jdbc") => Ok(()),
        Some(other) => Err(format!(
            "The sink {} has the connector {other}; only jdbc is known to take a change twice as if once",
            table.name
        )),
        None => Err(format!("The connector of the sink {} does not stand in the script", table.name)),
    }
}

/// The sink's key must hold the source's whole key, unchanged; what it holds besides must be of the row too.
fn keys(sink: &Table, key: &[String], written: &[String], rows: &Rows<'_>) -> Judged<()> {
    let source = rows.source;
    if key.is_empty() {
        return Err(format!("The sink {} has no PRIMARY KEY … NOT ENFORCED: it would take each row anew", sink.name));
    }
    if rows.schema.primary_key.is_empty() {
        return Err(format!("The source {} has no PRIMARY KEY … NOT ENFORCED", source.name));
    }
    let mut carried = Vec::new();
    for column in key {
        let from = written.iter().position(|name| name == column).and_then(|at| rows.columns.get(at));
        match from {
            Some((_, Some(from))) => carried.push(from.as_str()),
            Some((_, None)) => {
                return Err(format!(
                    "The key column {column} of the sink {} is no plain column of the source",
                    sink.name
                ));
            }
            None => return Err(format!("The key column {column} of the sink {} is not written", sink.name)),
        }
    }
    if let Some(missing) = rows.schema.primary_key.iter().find(|column| !carried.contains(&column.as_str())) {
        return Err(format!(
            "The key of the sink {} lacks {missing}, a key column of the source {}: rows would overwrite each other",
            sink.name, source.name
        ));
    }
    let origin =
        |name: &str| rows.schema.columns.iter().find(|column| column.name == name).map(|column| &column.origin);
    for name in &carried {
        if matches!(origin(name), Some(Origin::Computed(_))) {
            return Err(format!("The key of the sink {} holds {name}, which is computed", sink.name));
        }
    }
    // Many tables behind one source: their rows are told apart by where they come from, or not at all.
    for (option, metadata) in [("database-name", "database_name"), ("table-name", "table_name")] {
        let single = source.option(option).is_some_and(is_one_name);
        let told =
            carried.iter().any(|name| matches!(origin(name), Some(Origin::Metadata { key, .. }) if key == metadata));
        if !single && !told {
            return Err(format!(
                "'{option}' of the source {} may stand for several, and the sink's key does not hold its METADATA \
                 '{metadata}': rows of two tables could take each other's place",
                source.name
            ));
        }
    }
    Ok(())
}

/// Whether a regular expression is the one name it spells.
fn is_one_name(pattern: &str) -> bool {
    let mut spelled = pattern.chars();
    let mut length = 0;
    while let Some(c) = spelled.next() {
        let literal = match c {
            // Before a letter or digit it begins a class.
            '\\' => spelled.next().is_some_and(|next| !next.is_alphanumeric()),
            c => !".[]{}()*+?^$|,".contains(c),
        };
        if !literal {
            return false;
        }
        length += 1;
    }
    length > 0
}
