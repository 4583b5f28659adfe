//! The proof of a job that moved to green before the switchover, and of its pointing at production after it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::evidence::{Check, Party, Proof, checks, committed};
use crate::{
    event::Offset,
    port::{binlog::Place, mysql::Address},
};

/// What was known when the job was started on green's own address, and what it has shown there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Early {
    pub run: String,
    /// The playbook's name for the job.
    pub job: String,
    pub blue: Party,
    pub green: Party,
    /// Where the job stood on blue, read from the bytes of this state; it is kept for the way back.
    pub savepoint: String,
    pub offsets: Vec<Offset>,
    /// Where the job starts in green's log.
    pub start: Place,
    /// All that was executed before it, where green has GTID on.
    pub gtid_set: Option<String>,
    /// How many transactions of blue's tail were found there.
    pub transactions: u64,
    /// They stand at several places: the earliest was taken.
    pub ambiguous: bool,
    pub checks: Vec<Check>,
    pub proof: Option<Proof>,
}

/// The same job at the production address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repointed {
    pub run: String,
    pub job: String,
    pub green: Party,
    /// The state it was started from, and where that stands in green's log.
    pub state: String,
    pub offsets: Vec<Offset>,
    pub production: Address,
    pub checks: Vec<Check>,
    pub proof: Option<Proof>,
}

impl Early {
    /// The readable page, as Markdown.
    pub fn page(&self) -> String {
        let mut page = format!("# Early move of {}\n\nRun {}.\n\n", self.job, self.run);
        page.push_str("| | address | server_uuid | server_id | version | gtid_mode |\n|---|---|---|---|---|---|\n");
        page.push_str(&self.blue.row("blue"));
        page.push_str(&self.green.row("green"));
        page.push_str("\n## From blue to green\n\n");
        stood(&mut page, &self.offsets, "blue");
        let _ = writeln!(page, "- {}", self.sentence());
        let _ = writeln!(page, "- The savepoint {} is kept", self.savepoint);
        page.push_str("\n## Checks before the start\n\n");
        checks(&mut page, &self.checks);
        committed(&mut page, self.proof.as_ref());
        page
    }

    /// Where the job starts and why there, in one sentence.
    pub fn sentence(&self) -> String {
        let several = if self.ambiguous { " at several places, the earliest of which is" } else { " at" };
        let set = self.gtid_set.as_ref().map(|set| format!(", as the GTID set {set}")).unwrap_or_default();
        match self.transactions {
            0 => format!("Blue wrote nothing more; the job starts in green's log at {}{set}", self.start),
            count => {
                format!("The first {count} transactions of the tail stand in green's log{several} {}{set}", self.start)
            }
        }
    }
}

impl Repointed {
    /// The readable page, as Markdown.
    pub fn page(&self) -> String {
        let mut page = format!("# {} at the production address {}\n\nRun {}.\n\n", self.job, self.production, self.run);
        page.push_str("| | address | server_uuid | server_id | version | gtid_mode |\n|---|---|---|---|---|---|\n");
        page.push_str(&self.green.row("green"));
        page.push_str("\n## From green's own address to production\n\n");
        stood(&mut page, &self.offsets, "green");
        let _ = writeln!(page, "- It goes on from {}: the server is the same", self.state);
        page.push_str("\n## Checks before the start\n\n");
        checks(&mut page, &self.checks);
        committed(&mut page, self.proof.as_ref());
        page
    }
}

fn stood(page: &mut String, offsets: &[Offset], side: &str) {
    for offset in offsets {
        let _ = writeln!(
            page,
            "- {} stood at {}:{} (+{} events, +{} rows) on {side}",
            offset.source, offset.file, offset.position, offset.skip_events, offset.skip_rows
        );
    }
}
