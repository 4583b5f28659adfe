//! The proof of one job's handover, as a file for machines and a page for people.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::tail::{Mirror, Order};
use crate::{
    event::Offset,
    port::{
        binlog::Place,
        mysql::{Address, Server},
    },
};

/// All that was known when the job was started on green, and, once it has been proven, what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub run: String,
    /// The playbook's name for the job.
    pub job: String,
    pub blue: Party,
    pub green: Party,
    /// Where the job stood on blue, read from the bytes of this state; it is kept for the way back.
    pub savepoint: String,
    pub offsets: Vec<Offset>,
    /// Where blue's log ends for good.
    pub end: Place,
    /// Where green's own log stood when it took over, and who told it.
    pub coordinates: Place,
    pub coordinates_from: String,
    pub tail: Tail,
    pub checks: Vec<Check>,
    /// `None` until the job on green has been proven.
    pub proof: Option<Proof>,
}

/// One server of the handover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Party {
    pub address: Address,
    pub server_uuid: String,
    pub server_id: u32,
    pub version: String,
    pub gtid_mode: String,
}

impl Party {
    pub fn of(address: &Address, server: &Server) -> Self {
        Self {
            address: address.clone(),
            server_uuid: server.uuid.clone(),
            server_id: server.server_id,
            version: server.version.clone(),
            gtid_mode: server.gtid_mode.clone(),
        }
    }

    /// Its row in a table of both servers.
    pub(super) fn row(&self, side: &str) -> String {
        let Self { address, server_uuid, server_id, version, gtid_mode } = self;
        format!("| {side} | {address} | {server_uuid} | {server_id} | {version} | {gtid_mode} |\n")
    }
}

/// How what blue wrote after the job's offset reaches the sink.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Tail {
    /// Green's log holds the same transactions: the job starts at the mirror of the one it stood in.
    Translated {
        mirror: Mirror,
        /// The mirror's begin, or an earlier place where a job has already been astray on green.
        start: Place,
        gtid_set: Option<String>,
    },
    /// The job's own state names transactions by GTID, and green has every one it lacks.
    Restored { savepoint: String },
    /// Nobody had to do anything: with GTID on, the job found its place on green by itself.
    CarriedOver { gtid_set: String },
    /// Read to its end on the old side; the job starts where green took over.
    Drained { because: String, savepoint: String, start: Place, gtid_set: Option<String> },
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What has to hold.
    pub what: String,
    /// How it was asked.
    pub query: String,
    pub answer: String,
}

impl Check {
    pub fn new(what: impl Into<String>, query: impl Into<String>, answer: impl Into<String>) -> Self {
        Self { what: what.into(), query: query.into(), answer: answer.into() }
    }
}

/// The job as it runs on green.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    pub job_id: String,
    /// Its first committed offsets that name green.
    pub offsets: Vec<Offset>,
    pub checks: Vec<Check>,
}

impl Evidence {
    /// From here on the job reads green's log.
    pub fn start(&self) -> &Place {
        match &self.tail {
            Tail::Translated { start, .. } | Tail::Drained { start, .. } => start,
            Tail::Restored { .. } | Tail::CarriedOver { .. } => &self.coordinates,
        }
    }

    /// The readable page, as Markdown.
    pub fn page(&self) -> String {
        let mut page = format!("# Handover of {}\n\nRun {}.\n\n", self.job, self.run);
        let _ =
            writeln!(page, "| | address | server_uuid | server_id | version | gtid_mode |\n|---|---|---|---|---|---|");
        for (side, party) in [("blue", &self.blue), ("green", &self.green)] {
            page.push_str(&party.row(side));
        }
        page.push_str("\n## From blue to green\n\n");
        for offset in &self.offsets {
            let _ = writeln!(
                page,
                "- {} stood at {}:{} (+{} events, +{} rows) on blue",
                offset.source, offset.file, offset.position, offset.skip_events, offset.skip_rows
            );
        }
        let _ = writeln!(page, "- Blue's log ends at {}", self.end);
        let _ = writeln!(page, "- Green took over at {} ({})", self.coordinates, self.coordinates_from);
        let _ = writeln!(page, "- {}", self.tail.sentence());
        let _ = writeln!(page, "- The savepoint {} is kept", self.savepoint);
        page.push_str("\n## Checks before the start\n\n");
        checks(&mut page, &self.checks);
        committed(&mut page, self.proof.as_ref());
        page
    }
}

/// What the job on green has shown.
pub(super) fn committed(page: &mut String, proof: Option<&Proof>) {
    let Some(proof) = proof else {
        page.push_str("\nThe job on green has not been proven yet.\n");
        return;
    };
    let _ = writeln!(page, "\n## Proof\n\nFlink job {}.\n", proof.job_id);
    for offset in &proof.offsets {
        let id = offset.server_id.map_or("none".to_owned(), |id| id.to_string());
        let _ = writeln!(
            page,
            "- {} is committed at {}:{} with server_id {id}",
            offset.source, offset.file, offset.position
        );
    }
    page.push('\n');
    checks(page, &proof.checks);
}

pub(super) fn checks(page: &mut String, checks: &[Check]) {
    page.push_str("| what | asked by | answer |\n|---|---|---|\n");
    for Check { what, query, answer } in checks {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let _ = writeln!(page, "| {} | {} | {} |", cell(what), cell(query), cell(answer));
    }
}

impl Tail {
    /// What was done with it, in one sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Translated { mirror, start, gtid_set } => format!(
                "The tail of {} transactions ({} rows) was found in green's log, {}; the job starts at {start}{}",
                mirror.transactions,
                mirror.rows,
                match mirror.order {
                    Order::Preserved => "in the same order",
                    Order::Changed => "in another order",
                },
                gtid_set.as_ref().map(|set| format!(", as the GTID set {set}")).unwrap_or_default()
            ),
            Self::CarriedOver { gtid_set } => {
                format!("The job was left alone: by GTID it went on with green by itself and has {gtid_set}")
            }
            Self::Restored { savepoint } => {
                format!("The job is restored on green from {savepoint}: by GTID green has all it lacks")
            }
            Self::Drained { because, savepoint, start, .. } => format!(
                "The tail was read to its end on the old side, up to the savepoint {savepoint} ({because}); the job starts at {start}"
            ),
        }
    }
}
