//! Findings with which the playbook goes on.

use crate::{
    event::{Finding, Level},
    playbook::Excluded,
};

/// Findings that a rule names are told all the same, as notices with the reason. How many they are, and the rules that
/// named none.
pub(super) fn apply<'a>(rules: &'a [Excluded], findings: &mut [Finding]) -> (usize, Vec<&'a Excluded>) {
    let mut used = vec![false; rules.len()];
    let mut count = 0;
    for finding in findings {
        let named = |rule: &Excluded| {
            rule.check == finding.check && rule.object.as_ref().is_none_or(|object| *object == finding.object)
        };
        let Some(at) = rules.iter().position(named) else { continue };
        used[at] = true;
        count += 1;
        finding.level = Level::Notice;
        finding.message = format!("{} (excluded: {})", finding.message, rules[at].reason);
    }
    (count, rules.iter().zip(used).filter(|(_, used)| !used).map(|(rule, _)| rule).collect())
}

/// Of a rule that named nothing: it may be left over, or misspelt.
pub(super) fn unused(rule: &Excluded) -> String {
    let object = rule.object.as_ref().map(|object| format!(" of {object}")).unwrap_or_default();
    format!("`exclude` names {}{object}, which was not found", rule.check)
}
