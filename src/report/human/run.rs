//! What a run did, step by step, and what it left unchanged.

use super::page::{Page, Role};
use crate::report::{
    story::{Step, Story},
    words,
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
    left(story, page);
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

/// Steps that were not begun left their part unchanged.
fn left(story: &Story, page: &mut Page) {
    let not_begun = story.steps.iter().filter(|step| step.began.is_none() && step.outcome.is_none());
    let names = not_begun.map(|step| step.id.as_str()).collect::<Vec<_>>();
    if !names.is_empty() && story.end.is_some() {
        page.gap();
        page.put(Role::Strong, "Left unchanged, not begun:").plain(" ").put(Role::Plain, &names.join(", ")).end();
    }
}
