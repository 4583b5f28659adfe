//! The hash of a row as an expression of the server.
//!
//! A XOR of CRC-32s alone does not see two rows that have exchanged values of the same length: CRC-32 is linear, and what the
//! one row lost the other has won. So each is multiplied by a number made of the row's key. Whole numbers and lengths of text
//! go into that number instead of the text: it spares the server their writing, and no text can look like two others.

use super::by_key::whole as shown;
use crate::port::{
    mysql::quoted,
    rows::{Hash, Hashed, Part, Walk},
    tables::Shown,
};

/// The largest prime below 2³²: a product with a CRC-32 fits into 64 bits.
const PRIME: u64 = 4_294_967_291;
/// What stands for NULL among numbers of at most 33 bits.
const NULL: u64 = 9_000_000_000;
/// Terms of a sum that stays below 2⁶³ whatever they are: each is below 9·10⁹ · 2²³.
const TERMS: usize = 100;
/// Lets numbers of 32 bits begin at 0.
const OFFSET: u64 = 1 << 31;

/// 64 bits, never NULL.
pub(super) fn row(walk: &Walk) -> String {
    let (whole, written): (Vec<&Hashed>, Vec<&Hashed>) = walk.columns.iter().partition(|hashed| is_whole(hashed));
    let sized = written.iter().filter(|hashed| hashed.free).count().saturating_sub(1);
    let terms = whole.len() + sized + written.iter().filter(|hashed| hashed.nullable).count();
    let hash = match walk.hash {
        Hash::Crc32 if terms <= TERMS && !walk.key.is_empty() => crc32(walk, &whole, &written),
        Hash::Crc32 => format!("CRC32({0}) * (1 + CRC32(CONCAT({0}, '#')))", text(&walk.columns)),
        Hash::Md5 => format!("CAST(CONV(LEFT(MD5({}), 16), 16, 10) AS UNSIGNED)", text(&walk.columns)),
    };
    // Over max_allowed_packet a text is NULL, which must not look like another that is.
    format!("IFNULL({hash}, CRC32(UUID()))")
}

fn crc32(walk: &Walk, whole: &[&Hashed], written: &[&Hashed]) -> String {
    let mut terms = Vec::new();
    let mut term = |expression: String| {
        let factor = factor(terms.len());
        terms.push(format!("{expression} * {factor}"));
    };
    let in_columns = |name: &str| whole.iter().any(|hashed| hashed.column.eq_ignore_ascii_case(name));
    // Keys that are no whole numbers tell rows apart by their own CRC-32.
    let others: Vec<String> =
        walk.key.iter().map(|key| &key.column).filter(|name| !in_columns(name)).map(|name| quoted(name)).collect();
    if !others.is_empty() {
        term(format!("CRC32(CONCAT_WS('#', {}))", others.join(", ")));
    }
    let texts: Vec<String> = if written.is_empty() {
        whole.iter().map(|hashed| format!("{} + 0", quoted(&hashed.column))).collect()
    } else {
        written.iter().map(|hashed| value(hashed)).collect()
    };
    for hashed in whole {
        term(or(&number(hashed), hashed.nullable));
    }
    for (at, hashed) in free(written).enumerate() {
        // The length of the last one follows from the others.
        if at > 0 {
            term(or(&format!("LENGTH({})", value(hashed)), hashed.nullable));
        } else if hashed.nullable {
            term(format!("ISNULL({})", quoted(&hashed.column)));
        }
    }
    for hashed in written.iter().filter(|hashed| !hashed.free && hashed.nullable) {
        term(format!("ISNULL({})", quoted(&hashed.column)));
    }
    // Of some sums 8.0.15 takes the product for signed, and then it does not fit (error 1690); what `|` gives is unsigned.
    format!("CRC32(CONCAT_WS('#', {})) * (1 + ({}) % {PRIME} | 0)", texts.join(", "), terms.join(" + "))
}

/// All values in one text, of which no other row has the same.
fn text(columns: &[Hashed]) -> String {
    let all: Vec<&Hashed> = columns.iter().collect();
    let lengths = free(&all).skip(1).map(|hashed| format!("LENGTH({})", value(hashed)));
    let nulls: Vec<String> = columns
        .iter()
        .filter(|hashed| hashed.nullable)
        .map(|hashed| format!("ISNULL({})", quoted(&hashed.column)))
        .collect();
    let nulls = (!nulls.is_empty()).then(|| format!("CONCAT({})", nulls.join(", ")));
    let parts: Vec<String> = nulls.into_iter().chain(lengths).chain(columns.iter().map(value)).collect();
    format!("CONCAT_WS('#', {})", parts.join(", "))
}

fn is_whole(hashed: &Hashed) -> bool {
    matches!(hashed.part, Part::Narrow | Part::Wide { .. })
}

fn free<'a>(columns: &'a [&'a Hashed]) -> impl Iterator<Item = &'a Hashed> {
    columns.iter().copied().filter(|hashed| hashed.free)
}

/// From 0 to 2³³.
fn number(hashed: &Hashed) -> String {
    let column = quoted(&hashed.column);
    match hashed.part {
        Part::Wide { signed: false, decimal: false } => format!("{column} % {PRIME}"),
        Part::Wide { signed: false, decimal: true } | Part::Wide { signed: true, decimal: false } => {
            format!("CAST({column} AS UNSIGNED) % {PRIME}")
        }
        Part::Wide { signed: true, decimal: true } => format!("CAST(CAST({column} AS SIGNED) AS UNSIGNED) % {PRIME}"),
        _ => format!("({column} + {OFFSET})"),
    }
}

fn or(number: &str, nullable: bool) -> String {
    if nullable { format!("IFNULL({number}, {NULL})") } else { format!("({number})") }
}

fn value(hashed: &Hashed) -> String {
    let column = quoted(&hashed.column);
    match hashed.part {
        Part::Narrow => format!("{column} + 0"),
        Part::Wide { signed: true, decimal: true } => format!("CAST({column} AS SIGNED)"),
        Part::Wide { signed: false, decimal: true } => format!("CAST({column} AS UNSIGNED)"),
        Part::Wide { .. } => format!("{column} + 0"),
        Part::Decimal(scale) => format!("CAST({column} AS DECIMAL(65, {scale}))"),
        Part::Written => column,
        Part::Shown(form) => shown(&Shown { column: hashed.column.clone(), form }),
    }
}

/// Odd numbers of 23 bits without a pattern: the golden ratio's.
fn factor(place: usize) -> u64 {
    (((place as u64 + 1) * 2_654_435_761) % (1 << 23)) | 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::tables::{KeyColumn, KeyForm};

    fn walk(hash: Hash, columns: &[(&str, Part, bool)]) -> Walk {
        let key = KeyColumn { column: "id".into(), form: KeyForm::Number, primary: true };
        let hashed = |(column, part, nullable): &(&str, Part, bool)| Hashed {
            column: (*column).into(),
            part: *part,
            nullable: *nullable,
            free: *part == Part::Written,
        };
        Walk {
            schema: "s".into(),
            table: "t".into(),
            key: vec![key],
            only: Vec::new(),
            hash,
            columns: columns.iter().map(hashed).collect(),
        }
    }

    const COLUMNS: [(&str, Part, bool); 4] = [
        ("id", Part::Wide { signed: false, decimal: false }, false),
        ("a", Part::Written, true),
        ("b", Part::Written, true),
        ("n", Part::Narrow, true),
    ];

    #[test]
    fn whole_numbers_and_lengths_are_factors_and_text_is_text() {
        let crc32 = "IFNULL(CRC32(CONCAT_WS('#', `a`, `b`)) * (1 + ((`id` % 4294967291) * FACTOR0 + \
                     IFNULL((`n` + 2147483648), 9000000000) * FACTOR1 + ISNULL(`a`) * FACTOR2 + \
                     IFNULL(LENGTH(`b`), 9000000000) * FACTOR3) % 4294967291 | 0), CRC32(UUID()))";
        let md5 = "IFNULL(CAST(CONV(LEFT(MD5(CONCAT_WS('#', CONCAT(ISNULL(`a`), ISNULL(`b`), ISNULL(`n`)), LENGTH(`b`), \
                   `id` + 0, `a`, `b`, `n` + 0)), 16), 16, 10) AS UNSIGNED), CRC32(UUID()))";
        let numbers = "IFNULL(CRC32(CONCAT_WS('#', `id` + 0)) * (1 + ((`id` % 4294967291) * FACTOR0) % 4294967291 | 0), \
                       CRC32(UUID()))";
        for (hash, columns, wanted) in
            [(Hash::Crc32, &COLUMNS[..], crc32), (Hash::Md5, &COLUMNS[..], md5), (Hash::Crc32, &COLUMNS[..1], numbers)]
        {
            let wanted = (0..4)
                .fold(wanted.to_owned(), |text, at| text.replace(&format!("FACTOR{at}"), &factor(at).to_string()));
            assert_eq!(row(&walk(hash, columns)), wanted);
        }
    }

    #[test]
    fn a_table_of_many_columns_is_hashed_as_text() {
        let columns: Vec<(String, Part, bool)> = (0..101).map(|at| (format!("c{at}"), Part::Narrow, true)).collect();
        let columns: Vec<(&str, Part, bool)> =
            columns.iter().map(|(name, part, null)| (name.as_str(), *part, *null)).collect();
        assert!(row(&walk(Hash::Crc32, &columns)).starts_with("IFNULL(CRC32(CONCAT_WS('#', CONCAT(ISNULL(`c0`)"));
    }

    #[test]
    fn no_two_terms_have_one_factor() {
        let factors: std::collections::BTreeSet<u64> = (0..TERMS).map(factor).collect();
        assert_eq!(factors.len(), TERMS);
    }
}
