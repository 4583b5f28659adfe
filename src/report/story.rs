//! A list of events read as one story: the last word on every step, and what was found on the way.
//!
//! The list may hold several calls of one run, as a journal does: each begins with `run_started`, and the last one's end
//! is the end of the story. It may also break off, where the process was killed.

use serde_json::Value;
use time::OffsetDateTime;

use super::words;
use crate::{
    error::Error,
    event::{Body, Check, Choice, Event, Finding, Level, Offset, OperationState, Outcome, Proposal, Status},
};

#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) run: Option<Run>,
    pub(super) steps: Vec<Step>,
    pub(super) findings: Vec<Found>,
    pub(super) warnings: Vec<Warning>,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) proposals: Vec<Proposal>,
    pub(super) choices: Vec<Choice>,
    pub(super) checks: Vec<Check>,
    pub(super) status: Option<Status>,
    pub(super) offsets: Vec<Offset>,
    pub(super) end: Option<End>,
    pub(super) first: Option<OffsetDateTime>,
    pub(super) last: Option<OffsetDateTime>,
}

#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) playbook: String,
    pub(super) target: String,
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) began: Option<OffsetDateTime>,
    pub(super) ended: Option<OffsetDateTime>,
    /// Absent where the step has not begun, or has not ended.
    pub(super) outcome: Option<Outcome>,
    pub(super) reason: Option<String>,
    pub(super) outputs: Value,
    /// Seconds of the call that brought the outcome.
    pub(super) elapsed: f64,
    /// The highest attempt number of any of its operations.
    pub(super) attempts: u32,
    /// What was last awaited and seen.
    pub(super) awaited: Option<(String, String)>,
    pub(super) operations: Vec<Operation>,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) attempt: u32,
    pub(super) state: OperationState,
    pub(super) what: String,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) step: Option<String>,
    pub(super) finding: Finding,
}

#[derive(Debug, PartialEq)]
pub(super) struct Warning {
    pub(super) step: Option<String>,
    pub(super) message: String,
}

#[derive(Debug, PartialEq)]
pub(super) struct Artifact {
    pub(super) step: String,
    pub(super) path: String,
    pub(super) digest: String,
}

#[derive(Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) exit_code: u8,
    pub(super) error: Option<Error>,
    pub(super) next: Option<String>,
}

impl Story {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut story = Self::default();
        let mut current = None;
        for event in events {
            story.first = story.first.or(Some(event.at));
            story.last = Some(event.at);
            story.take(event, &mut current);
        }
        story
    }

    /// The playbook's name, or the program's where no event names one.
    pub(super) fn title(&self) -> &str {
        let named = self.run.as_ref().map(|run| run.playbook.as_str());
        named.or(self.status.as_ref().map(|status| status.playbook.as_str())).unwrap_or("upgrade")
    }

    /// The next command to type.
    pub(super) fn next(&self) -> Option<&str> {
        let end = self.end.as_ref().and_then(|end| end.next.as_deref());
        end.or(self.status.as_ref().and_then(|status| status.next.as_deref()))
    }

    pub(super) fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|found| found.finding.level == level).count()
    }

    /// Where the run stands: the step that did not succeed, else the first that is still open.
    pub(super) fn stands_at(&self) -> Option<&Step> {
        let troubled = |step: &&Step| {
            !matches!(step.outcome, Some(Outcome::Succeeded | Outcome::Skipped)) && step.began.is_some()
                || matches!(step.outcome, Some(Outcome::Failed | Outcome::Waiting | Outcome::Unknown))
        };
        self.steps.iter().find(troubled)
    }

    /// How the run stands, in one line.
    pub(super) fn headline(&self) -> String {
        let at = self.stands_at().map(|step| format!(" at {}", step.id)).unwrap_or_default();
        if !self.proposals.is_empty() {
            return "plan, nothing was changed".to_owned();
        }
        if let (Some(status), None) = (&self.status, &self.run) {
            return words::run_state(status.state).to_owned();
        }
        let Some(end) = &self.end else {
            return format!("not ended{at}: still going on, or its process was ended from outside");
        };
        let code = end.exit_code;
        match end.outcome {
            Outcome::Succeeded => self.counted(),
            Outcome::Skipped => "nothing to do, all of it is done already".to_owned(),
            Outcome::Failed => format!("failed{at}, exit {code}"),
            Outcome::Waiting => format!("waiting{at}, exit {code}"),
            Outcome::Unknown => format!("outcome unknown{at}, a person must look, exit {code}"),
            Outcome::Interrupted => format!("interrupted{at}, exit {code}"),
            Outcome::Aborted => "aborted before the switchover, and taken back".to_owned(),
        }
    }

    /// `done, 7 of 9 steps, 2 skipped`; a run that was asked to stop early says so.
    fn counted(&self) -> String {
        let with = |outcome| self.steps.iter().filter(|step| step.outcome == outcome).count();
        let (done, skipped) = (with(Some(Outcome::Succeeded)), with(Some(Outcome::Skipped)));
        let asked = if with(None) > 0 { "done as far as asked" } else { "done" };
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        format!("{asked}, {done} of {}{skipped}", words::count(self.steps.len(), "step"))
    }

    fn take(&mut self, event: &Event, current: &mut Option<String>) {
        match &event.body {
            Body::RunStarted { run, playbook, target, steps, .. } => {
                *current = None;
                self.end = None;
                self.run = Some(Run { id: run.clone(), playbook: playbook.clone(), target: target.clone() });
                let mut known = std::mem::take(&mut self.steps);
                self.steps = steps
                    .iter()
                    .map(|name| match known.iter().position(|step| step.id == name.id) {
                        Some(at) => known.swap_remove(at),
                        None => Step::new(&name.id, &name.kind),
                    })
                    .collect();
            }
            Body::StepStarted { step, kind } => {
                *current = Some(step.clone());
                // What an earlier look found may have been mended since.
                self.findings.retain(|found| found.step.as_ref() != Some(step));
                let entry = self.step(step, kind);
                entry.began = entry.began.or(Some(event.at));
                entry.outcome = None;
                entry.reason = None;
                entry.ended = None;
            }
            Body::StepProgress { step, awaited, seen, elapsed, .. } => {
                let entry = self.step(step, step);
                entry.awaited = Some((awaited.clone(), seen.clone()));
                entry.elapsed = *elapsed;
            }
            Body::Operation { step, operation, attempt, state, what } => {
                self.step(step, step).operated(operation, *attempt, *state, what);
            }
            Body::Finding(finding) => {
                let step = current.clone();
                if !self.findings.iter().any(|found| found.step == step && found.finding == *finding) {
                    self.findings.push(Found { step, finding: finding.clone() });
                }
            }
            Body::Warning { step, message } => {
                push_once(&mut self.warnings, Warning { step: step.clone(), message: message.clone() });
            }
            Body::Artifact { step, path, digest } => {
                self.artifacts.retain(|artifact| artifact.path != *path);
                push_once(
                    &mut self.artifacts,
                    Artifact { step: step.clone(), path: path.clone(), digest: digest.clone() },
                );
            }
            Body::StepFinished { step, kind, outcome, reason, outputs, elapsed } => {
                *current = None;
                let entry = self.step(step, kind);
                // A step done in an earlier call is told again as skipped: the earlier word says more.
                if *outcome == Outcome::Skipped && entry.outcome == Some(Outcome::Succeeded) {
                    return;
                }
                entry.ended = Some(event.at);
                entry.outcome = Some(*outcome);
                entry.reason.clone_from(reason);
                entry.outputs = outputs.clone();
                entry.elapsed = *elapsed;
            }
            Body::RunFinished { outcome, exit_code, error, next } => {
                self.end =
                    Some(End { outcome: *outcome, exit_code: *exit_code, error: error.clone(), next: next.clone() });
            }
            Body::Proposal(proposal) => self.proposals.push(proposal.clone()),
            Body::Status(status) => self.status = Some(status.clone()),
            Body::Choice(choice) => self.choices.push(choice.clone()),
            Body::Check(check) => self.checks.push(check.clone()),
            Body::Offset(offset) => push_once(&mut self.offsets, offset.clone()),
        }
    }

    fn step(&mut self, id: &str, kind: &str) -> &mut Step {
        let at = self.steps.iter().position(|step| step.id == id).unwrap_or_else(|| {
            self.steps.push(Step::new(id, kind));
            self.steps.len() - 1
        });
        &mut self.steps[at]
    }
}

impl Step {
    fn new(id: &str, kind: &str) -> Self {
        Self {
            id: id.to_owned(),
            kind: kind.to_owned(),
            began: None,
            ended: None,
            outcome: None,
            reason: None,
            outputs: Value::Null,
            elapsed: 0.0,
            attempts: 0,
            awaited: None,
            operations: Vec::new(),
        }
    }

    fn operated(&mut self, id: &str, attempt: u32, state: OperationState, what: &str) {
        self.attempts = self.attempts.max(attempt);
        let same = |known: &&mut Operation| known.id == id && known.attempt == attempt;
        match self.operations.iter_mut().find(same) {
            Some(known) => {
                known.state = state;
                // Of what went wrong the event tells why, not what was tried.
                let wrong = matches!(state, OperationState::Failed | OperationState::Unknown);
                if wrong && known.what != what {
                    known.what = format!("{}: {what}", known.what);
                }
            }
            None => self.operations.push(Operation { id: id.to_owned(), attempt, state, what: what.to_owned() }),
        }
    }

    /// The word for where the step is.
    pub(super) fn word(&self) -> &'static str {
        match self.outcome {
            Some(outcome) => words::outcome(outcome),
            None if self.began.is_some() => "not ended",
            None => "not begun",
        }
    }

    /// The step's outputs as names and values, in their order.
    pub(super) fn outputs(&self) -> Vec<(String, String)> {
        named(&self.outputs)
    }
}

/// The members of an object as names and values, a list of objects once for each of them; a value that is not an object has
/// none.
pub(super) fn named(outputs: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, value) in outputs.as_object().into_iter().flatten() {
        match value {
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                all.extend(items.iter().map(|item| (name.clone(), shown(item))));
            }
            value => all.push((name.clone(), shown(value))),
        }
    }
    all
}

/// `source shop.orders, sink copy.orders, rows 7`: a member that is false, empty or nothing is left out.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => items.iter().map(inner).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let says = |value: &Value| !matches!(value, Value::Null | Value::Bool(false)) && !is_empty(value);
            let members = members.iter().filter(|(_, value)| says(value));
            members.map(|(name, value)| format!("{name} {}", inner(value))).collect::<Vec<_>>().join(", ")
        }
    }
}

fn inner(value: &Value) -> String {
    if value.is_object() { format!("({})", shown(value)) } else { shown(value) }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn push_once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outputs_are_told_in_words_and_lists_item_by_item() {
        let outputs = json!({
            "tables": [
                { "source": "shop.a", "rows": 7, "keyless": false, "places": [] },
                { "source": "shop.b", "rows": 0, "keyless": true, "at": { "host": "h", "port": 1 } },
            ],
            "names": ["a", "b"],
            "left_out": [["shop.a.c", "it has no hash"]],
            "gtid_set": null,
            "done": false,
        });
        let told: Vec<String> = named(&outputs).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let wanted = [
            "tables: source shop.a, rows 7",
            "tables: source shop.b, rows 0, keyless true, at (host h, port 1)",
            "names: a, b",
            "left_out: shop.a.c, it has no hash",
            "gtid_set: none",
            "done: false",
        ];
        assert_eq!(told, wanted);
    }
}
