//! What checks there are, or what one of them is about.

use super::page::{Page, Role};
use crate::{
    event::Check,
    report::{printable::one_line, words},
};

pub(super) fn write(checks: &[Check], page: &mut Page) {
    match checks {
        [] => {}
        [one] => explain(one, page),
        all => list(all, page),
    }
}

fn explain(check: &Check, page: &mut Page) {
    page.gap();
    page.put(Role::Strong, &check.check).plain(": ").plain(&one_line(&check.title)).end();
    page.gap();
    page.labelled(2, "why:", Role::Plain, &check.about);
    let worth = format!("{}, {}", words::level(check.level), words::consequence(check.consequence));
    page.labelled(2, "worth:", Role::Plain, &worth);
    page.labelled(2, "upgrades:", Role::Plain, &check.upgrades);
    page.labelled(2, "named by:", Role::Plain, &check.from);
    if let Some(link) = &check.link {
        page.labelled(2, "more:", Role::Plain, link);
    }
}

fn list(checks: &[Check], page: &mut Page) {
    page.gap();
    let width = checks.iter().map(|check| check.check.chars().count()).max().unwrap_or_default();
    for check in checks {
        let level = words::level(check.level);
        page.put(Role::Strong, &check.check).blank(width - check.check.chars().count() + 2);
        page.plain(level).blank(9_usize.saturating_sub(level.len())).plain(&one_line(&check.title)).end();
    }
}
