//! Prechecks: pure functions over what was seen, one family a file. What they need is gathered by the step.

mod aws;
mod cdc;
mod inventory;
mod server;
pub mod upgrade_log;

pub use inventory::{CdcJob, Inventory, JobState, Looked, ServerIds, Sink, Source, Unknown};

use crate::event::{Consequence, Finding, Level};

/// Everything that is wrong, the worst first.
pub fn check(inventory: &Inventory) -> Vec<Finding> {
    let mut findings = Vec::new();
    aws::check(inventory, &mut findings);
    server::check(inventory, &mut findings);
    cdc::check(inventory, &mut findings);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

/// A finding that stops AWS or the handover.
fn error(check: &str, object: impl Into<String>, message: impl Into<String>) -> Finding {
    finding(check, Level::Error, Consequence::StopsTheUpgrade, object.into(), message.into())
}

/// A finding that shows only later.
fn warning(check: &str, consequence: Consequence, object: impl Into<String>, message: impl Into<String>) -> Finding {
    finding(check, Level::Warning, consequence, object.into(), message.into())
}

/// A finding that only informs.
fn notice(check: &str, object: impl Into<String>, message: impl Into<String>) -> Finding {
    finding(check, Level::Notice, Consequence::Advice, object.into(), message.into())
}

fn finding(check: &str, level: Level, consequence: Consequence, object: String, message: String) -> Finding {
    Finding { check: check.to_owned(), level, consequence, object, message, fix: None, query: None }
}

/// Adds what to do and what shows it.
fn with(mut finding: Finding, fix: impl Into<String>, query: impl Into<String>) -> Finding {
    finding.fix = Some(fix.into());
    finding.query = Some(query.into());
    finding
}
