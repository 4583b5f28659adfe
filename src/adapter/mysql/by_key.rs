//! Rows read by their keys: one statement of many point lookups, each of which says which key it is.

use super::{rows::cell, session::Session};
use crate::{
    error::{Error, Result},
    port::tables::{ByKey, Form, KeyColumn, KeyedRow, Shown},
};

/// Lookups of one statement.
const LOOKUPS: usize = 100;
/// Values of more bytes are shown by their begin, length and digest.
const LONGEST: usize = 1_000;
const BEGIN: usize = 200;

/// # Errors
/// `Bug` where a key is not made of literals, one for each column.
pub(super) fn statements(rows: &ByKey<'_>) -> Result<Vec<String>> {
    let columns: String = rows.columns.iter().map(|shown| format!(", {}", expression(shown))).collect();
    let from = format!("FROM {}.{}", quoted(rows.schema), quoted(rows.table));
    let lookup = |(at, key): (usize, &Vec<String>)| {
        if key.is_empty() || key.len() != rows.key.len() || !key.iter().all(|literal| is_literal(literal)) {
            return Err(Error::bug(format!(
                "A key of {}.{} is not made of {} literals",
                rows.schema,
                rows.table,
                rows.key.len()
            )));
        }
        let conditions: Vec<String> =
            rows.key.iter().zip(key).map(|(column, literal)| condition(column, literal)).collect();
        Ok(format!("(SELECT {at}{columns} {from} WHERE {})", conditions.join(" AND ")))
    };
    let lookups = rows.keys.iter().enumerate().map(lookup).collect::<Result<Vec<_>>>()?;
    Ok(lookups.chunks(LOOKUPS).map(|some| some.join(" UNION ALL ")).collect())
}

pub(super) async fn read(session: &mut Session<'_>, rows: &ByKey<'_>, statements: &[String]) -> Result<Vec<KeyedRow>> {
    session.rows("SET SESSION time_zone = '+00:00'").await?;
    let what = format!("rows of {}.{} by their keys", rows.schema, rows.table);
    let mut found = Vec::new();
    for statement in statements {
        for row in session.rows_unshown(&what, statement).await? {
            let at = cell(&row, 0).and_then(|at| at.parse().ok());
            let at = at.ok_or_else(|| Error::bug(format!("{what} came without the number of their key")))?;
            let values = (0..rows.columns.len()).map(|index| cell(&row, index + 1)).collect();
            found.push(KeyedRow { at, values });
        }
    }
    Ok(found)
}

fn condition(key: &KeyColumn, literal: &str) -> String {
    let column = quoted(&key.column);
    let exact = if key.text { format!(" AND {} = {}", bytes(&column), bytes(literal)) } else { String::new() };
    format!("{column} = {literal}{exact}")
}

/// Bytes in UTF-8: nothing is the same as another but itself, no trailing space and no case.
fn bytes(text: &str) -> String {
    format!("CAST(CONVERT({text} USING utf8mb4) AS BINARY)")
}

fn expression(shown: &Shown) -> String {
    let column = quoted(&shown.column);
    match shown.form {
        Form::Number => format!("{column} + 0"),
        Form::Double => format!("{column} + 0e0"),
        Form::Text => short(&column, &format!("CONVERT({column} USING utf8mb4)"), |text| text.to_owned()),
        Form::Bytes => short(&column, &binary(&column), |bytes| format!("HEX({bytes})")),
        Form::Unfilled => {
            short(&column, &format!("TRIM(TRAILING X'00' FROM {})", binary(&column)), |bytes| format!("HEX({bytes})"))
        }
        Form::Json => {
            // Numbers that JSON_OBJECT made of decimals are doubles once they have gone through text.
            let text = format!("CONVERT({column} USING utf8mb4)");
            let anew = format!("CONVERT(CAST({text} AS JSON) USING utf8mb4)");
            short(&column, &format!("IF(JSON_VALID({text}), {anew}, {text})"), |text| text.to_owned())
        }
        Form::Moment => format!("DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s.%f')"),
        Form::Span => format!("TIME_FORMAT({column}, '%H:%i:%s.%f')"),
    }
}

/// Of bytes as they are; text is taken in UTF-8. A column of bytes has no character set to be converted from.
fn binary(column: &str) -> String {
    format!("IF(CHARSET({column}) = 'binary', CAST({column} AS BINARY), {})", bytes(column))
}

/// A server gives NULL for what is longer than its max_allowed_packet; that is the same as nothing, itself included.
fn short(column: &str, value: &str, show: impl Fn(&str) -> String) -> String {
    format!(
        "COALESCE(IF(LENGTH({value}) > {LONGEST}, CONCAT({}, '… ', LENGTH({value}), ' bytes, MD5 ', MD5({value})), {}), \
         IF({column} IS NULL, NULL, CONCAT('longer than max_allowed_packet, ', UUID())))",
        show(&format!("LEFT({value}, {BEGIN})")),
        show(value)
    )
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// What a log's reader makes of a value, and nothing that could be more than one value.
fn is_literal(text: &str) -> bool {
    let inner = |begin: &str, end: &str| text.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
    let number = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_digit() || first == '-')
            && text.len() < 100
            && text.bytes().all(|byte| byte.is_ascii_digit() || b"-+.e".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && !text.contains("--")
    };
    let hexadecimal = |text: &str| {
        let digits = text.strip_prefix("X'").and_then(|rest| rest.strip_suffix('\''));
        digits.is_some_and(|digits| digits.len() % 2 == 0 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if let Some(seconds) = inner("FROM_UNIXTIME(", ")") {
        return number(seconds);
    }
    if let Some((charset, rest)) = text.strip_prefix('_').and_then(|text| text.split_once(' ')) {
        return charset.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !charset.is_empty() && hexadecimal(rest);
    }
    number(text)
        || hexadecimal(text)
        || inner("'", "'").is_some_and(|plain| {
            plain.bytes().all(|byte| (byte.is_ascii_graphic() || byte == b' ') && byte != b'\'' && byte != b'\\')
        }) && text.len() > 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_literals_are_keys() {
        for text in ["1", "-2.5", "1e10", "'a b'", "''", "X'00FF'", "_latin1 X'E9'", "FROM_UNIXTIME(12.5)"] {
            assert!(is_literal(text), "{text}");
        }
        for text in [
            "",
            "'",
            "NULL",
            "1 OR 1",
            "1--1",
            "-",
            "'a' OR 'a'",
            "'\\'",
            "X'0'",
            "X'zz'",
            "_latin1 'a'",
            "_a b X'00'",
            "FROM_UNIXTIME(SLEEP(9))",
            "FROM_UNIXTIME(1) OR (1)",
            "id",
            "'a",
            "e1",
            "1)",
            "'ä'",
        ] {
            assert!(!is_literal(text), "{text}");
        }
    }

    #[test]
    fn names_are_quoted_and_keys_are_numbered() {
        let shown = [Shown { column: "v`; DROP".into(), form: Form::Number }];
        let key = [KeyColumn { column: "id".into(), text: false }];
        let keys = vec![vec!["1".to_owned()], vec!["2".to_owned()]];
        let rows = ByKey { schema: "a`b", table: "t", columns: &shown, key: &key, keys: &keys };
        let statements = statements(&rows).unwrap();
        assert_eq!(
            statements,
            ["(SELECT 0, `v``; DROP` + 0 FROM `a``b`.`t` WHERE `id` = 1) UNION ALL \
              (SELECT 1, `v``; DROP` + 0 FROM `a``b`.`t` WHERE `id` = 2)"]
        );
    }

    proptest! {
        #[test]
        fn no_literal_ends_before_its_end(text in "['X_(0-9a-f) \\\\;,.#-]{0,12}") {
            if is_literal(&text) {
                let quotes = text.matches('\'').count();
                prop_assert!(quotes == 0 || quotes == 2 && text.ends_with('\''));
                prop_assert!(!text.contains(['\\', '#']) || quotes == 2);
            }
        }
    }
}
