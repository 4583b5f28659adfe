//! Whether the mysql-cdc connector can do what the target and the mode need.

use super::{Consequence, Finding, Inventory, error, ours, warning, with};

const QUERY: &str = "GET /jobmanager/environment";
const OBJECT: &str = "flink-sql-connector-mysql-cdc";

type Version = (u32, u32, u32);

/// First releases that can: start at a position; keep gaps of a GTID set over a restart; read MySQL 8.4.
const POSITIONS: Version = (2, 3, 0);
const GTIDS: Version = (3, 5, 0);
const MYSQL_84: Version = (3, 6, 0);

pub(super) fn check(seen: &Inventory, findings: &mut Vec<Finding>) {
    // That it was not told is said elsewhere.
    let Some(classpath) = &seen.classpath else { return };
    let mut versions: Vec<Version> = classpath.iter().filter_map(|entry| version(entry)).collect();
    versions.sort_unstable();
    versions.dedup();
    let Some(oldest) = versions.first().copied() else {
        let text = "The class path names no jar of the connector whose version could be read, so it is not known \
                    whether it can read the target";
        let fix = format!(
            "See that the jar the jobs run with is {} or later{}",
            shown(needed(seen).0),
            needed(seen).1.map(|why| format!(" ({why})")).unwrap_or_default()
        );
        findings.push(with(warning(&ours::CONNECTOR_VERSION, Consequence::BrokenAfterwards, OBJECT, text), fix, QUERY));
        return;
    };
    if versions.len() > 1 {
        let all: Vec<String> = versions.iter().map(|version| shown(*version)).collect();
        let text = format!("The class path has several versions of it: {}; any one may be loaded", all.join(", "));
        let fix = "Leave one of them in Flink's lib folder and restart the cluster";
        findings.push(with(warning(&ours::CONNECTOR_VERSION, Consequence::SilentUntilUsed, OBJECT, text), fix, QUERY));
    }
    let (least, why) = needed(seen);
    if oldest < least {
        let why = why.unwrap_or("earlier ones cannot start at a position");
        let text = format!("It is {}, and {} is the first that can: {why}", shown(oldest), shown(least));
        let fix = format!("Put version {} or later into Flink's lib folder and restart the jobs with it", shown(least));
        findings.push(with(error(&ours::CONNECTOR_VERSION, OBJECT, text), fix, QUERY));
    }
}

/// The least version, and why where that is not only to start at a position.
fn needed(seen: &Inventory) -> (Version, Option<&'static str>) {
    if target(&seen.target_version) >= (8, 4) {
        return (MYSQL_84, Some("8.4 has renamed what earlier ones ask of the server"));
    }
    if seen.server.as_ref().is_some_and(|server| server.gtid_mode.eq_ignore_ascii_case("ON")) {
        return (GTIDS, Some("with gtid_mode ON earlier ones can lose transactions in the gaps of a set"));
    }
    (POSITIONS, None)
}

/// `8.4.mysql_aurora.…` and `8.4.3` as (8, 4).
fn target(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The version in the name of the connector's jar.
fn version(entry: &str) -> Option<Version> {
    let name = entry.rsplit(['/', '\\']).next()?;
    let rest = ["flink-sql-connector-mysql-cdc-", "flink-connector-mysql-cdc-"]
        .iter()
        .find_map(|begin| name.strip_prefix(begin))?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
    let mut numbers = rest[..end].trim_end_matches('.').split('.');
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?, number().unwrap_or(0)))
}

fn shown((major, minor, patch): Version) -> String {
    format!("{major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        assert_eq!(version("/opt/flink/lib/flink-sql-connector-mysql-cdc-3.5.0.jar"), Some((3, 5, 0)));
        assert_eq!(version("flink-connector-mysql-cdc-3.6.0-1.20.jar"), Some((3, 6, 0)));
        assert_eq!(version("flink-sql-connector-mysql-cdc-2.4.jar"), Some((2, 4, 0)));
        assert_eq!(version("/lib/flink-sql-connector-mysql-cdc.jar"), None);
        assert_eq!(version("/lib/flink-connector-jdbc-3.3.0-1.20.jar"), None);
    }

    #[test]
    fn targets_are_compared_by_their_first_two_numbers() {
        assert_eq!(target("8.0.mysql_aurora.3.08.2"), (8, 0));
        assert_eq!(target("8.4.mysql_aurora.8.4.7"), (8, 4));
        assert_eq!(target("8.4.3"), (8, 4));
    }
}
