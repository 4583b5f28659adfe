//! What the engine's own prechecks have written on green: `upgrade-prechecks.log` of Aurora, which is JSON as MySQL Shell
//! writes it, and `PrePatchCompatibility.log` of RDS, which is its numbered text.
//!
//! A log may be cut anywhere, and its fields are not promised: whatever can be read of it is told.

mod ids;
mod json;
mod text;

pub use ids::of_id as official;

use crate::event::{Consequence, Finding, Level};

/// What could be read of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpgradeLog {
    /// In the order of the log.
    pub findings: Vec<Finding>,
    /// The log ends before its end.
    pub cut: bool,
    /// How many errors it says there are, where it says it.
    pub errors: Option<u64>,
}

/// Reads either kind.
pub fn read(log: &str) -> UpgradeLog {
    let log = log.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if log.starts_with('{') { json::read(log) } else { text::read(log) }
}

/// A problem that the log tells. `link` is the page that tells what to do.
fn finding(check: &str, level: Level, object: &str, message: &str, link: Option<&str>) -> Finding {
    Finding {
        check: check.to_owned(),
        level,
        consequence: if level == Level::Error { Consequence::StopsTheUpgrade } else { Consequence::Advice },
        object: object.to_owned(),
        message: message.split_whitespace().collect::<Vec<_>>().join(" "),
        fix: link.map(|link| format!("Read {link}")),
        query: None,
    }
}

/// As the logs spell a level, in any letter case.
fn level(word: &str) -> Option<Level> {
    match word.trim().to_ascii_lowercase().as_str() {
        "error" => Some(Level::Error),
        "warning" => Some(Level::Warning),
        "notice" | "info" => Some(Level::Notice),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
