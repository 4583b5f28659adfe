//! Column types by what their values are.

/// A `column_type`, `decimal(10,2) unsigned`, as far as a comparison must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bits of an integer, a year or a bit field.
    Integer(u64),
    Bit(u64),
    /// Digits behind the point.
    Decimal(u64),
    Float,
    Double,
    Text,
    /// `enum` or `set`.
    Label,
    /// BINARY(n).
    Filled(u64),
    Bytes,
    Json,
    Date,
    /// Digits of a second's fraction, and whether it is an instant and no time of a calendar.
    Moment {
        fraction: u64,
        instant: bool,
    },
    /// Digits of a second's fraction.
    Span(u64),
    Other(String),
}

impl Kind {
    pub(super) fn of(column_type: &str) -> Self {
        let text = column_type.trim().to_ascii_lowercase();
        let name = &text[..text.find(['(', ' ']).unwrap_or(text.len())];
        let inside = text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
        let number = |at: usize, default: u64| {
            inside.split(',').nth(at).and_then(|number| number.trim().parse().ok()).unwrap_or(default)
        };
        match name {
            "tinyint" | "bool" | "boolean" => Self::Integer(8),
            "smallint" | "year" => Self::Integer(16),
            "mediumint" => Self::Integer(24),
            "int" | "integer" => Self::Integer(32),
            "bigint" => Self::Integer(64),
            "bit" => Self::Bit(number(0, 1)),
            "decimal" | "numeric" => Self::Decimal(number(1, 0)),
            "float" => Self::Float,
            "double" | "real" => Self::Double,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Self::Text,
            "enum" | "set" => Self::Label,
            "binary" => Self::Filled(number(0, 1)),
            "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Bytes,
            "json" => Self::Json,
            "date" => Self::Date,
            "datetime" => Self::Moment { fraction: number(0, 0), instant: false },
            "timestamp" => Self::Moment { fraction: number(0, 0), instant: true },
            "time" => Self::Span(number(0, 0)),
            other => Self::Other(other.to_owned()),
        }
    }
}
