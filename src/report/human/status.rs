//! Where a run is, what it waits for, and the next command.

use super::page::{Page, Role};
use crate::{
    event::{Status, StepStatus},
    report::{story::named, words},
};

pub(super) fn write(status: &Status, page: &mut Page) {
    page.put(Role::Strong, &status.playbook).plain(": ").put(Role::Strong, words::run_state(status.state));
    if let Some(run) = &status.run {
        page.plain(" (run ").put(Role::Plain, run).plain(")");
    }
    page.end();
    page.gap();
    let width = status.steps.iter().map(|step| step.id.chars().count()).max().unwrap_or_default();
    for step in &status.steps {
        one(step, width, page);
    }
    if let Some(awaited) = &status.waits_for {
        page.gap();
        page.put(Role::Strong, "Waits for:").plain(" ").put(Role::Plain, awaited).end();
    }
}

fn one(step: &StepStatus, width: usize, page: &mut Page) {
    let word = match step.outcome {
        Some(outcome) => words::outcome(outcome),
        None if step.begun => "begun",
        None => "not begun",
    };
    page.head(word).put(Role::Plain, &step.id);
    if let Some(reason) = &step.reason {
        page.blank(width.saturating_sub(step.id.chars().count()) + 2).put(Role::Plain, reason);
    }
    page.end();
    for (name, value) in named(&step.outputs) {
        page.blank(15).put(Role::Quiet, &name).plain(" ").put(Role::Plain, &value).end();
    }
}
