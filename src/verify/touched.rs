//! The rows that a stretch of a log changed, and only they, compared in the source and in the sinks.
//!
//! Both sides are read without a lock and live on, so a difference can be a row in flight. Whoever asks lets the job pass
//! a checkpoint and looks [`again`] at what was not equal: what has stayed the same in the source and still differs in the
//! sink is settled.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ops::ControlFlow,
};

use futures_util::future::try_join;

use super::{
    compared::{Compared, Difference, Unequal, What},
    prepared::{KeyPart, Prepared},
};
use crate::{
    error::{Kind, Result},
    port::{
        binlog::{BinlogRead, Content, Place, RowChange, Transaction, Wanted},
        mysql::Address,
        tables::{ByKey, KeyedRow, Login, TablesRead},
    },
};

/// Keys that are held in memory at most.
const MOST_KEYS: usize = 1_000_000;
/// Entries of what is not compared, beyond which transactions are not named.
const MOST_NAMED: usize = 100;
/// Keys read at once from both sides, and so many rows of each in memory.
const BATCH: usize = 2_000;

/// A table of the source, and a table that takes its rows over.
#[derive(Debug, Clone)]
pub struct Pair {
    pub source: Login,
    pub source_schema: String,
    pub source_table: String,
    pub sink: Login,
    pub sink_schema: String,
    pub sink_table: String,
    /// What each column of the sink is given, and the column's name.
    pub columns: Vec<(Carried, String)>,
    /// Why a TIMESTAMP cannot be told as a DATETIME in UTC, where the job tells it in another zone.
    pub zone: Option<String>,
}

/// What a column of the sink is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// The source's column of this name, unchanged.
    Column(String),
    /// The same text for all rows of the pair, such as the name of the source's table.
    Constant(String),
}

impl Pair {
    /// `schema.table` of the sink.
    pub(super) fn sink_name(&self) -> String {
        format!("{}.{}", self.sink_schema, self.sink_table)
    }
}

/// Compares every row that `at` logged from `from` up to `until`, or the end of its log. The log may be that of another
/// server than the source, as long as it names the same tables: after a switchover, blue's.
///
/// # Errors
/// What the log's reader says, and `Transient` where a side cannot answer now. A side that refuses is named in the result.
pub async fn compare(
    tables: &dyn TablesRead,
    log: &dyn BinlogRead,
    at: &Address,
    from: &Place,
    until: Option<&Place>,
    pairs: &[Pair],
) -> Result<Compared> {
    compare_at_most(MOST_KEYS, tables, log, at, from, until, pairs).await
}

/// As [`compare`], with so many keys in memory; changes of more are counted and named.
///
/// # Errors
/// As [`compare`].
pub async fn compare_at_most(
    most: usize,
    tables: &dyn TablesRead,
    log: &dyn BinlogRead,
    at: &Address,
    from: &Place,
    until: Option<&Place>,
    pairs: &[Pair],
) -> Result<Compared> {
    let mut compared = Compared::default();
    let prepared = prepare(tables, pairs, &mut compared).await?;
    let mut keys = Keys::new(most, &prepared);
    let mut each = |change: RowChange| {
        keys.take(&change);
        ControlFlow::Continue(())
    };
    let wanted = Keys::wanted(&prepared);
    log.rows(at, from, until, Some(&wanted), &mut each).await?;
    keys.tell(&mut compared);
    unlogged(log, at, from, until, pairs, &mut compared).await?;
    for (place, pair) in prepared.iter().enumerate() {
        let Some(pair) = pair else { continue };
        let Some(touched) = keys.of(pair) else { continue };
        let mut rest = touched.iter();
        loop {
            let some: Vec<Vec<String>> = rest.by_ref().take(BATCH).cloned().collect();
            if some.is_empty() || !batch(tables, place, pair, &some, None, &mut compared).await? {
                break;
            }
        }
    }
    Ok(compared)
}

/// Names what the log holds no rows of.
async fn unlogged(
    log: &dyn BinlogRead,
    at: &Address,
    from: &Place,
    until: Option<&Place>,
    pairs: &[Pair],
    compared: &mut Compared,
) -> Result<()> {
    let mut each = |transaction: Transaction| {
        if until.is_some_and(|until| !is_before(&transaction.start, until)) {
            return ControlFlow::Break(());
        }
        let what = match transaction.content {
            Content::Opaque(why) => why,
            Content::Definition { schema, statement } if pairs.iter().any(|pair| pair.source_schema == schema) => {
                statement
            }
            Content::Definition { .. } | Content::Rows { .. } | Content::Nothing => return ControlFlow::Continue(()),
        };
        if compared.not_compared.len() < MOST_NAMED {
            compared
                .leave_out(format!("{} of {at}", transaction.start), format!("rows it touched are not known: {what}"));
        }
        ControlFlow::Continue(())
    };
    log.transactions(at, from, &mut each).await.map(drop)
}

/// The number at the end of a file's name grows, in digits too.
fn is_before(a: &Place, b: &Place) -> bool {
    let order = |place: &Place| (place.file.len(), place.file.clone(), place.position);
    order(a) < order(b)
}

/// Looks again at the rows that were not equal, and at no others.
///
/// # Errors
/// As [`compare`].
pub async fn again(tables: &dyn TablesRead, pairs: &[Pair], before: &Compared) -> Result<Compared> {
    let mut compared = Compared {
        rows: before.equal,
        equal: before.equal,
        not_compared: before.not_compared.clone(),
        ..Compared::default()
    };
    let prepared = prepare(tables, pairs, &mut compared).await?;
    for (place, pair) in prepared.iter().enumerate() {
        let of_pair: Vec<&Unequal> = before.unequal.iter().filter(|row| row.pair == place).collect();
        let Some(pair) = pair else { continue };
        for some in of_pair.chunks(BATCH) {
            let keys: Vec<Vec<String>> = some.iter().map(|row| row.key.clone()).collect();
            let seen: Vec<Option<u64>> = some.iter().map(|row| row.source).collect();
            if !batch(tables, place, pair, &keys, Some(&seen), &mut compared).await? {
                break;
            }
        }
    }
    Ok(compared)
}

/// Each pair as it can be compared; `None` where it cannot be.
async fn prepare<'a>(
    tables: &dyn TablesRead,
    pairs: &'a [Pair],
    compared: &mut Compared,
) -> Result<Vec<Option<Prepared<'a>>>> {
    let mut prepared = Vec::new();
    for pair in pairs {
        let definitions = try_join(
            tables.table(&pair.source, &pair.source_schema, &pair.source_table),
            tables.table(&pair.sink, &pair.sink_schema, &pair.sink_table),
        );
        let ready = match definitions.await {
            Ok((Some(source), Some(sink))) => Prepared::of(pair, &source, &sink, compared),
            Ok((None, _)) => Err(format!("{}.{} is not there, or not seen", pair.source_schema, pair.source_table)),
            Ok((_, None)) => Err("it is not there, or not seen".to_owned()),
            Err(error) if error.kind == Kind::Permanent => Err(error.message),
            Err(error) => return Err(error),
        };
        prepared.push(ready.map_err(|why| compared.leave_out(pair.sink_name(), why)).ok());
    }
    Ok(prepared)
}

/// Compares rows of one pair. `seen` are digests of the source's rows at the last look. False where a side refuses.
async fn batch(
    tables: &dyn TablesRead,
    place: usize,
    pair: &Prepared<'_>,
    keys: &[Vec<String>],
    seen: Option<&[Option<u64>]>,
    compared: &mut Compared,
) -> Result<bool> {
    let into: Vec<Vec<String>> = keys.iter().map(|key| pair.sink_key_of(key)).collect();
    let of = pair.pair;
    let source = ByKey {
        schema: &of.source_schema,
        table: &of.source_table,
        columns: &pair.source_shown,
        key: &pair.source_key,
        keys,
    };
    let sink = ByKey {
        schema: &of.sink_schema,
        table: &of.sink_table,
        columns: &pair.sink_shown,
        key: &pair.sink_key,
        keys: &into,
    };
    let found = try_join(tables.rows_by_key(&of.source, source), tables.rows_by_key(&of.sink, sink)).await;
    let (source, sink) = match found {
        Ok(found) => found,
        Err(error) if error.kind == Kind::Permanent => {
            compared.leave_out(of.sink_name(), error.message);
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let (source, sink) = (by_place(source), by_place(sink));
    for (at, key) in keys.iter().enumerate() {
        compared.rows += 1;
        let (from, into) = (source.get(&at), sink.get(&at));
        let what = match (from, into) {
            (None, None) => None,
            (Some(_), None) => Some(What::Missing),
            (None, Some(_)) => Some(What::Extra),
            (Some(from), Some(into)) => {
                Some(pair.differences(from, into)).filter(|some| !some.is_empty()).map(What::Columns)
            }
        };
        let Some(what) = what else {
            compared.equal += 1;
            continue;
        };
        match what {
            What::Missing => compared.missing += 1,
            What::Extra => compared.extra += 1,
            What::Columns(_) => compared.different += 1,
        }
        let digest = from.map(digest);
        let settled = seen.and_then(|seen| seen.get(at)).is_some_and(|before| *before == digest);
        compared.settled += u64::from(settled);
        let told = || Difference { table: of.sink_name(), key: pair.told(key), what, settled };
        compared.found(Unequal { pair: place, key: key.clone(), source: digest }, told);
    }
    Ok(true)
}

fn by_place(rows: Vec<KeyedRow>) -> BTreeMap<usize, Vec<Option<String>>> {
    rows.into_iter().map(|row| (row.at, row.values)).collect()
}

fn digest(values: &Vec<Option<String>>) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.hash(&mut hasher);
    hasher.finish()
}

/// Schema, table and places of the key's columns.
type Source = (String, String, Vec<usize>);

/// Keys of the rows that were changed, each once.
struct Keys {
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
    fn new(most: usize, pairs: &[Option<Prepared<'_>>]) -> Self {
        let source = |pair: &Prepared<'_>| (source_of(pair), (pair.source_width, HashSet::new()));
        Self { most, held: 0, sources: pairs.iter().flatten().map(source).collect(), left_out: BTreeMap::new() }
    }

    fn wanted(pairs: &[Option<Prepared<'_>>]) -> Vec<Wanted> {
        let of = |pair: &Prepared<'_>| {
            let (schema, table, columns) = source_of(pair);
            Wanted { schema, table, columns }
        };
        pairs.iter().flatten().map(of).collect()
    }

    fn take(&mut self, change: &RowChange) {
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

    fn tell(&self, compared: &mut Compared) {
        for ((table, why), changes) in &self.left_out {
            compared.leave_out(table, format!("{changes} images of changed rows: {why}"));
        }
    }

    fn of(&self, pair: &Prepared<'_>) -> Option<&HashSet<Vec<String>>> {
        self.sources.get(&source_of(pair)).map(|(_, keys)| keys)
    }
}

fn source_of(pair: &Prepared<'_>) -> Source {
    (pair.pair.source_schema.clone(), pair.pair.source_table.clone(), pair.source_places.clone())
}

impl Prepared<'_> {
    fn sink_key_of(&self, key: &[String]) -> Vec<String> {
        let part = |part: &KeyPart| match part {
            KeyPart::Of(place) => key[*place].clone(),
            KeyPart::Constant(literal) => literal.clone(),
        };
        self.sink_parts.iter().map(part).collect()
    }

    fn differences(
        &self,
        source: &[Option<String>],
        sink: &[Option<String>],
    ) -> Vec<(String, Option<String>, Option<String>)> {
        let cells = self.mappings.iter().zip(&self.sink_shown).zip(source.iter().zip(sink));
        cells
            .filter(|((mapping, _), (source, sink))| !mapping.same(source.as_deref(), sink.as_deref()))
            .map(|((_, shown), (source, sink))| (shown.column.clone(), source.clone(), sink.clone()))
            .collect()
    }

    fn told(&self, key: &[String]) -> String {
        let literals = self.sink_key_of(key);
        let parts: Vec<String> = self
            .sink_key
            .iter()
            .zip(literals)
            .map(|(column, literal)| format!("{} = {literal}", column.column))
            .collect();
        parts.join(", ")
    }
}
