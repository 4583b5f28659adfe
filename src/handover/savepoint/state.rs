//! The bytes of one subtask's operator state: a description, then the elements of its lists.

use super::{
    Unreadable,
    bytes::{Bytes, Result},
    metadata::State,
};

/// The list in which every source of this interface keeps its splits.
pub(super) const SPLITS: &str = "SourceReaderState";
const WHAT: &str = "operator state";

/// The elements of the splits list within `data`, the bytes of `state`.
///
/// The lists stand twice, in `_metadata` and here, and the elements must fill their bytes without a gap: a slipped byte
/// does not pass for an element.
pub(super) fn splits<'a>(state: &State<'_>, data: &'a [u8]) -> Result<Vec<&'a [u8]>> {
    let mut offsets: Vec<u64> = state.lists.iter().flat_map(|list| list.elements.iter().copied()).collect();
    offsets.sort_unstable();
    offsets.dedup();
    offsets.push(data.len() as u64);
    let description = range(data, 0, offsets[0])?;
    describe(state, description)?;

    let mut found = Vec::new();
    for list in state.lists.iter().filter(|list| list.name == SPLITS) {
        for start in &list.elements {
            let end = offsets[offsets.partition_point(|offset| offset <= start).min(offsets.len() - 1)];
            let mut bytes = Bytes::new(range(data, *start, end)?, WHAT);
            found.push(bytes.block()?);
            bytes.end()?;
        }
    }
    Ok(found)
}

fn describe(state: &State<'_>, description: &[u8]) -> Result<()> {
    let mut bytes = Bytes::new(description, WHAT);
    let version = bytes.i32()?;
    if !(5..=6).contains(&version) {
        return Err(Unreadable::Version { what: WHAT, found: version, known: "5 and 6" });
    }
    if version == 6 && bytes.boolean()? {
        return Err(Unreadable::Unsupported {
            what: "compressed state (execution.checkpointing.snapshot-compression)",
        });
    }
    let count = usize::from(bytes.u16()?);
    let first = if count == 0 { None } else { Some(bytes.utf()?) };
    let names: Vec<&str> = state.lists.iter().map(|list| list.name).collect();
    let all_there = names.iter().all(|name| {
        let mut written = u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
        written.extend_from_slice(name.as_bytes());
        description.windows(written.len()).any(|window| window == written)
    });
    if !all_there || count > names.len() || first.is_some_and(|first| !names.contains(&first)) {
        return Err(bytes.malformed("lists other than _metadata names"));
    }
    Ok(())
}

fn range(data: &[u8], start: u64, end: u64) -> Result<&[u8]> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    data.get(place(start)..place(end)).ok_or(Unreadable::Truncated { what: WHAT, at: data.len() })
}
