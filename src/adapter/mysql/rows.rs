//! Cells of `SHOW` and `SELECT` results. Versions spell the same column differently, so they are asked for by all names.

use mysql_async::{Row, Value};

/// The cell of the first of `names` (in any case) that the row has; `None` also for NULL.
pub(super) fn text(row: &Row, names: &[&str]) -> Option<String> {
    let has = |name: &&str| row.columns_ref().iter().position(|column| column.name_str().eq_ignore_ascii_case(name));
    cell(row, names.iter().find_map(has)?)
}

/// The cell at `index`; `None` also for NULL.
pub(super) fn cell(row: &Row, index: usize) -> Option<String> {
    match row.as_ref(index)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        other => Some(other.as_sql(true)),
    }
}
