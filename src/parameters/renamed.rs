//! The tables of what changed between versions, read from the `.csv` files of this folder.

use std::sync::LazyLock;

use super::mapping::same_name;

/// Major and minor version of a family.
pub(super) type Version = (u32, u32);

/// A variable that goes on under another name.
#[derive(Debug)]
pub(super) struct Renamed {
    pub(super) old: &'static str,
    pub(super) new: &'static str,
    pub(super) since: Version,
    pub(super) value: Rule,
}

/// What becomes of the value under the new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Same,
    /// `× 86400`.
    DaysToSeconds,
    /// 0, 1 and more → 1, 2, 3.
    WarningsToVerbosity,
    /// The plugin → the policy that has it as default and allows every other.
    PluginToPolicy,
    /// The size of one redo log file → of all of them.
    FileToCapacity,
}

/// A variable that is gone.
#[derive(Debug)]
pub(super) struct Removed {
    pub(super) name: &'static str,
    pub(super) since: &'static str,
    pub(super) why: &'static str,
}

/// An SQL mode that is gone.
#[derive(Debug)]
pub(super) struct GoneMode {
    pub(super) mode: &'static str,
    pub(super) since: Version,
    /// Modes that are still there.
    pub(super) stands_for: Vec<&'static str>,
}

/// A default that is another one since a version.
#[derive(Debug)]
pub(super) struct NewDefault {
    pub(super) name: &'static str,
    pub(super) since: Version,
    /// Where the family itself names none; absent where that is the only source.
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) why: &'static str,
}

pub(super) static RENAMED: LazyLock<Vec<Renamed>> = LazyLock::new(|| {
    let rows = rows::<5>(include_str!("renamed.csv"));
    let read = |[old, new, since, value, _]: [&'static str; 5]| {
        Some(Renamed { old, new, since: version(since)?, value: rule(value)? })
    };
    rows.filter_map(read).collect()
});

pub(super) static REMOVED: LazyLock<Vec<Removed>> = LazyLock::new(|| {
    rows::<3>(include_str!("removed.csv")).map(|[name, since, why]| Removed { name, since, why }).collect()
});

pub(super) static GONE_MODES: LazyLock<Vec<GoneMode>> = LazyLock::new(|| {
    let read = |[mode, since, still]: [&'static str; 3]| {
        Some(GoneMode { mode, since: version(since)?, stands_for: still.split_whitespace().collect() })
    };
    rows::<3>(include_str!("sql_modes.csv")).filter_map(read).collect()
});

pub(super) static NEW_DEFAULTS: LazyLock<Vec<NewDefault>> = LazyLock::new(|| {
    let value = |text: &str| Some(text.replace('+', ",")).filter(|text| !text.is_empty());
    let read = |[name, since, before, after, why]: [&'static str; 5]| {
        Some(NewDefault { name, since: version(since)?, before: value(before), after: value(after), why })
    };
    rows::<5>(include_str!("defaults.csv")).filter_map(read).collect()
});

/// `aurora-mysql8.0` → `(8, 0)`; the lowest version where the name tells none.
pub(super) fn family_version(family: &str) -> Version {
    version(family.trim_start_matches(|c: char| !c.is_ascii_digit())).unwrap_or_default()
}

/// The names under which a variable went before `new`.
pub(super) fn former(new: &str) -> impl Iterator<Item = &'static Renamed> {
    RENAMED.iter().filter(move |row| same_name(row.new, new))
}

fn version(text: &str) -> Option<Version> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn rule(word: &str) -> Option<Rule> {
    Some(match word {
        "same" => Rule::Same,
        "days-to-seconds" => Rule::DaysToSeconds,
        "warnings-to-verbosity" => Rule::WarningsToVerbosity,
        "plugin-to-policy" => Rule::PluginToPolicy,
        "file-to-capacity" => Rule::FileToCapacity,
        _ => return None,
    })
}

/// Rows below the heading, without comments. The last field may hold commas.
fn rows<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1);
    lines.filter_map(|line| line.splitn(N, ',').collect::<Vec<_>>().try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> usize {
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count() - 1
    }

    #[test]
    fn every_row_of_every_table_is_read() {
        assert_eq!(RENAMED.len(), lines(include_str!("renamed.csv")));
        assert_eq!(REMOVED.len(), lines(include_str!("removed.csv")));
        assert_eq!(GONE_MODES.len(), lines(include_str!("sql_modes.csv")));
        assert_eq!(NEW_DEFAULTS.len(), lines(include_str!("defaults.csv")));
        for row in REMOVED.iter() {
            assert!(!row.why.is_empty() && version(&row.since[..3]).is_some(), "{row:?}");
        }
    }

    #[test]
    fn no_rename_leads_back() {
        for row in RENAMED.iter() {
            assert!(RENAMED.iter().all(|other| other.old != row.new), "{} → {} → …", row.old, row.new);
        }
    }

    #[test]
    fn families_tell_their_version() {
        assert_eq!(family_version("aurora-mysql5.7"), (5, 7));
        assert_eq!(family_version("mysql8.4"), (8, 4));
        assert_eq!(family_version("mariadb"), (0, 0));
    }
}
