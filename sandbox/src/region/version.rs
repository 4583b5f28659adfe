//! The engine versions on offer, their families, and which upgrades are valid.

use std::sync::LazyLock;

use serde::Serialize;

use super::csv;

/// One row of DescribeDBEngineVersions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EngineVersion {
    /// `aurora-mysql` or `mysql`.
    pub engine: String,
    /// In full, as `8.0.mysql_aurora.3.08.2`.
    pub version: String,
    /// The parameter group family.
    pub family: String,
    /// What `@@version` says on such a server.
    pub server: String,
    /// True for the version a bare `8.0` stands for.
    pub default: bool,
}

/// One row of ValidUpgradeTarget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpgradeTarget {
    pub engine: String,
    pub version: String,
    pub major: bool,
}

/// Oldest first, engine by engine.
pub fn all() -> &'static [EngineVersion] {
    static ALL: LazyLock<Vec<EngineVersion>> =
        LazyLock::new(|| csv::rows(include_str!("versions.csv")).filter_map(read).collect());
    &ALL
}

fn read(row: Vec<String>) -> Option<EngineVersion> {
    let [engine, version, family, server, default] = row.try_into().ok()?;
    Some(EngineVersion { engine, version, family, server, default: !default.is_empty() })
}

/// The version a user's text stands for: itself, the default of its family (`8.0`), or the newest of its line (`8.0.mysql_aurora.3.08`).
pub fn resolve(engine: &str, text: &str) -> Option<EngineVersion> {
    let line = format!("{text}.");
    let mut found: Vec<EngineVersion> = all()
        .iter()
        .filter(|v| v.engine == engine && (v.version == text || v.version.starts_with(&line)))
        .cloned()
        .collect();
    let best = found.iter().position(|v| v.version == text).or_else(|| found.iter().position(|v| v.default));
    match best {
        Some(index) => Some(found.swap_remove(index)),
        None => found.pop(),
    }
}

impl EngineVersion {
    /// `5.7`, `8.0`, `8.4`.
    pub fn major(&self) -> &str {
        self.family.trim_start_matches("aurora-").trim_start_matches("mysql")
    }

    /// Later versions of the same family, and all of the next family.
    pub fn targets(&self) -> Vec<UpgradeTarget> {
        let all = all();
        let Some(own) = all.iter().position(|v| v == self) else { return Vec::new() };
        let next = match self.major() {
            "5.7" => "8.0",
            _ => "8.4",
        };
        all.iter()
            .skip(own + 1)
            .filter(|v| v.engine == self.engine && (v.major() == self.major() || v.major() == next))
            .map(|v| UpgradeTarget {
                engine: v.engine.clone(),
                version: v.version.clone(),
                major: v.major() != self.major(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_version_stands_for_a_full_one() {
        let version = |engine, text| resolve(engine, text).map(|v| v.version);
        assert_eq!(version("mysql", "8.0").as_deref(), Some("8.0.42"));
        assert_eq!(version("mysql", "8.0.15").as_deref(), Some("8.0.15"));
        assert_eq!(version("aurora-mysql", "8.0.mysql_aurora.3.10").as_deref(), Some("8.0.mysql_aurora.3.10.1"));
        assert_eq!(version("mysql", "8.0.1"), None);
        assert_eq!(version("mysql", "9.9"), None);
    }

    #[test]
    fn a_major_upgrade_goes_one_family_up() {
        let old = resolve("aurora-mysql", "5.7.mysql_aurora.2.11.2").unwrap();
        let targets = old.targets();
        assert!(targets.iter().any(|t| t.version == "8.0.mysql_aurora.3.08.2" && t.major));
        assert!(targets.iter().any(|t| t.version == "5.7.mysql_aurora.2.12.5" && !t.major));
        assert!(targets.iter().all(|t| !t.version.starts_with("8.4") && t.engine == "aurora-mysql"));
    }
}
