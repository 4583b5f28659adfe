//! Prechecks: pure functions over what was seen, one family a file. What they need is gathered by the step.

mod aws;
mod cdc;
mod check;
mod findings;
mod inventory;
mod ours;
mod release;
#[cfg(test)]
mod samples;
mod server;
mod sql;
mod structure;
#[cfg(test)]
mod tests;
mod text;
pub mod upgrade_log;

pub use check::{Check, From, Holds, Hop, all, named};
pub use inventory::{CdcJob, Inventory, JobState, Looked, ServerIds, Sink, Source, Unknown};

use crate::{
    event::{Consequence, Finding, Level},
    port::catalogue::{Checked, Instance, Schema},
};
use findings::Findings;

/// Everything that is wrong.
pub fn check(inventory: &Inventory) -> Vec<Finding> {
    let mut findings = Vec::new();
    aws::check(inventory, &mut findings);
    server::check(inventory, &mut findings);
    cdc::check(inventory, &mut findings);
    findings.extend(inventory.catalogue.iter().cloned());
    findings
}

/// What is wrong with what belongs to no schema.
pub fn of_instance(instance: &Instance, hop: &Hop) -> Vec<Finding> {
    let mut findings = Findings::default();
    structure::of_instance(instance, hop, &mut findings);
    text::of_instance(instance, hop, &mut findings);
    findings.into_all()
}

/// What is wrong with one schema.
pub fn of_schema(schema: &Schema, instance: &Instance, hop: &Hop) -> Vec<Finding> {
    let mut findings = Findings::default();
    structure::of_schema(schema, instance, hop, &mut findings);
    text::of_schema(schema, instance, hop, &mut findings);
    findings.into_all()
}

/// What `CHECK TABLE … FOR UPGRADE` said that is wrong.
pub fn of_checked(checked: &[Checked]) -> Vec<Finding> {
    let mut findings = Findings::default();
    structure::of_checked(checked, &mut findings);
    findings.into_all()
}

/// A finding that stops AWS or the handover.
fn error(check: &'static Check, object: impl Into<String>, message: impl Into<String>) -> Finding {
    finding(check, Level::Error, Consequence::StopsTheUpgrade, object.into(), message.into())
}

/// A finding that shows only later.
fn warning(
    check: &'static Check,
    consequence: Consequence,
    object: impl Into<String>,
    message: impl Into<String>,
) -> Finding {
    finding(check, Level::Warning, consequence, object.into(), message.into())
}

/// A finding that only informs.
fn notice(check: &'static Check, object: impl Into<String>, message: impl Into<String>) -> Finding {
    finding(check, Level::Notice, Consequence::Advice, object.into(), message.into())
}

fn finding(check: &'static Check, level: Level, consequence: Consequence, object: String, message: String) -> Finding {
    Finding { check: check.id.to_owned(), level, consequence, object, message, fix: None, query: None }
}

/// Adds what to do and what shows it.
fn with(mut finding: Finding, fix: impl Into<String>, query: impl Into<String>) -> Finding {
    finding.fix = Some(fix.into());
    finding.query = Some(query.into());
    finding
}
