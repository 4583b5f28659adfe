//! InnoDB's own dictionary, read whole: its tables of `information_schema` are walked whole whatever is asked of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    asking::{Asking, Refusal},
    cells::{name, number},
    foreign::{self, Keys},
    names::Named,
};
use crate::{
    error::Result,
    port::catalogue::{InnodbTable, Unread},
};

/// What InnoDB has, by schema and table.
#[derive(Debug, Default)]
pub(super) struct Innodb {
    schemas: HashMap<String, HashMap<String, Held>>,
    columns: HashMap<u64, Packed>,
    pub(super) keys: Keys,
    /// From 8.0 on InnoDB has the tables that the server has.
    pub(super) has_own_tables: bool,
    pub(super) unread: Vec<Unread>,
}

#[derive(Debug, Default)]
struct Held {
    /// Of the table, or of its first partition.
    id: u64,
    row_format: String,
    space_type: String,
    space: u64,
    shared_spaces: Vec<String>,
    fulltext_tables: Vec<String>,
}

/// Columns of one table, as there may be millions in all: position and MTYPE and length of the name, and the name.
#[derive(Debug, Default)]
struct Packed(Vec<u8>);

impl Packed {
    fn push(&mut self, position: u32, mtype: u8, name: &str) {
        self.0.extend_from_slice(&position.to_le_bytes());
        self.0.push(mtype);
        // A name has 64 characters of at most three bytes.
        self.0.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(&name.as_bytes()[..name.len().min(usize::from(u8::MAX))]);
    }

    /// In the order of the table.
    fn columns(&self) -> Vec<(String, u32)> {
        let mut found = Vec::new();
        let mut rest = self.0.as_slice();
        while let [a, b, c, d, mtype, length, after @ ..] = rest {
            let (name, next) = after.split_at(usize::from(*length));
            let position = u32::from_le_bytes([*a, *b, *c, *d]);
            found.push((position, (String::from_utf8_lossy(name).into_owned(), u32::from(*mtype))));
            rest = next;
        }
        found.sort_by_key(|(position, _)| *position);
        // A virtual column has its place among all columns in the low half, and which virtual one it is in the high half.
        let (stored, virtual_ones): (Vec<_>, Vec<_>) = found.into_iter().partition(|(position, _)| *position <= 0xFFFF);
        let mut columns: Vec<_> = stored.into_iter().map(|(_, column)| column).collect();
        for (position, column) in virtual_ones {
            columns.insert((position as usize & 0xFFFF).min(columns.len()), column);
        }
        columns
    }
}

impl Innodb {
    /// With up to three sessions at once; schemas that are not in `wanted` are left out.
    pub(super) async fn read(asking: &mut [Asking<'_>], wanted: &HashSet<&str>) -> Result<Self> {
        let (first, others) = asking.split_first_mut().expect("there is at least one connection");
        let mut innodb = Self { has_own_tables: !first.has_dictionary(), ..Self::default() };
        let mut unread = Vec::new();
        let ids = innodb.read_tables(first, wanted, &mut unread).await?;
        let (columns, keys) = match others.first_mut() {
            Some(second) => futures_util::try_join!(columns(first, &ids), foreign::read(second, wanted))?,
            None => (columns(first, &ids).await?, foreign::read(first, wanted).await?),
        };
        let own = innodb.has_own_tables;
        innodb.columns = columns.unwrap_or_else(|refusal| {
            unread.push(refusal.unread("INNODB_SYS_COLUMNS", None));
            HashMap::new()
        });
        innodb.keys = keys.unwrap_or_else(|refusal| {
            unread.push(refusal.unread(if own { "INNODB_SYS_FOREIGN" } else { "KEY_COLUMN_USAGE" }, None));
            Keys::default()
        });
        innodb.unread = unread;
        Ok(innodb)
    }

    /// Ids of the tables whose columns are of interest.
    async fn read_tables(
        &mut self,
        asking: &mut Asking<'_>,
        wanted: &HashSet<&str>,
        unread: &mut Vec<Unread>,
    ) -> Result<HashSet<u64>> {
        let general = general_spaces(asking).await?;
        let what = table(asking, "TABLES");
        let statement = format!("SELECT table_id, name, space, row_format, space_type FROM information_schema.{what}");
        let mut fulltext: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        let schemas = &mut self.schemas;
        let answer = asking
            .each(&statement, &mut |mut row| {
                let Some(named) = Named::of(&name(&mut row, 1)) else { return };
                if !wanted.contains(named.schema.as_str()) {
                    return;
                }
                if let Some((of, what)) = named.fulltext_of {
                    fulltext.entry(of).or_default().push(what);
                    return;
                }
                let (id, space) = (number(&mut row, 0).unwrap_or_default(), number(&mut row, 2).unwrap_or_default());
                let space_type = name(&mut row, 4);
                let shared = named.is_partition.then(|| shared(&space_type, space, &general)).flatten();
                let held = schemas.entry(named.schema).or_default().entry(named.table).or_insert_with(|| Held {
                    id,
                    row_format: name(&mut row, 3),
                    space_type,
                    space,
                    ..Held::default()
                });
                if let Some(shared) = shared.filter(|shared| !held.shared_spaces.contains(shared)) {
                    held.shared_spaces.push(shared);
                }
            })
            .await?;
        if let Err(refusal) = answer {
            unread.push(refusal.unread(&what, None));
        }
        let mut ids = HashSet::new();
        for held in self.schemas.values_mut().flat_map(HashMap::values_mut) {
            ids.insert(held.id);
            held.fulltext_tables = fulltext.remove(&held.id).unwrap_or_default();
        }
        Ok(ids)
    }

    /// Takes out what is of one schema.
    pub(super) fn take(&mut self, schema: &str) -> HashMap<String, InnodbTable> {
        let held = self.schemas.remove(schema).unwrap_or_default();
        let columns = &mut self.columns;
        let mut table = |held: Held| InnodbTable {
            row_format: held.row_format,
            space_type: held.space_type,
            space: held.space,
            shared_spaces: held.shared_spaces,
            columns: columns.remove(&held.id).map(|packed| packed.columns()).unwrap_or_default(),
            fulltext_tables: held.fulltext_tables,
        };
        held.into_iter().map(|(name, held)| (name, table(held))).collect()
    }
}

/// The name of one of InnoDB's tables of `information_schema`.
pub(super) fn table(asking: &Asking<'_>, name: &str) -> String {
    let own = if asking.has_dictionary() { "" } else { "SYS_" };
    format!("INNODB_{own}{name}")
}

fn shared(space_type: &str, space: u64, general: &HashMap<u64, String>) -> Option<String> {
    match space_type {
        "General" => Some(general.get(&space).cloned().unwrap_or_else(|| space.to_string())),
        "System" => Some("innodb_system".to_owned()),
        _ => None,
    }
}

/// Names of the tablespaces that are made for several tables. Where they may not be seen, the tables will tell so.
async fn general_spaces(asking: &mut Asking<'_>) -> Result<HashMap<u64, String>> {
    let what = table(asking, "TABLESPACES");
    let statement = format!("SELECT space, name FROM information_schema.{what} WHERE space_type = 'General'");
    let found = asking.all(&statement, |row| Some((number(row, 0)?, name(row, 1)))).await?;
    Ok(found.unwrap_or_default().into_iter().flatten().collect())
}

async fn columns(
    asking: &mut Asking<'_>,
    ids: &HashSet<u64>,
) -> Result<std::result::Result<HashMap<u64, Packed>, Refusal>> {
    if asking.has_dictionary() {
        return Ok(Ok(HashMap::new()));
    }
    let statement = "SELECT table_id, pos, mtype, name FROM information_schema.INNODB_SYS_COLUMNS";
    let mut found: HashMap<u64, Packed> = HashMap::new();
    let answer = asking
        .each(statement, &mut |mut row| {
            let Some(id) = number(&mut row, 0).filter(|id| ids.contains(id)) else { return };
            let (position, mtype) = (number(&mut row, 1).unwrap_or_default(), number(&mut row, 2).unwrap_or_default());
            found.entry(id).or_default().push(position, mtype, &name(&mut row, 3));
        })
        .await?;
    Ok(answer.map(|_| found))
}

/// Files of tablespaces: `(tablespace, path)`.
pub(super) async fn files(asking: &mut Asking<'_>, unread: &mut Vec<Unread>) -> Result<Vec<(String, String)>> {
    let what = table(asking, "DATAFILES");
    let statement = format!("SELECT space, path FROM information_schema.{what}");
    let files: Vec<(u64, String)> =
        asking.all_or(unread, &what, &statement, |row| (number(row, 0).unwrap_or_default(), name(row, 1))).await?;
    // Asked only where a path does not tell it: the server looks at each file to answer this.
    let elsewhere: Vec<String> =
        files.iter().filter(|(_, path)| in_its_place(path).is_none()).map(|(space, _)| space.to_string()).collect();
    let mut named: HashMap<u64, String> = HashMap::new();
    if !elsewhere.is_empty() {
        let what = table(asking, "TABLESPACES");
        let list = elsewhere.join(", ");
        let statement = format!("SELECT space, name FROM information_schema.{what} WHERE space IN ({list})");
        let found =
            asking.all_or(unread, &what, &statement, |row| (number(row, 0).unwrap_or_default(), name(row, 1))).await?;
        named.extend(found);
    }
    let file = |(space, path): (u64, String)| {
        let kept = in_its_place(&path).map(str::to_owned).or_else(|| named.get(&space).cloned());
        (kept.map_or_else(|| space.to_string(), |kept| shown(&kept)), path)
    };
    Ok(files.into_iter().map(file).collect())
}

/// `./shop/orders.ibd` is of `shop/orders`.
fn in_its_place(path: &str) -> Option<&str> {
    let name = path.strip_prefix("./")?.strip_suffix(".ibd")?;
    (name.matches('/').count() == 1 && !name.starts_with("..")).then_some(name)
}

/// A tablespace as a person knows it: that of a table by schema and table, as `shop/orders`.
fn shown(space: &str) -> String {
    match Named::of(space) {
        Some(named) if named.fulltext_of.is_none() => format!("{}/{}", named.schema, named.table),
        Some(named) => format!("{}/{}", named.schema, space.split_once('/').map_or(space, |(_, table)| table)),
        None => space.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_columns_are_put_among_the_others() {
        let mut packed = Packed::default();
        for (position, name) in [(0, "a"), (1, "b"), (2, "s"), (3, "c"), (131_076, "v2"), (65_537, "v1")] {
            packed.push(position, 6, name);
        }
        let names: Vec<_> = packed.columns().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "v1", "b", "s", "v2", "c"]);
    }

    #[test]
    fn a_path_tells_its_table_where_the_server_chose_it() {
        assert_eq!(in_its_place("./shop/orders.ibd"), Some("shop/orders"));
        assert_eq!(in_its_place("/data/shop/orders.ibd"), None);
        assert_eq!(in_its_place("ts1.ibd"), None);
        assert_eq!(in_its_place("./../shop/orders.ibd"), None);
        assert_eq!(shown("we@002dird/t@002d1#P#p0"), "we-ird/t-1");
        assert_eq!(shown("innodb_system"), "innodb_system");
    }
}
