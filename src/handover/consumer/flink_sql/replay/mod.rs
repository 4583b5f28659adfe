//! Whether a contiguous run of changes may reach the sinks twice.

mod projection;
mod query;
mod sink;
mod vocabulary;

pub use projection::{Projection, Value};

use std::collections::{BTreeMap, BTreeSet};

use super::{
    schema::{Schema, schema},
    script::Script,
    statement::{Table, name},
    token::{Token, tokens},
};

/// Whether sinks end the same where a job reads the end of a log again from any earlier transaction on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// Every INSERT carries the rows of one mysql-cdc table by their key into a table of that key.
    Safe,
    /// Why not, or why it cannot be told: one sentence.
    Unsafe(String),
}

/// A failure to show that a replay is safe.
type Judged<T> = Result<T, String>;

/// Settings that keep rows in the job's own state, which a start without state does not have: key, value.
const STATEFUL: [(&str, &str); 2] =
    [("table.exec.sink.upsert-materialize", "FORCE"), ("table.exec.source.cdc-events-duplicate", "TRUE")];

const IN_STATE: &str = "makes the job keep rows in state, and it would start without";

/// Tables and views the script makes, by name.
struct Made<'a> {
    tables: BTreeMap<&'a str, (&'a Table, Schema)>,
    views: BTreeMap<String, &'a str>,
}

impl Replay {
    /// What the job keeps in state for its result, where it does: a start without state would not be the same job.
    pub fn stateful(&self) -> Option<&str> {
        match self {
            Self::Unsafe(why) if why.contains(vocabulary::PAIRS) || why.contains(IN_STATE) => Some(why),
            _ => None,
        }
    }
}

impl Script {
    /// Judges by the script alone. What only the sink's database knows (its unique and foreign keys, triggers) is not
    /// seen here.
    pub fn replay(&self) -> Replay {
        match self.judge() {
            Ok(()) => Replay::Safe,
            Err(reason) => Replay::Unsafe(reason),
        }
    }

    fn judge(&self) -> Judged<()> {
        for (key, value) in STATEFUL {
            if self.setting(key).is_some_and(|set| set.eq_ignore_ascii_case(value)) {
                return Err(format!("'{key}' = '{value}' {IN_STATE}"));
            }
        }
        let made = self.made()?;
        let mut sinks = BTreeSet::new();
        let mut inserts = 0;
        for at in 0..self.statements.len() {
            let text = self.with_hints(at);
            for insert in inserts_of(text) {
                inserts += 1;
                let sink = sink::judge(&made, insert)?;
                if !sinks.insert(sink.clone()) {
                    return Err(format!("More than one INSERT writes into {sink}, in no order of their own"));
                }
            }
            allowed(text).map_err(|what| format!("Statement {} is {what}, whose effect is not known here", at + 1))?;
        }
        if inserts == 0 { Err("The script has no INSERT".into()) } else { Ok(()) }
    }

    fn made(&self) -> Judged<Made<'_>> {
        let mut made = Made { tables: BTreeMap::new(), views: BTreeMap::new() };
        for table in self.tables() {
            let before = made.tables.insert(&table.name, (table, self.schema(table)?));
            if before.is_some() {
                return Err(format!("The table {} is created twice", table.name));
            }
        }
        for at in 0..self.statements.len() {
            let text = self.with_hints(at);
            if let Some((view, _)) = query::view(text)
                && (made.tables.contains_key(view.as_str()) || made.views.insert(view.clone(), text).is_some())
            {
                return Err(format!("{view} is created twice"));
            }
        }
        Ok(made)
    }

    /// A statement up to its `;`, so that a hint at its end belongs to it.
    fn with_hints(&self, at: usize) -> &str {
        let next = self.statements.get(at + 1).map_or(self.text.len(), |next| next.start);
        let (begin, end) = (self.statements[at].start, self.statements[at].end);
        let behind = &self.text[end..next];
        let close = tokens(behind).tokens.first().map_or(behind.len(), |token| token.span.start);
        self.text[begin..end + close].trim_end()
    }

    /// Columns and key, with those of the table it is LIKE.
    fn schema(&self, table: &Table) -> Judged<Schema> {
        let text = &self.text[table.span.clone()];
        let own = schema(text);
        let found = tokens(text).tokens;
        let Some(like) = clause(text, &found, "LIKE") else { return Ok(own) };
        let (base, next) = name(text, &found, like + 1);
        let plain = found[next..].windows(2).all(|pair| !pair[0].is(text, "EXCLUDING") || pair[1].is(text, "OPTIONS"));
        let base = self.tables().iter().find(|other| other.name == base && other.span.start < table.span.start);
        let Some(base) = base.filter(|_| plain) else {
            return Err(format!("What the table {} takes over by LIKE cannot be told from the script", table.name));
        };
        let mut schema = self.schema(base)?;
        schema.columns.extend(own.columns);
        if !own.primary_key.is_empty() {
            schema.primary_key = own.primary_key;
        }
        Ok(schema)
    }
}

/// Where a word stands outside of parentheses.
fn clause(text: &str, tokens: &[Token], word: &str) -> Option<usize> {
    let mut depth = 0_usize;
    tokens.iter().position(|token| {
        if token.is(text, "(") {
            depth += 1;
        } else if token.is(text, ")") {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is(text, word)
    })
}

/// The INSERTs of a statement as text, hints included: itself, or those of a statement set.
fn inserts_of(text: &str) -> Vec<&str> {
    let found = tokens(text).tokens;
    let mut inserts = Vec::new();
    let mut start = None;
    for (at, token) in found.iter().enumerate() {
        let ends_set = at + 1 == found.len() && token.is(text, "END") && found[0].is(text, "EXECUTE");
        match start {
            None if token.is(text, "INSERT") => start = Some(token.span.start),
            Some(first) if token.is(text, ";") || ends_set => {
                inserts.push(text[first..token.span.start].trim_end());
                start = None;
            }
            _ => {}
        }
    }
    inserts.extend(start.map(|first| &text[first..]));
    let starts = found.first().is_some_and(|token| token.is(text, "INSERT") || token.is(text, "EXECUTE"));
    if starts { inserts } else { Vec::new() }
}

/// Statements that change nothing but what is judged elsewhere.
fn allowed(text: &str) -> Judged<()> {
    let found = tokens(text).tokens;
    let words: Vec<String> = found.iter().take(4).map(|token| text[token.span.clone()].to_ascii_uppercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["SET" | "RESET" | "INSERT" | "END", ..]
        | ["EXECUTE", "STATEMENT" | "INSERT", ..]
        | ["BEGIN", "STATEMENT", "SET", ..]
        | ["CREATE", "TABLE" | "VIEW", ..]
        | ["CREATE", "TEMPORARY", "TABLE" | "VIEW", ..]
        | ["ADD", "JAR", ..]
        | ["SHOW" | "DESCRIBE" | "DESC" | "EXPLAIN", ..] => Ok(()),
        [first, second, ..] => Err(format!("{first} {second}")),
        other => Err(other.concat()),
    }
}
