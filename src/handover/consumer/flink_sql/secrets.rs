//! Secrets of a script: `${secret:NAME}` where it holds none, literals where it does.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    problem::Problem,
    script::split,
    statement::{pairs, set},
    token::{Kind, Token, tokens},
};
use crate::{error::Error, port::flink::Statement, secret::Secret};

const OPEN: &str = "${secret:";
/// An option whose key holds one of these is a secret, as Flink itself judges and a little wider.
const SECRET_KEYS: [&str; 13] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api-key",
    "access-key",
    "private-key",
    "service-key",
    "auth-params",
    "basic-auth",
    "jaas",
    "account.key",
];
/// Parameters of a JDBC address that are secrets.
const SECRET_PARAMETERS: [&str; 3] =
    ["password=", "trustcertificatekeystorepassword=", "clientcertificatekeystorepassword="];

/// A script without literal secrets.
#[derive(Debug, Clone)]
pub struct Redacted {
    /// Literals are now `${secret:redacted-1}`, `${secret:redacted-2}`, …
    pub text: String,
    /// What those stand for, by name (`redacted-1`).
    pub literals: BTreeMap<String, Secret>,
    /// One for every literal that was found.
    pub warnings: Vec<Problem>,
}

/// Names of all `${secret:NAME}` within strings.
pub fn placeholders(text: &str) -> BTreeSet<String> {
    let found = tokens(text);
    let strings = found.tokens.into_iter().filter(|token| token.kind == Kind::Text);
    strings.flat_map(|token| named(&text[token.span])).map(|(_, name)| name.to_owned()).collect()
}

/// Takes literal secrets out: values of options like `password`, in comments too, and passwords in JDBC addresses.
pub fn redact(text: &str) -> Redacted {
    let mut literals: BTreeMap<String, Secret> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut warnings = Vec::new();
    // A script may be an artifact to which a literal was added.
    let (taken, mut number) = (placeholders(text), 0);
    let mut written = String::new();
    let mut at = 0;
    for Literal { what, span, bare } in literal_spans(text) {
        let value = text[span.clone()].replace("''", "'");
        let name = match names.get(&value) {
            Some(name) => name.clone(),
            None => {
                number += 1;
                while taken.contains(&format!("redacted-{number}")) {
                    number += 1;
                }
                names.entry(value.clone()).or_insert(format!("redacted-{number}")).clone()
            }
        };
        literals.entry(name.clone()).or_insert_with(|| Secret::new(value));
        let message = format!("The script holds a literal secret in {what}");
        let hint = "Write ${secret:NAME} there and name its source under `secrets` of the playbook";
        warnings.push(Problem::new(text, span.start, message, hint));
        written.push_str(&text[at..span.start]);
        let quote = if bare { "'" } else { "" };
        written.push_str(&format!("{quote}{OPEN}{name}}}{quote}"));
        at = span.end;
    }
    written.push_str(&text[at..]);
    Redacted { text: written, literals, warnings }
}

struct Literal {
    what: String,
    /// Bytes without quotes.
    span: Range<usize>,
    /// Whether it stands outside of a string.
    bare: bool,
}

/// In order and apart from each other.
fn literal_spans(text: &str) -> Vec<Literal> {
    let found = tokens(text);
    let mut spans = Vec::new();
    for at in 0..found.tokens.len() {
        let begins = at == 0 || found.tokens[at - 1].kind != Kind::Symbol || !found.tokens[at - 1].is(text, "=");
        if !begins {
            continue;
        }
        if let Some(option) = pairs(text, &found.tokens[at..found.tokens.len().min(at + 3)]).pop() {
            let inner = option.value_span.start + 1..option.value_span.end - 1;
            spans.extend(secret_part(&option.key, &text[inner.clone()]).map(|part| Literal {
                what: format!("'{}'", option.key),
                span: inner.start + part.start..inner.start + part.end,
                bare: false,
            }));
        }
    }
    for statement in split(text, &found.tokens) {
        // Without quotes round its key, a SET has no pair.
        let set = statement[0].is(text, "SET").then(|| set(text, statement)).flatten();
        let Some(setting) = set.filter(|set| set.bare && secret_part(&set.key, &set.value).is_some()) else { continue };
        // More than one token may begin with a string and end without.
        let quoted = found.tokens.iter().any(|token| token.kind == Kind::Text && token.span == setting.value_span);
        let (start, end) = (setting.value_span.start, setting.value_span.end);
        let span = if quoted { start + 1..end - 1 } else { start..end };
        spans.push(Literal { what: format!("'{}'", setting.key), span, bare: !quoted });
    }
    for comment in &found.comments {
        let marks = if text[comment.clone()].starts_with("/*+") { 3 } else { 2 };
        let inner = &text[comment.start + marks..comment.end];
        let inner = inner.strip_suffix("*/").unwrap_or(inner);
        let start = comment.start + marks;
        spans.extend(literal_spans(inner).into_iter().map(|Literal { what, span, bare }| Literal {
            what: format!("{what} within a comment"),
            span: start + span.start..start + span.end,
            bare,
        }));
    }
    spans.sort_by_key(|literal| literal.span.start);
    // Where quotes do not match, one may begin within another.
    let mut apart: Vec<Literal> = Vec::new();
    for mut literal in spans {
        while let Some(before) = apart.pop_if(|before| literal.span.start < before.span.end) {
            literal = joined(before, literal, &found.tokens);
        }
        apart.push(literal);
    }
    apart
}

/// Two that overlap as one, which then begins and ends between tokens.
fn joined(first: Literal, second: Literal, tokens: &[Token]) -> Literal {
    if first.span.start <= second.span.start && second.span.end <= first.span.end {
        return first;
    }
    let (start, end) = (first.span.start.min(second.span.start), first.span.end.max(second.span.end));
    let around = |at: usize| tokens.iter().find(|token| token.span.start < at && at < token.span.end);
    let start = around(start).map_or(start, |token| token.span.start);
    let end = around(end).map_or(end, |token| token.span.end);
    Literal { what: first.what, span: start..end, bare: true }
}

/// The part of an option's value that is a literal secret.
fn secret_part(key: &str, value: &str) -> Option<Range<usize>> {
    let lower = key.to_ascii_lowercase();
    let whole = if SECRET_KEYS.iter().any(|secret| lower.contains(secret)) {
        0..value.len()
    } else if value.starts_with("jdbc:") {
        address_part(value)?
    } else {
        return None;
    };
    let part = &value[whole.clone()];
    (!part.is_empty() && named(part).is_empty()).then_some(whole)
}

/// `password=…` among the parameters of a JDBC address, or `user:…@` before its host.
fn address_part(url: &str) -> Option<Range<usize>> {
    let lower = url.to_ascii_lowercase();
    let parameters = lower.find('?').unwrap_or(lower.len());
    for parameter in SECRET_PARAMETERS {
        let mut from = parameters;
        while let Some(found) = lower[from..].find(parameter) {
            let start = from + found + parameter.len();
            if lower[..from + found].ends_with(['?', '&']) {
                let end = lower[start..].find('&').map_or(lower.len(), |end| start + end);
                return Some(start..end);
            }
            from = start;
        }
    }
    let host = url[..parameters].find("://")? + 3;
    let end = url[host..parameters].find('/').map_or(parameters, |end| host + end);
    let login = url[host..end].rfind('@')?;
    let colon = url[host..host + login].find(':')?;
    Some(host + colon + 1..host + login)
}

/// Places and names of `${secret:NAME}`.
fn named(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(OPEN).map(|start| at + start) {
        let name = start + OPEN.len();
        let Some(end) = text[name..].find('}').map(|end| name + end) else { break };
        if text[name..end].bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
            found.push((start..end + 1, &text[name..end]));
        }
        at = end;
    }
    found
}

/// The value of one option, secrets put in. What a secret holds is not looked through again.
///
/// # Errors
///
/// What `secret` says of a name.
pub fn put_in(value: &str, mut secret: impl FnMut(&str) -> Result<Secret, Error>) -> Result<Secret, Error> {
    let (mut filled, mut at) = (String::new(), 0);
    for (place, name) in named(value) {
        filled.push_str(&value[at..place.start]);
        filled.push_str(secret(name)?.expose());
        at = place.end;
    }
    filled.push_str(&value[at..]);
    Ok(Secret::new(filled))
}

/// The statements of a redacted script as they are sent, secrets in their strings with `'` doubled.
///
/// # Errors
///
/// A name that `secrets` does not have, a placeholder outside of a string, a string without end.
pub fn reveal(text: &str, secrets: &BTreeMap<String, Secret>) -> Result<Vec<Statement>, Vec<Problem>> {
    let found = tokens(text);
    let mut problems = found.problems;
    let outside = found
        .comments
        .iter()
        .cloned()
        .chain(found.tokens.iter().filter(|token| token.kind == Kind::Text).map(|token| token.span.clone()));
    let inside: Vec<Range<usize>> = outside.collect();
    for (place, name) in named(text) {
        if !inside.iter().any(|span| span.start <= place.start && place.end <= span.end) {
            let message = format!("${{secret:{name}}} stands outside of a string");
            problems.push(Problem::new(text, place.start, message, "Write it between quotes: '${secret:NAME}'"));
        }
    }
    let mut statements = Vec::new();
    for statement in split(text, &found.tokens) {
        let mut sent = String::new();
        let mut at = statement[0].span.start;
        for token in statement.iter().filter(|token| token.kind == Kind::Text) {
            for (place, name) in named(&text[token.span.clone()]) {
                let (start, end) = (token.span.start + place.start, token.span.start + place.end);
                sent.push_str(&text[at..start]);
                match secrets.get(name) {
                    Some(secret) => sent.push_str(&secret.expose().replace('\'', "''")),
                    None => {
                        let hint = format!("Add {name} under `secrets` of the playbook");
                        problems.push(Problem::new(text, start, format!("The secret {name} is not known"), hint));
                    }
                }
                at = end;
            }
        }
        sent.push_str(&text[at..statement[statement.len() - 1].span.end]);
        statements.push(Statement(Secret::new(sent)));
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() { Ok(statements) } else { Err(problems) }
}
