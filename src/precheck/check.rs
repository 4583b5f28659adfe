//! What a check is, for which upgrades it holds, and all of them in one list.

use super::{ours, release::release, structure, text, upgrade_log};
use crate::{
    event::{Consequence, Level},
    port::catalogue::Release,
};

/// One check: what it looks for and what its findings are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// The id of MySQL Shell's upgrade checker, or of Aurora's prechecks, where one of them has this check.
    pub id: &'static str,
    pub from: From,
    /// Of most of its findings; one may be told otherwise with its reason.
    pub level: Level,
    pub consequence: Consequence,
    /// What it is about, in one line.
    pub title: &'static str,
    /// Why it matters and what to do, for `upgrade explain`.
    pub about: &'static str,
    /// For which upgrades it looks.
    pub holds: Holds,
    pub link: Option<&'static str>,
}

/// Who named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    MysqlShell,
    Aurora,
    Ours,
}

/// The upgrades a check is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    Always,
    /// Upgrades from before this release to it or later.
    Crossing(Release),
    /// The same, to a release before the second one.
    Between(Release, Release),
}

/// From which release to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    pub from: Release,
    pub to: Release,
    pub aurora: bool,
}

impl Hop {
    /// From what a server says of itself (`@@version`) to an engine version of RDS; `None` where either tells no release.
    pub fn of(version: &str, target: &str) -> Option<Self> {
        let aurora = target.contains("aurora");
        Some(Self { from: release(version)?, to: release(target)?, aurora })
    }

    /// From before `release` to it or later.
    pub fn crosses(&self, release: Release) -> bool {
        self.from < release && release <= self.to
    }

    pub fn needs(&self, check: &Check) -> bool {
        match check.holds {
            Holds::Always => true,
            Holds::Crossing(release) => self.crosses(release),
            Holds::Between(release, before) => self.crosses(release) && self.to < before,
        }
    }
}

/// The check of an id, also where it is spelt as the log of an engine spells it.
pub fn named(id: &str) -> Option<&'static Check> {
    let official = upgrade_log::official(id);
    all().find(|check| check.id == id).or_else(|| all().find(|check| check.id.eq_ignore_ascii_case(&official)))
}

/// All checks there are.
pub fn all() -> impl Iterator<Item = &'static Check> {
    [ours::CHECKS, structure::CHECKS, text::CHECKS].into_iter().flatten()
}
