//! Findings, the gravest first, each with its object, reason, consequence, fix and query.

use super::page::{Page, Role};
use crate::{
    event::{Finding, Level},
    report::{story::Story, words},
};

pub(super) fn write(story: &Story, page: &mut Page) {
    if story.findings.is_empty() {
        return;
    }
    page.gap();
    page.put(Role::Strong, &heading(story)).end();
    let mut findings = story.findings.iter().map(|found| &found.finding).collect::<Vec<_>>();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    for finding in findings {
        one(finding, page);
    }
}

fn heading(story: &Story) -> String {
    let counted = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Notice, "notice")]
        .into_iter()
        .map(|(level, noun)| (story.count(level), noun))
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| words::count(number, noun))
        .collect::<Vec<_>>();
    format!("Findings: {}", counted.join(", "))
}

fn one(finding: &Finding, page: &mut Page) {
    let word = words::level(finding.level);
    page.blank(2).put(Role::of(word), word).plain(" ").put(Role::Quiet, &finding.check).plain(" ");
    page.put(Role::Strong, &finding.object).plain(": ").put(Role::Plain, &finding.message);
    page.plain(" (").put(Role::Plain, words::consequence(finding.consequence)).plain(")").end();
    if let Some(fix) = &finding.fix {
        page.labelled(4, "fix:", Role::Plain, fix);
    }
    if let Some(query) = &finding.query {
        page.labelled(4, "shown by:", Role::Plain, query);
    }
}
