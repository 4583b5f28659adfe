//! What green has from blue, read forward from the begin of a file, with places to come back to.

use std::ops::ControlFlow;

use super::{Boundary, Request, digest::Digest};
use crate::{
    error::Result,
    port::{
        binlog::{BinlogRead, Content, Place, Transaction},
        mysql::LogFile,
    },
};

/// Transactions between two places that are kept; few in tests, so that their short logs have several.
const EVERY: u64 = if cfg!(test) { 4 } else { 2048 };
/// Green's log is longer than blue's for the same transactions: a few dozen bytes each.
const LONGER: u64 = 3;

/// What has been read of green's log.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    /// The file it begins with, as an index into the server's list at that time.
    first_file: String,
    /// Whether there is nothing before it on the server.
    pub(super) from_the_first: bool,
    next: Place,
    /// Row transactions that blue wrote.
    pub(super) digest: Digest,
    /// `(all before, the begin of the next)`, at most `EVERY` apart.
    marks: Vec<(Digest, Place)>,
    last_blue: Option<Place>,
    /// Begins of green's own row transactions: the first, and the last one that was followed by one of blue's.
    first_green: Option<Place>,
    green_before: Option<Place>,
}

/// One row transaction of blue's on green.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) start: Place,
    pub(super) fingerprint: u128,
}

impl Copy {
    /// From the newest file behind which there is room for so many bytes of blue's log.
    pub(super) fn begin(files: &[LogFile], bytes: u64) -> Option<Self> {
        let mut room = 0;
        let enough = |file: &LogFile| {
            room += file.size;
            room >= bytes.saturating_mul(LONGER) / 2
        };
        let index = files.iter().rev().position(enough).map_or(0, |from_the_end| files.len() - 1 - from_the_end);
        Self::from(files, index)
    }

    /// The same, twice as many files; `None` where there are no more.
    pub(super) fn earlier(&self, files: &[LogFile]) -> Option<Self> {
        let index = files.iter().position(|file| file.name == self.first_file).unwrap_or(files.len());
        (index > 0).then(|| Self::from(files, index.saturating_sub(files.len() - index)))?
    }

    fn from(files: &[LogFile], index: usize) -> Option<Self> {
        let name = files.get(index)?.name.clone();
        Some(Self {
            next: Place { file: name.clone(), position: 4 },
            first_file: name,
            from_the_first: index == 0,
            digest: Digest::default(),
            marks: Vec::new(),
            last_blue: None,
            first_green: None,
            green_before: None,
        })
    }

    pub(super) async fn read_on(&mut self, log: &dyn BinlogRead, request: &Request) -> Result<()> {
        let from = self.next.clone();
        let mut each = |transaction: Transaction| {
            self.take(&transaction, request);
            ControlFlow::Continue(())
        };
        self.next = log.transactions(&request.green, &from, &mut each).await?;
        Ok(())
    }

    fn take(&mut self, transaction: &Transaction, request: &Request) {
        let rows = match transaction.content {
            Content::Rows { fingerprint, .. } => Some(fingerprint),
            _ => None,
        };
        if !is_blues(transaction, request) {
            if rows.is_some() && self.first_green.is_none() {
                self.first_green = Some(transaction.start.clone());
            }
            return;
        }
        self.last_blue = Some(transaction.end.clone());
        let Some(fingerprint) = rows else { return };
        if self.first_green.is_some() {
            self.green_before.clone_from(&self.first_green);
        }
        if self.digest.count.is_multiple_of(EVERY) {
            self.marks.push((self.digest, transaction.start.clone()));
        }
        self.digest.push(fingerprint);
    }

    pub(super) fn boundary(&self) -> Option<Boundary> {
        Some(Boundary {
            place: self.last_blue.clone()?,
            first_green: self.first_green.clone(),
            green_before: self.green_before.clone(),
        })
    }

    /// What comes before the member at `index`, and the begin of that member. Reads less than `EVERY` of them again.
    pub(super) async fn at(
        &self,
        log: &dyn BinlogRead,
        request: &Request,
        index: u64,
    ) -> Result<Option<(Digest, Place)>> {
        let mark = self.marks.partition_point(|(before, _)| before.count <= index);
        let Some((before, place)) = mark.checked_sub(1).map(|mark| &self.marks[mark]) else { return Ok(None) };
        if before.count == index {
            return Ok(Some((*before, place.clone())));
        }
        let mut before = *before;
        let mut found = None;
        self.members(log, request, place, |member| {
            if before.count == index {
                found = Some(member.start);
                return ControlFlow::Break(());
            }
            before.push(member.fingerprint);
            ControlFlow::Continue(())
        })
        .await?;
        Ok(found.map(|place| (before, place)))
    }

    /// Blocks of members before `index`, the last block first: `(index of its first, its members)`.
    pub(super) async fn block_before(
        &self,
        log: &dyn BinlogRead,
        request: &Request,
        index: u64,
    ) -> Result<Option<(u64, Vec<Member>)>> {
        let mark = self.marks.partition_point(|(before, _)| before.count < index);
        let Some((before, place)) = mark.checked_sub(1).map(|mark| &self.marks[mark]) else { return Ok(None) };
        let count = index - before.count;
        let mut members = Vec::new();
        self.members(log, request, place, |member| {
            members.push(member);
            if members.len() as u64 == count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await?;
        Ok(Some((before.count, members)))
    }

    /// Blue's row transactions from `from` on.
    pub(super) async fn members(
        &self,
        log: &dyn BinlogRead,
        request: &Request,
        from: &Place,
        mut member: impl FnMut(Member) -> ControlFlow<()> + Send,
    ) -> Result<()> {
        let mut each = |transaction: Transaction| match transaction.content {
            Content::Rows { fingerprint, .. } if is_blues(&transaction, request) => {
                member(Member { start: transaction.start, fingerprint })
            }
            _ => ControlFlow::Continue(()),
        };
        log.transactions(&request.green, from, &mut each).await.map(drop)
    }

    /// The begin of the first file that was read.
    pub(super) fn begin_of_all(&self) -> Place {
        Place { file: self.first_file.clone(), position: 4 }
    }
}

fn is_blues(transaction: &Transaction, request: &Request) -> bool {
    request.blue_server_ids.contains(&transaction.server_id)
}
