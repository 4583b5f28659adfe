//! Every format, from the canonical lists, through one redactor.

use upgrade::{
    event::Event,
    report::{Format, colored, document, github_annotations, github_summary},
};

use crate::stories;

/// The one place where what differs between runs is taken out.
pub(crate) fn redacted(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[uuid]");
    settings.add_filter(r"sha256:[0-9a-f]{64}", "sha256:[digest]");
    settings.add_filter(r"2026-03-02T\d\d:\d\d:\d\d(\.\d+)?Z", "[at]");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn every_format(story: &str, events: &[Event]) {
    for format in Format::ALL {
        redacted(&format!("report__{story}.{}", format.name()), &document(format, events));
    }
}

#[test]
fn a_run_that_failed() {
    every_format("failed", &stories::failed());
    redacted("report__failed.colored", &colored(&stories::failed()));
    redacted("report__failed.annotations", &github_annotations(&stories::failed()));
}

#[test]
fn a_run_that_succeeded() {
    every_format("succeeded", &stories::succeeded());
    assert_eq!(github_annotations(&stories::succeeded()), "");
}

#[test]
fn a_plan() {
    every_format("plan", &stories::plan());
}

#[test]
fn a_status() {
    every_format("status", &stories::status());
}

#[test]
fn a_run_that_waits_broke_off_or_shows_offsets_or_choices() {
    for (name, events) in [
        ("waiting", stories::waiting()),
        ("broken_off", stories::broken_off()),
        ("offsets", stories::offsets()),
        ("choices", stories::choices()),
    ] {
        redacted(&format!("report__{name}.human"), &document(Format::Human, &events));
        redacted(&format!("report__{name}.junit"), &document(Format::Junit, &events));
    }
    redacted("report__waiting.annotations", &github_annotations(&stories::waiting()));
}

#[test]
fn a_journal_of_two_calls_reads_as_one_run() {
    let events = [stories::waiting(), stories::continued()].concat();
    redacted("report__two_calls.human", &document(Format::Human, &events));
}

#[test]
fn no_events_make_an_empty_but_valid_report() {
    assert_eq!(document(Format::Human, &[]), "");
    assert_eq!(document(Format::Json, &[]), "");
    assert!(document(Format::Junit, &[]).contains("tests=\"0\""));
    assert!(github_summary(&[]).starts_with("# upgrade"));
}
