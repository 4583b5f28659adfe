//! Whether a column's type holds all that another's can hold. What is not known to be too small is let pass.

use crate::port::tables::Column;

/// A column's type, `decimal(10,2) unsigned`, in parts.
#[derive(Debug, PartialEq, Eq)]
struct Kind<'a> {
    name: &'a str,
    numbers: Vec<u64>,
    unsigned: bool,
}

impl<'a> Kind<'a> {
    fn of(text: &'a str) -> Self {
        let end = text.find(['(', ' ']).unwrap_or(text.len());
        let inside = text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
        Self {
            name: &text[..end],
            numbers: inside.split(',').filter_map(|number| number.trim().parse().ok()).collect(),
            unsigned: text.contains("unsigned"),
        }
    }

    fn number(&self, at: usize, default: u64) -> u64 {
        self.numbers.get(at).copied().unwrap_or(default)
    }

    /// Bits of an integer.
    fn bits(&self) -> Option<u32> {
        Some(match self.name {
            "tinyint" => 8,
            "smallint" => 16,
            "mediumint" => 24,
            "int" | "integer" => 32,
            "bigint" => 64,
            _ => return None,
        })
    }

    /// Digits before and behind the point.
    fn digits(&self) -> Option<(u64, u64)> {
        let (precision, scale) = (self.number(0, 10), self.number(1, 0));
        matches!(self.name, "decimal" | "numeric").then(|| (precision.saturating_sub(scale), scale))
    }

    /// Most characters of a text, or bytes of a binary; those of `…text` and `…blob` are bytes.
    fn length(&self) -> Option<(Family, u64)> {
        Some(match self.name {
            "char" => (Family::Text, self.number(0, 1)),
            "varchar" => (Family::Text, self.number(0, 0)),
            "tinytext" => (Family::Text, 255),
            "text" => (Family::Text, 65_535),
            "mediumtext" => (Family::Text, (1 << 24) - 1),
            "longtext" => (Family::Text, u64::from(u32::MAX)),
            "binary" => (Family::Bytes, self.number(0, 1)),
            "varbinary" => (Family::Bytes, self.number(0, 0)),
            "tinyblob" => (Family::Bytes, 255),
            "blob" => (Family::Bytes, 65_535),
            "mediumblob" => (Family::Bytes, (1 << 24) - 1),
            "longblob" => (Family::Bytes, u64::from(u32::MAX)),
            _ => return None,
        })
    }

    /// Digits of a second's fraction.
    fn fraction(&self) -> Option<u64> {
        matches!(self.name, "datetime" | "timestamp" | "time").then(|| self.number(0, 0))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Family {
    Text,
    Bytes,
}

/// What of `from` does not fit into `to`, as the end of a sentence; `None` where all fits or it is not known.
pub(super) fn too_small(from: &Column, to: &Column) -> Option<String> {
    let (from_kind, to_kind) = (from.kind.to_ascii_lowercase(), to.kind.to_ascii_lowercase());
    let (source, sink) = (Kind::of(&from_kind), Kind::of(&to_kind));
    numbers(&source, &sink)
        .or_else(|| times(&source, &sink))
        .or_else(|| lengths(&source, &sink))
        .or_else(|| labels(&from_kind, &to_kind))
        .or_else(|| charset(from, to))
        .or_else(|| (from.nullable && !to.nullable).then(|| "NULL is refused there".to_owned()))
}

fn numbers(source: &Kind<'_>, sink: &Kind<'_>) -> Option<String> {
    if let (Some(has), Some(holds)) = (source.bits(), sink.bits()) {
        // A sign costs a bit.
        let (has, holds) = (has + u32::from(source.unsigned), holds + u32::from(sink.unsigned));
        if !source.unsigned && sink.unsigned {
            return Some("negative numbers do not fit".to_owned());
        }
        return (has > holds).then(|| "large numbers do not fit".to_owned());
    }
    if let (Some(has), Some((holds, _))) = (source.bits(), sink.digits()) {
        let digits = match (has, source.unsigned) {
            (8, _) => 3,
            (16, _) => 5,
            (24, false) => 7,
            (24, true) => 8,
            (32, _) => 10,
            (_, false) => 19,
            (_, true) => 20,
        };
        return (digits > holds).then(|| "large numbers do not fit".to_owned());
    }
    let ((before, behind), (holds, rest)) = (source.digits()?, sink.digits()?);
    if before > holds {
        return Some("large numbers do not fit".to_owned());
    }
    (behind > rest).then(|| "digits behind the point are rounded off".to_owned())
}

fn times(source: &Kind<'_>, sink: &Kind<'_>) -> Option<String> {
    match (source.name, sink.name) {
        ("datetime", "timestamp") => return Some("times before 1970 and after 2038 do not fit".to_owned()),
        ("datetime" | "timestamp", "date") => return Some("the time of day is cut off".to_owned()),
        _ => {}
    }
    let (has, holds) = (source.fraction()?, sink.fraction()?);
    (has > holds).then(|| "fractions of seconds are rounded off".to_owned())
}

fn lengths(source: &Kind<'_>, sink: &Kind<'_>) -> Option<String> {
    let ((family, has), (other, holds)) = (source.length()?, sink.length()?);
    if family != other {
        return None;
    }
    (has > holds).then(|| "long values do not fit".to_owned())
}

/// Labels of an enum or a set that the other lacks.
fn labels(source: &str, sink: &str) -> Option<String> {
    let of = |kind: &str, name: &str| -> Option<Vec<String>> {
        let inside = kind.strip_prefix(name)?.trim().strip_prefix('(')?.rsplit_once(')')?.0.to_owned();
        Some(inside.trim_matches('\'').split("','").map(str::to_owned).collect())
    };
    let name = ["enum", "set"].into_iter().find(|name| source.starts_with(&format!("{name}(")))?;
    let (has, holds) = (of(source, name)?, of(sink, name)?);
    let missing: Vec<_> = has.into_iter().filter(|label| !holds.contains(label)).collect();
    (!missing.is_empty()).then(|| format!("it lacks {}", missing.join(", ")))
}

fn charset(from: &Column, to: &Column) -> Option<String> {
    let (has, holds) = (from.charset.as_deref()?, to.charset.as_deref()?);
    let universal = ["utf8mb4", "utf16", "utf16le", "utf32"];
    let fits = has == holds
        || universal.contains(&holds)
        || has == "ascii"
        || (matches!(holds, "utf8" | "utf8mb3" | "ucs2") && !universal.contains(&has) && has != "gb18030");
    (!fits).then(|| format!("{holds} lacks characters that {has} has"))
}

/// A column's type for a statement, with room for all that it holds.
pub(super) fn definition(column: &Column) -> String {
    let charset = column.charset.as_ref().map(|charset| format!(" CHARACTER SET {charset}")).unwrap_or_default();
    format!("{}{charset}{}", column.kind, if column.nullable { " NULL" } else { " NOT NULL" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: &str) -> Column {
        Column { name: "c".to_owned(), kind: kind.to_owned(), ..Column::default() }
    }

    fn fits(from: &str, to: &str) -> bool {
        too_small(&column(from), &column(to)).is_none()
    }

    #[test]
    fn numbers_are_compared_by_what_they_hold() {
        for (from, to) in [
            ("int(11)", "int"),
            ("int(10) unsigned", "bigint(20)"),
            ("tinyint(1)", "tinyint(4)"),
            ("bigint(20) unsigned", "decimal(20,0)"),
            ("decimal(10,2)", "decimal(12,4)"),
            ("int(11)", "varchar(20)"),
            ("float", "int"),
        ] {
            assert!(fits(from, to), "{from} into {to}");
        }
        for (from, to) in [
            ("bigint(20)", "int(11)"),
            ("int(10) unsigned", "int(11)"),
            ("int(11)", "bigint(20) unsigned"),
            ("bigint(20) unsigned", "decimal(19,0)"),
            ("decimal(10,2)", "decimal(10,4)"),
            ("decimal(10,2)", "decimal(10,0)"),
        ] {
            assert!(!fits(from, to), "{from} into {to}");
        }
    }

    #[test]
    fn texts_and_times_too() {
        for (from, to) in [
            ("varchar(50)", "varchar(255)"),
            ("varchar(50)", "text"),
            ("datetime", "datetime(6)"),
            ("timestamp", "datetime"),
            ("enum('a','b')", "enum('a','b','c')"),
            ("enum('a','b')", "varchar(10)"),
            ("json", "longtext"),
        ] {
            assert!(fits(from, to), "{from} into {to}");
        }
        for (from, to) in [
            ("varchar(256)", "varchar(255)"),
            ("longtext", "text"),
            ("blob", "varbinary(100)"),
            ("datetime(6)", "datetime(3)"),
            ("datetime", "timestamp"),
            ("enum('a','b')", "enum('a')"),
        ] {
            assert!(!fits(from, to), "{from} into {to}");
        }
    }

    #[test]
    fn characters_and_nulls_too() {
        let with = |charset: &str| Column { charset: Some(charset.to_owned()), ..column("varchar(10)") };
        assert!(too_small(&with("utf8mb4"), &with("utf8mb3")).is_some());
        assert!(too_small(&with("utf8"), &with("latin1")).is_some());
        for (from, to) in [("latin1", "utf8"), ("utf8", "utf8mb4"), ("utf8mb3", "utf8"), ("ascii", "latin1")] {
            assert_eq!(too_small(&with(from), &with(to)), None, "{from} into {to}");
        }
        let optional = Column { nullable: true, ..column("int") };
        assert!(too_small(&optional, &column("int")).is_some());
        assert_eq!(too_small(&column("int"), &optional), None);
    }
}
