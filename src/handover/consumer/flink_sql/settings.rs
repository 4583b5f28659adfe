//! Values that are lists in themselves: `pipeline.global-job-parameters`, and ranges of server ids.

use std::{collections::BTreeMap, ops::RangeInclusive};

use super::{script::Script, statement::Table};

/// Ids a source takes at least, so that a restart with a little more parallelism still fits.
const LEAST: u32 = 8;

/// `a:1,b:2` with `more` merged in; what `more` names is replaced in its place.
pub(super) fn merge(existing: &str, more: &BTreeMap<String, String>) -> String {
    let mut entries: Vec<(String, String)> = separate(existing, ',')
        .into_iter()
        .filter(|entry| !entry.trim().is_empty())
        .map(|entry| {
            let key = separate(&entry, ':').into_iter().next().unwrap_or_default();
            (key.trim().to_owned(), entry)
        })
        .collect();
    for (key, value) in more {
        let entry = format!("{key}:{}", guarded(value));
        match entries.iter_mut().find(|(existing, _)| existing == key) {
            Some((_, old)) => *old = entry,
            None => entries.push((key.clone(), entry)),
        }
    }
    entries.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>().join(",")
}

/// Splits at a separator outside of quotes.
fn separate(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match quote {
            None if c == separator => {
                parts.push(String::new());
                continue;
            }
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if open == c => quote = None,
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

fn guarded(value: &str) -> String {
    let plain = !value.is_empty() && !value.contains([',', ':', ';', '\'', '"', ' ']);
    if plain { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}

/// How many server ids a source gets: no fewer than it has, and more than its parallelism.
pub(super) fn width(script: &Script, table: &Table) -> u32 {
    let has = table.option("server-id").and_then(range).map_or(1, |range| range.end() - range.start() + 1);
    let parallelism = script.setting("parallelism.default").and_then(|value| value.parse().ok()).unwrap_or(1_u32);
    has.max(LEAST).max(parallelism.saturating_add(1))
}

fn range(value: &str) -> Option<RangeInclusive<u32>> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let range = match value.split_once('-') {
        Some((first, last)) => number(first)?..=number(last)?,
        None => number(value)?..=number(value)?,
    };
    (!range.is_empty()).then_some(range)
}

impl Script {
    /// The ranges its sources name today. A source without one takes any of 5400 to 6400.
    pub fn server_ids(&self) -> Vec<RangeInclusive<u32>> {
        self.mysql_cdc().map(|table| table.option("server-id").and_then(range).unwrap_or(5400..=6400)).collect()
    }

    /// How many consecutive ids all its sources together need.
    pub fn server_ids_needed(&self) -> u32 {
        self.mysql_cdc().map(|table| width(self, table)).sum()
    }
}

/// The first of `needed` consecutive server ids at or after `from` that touch none of `taken`; `None` where none are left.
pub fn first_free(taken: &[RangeInclusive<u32>], from: u32, needed: u32) -> Option<u32> {
    let mut taken: Vec<_> = taken.iter().filter(|range| !range.is_empty()).collect();
    taken.sort_by_key(|range| *range.start());
    let mut first = from.max(1);
    for range in taken {
        let last = first.checked_add(needed.max(1) - 1)?;
        if *range.start() <= last && *range.end() >= first {
            first = range.end().checked_add(1)?;
        }
    }
    first.checked_add(needed.max(1) - 1).map(|_| first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marks(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_are_merged() {
        assert_eq!(merge("", &marks(&[("upgrade.run", "r1")])), "upgrade.run:r1");
        assert_eq!(merge("a:1, b:'x,y'", &marks(&[("a", "2"), ("c", "p:q")])), "a:2, b:'x,y',c:'p:q'");
        assert_eq!(merge("a:1", &BTreeMap::new()), "a:1");
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(range("5401"), Some(5401..=5401));
        assert_eq!(range("5401-5404"), Some(5401..=5404));
        assert_eq!(range("5404-5401"), None);
        assert_eq!(range("x"), None);
    }

    proptest! {
        #[test]
        fn free_ids_touch_no_taken_range(
            taken in prop::collection::vec((1u32..60, 0u32..9), 0..6), from in 1u32..60, needed in 1u32..9,
        ) {
            let taken: Vec<_> = taken.into_iter().map(|(first, more)| first..=first + more).collect();
            let first = first_free(&taken, from, needed).unwrap();
            prop_assert!(first >= from);
            for range in taken {
                prop_assert!(*range.end() < first || *range.start() > first + needed - 1);
            }
        }
    }
}
