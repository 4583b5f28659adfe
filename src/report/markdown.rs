//! Events → Markdown, for tickets and CI summaries.

use super::{
    story::Story,
    template::{Template, fenced},
    view::View,
};

pub(super) fn document(story: &Story) -> String {
    let page = Template::Markdown.render(&View::of(story).fenced(fenced));
    tidy(&page)
}

/// Blocks stand one empty line apart, whatever the template left between them; code blocks keep theirs.
fn tidy(page: &str) -> String {
    let mut tidied = String::with_capacity(page.len());
    let mut fence: Option<&str> = None;
    let mut empty = true;
    for line in page.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if line == open => fence = None,
            None if ticks.len() >= 3 => fence = Some(ticks),
            _ => {}
        }
        if line.trim().is_empty() && fence.is_none() {
            if !empty {
                tidied.push('\n');
            }
            empty = true;
            continue;
        }
        tidied.push_str(line);
        tidied.push('\n');
        empty = false;
    }
    tidied.truncate(tidied.trim_end().len());
    tidied.push('\n');
    tidied
}
