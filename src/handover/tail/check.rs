//! Coordinates from outside, held against green's own log.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::blue::is_before;
use crate::{
    error::Result,
    port::{
        binlog::{BinlogRead, Content, Place, Transaction},
        mysql::Address,
    },
};

/// What green's log says of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    pub pair: Place,
    /// Green's log has that file, and is at least as long.
    pub exists: bool,
    /// No transaction stands across it.
    pub between_transactions: bool,
    /// The first row transaction that blue did not write and that begins before the pair: its rows would be lost.
    pub green_before: Option<Place>,
    /// The first row transaction of blue's that begins at the pair or after it: it would be replayed.
    pub blue_after: Option<Place>,
    /// Row transactions of blue's that were seen before the pair.
    pub blue_before: u64,
}

impl Checked {
    /// Nothing is lost and nothing replayed by a job that starts there.
    pub fn is_exact(&self) -> bool {
        self.is_safe() && self.blue_after.is_none()
    }

    /// Nothing of green's own is lost by a job that starts there.
    pub fn is_safe(&self) -> bool {
        self.exists && self.between_transactions && self.green_before.is_none()
    }

    /// What is wrong, as a sentence.
    pub fn problem(&self) -> Option<String> {
        let pair = &self.pair;
        if !self.exists {
            return Some(format!("Green's binary log does not reach {pair}"));
        }
        if !self.between_transactions {
            return Some(format!("In green's binary log {pair} is in the middle of a transaction"));
        }
        if let Some(place) = &self.green_before {
            return Some(format!("Green wrote rows of its own at {place}, before {pair}: they would be lost"));
        }
        self.blue_after
            .as_ref()
            .map(|place| format!("Blue's rows at {place} stand behind {pair}: they would be replayed"))
    }
}

/// Checks a pair from outside (the event of RDS, or by hand) against green's log: between two transactions, no row
/// transaction of green's own before it, none of blue's after it. Looks at the pair's file, at one before it, and at all
/// after it.
///
/// # Errors
///
/// Of reading.
pub async fn check_coordinates(
    log: &dyn BinlogRead,
    green: &Address,
    blue_server_ids: &[u32],
    pair: &Place,
) -> Result<Checked> {
    let mut checked = Checked {
        pair: pair.clone(),
        exists: false,
        between_transactions: true,
        green_before: None,
        blue_after: None,
        blue_before: 0,
    };
    let files = log.files(green).await?;
    let Some(index) = files.iter().position(|file| file.name == pair.file && pair.position <= file.size) else {
        return Ok(checked);
    };
    checked.exists = true;
    let from = Place { file: files[index.saturating_sub(1)].name.clone(), position: 4 };
    // The begin of the file has no transactions, and nothing begins within it.
    let mut first_of_file = None;
    let mut each = |transaction: Transaction| {
        let before = is_before(&transaction.start, pair);
        if transaction.start.file == pair.file {
            first_of_file.get_or_insert(transaction.start.position);
            checked.between_transactions &= !(before && is_before(pair, &transaction.end));
        }
        if let Content::Rows { .. } = transaction.content {
            let blues = blue_server_ids.contains(&transaction.server_id);
            match (blues, before) {
                (true, true) => checked.blue_before += 1,
                (true, false) => _ = checked.blue_after.get_or_insert(transaction.start),
                (false, true) => _ = checked.green_before.get_or_insert(transaction.start),
                (false, false) => {}
            }
        }
        ControlFlow::Continue(())
    };
    log.transactions(green, &from, &mut each).await?;
    if pair.position != 4 && first_of_file.is_some_and(|first| pair.position < first) {
        checked.between_transactions = false;
    }
    Ok(checked)
}
