//! What a mysql-cdc source keeps: its splits in the reader's state, and the enumerator's own record beside them.

use serde::Deserialize;

use super::{
    Unreadable,
    bytes::{Bytes, Result},
};

/// The only version of the split format that connectors since 2.2 write.
const SPLIT_VERSION: i32 = 4;
const SNAPSHOT: i32 = 1;
const BINLOG: i32 = 2;
const HYBRID: i32 = 3;
const BINLOG_ID: &str = "binlog-split";

/// One split as a reader holds it.
pub(super) enum Split {
    /// A chunk of a table that is still being copied.
    Snapshot {
        table: String,
    },
    Binlog(Box<Binlog>),
}

pub(super) struct Binlog {
    pub(super) offset: RawOffset,
    /// `db.table`, in the order of the bytes.
    pub(super) tables: Vec<String>,
    /// Whether the split waits for tables that are being copied, or for the record of those that were.
    pub(super) waits: bool,
}

/// An offset as the connector writes it: every value a string.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOffset {
    #[serde(default, rename = "transaction_id")]
    _transaction: Option<String>,
    #[serde(default, rename = "ts_sec")]
    _seconds: Option<String>,
    #[serde(default)]
    pub(super) file: Option<String>,
    #[serde(default)]
    pub(super) pos: Option<String>,
    #[serde(default)]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) gtids: Option<String>,
    #[serde(default)]
    pub(super) row: Option<String>,
    #[serde(default)]
    pub(super) event: Option<String>,
    #[serde(default)]
    pub(super) server_id: Option<String>,
}

/// Whether the bytes look like a split of a mysql-cdc source at all.
pub(super) fn is_split(element: &[u8]) -> bool {
    let mut bytes = Bytes::new(element, "a split");
    let mut head = || Ok::<_, Unreadable>((bytes.i32()?, bytes.block()?));
    head().is_ok_and(|(version, body)| {
        let flag = Bytes::new(body, "a split").i32();
        version == SPLIT_VERSION && matches!(flag, Ok(SNAPSHOT | BINLOG))
    })
}

pub(super) fn split(element: &[u8]) -> Result<Split> {
    let mut bytes = Bytes::new(element, "a split");
    let version = bytes.i32()?;
    if version != SPLIT_VERSION {
        return Err(Unreadable::Version { what: "the split of a mysql-cdc source", found: version, known: "4" });
    }
    let mut body = Bytes::new(bytes.block()?, "a split");
    bytes.end()?;
    let split = match body.i32()? {
        SNAPSHOT => snapshot(&mut body)?,
        BINLOG => Split::Binlog(Box::new(binlog(&mut body)?)),
        _ => return Err(body.malformed("a split of unknown kind")),
    };
    body.end()?;
    Ok(split)
}

fn snapshot(bytes: &mut Bytes<'_>) -> Result<Split> {
    let table = table(bytes)?;
    for _ in ["id", "key type", "start", "end"] {
        bytes.utf()?;
    }
    offset(bytes)?;
    schemas(bytes)?;
    Ok(Split::Snapshot { table })
}

fn binlog(bytes: &mut Bytes<'_>) -> Result<Binlog> {
    if bytes.utf()? != BINLOG_ID || !bytes.utf()?.is_empty() {
        return Err(bytes.malformed("a binary log split of another name"));
    }
    let Some(current) = offset(bytes)? else { return Err(bytes.malformed("no offset")) };
    offset(bytes)?;
    let finished = bytes.count()?;
    for _ in 0..finished {
        table(bytes)?;
        for _ in ["id", "start", "end"] {
            bytes.utf()?;
        }
        offset(bytes)?;
    }
    let tables = schemas(bytes)?;
    let total = bytes.i32()?;
    let suspended = bytes.boolean()?;
    let total = usize::try_from(total).map_err(|_| bytes.malformed("a negative number of finished splits"))?;
    if finished > total {
        return Err(bytes.malformed("more finished splits than there are"));
    }
    Ok(Binlog { offset: current, tables, waits: suspended || finished < total })
}

fn offset(bytes: &mut Bytes<'_>) -> Result<Option<RawOffset>> {
    if !bytes.boolean()? {
        return Ok(None);
    }
    let json = bytes.block()?;
    serde_json::from_slice(json).map(Some).map_err(|error| Unreadable::Offset { problem: error.to_string() })
}

/// The tables of the schemas, which are checked to be JSON and otherwise not looked at.
fn schemas(bytes: &mut Bytes<'_>) -> Result<Vec<String>> {
    let count = bytes.count()?;
    (0..count)
        .map(|_| {
            let table = table(bytes)?;
            let schema: std::result::Result<serde::de::IgnoredAny, _> = serde_json::from_slice(bytes.block()?);
            schema.map_err(|_| bytes.malformed("a table schema that is not JSON"))?;
            Ok(table)
        })
        .collect()
}

fn table(bytes: &mut Bytes<'_>) -> Result<String> {
    let quoted = bytes.utf()?;
    unquote(quoted).ok_or_else(|| bytes.malformed("a table name that is not quoted"))
}

/// `"db"."table"` or `` `db`.`table` `` as `db.table`.
fn unquote(quoted: &str) -> Option<String> {
    let quote = quoted.chars().next().filter(|first| matches!(first, '"' | '`'))?;
    let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    let (database, table) = inner.split_once(&format!("{quote}.{quote}"))?;
    let single = |name: &str| name.replace(&format!("{quote}{quote}"), &quote.to_string());
    (!database.is_empty() && !table.is_empty()).then(|| format!("{}.{}", single(database), single(table)))
}

/// The enumerator of a mysql-cdc source, told by its own format; the tables whose copying it has begun.
///
/// `None` where the coordinator is something else's.
pub(super) fn enumerator(coordinator: &[u8]) -> Option<Vec<String>> {
    let mut bytes = Bytes::new(coordinator, "an enumerator");
    let (coordinator_version, state_version) = (bytes.i32().ok()?, bytes.i32().ok()?);
    let state = bytes.block().ok()?;
    bytes.end().ok()?;
    if coordinator_version != 1 || !(4..=5).contains(&state_version) {
        return None;
    }
    let mut state = Bytes::new(state, "an enumerator");
    if state.i32().ok()? != SPLIT_VERSION {
        return None;
    }
    match state.i32().ok()? {
        BINLOG => Some(Vec::new()),
        SNAPSHOT | HYBRID => {
            let count = state.count().ok()?;
            (0..count).map(|_| table(&mut state).ok()).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_quotes() {
        assert_eq!(unquote("\"shop\".\"orders\"").as_deref(), Some("shop.orders"));
        assert_eq!(unquote("`shop`.`a``b`").as_deref(), Some("shop.a`b"));
        assert_eq!(unquote("shop.orders"), None);
        assert_eq!(unquote("\""), None);
        assert_eq!(unquote("\"shop\""), None);
        assert_eq!(unquote(""), None);
    }
}
