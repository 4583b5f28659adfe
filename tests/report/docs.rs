//! The pages in `docs/` name what there is: every key and step of a playbook, every exit code, every page they link to.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Map, Value};
use upgrade::error::Kind;

use crate::format::KINDS;

const PLAYBOOK: &str = include_str!("../../docs/playbook.md");
const WHEN_IT_STOPS: &str = include_str!("../../docs/when-it-stops.md");
const SCHEMA: &str = include_str!("../../playbooks/playbook.schema.json");

/// The text below the heading `### name`.
fn section<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let below = page.split_once(&format!("\n### {name}\n"))?.1;
    Some(below.split("\n### ").next().unwrap_or(below).split("\n## ").next().unwrap_or(below))
}

/// The names of the first column of a section's table.
fn rows(section: &str) -> BTreeSet<&str> {
    let mut keys = false;
    let mut told = BTreeSet::new();
    for line in section.lines() {
        keys = line.starts_with("| Key |") || (keys && line.starts_with('|'));
        let names = line.split(" | ").next().unwrap_or_default().split('`').skip(1).step_by(2);
        told.extend(names.filter(|_| keys && line.starts_with("| `")));
    }
    told
}

/// Each kind of step with the properties of its body.
fn steps() -> Vec<(String, Map<String, Value>)> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let forms = schema["properties"]["steps"]["items"]["oneOf"].as_array().unwrap();
    let bodies = forms.iter().filter_map(|form| form["properties"].as_object()).flatten();
    bodies.map(|(kind, body)| (kind.clone(), body["properties"].as_object().unwrap().clone())).collect()
}

/// Names of all properties of the schema, steps left out.
fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            for (name, inner) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
                found.insert(name.clone());
                if name != "steps" {
                    keys(inner, found);
                }
            }
            ["items", "additionalProperties"]
                .iter()
                .filter_map(|key| object.get(*key))
                .for_each(|inner| keys(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn the_playbook_page_has_every_key_and_no_other() {
    let mut known = BTreeSet::new();
    keys(&serde_json::from_str(SCHEMA).unwrap(), &mut known);
    let sections = PLAYBOOK.split_once("\n## Steps\n").unwrap().0;
    let told = rows(sections);
    assert_eq!(told, known.iter().map(String::as_str).collect());
}

#[test]
fn the_playbook_page_has_every_step_with_its_keys_and_defaults() {
    let steps = steps();
    assert!(steps.len() >= 10);
    for (kind, body) in steps {
        let told = section(PLAYBOOK, &kind).unwrap_or_else(|| panic!("docs/playbook.md has no section for `{kind}`"));
        let own =
            body.keys().map(String::as_str).filter(|key| !["id", "budget"].contains(key)).collect::<BTreeSet<_>>();
        assert_eq!(rows(told), own, "the table of `{kind}`");
        for (key, about) in body {
            let Some(default) = about.get("default") else { continue };
            let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            let row = told.lines().find(|line| line.starts_with(&format!("| `{key}`"))).unwrap();
            assert!(row.contains(&format!("Default `{default}`")), "{kind}.{key} is {default} by default: {row}");
        }
    }
}

#[test]
fn when_it_stops_tells_every_step_and_every_exit_code() {
    for (kind, _) in steps() {
        assert!(section(WHEN_IT_STOPS, &kind).is_some(), "docs/when-it-stops.md has no section for `{kind}`");
    }
    let codes =
        WHEN_IT_STOPS.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |")).map(|(code, _)| code);
    let codes =
        codes.flat_map(|code| code.split(", ")).filter_map(|code| code.parse::<u8>().ok()).collect::<BTreeSet<_>>();
    // 0 is no error, 10 is an answer of `plan`.
    let expected = KINDS.iter().map(|kind| kind.exit_code()).chain([0, 10]).collect::<BTreeSet<_>>();
    assert_eq!(codes, expected);
    for kind in KINDS {
        assert!(WHEN_IT_STOPS.contains(&told(kind)), "`{}` is not told with its code", told(kind));
    }
}

fn told(kind: Kind) -> String {
    let word = serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned();
    // Two kinds share a code and stand beside each other: `transient` and `permanent` 4.
    match kind {
        Kind::Transient | Kind::Drift => format!("`{word}` and "),
        _ => format!("`{word}` {}", kind.exit_code()),
    }
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    for page in docs.chain(["CONTRIBUTING.md", "CHANGELOG.md", "README.md"].map(|name| root.join(name))) {
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let prose = text.lines().filter(|line| !line.starts_with('{') && !line.starts_with("    "));
        for target in prose
            .flat_map(|line| line.split("](").skip(1))
            .filter_map(|rest| rest.split_once(')'))
            .map(|(target, _)| target)
        {
            let path = target.split('#').next().unwrap_or_default();
            let there = target.contains("://") || path.is_empty() || page.parent().unwrap().join(path).exists();
            assert!(there, "{} links to {target}, which is not there", page.display());
        }
    }
}
