//! The tail, found again on green.

use std::{collections::HashMap, ops::ControlFlow};

use super::{
    Boundary, Mirror, Order, Request, Translation,
    ahead::Read,
    blue::{Tail, is_before},
    green::Member,
};
use crate::{
    error::Result,
    port::binlog::{BinlogRead, Content, Place, Transaction},
};

/// How many fingerprints are held at the same time (16 MB), and how far back a member of the tail is looked for.
const LIMIT: u64 = 1_000_000;

pub(super) async fn translate(
    read: &mut Read,
    log: &dyn BinlogRead,
    request: &Request,
    end: &Place,
) -> Result<Translation> {
    if is_before(end, &read.tail.next) {
        // Read ahead beyond what turned out to be the end.
        read.tail = Tail::new(&request.from);
    }
    if !is_before(&request.from, end) && request.from != *end {
        let why = format!("The tail would begin at {}, which is not before blue's end {end}", request.from);
        return Ok(Translation::Inexact { why, boundary: None });
    }
    read.tail.read_on(log, request, Some(end)).await?;
    read.copy(log, request).await?;
    loop {
        let found = attempt(read, log, request, end).await?;
        match found {
            Attempt::Found(translation) => return Ok(translation),
            Attempt::TooShort(why) => {
                if !read.earlier(log, request).await? {
                    return Ok(Translation::Inexact { why, boundary: boundary(read) });
                }
            }
        }
    }
}

enum Attempt {
    Found(Translation),
    /// An earlier file may have it.
    TooShort(String),
}

fn boundary(read: &Read) -> Option<Boundary> {
    read.copy.as_ref().and_then(super::green::Copy::boundary)
}

async fn attempt(read: &Read, log: &dyn BinlogRead, request: &Request, end: &Place) -> Result<Attempt> {
    let inexact = |why: String| Ok(Attempt::Found(Translation::Inexact { why, boundary: boundary(read) }));
    let (tail, wanted) = (&read.tail, read.tail.digest.count);
    if let Some(why) = &tail.unfit {
        return inexact(why.clone());
    }
    let Some((copy, boundary)) = read.copy.as_ref().and_then(|copy| Some((copy, copy.boundary()?))) else {
        return Ok(Attempt::TooShort(
            "Green's log holds nothing that blue wrote: it does not log what it applies, or its log was purged"
                .to_owned(),
        ));
    };
    let exact = |start: Place, order: Order| {
        let mirror = Mirror { start, boundary: boundary.clone(), transactions: wanted, rows: tail.rows, order };
        Ok(Attempt::Found(Translation::Exact(mirror)))
    };
    if wanted == 0 {
        return exact(boundary.place.clone(), Order::Preserved);
    }
    let Some(index) = copy.digest.count.checked_sub(wanted) else {
        return Ok(Attempt::TooShort(format!(
            "Blue's tail from {} to {end} has {wanted} transactions that change rows, and green's log only {} of blue's",
            request.from, copy.digest.count
        )));
    };
    let Some((before, start)) = copy.at(log, request, index).await? else {
        return inexact(format!("Green's log changed while it was read (transaction {index} of blue's is not there)"));
    };
    let last = copy.digest.after(&before);
    if last.same_members(&tail.digest) {
        let order = if last.same_order(&tail.digest) { Order::Preserved } else { Order::Changed };
        return exact(start, order);
    }
    if wanted > LIMIT {
        return inexact(format!(
            "The last {wanted} transactions of blue on green are not the {wanted} of its tail, and so many cannot be \
             compared one by one"
        ));
    }
    match displaced(read, log, request, end, index, &start).await? {
        Displaced::From(start) => exact(start, Order::Changed),
        Displaced::Missing(count) => {
            let why = format!(
                "{count} of the {wanted} transactions of blue's tail ({} to {end}) are not in green's log as blue logged them",
                request.from
            );
            if copy.from_the_first || index > LIMIT { inexact(why) } else { Ok(Attempt::TooShort(why)) }
        }
    }
}

enum Displaced {
    /// The begin of the earliest member.
    From(Place),
    Missing(u64),
}

/// Several appliers that keep no order let a transaction of the tail pass one from before it. Then the last `n` on green
/// are not the tail: members are looked for further back, until all are found.
async fn displaced(
    read: &Read,
    log: &dyn BinlogRead,
    request: &Request,
    end: &Place,
    index: u64,
    start: &Place,
) -> Result<Displaced> {
    let copy = read.copy.as_ref().expect("looked at by the caller");
    let mut missing: HashMap<u128, u64> = HashMap::new();
    let mut each = |transaction: Transaction| {
        if !is_before(&transaction.start, end) {
            return ControlFlow::Break(());
        }
        if let Content::Rows { fingerprint, .. } = transaction.content {
            *missing.entry(fingerprint).or_default() += 1;
        }
        ControlFlow::Continue(())
    };
    log.transactions(&request.blue, &request.from, &mut each).await?;
    let mut earliest = None;
    copy.members(log, request, start, |member| {
        if found(&mut missing, &member) {
            earliest.get_or_insert(member.start);
        }
        ControlFlow::Continue(())
    })
    .await?;
    let mut index = index;
    let bottom = index.saturating_sub(LIMIT);
    while !missing.is_empty() && index > bottom {
        let Some((first, members)) = copy.block_before(log, request, index).await? else { break };
        // Backward, so that of several equal ones the last is taken.
        for member in members.into_iter().rev() {
            if found(&mut missing, &member) {
                earliest = Some(member.start);
            }
        }
        index = first;
    }
    Ok(match earliest {
        Some(earliest) if missing.is_empty() => Displaced::From(earliest),
        _ => Displaced::Missing(missing.values().sum()),
    })
}

fn found(missing: &mut HashMap<u128, u64>, member: &Member) -> bool {
    let Some(left) = missing.get_mut(&member.fingerprint) else { return false };
    *left -= 1;
    if *left == 0 {
        missing.remove(&member.fingerprint);
    }
    true
}
