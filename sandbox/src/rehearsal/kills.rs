//! When the product is killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde_json::Value;

/// Two steps and what lies between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    from: String,
    to: String,
}

impl Span {
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split_once("..").filter(|(from, to)| !from.is_empty() && !to.is_empty());
        let (from, to) = parts.ok_or("expected FROM..TO, the ids of two steps")?;
        Ok(Self { from: from.to_owned(), to: to.to_owned() })
    }
}

/// Kills after each journal record of some steps, each kind of record once, so that the run gets on.
#[derive(Debug)]
pub(super) struct EachRecord {
    span: Span,
    /// The product's state folder.
    state: PathBuf,
    seen: BTreeSet<String>,
    pub(super) kills: u32,
}

impl EachRecord {
    pub(super) fn new(span: Span, state: PathBuf) -> Self {
        Self { span, state, seen: BTreeSet::new(), kills: 0 }
    }

    /// Whether there is a record after which nobody has been killed yet.
    pub(super) fn strikes(&mut self) -> bool {
        let Some(text) = journal(&self.state).and_then(|path| fs::read_to_string(path).ok()) else { return false };
        let fresh: Vec<String> = keys(&self.span, &text).into_iter().filter(|key| !self.seen.contains(key)).collect();
        let strikes = !fresh.is_empty();
        self.kills += u32::from(strikes);
        self.seen.extend(fresh);
        strikes
    }
}

/// The journal of the newest run.
fn journal(state: &Path) -> Option<PathBuf> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let runs = folders(&state.join("runs")).into_iter().flat_map(|playbook| folders(&playbook));
    // Run ids are ordered by time.
    runs.map(|run| run.join("journal.jsonl")).filter(|path| path.exists()).max()
}

/// What tells the records between the two steps apart, without what differs from one call to the next.
fn keys(span: &Span, journal: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let (mut begun, mut ended) = (false, false);
    let lines = journal.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for record in lines.map(|mut line| line["record"].take()) {
        let (kind, step) = (text(&record, "kind"), text(&record, "step"));
        begun |= kind == "step_started" && step == span.from;
        if begun && !ended && !matches!(kind, "resumed" | "interrupted") {
            let operation = match &record["operation"] {
                Value::String(id) => id.clone(),
                Value::Object(operation) => {
                    operation.get("id").or(operation.get("name")).cloned().unwrap_or_default().to_string()
                }
                _ => text(&record["event"], "type").to_owned(),
            };
            keys.push(format!("{kind} {step} {}", operation.trim_matches('"')));
        }
        ended |= kind == "step_finished" && step == span.to;
    }
    keys
}

fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_record_of_another_attempt_is_no_new_one() {
        let journal = r#"{"v":1,"record":{"kind":"step_started","step":"precheck"}}
{"v":1,"record":{"kind":"step_started","step":"stop"}}
{"v":1,"record":{"kind":"operation_started","step":"stop","attempt":1,"operation":{"id":"stop orders"}}}
{"v":1,"record":{"kind":"resumed"}}
{"v":1,"record":{"kind":"operation_started","step":"stop","attempt":2,"operation":{"id":"stop orders"}}}
{"v":1,"record":{"kind":"step_finished","step":"submit"}}
{"v":1,"record":{"kind":"step_started","step":"clean_up"}}"#;
        let keys: BTreeSet<String> = keys(&Span::parse("stop..submit").unwrap(), journal).into_iter().collect();
        let wanted = ["operation_started stop stop orders", "step_finished submit ", "step_started stop "];
        assert_eq!(keys.into_iter().collect::<Vec<_>>(), wanted);
        assert!(Span::parse("stop").is_err());
    }
}
