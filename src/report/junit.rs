//! Events → JUnit XML: one suite per run, one case per step.
//!
//! A step that waits for consent or a time is skipped, not failed: nothing is wrong. An outcome that is not known is an
//! error, not a failure. A run that ended before any step could fail has a case of its own.

use super::{
    printable::printable,
    story::{Found, Step, Story},
    words,
};
use crate::{error::Error, event::Outcome};

pub(super) fn document(story: &Story) -> String {
    let cases = story.steps.iter().map(|step| case(step, story)).collect::<Vec<_>>();
    let orphan = orphan(story);
    let all = || cases.iter().chain(&orphan);
    let count = |wanted: Fate| all().filter(|case| case.fate == wanted).count();
    let time = decimal(story.steps.iter().map(|step| step.elapsed).sum());
    let totals = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{time}\"",
        all().count(),
        count(Fate::Failure),
        count(Fate::Error),
        count(Fate::Skipped),
    );
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str(&format!("<testsuites name=\"upgrade\" {totals}>\n"));
    xml.push_str(&format!("  <testsuite name={} {totals}{}>\n", quoted(story.title()), since(story)));
    properties(story, &mut xml);
    for case in all() {
        xml.push_str(&case.xml);
    }
    let found = story.findings.iter().map(in_words).collect::<String>();
    if !found.is_empty() {
        xml.push_str(&format!("    <system-out>{}</system-out>\n", text(&found)));
    }
    let warned = story.warnings.iter().map(|warning| format!("warning: {}\n", warning.message)).collect::<String>();
    if !warned.is_empty() {
        xml.push_str(&format!("    <system-err>{}</system-err>\n", text(&warned)));
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passed,
    Skipped,
    Failure,
    Error,
}

struct Case {
    fate: Fate,
    xml: String,
}

fn case(step: &Step, story: &Story) -> Case {
    let error = || story.end.as_ref().and_then(|end| end.error.as_ref());
    let reason = step.reason.as_deref();
    let (fate, inner) = match step.outcome {
        Some(Outcome::Succeeded) => (Fate::Passed, String::new()),
        Some(Outcome::Aborted) => (Fate::Skipped, skipped(reason.unwrap_or("Aborted"))),
        Some(Outcome::Skipped) => (Fate::Skipped, skipped(reason.unwrap_or("Nothing to do"))),
        Some(Outcome::Waiting) => (Fate::Skipped, skipped(&format!("Waiting: {}", reason.unwrap_or("see the run")))),
        None if step.began.is_none() => (Fate::Skipped, skipped("Not begun")),
        Some(Outcome::Failed) => (Fate::Failure, trouble("failure", "failed", reason, error())),
        Some(Outcome::Unknown) => (Fate::Error, trouble("error", "unknown", reason, error())),
        Some(Outcome::Interrupted) => (Fate::Error, trouble("error", "interrupted", reason, error())),
        None => (Fate::Error, trouble("error", "not_ended", Some("The run broke off in this step"), error())),
    };
    let mut xml = format!(
        "    <testcase classname={} name={} time=\"{}\">\n",
        quoted(story.title()),
        quoted(&step.id),
        decimal(step.elapsed),
    );
    details(step, &mut xml);
    xml.push_str(&inner);
    xml.push_str("    </testcase>\n");
    Case { fate, xml }
}

/// The error of a run in which no step has trouble: a lock, an edited playbook.
fn orphan(story: &Story) -> Option<Case> {
    let error = story.end.as_ref()?.error.as_ref()?;
    let told = |step: &Step| !matches!(step.outcome, None | Some(Outcome::Succeeded | Outcome::Skipped));
    if story.steps.iter().any(told) {
        return None;
    }
    let xml = format!(
        "    <testcase classname={} name=\"run\" time=\"0.000\">\n{}    </testcase>\n",
        quoted(story.title()),
        trouble("error", "run", None, Some(error)),
    );
    Some(Case { fate: Fate::Error, xml })
}

fn skipped(why: &str) -> String {
    format!("      <skipped message={}/>\n", quoted(why))
}

fn trouble(tag: &str, kind: &str, reason: Option<&str>, error: Option<&Error>) -> String {
    let message = reason.or(error.map(|error| error.message.as_str())).unwrap_or(kind);
    let mut body = String::new();
    if let Some(error) = error {
        body = format!("{}\n", error.message);
        body.extend(error.causes.iter().map(|cause| format!("cause: {cause}\n")));
        body.extend(error.unchanged.iter().map(|unchanged| format!("unchanged: {unchanged}\n")));
        body.extend(error.hint.iter().map(|hint| format!("hint: {hint}\n")));
    }
    format!("      <{tag} type={} message={}>{}</{tag}>\n", quoted(kind), quoted(message), text(&body))
}

fn details(step: &Step, xml: &mut String) {
    let attempts = (step.attempts > 0).then(|| ("attempts".to_owned(), step.attempts.to_string()));
    let all = attempts.into_iter().chain(step.outputs()).collect::<Vec<_>>();
    write_properties("      ", &all, xml);
}

fn properties(story: &Story, xml: &mut String) {
    let mut all = Vec::new();
    if let Some(run) = &story.run {
        all.extend([("run".to_owned(), run.id.clone()), ("target".to_owned(), run.target.clone())]);
    }
    all.push(("state".to_owned(), story.headline()));
    if let Some(end) = &story.end {
        all.push(("exit_code".to_owned(), end.exit_code.to_string()));
        all.extend(end.next.iter().map(|next| ("next".to_owned(), next.clone())));
    }
    all.extend(story.artifacts.iter().map(|artifact| (format!("artifact {}", artifact.path), artifact.digest.clone())));
    write_properties("    ", &all, xml);
}

fn write_properties(indent: &str, all: &[(String, String)], xml: &mut String) {
    if all.is_empty() {
        return;
    }
    xml.push_str(&format!("{indent}<properties>\n"));
    for (name, value) in all {
        xml.push_str(&format!("{indent}  <property name={} value={}/>\n", quoted(name), quoted(value)));
    }
    xml.push_str(&format!("{indent}</properties>\n"));
}

fn since(story: &Story) -> String {
    let first = story.first.and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok());
    first.map(|at| format!(" timestamp={}", quoted(&at))).unwrap_or_default()
}

fn in_words(found: &Found) -> String {
    let finding = &found.finding;
    let level = words::level(finding.level);
    let mut told = format!("{level} {} {}: {}\n", finding.check, finding.object, finding.message);
    told.extend(finding.fix.iter().map(|fix| format!("  fix: {fix}\n")));
    told.extend(finding.query.iter().map(|query| format!("  shown by: {query}\n")));
    told
}

/// Seconds as the format takes them; a clock that went back, and the negative zero of an empty sum, are no time.
fn decimal(seconds: f64) -> String {
    let seconds = if seconds.is_finite() && seconds > 0.0 { seconds } else { 0.0 };
    format!("{seconds:.3}")
}

/// Element text. `>` is escaped too, so that `]]>` cannot stand there.
fn text(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An attribute value with its quotes; line ends and tabs would be read back as blanks.
fn quoted(value: &str) -> String {
    let value = text(value).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;");
    format!("\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_never_negative() {
        let shown = [-0.0, -3.0, f64::NAN, f64::INFINITY, 0.0, 1.2345].map(decimal);
        assert_eq!(shown, ["0.000", "0.000", "0.000", "0.000", "0.000", "1.234"]);
        assert!(document(&Story::default()).contains("time=\"0.000\""));
    }

    #[test]
    fn nothing_ends_its_element_or_attribute() {
        assert_eq!(text("]]> <a> & \u{0}"), "]]&gt; &lt;a&gt; &amp; \\u{0}");
        assert_eq!(quoted("\"a\"\n\tb"), "\"&quot;a&quot;&#10;&#9;b\"");
    }
}
