//! How a column of MySQL is carried through Flink into MySQL.

use crate::port::tables::Column;

/// What becomes of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Carried {
    /// Flink's type in the source and in the sink, and what is noteworthy about it.
    As { source: String, sink: String, notice: Option<String> },
    /// The server fills it on both sides.
    Generated,
    /// Reason, and a way out.
    Refused(String, String),
}

const LEFT_OUT: &str = "Give the job as `script` and leave the column out of it";

/// By `column_type`: display widths and character sets play no part.
pub(super) fn carried(column: &Column) -> Carried {
    if column.generated {
        return Carried::Generated;
    }
    let kind = column.kind.trim().to_ascii_lowercase();
    let base: String = kind.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let numbers = numbers(&kind);
    let precision = numbers.first().copied();
    // ZEROFILL makes a column unsigned.
    let unsigned = kind.contains(" unsigned") || kind.contains(" zerofill");
    let same = |flink: &str| Carried::As { source: flink.to_owned(), sink: flink.to_owned(), notice: None };
    let noted = |flink: &str, notice: &str| Carried::As {
        source: flink.to_owned(),
        sink: flink.to_owned(),
        notice: Some(notice.to_owned()),
    };
    let refused = |reason: &str, way_out: &str| Carried::Refused(reason.to_owned(), way_out.to_owned());
    match (base.as_str(), unsigned) {
        ("tinyint", false) => same("TINYINT"),
        ("tinyint", true) | ("smallint", false) => same("SMALLINT"),
        ("smallint", true) | ("mediumint" | "int" | "integer", false) => same("INT"),
        ("mediumint" | "int" | "integer", true) | ("bigint", false) => same("BIGINT"),
        ("bigint", true) => same("DECIMAL(20, 0)"),
        ("float", _) => same("FLOAT"),
        ("double" | "real", _) => same("DOUBLE"),
        ("decimal" | "numeric", _) => match (precision.unwrap_or(10), numbers.get(1).copied().unwrap_or(0)) {
            (precision, scale) if precision <= 38 => same(&format!("DECIMAL({precision}, {scale})")),
            _ => noted("STRING", "more than 38 digits are carried as text; exact"),
        },
        ("bit", _) if precision.unwrap_or(1) == 1 => same("BOOLEAN"),
        ("bit", _) => refused("the bytes of a BIT of more than one bit arrive in the wrong order", LEFT_OUT),
        ("char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext", _) => same("STRING"),
        ("binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob", _) => same("BYTES"),
        ("date", _) => same("DATE"),
        ("time", _) if precision.unwrap_or(0) > 0 => {
            refused("fractions of a second in a TIME are lost in the sink", LEFT_OUT)
        }
        ("time", _) => noted("TIME(0)", "a value below 00:00:00 or above 23:59:59 stops the job"),
        ("datetime" | "timestamp", _) => same(&format!("TIMESTAMP({})", precision.unwrap_or(0))),
        ("year", _) => same("INT"),
        ("enum" | "set" | "json", _) => same("STRING"),
        (
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
            | "geometrycollection" | "geomcollection",
            _,
        ) => refused("a spatial value arrives as JSON, which the sink cannot take", LEFT_OUT),
        ("vector", _) => refused("mysql-cdc has no type for a VECTOR", LEFT_OUT),
        _ => refused(&format!("the type {} is not known here", column.kind), LEFT_OUT),
    }
}

/// The numbers in the parentheses of a type; none for the words of an ENUM or SET.
fn numbers(kind: &str) -> Vec<u32> {
    let inner = kind.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    inner.split(',').map_while(|number| number.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str) -> String {
        match carried(&Column { name: "c".into(), kind: kind.into(), ..Column::default() }) {
            Carried::As { source, sink, notice } => {
                assert_eq!(source, sink);
                source + if notice.is_some() { " !" } else { "" }
            }
            Carried::Generated => "generated".into(),
            Carried::Refused(reason, _) => format!("refused: {reason}"),
        }
    }

    #[test]
    fn every_type_is_carried_or_refused() {
        for (kind, expected) in [
            ("tinyint(1)", "TINYINT"),
            ("tinyint(3) unsigned", "SMALLINT"),
            ("smallint", "SMALLINT"),
            ("smallint(5) unsigned zerofill", "INT"),
            ("mediumint(9)", "INT"),
            ("mediumint unsigned", "BIGINT"),
            ("int(10) unsigned", "BIGINT"),
            ("bigint(20)", "BIGINT"),
            ("bigint(20) unsigned", "DECIMAL(20, 0)"),
            ("float(7,3)", "FLOAT"),
            ("double", "DOUBLE"),
            ("decimal(38,30)", "DECIMAL(38, 30)"),
            ("decimal(65,30)", "STRING !"),
            ("bit(1)", "BOOLEAN"),
            ("char(36)", "STRING"),
            ("longtext", "STRING"),
            ("varbinary(16)", "BYTES"),
            ("date", "DATE"),
            ("time", "TIME(0) !"),
            ("datetime", "TIMESTAMP(0)"),
            ("timestamp(6)", "TIMESTAMP(6)"),
            ("year(4)", "INT"),
            ("enum('a','b(1)')", "STRING"),
            ("set('a','b')", "STRING"),
            ("json", "STRING"),
        ] {
            assert_eq!(told(kind), expected, "{kind}");
        }
        for kind in ["bit(8)", "time(3)", "point", "geometrycollection", "vector(3)", "inet6"] {
            assert!(told(kind).starts_with("refused"), "{kind}");
        }
        let generated = Column { kind: "point".into(), generated: true, ..Column::default() };
        assert_eq!(carried(&generated), Carried::Generated);
    }
}
