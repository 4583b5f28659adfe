//! Tables, views, columns and indexes of one schema.

use std::collections::HashMap;

use super::{
    asking::Asking,
    cells::{bytes, literal, name, number, text},
};
use crate::{
    error::Result,
    port::catalogue::{Column, Index, Table, View},
};

/// Rows by table, in the order in which the tables were met.
#[derive(Debug)]
pub(super) struct ByTable<T> {
    places: HashMap<String, usize>,
    rows: Vec<Vec<T>>,
    last: usize,
}

impl<T> Default for ByTable<T> {
    fn default() -> Self {
        Self { places: HashMap::new(), rows: Vec::new(), last: 0 }
    }
}

impl<T> ByTable<T> {
    pub(super) fn push(&mut self, table: String, row: T) {
        self.last = *self.places.entry(table).or_insert_with(|| {
            self.rows.push(Vec::new());
            self.rows.len() - 1
        });
        self.rows[self.last].push(row);
    }

    pub(super) fn take(&mut self, table: &str) -> Vec<T> {
        self.places.get(table).map(|place| std::mem::take(&mut self.rows[*place])).unwrap_or_default()
    }
}

/// What a pass over one view of `information_schema` has found; the warnings stand for what it had to leave out.
pub(super) type Found<T> = std::result::Result<(T, u16), super::asking::Refusal>;

/// Base tables, and of views the name and what is wrong with them.
pub(super) async fn tables(
    asking: &mut Asking<'_>,
    schema: &str,
    with_row_format: bool,
) -> Result<Found<(Vec<Table>, Vec<View>)>> {
    let row_format = if with_row_format { "row_format" } else { "NULL" };
    let statement = format!(
        "SELECT table_name, table_type, engine, {row_format}, table_collation, create_options, table_comment \
         FROM information_schema.TABLES WHERE table_schema = {}",
        literal(schema)
    );
    let (mut tables, mut views) = (Vec::new(), Vec::new());
    let answer = asking
        .each(&statement, &mut |mut row| {
            let comment = bytes(&mut row, 6).unwrap_or_default();
            if name(&mut row, 1) == "VIEW" {
                let told = String::from_utf8_lossy(&comment).into_owned();
                let broken = (!told.is_empty() && told != "VIEW").then_some(told);
                views.push(View { name: name(&mut row, 0), broken, ..View::default() });
                return;
            }
            tables.push(Table {
                name: name(&mut row, 0),
                engine: text(&mut row, 2),
                row_format: name(&mut row, 3),
                collation: text(&mut row, 4),
                create_options: name(&mut row, 5),
                comment,
                ..Table::default()
            });
        })
        .await?;
    Ok(answer.map(|warnings| ((tables, views), warnings)))
}

/// Columns with their ordinal position, of views as well.
pub(super) async fn columns(asking: &mut Asking<'_>, schema: &str) -> Result<Found<ByTable<(u32, Column)>>> {
    let statement = format!(
        "SELECT table_name, ordinal_position, column_name, data_type, column_type, is_nullable, column_default, extra, \
         character_set_name, collation_name, column_comment, generation_expression \
         FROM information_schema.COLUMNS WHERE table_schema = {}",
        literal(schema)
    );
    let mut found = ByTable::default();
    let answer = asking
        .each(&statement, &mut |mut row| {
            let column = Column {
                name: name(&mut row, 2),
                data_type: name(&mut row, 3).to_ascii_lowercase(),
                column_type: bytes(&mut row, 4).unwrap_or_default(),
                nullable: name(&mut row, 5) == "YES",
                default: bytes(&mut row, 6),
                extra: name(&mut row, 7),
                charset: text(&mut row, 8),
                collation: text(&mut row, 9),
                comment: bytes(&mut row, 10).unwrap_or_default(),
                generation: bytes(&mut row, 11).filter(|expression| !expression.is_empty()),
            };
            let position = number(&mut row, 1).unwrap_or_default();
            found.push(name(&mut row, 0), (position, column));
        })
        .await?;
    Ok(answer.map(|warnings| (found, warnings)))
}

/// One column of an index.
#[derive(Debug)]
pub(super) struct Part {
    index: Index,
    position: u32,
    part: (Option<String>, Option<u32>),
}

pub(super) async fn indexes(asking: &mut Asking<'_>, schema: &str) -> Result<Found<ByTable<Part>>> {
    let statement = format!(
        "SELECT table_name, index_name, seq_in_index, non_unique, index_type, column_name, sub_part, index_comment \
         FROM information_schema.STATISTICS WHERE table_schema = {}",
        literal(schema)
    );
    let mut found = ByTable::default();
    let answer = asking
        .each(&statement, &mut |mut row| {
            let part = Part {
                index: Index {
                    name: name(&mut row, 1),
                    unique: name(&mut row, 3) == "0",
                    kind: name(&mut row, 4),
                    comment: bytes(&mut row, 7).unwrap_or_default(),
                    parts: Vec::new(),
                },
                position: number(&mut row, 2).unwrap_or_default(),
                part: (text(&mut row, 5), number(&mut row, 6)),
            };
            found.push(name(&mut row, 0), part);
        })
        .await?;
    Ok(answer.map(|warnings| (found, warnings)))
}

/// The indexes whose parts came in any order.
pub(super) fn joined(mut parts: Vec<Part>) -> Vec<Index> {
    let mut indexes: Vec<Index> = Vec::new();
    parts.sort_by_key(|part| part.position);
    for Part { index, part, .. } in parts {
        match indexes.iter_mut().find(|known| known.name == index.name) {
            Some(known) => known.parts.push(part),
            None => indexes.push(Index { parts: vec![part], ..index }),
        }
    }
    indexes
}
