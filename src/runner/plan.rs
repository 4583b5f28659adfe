//! What each step would do now: the same look and the same decision as in a run, with nobody to perform it.

use sha2::{Digest, Sha256};

use super::transitions::Run;
use crate::{
    error::{Error, Kind, Result},
    event::{Action, Finding, Proposal},
    step::{AnyStep, Attempts, Known, Next, Read, Turn},
};

/// A step with its place in the playbook.
pub struct Placed {
    pub id: String,
    pub kind: &'static str,
    pub input: serde_json::Value,
    pub budget: Option<std::time::Duration>,
    pub step: Box<dyn AnyStep>,
}

/// One proposal a step, and what prechecks found on the way.
pub async fn propose(
    steps: &[Placed],
    run: Option<&Run>,
    read: &Read,
    mut known: Known,
) -> Result<(Vec<Proposal>, Vec<Finding>)> {
    let mut proposals = Vec::new();
    let mut findings = Vec::new();
    for placed in steps {
        let record = run.and_then(|run| run.step(&placed.id));
        let finished = record.and_then(|record| record.finished.as_ref());
        let proposal = match finished {
            Some(finished) => {
                known.outputs.insert(placed.kind.to_owned(), finished.outputs.clone());
                proposal(placed, Action::Nothing, Vec::new(), Some("Done in this run".to_owned()))
            }
            None => {
                let attempts = record.map(|record| record.attempts.clone()).unwrap_or_default();
                preview(placed, &attempts, read, &mut known, &mut findings).await?
            }
        };
        proposals.push(proposal);
    }
    Ok((proposals, findings))
}

async fn preview(
    placed: &Placed,
    attempts: &Attempts<crate::step::Operation>,
    read: &Read,
    known: &mut Known,
    findings: &mut Vec<Finding>,
) -> Result<Proposal> {
    let missing: Vec<_> = placed
        .step
        .needs()
        .iter()
        // What no step of the playbook hands on is discovered by the look itself, or missed by it.
        .filter(|kind| known.playbook.steps.iter().any(|step| step.body.kind() == **kind))
        .filter(|kind| !known.outputs.contains_key(**kind))
        .map(|kind| format!("`{kind}`"))
        .collect();
    if !missing.is_empty() {
        let why = format!("Cannot be previewed before {} has run", missing.join(" and "));
        let calls = placed.step.outline().calls.iter().map(|call| (*call).to_owned()).collect();
        return Ok(proposal(placed, Action::NotYetKnown, calls, Some(why)));
    }
    let (turn, table) = match placed.step.preview(read, known, &intents(attempts)).await {
        Ok(seen) => seen,
        Err(error) if error.kind == Kind::Transient => return Err(error),
        Err(error) => return Ok(proposal(placed, Action::Refuse, Vec::new(), Some(whole(&error)))),
    };
    Ok(Proposal { table, ..shown(placed, turn, known, findings) })
}

fn shown(placed: &Placed, turn: Turn, known: &mut Known, findings: &mut Vec<Finding>) -> Proposal {
    match turn {
        Next::Done(done) => {
            known.outputs.insert(placed.kind.to_owned(), done.outputs);
            findings.extend(done.findings);
            let why = done.skipped.unwrap_or_else(|| "Already true".to_owned());
            proposal(placed, Action::Nothing, Vec::new(), Some(why))
        }
        Next::Wait { awaited, seen } => proposal(placed, Action::Wait, Vec::new(), Some(format!("{awaited} ({seen})"))),
        Next::Do(operation) => {
            let mut proposal = proposal(placed, Action::Do, operation.calls, None);
            proposal.what = operation.what;
            proposal
        }
        Next::Together(operations) => {
            let (what, calls): (Vec<_>, Vec<_>) =
                operations.into_iter().map(|operation| (operation.what, operation.calls)).unzip();
            let mut proposal = proposal(placed, Action::Do, calls.concat(), None);
            proposal.what = what.join("; ");
            proposal
        }
        Next::Confirm { then, .. } => shown(placed, *then, known, findings),
        Next::Refuse(found) => {
            let why = found.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; ");
            findings.extend(found);
            proposal(placed, Action::Refuse, Vec::new(), Some(why))
        }
        Next::Gate { .. } => proposal(placed, Action::Gate, Vec::new(), Some("A person must consent".to_owned())),
        Next::Later { awaited, at } => proposal(placed, Action::Wait, Vec::new(), Some(format!("{awaited}, at {at}"))),
        Next::FailFor(explained) => {
            findings.extend(explained.findings);
            proposal(placed, Action::Refuse, Vec::new(), Some(whole(&explained.error)))
        }
        Next::Undone(error) | Next::Fail(error) => proposal(placed, Action::Refuse, Vec::new(), Some(whole(&error))),
    }
}

/// Message, causes and hint in one line.
fn whole(error: &Error) -> String {
    let parts = std::iter::once(&error.message).chain(&error.causes).chain(&error.hint);
    parts.map(String::as_str).collect::<Vec<_>>().join("; ")
}

fn proposal(placed: &Placed, action: Action, calls: Vec<String>, why: Option<String>) -> Proposal {
    let outline = placed.step.outline();
    Proposal {
        step: placed.id.clone(),
        kind: placed.kind.to_owned(),
        action,
        calls,
        what: outline.what,
        why,
        undo: outline.undo.to_owned(),
        table: None,
    }
}

/// The attempts as the erased step takes them: the bare intents.
pub(super) fn intents(attempts: &Attempts<crate::step::Operation>) -> Attempts<serde_json::Value> {
    Attempts(
        attempts
            .0
            .iter()
            .map(|attempt| crate::step::Attempt {
                id: attempt.id.clone(),
                number: attempt.number,
                operation: attempt.operation.intent.clone(),
                fate: attempt.fate.clone(),
            })
            .collect(),
    )
}

/// `sha256:` of the JSON of `value`.
pub fn digest_of<T: serde::Serialize>(value: &T) -> String {
    let text = serde_json::to_vec(value).expect("a plain value is JSON");
    let mut digest = String::from("sha256:");
    for byte in Sha256::digest(&text) {
        use std::fmt::Write;
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}
