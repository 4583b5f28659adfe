//! Names as InnoDB keeps them: those of files, in which every letter beyond A-Z, a-z, 0-9 and `_` is escaped.

use std::{collections::HashMap, sync::LazyLock};

/// `code,letter`.
static LETTERS: &str = include_str!("letters.csv");

static BY_CODE: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    LETTERS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(',')).collect()
});

/// What the server shows for one name of a file: `a@002db` is `a-b`. A file that is not named by the server's rules has
/// `#mysql50#` before it, as there.
pub(super) fn decoded(name: &str) -> String {
    // Tables that an ALTER TABLE makes for itself are named by no rules, and shown as they are.
    if name.starts_with("#sql") {
        return name.to_owned();
    }
    letters(name).unwrap_or_else(|| format!("#mysql50#{name}"))
}

fn letters(name: &str) -> Option<String> {
    if !name.contains(|letter| !is_plain(letter)) {
        return Some(name.to_owned());
    }
    let mut shown = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if is_plain(first) {
            shown.push(first);
            rest = &rest[1..];
            continue;
        }
        let escaped = rest.strip_prefix('@')?;
        if let Some(letter) = escaped.get(..2).and_then(|code| BY_CODE.get(code)) {
            shown.push_str(letter);
            rest = &escaped[2..];
        } else {
            let code = escaped.get(..4).filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            shown.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
            rest = &escaped[4..];
        }
    }
    Some(shown)
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// A table of InnoDB by its whole name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) schema: String,
    pub(super) table: String,
    /// It is one partition of several.
    pub(super) is_partition: bool,
    /// It belongs to the full-text indexes of the table with this id: `CONFIG`, `INDEX_1`, …
    pub(super) fulltext_of: Option<(u64, String)>,
}

impl Named {
    /// `shop/t@002d1#P#p0#SP#s1`; `None` for InnoDB's own tables, which have no schema.
    pub(super) fn of(name: &str) -> Option<Self> {
        let (schema, table) = name.split_once('/')?;
        let schema = decoded(schema);
        if let Some(fulltext) = fulltext(table) {
            return Some(Self { schema, table: table.to_owned(), is_partition: false, fulltext_of: Some(fulltext) });
        }
        let end = table.find("#P#").or_else(|| table.find("#p#"));
        Some(Self {
            schema,
            table: decoded(&table[..end.unwrap_or(table.len())]),
            is_partition: end.is_some(),
            fulltext_of: None,
        })
    }
}

/// `FTS_0000000000000028_0000000000000030_INDEX_1` is `INDEX_1` of the table 40.
fn fulltext(table: &str) -> Option<(u64, String)> {
    let rest = table.strip_prefix("FTS_").or_else(|| table.strip_prefix("fts_"))?;
    let id = |rest: &str| rest.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let of = id(rest)?;
    let what = rest[16..].strip_prefix('_')?;
    let what = match what.get(16..17) {
        Some("_") if id(what).is_some() => &what[17..],
        _ => what,
    };
    Some((of, what.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_letters_again() {
        assert_eq!(decoded("orders_2"), "orders_2");
        assert_eq!(decoded("a@0027b@0060c@002dd@0020@0p@0020@m0@0020@6f22"), "a'b`c-d é ж 漢");
        assert_eq!(decoded("lost+found"), "#mysql50#lost+found");
        assert_eq!(decoded("a@"), "#mysql50#a@");
        assert_eq!(decoded("#sql-ib12-345"), "#sql-ib12-345");
    }

    #[test]
    fn a_name_tells_table_partition_and_index() {
        let name = |text| Named::of(text).unwrap();
        let plain = |schema: &str, table: &str, is_partition| Named {
            schema: schema.into(),
            table: table.into(),
            is_partition,
            fulltext_of: None,
        };
        assert_eq!(name("we@002dird/par@002dent"), plain("we-ird", "par-ent", false));
        assert_eq!(name("vi/pt#P#x@002d1#SP#x@002d1sp0"), plain("vi", "pt", true));
        assert_eq!(name("vi/pt#p#x@002d1#sp#x@002d1sp0"), plain("vi", "pt", true));
        assert_eq!(Named::of("SYS_FOREIGN"), None);
        let of = |text| name(text).fulltext_of;
        assert_eq!(of("s/FTS_0000000000000028_CONFIG"), Some((40, "CONFIG".into())));
        assert_eq!(of("s/fts_0000000000000028_being_deleted_cache"), Some((40, "BEING_DELETED_CACHE".into())));
        assert_eq!(of("s/FTS_0000000000000028_0000000000000030_INDEX_6"), Some((40, "INDEX_6".into())));
        assert_eq!(of("s/FTS_of_mine"), None);
    }

    proptest! {
        #[test]
        fn any_name_of_a_file_is_some_name(name in "(?s).{0,12}", table in "[@#P0-9a-fé/]{0,20}") {
            decoded(&name);
            decoded(&table);
            let _ = Named::of(&table);
        }

        #[test]
        fn hexadecimal_escapes_are_undone(letter in any::<char>()) {
            prop_assume!(u32::from(letter) < 0x1_0000 && BY_CODE.values().all(|known| !known.starts_with(letter)));
            prop_assert_eq!(decoded(&format!("x@{:04x}y", u32::from(letter))), format!("x{letter}y"));
        }
    }
}
