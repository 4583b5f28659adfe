//! Error kinds and their exit codes.
//!
//! An error says what was expected and what was seen, what was left unchanged, and the next command to type. Its kind
//! alone chooses the exit code, so that a script can rely on it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::without_logins;

pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done. Every kind has exactly one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The command line or the playbook is wrong. Exit 2.
    Usage,
    /// A precheck refused; nothing was changed. Exit 3.
    Refused,
    /// The other side could not answer now; the same call may succeed later. Nothing was applied. Exit 4.
    Transient,
    /// The other side said no, for good. Nothing was applied. Exit 4.
    Permanent,
    /// An approval or a time is awaited. Exit 5.
    Waiting,
    /// Another run holds the target. Exit 6.
    Locked,
    /// Plan, journal and reality disagree; nothing was changed. Exit 7.
    Drift,
    /// Somebody else's resource stands in the way; nothing was changed. Exit 7.
    Conflict,
    /// A write was sent and its outcome is not known: a person must look. Exit 8.
    Unknown,
    /// Stopped by a signal: 128 + its number. Exit 130 (SIGINT).
    Interrupted,
    /// Stopped by SIGTERM. Exit 143.
    Terminated,
    /// A defect of this program. Exit 1.
    Bug,
}

impl Kind {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Transient | Self::Permanent => 4,
            Self::Waiting => 5,
            Self::Locked => 6,
            Self::Drift | Self::Conflict => 7,
            Self::Unknown => 8,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

/// An error as it is shown, journaled and reported. Serialisable, so that it survives the process that met it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub kind: Kind,
    /// What was expected and what was seen.
    pub message: String,
    /// The chain below the message, outermost first. Never holds a secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What was left unchanged, where that is not obvious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<String>,
    /// What to do next: a sentence or a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), unchanged: None, hint: None }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(Kind::Permanent, message)
    }

    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(Kind::Transient, message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    pub fn drift(message: impl Into<String>) -> Self {
        Self::new(Kind::Drift, message)
    }

    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Kind::Unknown, message)
    }

    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message)
    }

    /// Adds the chain of `source` below the message, without logins in its addresses.
    #[must_use]
    pub fn because(mut self, source: &dyn std::error::Error) -> Self {
        let mut next = Some(source);
        while let Some(error) = next {
            let text = without_logins(&error.to_string()).into_owned();
            if self.causes.last() != Some(&text) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    #[must_use]
    pub fn cause(mut self, text: impl Into<String>) -> Self {
        self.causes.push(text.into());
        self
    }

    #[must_use]
    pub fn unchanged(mut self, text: impl Into<String>) -> Self {
        self.unchanged = Some(text.into());
        self
    }

    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }

    /// The same with every text of it changed, as secrets are taken out of what others answered.
    #[must_use]
    pub fn with_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        let texts = [Some(&mut self.message), self.unchanged.as_mut(), self.hint.as_mut()];
        for text in texts.into_iter().flatten().chain(&mut self.causes) {
            *text = change(text);
        }
        self
    }

    pub fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
