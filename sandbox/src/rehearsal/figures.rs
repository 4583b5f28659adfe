//! The parts of the gap: from the last write on blue to the first row of green in the sink.

use serde::Serialize;

use super::sink::Arrival;
use crate::error::{Doing, Error, Result};
use crate::flink::{INSERTS, Insert};
use crate::place::Record;
use crate::plane::Flip;
use crate::region::work::Millis;

/// Milliseconds from the moment production led to green, where nothing else is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Figures {
    /// From the last write that blue took.
    pub(super) frozen_to_flip: Option<Millis>,
    pub(super) frozen_to_open: Option<Millis>,
    /// The statement that started the last job before the row arrived; before the switchover in an early move.
    pub(super) insert_sent: Option<i64>,
    pub(super) job_known: Option<i64>,
    pub(super) first_row: Option<Millis>,
    /// From INSERT to that row.
    pub(super) insert_to_row: Option<i64>,
    /// From a row's commit on green to the sink.
    pub(super) written_to_row: Option<Millis>,
    pub(super) gap_of_application: Option<Millis>,
    pub(super) floor: Option<Floor>,
}

/// A second job of the same kind, with session and tables staged and its position known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Floor {
    pub(super) insert_to_job: Millis,
    pub(super) insert_to_row: Millis,
}

impl Figures {
    pub(super) fn of(flip: Option<&Flip>, inserts: &[Insert], arrival: Option<&Arrival>) -> Self {
        let Some(flip) = flip else { return Self::default() };
        let since = |at: Millis| at.cast_signed() - flip.flipped_at.cast_signed();
        let mut figures = Self {
            frozen_to_flip: Some(flip.flipped_at.saturating_sub(flip.frozen_at)),
            frozen_to_open: Some(flip.open_at.saturating_sub(flip.frozen_at)),
            ..Self::default()
        };
        let Some(arrival) = arrival else { return figures };
        figures.first_row = Some(arrival.arrived_at.saturating_sub(flip.flipped_at));
        figures.written_to_row = Some(arrival.arrived_at.saturating_sub(arrival.gap.first_success));
        if let Some(insert) = inserts.iter().rev().find(|insert| insert.sent_at <= arrival.arrived_at) {
            figures.insert_sent = Some(since(insert.sent_at));
            figures.job_known = insert.known_at.map(since);
            figures.insert_to_row = Some(arrival.arrived_at.cast_signed() - insert.sent_at.cast_signed());
        }
        figures
    }
}

/// Every statement so far that was to start a job, as the proxy before the gateway saw it.
pub(super) async fn inserts(record: &Record) -> Result<Vec<Insert>> {
    let http = reqwest::Client::builder().no_proxy().build().doing("Making an HTTP client")?;
    let address = format!("{}{INSERTS}", record.flink.sql_gateway);
    let answer = http.get(&address).send().await.doing("Asking the proxy")?;
    let text = answer.text().await.doing("Asking the proxy")?;
    serde_json::from_str(&text).map_err(|error| Error::other(format!("{address} answered no list: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::work::ServerId;
    use crate::workload::{Gap, Table};

    #[test]
    fn the_last_insert_before_the_row_counts() {
        let (blue, green) = (ServerId("b".into()), ServerId("g".into()));
        let flip = Flip { frozen_at: 1_000, flipped_at: 1_100, open_at: 1_150, blue, green, coordinates: None };
        let gap = Gap { last_success: 990, first_success: 1_200, first_row: (Table::Source, 1) };
        let arrival = Arrival { gap, flipped_at: 1_100, arrived_at: 3_000 };
        let insert = |sent_at| Insert { sent_at, known_at: Some(sent_at + 50), ..Insert::default() };
        let figures = Figures::of(Some(&flip), &[insert(500), insert(2_100), insert(9_000)], Some(&arrival));
        assert_eq!((figures.insert_sent, figures.job_known), (Some(1_000), Some(1_050)));
        assert_eq!((figures.first_row, figures.insert_to_row), (Some(1_900), Some(900)));
        let early = Figures::of(Some(&flip), &[insert(500)], Some(&arrival));
        assert_eq!(early.insert_sent, Some(-600));
    }
}
