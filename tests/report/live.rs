//! Live reporters: what goes to which stream, and when.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use upgrade::{
    event::Event,
    report::{Annotations, Collected, Fan, Format, Kind, Options, Verbosity, document, github_summary, live},
};

use crate::{snapshots, stories};

#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Stream {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose reader went away.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

fn shown(kind: Kind, verbosity: Verbosity, tty: bool, events: &[Event]) -> (String, String) {
    let (out, err) = (Stream::default(), Stream::default());
    let mut reporter = live(
        kind,
        Options {
            color_out: false,
            color_err: false,
            tty,
            verbosity,
            out: Box::new(out.clone()),
            err: Box::new(err.clone()),
        },
    );
    events.iter().for_each(|event| reporter.on(event));
    drop(reporter);
    (out.text(), err.text())
}

fn both(name: &str, (out, err): (String, String)) {
    snapshots::redacted(&format!("report__live_{name}"), &format!("-- err\n{err}-- out\n{out}"));
}

#[test]
fn lines_go_to_err_and_the_result_to_out() {
    both("failed", shown(Kind::Human, Verbosity::Normal, false, &stories::failed()));
    both("succeeded", shown(Kind::Human, Verbosity::Normal, false, &stories::succeeded()));
    both("plan", shown(Kind::Human, Verbosity::Normal, false, &stories::plan()));
}

#[test]
fn quiet_keeps_what_matters_and_verbose_tells_all() {
    both("quiet", shown(Kind::Human, Verbosity::Quiet, false, &stories::failed()));
    both("verbose", shown(Kind::Human, Verbosity::Verbose, false, &stories::failed()));
}

#[test]
fn on_a_terminal_waiting_leaves_no_lines_but_a_stall_does() {
    let (_, err) = shown(Kind::Human, Verbosity::Normal, true, &stories::failed());
    let waits = err.lines().filter(|line| line.trim_start().starts_with("waiting")).count();
    let stalls = err.lines().filter(|line| line.trim_start().starts_with("stalled")).count();
    assert_eq!((waits, stalls), (0, 1), "{err}");
}

#[test]
fn a_result_without_an_end_is_shown_when_the_reporter_is_dropped() {
    let (out, err) = shown(Kind::Human, Verbosity::Normal, false, &stories::status());
    assert_eq!(out, document(Format::Human, &stories::status()));
    assert_eq!(err, "");
    let (out, _) = shown(Kind::Human, Verbosity::Quiet, false, &stories::offsets());
    assert_eq!(out, document(Format::Human, &stories::offsets()));
}

#[test]
fn a_verb_that_only_failed_says_only_why() {
    let (out, err) = shown(Kind::Human, Verbosity::Normal, false, &stories::failed_at_once());
    assert_eq!(out, "");
    assert!(err.starts_with("error: Another run holds this target\n"), "{err}");
    assert!(err.ends_with("next: upgrade status orders.yaml\n"), "{err}");
}

#[test]
fn json_is_alone_on_out() {
    let (out, err) = shown(Kind::Json, Verbosity::Verbose, true, &stories::failed());
    assert_eq!(out, document(Format::Json, &stories::failed()));
    assert_eq!(err, "");
}

#[test]
fn a_reader_that_went_away_stops_nothing() {
    for kind in [Kind::Human, Kind::Json] {
        let mut reporter = live(
            kind,
            Options {
                color_out: true,
                color_err: true,
                tty: false,
                verbosity: Verbosity::Verbose,
                out: Box::new(Closed),
                err: Box::new(Closed),
            },
        );
        stories::failed().iter().for_each(|event| reporter.on(event));
    }
}

#[test]
fn a_fan_tells_all_and_annotations_come_once_at_the_end() {
    let (err, summary, collected) = (Stream::default(), Stream::default(), Collected::default());
    let annotations = Annotations::new(Box::new(err.clone()), Some(Box::new(summary.clone())));
    let mut fan = Fan(vec![Box::new(collected.clone()), Box::new(annotations)]);
    let events = stories::failed();
    let (last, before) = events.split_last().unwrap();
    for event in before {
        upgrade::event::Observer::on(&mut fan, event);
    }
    assert_eq!(err.text(), "");
    upgrade::event::Observer::on(&mut fan, last);
    drop(fan);
    assert_eq!(collected.events(), events);
    assert_eq!(err.text(), upgrade::report::github_annotations(&events));
    assert_eq!(summary.text(), github_summary(&events));
}
