//! Where the next chunk of a table ends, and how large it shall be.

use std::time::Duration;

use crate::port::rows::{Key, Size};

/// What the first chunk of a walk holds at most.
const FIRST: u64 = 4_000;
const LEAST: u64 = 100;
/// Of one statement, whatever the server can do.
const MOST: u64 = 1_000_000;
/// Gaps of a key of one whole number are walked over where it has a row for every so many numbers.
const SPARSE: i128 = 4;

/// How large chunks are: as many rows as a server sums up in a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Width {
    pub(super) rows: u64,
    aim: Duration,
}

impl Width {
    pub(super) fn new(aim: Duration, rows: Option<u64>) -> Self {
        Self { rows: rows.unwrap_or(FIRST).clamp(LEAST, MOST), aim }
    }

    /// A chunk of so many rows took so long.
    pub(super) fn learn(&mut self, rows: u64, took: Duration) {
        // The last chunk and gaps say little of what a full one takes.
        if rows < self.rows / 2 && took < self.aim {
            return;
        }
        let per_row = took.as_secs_f64().max(1e-4) / rows.max(1) as f64;
        let wanted = (self.aim.as_secs_f64() / per_row) as u64;
        self.rows = wanted.clamp(self.rows / 8, self.rows.saturating_mul(8)).clamp(LEAST, MOST);
    }

    /// A chunk took longer than a statement may.
    pub(super) fn shrink(&mut self) {
        self.rows = (self.rows / 8).max(LEAST);
    }
}

/// The end of the next chunk, as far as it can be told without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    At(Key),
    /// The key of the row so far behind must be asked for.
    Ask(u64),
    /// There is no more of the table than this chunk.
    Last,
}

/// How the ends of chunks are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planner {
    /// The least and the greatest key, where the key is one whole number without large gaps.
    dense: Option<(i128, i128)>,
}

impl Planner {
    pub(super) fn new(size: &Size) -> Self {
        let dense = |(least, greatest): &(i128, i128)| greatest - least < SPARSE * i128::from(size.rows.max(1_000));
        Self { dense: size.ends.filter(dense) }
    }

    /// Behind `after`; `None` is the begin of the table.
    pub(super) fn end(&self, after: Option<&Key>, width: u64) -> End {
        let Some((least, greatest)) = self.dense else { return End::Ask(width) };
        let from = match after {
            None => least - 1,
            Some(key) => match key.first().and_then(|number| number.parse::<i128>().ok()) {
                Some(number) => number,
                None => return End::Ask(width),
            },
        };
        let end = from + i128::from(width);
        // What is left would be a small chunk of its own.
        if end + i128::from(width / 4) >= greatest { End::Last } else { End::At(vec![end.to_string()]) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AIM: Duration = Duration::from_millis(500);

    #[test]
    fn a_width_follows_what_a_chunk_took() {
        let mut width = Width::new(AIM, None);
        width.learn(4_000, Duration::from_millis(4));
        assert_eq!(width.rows, 32_000, "at most eight times as many");
        width.learn(32_000, Duration::from_millis(1_000));
        assert_eq!(width.rows, 16_000);
        width.learn(10, Duration::from_millis(1));
        assert_eq!(width.rows, 16_000, "the rest of a table says nothing");
        width.learn(10, Duration::from_secs(9));
        assert_eq!(width.rows, 2_000, "few rows that take long say much");
        (0..10).for_each(|_| width.shrink());
        assert_eq!(width.rows, LEAST);
    }

    #[test]
    fn ends_of_keys_with_gaps_are_asked_for() {
        let size = |rows, ends| Size { rows, ends };
        assert_eq!(Planner::new(&size(1_000, Some((1, 1_000_000)))).end(None, 10), End::Ask(10));
        assert_eq!(Planner::new(&size(1_000, None)).end(None, 10), End::Ask(10));
        assert_eq!(Planner::new(&size(1_000_000, Some((-5, 1_000_000)))).end(None, 10), End::At(vec!["4".into()]));
        let all = Planner::new(&size(u64::MAX, Some((i128::from(i64::MIN), i128::from(u64::MAX)))));
        assert!(matches!(all.end(None, MOST), End::At(_)));
    }

    proptest! {
        #[test]
        fn chunks_follow_each_other_to_the_end(least in -1_000_i128..1_000, span in 0_i128..5_000, width in 100_u64..2_000) {
            let planner = Planner::new(&Size { rows: 5_000, ends: Some((least, least + span)) });
            let (mut after, mut last) = (None, least - 1);
            for _ in 0..100 {
                match planner.end(after.as_ref(), width) {
                    End::At(key) => {
                        let end: i128 = key[0].parse().unwrap();
                        prop_assert!(end > last && end <= last + i128::from(width), "{last} {end}");
                        (last, after) = (end, Some(key));
                    }
                    End::Last => {
                        prop_assert!(least + span - last <= i128::from(width + width / 4));
                        return Ok(());
                    }
                    End::Ask(_) => prop_assert!(false, "it was not dense"),
                }
            }
            prop_assert!(false, "it has no end");
        }
    }
}
