//! Which key a row belongs to: the columns by which it was looked up, shown as their literals can be.

use std::collections::BTreeSet;

use super::by_key::bytes;
use crate::port::{
    mysql::quoted,
    tables::{KeyColumn, KeyForm},
};

/// Character sets of more than one byte for each letter of ASCII.
const WIDE: [&str; 5] = ["ucs2", "utf16", "utf16le", "utf32", "utf16be"];

/// A key column whose value differs among the keys of one statement.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) column: &'a KeyColumn,
    /// Of literals of text: what their bytes are in.
    charset: String,
    /// What each literal is shown as.
    pub(super) values: Vec<String>,
}

impl<'a> Told<'a> {
    /// `None` where a row would not show which of these literals it was found by.
    pub(super) fn of(column: &'a KeyColumn, literals: &[&String]) -> Option<Self> {
        let introduced: BTreeSet<&str> = literals.iter().filter_map(|literal| introducer(literal)).collect();
        let plain = literals.iter().any(|literal| inner(literal, "'", "'").is_some());
        let charset = introduced.first().copied().unwrap_or("utf8mb4");
        if introduced.len() > 1 || (plain && WIDE.contains(&charset)) {
            return None;
        }
        let values = literals.iter().map(|literal| value(&column.form, literal)).collect::<Option<Vec<_>>>()?;
        Some(Self { column, charset: charset.to_owned(), values })
    }

    /// Selects what tells the key.
    pub(super) fn expression(&self) -> String {
        let column = quoted(&self.column.column);
        match &self.column.form {
            KeyForm::Number | KeyForm::Other => column,
            KeyForm::Text { .. } if self.charset == "utf8mb4" => format!("HEX(CONVERT({column} USING utf8mb4))"),
            // What the character set lacks would come as a question mark.
            KeyForm::Text { .. } => {
                let there = format!("CONVERT({column} USING {})", self.charset);
                format!("IF({} = {}, HEX({there}), NULL)", bytes(&there), bytes(&column))
            }
            KeyForm::Bytes => format!("HEX({column})"),
            KeyForm::Date => format!("DATE_FORMAT({column}, '%Y-%m-%d')"),
            KeyForm::Moment => format!("DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s.%f')"),
            KeyForm::Instant => format!("UNIX_TIMESTAMP({column})"),
        }
    }

    /// A cell of [`Self::expression`] as the literals' values are.
    pub(super) fn seen(&self, cell: String) -> String {
        match self.column.form {
            KeyForm::Number | KeyForm::Instant => number(&cell).unwrap_or(cell),
            _ => cell,
        }
    }
}

/// A literal as it may stand among many: a list of several columns compares text rightly only in the column's own collation.
pub(super) fn among_many(column: &KeyColumn, literal: &str) -> String {
    match &column.form {
        KeyForm::Text { charset, collation } if is_name(charset) && is_name(collation) => {
            format!("CONVERT({literal} USING {charset}) COLLATE {collation}")
        }
        _ => literal.to_owned(),
    }
}

fn value(form: &KeyForm, literal: &str) -> Option<String> {
    match form {
        KeyForm::Number => number(literal),
        KeyForm::Text { .. } => match inner(literal, "'", "'") {
            Some(plain) => Some(plain.bytes().map(|byte| format!("{byte:02X}")).collect()),
            None => introducer(literal)
                .and_then(|name| inner(literal, &format!("_{name} X'"), "'"))
                .map(str::to_ascii_uppercase),
        },
        KeyForm::Bytes => inner(literal, "X'", "'").map(str::to_ascii_uppercase),
        KeyForm::Date => inner(literal, "'", "'").filter(|date| date.len() == 10).map(str::to_owned),
        KeyForm::Moment => inner(literal, "'", "'").and_then(moment),
        KeyForm::Instant => match inner(literal, "FROM_UNIXTIME(", ")") {
            Some(seconds) => number(seconds),
            None => (literal == "'0000-00-00 00:00:00'").then(|| "0".to_owned()),
        },
        KeyForm::Other => None,
    }
}

/// `_latin1 X'E9'`
fn introducer(literal: &str) -> Option<&str> {
    literal.strip_prefix('_')?.split_once(' ').map(|(name, _)| name)
}

fn inner<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    text.strip_prefix(begin)?.strip_suffix(end)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Without the zeros that say nothing; `None` where it has an exponent.
fn number(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) || digits.is_empty() {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    Some(match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{}.{fraction}", if whole.is_empty() { "0" } else { whole }),
    })
}

/// With six digits of a second's fraction.
fn moment(text: &str) -> Option<String> {
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    (date.len() == 10 && seconds.len() == 8 && fraction.len() <= 6).then(|| format!("{date} {seconds}.{fraction:0<6}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(form: KeyForm) -> KeyColumn {
        KeyColumn { column: "k".into(), form, primary: true }
    }

    fn text() -> KeyForm {
        KeyForm::Text { charset: "utf8mb4".into(), collation: "utf8mb4_bin".into() }
    }

    fn values(form: KeyForm, literals: &[&str]) -> Option<Vec<String>> {
        let literals: Vec<String> = literals.iter().map(|literal| (*literal).to_owned()).collect();
        Told::of(&column(form), &literals.iter().collect::<Vec<_>>()).map(|told| told.values)
    }

    #[test]
    fn a_literal_is_shown_as_its_column_is() {
        for (form, literals, shown) in [
            (KeyForm::Number, ["-1.50", "18446744073709551615"], ["-1.5", "18446744073709551615"]),
            (KeyForm::Number, ["0", "-0.0"], ["0", "0"]),
            (text(), ["'a b'", "_latin1 X'e980'"], ["612062", "E980"]),
            (KeyForm::Bytes, ["X''", "X'00ff'"], ["", "00FF"]),
            (KeyForm::Date, ["'2026-11-21'", "'0000-00-00'"], ["2026-11-21", "0000-00-00"]),
            (
                KeyForm::Moment,
                ["'2026-11-21'", "'2026-11-21 01:02:03.5'"],
                ["2026-11-21 00:00:00.000000", "2026-11-21 01:02:03.500000"],
            ),
            (KeyForm::Instant, ["FROM_UNIXTIME(12.50)", "'0000-00-00 00:00:00'"], ["12.5", "0"]),
        ] {
            assert_eq!(values(form.clone(), &literals), Some(shown.map(str::to_owned).to_vec()), "{form:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_looked_up_alone() {
        for (form, literals) in [
            (KeyForm::Number, ["1e3", "2"]),
            (KeyForm::Number, ["X'31'", "2"]),
            (text(), ["_latin1 X'E9'", "_ucs2 X'00E9'"]),
            (text(), ["_ucs2 X'00E9'", "'a'"]),
            (text(), ["X'E9'", "'a'"]),
            (KeyForm::Moment, ["FROM_UNIXTIME(1)", "'2026-11-21'"]),
            (KeyForm::Instant, ["'2026-11-21 00:00:00'", "FROM_UNIXTIME(1)"]),
            (KeyForm::Other, ["'a'", "'b'"]),
        ] {
            assert_eq!(values(form.clone(), &literals), None, "{form:?} {literals:?}");
        }
    }

    #[test]
    fn text_stands_in_its_own_collation() {
        let told = among_many(&column(text()), "_latin1 X'E9'");
        assert_eq!(told, "CONVERT(_latin1 X'E9' USING utf8mb4) COLLATE utf8mb4_bin");
        let hostile = KeyForm::Text { charset: "a b".into(), collation: "c".into() };
        assert_eq!(among_many(&column(hostile), "'a'"), "'a'");
    }

    proptest! {
        #[test]
        fn a_number_is_itself_however_it_is_written(
            whole in 0_u64.., fraction in "[0-9]{0,6}", zeros in 0_usize..4, minus in any::<bool>(),
        ) {
            let sign = if minus { "-" } else { "" };
            let one = format!("{sign}{whole}.{fraction}");
            let other = format!("{sign}{}{whole}.{fraction}{}", "0".repeat(zeros), "0".repeat(zeros));
            prop_assert_eq!(number(&one), number(&other));
            let next = format!("{sign}{whole}.{fraction}1");
            prop_assert_ne!(number(&one), number(&next));
        }
    }
}
