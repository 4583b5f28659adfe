//! Events → text for people.
//!
//! `document` is the whole story at once. The live reporter shows lines while it happens and then the same closing.

mod checks;
mod choices;
mod findings;
mod offsets;
mod page;
mod plan;
mod run;
mod status;
mod trouble;

pub(super) use page::{Page, Role};

use super::story::Story;

/// The whole story: header, what was found and done, the error if there is one, and the next command.
pub(super) fn document(story: &Story, color: bool) -> String {
    let mut page = Page::new(color);
    closing(story, &mut page);
    if let Some(error) = story.end.as_ref().and_then(|end| end.error.as_ref()) {
        page.gap();
        trouble::write(error, story.end.as_ref().and_then(|end| end.next.as_deref()), &mut page);
    }
    page.finish()
}

/// What a verb was asked for, as it stands at the end: a plan, a status, offsets, or what a run did.
/// The next command is told here only where no error tells it.
pub(super) fn closing(story: &Story, page: &mut Page) {
    let plan = !story.proposals.is_empty();
    if plan {
        plan::write(story, page);
    } else if let Some(status) = &story.status {
        status::write(status, page);
    } else if story.run.is_some() || !story.steps.is_empty() {
        run::write(story, page);
    }
    findings::write(story, page);
    checks::write(&story.checks, page);
    choices::write(&story.choices, page);
    offsets::write(&story.offsets, page);
    if plan {
        plan::sum_up(story, page);
    } else if story.status.is_none() {
        run::sum_up(story, page);
    }
    if story.end.as_ref().is_some_and(|end| end.error.is_some()) {
        return;
    }
    if let Some(next) = story.next() {
        page.gap();
        page.next(next);
    }
}

/// The error of the run's end, for the stream of messages.
pub(super) fn trouble(story: &Story, page: &mut Page) {
    if let Some(end) = &story.end
        && let Some(error) = &end.error
    {
        trouble::write(error, end.next.as_deref(), page);
    }
}
