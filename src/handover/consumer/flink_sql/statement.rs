//! One statement of a script.

use std::ops::Range;

use super::token::{Kind, Token};

/// `'key' = 'value'` in a WITH clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionEntry {
    pub key: String,
    pub value: String,
    /// Bytes of the value, quotes included.
    pub value_span: Range<usize>,
    /// Bytes from the key to the value.
    pub span: Range<usize>,
}

/// `CREATE TABLE … WITH (…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Parts joined by dots, without quotes.
    pub name: String,
    pub options: Vec<OptionEntry>,
    /// Bytes of the statement.
    pub span: Range<usize>,
    /// The table it is LIKE, where that one's options are taken too.
    pub(super) like: Option<String>,
}

impl Table {
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.iter().find(|option| option.key == key).map(|option| option.value.as_str())
    }

    pub fn connector(&self) -> Option<&str> {
        self.option("connector")
    }
}

/// `SET 'key' = 'value'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub key: String,
    pub value: String,
    pub value_span: Range<usize>,
    pub span: Range<usize>,
    /// `SET key = …`; its value cannot be any string.
    pub(super) bare: bool,
}

/// `RESET 'key'`, or `RESET` of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reset {
    pub(super) key: Option<String>,
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Statement {
    Set(Setting),
    Reset(Reset),
    CreateTable(Table),
    /// Statements that start a job: INSERT, a whole statement set, CREATE TABLE … AS. With the tables of its INSERTs.
    Job(Vec<Range<usize>>),
    /// `BEGIN STATEMENT SET`, whose INSERTs are statements of their own up to `END`.
    BeginSet,
    EndSet,
    /// `ALTER TABLE`, with the table's name.
    Alter(String),
    Other,
}

pub(super) fn classify(text: &str, tokens: &[Token]) -> Statement {
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(text, word));
    let all = |words: &[&str]| words.iter().enumerate().all(|(at, expected)| word(at, expected));
    let span = tokens[0].span.start..tokens[tokens.len() - 1].span.end;
    if all(&["SET"]) {
        return set(text, tokens).map_or(Statement::Other, Statement::Set);
    }
    if all(&["RESET"]) {
        return Statement::Reset(Reset { key: tokens.get(1..).and_then(|key| plain(text, key)), span });
    }
    if all(&["BEGIN", "STATEMENT", "SET"]) {
        return Statement::BeginSet;
    }
    if all(&["END"]) && tokens.len() == 1 {
        return Statement::EndSet;
    }
    if all(&["INSERT"]) || all(&["EXECUTE", "INSERT"]) || all(&["EXECUTE", "STATEMENT", "SET"]) {
        return Statement::Job(inserts(text, tokens));
    }
    if all(&["EXECUTE", "PLAN"]) || all(&["COMPILE", "AND", "EXECUTE"]) {
        return Statement::Job(vec![span]);
    }
    if all(&["ALTER", "TABLE"]) {
        let at = if word(2, "IF") { 4 } else { 2 };
        return Statement::Alter(name(text, tokens, at).0);
    }
    let at = match (word(0, "REPLACE"), word(1, "OR"), word(1, "TEMPORARY")) {
        (true, ..) => 1,
        (_, true, _) => 3,
        (_, _, true) => 2,
        _ => 1,
    };
    if (word(0, "CREATE") || word(0, "REPLACE")) && word(at, "TABLE") {
        let at = if word(at + 1, "IF") { at + 4 } else { at + 1 };
        return create_table(text, tokens, at, span);
    }
    Statement::Other
}

/// `SET 'key' = 'value'`, and what Flink takes too: either of them without quotes.
pub(super) fn set(text: &str, tokens: &[Token]) -> Option<Setting> {
    let equals = tokens.iter().position(|token| token.is(text, "="))?;
    let (key, value) = (tokens.get(1..equals)?, tokens.get(equals + 1..)?);
    let value_span = value.first()?.span.start..value.last()?.span.end;
    Some(Setting {
        key: plain(text, key)?,
        value: plain(text, value)?,
        value_span: value_span.clone(),
        span: tokens[0].span.start..value_span.end,
        bare: key.first()?.kind != Kind::Text,
    })
}

/// A string's value, or the text as it stands.
fn plain(text: &str, tokens: &[Token]) -> Option<String> {
    match tokens {
        [] => None,
        [only] if only.kind == Kind::Text => Some(only.value(text)),
        [first, ..] => Some(text[first.span.start..tokens[tokens.len() - 1].span.end].to_owned()),
    }
}

/// Spans of the INSERTs of a statement: each from `INSERT` to the `;`, `END` or end that closes it.
fn inserts(text: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (at, token) in tokens.iter().enumerate() {
        let last = at + 1 == tokens.len();
        if token.is(text, "INSERT") && !open {
            found.push(token.span.clone());
            open = true;
        } else if token.is(text, ";") || (last && token.is(text, "END")) {
            open = false;
        } else if let Some(insert) = found.last_mut().filter(|_| open) {
            insert.end = token.span.end;
        }
    }
    found
}

fn create_table(text: &str, tokens: &[Token], at: usize, span: Range<usize>) -> Statement {
    let (name, _) = name(text, tokens, at);
    let mut depth = 0_usize;
    let mut options = Vec::new();
    let mut like = None;
    let mut made_of_query = false;
    for (at, token) in tokens.iter().enumerate().skip(at) {
        let opens = tokens.get(at + 1).is_some_and(|next| next.is(text, "("));
        if token.is(text, "(") {
            depth += 1;
        } else if token.is(text, ")") {
            depth = depth.saturating_sub(1);
        } else if depth > 0 {
            continue;
        } else if token.is(text, "WITH") && opens {
            options = pairs(text, &tokens[at + 2..]);
        } else if token.is(text, "LIKE") {
            let (base, next) = self::name(text, tokens, at + 1);
            let clauses = &tokens[next..];
            let excluded = clauses
                .windows(2)
                .any(|pair| pair[0].is(text, "EXCLUDING") && (pair[1].is(text, "OPTIONS") || pair[1].is(text, "ALL")));
            let included = clauses.windows(2).any(|pair| !pair[0].is(text, "EXCLUDING") && pair[1].is(text, "OPTIONS"));
            like = (!excluded || included).then_some(base);
        } else if token.is(text, "AS") {
            made_of_query = true;
        }
    }
    if made_of_query { Statement::Job(vec![span]) } else { Statement::CreateTable(Table { name, options, span, like }) }
}

/// `'key' = 'value'` pairs up to the first token that belongs to none.
pub(super) fn pairs(text: &str, tokens: &[Token]) -> Vec<OptionEntry> {
    let mut found = Vec::new();
    let mut rest = tokens;
    while let [key, equals, value, ..] = rest
        && key.kind == Kind::Text
        && equals.is(text, "=")
        && value.kind == Kind::Text
    {
        found.push(OptionEntry {
            key: key.value(text),
            value: value.value(text),
            value_span: value.span.clone(),
            span: key.span.start..value.span.end,
        });
        let comma = rest.get(3).is_some_and(|token| token.is(text, ","));
        rest = &rest[if comma { 4 } else { 3 }..];
    }
    found
}

/// A dotted name at `at`, and the index behind it.
pub(super) fn name(text: &str, tokens: &[Token], mut at: usize) -> (String, usize) {
    let mut parts = Vec::new();
    while let Some(token) = tokens.get(at).filter(|token| matches!(token.kind, Kind::Word | Kind::Name)) {
        parts.push(token.value(text));
        at += 1;
        if !tokens.get(at).is_some_and(|token| token.is(text, ".")) {
            break;
        }
        at += 1;
    }
    (parts.join("."), at)
}
