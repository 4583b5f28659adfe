//! An error: what was expected and seen, why, what was left unchanged, and what to type.

use super::page::{Page, Role};
use crate::error::{Error, Kind};

pub(super) fn write(error: &Error, next: Option<&str>, page: &mut Page) {
    let (label, role) = match error.kind {
        Kind::Waiting => ("waiting:", Role::Warning),
        Kind::Interrupted | Kind::Terminated => ("interrupted:", Role::Warning),
        _ => ("error:", Role::Bad),
    };
    page.put(role, label).plain(" ").put(Role::Strong, &error.message).end();
    for cause in &error.causes {
        page.labelled(2, "cause:", Role::Plain, cause);
    }
    if let Some(unchanged) = &error.unchanged {
        page.labelled(2, "unchanged:", Role::Plain, unchanged);
    }
    if let Some(hint) = &error.hint {
        page.labelled(2, "hint:", Role::Plain, hint);
    }
    if let Some(next) = next {
        page.next(next);
    }
}
