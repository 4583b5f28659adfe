//! What a run did, step by step, and what it left unchanged.

use super::page::{Page, Role};
use crate::{
    event::Outcome,
    report::{
        story::{Step, Story},
        words,
    },
};

pub(super) fn write(story: &Story, page: &mut Page) {
    page.put(Role::Strong, story.title()).plain(": ").put(Role::Strong, &story.headline()).end();
    if let Some(run) = &story.run {
        page.put(Role::Quiet, &about(&run.target, &run.id)).end();
    }
    page.gap();
    let width = story.steps.iter().map(|step| step.id.chars().count()).max().unwrap_or_default();
    for step in &story.steps {
        one(step, width, page);
    }
    warnings(story, page);
    if !story.artifacts.is_empty() {
        page.gap();
        page.put(Role::Strong, "Artifacts, in the run folder").end();
        for artifact in &story.artifacts {
            page.blank(2).put(Role::Plain, &artifact.path).plain("  ").put(Role::Quiet, &artifact.digest).end();
        }
    }
}

fn about(target: &str, run: &str) -> String {
    if target.is_empty() { format!("run {run}") } else { format!("{target}, run {run}") }
}

fn one(step: &Step, width: usize, page: &mut Page) {
    page.head(step.word()).put(Role::Plain, &step.id);
    page.blank(width.saturating_sub(step.id.chars().count()));
    let elapsed = if step.elapsed > 0.0 { words::seconds(step.elapsed) } else { String::new() };
    page.plain(&format!("  {elapsed:>7}"));
    let last = step.awaited.as_ref().filter(|_| step.outcome.is_none());
    if let Some(reason) = &step.reason {
        page.plain("  ").put(Role::Plain, reason);
    } else if let Some((awaited, seen)) = last {
        page.plain("  awaited ").put(Role::Plain, awaited).plain(", last seen: ").put(Role::Plain, seen);
    }
    page.end();
    for (name, value) in step.outputs() {
        page.blank(15).put(Role::Quiet, &name).plain(" ").put(Role::Plain, &value).end();
    }
}

fn warnings(story: &Story, page: &mut Page) {
    if story.warnings.is_empty() {
        return;
    }
    page.gap();
    page.put(Role::Strong, "Warnings").end();
    for warning in &story.warnings {
        page.blank(2).put(Role::Warning, "warning").plain(" ");
        if let Some(step) = &warning.step {
            page.put(Role::Strong, step).plain(": ");
        }
        page.put(Role::Plain, &warning.message).end();
    }
}

/// What was done, and what was left unchanged because it was not begun.
pub(super) fn sum_up(story: &Story, page: &mut Page) {
    let done = story.steps.iter().filter(|step| step.outcome == Some(Outcome::Succeeded));
    let left = story.steps.iter().filter(|step| step.began.is_none() && step.outcome.is_none());
    let done = done.map(|step| step.id.as_str()).collect::<Vec<_>>().join(", ");
    let left = left.map(|step| step.id.as_str()).collect::<Vec<_>>().join(", ");
    page.gap();
    for (label, steps) in [("Done:", done), ("Left unchanged, not begun:", left)] {
        if !steps.is_empty() {
            page.put(Role::Strong, label).plain(" ").put(Role::Plain, &steps).end();
        }
    }
}
