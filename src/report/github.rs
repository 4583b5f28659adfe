//! Events → GitHub Actions: annotations as workflow commands, and a step summary.

use super::{markdown, printable::printable, story::Story};
use crate::{
    error::Kind,
    event::{Level, Outcome},
};

/// GitHub shows ten annotations of a level for a step; the error that ended the run must be among them.
const SHOWN: usize = 9;
/// GitHub refuses a larger summary as a whole.
const SUMMARY_BYTES: usize = 1024 * 1024;
const CUT: &str = "\n\nThe rest is cut: `upgrade report` shows all of it.\n";

/// One command a line: the error of the run, findings and warnings, the gravest first.
pub(super) fn annotations(story: &Story) -> String {
    let mut commands = String::new();
    ended(story, &mut commands);
    let found = |level| {
        let findings = story.findings.iter().filter(move |found| found.finding.level == level);
        findings
            .map(|found| (found.finding.check.as_str(), format!("{}: {}", found.finding.object, found.finding.message)))
    };
    shown("error", found(Level::Error), &mut commands);
    let warnings =
        story.warnings.iter().map(|warning| (warning.step.as_deref().unwrap_or("upgrade"), warning.message.clone()));
    shown("warning", found(Level::Warning).chain(warnings), &mut commands);
    commands
}

/// The Markdown report, within the size that GitHub takes.
pub(super) fn summary(story: &Story) -> String {
    let mut page = markdown::document(story);
    if page.len() > SUMMARY_BYTES {
        page.truncate(page.floor_char_boundary(SUMMARY_BYTES - CUT.len()));
        page.push_str(CUT);
    }
    page
}

fn ended(story: &Story, commands: &mut String) {
    let Some(end) = &story.end else { return };
    let next = end.next.as_ref().map(|next| format!("\nnext: {next}")).unwrap_or_default();
    let title = story.stands_at().map_or(story.title(), |step| step.id.as_str());
    match &end.error {
        Some(error) => {
            let waiting = error.kind == Kind::Waiting;
            let parts = [Some(&error.message), error.unchanged.as_ref(), error.hint.as_ref()];
            let text = parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\n");
            commands.push_str(&command(if waiting { "notice" } else { "error" }, title, &format!("{text}{next}")));
        }
        None if end.outcome == Outcome::Waiting => {
            commands.push_str(&command("notice", title, &format!("Waiting{next}")));
        }
        None => {}
    }
}

fn shown<'a>(name: &str, all: impl Iterator<Item = (&'a str, String)>, commands: &mut String) {
    let mut all = all.collect::<Vec<_>>();
    if all.len() > SHOWN {
        let more = all.len() - (SHOWN - 1);
        all.truncate(SHOWN - 1);
        all.push(("upgrade", format!("{more} more of this level are in the summary")));
    }
    for (title, message) in all {
        commands.push_str(&command(name, title, &message));
    }
}

fn command(name: &str, title: &str, message: &str) -> String {
    format!("::{name} title={}::{}\n", property(title), data(message))
}

/// Escapes as the runner reads them back: `%` first, then line ends.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::story::Warning;

    #[test]
    fn a_message_cannot_end_its_command_or_begin_another() {
        let line = command("error", "a,b::c", "100%\n::error::forged");
        assert_eq!(line, "::error title=a%2Cb%3A%3Ac::100%25%0A::error::forged\n");
    }

    #[test]
    fn many_warnings_end_in_a_count() {
        let warnings = (0..40).map(|n| Warning { step: None, message: format!("number {n}") }).collect();
        let text = annotations(&Story { warnings, ..Story::default() });
        assert_eq!(text.lines().count(), SHOWN);
        assert!(text.ends_with("::32 more of this level are in the summary\n"), "{text}");
    }

    #[test]
    fn a_summary_is_cut_within_a_character() {
        let warnings = vec![Warning { step: None, message: "é".repeat(SUMMARY_BYTES) }];
        let text = summary(&Story { warnings, ..Story::default() });
        assert!(text.len() <= SUMMARY_BYTES && text.ends_with(CUT));
    }
}
