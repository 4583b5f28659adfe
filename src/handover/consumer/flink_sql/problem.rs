//! What is wrong or doubtful in a script, and where.

use std::fmt;

use crate::error::Error;

/// A place in a script (line and column from 1, the column in characters) and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub line: usize,
    pub column: usize,
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    pub(super) fn new(text: &str, at: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (line, column) = place(text, at);
        Self { line, column, message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Line and column of a byte.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}

/// All problems of a script as one error of kind `Usage`. `script` is its path or name.
pub fn refuse(script: &str, problems: &[Problem]) -> Error {
    let mut error = match problems {
        [only] => Error::usage(format!("The job script is not usable: {script}:{only}")),
        _ => Error::usage(format!("The job script {script} has {} problems", problems.len())),
    };
    if problems.len() > 1 {
        error.causes = problems.iter().map(|problem| format!("{script}:{problem} ({})", problem.hint)).collect();
    }
    match problems {
        [only] => error.hint(only.hint.clone()),
        _ => error.hint("Correct the script, then run `upgrade validate` on the playbook"),
    }
}
