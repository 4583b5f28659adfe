//! Foreign keys: on 5.7 from InnoDB's dictionary, as `information_schema` would open every table for them; from 8.0 on from
//! the server's, in which InnoDB's names are no longer those of files.

use std::collections::{HashMap, HashSet};

use super::{
    asking::{Asking, Refusal},
    cells::{literal, name, number, text},
    names::Named,
};
use crate::{
    error::Result,
    port::catalogue::{ForeignKey, Index, Table, Unread},
};

/// Foreign keys by the schema and the table that have them.
pub(super) type Keys = HashMap<String, HashMap<String, Vec<ForeignKey>>>;

/// One column of a key, as it is found.
struct Row {
    schema: String,
    table: String,
    key: String,
    position: u32,
    parent: (String, String),
    columns: (String, String),
}

/// Keys of tables in the schemas of `wanted`.
pub(super) async fn read(
    asking: &mut Asking<'_>,
    wanted: &HashSet<&str>,
) -> Result<std::result::Result<Keys, Refusal>> {
    let found =
        if asking.has_dictionary() { of_server(asking, wanted).await? } else { of_innodb(asking, wanted).await? };
    Ok(found.map(|mut rows| {
        rows.sort_by_key(|row| row.position);
        let mut keys = Keys::default();
        for Row { schema, table, key, parent, columns: (own, of_parent), .. } in rows {
            let keys = keys.entry(schema).or_default().entry(table).or_default();
            let place = keys.iter().position(|known| known.name == key).unwrap_or_else(|| {
                keys.push(ForeignKey { name: key, parent, ..ForeignKey::default() });
                keys.len() - 1
            });
            keys[place].columns.push(own);
            keys[place].parent_columns.push(of_parent);
        }
        keys
    }))
}

async fn of_server(asking: &mut Asking<'_>, wanted: &HashSet<&str>) -> Result<std::result::Result<Vec<Row>, Refusal>> {
    let statement = "SELECT table_schema, table_name, constraint_name, ordinal_position, column_name, \
                     referenced_table_schema, referenced_table_name, referenced_column_name \
                     FROM information_schema.KEY_COLUMN_USAGE WHERE referenced_table_name IS NOT NULL";
    let row = |row: &mut _| Row {
        schema: name(row, 0),
        table: name(row, 1),
        key: name(row, 2),
        position: number(row, 3).unwrap_or_default(),
        parent: (name(row, 5), name(row, 6)),
        columns: (name(row, 4), name(row, 7)),
    };
    let found = asking.all(statement, row).await?;
    Ok(found.map(|rows| rows.into_iter().filter(|row| wanted.contains(row.schema.as_str())).collect()))
}

async fn of_innodb(asking: &mut Asking<'_>, wanted: &HashSet<&str>) -> Result<std::result::Result<Vec<Row>, Refusal>> {
    let statement = "SELECT id, for_name, ref_name FROM information_schema.INNODB_SYS_FOREIGN";
    let key = |row: &mut _| Some((name(row, 0), (Named::of(&name(row, 1))?, Named::of(&name(row, 2))?)));
    let keys: HashMap<String, (Named, Named)> = match asking.all(statement, key).await? {
        Ok(keys) => keys.into_iter().flatten().filter(|(_, (own, _))| wanted.contains(own.schema.as_str())).collect(),
        Err(refusal) => return Ok(Err(refusal)),
    };
    if keys.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let statement = "SELECT id, pos, for_col_name, ref_col_name FROM information_schema.INNODB_SYS_FOREIGN_COLS";
    let column = |row: &mut _| {
        let id = name(row, 0);
        let (own, parent) = keys.get(&id)?;
        Some(Row {
            schema: own.schema.clone(),
            table: own.table.clone(),
            key: id.split_once('/').map_or(id.as_str(), |(_, name)| name).to_owned(),
            position: number(row, 1).unwrap_or_default(),
            parent: (parent.schema.clone(), parent.table.clone()),
            columns: (name(row, 2), name(row, 3)),
        })
    };
    Ok(asking.all(statement, column).await?.map(|rows| rows.into_iter().flatten().collect()))
}

/// What a key asks of its parent.
struct Parent {
    engine: Option<String>,
    unique: Vec<Vec<String>>,
}

/// Tells of each key its parent's engine, and whether the parent's columns are unique. Parents in other schemas are asked for
/// one by one.
pub(super) async fn judge(
    asking: &mut Asking<'_>,
    schema: &str,
    tables: &mut [Table],
    unread: &mut Vec<Unread>,
) -> Result<()> {
    let names: HashSet<(String, String)> =
        tables.iter().flat_map(|table| &table.foreign_keys).map(|key| key.parent.clone()).collect();
    let here: HashMap<&str, &Table> = tables.iter().map(|table| (table.name.as_str(), table)).collect();
    let mut parents: HashMap<(String, String), Parent> = HashMap::new();
    for name in names {
        let parent = if name.0 == schema {
            let table = here.get(name.1.as_str());
            table.map(|table| Parent { engine: table.engine.clone(), unique: unique_of(&table.indexes) })
        } else {
            elsewhere(asking, &name, unread).await?
        };
        parents.extend(parent.map(|parent| (name, parent)));
    }
    for key in tables.iter_mut().flat_map(|table| &mut table.foreign_keys) {
        let mut columns: Vec<String> = key.parent_columns.iter().map(|name| name.to_lowercase()).collect();
        columns.sort_unstable();
        let parent = parents.get(&key.parent);
        key.parent_is_unique = parent.map(|parent| parent.unique.contains(&columns));
        key.parent_engine = parent.and_then(|parent| parent.engine.clone());
    }
    Ok(())
}

/// The columns of each unique key that has whole columns only, in lower case and sorted.
fn unique_of(indexes: &[Index]) -> Vec<Vec<String>> {
    let whole = |index: &Index| {
        let part = |part: &(Option<String>, Option<u32>)| match part {
            (Some(name), None) => Some(name.to_lowercase()),
            _ => None,
        };
        let mut columns: Vec<String> = index.parts.iter().map(part).collect::<Option<_>>()?;
        columns.sort_unstable();
        Some(columns)
    };
    indexes.iter().filter(|index| index.unique).filter_map(whole).collect()
}

/// `None` where the table is not there, or may not be seen.
async fn elsewhere(
    asking: &mut Asking<'_>,
    (schema, table): &(String, String),
    unread: &mut Vec<Unread>,
) -> Result<Option<Parent>> {
    let named = format!("table_schema = {} AND table_name = {}", literal(schema), literal(table));
    let statement = format!("SELECT engine FROM information_schema.TABLES WHERE {named}");
    let engines = match asking.all(&statement, |row| text(row, 0)).await? {
        Ok(engines) => engines,
        Err(refusal) => {
            unread.push(refusal.unread("TABLES", Some(schema)));
            return Ok(None);
        }
    };
    let Some(engine) = engines.into_iter().next() else { return Ok(None) };
    let statement = format!(
        "SELECT index_name, non_unique, column_name, sub_part FROM information_schema.STATISTICS WHERE {named} \
         ORDER BY index_name, seq_in_index"
    );
    let part = |row: &mut _| (name(row, 0), number::<u8>(row, 1) == Some(0), (text(row, 2), number::<u32>(row, 3)));
    let rows = match asking.all(&statement, part).await? {
        Ok(rows) => rows,
        Err(refusal) => {
            unread.push(refusal.unread("STATISTICS", Some(schema)));
            return Ok(None);
        }
    };
    let mut indexes: Vec<Index> = Vec::new();
    for (name, unique, part) in rows {
        match indexes.last_mut().filter(|last| last.name == name) {
            Some(last) => last.parts.push(part),
            None => indexes.push(Index { name, unique, parts: vec![part], ..Index::default() }),
        }
    }
    Ok(Some(Parent { engine, unique: unique_of(&indexes) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_columns_of_unique_keys_count() {
        let index = |unique, parts: &[(Option<&str>, Option<u32>)]| Index {
            unique,
            parts: parts.iter().map(|(name, prefix)| (name.map(str::to_owned), *prefix)).collect(),
            ..Index::default()
        };
        let keys = unique_of(&[
            index(true, &[(Some("B"), None), (Some("a"), None)]),
            index(true, &[(Some("c"), Some(10))]),
            index(true, &[(None, None)]),
            index(false, &[(Some("d"), None)]),
        ]);
        assert_eq!(keys, [["a", "b"]]);
    }
}
