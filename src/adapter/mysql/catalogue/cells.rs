//! Cells of a row, taken out of it: bytes as they came, names as text.

use mysql_async::{Row, Value};

/// `None` for NULL.
pub(super) fn bytes(row: &mut Row, index: usize) -> Option<Vec<u8>> {
    match row.take(index)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(bytes),
        other => Some(other.as_sql(true).into_bytes()),
    }
}

/// For what the server itself keeps in UTF-8.
pub(super) fn text(row: &mut Row, index: usize) -> Option<String> {
    bytes(row, index).map(|bytes| {
        String::from_utf8(bytes).unwrap_or_else(|odd| String::from_utf8_lossy(odd.as_bytes()).into_owned())
    })
}

/// The empty text for NULL.
pub(super) fn name(row: &mut Row, index: usize) -> String {
    text(row, index).unwrap_or_default()
}

pub(super) fn number<T: std::str::FromStr>(row: &mut Row, index: usize) -> Option<T> {
    text(row, index)?.parse().ok()
}

/// Text as a literal of SQL, with the default `sql_mode` and with NO_BACKSLASH_ESCAPES alike.
pub(super) fn literal(text: &str) -> String {
    if text.contains('\\') {
        let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        return format!("_utf8 x'{digits}'");
    }
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_quotes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'"), r"_utf8 x'615c27'");
    }
}
