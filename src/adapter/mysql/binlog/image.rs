//! Row images as they lie in the log, cut apart without decoding them.

use std::{collections::HashMap, sync::Arc};

use mysql_async::{
    binlog::{EventType, events::TableMapEvent},
    consts::ColumnType,
};

use super::{statement::is_own, stream::Seen};

/// A table as a table map event describes it, reduced to what is needed to cut its rows apart.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) schema: String,
    pub(super) table: String,
    /// In one of the server's own schemas.
    pub(super) own: bool,
    /// Or the type that is not known.
    widths: Result<Vec<Width>, String>,
    /// The event, to see whether it is the same one again.
    raw: Vec<u8>,
}

/// What a value that is not NULL occupies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Fixed(usize),
    /// A length of so many bytes, and then as many bytes as it says.
    Prefixed(usize),
}

/// The tables of the events that follow, by the number the server gave them.
#[derive(Debug, Default)]
pub(super) struct Shapes(HashMap<u64, Arc<Shape>>);

impl Shapes {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn learn(&mut self, seen: &Seen) -> Result<(), String> {
        let raw = seen.event.data();
        let id = table_id(raw)?;
        if self.0.get(&id).is_some_and(|known| known.raw == raw) {
            return Ok(());
        }
        let event: TableMapEvent<'_> = seen.event.read_event().map_err(|error| error.to_string())?;
        let schema = event.database_name().into_owned();
        let shape = Shape {
            own: is_own(&schema),
            schema,
            table: event.table_name().into_owned(),
            widths: widths(&event),
            raw: raw.to_vec(),
        };
        self.0.insert(id, Arc::new(shape));
        Ok(())
    }

    pub(super) fn of(&self, rows: &Rows<'_>) -> Result<&Arc<Shape>, String> {
        self.0
            .get(&rows.table_id)
            .ok_or_else(|| format!("rows of table {} come without its description", rows.table_id))
    }
}

pub(super) fn table_id(data: &[u8]) -> Result<u64, String> {
    let bytes = data.first_chunk::<6>().ok_or("a table map event is cut off")?;
    let mut id = [0; 8];
    id[..6].copy_from_slice(bytes);
    Ok(u64::from_le_bytes(id))
}

fn widths(event: &TableMapEvent<'_>) -> Result<Vec<Width>, String> {
    (0..event.columns_count() as usize)
        .map(|index| {
            let kind = event.get_column_type(index).map_err(|error| error.to_string())?;
            let kind = kind.ok_or("a column has no type")?;
            width(kind, event.get_column_metadata(index).unwrap_or_default())
                .ok_or_else(|| format!("column {} of {} has type {kind:?}", index + 1, event.table_name()))
        })
        .collect()
}

fn width(kind: ColumnType, meta: &[u8]) -> Option<Width> {
    use ColumnType::*;
    let byte = |index: usize| meta.get(index).map(|byte| usize::from(*byte));
    let fraction = |whole: usize| Some(Width::Fixed(whole + byte(0)?.div_ceil(2)));
    Some(match kind {
        MYSQL_TYPE_NULL => Width::Fixed(0),
        MYSQL_TYPE_TINY | MYSQL_TYPE_YEAR => Width::Fixed(1),
        MYSQL_TYPE_SHORT => Width::Fixed(2),
        MYSQL_TYPE_INT24 | MYSQL_TYPE_DATE | MYSQL_TYPE_NEWDATE | MYSQL_TYPE_TIME => Width::Fixed(3),
        MYSQL_TYPE_LONG | MYSQL_TYPE_FLOAT | MYSQL_TYPE_TIMESTAMP => Width::Fixed(4),
        MYSQL_TYPE_LONGLONG | MYSQL_TYPE_DOUBLE | MYSQL_TYPE_DATETIME => Width::Fixed(8),
        MYSQL_TYPE_TIMESTAMP2 => fraction(4)?,
        MYSQL_TYPE_DATETIME2 => fraction(5)?,
        MYSQL_TYPE_TIME2 => fraction(3)?,
        MYSQL_TYPE_NEWDECIMAL => Width::Fixed(decimal(byte(0)?, byte(1)?)?),
        MYSQL_TYPE_BIT => Width::Fixed((byte(1)? * 8 + byte(0)?).div_ceil(8)),
        MYSQL_TYPE_ENUM | MYSQL_TYPE_SET => Width::Fixed(byte(1)?),
        MYSQL_TYPE_TINY_BLOB
        | MYSQL_TYPE_MEDIUM_BLOB
        | MYSQL_TYPE_LONG_BLOB
        | MYSQL_TYPE_BLOB
        | MYSQL_TYPE_GEOMETRY
        | MYSQL_TYPE_JSON
        | MYSQL_TYPE_VECTOR => Width::Prefixed(byte(0)?),
        MYSQL_TYPE_VARCHAR | MYSQL_TYPE_VAR_STRING => prefixed(byte(0)? | byte(1)? << 8),
        MYSQL_TYPE_STRING => prefixed(string_length(byte(0)?, byte(1)?)),
        _ => return None,
    })
}

fn prefixed(longest: usize) -> Width {
    Width::Prefixed(if longest < 256 { 1 } else { 2 })
}

/// The two upper bits of a length above 255 hide, inverted, in the byte of the type.
pub(super) fn string_length(kind: usize, length: usize) -> usize {
    length | ((kind & 0x30) ^ 0x30) << 4
}

/// Nine digits in four bytes; fewer take fewer.
fn decimal(precision: usize, scale: usize) -> Option<usize> {
    const BYTES: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];
    let bytes = |digits: usize| digits / 9 * 4 + BYTES[digits % 9];
    Some(bytes(precision.checked_sub(scale)?) + bytes(scale))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Insert,
    Update,
    Delete,
}

impl Change {
    pub(super) fn of(kind: u8) -> Option<Self> {
        use EventType::*;
        let is = |types: [EventType; 2]| types.iter().any(|known| *known as u8 == kind);
        if is([WRITE_ROWS_EVENT, WRITE_ROWS_EVENT_V1]) {
            Some(Self::Insert)
        } else if is([UPDATE_ROWS_EVENT, UPDATE_ROWS_EVENT_V1]) {
            Some(Self::Update)
        } else if is([DELETE_ROWS_EVENT, DELETE_ROWS_EVENT_V1]) {
            Some(Self::Delete)
        } else {
            None
        }
    }
}

/// A rows event.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) change: Change,
    table_id: u64,
    columns: usize,
    /// One bit a column, and for an update once more for the image after it.
    pub(super) present: Vec<u8>,
    images: &'a [u8],
}

const CUT_OFF: &str = "a rows event is cut off";

impl<'a> Rows<'a> {
    pub(super) fn read(kind: u8, change: Change, data: &'a [u8]) -> Result<Self, String> {
        let table_id = table_id(data)?;
        let mut rest = data.get(8..).ok_or(CUT_OFF)?;
        // From version 2 on, something that is the server's own business stands here; its length counts itself.
        if kind >= EventType::WRITE_ROWS_EVENT as u8 {
            let length = rest.first_chunk::<2>().ok_or(CUT_OFF)?;
            rest = rest.get(usize::from(u16::from_le_bytes(*length)).max(2)..).ok_or(CUT_OFF)?;
        }
        let columns;
        (columns, rest) = packed(rest).ok_or(CUT_OFF)?;
        let maps = if change == Change::Update { 2 } else { 1 };
        let length = columns.div_ceil(8);
        let (present, images) = rest.split_at_checked(length * maps).ok_or(CUT_OFF)?;
        let mut present = present.to_vec();
        // The bits beyond the last column mean nothing and need not be the same.
        if columns % 8 != 0 {
            for map in present.chunks_mut(length) {
                map[length - 1] &= (1 << (columns % 8)) - 1;
            }
        }
        Ok(Self { change, table_id, columns, present, images })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// Hands over each changed row's images as they lie there, but for bits that mean nothing: behind the last column, 5.7
    /// sets them and 8.0 does not.
    pub(super) fn each(&self, shape: &Shape, mut row: impl FnMut(&[u8])) -> Result<(), String> {
        let widths = shape.widths.as_ref().map_err(Clone::clone)?;
        if widths.len() != self.columns {
            return Err(format!(
                "rows of {} columns come for {}, which has {}",
                self.columns,
                shape.table,
                widths.len()
            ));
        }
        let mut rest = self.images;
        let mut images = Vec::new();
        while !rest.is_empty() {
            images.clear();
            for map in self.present.chunks(self.columns.div_ceil(8)) {
                let (length, used) = image(widths, map, rest).ok_or(CUT_OFF)?;
                let begin = images.len();
                images.extend_from_slice(&rest[..length]);
                rest = &rest[length..];
                if used % 8 != 0 {
                    images[begin + used / 8] &= (1 << (used % 8)) - 1;
                }
            }
            if images.is_empty() {
                return Err(CUT_OFF.to_owned());
            }
            row(&images);
        }
        Ok(())
    }
}

/// What an image has of one column: the bytes of a value without their length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Absent,
    Null,
    Value(&'a [u8]),
}

impl<'a> Rows<'a> {
    /// Hands over the wanted columns of each changed row's images, in their order: of an update, those of the image before
    /// and then those of the one after it.
    pub(super) fn cells(
        &self,
        shape: &Shape,
        wanted: &[usize],
        mut row: impl FnMut(&[Cell<'a>]),
    ) -> Result<(), String> {
        let widths = shape.widths.as_ref().map_err(Clone::clone)?;
        if widths.len() != self.columns {
            return Err(format!("rows of {} columns come for {}, which has others", self.columns, shape.table));
        }
        let mut rest = self.images;
        let mut cells = Vec::new();
        while !rest.is_empty() {
            cells.clear();
            let before = rest.len();
            for map in self.present.chunks(self.columns.div_ceil(8)) {
                let begin = cells.len();
                cells.resize(begin + wanted.len(), Cell::Absent);
                rest = cut(widths, map, rest, |index, cell| {
                    if let Some(place) = wanted.iter().position(|wanted| *wanted == index) {
                        cells[begin + place] = cell;
                    }
                })
                .ok_or(CUT_OFF)?;
            }
            if rest.len() == before {
                return Err(CUT_OFF.to_owned());
            }
            row(&cells);
        }
        Ok(())
    }
}

/// What is behind one image, which is handed over column by column.
fn cut<'a>(
    widths: &[Width],
    present: &[u8],
    bytes: &'a [u8],
    mut each: impl FnMut(usize, Cell<'a>),
) -> Option<&'a [u8]> {
    let bit = |map: &[u8], index: usize| map[index / 8] >> (index % 8) & 1 == 1;
    let used: usize = present.iter().map(|byte| byte.count_ones() as usize).sum();
    let (nulls, mut rest) = bytes.split_at_checked(used.div_ceil(8))?;
    let mut place = 0;
    for (index, width) in widths.iter().enumerate() {
        if !bit(present, index) {
            continue;
        }
        place += 1;
        if bit(nulls, place - 1) {
            each(index, Cell::Null);
            continue;
        }
        let length = match *width {
            Width::Fixed(length) => length,
            Width::Prefixed(size) => {
                let (prefix, behind) = rest.split_at_checked(size)?;
                rest = behind;
                usize::try_from(prefix.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))).ok()?
            }
        };
        let (value, behind) = rest.split_at_checked(length)?;
        rest = behind;
        each(index, Cell::Value(value));
    }
    Some(rest)
}

/// The length of one image, and how many columns it has.
fn image(widths: &[Width], present: &[u8], bytes: &[u8]) -> Option<(usize, usize)> {
    let bit = |map: &[u8], index: usize| map[index / 8] >> (index % 8) & 1 == 1;
    let used: usize = present.iter().map(|byte| byte.count_ones() as usize).sum();
    let nulls = bytes.get(..used.div_ceil(8))?;
    let mut at = nulls.len();
    let columns = widths.iter().enumerate().filter(|(index, _)| bit(present, *index));
    for (place, (_, width)) in columns.enumerate() {
        if bit(nulls, place) {
            continue;
        }
        at += match *width {
            Width::Fixed(length) => length,
            Width::Prefixed(size) => {
                let mut length = [0; 8];
                length[..size].copy_from_slice(bytes.get(at..at + size)?);
                size + usize::try_from(u64::from_le_bytes(length)).ok()?
            }
        };
    }
    (at <= bytes.len()).then_some((at, used))
}

/// A number of the protocol: one byte, or a mark and two, three or eight.
fn packed(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let size = match first {
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        small => return Some((usize::from(*small), rest)),
    };
    let (number, rest) = rest.split_at_checked(size)?;
    let number = number.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_packed_by_nines() {
        assert_eq!(decimal(10, 2), Some(5));
        assert_eq!(decimal(18, 9), Some(8));
        assert_eq!(decimal(65, 30), Some(30));
        assert_eq!(decimal(1, 2), None);
    }

    #[test]
    fn rows_are_cut_apart_and_what_is_cut_off_is_not_accepted() {
        let shape = Shape {
            schema: "shop".into(),
            table: "t".into(),
            own: false,
            widths: Ok(vec![Width::Fixed(4), Width::Prefixed(1)]),
            raw: Vec::new(),
        };
        // Table 7, no flags, no extra data, two columns, both present; (1, 'ab') and (2, NULL).
        let mut data = vec![7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0xff];
        data.extend([0xfc, 1, 0, 0, 0, 2, b'a', b'b']);
        data.extend([0xfe, 2, 0, 0, 0]);
        let read = |data: &[u8]| {
            let rows = Rows::read(EventType::WRITE_ROWS_EVENT as u8, Change::Insert, data)?;
            assert_eq!(rows.present, [0b11]);
            let mut images = Vec::new();
            rows.each(&shape, |row| images.push((row.len(), row[0])))?;
            Ok::<_, String>(images)
        };
        assert_eq!(read(&data), Ok(vec![(8, 0b00), (5, 0b10)]), "the unused bits are gone");
        let rows = Rows::read(EventType::WRITE_ROWS_EVENT as u8, Change::Insert, &data).unwrap();
        let mut cells = Vec::new();
        rows.cells(&shape, &[1, 0, 5], |row| cells.extend_from_slice(row)).unwrap();
        let id = |bytes| Cell::Value(bytes);
        assert_eq!(
            cells,
            [id(b"ab"), id(&[1, 0, 0, 0]), Cell::Absent, Cell::Null, id(&[2, 0, 0, 0]), Cell::Absent],
            "in the order they are wanted"
        );
        let cut_off = Rows::read(EventType::WRITE_ROWS_EVENT as u8, Change::Insert, &data[..data.len() - 1]).unwrap();
        assert!(cut_off.cells(&shape, &[1], |_| {}).is_err());
        assert!(read(&data[..data.len() - 1]).is_err());
        assert!(read(&data[..data.len() - 5 - 7]).is_err());
        assert!(Rows::read(EventType::WRITE_ROWS_EVENT as u8, Change::Insert, &data[..9]).is_err());
    }
}
