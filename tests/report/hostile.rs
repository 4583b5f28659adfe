//! Text from databases and job scripts stays text in every format.

use quick_xml::{Reader, events::Event as Xml};
use upgrade::{
    event::Event,
    report::{Format, colored, document, github_annotations},
};

use crate::stories;

fn everything() -> Vec<Event> {
    stories::hostile().into_iter().chain(stories::hostile_results().into_iter().flatten()).collect()
}

fn lists() -> Vec<Vec<Event>> {
    [stories::hostile()].into_iter().chain(stories::hostile_results()).collect()
}

/// The element names of a well-formed document; panics where it is not.
fn elements(text: &str) -> Vec<String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut names, mut depth) = (Vec::new(), 0);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error} in {text}")) {
            Xml::Start(tag) => {
                depth += 1;
                names.push(tag.name().as_ref().to_owned());
                tag.attributes().for_each(|attribute| drop(attribute.unwrap()));
            }
            Xml::Empty(tag) => {
                names.push(tag.name().as_ref().to_owned());
                tag.attributes().for_each(|attribute| drop(attribute.unwrap()));
            }
            Xml::End(_) => depth -= 1,
            Xml::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    names
}

fn no_control(text: &str) {
    let bad = text.chars().find(|char| char.is_control() && !matches!(char, '\n' | '\t') || *char == '\u{202e}');
    assert_eq!(bad, None, "{text}");
}

#[test]
fn a_terminal_is_not_moved_and_ci_reads_no_command() {
    for events in lists() {
        let text = document(Format::Human, &events);
        no_control(&text);
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
        }
        // In colour, the only escapes are our own.
        let escapes = colored(&events).replace("\u{1b}[0m", "").replace("\u{1b}[1m", "").replace("\u{1b}[2m", "");
        let escapes = ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[36m"]
            .iter()
            .fold(escapes, |text, own| text.replace(own, ""));
        no_control(&escapes);
    }
}

#[test]
fn junit_is_well_formed_and_has_only_its_own_elements() {
    for events in lists() {
        let xml = document(Format::Junit, &events);
        no_control(&xml);
        assert!(!xml.contains("]]>"));
        let known = [
            "testsuites",
            "testsuite",
            "testcase",
            "properties",
            "property",
            "failure",
            "error",
            "skipped",
            "system-out",
            "system-err",
        ];
        for element in elements(&xml) {
            assert!(known.contains(&element.as_str()), "{element}");
        }
    }
}

#[test]
fn html_is_well_formed_and_runs_nothing() {
    for events in lists() {
        let page = document(Format::Html, &events);
        no_control(&page);
        let page = page.replacen("<!DOCTYPE html>", "", 1);
        assert!(
            !elements(&page)
                .iter()
                .any(|element| matches!(element.as_str(), "script" | "img" | "link" | "a" | "iframe"))
        );
        assert!(!page.contains("http://") && !page.contains("https://"));
    }
}

#[test]
fn markdown_fences_hold_and_markup_is_text() {
    for events in lists() {
        let page = document(Format::Markdown, &events);
        no_control(&page);
        let mut fence: Option<String> = None;
        for line in page.lines() {
            let ticks = line.chars().take_while(|char| *char == '`').collect::<String>();
            match &fence {
                Some(open) if line == open => fence = None,
                Some(_) => {}
                None if ticks.len() >= 3 => fence = Some(ticks),
                None => {
                    assert!(!line.contains("<script"), "{line}");
                    assert!(!line.starts_with("# forged"), "{line}");
                }
            }
        }
        assert_eq!(fence, None, "a fence was left open in {page}");
    }
}

#[test]
fn one_annotation_stays_one_command() {
    let text = github_annotations(&stories::hostile());
    assert_eq!(text.lines().count(), 3, "{text}");
    for line in text.lines() {
        let (head, _) = line.strip_prefix("::").and_then(|rest| rest.split_once("::")).unwrap();
        assert!(head.starts_with("error title=") || head.starts_with("warning title="), "{head}");
    }
    no_control(&text);
}

#[test]
fn json_gives_the_text_back_exactly() {
    let events = everything();
    let text = document(Format::Json, &events);
    let read = text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap()).collect::<Vec<_>>();
    assert_eq!(read, events);
}
