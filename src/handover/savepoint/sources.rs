//! From operators to the offsets of mysql-cdc sources.

use std::collections::HashMap;

use super::{
    Unreadable,
    bytes::Result,
    metadata::{Operator, Part, Place, Stream},
    split::{self, Binlog, RawOffset, Split},
    state::{self, SPLITS},
};
use crate::event::{Offset, Phase};

type Files<'a> = HashMap<Place<'a>, Vec<u8>>;

/// Whether the operator may be a source whose state has to be read.
pub(super) fn matter(operator: &Operator<'_>) -> bool {
    operator.coordinator.is_some() || operator.states.iter().any(|state| state.lists.iter().any(|l| l.name == SPLITS))
}

pub(super) fn offsets<'a>(operators: &[Operator<'a>], files: &'a Files<'a>) -> Result<Vec<Offset>> {
    let mut offsets = Vec::new();
    for operator in operators.iter().filter(|operator| matter(operator)) {
        offsets.extend(source(operator, files)?);
    }
    if offsets.is_empty() { Err(Unreadable::NoSource) } else { Ok(offsets) }
}

/// `None` where the operator is no mysql-cdc source.
fn source<'a>(operator: &Operator<'a>, files: &'a Files<'a>) -> Result<Option<Offset>> {
    let wrong = |found| Unreadable::Source { operator: operator.id.clone(), found };
    let enumerator = operator.coordinator.and_then(split::enumerator);
    let mut elements = Vec::new();
    for state in &operator.states {
        let data = match state.stream {
            Stream::Absent if state.lists.iter().all(|list| list.elements.is_empty()) => continue,
            Stream::Absent => return Err(wrong("a state without bytes")),
            Stream::Inline(data) => data,
            Stream::File(part) => file(part, files)?,
        };
        elements.extend(state::splits(state, data)?);
    }
    let Some(begun) = enumerator else {
        return if elements.iter().any(|element| split::is_split(element)) {
            Err(wrong("splits of a mysql-cdc source, but not its enumerator"))
        } else {
            Ok(None)
        };
    };
    let mut log = None;
    let mut copied = Vec::new();
    for element in elements {
        match split::split(&element)? {
            Split::Snapshot { table } => copied.push(table),
            Split::Binlog(binlog) => {
                if log.replace(binlog).is_some() {
                    return Err(wrong("two binary log splits"));
                }
            }
        }
    }
    let unnamed = || format!("operator {}", operator.id);
    match log {
        Some(binlog) => {
            let phase = if binlog.waits || !copied.is_empty() { Phase::Snapshot } else { Phase::Binlog };
            let Binlog { offset, mut tables, .. } = *binlog;
            tables.sort_unstable();
            offset_of(&offset, name(tables).unwrap_or_else(unnamed), phase).map(Some)
        }
        None => Ok(Some(Offset {
            source: name(begun).or_else(|| name(copied)).unwrap_or_else(unnamed),
            file: String::new(),
            position: 0,
            skip_events: 0,
            skip_rows: 0,
            gtid_set: None,
            server_id: None,
            phase: Phase::Snapshot,
        })),
    }
}

fn name(mut tables: Vec<String>) -> Option<String> {
    tables.dedup();
    (!tables.is_empty()).then(|| tables.join(","))
}

fn offset_of(raw: &RawOffset, source: String, phase: Phase) -> Result<Offset> {
    if let Some(kind) = raw.kind.as_deref().filter(|kind| *kind != "SPECIFIC") {
        return Err(Unreadable::NotBegun { kind: kind.to_owned() });
    }
    let gtid_set = raw.gtids.clone().filter(|set| !set.is_empty());
    let file = raw.file.clone().unwrap_or_default();
    let position = number("pos", raw.pos.as_deref())?;
    // Four bytes of magic stand before the first event of a log file.
    if gtid_set.is_none() && (file.is_empty() || position < 4) {
        return Err(Unreadable::Offset { problem: format!("neither a GTID set nor a place: `{file}`:{position}") });
    }
    let server_id = raw.server_id.as_deref().map(|id| number("server_id", Some(id))).transpose()?;
    Ok(Offset {
        source,
        file,
        position,
        skip_events: number("event", raw.event.as_deref())?,
        skip_rows: number("row", raw.row.as_deref())?,
        gtid_set,
        // 0 is written before the first event was seen.
        server_id: server_id.filter(|id| *id != 0),
        phase,
    })
}

fn number<T: std::str::FromStr>(key: &str, value: Option<&str>) -> Result<T> {
    let value = value.ok_or_else(|| Unreadable::Offset { problem: format!("no `{key}`") })?;
    // Rust reads `+7` as a number too, which the connector never writes.
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { value.parse().ok() } else { None };
    number.ok_or_else(|| Unreadable::Offset { problem: format!("`{key}` is `{value}`, not a number") })
}

fn file<'a>(part: Part<'a>, files: &'a Files<'a>) -> Result<&'a [u8]> {
    let (Place::Beside(place) | Place::At(place)) = part.place;
    let data = files.get(&part.place).ok_or_else(|| Unreadable::MissingFile { place: place.to_owned() })?;
    let end = part.start.saturating_add(part.size);
    let found = data.len() as u64;
    if found < end || (part.whole && found > end) {
        return Err(Unreadable::FileSize { place: place.to_owned(), found, expected: end });
    }
    // Both fit: they are not greater than the length.
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    Ok(&data[place(part.start)..place(end)])
}
