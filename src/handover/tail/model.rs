//! Two logs in memory, and what must hold of every reading of them.

use std::{collections::BTreeMap, ops::ControlFlow};

use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::{Ahead, Located, Order, Request, Translation, check_coordinates};
use crate::{
    error::Error,
    port::{
        Reply,
        binlog::{BinlogRead, Content, Place, RowChange, Transaction, Wanted},
        mysql::{Address, LogFile},
    },
};

const BLUE: u32 = 157;
const GREEN: u32 = 180;
const HEADER: u64 = 155;
const LENGTH: u64 = 100;

fn address(host: &str) -> Address {
    Address { host: host.to_owned(), port: 3306 }
}

/// By host, files of transactions.
#[derive(Default)]
struct Logs(BTreeMap<&'static str, Vec<(String, Vec<Transaction>)>>);

impl Logs {
    /// `per_file` transactions a file; the first file is number `first`.
    fn write(&mut self, host: &'static str, first: usize, per_file: usize, written: &[(u32, Content)]) {
        let mut files = Vec::new();
        for (number, chunk) in written.chunks(per_file).enumerate() {
            let name = format!("bin.{:06}", first + number);
            let place = |index: usize| Place { file: name.clone(), position: HEADER + LENGTH * index as u64 };
            let transactions = chunk.iter().enumerate().map(|(index, (server_id, content))| Transaction {
                start: place(index),
                end: place(index + 1),
                server_id: *server_id,
                gtid: None,
                content: content.clone(),
            });
            files.push((name.clone(), transactions.collect()));
        }
        if files.is_empty() {
            files.push((format!("bin.{first:06}"), Vec::new()));
        }
        self.0.insert(host, files);
    }

    fn files_of(&self, at: &Address) -> &[(String, Vec<Transaction>)] {
        &self.0[at.host.as_str()]
    }

    fn all(&self, host: &str) -> Vec<&Transaction> {
        self.0[host].iter().flat_map(|(_, transactions)| transactions).collect()
    }

    fn end(&self, host: &str) -> Place {
        self.all(host).last().unwrap().end.clone()
    }
}

impl BinlogRead for Logs {
    fn files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>> {
        let size = |transactions: &[Transaction]| HEADER + LENGTH * transactions.len() as u64;
        let files = self.files_of(at).iter();
        let files =
            files.map(|(name, transactions)| LogFile { name: name.clone(), size: size(transactions) }).collect();
        async move { Ok(files) }.boxed()
    }

    fn transactions<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        each: &'a mut (dyn FnMut(Transaction) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place> {
        async move {
            let files = self.files_of(at);
            let Some(first) = files.iter().position(|(name, _)| *name == from.file) else {
                return Err(Error::permanent(format!("{} is not there", from.file)));
            };
            let mut end = from.clone();
            for (number, (name, transactions)) in files.iter().enumerate().skip(first) {
                for transaction in transactions {
                    if number == first && transaction.start.position < from.position {
                        continue;
                    }
                    end.clone_from(&transaction.end);
                    if each(transaction.clone()).is_break() {
                        return Ok(end);
                    }
                }
                if end.file != *name {
                    end = Place { file: name.clone(), position: HEADER };
                }
            }
            Ok(end)
        }
        .boxed()
    }

    fn previous_gtids<'a>(&'a self, _: &'a Address, _: &'a str) -> Reply<'a, String> {
        async { Ok(String::new()) }.boxed()
    }

    fn rows<'a>(
        &'a self,
        _: &'a Address,
        from: &'a Place,
        _: Option<&'a Place>,
        _: Option<&'a [Wanted]>,
        _: &'a mut (dyn FnMut(RowChange) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place> {
        async { Ok(from.clone()) }.boxed()
    }
}

/// Fingerprints are digests and their sums are compared: small numbers would have equal ones (1 + 2 and 0 + 3).
fn rows(number: u128) -> Content {
    let mut spread = number as u64;
    let mut next = || {
        spread = (spread ^ (spread >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        spread ^= spread >> 27;
        u128::from(spread)
    };
    next();
    Content::Rows { fingerprint: next() << 64 | next(), rows: 1 }
}

/// A blue log and what green made of it.
#[derive(Debug, Clone)]
struct Case {
    /// What blue wrote; `None` changes no rows. Few different ones, so that there are equal ones.
    blue: Vec<Option<u128>>,
    /// For each, how much later than its turn green commits it.
    delays: Vec<usize>,
    /// Transactions of green's own, before and after.
    own: (usize, usize),
    tail: usize,
    per_file: (usize, usize),
}

fn case(window: usize) -> impl Strategy<Value = Case> {
    let one = prop_oneof![8 => (0_u128..1000).prop_map(Some), 2 => (0_u128..3).prop_map(Some), 2 => Just(None)];
    (1_usize..60).prop_flat_map(move |length| {
        let blue = prop::collection::vec(one.clone(), length);
        let delays = prop::collection::vec(0..=window, length);
        (blue, delays, (0_usize..4, 0_usize..4), 0..length, (1_usize..20, 1_usize..20))
            .prop_map(|(blue, delays, own, tail, per_file)| Case { blue, delays, own, tail, per_file })
    })
}

impl Case {
    /// Which transaction of blue's green commits at each place. Equal ones touch the same rows and keep their order.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.blue.len()).collect();
        order.sort_by_key(|index| index + self.delays[*index]);
        let committed = order.clone();
        let mut turns: BTreeMap<Option<u128>, Vec<usize>> = BTreeMap::new();
        (0..self.blue.len()).rev().for_each(|index| turns.entry(self.blue[index]).or_default().push(index));
        let turn = |index: usize| turns.get_mut(&self.blue[index]).unwrap().pop().unwrap();
        committed.into_iter().map(turn).collect()
    }

    fn content(&self, index: usize) -> Content {
        self.blue[index].map_or(Content::Nothing, rows)
    }

    /// The logs, and where on green the transaction stands that blue wrote at an index.
    fn logs(&self, left_out: Option<usize>) -> (Logs, BTreeMap<usize, usize>) {
        let mut logs = Logs::default();
        let blue: Vec<_> = (0..self.blue.len()).map(|index| (BLUE, self.content(index))).collect();
        logs.write("blue", 1, self.per_file.0, &blue);
        let mut green = vec![(GREEN, Content::Nothing); self.own.0];
        let mut places = BTreeMap::new();
        for index in self.order() {
            if left_out != Some(index) {
                places.insert(index, green.len());
                green.push((BLUE, self.content(index)));
            }
        }
        green.extend((0..self.own.1).map(|index| (GREEN, rows(index as u128))));
        logs.write("green", 1, self.per_file.1, &green);
        (logs, places)
    }

    fn request(&self, logs: &Logs) -> Request {
        Request {
            blue: address("blue"),
            green: address("green"),
            blue_server_ids: vec![BLUE],
            green_server_id: GREEN,
            from: logs.all("blue")[self.tail].start.clone(),
        }
    }

    /// Indexes of the tail's row transactions.
    fn tail(&self) -> impl Iterator<Item = usize> + '_ {
        (self.tail..self.blue.len()).filter(|index| self.blue[*index].is_some())
    }

    /// Where on green the earliest of the tail stands.
    fn earliest(&self, places: &BTreeMap<usize, usize>) -> Option<usize> {
        self.tail().map(|index| places[&index]).min()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("logs in memory are read at once")
}

/// The index of the transaction that begins at a place, or of the first behind it.
fn index_of(logs: &Logs, place: &Place) -> usize {
    let all = logs.all("green");
    let key = |place: &Place| (place.file.clone(), place.position);
    all.iter().position(|transaction| key(&transaction.start) >= key(place)).unwrap_or(all.len())
}

proptest! {
    #[test]
    fn what_keeps_its_order_is_found_exactly(case in case(0)) {
        let (logs, places) = case.logs(None);
        let request = case.request(&logs);
        let translation = run(Ahead::default().translate(&logs, &request, &logs.end("blue"))).unwrap();
        let Translation::Exact(mirror) = translation else { panic!("{translation:?}") };
        prop_assert_eq!(mirror.order, Order::Preserved);
        prop_assert_eq!(mirror.transactions, case.tail().count() as u64);
        let last = places.values().max().unwrap();
        prop_assert_eq!(&mirror.boundary.place, &logs.all("green")[*last].end);
        match case.earliest(&places) {
            Some(earliest) => prop_assert_eq!(&mirror.start, &logs.all("green")[earliest].start),
            None => prop_assert_eq!(&mirror.start, &mirror.boundary.place),
        }
        prop_assert_eq!(mirror.boundary.first_green.is_some(), case.own.1 > 0);
        prop_assert_eq!(mirror.boundary.green_before, None);
        let checked = run(check_coordinates(&logs, &request.green, &[BLUE], &mirror.boundary.place)).unwrap();
        prop_assert!(checked.is_exact(), "{:?}", checked.problem());
    }

    #[test]
    fn nothing_of_the_tail_stands_before_the_start(case in case(12)) {
        let (logs, places) = case.logs(None);
        let request = case.request(&logs);
        let translation = run(Ahead::default().translate(&logs, &request, &logs.end("blue"))).unwrap();
        let Translation::Exact(mirror) = translation else { panic!("{translation:?}") };
        if let Some(earliest) = case.earliest(&places) {
            prop_assert!(index_of(&logs, &mirror.start) <= earliest, "{} is later than {earliest}", mirror.start);
        }
    }

    #[test]
    fn reading_ahead_changes_nothing(case in case(12), seen in 0_usize..60, applied in 0_usize..60) {
        let (logs, _) = case.logs(None);
        let request = case.request(&logs);
        let part = |host: &str, length: usize| {
            logs.all(host).into_iter().take(length.max(1)).map(|one| (one.server_id, one.content.clone())).collect::<Vec<_>>()
        };
        let ahead = Ahead::default();
        let mut early = Logs::default();
        early.write("blue", 1, case.per_file.0, &part("blue", seen.max(case.tail + 1)));
        early.write("green", 1, case.per_file.1, &part("green", applied));
        run(ahead.read_on(&early, &request)).unwrap();
        let end = logs.end("blue");
        let fresh = run(Ahead::default().translate(&logs, &request, &end)).unwrap();
        prop_assert_eq!(run(ahead.translate(&logs, &request, &end)).unwrap(), fresh);
    }

    #[test]
    fn what_is_not_all_there_is_not_exact(case in case(6), which in 0_usize..60) {
        let tail: Vec<usize> = case.tail().collect();
        prop_assume!(!tail.is_empty());
        let left_out = tail[which % tail.len()];
        // An equal one from before the tail would stand in for it, at the earlier side.
        prop_assume!(!(0..case.tail).any(|index| case.blue[index] == case.blue[left_out]));
        let (logs, _) = case.logs(Some(left_out));
        let translation = run(Ahead::default().translate(&logs, &case.request(&logs), &logs.end("blue"))).unwrap();
        prop_assert!(matches!(translation, Translation::Inexact { .. }), "{:?}", translation);
    }

    #[test]
    fn a_log_that_was_purged_is_not_exact(case in case(0)) {
        let (mut logs, places) = case.logs(None);
        let Some(earliest) = case.earliest(&places) else { return Ok(()) };
        let gone = earliest / case.per_file.1 + 1;
        let files = logs.0.get_mut("green").unwrap();
        prop_assume!(files.len() > gone);
        files.drain(..gone);
        let request = case.request(&logs);
        let translation = run(Ahead::default().translate(&logs, &request, &logs.end("blue"))).unwrap();
        prop_assert!(matches!(translation, Translation::Inexact { .. }), "{:?}", translation);
    }

    #[test]
    fn a_tail_that_still_grows_is_located_at_its_begin_or_before(case in case(12), applied in 0_usize..60, least in 1_usize..8) {
        let (logs, places) = case.logs(None);
        let request = case.request(&logs);
        let mut early = Logs::default();
        let part = |host: &str, length: usize| {
            logs.all(host).into_iter().take(length).map(|one| (one.server_id, one.content.clone())).collect::<Vec<_>>()
        };
        early.write("blue", 1, case.per_file.0, &part("blue", usize::MAX));
        early.write("green", 1, case.per_file.1, &part("green", case.own.0 + applied.max(1)));
        let count = case.tail().count();
        match run(Ahead::default().locate(&early, &request, least)).unwrap() {
            Located::At { start, transactions, .. } => {
                prop_assert_eq!(transactions, least.min(count) as u64);
                let applied = case.own.0 + applied.max(1);
                let first = case.tail().map(|index| places[&index]).filter(|place| *place < applied).min();
                prop_assert!(first.is_none_or(|first| index_of(&early, &start) <= first));
            }
            Located::NotYet(_) => {
                let applied_all = case.tail().take(least).all(|index| places[&index] < case.own.0 + applied.max(1));
                prop_assert!(count < least || !applied_all);
            }
            Located::Nowhere(why) => prop_assert!(!why.is_empty()),
        }
    }
}

#[test]
fn definitions_and_strangers_are_not_exact() {
    let definition = Content::Definition { schema: "shop".into(), statement: "ALTER TABLE orders ADD c INT".into() };
    for (written, told) in [
        ((BLUE, definition), "ALTER TABLE orders"),
        ((BLUE, Content::Opaque("a prepared XA transaction".into())), "XA"),
        ((99, rows(7)), "server 99"),
    ] {
        let mut logs = Logs::default();
        let both = [(BLUE, rows(1)), written, (BLUE, rows(2))];
        logs.write("blue", 1, 10, &both);
        logs.write("green", 1, 10, &both);
        let mut request = Case { blue: vec![], delays: vec![], own: (0, 0), tail: 0, per_file: (1, 1) }.request(&logs);
        let translation = run(Ahead::default().translate(&logs, &request, &logs.end("blue"))).unwrap();
        let Translation::Inexact { why, boundary } = translation else { panic!("{translation:?}") };
        assert!(why.contains(told), "{why}");
        assert_eq!(boundary.unwrap().place, logs.end("green"));
        // It is behind the tail's begin only where the tail begins before it.
        request.from = logs.all("blue")[2].start.clone();
        let translation = run(Ahead::default().translate(&logs, &request, &logs.end("blue"))).unwrap();
        assert!(matches!(translation, Translation::Exact(_)), "{translation:?}");
    }
}

#[test]
fn both_writing_at_the_same_time_is_told() {
    let mut logs = Logs::default();
    logs.write("blue", 1, 10, &[(BLUE, rows(1)), (BLUE, rows(2))]);
    logs.write("green", 1, 10, &[(BLUE, rows(1)), (GREEN, rows(9)), (BLUE, rows(2)), (GREEN, rows(8))]);
    let request = Case { blue: vec![], delays: vec![], own: (0, 0), tail: 0, per_file: (1, 1) }.request(&logs);
    let translation = run(Ahead::default().translate(&logs, &request, &logs.end("blue"))).unwrap();
    let Translation::Exact(mirror) = translation else { panic!("{translation:?}") };
    let green = logs.all("green");
    assert_eq!(mirror.boundary.green_before.as_ref(), Some(&green[1].start));
    assert_eq!(mirror.boundary.place, green[2].end);
    let checked = |place: &Place| run(check_coordinates(&logs, &request.green, &[BLUE], place)).unwrap();
    assert_eq!(checked(&green[2].end).green_before.as_ref(), Some(&green[1].start));
    assert_eq!(checked(&green[1].start).blue_after.as_ref(), Some(&green[2].start));
    assert!(checked(&green[1].start).is_safe() && !checked(&green[1].start).is_exact());
    let within = Place { position: green[1].start.position + 1, ..green[1].start.clone() };
    assert!(!checked(&within).between_transactions);
    assert!(!checked(&Place { position: 130, ..within.clone() }).between_transactions, "in the begin of the file");
    assert!(!checked(&Place { position: 99_999, ..within.clone() }).exists);
    assert!(!checked(&Place { file: "bin.000009".into(), position: 4 }).exists);
}
