//! Keeps secrets out of messages that show the text: a literal password is an error, and its line is what would be shown.

use std::ops::Range;

use super::{
    form,
    tree::{Node, Value},
};

const HIDDEN: &str = "[hidden]";

/// The text as it may be shown, and where its bytes went. Line numbers stay.
pub(super) struct Masked {
    pub(super) text: String,
    /// Hidden bytes of the original and the bytes that stand for them.
    pieces: Vec<(Range<usize>, Range<usize>)>,
}

impl Masked {
    pub(super) fn new(text: &str, mut hidden: Vec<Range<usize>>) -> Self {
        hidden.retain(|range| !range.is_empty());
        hidden.sort_by_key(|range| range.start);
        let mut shown = String::with_capacity(text.len());
        let mut pieces: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        let mut at = 0;
        for range in hidden {
            let start = range.start.max(at);
            if start >= range.end {
                continue;
            }
            shown.push_str(&text[at..start]);
            let begin = shown.len();
            shown.push_str(HIDDEN);
            shown.extend(text[start..range.end].chars().filter(|c| *c == '\n'));
            pieces.push((start..range.end, begin..shown.len()));
            at = range.end;
        }
        shown.push_str(&text[at..]);
        Self { text: shown, pieces }
    }

    /// Where these bytes of the original are shown.
    pub(super) fn range(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.offset(range.start, |shown| shown.start);
        start..self.offset(range.end, |shown| shown.end).max(start)
    }

    fn offset(&self, at: usize, inside: impl Fn(&Range<usize>) -> usize) -> usize {
        match self.pieces.iter().rev().find(|(original, _)| original.start <= at) {
            Some((original, shown)) if at == original.start => shown.start,
            Some((original, shown)) if at < original.end => inside(shown),
            Some((original, shown)) => shown.end + (at - original.end),
            None => at,
        }
    }

    /// `message` without the hidden words that stand inside `span`.
    pub(super) fn censor(&self, text: &str, span: &Range<usize>, message: &str) -> String {
        let mut message = message.to_owned();
        for (original, _) in self.pieces.iter().filter(|(piece, _)| piece.start < span.end && span.start < piece.end) {
            for word in [&text[original.clone()], text[original.clone()].trim_matches(['"', '\''])] {
                if !word.is_empty() {
                    message = message.replace(word, HIDDEN);
                }
            }
        }
        message
    }
}

/// Whether a key of this name holds a secret.
fn is_secret(key: &str) -> bool {
    const WORDS: [&str; 9] =
        ["password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "access_key", "private_key"];
    const WHOLE: [&str; 4] = ["pw", "pass", "auth", "key"];
    let key = key.to_ascii_lowercase();
    WHOLE.contains(&key.as_str())
        || WORDS.iter().any(|word| key.contains(word))
        || form::distance(&key, "password") <= 2
}

/// The bytes of a decoded text that must not be shown.
pub(super) fn of_tree(text: &str, root: &Node) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    walk(text, root, false, &mut hidden);
    hidden.extend(in_comments(text));
    hidden
}

/// Comments are in no tree, and a password that was commented out is a password.
fn in_comments(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let sign = bare
            .match_indices('#')
            .map(|(sign, _)| sign)
            .find(|sign| bare[..*sign].chars().next_back().is_none_or(char::is_whitespace));
        if let Some(sign) = sign {
            let start = secret_from(&bare[sign..]).map(|start| at + sign + start);
            hidden.extend(start.map(|start| start..at + bare.len()));
            hidden.extend(in_urls(text, &(at + sign..at + bare.len())));
        }
        at += line.len();
    }
    hidden
}

fn walk(text: &str, node: &Node, secret: bool, hidden: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let name = match &key.value {
                    Value::Text(name) => name.as_str(),
                    _ => "",
                };
                if name.is_empty() || form::key_shown(name).len() < name.len() {
                    walk(text, key, secret || is_secret(name), hidden);
                }
                if !(secret && is_reference(name, value)) {
                    walk(text, value, secret || is_secret(name), hidden);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| walk(text, item, secret, hidden)),
        Value::Nothing => {}
        Value::Text(words) if !secret => {
            let told = [':', '=', ' '].iter().any(|sign| words.rsplit(*sign).skip(1).any(is_secret));
            if told {
                hidden.push(node.defined.clone());
            }
            hidden.extend(in_urls(text, &node.defined));
        }
        _ if secret => hidden.push(node.defined.clone()),
        _ => {}
    }
}

/// Every scalar below the node.
pub(super) fn leaves(node: &Node, hidden: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Map(entries) => entries.iter().for_each(|(_, value)| leaves(value, hidden)),
        Value::List(items) => items.iter().for_each(|item| leaves(item, hidden)),
        _ => hidden.push(node.defined.clone()),
    }
}

/// `env: NAME` and `file: PATH` say where a secret is, not what it is.
fn is_reference(key: &str, value: &Node) -> bool {
    match (&value.value, key) {
        (Value::Text(name), "env") => (form::ENV_NAME.accepts)(name),
        (Value::Text(_), "file") => true,
        _ => false,
    }
}

/// What stands before `@` or after `?` in addresses.
fn in_urls(text: &str, within: &Range<usize>) -> Vec<Range<usize>> {
    let Some(slice) = text.get(within.clone()) else { return Vec::new() };
    let mut found = Vec::new();
    for (at, _) in slice.match_indices("://") {
        let start = at + 3;
        let end = slice[start..].find(char::is_whitespace).map_or(slice.len(), |length| start + length);
        let address = &slice[start..end];
        if let Some(sign) = address.rfind('@') {
            found.push(within.start + start..within.start + start + sign);
        }
        if let Some(sign) = address.find('?') {
            found.push(within.start + start + sign + 1..within.start + end);
        }
    }
    found
}

/// The bytes of a text that is not YAML which may be secrets: what follows a secret's key, on its line or indented below it.
pub(super) fn of_text(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut below: Option<usize> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let indent = bare.len() - bare.trim_start().len();
        below = below.filter(|depth| bare.is_empty() || indent > *depth);
        let start = if below.is_some() { Some(indent) } else { secret_from(bare) };
        if let Some(start) = start {
            hidden.push(at + start..at + bare.len());
            below = below.or(Some(indent));
        }
        hidden.extend(in_urls(text, &(at..at + bare.len())));
        at += line.len();
    }
    hidden
}

/// The byte of the line after the first key that holds a secret.
fn secret_from(line: &str) -> Option<usize> {
    let signs = line.char_indices().filter(|(_, c)| matches!(c, ':' | '='));
    signs.map(|(at, _)| at).find_map(|at| {
        let key = line[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').find(|word| !word.is_empty())?;
        // `user: name:password` is how other programs take a login.
        let login = key == "user" && line[at + 1..].contains(':');
        (is_secret(key) || login).then_some(at + 1)
    })
}
