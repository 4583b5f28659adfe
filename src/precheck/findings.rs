//! Findings as the checks make them.

use super::check::Check;
use crate::event::{Consequence, Finding, Level};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// With the check's own level and consequence.
    pub(super) fn add(
        &mut self,
        check: &'static Check,
        object: impl Into<String>,
        message: impl Into<String>,
    ) -> Entry<'_> {
        let at = self.0.len();
        self.0.push(Finding {
            check: check.id.to_owned(),
            level: check.level,
            consequence: check.consequence,
            object: object.into(),
            message: message.into(),
            fix: None,
            query: None,
        });
        Entry(&mut self.0[at])
    }

    pub(super) fn so_far(&self) -> &[Finding] {
        &self.0
    }

    pub(super) fn into_all(self) -> Vec<Finding> {
        self.0
    }
}

/// The finding just added.
pub(super) struct Entry<'a>(&'a mut Finding);

impl Entry<'_> {
    /// The statement or command that mends it.
    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        self.0.fix = Some(fix.into());
        self
    }

    /// The query that shows it.
    pub(super) fn query(self, query: impl Into<String>) -> Self {
        self.0.query = Some(query.into());
        self
    }

    /// Where this object fares otherwise than most.
    pub(super) fn worth(self, level: Level, consequence: Consequence) -> Self {
        (self.0.level, self.0.consequence) = (level, consequence);
        self
    }
}
