//! How one call of the program ends.

use super::wait::Signal;
use crate::{
    error::{Error, Kind},
    event::Outcome,
};

/// Why the engine stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    pub outcome: Outcome,
    pub exit_code: u8,
    pub error: Option<Error>,
    /// The next command to type; absent only where all is done.
    pub next: Option<String>,
}

impl Ending {
    pub fn done(next: Option<String>) -> Self {
        Self { outcome: Outcome::Succeeded, exit_code: 0, error: None, next }
    }

    /// A run that was given up, and is taken back.
    pub fn aborted() -> Self {
        Self { outcome: Outcome::Aborted, exit_code: 0, error: None, next: None }
    }

    pub fn waiting(message: impl Into<String>, next: String) -> Self {
        Self::of(Error::new(Kind::Waiting, message), next)
    }

    pub fn interrupted(signal: Signal, next: String) -> Self {
        let kind = if signal == Signal::Interrupt { Kind::Interrupted } else { Kind::Terminated };
        Self::of(Error::new(kind, "Stopped by a signal at a safe point; the journal is complete"), next)
    }

    /// An error decides outcome and exit code by its kind.
    pub fn of(error: Error, next: String) -> Self {
        let outcome = match error.kind {
            Kind::Waiting => Outcome::Waiting,
            Kind::Unknown => Outcome::Unknown,
            Kind::Interrupted | Kind::Terminated => Outcome::Interrupted,
            _ => Outcome::Failed,
        };
        Self { outcome, exit_code: error.exit_code(), error: Some(error), next: Some(next) }
    }
}
