//! Keys of the rows that a log changed.

use std::collections::{BTreeMap, HashSet};

use super::{compared::Compared, prepared::Prepared};
use crate::port::binlog::{RowChange, Wanted};

/// Schema, table and places of the key's columns.
type Source = (String, String, Vec<usize>);

/// Keys of the rows that were changed, each once.
pub(super) struct Keys {
    most: usize,
    held: usize,
    /// With the number of columns that the table has now.
    sources: BTreeMap<Source, (usize, HashSet<Vec<String>>)>,
    /// Changes of rows that are not looked at, by table and why.
    left_out: BTreeMap<(String, &'static str), u64>,
}

const TOO_MANY: &str = "as many other rows were touched as are looked at in one comparison";
const OTHER_COLUMNS: &str = "the table has had columns added or removed since";
const NO_KEY: &str = "the log holds no whole key (binlog_row_image)";

impl Keys {
    pub(super) fn new(most: usize, pairs: &[Option<Prepared<'_>>]) -> Self {
        let source = |pair: &Prepared<'_>| (source_of(pair), (pair.source_width, HashSet::new()));
        Self { most, held: 0, sources: pairs.iter().flatten().map(source).collect(), left_out: BTreeMap::new() }
    }

    /// What of a log is needed for them.
    pub(super) fn wanted(pairs: &[Option<Prepared<'_>>]) -> Vec<Wanted> {
        let of = |pair: &Prepared<'_>| {
            let (schema, table, columns) = source_of(pair);
            Wanted { schema, table, columns }
        };
        pairs.iter().flatten().map(of).collect()
    }

    pub(super) fn take(&mut self, change: &RowChange) {
        let left_out = &mut self.left_out;
        for ((schema, table, places), (width, keys)) in &mut self.sources {
            if *schema != change.schema || *table != change.table {
                continue;
            }
            let mut leave_out = |why| *left_out.entry((format!("{schema}.{table}"), why)).or_default() += 1;
            for image in [&change.before, &change.after].into_iter().flatten() {
                if image.len() != *width {
                    leave_out(OTHER_COLUMNS);
                    continue;
                }
                // A key that did not change may be left out of the image after.
                let other = |place: usize| change.before.as_ref().and_then(|before| before.get(place)?.clone());
                let literal = |place: &usize| image[*place].clone().or_else(|| other(*place));
                let key: Option<Vec<String>> = places.iter().map(literal).collect();
                match key.filter(|key| key.iter().all(|literal| literal != "NULL")) {
                    None => leave_out(NO_KEY),
                    Some(key) if keys.contains(&key) => {}
                    Some(_) if self.held >= self.most => leave_out(TOO_MANY),
                    Some(key) => {
                        self.held += 1;
                        keys.insert(key);
                    }
                }
            }
        }
    }

    pub(super) fn tell(&self, compared: &mut Compared) {
        for ((table, why), changes) in &self.left_out {
            compared.leave_out(table, format!("{changes} images of changed rows: {why}"));
        }
    }

    pub(super) fn of(&self, pair: &Prepared<'_>) -> Option<&HashSet<Vec<String>>> {
        self.sources.get(&source_of(pair)).map(|(_, keys)| keys)
    }
}

fn source_of(pair: &Prepared<'_>) -> Source {
    (pair.pair.source_schema.clone(), pair.pair.source_table.clone(), pair.source_places.clone())
}
