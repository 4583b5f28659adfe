//! One line of the journal.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    error::Error,
    event::{Body, Outcome},
    step::{Operation, Policy},
};

/// The version of the journal format.
pub(super) const VERSION: u32 = 1;

/// What happened. Together, in order, the records are all that is known of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// Always the first line.
    RunStarted {
        run: String,
        playbook: String,
        target: String,
        version: String,
        steps: Vec<crate::event::StepName>,
    },
    /// Another call of the program took the run up.
    Resumed {
        version: String,
    },
    /// The playbook was edited in its later steps; `steps` are the steps from now on.
    PlaybookChanged {
        steps: Vec<crate::event::StepName>,
    },
    StepStarted {
        step: String,
        step_kind: String,
        /// `sha256:` of what the step is given by the playbook.
        input: String,
    },
    /// Synced before the effect.
    OperationStarted {
        step: String,
        attempt: u32,
        operation: Operation,
    },
    /// The ids of what an operation started.
    Handle {
        step: String,
        operation: String,
        attempt: u32,
        ids: Value,
    },
    OperationDone {
        step: String,
        operation: String,
        attempt: u32,
        /// True where the reply was lost and a later look showed the effect.
        seen: bool,
    },
    /// Certainly not applied.
    Failed {
        step: String,
        operation: Option<String>,
        attempt: u32,
        error: Error,
    },
    /// Sent, and the reply is lost.
    Unknown {
        step: String,
        operation: String,
        attempt: u32,
        error: Error,
    },
    /// Applied, and undone again by the other side. The gate before it closes with the same record: the consent is used up.
    Undone {
        step: String,
        operation: String,
        attempt: u32,
        error: Error,
        gate: Option<String>,
        /// The step off the playbook that first puts back what was stopped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<String>,
    },
    /// The run is given up: from here on it only goes back.
    AbortStarted {
        who: String,
    },
    /// Findings, artifacts and warnings, for the reports.
    Noted {
        event: Body,
    },
    StepFinished {
        step: String,
        outcome: Outcome,
        reason: Option<String>,
        outputs: Value,
    },
    GateReached {
        step: String,
        digest: String,
        #[serde(with = "time::serde::rfc3339")]
        expires: OffsetDateTime,
    },
    Approved {
        step: String,
        digest: String,
        who: String,
    },
    /// What the approval was given for is no longer so; it was not used.
    GateClosed {
        step: String,
        why: String,
    },
    Resolved {
        step: String,
        who: String,
        decision: Decision,
        reason: String,
        outputs: Value,
    },
    Interrupted {
        signal: String,
    },
    /// This call of the program ended without finishing the run.
    Stopped {
        outcome: Outcome,
        exit_code: u8,
        error: Option<Error>,
        next: Option<String>,
    },
    /// Always the last line.
    RunFinished {
        outcome: Outcome,
        exit_code: u8,
    },
}

/// What a person says of a step whose outcome the program cannot know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It has taken effect; these are its outputs.
    Done,
    /// It has not taken effect and may be tried again.
    Retry,
    /// Leave it out.
    Skip,
}

/// The policies that may be tried again after an unknown outcome without a person or a look.
pub fn repeatable(policy: Policy) -> bool {
    matches!(policy, Policy::Repeat | Policy::Adopt)
}
