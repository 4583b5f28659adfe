//! The text as a tree of nodes, each with its place.

use std::ops::Range;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, Location, MergeKeyPolicy, NonFiniteFloatPolicy, Spanned};

use super::problem::Problem;

/// Deep enough for any playbook, shallow enough for the stack.
const MAX_DEPTH: usize = 32;
/// Nodes after aliases are expanded; a playbook of a hundred jobs has about two thousand.
const MAX_NODES: usize = 20_000;

/// Reads the whole text. The error is where YAML itself ends: nothing after it can be judged.
pub(super) fn read(text: &str) -> Result<Node, Problem> {
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_depth: MAX_DEPTH, max_nodes: MAX_NODES, max_events: 4 * MAX_NODES },
        // Duplicates and merge keys are told with all other errors, not before them.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    serde_yaml::from_str_with_options(text, options).map_err(|error| syntax(text, &error))
}

fn syntax(text: &str, error: &serde_yaml::Error) -> Problem {
    use serde_yaml::Error;
    let place = error.location();
    let at = place.map_or(0, |place| offset(text, place.line() as usize, place.column() as usize));
    let said = error.to_string();
    let tail = place.map(|place| format!(" at line {}, column {}", place.line(), place.column())).unwrap_or_default();
    let said = said.strip_suffix(&tail).unwrap_or(&said);
    let inner = match error.without_snippet() {
        Error::AliasError { error, .. } => error,
        other => other,
    };
    let (message, hint) = match inner {
        Error::MultipleDocuments { .. } => (
            "a second YAML document begins here".to_owned(),
            Some("a playbook is one document; remove `---` and what follows"),
        ),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            "the playbook is too large or too deeply nested".to_owned(),
            Some("aliases count as what they stand for; write the values out"),
        ),
        _ if said.contains("tabs disallowed") => {
            ("a tab where only spaces may indent".to_owned(), Some("replace the tab by spaces"))
        }
        _ => (format!("this is not YAML: {said}"), None),
    };
    let end = at + text[at..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    let problem = Problem::new(at..end, message);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// The byte at a 1-based line and column of characters; the end of the line or text where there is no such column.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text[before..].split('\n').next().unwrap_or_default();
    before + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

/// A node of the text. Everything decodes into this first, so that one wrong value hides no other.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    /// Where it is used: for an alias the alias itself.
    pub(super) span: Range<usize>,
    /// Where it is written: for an alias the anchored node.
    pub(super) defined: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Nothing,
    Flag(bool),
    Whole(i64),
    /// A fraction, or a whole number beyond 64 bits.
    Number,
    Text(String),
    List(Vec<Node>),
    /// As written: order and duplicate keys are kept.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// A whole number that is not negative.
    pub(super) fn whole(&self) -> Option<u64> {
        match self.value {
            Value::Whole(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    /// The first value of this key, where the node is a mapping that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(key, _)| matches!(&key.value, Value::Text(word) if word == name)).map(|(_, value)| value)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self, name: &str) -> &[Self] {
        match self.get(name).map(|node| &node.value) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }
}

impl Value {
    /// As messages call it.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Flag(_) => "true or false",
            Self::Whole(_) | Self::Number => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value, span: range(&referenced), defined: range(&defined) })
    }
}

fn range(place: &Location) -> Range<usize> {
    let span = place.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    start..start + span.byte_len().unwrap_or_default() as usize
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Number, Value::Whole))
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}
