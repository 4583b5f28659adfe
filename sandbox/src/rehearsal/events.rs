//! The product's JSON events, as far as a rehearsal shows them.

use serde::Deserialize;
use serde_json::Value;

/// What the events of one call tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Story {
    pub(super) steps: Vec<Step>,
    pub(super) exit_code: Option<i64>,
    pub(super) error: Option<String>,
    pub(super) next: Option<String>,
    /// The operation begun last, until it has ended.
    pub(super) under_way: Option<String>,
    /// The last progress shown.
    shown: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) outcome: String,
    pub(super) seconds: f64,
    pub(super) outputs: Value,
}

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    step: Option<String>,
    outcome: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    outputs: Value,
    elapsed: Option<f64>,
    awaited: Option<String>,
    seen: Option<String>,
    level: Option<String>,
    message: Option<String>,
    object: Option<String>,
    operation: Option<String>,
    state: Option<String>,
    exit_code: Option<i64>,
    #[serde(default)]
    error: Value,
    next: Option<String>,
}

impl Story {
    /// Takes one line of standard output; the answer is what to show for it.
    pub(super) fn take(&mut self, text: &str) -> Option<String> {
        let Ok(line) = serde_json::from_str::<Line>(text) else {
            return Some(format!("not an event: {text}"));
        };
        let step = line.step.unwrap_or_default();
        let label = if step.is_empty() { String::new() } else { format!("{step}: ") };
        match line.kind.as_str() {
            "step_started" => Some(format!("  {step} …")),
            "step_progress" => {
                let text = format!("  {step}: {}; {}", line.awaited.unwrap_or_default(), line.seen.unwrap_or_default());
                // Only what is new; the product tells it again at every look.
                (self.shown != text).then(|| {
                    self.shown.clone_from(&text);
                    text
                })
            }
            "finding" => {
                let words = [line.level, line.object, line.message].map(Option::unwrap_or_default);
                Some(format!("  {label}{}", words.join(" · ")))
            }
            "warning" => Some(format!("  {label}{}", line.message.unwrap_or_default())),
            "operation" => {
                let started = line.state.as_deref() == Some("started");
                self.under_way = line.operation.filter(|_| started);
                self.under_way.as_ref().map(|operation| format!("  {label}{operation}"))
            }
            // Told again by a later call.
            "step_finished" if self.steps.iter().any(|known| known.id == step) => None,
            "step_finished" => {
                let outcome = line.outcome.unwrap_or_default();
                let seconds = line.elapsed.unwrap_or_default();
                let reason = line.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                let shown = format!("  {step} {outcome} after {seconds:.1} s{reason}");
                self.steps.push(Step { id: step, outcome, seconds, outputs: line.outputs });
                Some(shown)
            }
            "run_finished" => {
                self.exit_code = line.exit_code;
                self.error = words_of(&line.error);
                self.next = line.next;
                None
            }
            _ => None,
        }
    }

    /// It ended as was expected, and whatever it said at the end, jobs were started on green.
    pub(super) fn moved_jobs(&self, ends: &[i64]) -> bool {
        let started = |step: &Step| matches!(step.id.as_str(), "submit_cdc_jobs" | "repoint_cdc_jobs");
        let as_expected = self.exit_code.filter(|code| ends.contains(code));
        as_expected.is_some_and(|code| code == 0 || self.steps.iter().any(started))
    }

    /// Forgets how the call ended; what was done stays done.
    pub(super) fn again(&mut self) {
        (self.exit_code, self.error, self.next, self.under_way) = (None, None, None, None);
        self.steps.retain(|step| matches!(step.outcome.as_str(), "succeeded" | "skipped"));
    }

    /// `file:position` as the product captured it.
    pub(super) fn coordinates(&self) -> Option<(String, u64)> {
        let outputs = self.steps.iter().map(|step| &step.outputs);
        outputs
            .filter_map(|outputs| Some((outputs["file"].as_str()?.to_owned(), outputs["position"].as_u64()?)))
            .next_back()
    }
}

fn words_of(error: &Value) -> Option<String> {
    match error {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => {
            let message = other["message"].as_str().map_or_else(|| other.to_string(), str::to_owned);
            let causes = other["causes"].as_array().into_iter().flatten().filter_map(Value::as_str);
            Some(causes.fold(message, |told, cause| format!("{told}; {cause}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_coordinates_and_the_end_are_kept() {
        let mut story = Story::default();
        let lines = [
            r#"{"v":1,"seq":1,"at":"2026-11-21T12:00:00Z","type":"run_started","run":"r","steps":[]}"#,
            r#"{"v":1,"seq":2,"type":"step_finished","step":"capture_coordinates","outcome":"succeeded","reason":null,
               "elapsed":1.5,"outputs":{"file":"mysql-bin-changelog.000002","position":154,"gtid_set":null}}"#,
            r#"{"v":1,"seq":3,"type":"run_finished","outcome":"failed","exit_code":4,"error":{"message":"No slots"},
               "next":"upgrade run p"}"#,
        ];
        let shown: Vec<_> = lines.iter().filter_map(|line| story.take(line)).collect();
        assert_eq!(shown, ["  capture_coordinates succeeded after 1.5 s"]);
        assert_eq!(story.coordinates(), Some(("mysql-bin-changelog.000002".to_owned(), 154)));
        assert_eq!((story.exit_code, story.error.as_deref()), (Some(4), Some("No slots")));
    }
}
