//! What the runner tells: events in order, and the next command to type.

use serde_json::Value;
use time::OffsetDateTime;

use crate::event::{Body, Event, Observer, Outcome, VERSION};

/// Numbers events and hands them to whoever listens.
pub struct Tell<'a> {
    observer: &'a mut dyn Observer,
    seq: u64,
}

impl<'a> Tell<'a> {
    pub fn new(observer: &'a mut dyn Observer) -> Self {
        Self { observer, seq: 1 }
    }

    pub fn event(&mut self, at: OffsetDateTime, body: Body) {
        let event = Event { v: VERSION, seq: self.seq, at, body };
        self.seq += 1;
        self.observer.on(&event);
    }

    pub fn step_finished(
        &mut self,
        at: OffsetDateTime,
        step: (&str, &str),
        outcome: Outcome,
        reason: Option<String>,
        outputs: Value,
        elapsed: f64,
    ) {
        let (id, kind) = step;
        self.event(
            at,
            Body::StepFinished { step: id.to_owned(), kind: kind.to_owned(), outcome, reason, outputs, elapsed },
        );
    }
}

/// Writes the commands a message ends with, for one playbook and state folder.
#[derive(Debug, Clone)]
pub struct Verbs {
    playbook: String,
    state: Option<String>,
}

impl Verbs {
    /// `state` only where it is not the default.
    pub fn new(playbook: impl Into<String>, state: Option<String>) -> Self {
        Self { playbook: playbook.into(), state }
    }

    pub fn run(&self) -> String {
        self.verb("run", "")
    }

    pub fn status(&self) -> String {
        self.verb("status", "")
    }

    pub fn approve(&self, step: &str) -> String {
        self.verb("approve", &format!(" {step}"))
    }

    /// Shows what may be said of the step, and changes nothing.
    pub fn resolve(&self, step: &str) -> String {
        self.verb("resolve", &format!(" {step}"))
    }

    /// Says it. Each output stands with its own name in capitals for the value.
    pub fn resolve_as(&self, step: &str, says: &str, outputs: &[&str]) -> String {
        let outputs: String = outputs.iter().map(|name| format!(" --output {name}={}", name.to_uppercase())).collect();
        self.verb("resolve", &format!(" {step} --as {says} --reason 'Looked at by hand'{outputs}"))
    }

    pub fn abort(&self) -> String {
        self.verb("abort", "")
    }

    /// The same, with the consent it asks for.
    pub fn abort_now(&self) -> String {
        self.verb("abort", " --yes")
    }

    /// Only shows what it would do.
    pub fn abort_preview(&self) -> String {
        self.verb("abort", " --dry-run")
    }

    pub fn new_run(&self) -> String {
        self.verb("run", " --new-run")
    }

    fn verb(&self, verb: &str, rest: &str) -> String {
        let state = self.state.as_ref().map(|state| format!(" --state {}", argument(state))).unwrap_or_default();
        format!("upgrade {verb} {}{rest}{state}", argument(&self.playbook))
    }
}

/// A path as a POSIX shell takes it, and as no option.
pub fn argument(path: &str) -> String {
    if path.starts_with('-') { quoted(&format!("./{path}")) } else { quoted(path) }
}

/// As a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
