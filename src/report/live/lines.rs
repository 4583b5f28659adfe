//! One event → one line for people, or none.

use super::{Verbosity, cadence::Cadence};
use crate::{
    event::{Body, Event, Finding, Level, OperationState, Outcome},
    report::{
        human::{Page, Role},
        words,
    },
};

/// Turns events into lines, rarely enough to be read where lines stay.
pub(super) struct Lines {
    color: bool,
    verbosity: Verbosity,
    cadence: Cadence,
}

impl Lines {
    pub(super) fn new(color: bool, verbosity: Verbosity) -> Self {
        Self { color, verbosity, cadence: Cadence::default() }
    }

    /// The text for this event, line feeds included; empty where there is nothing to say.
    pub(super) fn of(&mut self, event: &Event) -> String {
        if !self.wanted(&event.body) {
            return String::new();
        }
        let mut page = Page::new(self.color);
        match &event.body {
            Body::RunStarted { run, playbook, target, steps, resumed } => {
                page.put(Role::Strong, playbook);
                if !target.is_empty() {
                    page.plain(": ").put(Role::Plain, target);
                }
                page.end();
                let goes_on = if *resumed { ", goes on where it stopped" } else { "" };
                page.put(Role::Quiet, &format!("run {run}, {}{goes_on}", words::count(steps.len(), "step"))).end();
            }
            Body::StepStarted { step, .. } => page.head("started").put(Role::Plain, step).end(),
            Body::StepProgress { .. } => progress(&event.body, &mut page),
            Body::Operation { step, operation, attempt, state, what } => {
                page.head(words::operation(*state)).put(Role::Plain, step).plain(": ").put(Role::Plain, what);
                if self.verbosity == Verbosity::Verbose {
                    page.plain(" [").put(Role::Quiet, operation).plain("]");
                }
                if *attempt > 1 {
                    page.plain(&format!(" (attempt {attempt})"));
                }
                page.end();
            }
            Body::Finding(finding) => one_finding(finding, &mut page),
            Body::Warning { step, message } => {
                page.head("warning");
                if let Some(step) = step {
                    page.put(Role::Plain, step).plain(": ");
                }
                page.put(Role::Plain, message).end();
            }
            Body::Artifact { step, path, .. } => {
                page.head("wrote").put(Role::Plain, step).plain(": ").put(Role::Plain, path).end();
            }
            Body::StepFinished { step, outcome, reason, elapsed, .. } => {
                page.head(words::outcome(*outcome)).put(Role::Plain, step);
                if *elapsed > 0.0 {
                    page.plain(&format!(" ({})", words::seconds(*elapsed)));
                }
                if let Some(reason) = reason {
                    page.plain(": ").put(Role::Plain, reason);
                }
                page.end();
            }
            Body::RunFinished { .. }
            | Body::Proposal(_)
            | Body::Status(_)
            | Body::Offset(_)
            | Body::Choice(_)
            | Body::Check(_) => {}
        }
        page.finish()
    }

    fn wanted(&mut self, body: &Body) -> bool {
        let normal = self.verbosity >= Verbosity::Normal;
        match body {
            Body::Warning { .. } => true,
            Body::Finding(finding) => normal || finding.level == Level::Error,
            Body::StepFinished { outcome, .. } => normal || !matches!(outcome, Outcome::Succeeded | Outcome::Skipped),
            Body::Operation { state: OperationState::Done, .. } => self.verbosity == Verbosity::Verbose,
            Body::Operation { state, .. } => normal || *state != OperationState::Started,
            Body::StepProgress { step, seen, stalled, elapsed, .. } => {
                let due = self.cadence.due(step, seen, *stalled, *elapsed);
                self.verbosity == Verbosity::Verbose || normal && due || *stalled && due
            }
            _ => normal,
        }
    }
}

fn progress(body: &Body, page: &mut Page) {
    let Body::StepProgress { step, stalled, .. } = body else { return };
    page.head(if *stalled { "stalled" } else { "waiting" }).put(Role::Plain, step).plain(": ");
    page.put(Role::Plain, &awaiting(body)).end();
}

/// What is awaited, what was last seen, and how long it has taken of how long it may.
pub(super) fn awaiting(body: &Body) -> String {
    let Body::StepProgress { awaited, seen, elapsed, budget, stalled, .. } = body else { return String::new() };
    let elapsed = words::seconds(*elapsed);
    let time = budget.map_or(elapsed.clone(), |budget| format!("{elapsed} of {}", words::seconds(budget)));
    let still = if *stalled { "nothing has moved for long, last seen" } else { "last seen" };
    format!("{awaited}; {still}: {seen} ({time})")
}

fn one_finding(finding: &Finding, page: &mut Page) {
    page.head(words::level(finding.level)).put(Role::Plain, &finding.object).plain(": ");
    page.put(Role::Plain, &finding.message).plain(" [").put(Role::Quiet, &finding.check).plain("]").end();
}
