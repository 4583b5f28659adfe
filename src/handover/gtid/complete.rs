//! The set that stands for a place in a server's log.

use std::ops::ControlFlow;

use super::{GtidSet, Malformed};
use crate::{
    error::{Error, Result},
    handover::offset::compare_files,
    port::{
        binlog::{BinlogRead, Place, Transaction},
        mysql::Address,
    },
};

/// Every GTID that the server logged before `upto`: a job that starts with this set reads on exactly there, and its later
/// restarts ask for nothing twice.
///
/// # Errors
///
/// Of reading, and where the file has transactions without GTID before `upto`.
pub async fn complete_set(log: &dyn BinlogRead, at: &Address, upto: &Place) -> Result<GtidSet> {
    let malformed = |error: Malformed| {
        Error::permanent(format!("The GTIDs in {} of MySQL at {at} cannot be read", upto.file)).because(&error)
    };
    let mut set: GtidSet = log.previous_gtids(at, &upto.file).await?.parse().map_err(malformed)?;
    let mut problem = None;
    let mut each = |transaction: Transaction| {
        let behind = compare_files(&transaction.start.file, &upto.file) != Some(std::cmp::Ordering::Equal)
            || transaction.end.position > upto.position;
        if behind {
            return ControlFlow::Break(());
        }
        let added = match &transaction.gtid {
            Some(gtid) => set.add(gtid).map_err(malformed),
            None => Err(Error::permanent(format!(
                "Expected a GTID for every transaction up to {upto} of MySQL at {at}; that at {} has none",
                transaction.start
            ))
            .hint("Start by file and position instead, on a server that has GTID off")),
        };
        match added {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                problem = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    log.transactions(at, &Place { file: upto.file.clone(), position: 4 }, &mut each).await?;
    problem.map_or(Ok(set), Err)
}
