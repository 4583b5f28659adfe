//! What may be said of a step whose outcome is not known.

use super::page::{Page, Role};
use crate::event::Choice;

pub(super) fn write(choices: &[Choice], page: &mut Page) {
    let Some(first) = choices.first() else { return };
    page.gap();
    page.plain("What may be said of ").put(Role::Strong, &first.step).end();
    for choice in choices {
        page.gap();
        page.plain("As ").put(Role::Strong, &choice.says).end();
        page.labelled(2, "means:", Role::Plain, &choice.means);
        for output in &choice.outputs {
            page.labelled(2, &format!("output {}:", output.name), Role::Plain, &output.found);
        }
        page.labelled(2, "type:", Role::Plain, &choice.command);
    }
}
