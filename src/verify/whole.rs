//! Whole tables of a source and a sink.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    compared::Compared,
    narrow::narrow,
    pass::{Lane, Limits, Progress, pass},
    prepared::Prepared,
    touched::{BATCH, Pair, batch, definitions},
    walks::Walks,
};
use crate::{
    error::{Kind, Result},
    port::{
        clock::Clock,
        rows::{Hash, Key, Range},
        tables::TablesRead,
    },
};

/// Rows that are not the same and are looked at again and again, in all tables together.
const MOST_UNEQUAL: usize = 100_000;

/// How far a pair has come, or why it cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advanced {
    pub progress: Progress,
    /// As [`Compared::not_compared`].
    pub not_compared: Vec<(String, String)>,
    /// Why no row of the pair is compared, as the end of a sentence.
    pub refused: Option<String>,
    /// The pair has no key: its rows are compared all together, and a difference has no place.
    pub keyless: bool,
}

/// Goes on with one of the pairs for about `time`.
///
/// # Errors
/// What a server says that cannot answer now; a table that cannot be compared is told in the result.
pub async fn advance(
    (tables, clock): (&dyn TablesRead, &dyn Clock),
    (pairs, at): (&[Pair], usize),
    (hash, limits): (Hash, &Limits),
    progress: Progress,
    time: Duration,
) -> Result<Advanced> {
    let pair = &pairs[at];
    let mut told = Compared::default();
    let refused = |why: String, told: Compared| {
        let progress = Progress { done: true, ..Progress::default() };
        Ok(Advanced { progress, not_compared: told.not_compared, refused: Some(why), keyless: false })
    };
    let (source, sink) = match definitions(tables, pair).await? {
        Ok(both) => both,
        Err(why) => return refused(why, told),
    };
    let keyless = source.primary_key.is_empty() || sink.primary_key.is_empty();
    let prepared = if keyless {
        Ok(Prepared::keyless(pair, &source, &sink, &mut told))
    } else {
        Prepared::of(pair, &source, &sink, &mut told)
    };
    let walks = prepared.and_then(|prepared| {
        for (column, why) in &prepared.unhashed {
            told.leave_out(column, why);
        }
        if keyless { Ok(Walks::keyless(&prepared, hash)) } else { Walks::of(&prepared, hash) }
    });
    let walks = match walks {
        Ok(walks) => walks,
        Err(why) => return refused(why, told),
    };
    if walks.source.columns.is_empty() {
        return refused("none of its columns can be compared".to_owned(), told);
    }
    if walks.sink.only.is_empty() && is_shared(pairs, at) {
        return refused(
            "several tables flow into it, and no column of its key tells which one a row came from".into(),
            told,
        );
    }
    match pass((tables, clock), (&pair.source, &pair.sink), &walks, limits, progress, time).await {
        Ok(progress) => Ok(Advanced { progress, not_compared: told.not_compared, refused: None, keyless }),
        Err(error) if error.kind == Kind::Permanent => refused(error.message, told),
        Err(error) => Err(error),
    }
}

/// The rows of those ranges that are not the same on both sides, as they are now; [`super::again`] looks at them again.
/// False where there are more of them than are looked at.
///
/// # Errors
/// As [`advance`].
pub async fn unequal(
    tables: &dyn TablesRead,
    pairs: &[Pair],
    ranges: &[&[Range]],
    hash: Hash,
) -> Result<(Compared, bool)> {
    let (mut compared, mut all) = (Compared::default(), true);
    for (place, (pair, ranges)) in pairs.iter().zip(ranges).enumerate().filter(|(_, (_, ranges))| !ranges.is_empty()) {
        let Ok((source, sink)) = definitions(tables, pair).await? else { continue };
        let mut told = Compared::default();
        let Ok(prepared) = Prepared::of(pair, &source, &sink, &mut told) else { continue };
        let Ok(walks) = Walks::of(&prepared, hash) else { continue };
        let mut lane = Lane::open(tables, (&pair.source, &pair.sink)).await?;
        let mut keys: Vec<Key> = Vec::new();
        for range in *ranges {
            let most = MOST_UNEQUAL.saturating_sub(compared.unequal.len());
            if !narrow(&mut lane, &walks, range, most, &mut keys).await? {
                all = false;
                break;
            }
        }
        lane.close().await;
        for some in keys.chunks(BATCH) {
            if !batch(tables, place, &prepared, some, None, &mut compared).await? {
                break;
            }
        }
    }
    Ok((compared, all))
}

fn is_shared(pairs: &[Pair], at: usize) -> bool {
    let sink = |pair: &Pair| (pair.sink.address.clone(), pair.sink_schema.clone(), pair.sink_table.clone());
    pairs.iter().enumerate().any(|(other, pair)| other != at && sink(pair) == sink(&pairs[at]))
}
