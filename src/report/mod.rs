//! Events → human, json, junit, github, markdown, html.
//!
//! Reports know events and nothing else: no clock, no network, no state of the run. A document is a pure function of
//! the event list, so that it can be remade from a journal at any time. Every format has one place through which text
//! from outside passes, where it loses its power over terminals, pages and CI systems.

mod github;
mod html;
mod human;
mod json;
mod junit;
mod live;
mod markdown;
mod printable;
mod story;
mod template;
mod timeline;
mod view;
mod words;

pub use live::{Annotations, Collected, Fan, Kind, Options, Verbosity, live};

use crate::event::Event;
use story::Story;

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Human,
    /// JSON lines, the events themselves.
    Json,
    Markdown,
    /// One file without scripts or outside addresses.
    Html,
    /// One suite, one case per step.
    Junit,
}

impl Format {
    pub const ALL: [Self; 5] = [Self::Human, Self::Json, Self::Markdown, Self::Html, Self::Junit];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Junit => "junit",
        }
    }
}

/// The whole report, without colour. The events are those of one run, of one or more calls, or of one plan or status.
pub fn document(format: Format, events: &[Event]) -> String {
    match format {
        Format::Human => human::document(&Story::of(events), false),
        Format::Json => json::document(events),
        Format::Markdown => markdown::document(&Story::of(events)),
        Format::Html => html::document(&Story::of(events)),
        Format::Junit => junit::document(&Story::of(events)),
    }
}

/// The human report in colour, for a terminal.
pub fn colored(events: &[Event]) -> String {
    human::document(&Story::of(events), true)
}

/// Workflow commands for GitHub Actions, one a line: the error, findings and warnings.
pub fn github_annotations(events: &[Event]) -> String {
    github::annotations(&Story::of(events))
}

/// Markdown for `GITHUB_STEP_SUMMARY`, at most 1 MiB.
pub fn github_summary(events: &[Event]) -> String {
    github::summary(&Story::of(events))
}
