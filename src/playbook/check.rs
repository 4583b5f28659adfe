//! Holds the tree against the table of keys, and collects everything that does not fit.

use std::ops::Range;

use super::{
    duration,
    form::{Form, key_shown, nearest},
    keys::{Key, Mapping, PLAYBOOK, SECRET, Shape},
    mask,
    problem::Problem,
    steps,
    tree::{Node, Value},
};

/// What has been found wrong so far, and what must not be shown.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) hidden: Vec<Range<usize>>,
}

impl Findings {
    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// `owner` is the key the value belongs to: the place to show where the value itself has none.
pub(super) fn value(node: &Node, shape: &Shape, owner: &Range<usize>, found: &mut Findings) {
    match (shape, &node.value) {
        (Shape::Version, Value::Whole(1)) | (Shape::Flag, Value::Flag(_)) => {}
        (Shape::Count, Value::Whole(number)) if *number >= 0 => {}
        (Shape::Count, _) => found.add(mismatch(node, owner, "a whole number", None)),
        (Shape::Version, Value::Whole(number)) => found.add(
            Problem::new(node.span.clone(), format!("version {number} of the playbook format is not known"))
                .hint("write `version: 1`"),
        ),
        (Shape::Version, _) => found.add(mismatch(node, owner, "the number 1", None)),
        (Shape::Text(form), Value::Text(text)) => words(node, form, text, found),
        (Shape::Text(form), Value::Whole(number)) if (form.accepts)(&number.to_string()) => {
            found.add(mismatch(node, owner, form.what, Some("put it in quotes")));
        }
        (Shape::Text(form), _) => found.add(mismatch(node, owner, form.what, Some(form.rule))),
        (Shape::Choice(choices), Value::Text(text)) if choices.contains(&text.as_str()) => {}
        (Shape::Choice(choices), Value::Text(text)) => {
            found.add(Problem::new(node.span.clone(), format!("`{text}` is not one of {}", listed(choices))));
        }
        (Shape::Choice(choices), _) => {
            found.add(mismatch(node, owner, &format!("one of {}", listed(choices)), None));
        }
        (Shape::Flag, _) => found.add(mismatch(node, owner, "`true` or `false`", None)),
        (Shape::Duration, Value::Text(text)) => {
            if let Err(wrong) = duration::parse(text) {
                found.add(Problem::new(node.span.clone(), wrong).hint(format!("write {}", duration::RULE)));
            }
        }
        (Shape::Duration, Value::Whole(number)) if *number >= 0 => {
            found.add(mismatch(node, owner, "a duration", Some(&format!("write a unit, as in `{number}s`"))))
        }
        (Shape::Duration, _) => {
            found.add(mismatch(node, owner, "a duration", Some(&format!("write {}", duration::RULE))));
        }
        (Shape::Secret, Value::Map(_)) => mapping(node, &SECRET, owner, found),
        (Shape::Secret, Value::Nothing) => found.add(mismatch(node, owner, "a secret reference", Some(REFERENCE))),
        (Shape::Secret, _) => {
            found.hidden.push(node.defined.clone());
            let literal = Problem::new(place(node, owner), "a literal secret where a reference belongs");
            found.add(literal.hint(format!("keep the value out of the playbook: {REFERENCE}")));
        }
        (Shape::Map(keys), _) => mapping(node, keys, owner, found),
        (Shape::List(each) | Shape::WordOr(_, each), Value::List(items)) => {
            for item in items {
                value(item, each, &item.span, found);
            }
        }
        (Shape::WordOr(word, _), Value::Text(text)) if text == word => {}
        (Shape::WordOr(word, _), _) => {
            found.add(mismatch(node, owner, &format!("`{word}` or a list"), Some("write a list as `[name, name]`")));
        }
        (Shape::List(_), _) => found.add(mismatch(node, owner, "a list", Some("begin each entry with `- `"))),
        (Shape::Named(form, each), Value::Map(entries)) => {
            duplicates(entries, found);
            for (key, entry) in entries {
                match &key.value {
                    Value::Text(name) => words(key, form, name, found),
                    _ => found.add(mismatch(key, &key.span, form.what, Some("put it in quotes"))),
                }
                value(entry, each, &key.span, found);
            }
        }
        (Shape::Named(..), _) => found.add(mismatch(node, owner, "a mapping", None)),
        (Shape::Steps, _) => steps::check(node, owner, found),
    }
}

const REFERENCE: &str = "write `{ env: NAME }` or `{ file: PATH }`";

fn words(node: &Node, form: &Form, text: &str, found: &mut Findings) {
    if (form.accepts)(text) {
        return;
    }
    if form.guarded {
        found.hidden.push(node.defined.clone());
    }
    let (message, hint) = if text.is_empty() {
        (format!("an empty text is not {}", form.what), form.rule.to_owned())
    } else if text.contains("://") && text.contains('@') {
        ("an address with a user or password in it".to_owned(), format!("write {}", form.rule))
    } else if text.starts_with("arn:") {
        let id = text.rsplit(':').next().unwrap_or_default();
        (format!("an ARN where {} belongs", form.what), format!("write its last part, `{id}`"))
    } else {
        (format!("`{text}` is not {}", form.what), form.rule.to_owned())
    };
    found.add(Problem::new(node.span.clone(), message).hint(hint));
}

/// Keys, duplicates and what is missing; then every value.
pub(super) fn mapping(node: &Node, mapping: &Mapping, owner: &Range<usize>, found: &mut Findings) {
    let Value::Map(entries) = &node.value else {
        let known: Vec<&str> = mapping.all().map(|key| key.name).collect();
        let hint = format!("its keys are {}", listed(&known));
        found.add(mismatch(node, owner, "a mapping", (!known.is_empty()).then_some(hint.as_str())));
        return;
    };
    duplicates(entries, found);
    let mut present: Vec<(&'static Key, &Node)> = Vec::new();
    let mut guessed: Vec<&'static str> = Vec::new();
    for (key, entry) in entries {
        let name = match &key.value {
            Value::Text(name) => name.as_str(),
            _ => "",
        };
        match mapping.key(name) {
            Some(known) => {
                present.push((known, key));
                value(entry, &known.shape, &key.span, found);
            }
            None => {
                guessed.extend(unknown(key, name, mapping, found));
                // What is not known is not shown: it may be a secret under a name of its own.
                mask::leaves(entry, &mut found.hidden);
            }
        }
    }
    let has = |name: &str| present.iter().any(|(key, _)| key.name == name) || guessed.contains(&name);
    for key in mapping.all().filter(|key| key.required && !has(key.name)) {
        let missing = Problem::new(owner.clone(), format!("{} has no `{}`", quoted(mapping.name), key.name));
        found.add(missing.hint(format!("add `{}:`; {}", key.name, lower(key.about))));
    }
    for (key, place) in &present {
        if let Some(other) = key.with.filter(|other| !has(other)) {
            let alone = format!("`{}` means nothing without `{other}`", key.name);
            found.add(Problem::new(place.span.clone(), alone).hint(format!("add `{other}:`")));
        }
    }
    choice(mapping, &present, &has, owner, found);
}

fn choice(
    mapping: &Mapping,
    present: &[(&'static Key, &Node)],
    has: &impl Fn(&str) -> bool,
    owner: &Range<usize>,
    found: &mut Findings,
) {
    let chosen: Vec<&(&Key, &Node)> = present.iter().filter(|(key, _)| mapping.one_of.contains(&key.name)).collect();
    if let [first, .., last] = chosen[..]
        && first.0.name != last.0.name
    {
        let both = format!("`{}` and `{}` exclude each other", first.0.name, last.0.name);
        found.add(
            Problem::new(last.1.span.clone(), both)
                .also(first.1.span.clone(), "the other")
                .hint(format!("keep one of {}", listed(mapping.one_of))),
        );
    }
    // `{ secretsmanager: … }` is told as unknown already; it has no `env` to miss.
    let none = mapping.one_of.iter().chain(mapping.later).all(|name| !has(name));
    if none && !mapping.one_of.is_empty() {
        let neither = format!("{} has none of {}", quoted(mapping.name), listed(mapping.one_of));
        found.add(Problem::new(owner.clone(), neither).hint("add one of them"));
    }
}

/// Tells the key and returns the one that was probably meant, which then does not count as missing.
fn unknown(key: &Node, name: &str, mapping: &Mapping, found: &mut Findings) -> Option<&'static str> {
    let shown = key_shown(name);
    if let Some(later) = mapping.later.iter().find(|later| **later == name) {
        let message = format!("unknown key `{name}` in {}", quoted(mapping.name));
        found.add(
            Problem::new(key.span.clone(), message).hint(format!("`{name}` is not supported yet{}", instead(mapping))),
        );
        return Some(later);
    }
    let message = match &key.value {
        Value::Text(_) if !shown.is_empty() => format!("unknown key `{shown}` in {}", quoted(mapping.name)),
        Value::Text(_) => format!("unknown key in {}", quoted(mapping.name)),
        other => format!("a key of {} is a text, this is {}", quoted(mapping.name), other.noun()),
    };
    let meant = nearest(shown, mapping.all().map(|key| key.name)).filter(|_| !shown.is_empty());
    let known: Vec<&str> = mapping.all().map(|key| key.name).collect();
    let hint = match meant {
        _ if name == "<<" => "merge keys are not supported; write the keys out".to_owned(),
        Some(meant) if shown.len() < name.len() => format!("write a space after the colon: `{meant}: …`"),
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("its keys are {}", listed(&known)),
    };
    found.add(Problem::new(key.span.clone(), message).hint(hint));
    meant
}

/// The keys a section, or an entry of it, must have.
pub(super) fn section_keys(name: &str) -> String {
    let (section, each) = match PLAYBOOK.key(name).map(|key| &key.shape) {
        Some(Shape::Map(section)) => (section, ""),
        Some(Shape::List(Shape::Map(entry))) => (entry, " in each entry"),
        _ => return "what the step needs".to_owned(),
    };
    let choice = section.one_of.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ");
    let required = section.all().filter(|key| key.required).map(|key| format!("`{}`", key.name));
    let keys = std::iter::once(choice).filter(|choice| !choice.is_empty()).chain(required);
    keys.collect::<Vec<_>>().join(", ") + each
}

fn instead(mapping: &Mapping) -> String {
    if mapping.one_of.is_empty() { String::new() } else { format!("; use one of {}", listed(mapping.one_of)) }
}

fn duplicates(entries: &[(Node, Node)], found: &mut Findings) {
    for (at, (key, _)) in entries.iter().enumerate() {
        let Value::Text(name) = &key.value else { continue };
        let first =
            entries[..at].iter().find(|(earlier, _)| matches!(&earlier.value, Value::Text(word) if word == name));
        if let Some((first, _)) = first {
            let shown = key_shown(name);
            found.add(
                Problem::new(key.span.clone(), format!("the key `{shown}` stands here a second time"))
                    .also(first.span.clone(), "the first one")
                    .hint("keep one of the two"),
            );
        }
    }
}

pub(super) fn mismatch(node: &Node, owner: &Range<usize>, expected: &str, hint: Option<&str>) -> Problem {
    let problem = Problem::new(place(node, owner), format!("expected {expected}, found {}", node.value.noun()));
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// The value's own place where it is on one line, else its key's.
pub(super) fn place(node: &Node, owner: &Range<usize>) -> Range<usize> {
    match &node.value {
        Value::Nothing | Value::List(_) | Value::Map(_) if !owner.is_empty() => owner.clone(),
        _ => node.span.clone(),
    }
}

/// `` `a`, `b` ``.
pub(super) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A key in back-ticks, a phrase as it is.
fn quoted(name: &str) -> String {
    if name.contains(' ') { name.to_owned() } else { format!("`{name}`") }
}

fn lower(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut letters = sentence.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            format!("{}{}", first.to_lowercase(), letters.as_str())
        }
        _ => sentence.to_owned(),
    }
}
