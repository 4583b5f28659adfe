//! The rows of a range whose sums are not the same: the range is cut into parts until the rows can be held side by side.

use std::collections::HashMap;

use futures_util::future::try_join;

use super::{pass::Lane, walks::Walks};
use crate::{
    error::Result,
    port::rows::{Key, Range},
};

/// Rows that are read from each side at once.
const HELD: u64 = 2_000;
/// Into how many parts a range is cut.
const PARTS: u64 = 8;

/// Adds the keys of rows that are not the same on both sides, up to `most` of them; false where there may be more.
pub(super) async fn narrow(
    lane: &mut Lane<'_>,
    walks: &Walks,
    range: &Range,
    most: usize,
    found: &mut Vec<Key>,
) -> Result<bool> {
    let mut open = vec![range.clone()];
    while let Some(range) = open.pop() {
        let (source, sink) = lane.sums(walks, &range).await?;
        if source == sink {
            continue;
        }
        let rows = source.rows.max(sink.rows);
        if rows > HELD {
            open.extend(parts(lane, walks, &range, source.rows >= sink.rows, rows.div_ceil(PARTS)).await?);
            continue;
        }
        if found.len() >= most {
            return Ok(false);
        }
        // Rows that were written since the sums are more than were counted.
        let limit = HELD * 2;
        let (one, other) =
            try_join(lane.source.hashes(&walks.source, &range, limit), lane.sink.hashes(&walks.sink, &range, limit))
                .await?;
        if one.len() as u64 == limit || other.len() as u64 == limit {
            open.extend(parts(lane, walks, &range, one.len() >= other.len(), HELD / 2).await?);
            continue;
        }
        let mut others: HashMap<Key, u64> = other.into_iter().collect();
        for (key, hash) in one {
            if others.remove(&key) != Some(hash) {
                found.push(key);
            }
        }
        found.extend(others.into_keys());
    }
    Ok(true)
}

/// Of about so many rows of one side each.
async fn parts(lane: &mut Lane<'_>, walks: &Walks, range: &Range, by_source: bool, rows: u64) -> Result<Vec<Range>> {
    let mut parts = Vec::new();
    let mut rest = range.clone();
    loop {
        let end = if by_source {
            lane.source.key_at(&walks.source, &rest, rows).await?
        } else {
            lane.sink.key_at(&walks.sink, &rest, rows).await?
        };
        match end.filter(|end| Some(end) != range.until.as_ref()) {
            Some(end) => {
                parts.push(Range { after: rest.after.replace(end.clone()), until: Some(end) });
            }
            None => {
                parts.push(rest);
                // The first is looked at first.
                parts.reverse();
                return Ok(parts);
            }
        }
    }
}
