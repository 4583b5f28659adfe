//! The bytes of one subtask's operator state: a description, then the elements of its lists.

use std::{borrow::Cow, io::Read as _};

use snap::read::FrameDecoder;

use super::{
    Unreadable,
    bytes::{Bytes, Result},
    metadata::State,
};

/// The list in which every source of this interface keeps its splits.
pub(super) const SPLITS: &str = "SourceReaderState";
const WHAT: &str = "operator state";

/// How the compressed elements of a list begin, right behind the description: every list is a stream of its own.
const FRAMES: &[u8] = b"\xff\x06\x00\x00sNaPpY";
/// What the elements of one subtask may hold when they are no longer compressed, in bytes.
const LARGEST: u64 = 256 << 20;
/// A source has one list or two; more are refused before they are compared one by one.
const MOST_LISTS: usize = 256;

/// The elements of the splits list within `data`, the bytes of `state`.
///
/// The lists stand twice, in `_metadata` and here, and the elements must fill their bytes without a gap: a slipped byte
/// does not pass for an element. Compressed elements (`execution.checkpointing.snapshot-compression`) carry checksums
/// too.
pub(super) fn splits<'a>(state: &State<'_>, data: &'a [u8]) -> Result<Vec<Cow<'a, [u8]>>> {
    if state.lists.len() > MOST_LISTS {
        return Err(Unreadable::Unsupported { what: "an operator with more than 256 lists of state" });
    }
    let mut offsets: Vec<u64> = state.lists.iter().flat_map(|list| list.elements.iter().copied()).collect();
    offsets.sort_unstable();
    offsets.dedup();
    offsets.push(data.len() as u64);
    let compressed = describe(state, range(data, 0, offsets[0])?)?;

    let mut room = LARGEST;
    let mut found = Vec::new();
    for list in state.lists.iter().filter(|list| list.name == SPLITS) {
        for start in &list.elements {
            let end = offsets[offsets.partition_point(|offset| offset <= start).min(offsets.len() - 1)];
            let element = range(data, *start, end)?;
            found.push(if compressed {
                let plain = unframed(element, room)?;
                room -= plain.len() as u64;
                Cow::Owned(whole(&plain)?.to_vec())
            } else {
                Cow::Borrowed(whole(element)?)
            });
        }
    }
    Ok(found)
}

/// An element without its length, which must be all of it.
fn whole(element: &[u8]) -> Result<&[u8]> {
    let mut bytes = Bytes::new(element, WHAT);
    let block = bytes.block()?;
    bytes.end()?;
    Ok(block)
}

/// The bytes in the frames of one element. Flink ends a frame where an element ends, so that it can be found again; the
/// begin of the next list's stream may follow.
fn unframed(frames: &[u8], room: u64) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut decoder = FrameDecoder::new(FRAMES.chain(frames)).take(room + 1);
    decoder.read_to_end(&mut plain).map_err(|error| Unreadable::Compressed { problem: error.to_string() })?;
    if plain.len() as u64 > room {
        return Err(Unreadable::Compressed {
            problem: format!("a subtask's elements are longer than {LARGEST} bytes"),
        });
    }
    Ok(plain)
}

/// Whether the elements are compressed.
fn describe(state: &State<'_>, description: &[u8]) -> Result<bool> {
    let mut bytes = Bytes::new(description, WHAT);
    let version = bytes.i32()?;
    if !(5..=6).contains(&version) {
        return Err(Unreadable::Version { what: WHAT, found: version, known: "5 and 6" });
    }
    let compressed = version == 6 && bytes.boolean()?;
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
    if compressed != description.ends_with(FRAMES) && !names.is_empty() {
        return Err(bytes.malformed("a mark of compression that its elements do not bear out"));
    }
    Ok(compressed)
}

fn range(data: &[u8], start: u64, end: u64) -> Result<&[u8]> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    data.get(place(start)..place(end)).ok_or(Unreadable::Truncated { what: WHAT, at: data.len() })
}
