//! The begin of a tail that still grows, on a green that still replicates.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    ops::ControlFlow,
};

use super::{Located, Request, ahead::Read, blue::HEAD, green::Member};
use crate::{
    error::Result,
    port::binlog::{BinlogRead, Place},
};

/// How far members of the tail may stand from each other beyond their number: what several appliers may displace.
const SLACK: u64 = 1024;

pub(super) async fn locate(read: &mut Read, log: &dyn BinlogRead, request: &Request, least: usize) -> Result<Located> {
    read.tail.read_on(log, request, None).await?;
    if let Some(why) = &read.tail.unfit {
        return Ok(Located::Nowhere(why.clone()));
    }
    let least = least.clamp(1, HEAD);
    let seen = read.tail.head.len();
    if seen < least {
        return few(read, log, request, least).await;
    }
    // More than the least, where there are: but what green has not applied yet must not be waited for.
    let head = read.tail.head[..seen.min(least * 2)].to_vec();
    read.copy(log, request).await?;
    // Green has no more of the tail than blue: among as many, and what may be displaced, is its begin. In fewer, equal ones
    // from later on could be taken for it.
    let far_enough = read.tail.digest.count + SLACK;
    while read.copy.as_ref().is_some_and(|copy| copy.digest.count < far_enough) && read.earlier(log, request).await? {}
    let copy = read.copy.as_ref().expect("read above");
    if copy.boundary().is_none() {
        let why = "Green's log holds nothing that blue wrote: it does not log what it applies";
        return Ok(Located::Nowhere(why.to_owned()));
    }
    let from = copy.begin_of_all();
    let mut search = Search::new(&head, least);
    copy.members(log, request, &from, |member| {
        search.take(member);
        ControlFlow::Continue(())
    })
    .await?;
    match search.located() {
        Some(located) => passed(read, log, request, located, search.start_index).await,
        None => Ok(search.nowhere(request)),
    }
}

/// Blue is quiet: what it wrote are the last that green has of it, once green has them all.
async fn few(read: &mut Read, log: &dyn BinlogRead, request: &Request, least: usize) -> Result<Located> {
    read.copy(log, request).await?;
    let wanted = read.tail.digest.count.max(1);
    while read.copy.as_ref().is_some_and(|copy| copy.digest.count < wanted) && read.earlier(log, request).await? {}
    // Blue after green: so it shows all that green has of it.
    read.tail.read_on(log, request, None).await?;
    if let Some(why) = &read.tail.unfit {
        return Ok(Located::Nowhere(why.clone()));
    }
    let (tail, copy) = (&read.tail.digest, read.copy.as_ref().expect("read above"));
    let not_yet = |what: &str| {
        let (count, from) = (tail.count, &request.from);
        Ok(Located::NotYet(format!(
            "Blue wrote {count} transactions that change rows since {from}; {what}, or {least} are needed to tell their place on \
             green"
        )))
    };
    let Some(boundary) = copy.boundary() else {
        return not_yet("green's log must hold what blue wrote, and holds nothing of it yet");
    };
    let at = |start: Place| Ok(Located::At { start, transactions: tail.count, ambiguous: false });
    if tail.count == 0 {
        return at(boundary.place);
    }
    let found = match copy.digest.count.checked_sub(tail.count) {
        Some(index) => copy.at(log, request, index).await?,
        None => None,
    };
    match found {
        Some((before, start)) if copy.digest.after(&before).same_members(tail) => at(start),
        _ => not_yet("they must be the last that green has of it"),
    }
}

/// Several appliers that keep no order may let a transaction from later in the tail pass its first ones: then the start is
/// there. All that green had of the tail when its place was found is in blue's log now.
async fn passed(
    read: &mut Read,
    log: &dyn BinlogRead,
    request: &Request,
    located: Located,
    index: u64,
) -> Result<Located> {
    let Located::At { start, transactions, ambiguous } = located else { return Ok(located) };
    read.tail.read_on(log, request, None).await?;
    let tail: HashSet<u128> = read.tail.head.iter().copied().collect();
    let copy = read.copy.as_ref().expect("read to find the place");
    let (mut at, mut earlier) = (0, None);
    copy.members(log, request, &copy.begin_of_all(), |member| {
        if at == index {
            return ControlFlow::Break(());
        }
        if at + SLACK >= index && earlier.is_none() && tail.contains(&member.fingerprint) {
            earlier = Some(member.start);
        }
        at += 1;
        ControlFlow::Continue(())
    })
    .await?;
    Ok(Located::At { start: earlier.unwrap_or(start), transactions, ambiguous })
}

/// The first window of green's sequence that holds all of the first `least` members.
///
/// It begins with the earliest of their like that is near enough to belong to them: where there are several equal ones, one
/// from before the tail may be among them, and never is one of the tail left out.
struct Search {
    needed: HashMap<u128, u64>,
    /// Of `needed`, what the window has.
    held: HashMap<u128, u64>,
    lacking: u64,
    window: VecDeque<(u64, Member)>,
    index: u64,
    longest: u64,
    /// Members behind the first `least`: when one of them is here, those must be too.
    later: HashSet<u128>,
    later_seen: bool,
    start: Option<Place>,
    /// Which of green's members it is.
    start_index: u64,
    ambiguous: bool,
    transactions: u64,
}

impl Search {
    fn new(head: &[u128], least: usize) -> Self {
        let (first, later) = head.split_at(least);
        let mut needed = HashMap::new();
        for fingerprint in first {
            *needed.entry(*fingerprint).or_default() += 1;
        }
        Self {
            lacking: first.len() as u64,
            longest: first.len() as u64 + SLACK,
            later: later.iter().copied().filter(|fingerprint| !needed.contains_key(fingerprint)).collect(),
            transactions: first.len() as u64,
            needed,
            held: HashMap::new(),
            window: VecDeque::new(),
            index: 0,
            later_seen: false,
            start: None,
            start_index: 0,
            ambiguous: false,
        }
    }

    fn take(&mut self, member: Member) {
        let index = self.index;
        self.index += 1;
        self.later_seen |= self.later.contains(&member.fingerprint);
        let Some(needed) = self.needed.get(&member.fingerprint) else { return };
        let held = self.held.entry(member.fingerprint).or_default();
        *held += 1;
        if *held <= *needed {
            self.lacking -= 1;
        }
        self.window.push_back((index, member));
        self.forget_far_ones();
        if self.lacking == 0 {
            self.found();
        }
    }

    fn forget_far_ones(&mut self) {
        while let Some((begin, first)) = self.window.front()
            && self.index - begin > self.longest
        {
            let held = self.held.get_mut(&first.fingerprint).expect("counted when it came in");
            if *held <= self.needed[&first.fingerprint] {
                self.lacking += 1;
            }
            *held -= 1;
            self.window.pop_front();
        }
    }

    fn found(&mut self) {
        match &self.start {
            Some(_) => self.ambiguous = true,
            None => {
                self.ambiguous = self.window.len() as u64 > self.transactions;
                if let Some((index, first)) = self.window.front() {
                    (self.start, self.start_index) = (Some(first.start.clone()), *index);
                }
            }
        }
        // From here on it is another place.
        self.window.clear();
        self.held.clear();
        self.lacking = self.transactions;
    }

    fn located(&self) -> Option<Located> {
        let start = self.start.clone()?;
        Some(Located::At { start, transactions: self.transactions, ambiguous: self.ambiguous })
    }

    fn nowhere(&self, request: &Request) -> Located {
        let from = &request.from;
        let count = self.transactions;
        if self.later_seen {
            return Located::Nowhere(format!(
                "Green's log has transactions of blue from after {from}, but not the first {count} as blue logged them"
            ));
        }
        Located::NotYet(format!("Green has not applied the first {count} transactions that blue wrote since {from}"))
    }
}
