//! Blue's tail, reduced to what comparing needs.

use std::{cmp::Ordering, ops::ControlFlow};

use super::{Request, digest::Digest};
use crate::{
    error::{Error, Result},
    handover::offset::compare_files,
    port::{
        binlog::{BinlogRead, Content, Place, Transaction},
        mysql::Address,
    },
};

/// How many fingerprints of its begin are kept.
pub(super) const HEAD: usize = 4096;

/// What has been read of it.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    /// Where reading goes on.
    pub(super) next: Place,
    pub(super) digest: Digest,
    pub(super) rows: u64,
    /// Bytes of its transactions in blue's log.
    pub(super) bytes: u64,
    /// The first of its fingerprints.
    pub(super) head: Vec<u128>,
    /// Why it cannot be matched, whatever follows.
    pub(super) unfit: Option<String>,
}

impl Tail {
    pub(super) fn new(from: &Place) -> Self {
        Self { next: from.clone(), digest: Digest::default(), rows: 0, bytes: 0, head: Vec::new(), unfit: None }
    }

    /// Reads on, up to `end` or as far as the log goes now.
    pub(super) async fn read_on(&mut self, log: &dyn BinlogRead, request: &Request, end: Option<&Place>) -> Result<()> {
        let from = self.next.clone();
        let mut reached = from.clone();
        let mut each = |transaction: Transaction| {
            if end.is_some_and(|end| !is_before(&transaction.start, end)) {
                return ControlFlow::Break(());
            }
            reached = transaction.end.clone();
            self.take(transaction, &request.blue_server_ids);
            ControlFlow::Continue(())
        };
        let log_end = log.transactions(&request.blue, &from, &mut each).await?;
        // Behind what is no transaction, such as the begin of a new file; but not behind what was left.
        self.next = match end {
            Some(end) if is_before(end, &log_end) => {
                if is_before(&reached, end) {
                    end.clone()
                } else {
                    reached
                }
            }
            _ => log_end,
        };
        match end {
            Some(end) if is_before(&self.next, end) => Err(ends_before(&request.blue, &self.next, end)),
            _ => Ok(()),
        }
    }

    fn take(&mut self, transaction: Transaction, origins: &[u32]) {
        if transaction.end.file == transaction.start.file {
            self.bytes += transaction.end.position - transaction.start.position;
        }
        let place = &transaction.start;
        let why = match transaction.content {
            Content::Nothing => return,
            Content::Rows { .. } if !origins.contains(&transaction.server_id) => {
                format!(
                    "At {place} blue logged rows of server {}, which is not one of blue's own",
                    transaction.server_id
                )
            }
            Content::Rows { fingerprint, rows } => {
                self.digest.push(fingerprint);
                self.rows += rows;
                if self.head.len() < HEAD {
                    self.head.push(fingerprint);
                }
                return;
            }
            Content::Definition { schema, statement } => {
                let of = if schema.is_empty() { String::new() } else { format!(" in schema {schema}") };
                format!("At {place} blue's tail has a change of definitions{of}: {statement}")
            }
            Content::Opaque(why) => format!("At {place} blue's tail has what cannot be compared by rows: {why}"),
        };
        self.unfit.get_or_insert(why);
    }
}

/// Within one log; false where the two are not of one.
pub(super) fn is_before(a: &Place, b: &Place) -> bool {
    match compare_files(&a.file, &b.file) {
        Some(Ordering::Less) => true,
        Some(Ordering::Equal) => a.position < b.position,
        Some(Ordering::Greater) => false,
        None => a.file == b.file && a.position < b.position,
    }
}

fn ends_before(at: &Address, seen: &Place, end: &Place) -> Error {
    Error::permanent(format!("Expected the binary log of MySQL at {at} to go up to {end}; it ends at {seen}"))
        .hint("See whether that name still leads to the old server")
}
