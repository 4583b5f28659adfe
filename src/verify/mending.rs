//! Statements that would give a sink what its source has. Nobody runs them but a person.

use super::{
    compared::What,
    prepared::{Prepared, literal as by_bytes},
};
use crate::port::{mysql::quoted as name, tables::Form};

/// How a value that is too long to be shown ends, before its digest.
const SHORTENED: &str = " bytes, MD5 ";

impl Prepared<'_> {
    /// For a row of the sink with this key; `source` holds what the source shows of it.
    pub(super) fn mending(&self, key: &[String], what: &What, source: Option<&[Option<String>]>) -> String {
        let table = format!("{}.{}", name(&self.pair.sink_schema), name(&self.pair.sink_table));
        let key: Vec<(String, String)> =
            self.sink_key.iter().map(|column| name(&column.column)).zip(self.sink_key_of(key)).collect();
        let condition =
            key.iter().map(|(column, literal)| format!("{column} = {literal}")).collect::<Vec<_>>().join(" AND ");
        let shown = self.sink_shown.iter().zip(source.unwrap_or_default());
        match what {
            What::Extra => format!("DELETE FROM {table} WHERE {condition};"),
            What::Missing => {
                let others = shown.filter(|(shown, _)| !self.sink_key.iter().any(|key| key.column == shown.column));
                let values =
                    others.map(|(shown, value)| Some((name(&shown.column), literal(shown.form, value.as_deref())?)));
                let Some(values) = values.collect::<Option<Vec<_>>>() else { return by_hand(&table, &condition) };
                let (columns, literals): (Vec<_>, Vec<_>) = key.into_iter().chain(values).unzip();
                format!("INSERT INTO {table} ({}) VALUES ({});", columns.join(", "), literals.join(", "))
            }
            What::Columns(columns) => {
                let differ = shown.filter(|(shown, _)| columns.iter().any(|(column, ..)| *column == shown.column));
                let values = differ.map(|(shown, value)| {
                    Some(format!("{} = {}", name(&shown.column), literal(shown.form, value.as_deref())?))
                });
                match values.collect::<Option<Vec<_>>>() {
                    Some(values) => format!("UPDATE {table} SET {} WHERE {condition};", values.join(", ")),
                    None => by_hand(&table, &condition),
                }
            }
        }
    }
}

fn by_hand(table: &str, condition: &str) -> String {
    format!("-- {table}: a value is too long to stand here; copy the source's row WHERE {condition}")
}

/// `None` for a value that was shortened.
fn literal(form: Form, value: Option<&str>) -> Option<String> {
    let Some(value) = value else { return Some("NULL".to_owned()) };
    if value.contains(SHORTENED) {
        return None;
    }
    Some(match form {
        Form::Number | Form::Double => value.to_owned(),
        Form::Bytes | Form::Unfilled => format!("X'{value}'"),
        Form::Text | Form::Json | Form::Moment | Form::Span => text(value),
    })
}

/// In quotes where that is one text under every SQL mode, else by its bytes.
fn text(value: &str) -> String {
    if value.contains(|letter: char| letter == '\\' || letter.is_control()) {
        return by_bytes(value);
    }
    format!("'{}'", value.replace('\'', "''"))
}

/// A literal of text as a person reads it.
pub(super) fn readable(literal: &str) -> String {
    let hexadecimal = literal.strip_prefix("_utf8mb4 X'").and_then(|rest| rest.strip_suffix('\''));
    let bytes = hexadecimal.and_then(|digits| {
        let pairs = digits.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect::<Option<Vec<u8>>>()
    });
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map_or_else(|| literal.to_owned(), |value| text(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_text_under_every_mode() {
        for (value, literal) in
            [("a'b", "'a''b'"), ("é", "'é'"), ("a\\' OR 1", "_utf8mb4 X'615C27204F522031'"), ("\n", "_utf8mb4 X'0A'")]
        {
            assert_eq!(text(value), literal);
        }
        assert_eq!(readable("_utf8mb4 X'C3A9'"), "'é'");
        assert_eq!(readable("_utf8mb4 X'FF'"), "_utf8mb4 X'FF'");
        assert_eq!(readable("-7"), "-7");
    }

    #[test]
    fn what_was_shortened_is_no_value() {
        assert_eq!(literal(Form::Text, Some("abc… 70000 bytes, MD5 00ff")), None);
        assert_eq!(literal(Form::Bytes, Some("00FF")).as_deref(), Some("X'00FF'"));
        assert_eq!(literal(Form::Number, None).as_deref(), Some("NULL"));
    }
}
