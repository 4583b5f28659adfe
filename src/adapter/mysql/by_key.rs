//! Rows read by their keys: a statement looks many up in the primary key, and each row shows which key it belongs to.

use std::collections::HashMap;

use super::{
    key::{Told, among_many},
    rows::cell,
    session::Session,
};
use crate::{
    error::{Error, Result},
    port::{
        mysql::quoted,
        tables::{ByKey, Form, KeyColumn, KeyForm, KeyedRow, Shown},
    },
};

/// Keys of one statement. They are a list of literals: thousands of SELECTs in one statement run over the stack of a server,
/// which is known to have died of it.
const LOOKUPS: usize = 500;
/// What a server may use to make a statement's keys into lookups, in bytes; beyond its own limit it reads the whole table.
const RANGES: u64 = 64 << 20;
/// Values of more bytes are shown by their begin, length and digest.
const LONGEST: usize = 1_000;
const BEGIN: usize = 200;

/// One statement.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    statement: String,
    /// The first columns of a row, which tell its key; none where all keys of the statement are one.
    told: Vec<Told<'a>>,
    /// Places among all keys.
    places: HashMap<Vec<String>, usize>,
}

/// # Errors
/// `Bug` where a key is not made of literals, one for each column, or holds no column of the primary key.
pub(super) fn lookups<'a>(rows: &ByKey<'a>) -> Result<Vec<Lookup<'a>>> {
    let whole = |key: &Vec<String>| key.len() == rows.key.len() && key.iter().all(|literal| is_literal(literal));
    if !rows.key.iter().any(|column| column.primary) || !rows.keys.iter().all(whole) {
        let (schema, table, count) = (rows.schema, rows.table, rows.key.len());
        return Err(Error::bug(format!("A key of {schema}.{table} is not made of {count} literals")));
    }
    let mut lookups = Vec::new();
    for (number, keys) in rows.keys.chunks(LOOKUPS).enumerate() {
        let first = number * LOOKUPS;
        match lookup(rows, first, keys) {
            Some(lookup) => lookups.push(lookup),
            None => {
                lookups.extend(keys.chunks(1).enumerate().filter_map(|(more, key)| lookup(rows, first + more, key)))
            }
        }
    }
    Ok(lookups)
}

/// `None` where a row could not tell its key; that of one key alone can.
fn lookup<'a>(rows: &ByKey<'a>, first: usize, keys: &[Vec<String>]) -> Option<Lookup<'a>> {
    let (mut conditions, mut told, mut sought) = (Vec::new(), Vec::new(), Vec::new());
    for (place, column) in rows.key.iter().enumerate() {
        let literals: Vec<&String> = keys.iter().map(|key| &key[place]).collect();
        if literals.iter().all(|literal| *literal == literals[0]) {
            conditions.push(condition(column, literals[0]));
            continue;
        }
        told.push(Told::of(column, &literals)?);
        // A list with a column that is in no index has the whole table read.
        if column.primary {
            sought.push((column, literals));
        }
    }
    if !sought.is_empty() {
        let names: Vec<String> = sought.iter().map(|(column, _)| quoted(&column.column)).collect();
        let key = |at: usize| tuple(sought.iter().map(|(column, literals)| among_many(column, literals[at])).collect());
        let list: Vec<String> = (0..keys.len()).map(key).collect();
        conditions.push(format!("{} IN ({})", tuple(names), list.join(", ")));
    }
    let shown = told.iter().map(Told::expression).chain(values(rows));
    let statement = format!(
        "SELECT {} FROM {}.{} FORCE INDEX (PRIMARY) WHERE {}",
        shown.collect::<Vec<_>>().join(", "),
        quoted(rows.schema),
        quoted(rows.table),
        conditions.join(" AND ")
    );
    let of = |at: usize| told.iter().map(|told| told.values[at].clone()).collect();
    let places: HashMap<Vec<String>, usize> = (0..keys.len()).map(|at| (of(at), first + at)).collect();
    // Two literals of one value.
    (places.len() == keys.len()).then_some(Lookup { statement, told, places })
}

/// # Errors
/// `Permanent` where a server gives a row that nobody asked for.
pub(super) async fn read(session: &mut Session<'_>, rows: &ByKey<'_>, lookups: &[Lookup<'_>]) -> Result<Vec<KeyedRow>> {
    // Without a mode, a date that is none stays what it is.
    session.rows("SET SESSION time_zone = '+00:00', sql_mode = ''").await?;
    // A server that does not know it has no limit.
    let _ = session.try_rows(&format!("SET SESSION range_optimizer_max_mem_size = {RANGES}")).await?;
    let what = format!("rows of {}.{} by their keys", rows.schema, rows.table);
    let mut found = Vec::new();
    for lookup in lookups {
        for row in session.rows_unshown(&what, &lookup.statement).await? {
            let seen = lookup.told.iter().enumerate().map(|(at, told)| Some(told.seen(cell(&row, at)?)));
            let seen: Option<Vec<String>> = seen.collect();
            let Some(at) = seen.and_then(|seen| lookup.places.get(&seen)) else {
                if lookup.others() {
                    continue;
                }
                return Err(Error::permanent(format!("{what}: one came that belongs to none of them")));
            };
            let count = if rows.digest { 1 } else { rows.columns.len() };
            let values = (0..count).map(|index| cell(&row, lookup.told.len() + index)).collect();
            found.push(KeyedRow { at: *at, values });
        }
    }
    Ok(found)
}

impl Lookup<'_> {
    /// Whether it also finds rows that are not asked for: text that a collation takes for equal, other rows of a key whose
    /// columns are not all in the primary key.
    fn others(&self) -> bool {
        let other = |told: &Told<'_>| !told.column.primary || matches!(told.column.form, KeyForm::Text { .. });
        self.told.iter().any(other)
    }
}

/// What is selected of a row, beside what tells its key: never nothing.
fn values(rows: &ByKey<'_>) -> Vec<String> {
    if rows.digest {
        // QUOTE tells NULL from a word, and where each value ends.
        let quoted: Vec<String> = rows.columns.iter().map(|shown| format!("QUOTE({})", expression(shown))).collect();
        return vec![format!("MD5(CONCAT_WS(',', '', {}))", [quoted, vec!["''".to_owned()]].concat().join(", "))];
    }
    rows.columns.iter().map(expression).chain(["1".to_owned()]).collect()
}

/// `(a, b)`, and one alone without brackets.
fn tuple(parts: Vec<String>) -> String {
    if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(", ")) }
}

fn condition(key: &KeyColumn, literal: &str) -> String {
    let column = quoted(&key.column);
    let exact = match key.form {
        KeyForm::Text { .. } => format!(" AND {} = {}", bytes(&column), bytes(literal)),
        _ => String::new(),
    };
    format!("{column} = {literal}{exact}")
}

/// Bytes in UTF-8: nothing is the same as another but itself, no trailing space and no case.
pub(super) fn bytes(text: &str) -> String {
    format!("CAST(CONVERT({text} USING utf8mb4) AS BINARY)")
}

fn expression(shown: &Shown) -> String {
    let (column, value) = (quoted(&shown.column), whole(shown));
    match shown.form {
        Form::Text | Form::Json => short(&column, &value, |text| text.to_owned()),
        Form::Bytes | Form::Unfilled => short(&column, &value, |bytes| format!("HEX({bytes})")),
        Form::Number | Form::Double | Form::Moment | Form::Span => value,
    }
}

/// The value in its form, however long it is; bytes as bytes.
pub(super) fn whole(shown: &Shown) -> String {
    let column = quoted(&shown.column);
    match shown.form {
        Form::Number => format!("{column} + 0"),
        Form::Double => format!("{column} + 0e0"),
        Form::Text => format!("CONVERT({column} USING utf8mb4)"),
        Form::Bytes => binary(&column),
        Form::Unfilled => format!("TRIM(TRAILING X'00' FROM {})", binary(&column)),
        Form::Json => {
            // Numbers that JSON_OBJECT made of decimals are doubles once they have gone through text.
            let text = format!("CONVERT({column} USING utf8mb4)");
            let anew = format!("CONVERT(CAST({text} AS JSON) USING utf8mb4)");
            format!("IF(JSON_VALID({text}), {anew}, {text})")
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

/// What a log's reader makes of a value, and nothing that could be more than one value.
pub(super) fn is_literal(text: &str) -> bool {
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

    fn column(name: &str, form: KeyForm, primary: bool) -> KeyColumn {
        KeyColumn { column: name.into(), form, primary }
    }

    fn statements(key: &[KeyColumn], keys: &[&[&str]]) -> Vec<String> {
        let shown = [Shown { column: "v`; DROP".into(), form: Form::Number }];
        let keys: Vec<Vec<String>> =
            keys.iter().map(|key| key.iter().map(|literal| (*literal).to_owned()).collect()).collect();
        let rows = ByKey { schema: "a`b", table: "t", columns: &shown, digest: false, key, keys: &keys };
        lookups(&rows).unwrap().into_iter().map(|lookup| lookup.statement).collect()
    }

    #[test]
    fn names_are_quoted_and_keys_are_one_list() {
        let id = column("id", KeyForm::Number, true);
        assert_eq!(
            statements(std::slice::from_ref(&id), &[&["1"], &["2"]]),
            ["SELECT `id`, `v``; DROP` + 0, 1 FROM `a``b`.`t` FORCE INDEX (PRIMARY) WHERE `id` IN (1, 2)"]
        );
        let text = KeyForm::Text { charset: "latin1".into(), collation: "latin1_bin".into() };
        let key = [column("c", KeyForm::Other, true), id, column("k", text, true), column("x", KeyForm::Bytes, false)];
        let found = statements(&key, &[&["'s'", "1", "'a'", "X'00'"], &["'s'", "2", "_latin1 X'E9'", "X'01'"]]);
        assert_eq!(found.len(), 1);
        let wanted = "WHERE `c` = 's' AND (`id`, `k`) IN ((1, CONVERT('a' USING latin1) COLLATE latin1_bin), \
                      (2, CONVERT(_latin1 X'E9' USING latin1) COLLATE latin1_bin))";
        assert!(found[0].ends_with(wanted), "{}", found[0]);
        assert!(found[0].contains("HEX(`x`), `v``; DROP` + 0, 1 FROM"), "{}", found[0]);
    }

    #[test]
    fn keys_that_no_row_could_tell_apart_are_asked_for_one_by_one() {
        let other = [column("e", KeyForm::Other, true)];
        let found = statements(&other, &[&["'a'"], &["'b'"], &["'c'"]]);
        assert_eq!(found.len(), 3);
        assert!(found[2].ends_with("WHERE `e` = 'c'"), "{found:?}");
        assert_eq!(statements(&[column("n", KeyForm::Number, true)], &[&["1.0"], &["1"]]).len(), 2);
    }

    #[test]
    fn a_key_holds_the_primary_key_and_literals() {
        let refused = |primary: bool, key: &[&str]| {
            let (columns, keys) =
                ([column("id", KeyForm::Number, primary)], [key.iter().map(|k| (*k).into()).collect()]);
            lookups(&ByKey { schema: "s", table: "t", columns: &[], digest: false, key: &columns, keys: &keys })
                .is_err()
        };
        assert!(!refused(true, &["1"]));
        assert!(
            refused(false, &["1"]) && refused(true, &[]) && refused(true, &["1 OR 1"]) && refused(true, &["1", "2"])
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
