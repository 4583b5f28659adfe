//! The rows that a stretch of a log changed, and only they, compared in the source and in the sinks.
//!
//! Both sides are read without a lock and live on, so a difference can be a row in flight. Whoever asks lets the job pass
//! a checkpoint and looks [`again`] at what was not equal: what has stayed the same in the source and still differs in the
//! sink is settled.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ops::ControlFlow,
};

use futures_util::future::try_join;

use super::{
    compared::{Compared, Difference, Unequal, What},
    keys::Keys,
    mending::readable,
    prepared::{KeyPart, Prepared},
};
use crate::{
    error::{Kind, Result},
    port::{
        binlog::{BinlogRead, Content, Place, RowChange, Transaction},
        mysql::Address,
        tables::{ByKey, KeyedRow, Login, Table, TablesRead},
    },
};

/// Keys that are held in memory at most.
const MOST_KEYS: usize = 1_000_000;
/// Entries of what is not compared, beyond which transactions are not named.
const MOST_NAMED: usize = 100;
/// Keys read at once from both sides, and so many rows of each in memory.
pub(super) const BATCH: usize = 2_000;

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
        let (mut rest, mut by_digest) = (touched.iter(), true);
        loop {
            let mut some: Vec<Vec<String>> = rest.by_ref().take(BATCH).cloned().collect();
            let count = some.len();
            if by_digest && count > 0 {
                let Some(suspects) = suspects(tables, pair, some, &mut compared).await? else { break };
                // Columns of other types may show the same value otherwise, in every row.
                by_digest = suspects.len() * 2 < count;
                some = suspects;
            }
            if count == 0 || (!some.is_empty() && !batch(tables, place, pair, &some, None, &mut compared).await?) {
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

/// Both tables as their servers describe them, or why that cannot be had, as the end of a sentence.
pub(super) async fn definitions(
    tables: &dyn TablesRead,
    pair: &Pair,
) -> Result<std::result::Result<(Table, Table), String>> {
    let both = try_join(
        tables.table(&pair.source, &pair.source_schema, &pair.source_table),
        tables.table(&pair.sink, &pair.sink_schema, &pair.sink_table),
    );
    Ok(match both.await {
        Ok((Some(source), Some(sink))) => Ok((source, sink)),
        Ok((None, _)) => Err(format!("{}.{} is not there, or not seen", pair.source_schema, pair.source_table)),
        Ok((_, None)) => Err("it is not there, or not seen".to_owned()),
        Err(error) if error.kind == Kind::Permanent => Err(error.message),
        Err(error) => return Err(error),
    })
}

/// Each pair as it can be compared; `None` where it cannot be.
async fn prepare<'a>(
    tables: &dyn TablesRead,
    pairs: &'a [Pair],
    compared: &mut Compared,
) -> Result<Vec<Option<Prepared<'a>>>> {
    let mut prepared = Vec::new();
    for pair in pairs {
        let ready = match definitions(tables, pair).await? {
            Ok((source, sink)) => Prepared::of(pair, &source, &sink, compared),
            Err(why) => Err(why),
        };
        prepared.push(ready.map_err(|why| compared.leave_out(pair.sink_name(), why)).ok());
    }
    Ok(prepared)
}

/// Compares rows of one pair. `seen` are digests of the source's rows at the last look. False where a side refuses.
pub(super) async fn batch(
    tables: &dyn TablesRead,
    place: usize,
    pair: &Prepared<'_>,
    keys: &[Vec<String>],
    seen: Option<&[Option<u64>]>,
    compared: &mut Compared,
) -> Result<bool> {
    let Some((source, sink)) = both(tables, pair, keys, false, compared).await? else { return Ok(false) };
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
        let told = || {
            let mending = pair.mending(key, &what, from.map(Vec::as_slice));
            Difference { table: pair.pair.sink_name(), key: pair.told(key), what, settled, mending }
        };
        compared.found(Unequal { pair: place, key: key.clone(), source: digest }, told);
    }
    Ok(true)
}

/// Those of the keys whose rows are not shown the same, by their digests: most rows of most tables need not be sent. `None`
/// where a side refuses.
async fn suspects(
    tables: &dyn TablesRead,
    pair: &Prepared<'_>,
    keys: Vec<Vec<String>>,
    compared: &mut Compared,
) -> Result<Option<Vec<Vec<String>>>> {
    let Some((source, sink)) = both(tables, pair, &keys, true, compared).await? else { return Ok(None) };
    let whole = keys.len();
    let unequal = |(at, key): (usize, Vec<String>)| (source.get(&at) != sink.get(&at)).then_some(key);
    let suspects: Vec<Vec<String>> = keys.into_iter().enumerate().filter_map(unequal).collect();
    let equal = (whole - suspects.len()) as u64;
    compared.rows += equal;
    compared.equal += equal;
    Ok(Some(suspects))
}

type Found = BTreeMap<usize, Vec<Option<String>>>;

/// Rows of the source and of the sink, by the place of their key; `None` where a side refuses, which is named.
async fn both(
    tables: &dyn TablesRead,
    pair: &Prepared<'_>,
    keys: &[Vec<String>],
    digest: bool,
    compared: &mut Compared,
) -> Result<Option<(Found, Found)>> {
    let into: Vec<Vec<String>> = keys.iter().map(|key| pair.sink_key_of(key)).collect();
    let of = pair.pair;
    let source = ByKey {
        schema: &of.source_schema,
        table: &of.source_table,
        columns: &pair.source_shown,
        digest,
        key: &pair.source_key,
        keys,
    };
    let sink = ByKey {
        schema: &of.sink_schema,
        table: &of.sink_table,
        columns: &pair.sink_shown,
        digest,
        key: &pair.sink_key,
        keys: &into,
    };
    match try_join(tables.rows_by_key(&of.source, source), tables.rows_by_key(&of.sink, sink)).await {
        Ok((source, sink)) => Ok(Some((by_place(source), by_place(sink)))),
        Err(error) if error.kind == Kind::Permanent => {
            compared.leave_out(of.sink_name(), error.message);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn by_place(rows: Vec<KeyedRow>) -> BTreeMap<usize, Vec<Option<String>>> {
    rows.into_iter().map(|row| (row.at, row.values)).collect()
}

fn digest(values: &Vec<Option<String>>) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.hash(&mut hasher);
    hasher.finish()
}

impl Prepared<'_> {
    pub(super) fn sink_key_of(&self, key: &[String]) -> Vec<String> {
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
        let columns = self.sink_key.iter().zip(literals);
        let parts: Vec<String> =
            columns.map(|(column, literal)| format!("{} = {}", column.column, readable(&literal))).collect();
        parts.join(", ")
    }
}
