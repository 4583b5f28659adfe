//! `upgrade report`: any report of the newest run, remade from its journal.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{ReportFormat, say, scene::Scene};
use crate::{
    error::{Error, Result},
    event::{Body, Event, OperationState, Outcome, VERSION},
    report::{Format, document},
    runner::journal::{Entry, Record},
};

pub(super) fn report(scene: &Scene, format: ReportFormat) -> Result<u8> {
    let format = match format {
        ReportFormat::Human => Format::Human,
        ReportFormat::Json => Format::Json,
        ReportFormat::Markdown => Format::Markdown,
        ReportFormat::Html => Format::Html,
        ReportFormat::Junit => Format::Junit,
    };
    say(&document(format, &events(scene)?))?;
    Ok(0)
}

/// The events of the newest run, and what is to be said of its folder.
fn events(scene: &Scene) -> Result<Vec<Event>> {
    let past = scene.past()?.ok_or_else(|| {
        Error::drift("There is no run of this playbook to report on").hint(format!("Type `{}`", scene.verbs.run()))
    })?;
    let mut bodies = bodies(&past.entries);
    let begun = bodies.first().map(|(at, _)| *at);
    let warnings = past.warnings.into_iter().zip(begun.into_iter().cycle());
    // The end stays the last event.
    bodies.splice(1..1, warnings.map(|(message, at)| (at, Body::Warning { step: None, message })));
    Ok(numbered(bodies))
}

/// One list of events for the whole run, however many calls of the program it took.
pub fn remade(entries: &[Entry]) -> Vec<Event> {
    numbered(bodies(entries))
}

fn numbered(bodies: Vec<(OffsetDateTime, Body)>) -> Vec<Event> {
    let numbered = bodies.into_iter().zip(0..);
    numbered.map(|((at, body), seq)| Event { v: VERSION, seq, at, body }).collect()
}

fn bodies(entries: &[Entry]) -> Vec<(OffsetDateTime, Body)> {
    let mut bodies = Vec::new();
    let mut begun: BTreeMap<String, (String, OffsetDateTime)> = BTreeMap::new();
    let mut last_stop = None;
    for entry in entries {
        let at = entry.at;
        match &entry.record {
            Record::RunStarted { run, playbook, target, steps, .. } => bodies.push((
                at,
                Body::RunStarted {
                    run: run.clone(),
                    playbook: playbook.clone(),
                    target: target.clone(),
                    steps: steps.clone(),
                    resumed: false,
                },
            )),
            Record::StepStarted { step, step_kind, .. } => {
                begun.insert(step.clone(), (step_kind.clone(), at));
                bodies.push((at, Body::StepStarted { step: step.clone(), kind: step_kind.clone() }));
            }
            Record::StepFinished { step, outcome, reason, outputs } => {
                let (kind, since) = begun.get(step).cloned().unwrap_or((String::new(), at));
                bodies.push((
                    at,
                    Body::StepFinished {
                        step: step.clone(),
                        kind,
                        outcome: *outcome,
                        reason: reason.clone(),
                        outputs: outputs.clone(),
                        elapsed: (at - since).as_seconds_f64(),
                    },
                ));
            }
            Record::Noted { event } => bodies.push((at, event.clone())),
            Record::Stopped { outcome, exit_code, error, next } => {
                last_stop = Some((at, finished(*outcome, *exit_code, error.clone(), next.clone())));
                continue;
            }
            Record::RunFinished { outcome, exit_code } => {
                last_stop = Some((at, finished(*outcome, *exit_code, None, None)));
                continue;
            }
            Record::AbortStarted { who } => {
                bodies.push((at, Body::Warning { step: None, message: format!("The run was given up by {who}") }));
            }
            record => {
                if matches!(record, Record::Undone { .. }) {
                    // What is done again from here on has not lasted since it was done first.
                    begun.values_mut().for_each(|(_, since)| *since = at);
                }
                bodies.extend(operation(record).map(|body| (at, body)));
            }
        }
        last_stop = None;
    }
    bodies.extend(last_stop);
    bodies
}

fn finished(outcome: Outcome, exit_code: u8, error: Option<Error>, next: Option<String>) -> Body {
    Body::RunFinished { outcome, exit_code, error, next }
}

fn operation(record: &Record) -> Option<Body> {
    let (step, operation, attempt, state, what) = match record {
        Record::OperationStarted { step, attempt, operation } => {
            (step, operation.id.clone(), *attempt, OperationState::Started, operation.what.clone())
        }
        Record::OperationDone { step, operation, attempt, seen } => {
            let what = if *seen { "Its effect was seen" } else { "Accepted" };
            (step, operation.clone(), *attempt, OperationState::Done, what.to_owned())
        }
        Record::Failed { step, operation: Some(operation), attempt, error } => {
            (step, operation.clone(), *attempt, OperationState::Failed, error.message.clone())
        }
        Record::Unknown { step, operation, attempt, error } => {
            (step, operation.clone(), *attempt, OperationState::Unknown, error.message.clone())
        }
        Record::Undone { step, operation, attempt, error, .. } => {
            (step, operation.clone(), *attempt, OperationState::Failed, error.message.clone())
        }
        _ => return None,
    };
    Some(Body::Operation { step: step.clone(), operation, attempt, state, what })
}
