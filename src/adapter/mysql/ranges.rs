//! Ranges of a table's primary key, summed up in the server.

use futures_util::FutureExt as _;

use super::{by_key::bytes, hash, key::among_many, rows::cell, session::Session};
use crate::{
    error::{Error, Result},
    port::{
        Reply,
        mysql::quoted,
        rows::{Key, Load, Range, RowsRead, Size, Sum, Walk},
        tables::{KeyColumn, KeyForm},
    },
};

pub(super) struct Ranges<'a> {
    session: Session<'a>,
}

impl<'a> Ranges<'a> {
    pub(super) async fn open(mut session: Session<'a>) -> Result<Self> {
        // Without a mode, a date that is none stays what it is.
        session.rows("SET SESSION time_zone = '+00:00', sql_mode = ''").await?;
        // Each range is a moment of its own: an old snapshot would keep the server from purging.
        session.rows("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
        Ok(Self { session })
    }

    async fn one(&mut self, what: &str, statement: &str) -> Result<Vec<Option<String>>> {
        let rows = self.session.rows_unshown(what, statement).await?;
        let row = rows.first().map(|row| (0..row.len()).map(|index| cell(row, index)).collect());
        row.ok_or_else(|| Error::permanent(format!("{what}: the server gave no row")))
    }
}

impl RowsRead for Ranges<'_> {
    fn size<'a>(&'a mut self, walk: &'a Walk) -> Reply<'a, Size> {
        async move {
            let statement =
                "SELECT table_rows FROM information_schema.TABLES WHERE table_schema = ? AND table_name = ?";
            let rows = self.session.rows_of(statement, &[&walk.schema, &walk.table]).await?;
            let rows = rows.first().and_then(|row| cell(row, 0)?.parse().ok()).unwrap_or_default();
            let [KeyColumn { column, form: KeyForm::Number, .. }] = walk.key.as_slice() else {
                return Ok(Size { rows, ends: None });
            };
            let statement = format!("SELECT MIN({0}), MAX({0}) FROM {1}{2}", quoted(column), table(walk), only(walk));
            let ends = self.one(&of("the ends", walk), &statement).await?;
            let end = |index: usize| ends.get(index)?.as_ref()?.parse::<i128>().ok();
            Ok(Size { rows, ends: end(0).zip(end(1)) })
        }
        .boxed()
    }

    fn key_at<'a>(&'a mut self, walk: &'a Walk, range: &'a Range, rows: u64) -> Reply<'a, Option<Key>> {
        async move {
            let statement = format!(
                "SELECT {} FROM {}{}{} LIMIT 1 OFFSET {}",
                keys(walk),
                table(walk),
                condition(walk, range)?,
                order(walk),
                rows.saturating_sub(1)
            );
            let found = self.session.rows_unshown(&of("a key", walk), &statement).await?;
            Ok(found
                .first()
                .and_then(|row| (0..walk.key.len()).map(|index| literal(walk, index, cell(row, index)?)).collect()))
        }
        .boxed()
    }

    fn sum<'a>(&'a mut self, walk: &'a Walk, range: &'a Range) -> Reply<'a, Sum> {
        async move {
            let row = hash::row(walk);
            // Two equal rows cancel each other in a XOR; where there is a key no two are equal.
            let sum = if walk.key.is_empty() {
                format!("SUM(CAST({row} AS DECIMAL(20)))")
            } else {
                format!("BIT_XOR({row})")
            };
            let statement = format!("SELECT COUNT(*), {sum} FROM {}{}", table(walk), condition(walk, range)?);
            let mut found = self.one(&of("a sum", walk), &statement).await?.into_iter();
            let rows = found.next().flatten().and_then(|count| count.parse().ok()).unwrap_or_default();
            Ok(Sum { rows, hash: found.next().flatten().unwrap_or_else(|| "0".to_owned()) })
        }
        .boxed()
    }

    fn hashes<'a>(&'a mut self, walk: &'a Walk, range: &'a Range, limit: u64) -> Reply<'a, Vec<(Key, u64)>> {
        async move {
            let statement = format!(
                "SELECT {}, {} FROM {}{}{} LIMIT {limit}",
                keys(walk),
                hash::row(walk),
                table(walk),
                condition(walk, range)?,
                order(walk)
            );
            let found = self.session.rows_unshown(&of("rows", walk), &statement).await?;
            let width = walk.key.len();
            let row = |row: &mysql_async::Row| {
                let key: Option<Key> = (0..width).map(|index| literal(walk, index, cell(row, index)?)).collect();
                Some((key?, cell(row, width)?.parse().ok()?))
            };
            let rows: Option<Vec<_>> = found.iter().map(row).collect();
            rows.ok_or_else(|| Error::permanent(format!("{}: one has no key or no hash", of("rows", walk))))
        }
        .boxed()
    }

    fn load(&mut self) -> Reply<'_, Load> {
        async move {
            let rows = self.session.rows("SHOW GLOBAL STATUS LIKE 'Threads_running'").await?;
            let threads = rows.first().and_then(|row| cell(row, 1)?.parse().ok()).unwrap_or_default();
            Ok(Load { threads, seconds_behind: super::read::seconds_behind(&mut self.session).await? })
        }
        .boxed()
    }

    fn close<'a>(self: Box<Self>) -> Reply<'a, ()>
    where
        Self: 'a,
    {
        async move {
            self.session.close().await;
            Ok(())
        }
        .boxed()
    }
}

fn of(what: &str, walk: &Walk) -> String {
    format!("{what} of {}.{}", walk.schema, walk.table)
}

fn table(walk: &Walk) -> String {
    let index = if walk.key.is_empty() { "" } else { " FORCE INDEX (PRIMARY)" };
    format!("{}.{}{index}", quoted(&walk.schema), quoted(&walk.table))
}

/// The key's columns as the literals are made of.
fn keys(walk: &Walk) -> String {
    let shown = walk.key.iter().map(|key| {
        let column = quoted(&key.column);
        match key.form {
            KeyForm::Text { .. } => format!("HEX(CONVERT({column} USING utf8mb4))"),
            KeyForm::Bytes => format!("HEX({column})"),
            KeyForm::Date => format!("DATE_FORMAT({column}, '%Y-%m-%d')"),
            KeyForm::Moment => format!("DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s.%f')"),
            KeyForm::Instant => format!("UNIX_TIMESTAMP({column})"),
            KeyForm::Number | KeyForm::Other => format!("{column} + 0"),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// As a log's reader writes the value.
fn literal(walk: &Walk, index: usize, shown: String) -> Option<String> {
    Some(match walk.key.get(index)?.form {
        KeyForm::Text { .. } => format!("_utf8mb4 X'{shown}'"),
        KeyForm::Bytes => format!("X'{shown}'"),
        KeyForm::Date | KeyForm::Moment => format!("'{shown}'"),
        KeyForm::Instant => format!("FROM_UNIXTIME({shown})"),
        KeyForm::Number | KeyForm::Other => shown,
    })
}

fn order(walk: &Walk) -> String {
    let columns: Vec<String> = walk.key.iter().map(|key| quoted(&key.column)).collect();
    format!(" ORDER BY {}", columns.join(", "))
}

fn only(walk: &Walk) -> String {
    let conditions: Vec<String> = walk.only.iter().map(|(column, value)| equals(column, value)).collect();
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}

fn equals(column: &str, value: &str) -> String {
    let column = quoted(column);
    format!("{column} = {value} AND {} = {}", bytes(&column), bytes(value))
}

/// # Errors
/// `Bug` where a bound is not made of a literal for each column of the key.
fn condition(walk: &Walk, range: &Range) -> Result<String> {
    let mut conditions: Vec<String> = walk.only.iter().map(|(column, value)| equals(column, value)).collect();
    for (bound, beyond, last) in [(&range.after, ">", ">"), (&range.until, "<", "<=")] {
        let Some(bound) = bound else { continue };
        if bound.len() != walk.key.len() || !bound.iter().all(|literal| super::by_key::is_literal(literal)) {
            return Err(Error::bug(format!("A bound of {}.{} is not made of literals", walk.schema, walk.table)));
        }
        conditions.push(side(&walk.key, bound, beyond, last));
    }
    Ok(if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) })
}

/// `a > 1 OR a = 1 AND b > 2`, which a server makes a range of its index of; a comparison of rows it does not.
fn side(key: &[KeyColumn], bound: &Key, beyond: &str, last: &str) -> String {
    let mut alternatives = Vec::new();
    for at in 0..key.len() {
        let mut parts: Vec<String> = (0..at)
            .map(|before| format!("{} = {}", quoted(&key[before].column), among_many(&key[before], &bound[before])))
            .collect();
        let sign = if at + 1 == key.len() { last } else { beyond };
        parts.push(format!("{} {sign} {}", quoted(&key[at].column), among_many(&key[at], &bound[at])));
        alternatives.push(format!("({})", parts.join(" AND ")));
    }
    format!("({})", alternatives.join(" OR "))
}
