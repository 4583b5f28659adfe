//! Which checks count.

use crate::{error::Error, event::Finding, playbook::Prechecks, precheck};

/// An id in the playbook that no check has.
pub(super) fn unknown(settings: &Prechecks) -> Option<Error> {
    let named = settings.include.iter().map(|id| ("include", id));
    let mut named = named.chain(settings.exclude.iter().map(|rule| ("exclude", &rule.check)));
    let (key, id) = named.find(|(_, id)| !precheck::all().any(|check| check.id == id.as_str()))?;
    let error = Error::usage(format!("`{key}` of `precheck` names a check `{id}`, and there is none of this id"));
    Some(match precheck::named(id) {
        Some(meant) => error.hint(format!("Write `{}`; all ids: upgrade explain", meant.id)),
        None => error.hint("All ids: upgrade explain"),
    })
}

/// Those of the findings whose checks are asked for.
pub(super) fn included(settings: &Prechecks, mut findings: Vec<Finding>) -> Vec<Finding> {
    if !settings.include.is_empty() {
        findings.retain(|finding| settings.include.contains(&finding.check));
    }
    findings
}
