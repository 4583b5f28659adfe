//! Source and sink compared row by row and column by column, independently of the product's own comparison.

use std::cmp::Ordering;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use serde::{Deserialize, Serialize};

use super::rows::Table;
use crate::error::{Doing, Result};

/// How a table of the sink stands to that of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    pub table: String,
    /// Rows of the source.
    pub rows: u64,
    /// In the source only.
    pub missing: u64,
    /// In the sink only.
    pub extra: u64,
    /// In both, with another value in at least one column.
    pub different: u64,
    /// The first few of them in words.
    pub examples: Vec<String>,
}

impl Compared {
    pub fn is_equal(&self) -> bool {
        self.missing + self.extra + self.different == 0
    }

    fn example(&mut self, text: String) {
        if self.examples.len() < 5 {
            self.examples.push(text);
        }
    }
}

/// Both connections' accounts must be allowed to read; nothing may be writing.
pub async fn compare(source: (&mut Conn, &str), sink: (&mut Conn, &str), table: Table) -> Result<Compared> {
    let (source, from) = source;
    let (sink, to) = sink;
    let query = "SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ? \
                 ORDER BY ordinal_position";
    let columns: Vec<String> =
        source.exec(query, (from, table.name())).await.doing("Reading the columns of the source")?;
    let left = read(source, from, table, &columns).await?;
    let right = read(sink, to, table, &columns).await?;
    Ok(merge(table.name(), &columns, &left, &right))
}

struct Keyed {
    id: u64,
    values: Vec<Value>,
}

async fn read(conn: &mut Conn, database: &str, table: Table, columns: &[String]) -> Result<Vec<Keyed>> {
    let list: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    let query = format!("SELECT id, {} FROM {database}.{} ORDER BY id", list.join(", "), table.name());
    let rows: Vec<Row> = conn.query(query).await.doing(format!("Reading {database}.{}", table.name()))?;
    let keyed = rows.into_iter().map(|row| {
        let id = row.get::<u64, _>(0).unwrap_or_default();
        Keyed { id, values: row.unwrap().split_off(1) }
    });
    Ok(keyed.collect())
}

fn merge(table: &str, columns: &[String], left: &[Keyed], right: &[Keyed]) -> Compared {
    let mut compared = Compared { table: table.to_owned(), rows: left.len() as u64, ..Compared::default() };
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return compared,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.id.cmp(&right.id),
        };
        let one = if order.is_le() { left.next() } else { None };
        let other = if order.is_ge() { right.next() } else { None };
        match (one, other) {
            (Some(row), None) => {
                compared.missing += 1;
                compared.example(format!("{table}: id {} is missing in the sink", row.id));
            }
            (None, Some(row)) => {
                compared.extra += 1;
                compared.example(format!("{table}: id {} is only in the sink", row.id));
            }
            (Some(one), Some(other)) => {
                let id = one.id;
                let mut pairs = one.values.iter().zip(&other.values).zip(columns);
                if let Some(((one, other), column)) = pairs.find(|((one, other), _)| one != other) {
                    compared.different += 1;
                    let text = format!("{} in the source, {} in the sink", one.as_sql(true), other.as_sql(true));
                    compared.example(format!("{table}: id {id}, column {column}: {text}"));
                }
            }
            (None, None) => return compared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64, text: &str) -> Keyed {
        Keyed { id, values: vec![Value::Bytes(text.into())] }
    }

    #[test]
    fn every_kind_of_difference_is_counted() {
        let source = [row(1, "a"), row(2, "b"), row(3, "c")];
        let sink = [row(2, "b"), row(3, "x"), row(9, "d")];
        let compared = merge("t", &["name".to_owned()], &source, &sink);
        assert_eq!((compared.rows, compared.missing, compared.extra, compared.different), (3, 1, 1, 1));
        assert_eq!(compared.examples[1], "t: id 3, column name: 'c' in the source, 'x' in the sink");
        assert!(merge("t", &["name".to_owned()], &source, &source).is_equal());
    }
}
