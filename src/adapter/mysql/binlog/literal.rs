//! Changed rows as SQL literals.

use std::{collections::HashMap, fmt::Write as _};

use mysql_async::{
    Value,
    binlog::{
        EventType,
        events::{EventData, RowsEventData, TableMapEvent},
        row::BinlogRow,
        value::BinlogValue,
    },
    consts::ColumnType,
};

use super::{
    super::{rows::cell, session::Session},
    image::{Cell, Change, Rows, Shapes, string_length, table_id},
    json,
    statement::is_own,
    stream::Seen,
};
use crate::{
    error::Result,
    port::binlog::{RowChange, Wanted},
};

type Name = (String, String);

/// Knows the tables of the log: what the log itself says, and what only the server can tell.
pub(super) struct Decoder<'w> {
    /// All tables and columns where none are named.
    wanted: Option<&'w [Wanted]>,
    shapes: Shapes,
    tables: HashMap<u64, TableMapEvent<'static>>,
    columns: HashMap<Name, Vec<Column>>,
}

/// What a 5.7 log does not say of a column.
#[derive(Debug, Clone)]
struct Column {
    unsigned: bool,
    /// Absent for bytes.
    charset: Option<String>,
}

impl<'w> Decoder<'w> {
    pub(super) fn new(wanted: Option<&'w [Wanted]>) -> Self {
        Self { wanted, shapes: Shapes::default(), tables: HashMap::new(), columns: HashMap::new() }
    }

    pub(super) fn learn(&mut self, seen: &Seen) -> std::result::Result<(), String> {
        if seen.kind == EventType::TABLE_MAP_EVENT as u8 {
            let event: TableMapEvent<'_> = seen.event.read_event().map_err(|error| error.to_string())?;
            self.tables.insert(event.table_id(), event.into_owned());
            self.shapes.learn(seen)?;
        }
        Ok(())
    }

    /// The table that this event is about, where it has not been described.
    pub(super) fn unknown(&mut self, seen: &Seen) -> std::result::Result<Option<Name>, String> {
        self.learn(seen)?;
        if Change::of(seen.kind).is_none() {
            return Ok(None);
        }
        let Some(table) = self.tables.get(&table_id(seen.event.data())?) else { return Ok(None) };
        let name = (table.database_name().into_owned(), table.table_name().into_owned());
        Ok((!is_own(&name.0) && self.wants(&name) && !self.columns.contains_key(&name)).then_some(name))
    }

    pub(super) async fn describe(&mut self, session: &mut Session<'_>, schema: &str, table: &str) -> Result<()> {
        let statement = format!(
            "SELECT column_type LIKE '%unsigned%', character_set_name FROM information_schema.COLUMNS \
             WHERE table_schema = {} AND table_name = {} ORDER BY ordinal_position",
            text(schema.as_bytes(), Some("utf8mb4")),
            text(table.as_bytes(), Some("utf8mb4")),
        );
        let rows = session.rows(&statement).await?;
        let columns =
            rows.iter().map(|row| Column { unsigned: cell(row, 0).as_deref() == Some("1"), charset: cell(row, 1) });
        self.columns.insert((schema.to_owned(), table.to_owned()), columns.collect());
        Ok(())
    }

    fn wants(&self, name: &Name) -> bool {
        self.wanted.is_none_or(|wanted| wanted.iter().any(|one| one.schema == name.0 && one.table == name.1))
    }

    /// Which columns of a table are wanted, and what they are; `None` where not all of them lie in an image as plain as that.
    fn plain(&self, table: &TableMapEvent<'_>, name: &Name) -> Option<Vec<(usize, Plain<'_>)>> {
        let columns = self.columns.get(name)?;
        let of_table = self.wanted?.iter().filter(|one| one.schema == name.0 && one.table == name.1);
        let mut wanted: Vec<usize> = of_table.flat_map(|one| one.columns.iter().copied()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted.into_iter().map(|index| Some((index, Plain::of(table, index, columns.get(index)?)?))).collect()
    }

    fn plain_changes(
        &self,
        (seen, change): (&Seen, Change),
        name: &Name,
        count: usize,
        plain: &[(usize, Plain<'_>)],
    ) -> std::result::Result<Vec<RowChange>, String> {
        let rows = Rows::read(seen.kind, change, seen.event.data())?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<usize> = plain.iter().map(|(index, _)| *index).collect();
        let image = |cells: &[Cell<'_>]| {
            let mut literals = vec![None; count];
            for ((index, plain), cell) in plain.iter().zip(cells) {
                literals[*index] = match cell {
                    Cell::Absent => None,
                    Cell::Null => Some("NULL".to_owned()),
                    Cell::Value(bytes) => Some(plain.literal(bytes)),
                };
            }
            literals
        };
        let mut changes = Vec::new();
        rows.cells(self.shapes.of(&rows)?, &wanted, |cells| {
            let (one, other) = cells.split_at(wanted.len());
            let (before, after) = match change {
                Change::Insert => (None, Some(image(one))),
                Change::Delete => (Some(image(one)), None),
                Change::Update => (Some(image(one)), Some(image(other))),
            };
            changes.push(RowChange { schema: name.0.clone(), table: name.1.clone(), before, after });
        })?;
        Ok(changes)
    }

    pub(super) fn changes(&self, seen: &Seen) -> std::result::Result<Vec<RowChange>, String> {
        let Some(change) = Change::of(seen.kind) else { return Ok(Vec::new()) };
        if let Some(table) = self.tables.get(&table_id(seen.event.data())?) {
            let name = (table.database_name().into_owned(), table.table_name().into_owned());
            if is_own(&name.0) || !self.wants(&name) {
                return Ok(Vec::new());
            }
            if let Some(plain) = self.plain(table, &name) {
                return self.plain_changes((seen, change), &name, table.columns_count() as usize, &plain);
            }
        }
        let event = rows(seen)?;
        let Some(table) = self.tables.get(&event.table_id()) else {
            let dummy = event.rows_data().is_empty();
            return if dummy {
                Ok(Vec::new())
            } else {
                Err("rows come without the description of their table".to_owned())
            };
        };
        let name = (table.database_name().into_owned(), table.table_name().into_owned());
        if is_own(&name.0) {
            return Ok(Vec::new());
        }
        let columns = self.columns.get(&name).map(Vec::as_slice).unwrap_or_default();
        let present = |after: bool, index: usize| {
            let map = if after { event.columns_after_image() } else { event.columns_before_image() };
            map.and_then(|map| map.get(index).as_deref().copied()).unwrap_or(false)
        };
        let literals = |row: Option<BinlogRow>, after: bool| {
            row.map(|row| {
                let mut values = row.unwrap().into_iter();
                (0..event.num_columns() as usize)
                    .map(|index| present(after, index).then(|| values.next()).flatten().map(|value| (index, value)))
                    .map(|value| {
                        value.map(|(index, value)| literal(table, index, columns.get(index), value)).transpose()
                    })
                    .collect::<std::result::Result<Vec<_>, String>>()
            })
            .transpose()
        };
        let mut changes = Vec::new();
        for row in event.rows(table) {
            let (before, after) = row.map_err(|error| error.to_string())?;
            let (before, after) = (literals(before, false)?, literals(after, true)?);
            changes.push(RowChange { schema: name.0.clone(), table: name.1.clone(), before, after });
        }
        Ok(changes)
    }
}

fn rows(seen: &Seen) -> std::result::Result<RowsEventData<'_>, String> {
    match seen.event.read_data().map_err(|error| error.to_string())? {
        Some(EventData::RowsEvent(rows)) => Ok(rows),
        _ => Err("a rows event cannot be read".to_owned()),
    }
}

fn literal(
    table: &TableMapEvent<'_>,
    index: usize,
    column: Option<&Column>,
    value: BinlogValue<'static>,
) -> std::result::Result<String, String> {
    use ColumnType::*;
    let kind = table.get_column_type(index).map_err(|error| error.to_string())?.ok_or("a column has no type")?;
    let meta = table.get_column_metadata(index).unwrap_or_default();
    let value = match value {
        BinlogValue::Value(Value::NULL) => return Ok("NULL".to_owned()),
        BinlogValue::Value(value) => value,
        BinlogValue::Jsonb(value) => {
            let json = json::text(value)?;
            return Ok(format!("CAST({} AS JSON)", text(json.as_bytes(), Some("utf8mb4"))));
        }
        BinlogValue::JsonDiff(_) => return Err("only parts of a JSON value are logged".to_owned()),
    };
    let unsigned = column.is_some_and(|column| column.unsigned);
    let charset = column.and_then(|column| column.charset.as_deref());
    Ok(match (kind, value) {
        (MYSQL_TYPE_TINY, Value::Int(number)) if unsigned => (number as u8).to_string(),
        (MYSQL_TYPE_SHORT, Value::Int(number)) if unsigned => (number as u16).to_string(),
        (MYSQL_TYPE_INT24, Value::Int(number)) if unsigned => (number as u32 & 0x00ff_ffff).to_string(),
        (MYSQL_TYPE_LONG, Value::Int(number)) if unsigned => (number as u32).to_string(),
        (MYSQL_TYPE_LONGLONG, Value::Int(number)) if unsigned => (number as u64).to_string(),
        (MYSQL_TYPE_TIMESTAMP, Value::Int(seconds)) => timestamp(&seconds.to_string()),
        (MYSQL_TYPE_TIMESTAMP2, Value::Bytes(seconds)) => timestamp(&String::from_utf8_lossy(&seconds)),
        // The driver counts from 1900, where the year 0 is kept.
        (MYSQL_TYPE_YEAR, Value::Bytes(year)) if year == b"1900" => "0".to_owned(),
        (MYSQL_TYPE_YEAR | MYSQL_TYPE_NEWDECIMAL, Value::Bytes(number)) => {
            String::from_utf8_lossy(&number).into_owned()
        }
        (MYSQL_TYPE_BIT, Value::Bytes(bytes)) => number(bytes.iter()).to_string(),
        (MYSQL_TYPE_SET, Value::Bytes(bytes)) => number(bytes.iter().rev()).to_string(),
        (MYSQL_TYPE_STRING, Value::Bytes(mut bytes)) if charset.is_none() && column.is_some() => {
            // BINARY(n): what fills it up at the end is not logged.
            if let [kind, length, ..] = meta {
                bytes.resize(string_length((*kind).into(), (*length).into()).max(bytes.len()), 0);
            }
            text(&bytes, None)
        }
        (_, Value::Bytes(bytes)) => text(&bytes, charset),
        (_, other) => other.as_sql(true),
    })
}

/// A column whose literals can be told from its bytes as they lie there.
enum Plain<'c> {
    Integer { unsigned: bool },
    Text(Option<&'c str>),
}

impl<'c> Plain<'c> {
    fn of(table: &TableMapEvent<'_>, index: usize, column: &'c Column) -> Option<Self> {
        use ColumnType::*;
        match table.get_column_type(index).ok()?? {
            MYSQL_TYPE_TINY | MYSQL_TYPE_SHORT | MYSQL_TYPE_INT24 | MYSQL_TYPE_LONG | MYSQL_TYPE_LONGLONG => {
                Some(Self::Integer { unsigned: column.unsigned })
            }
            MYSQL_TYPE_VARCHAR | MYSQL_TYPE_VAR_STRING => Some(Self::Text(column.charset.as_deref())),
            _ => None,
        }
    }

    fn literal(&self, bytes: &[u8]) -> String {
        match self {
            Self::Text(charset) => text(bytes, *charset),
            Self::Integer { unsigned } => {
                let number = number(bytes.iter().rev());
                // From the sign's bit on, all bits are that of the sign.
                let unused = 64 - 8 * bytes.len().clamp(1, 8);
                if *unsigned { number.to_string() } else { ((number << unused) as i64 >> unused).to_string() }
            }
        }
    }
}

/// Meant for a session whose time zone may be any.
fn timestamp(seconds: &str) -> String {
    if seconds == "0" { "'0000-00-00 00:00:00'".to_owned() } else { format!("FROM_UNIXTIME({seconds})") }
}

fn number<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Quoted where that is plain in every mode and character set, else by its bytes.
fn text(bytes: &[u8], charset: Option<&str>) -> String {
    let plain = |byte: &u8| (byte.is_ascii_graphic() || *byte == b' ') && !b"'\\".contains(byte);
    let wide = charset.is_some_and(|charset| ["ucs2", "utf16", "utf16le", "utf32"].contains(&charset));
    if charset.is_some() && !wide && bytes.iter().all(plain) {
        return format!("'{}'", String::from_utf8_lossy(bytes));
    }
    let mut literal = charset.map_or_else(String::new, |charset| format!("_{charset} "));
    literal.push_str("X'");
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(literal, "{byte:02X}");
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_plain_or_hexadecimal() {
        assert_eq!(text(b"a b", Some("latin1")), "'a b'");
        assert_eq!(text(b"it's", Some("utf8mb4")), "_utf8mb4 X'69742773'");
        assert_eq!(text(b"\0a", Some("ucs2")), "_ucs2 X'0061'");
        assert_eq!(text(b"ab", None), "X'6162'");
    }

    #[test]
    fn integers_have_a_sign_or_none() {
        let of = |unsigned: bool, bytes: &[u8]| Plain::Integer { unsigned }.literal(bytes);
        assert_eq!((of(false, &[0xfb]), of(true, &[0xfb])), ("-5".to_owned(), "251".to_owned()));
        assert_eq!(of(false, &[0, 0, 0x80]), "-8388608");
        assert_eq!(of(true, &[0xff, 0xff, 0xff]), "16777215");
        assert_eq!(of(false, &i64::MIN.to_le_bytes()), i64::MIN.to_string());
        assert_eq!(of(true, &u64::MAX.to_le_bytes()), u64::MAX.to_string());
        assert_eq!(of(false, &42_i32.to_le_bytes()), "42");
    }

    #[test]
    fn numbers_of_bytes() {
        assert_eq!(number([1, 2].iter()), 258);
        assert_eq!(number([1, 2].iter().rev()), 513);
        assert_eq!(timestamp("0"), "'0000-00-00 00:00:00'");
    }
}
