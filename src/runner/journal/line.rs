//! One line as text: a record with its place, and a checksum chained to the line before.

use serde_json::{Map, Value};

use super::{file::Entry, record::VERSION};
use crate::error::{Error, Result};

/// Why a line is no record of this journal.
pub(super) enum Damage {
    NewerVersion(u64),
    Broken(String),
}

/// The line of `entry`, its end included, and its checksum.
///
/// # Errors
///
/// `Bug` where the entry cannot be written as JSON.
pub(super) fn written(entry: &Entry, before: u32) -> Result<(String, u32)> {
    let body = serde_json::to_string(entry)
        .map_err(|error| Error::bug("A journal record cannot be written as JSON").because(&error))?;
    let check = chain(before, &body);
    let open = body.strip_suffix('}').expect("an entry is a JSON object");
    Ok((format!("{open},\"check\":\"{check:08x}\"}}\n"), check))
}

/// The entry of a line without its end, and its checksum.
pub(super) fn parse(line: &[u8], seq: u64, before: u32) -> std::result::Result<(Entry, u32), Damage> {
    let broken = |why: &str| Damage::Broken(why.to_owned());
    // A newer version may have another way to make its checksum.
    if let Some(version) = version(line).filter(|version| *version > u64::from(VERSION)) {
        return Err(Damage::NewerVersion(version));
    }
    let text = std::str::from_utf8(line).map_err(|_| broken("it is not text"))?;
    let (open, written) = ended(text).ok_or_else(|| {
        // No checksum is not the same as no record.
        let record = serde_json::from_str::<Map<String, Value>>(text).is_ok();
        broken(if record { "its checksum is not at its end" } else { "it is not a journal record" })
    })?;
    let body = format!("{open}}}");
    let check = chain(before, &body);
    if format!("{check:08x}") != written {
        return Err(broken("its checksum does not follow from the line before"));
    }
    let entry: Entry = serde_json::from_str(&body).map_err(|error| Damage::Broken(error.to_string()))?;
    if entry.seq != seq {
        return Err(Damage::Broken(format!("it is record {} where {seq} belongs", entry.seq)));
    }
    Ok((entry, check))
}

/// What stands before the checksum of a line, without its last brace, and the checksum.
fn ended(line: &str) -> Option<(&str, &str)> {
    let (open, check) = line.strip_suffix("\"}")?.rsplit_once(",\"check\":\"")?;
    (check.len() == 8).then_some((open, check))
}

/// Whether a line of the journal says that a newer version of the format wrote it.
pub fn is_newer(path: &std::path::Path) -> bool {
    let bytes = fs_err::read(path).unwrap_or_default();
    bytes.split(|byte| *byte == b'\n').any(|line| version(line).is_some_and(|version| version > u64::from(VERSION)))
}

/// Whether more follows on what begins as a whole record: the end of line after that is missing, and it was synced.
pub(super) fn goes_on_after_a_record(line: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(line).into_iter::<Map<String, Value>>();
    matches!(values.next(), Some(Ok(_))) && values.byte_offset() < line.len()
}

/// Every version of the format begins its lines with its number.
fn version(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(b"{\"v\":")?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

fn chain(before: u32, body: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(before);
    hasher.update(body.as_bytes());
    hasher.finalize()
}
