//! Which of blue's user-set parameters the target family takes, and why it does not take the others.

use serde::{Deserialize, Serialize};

use crate::port::rds::{Parameter, Setting};

/// What is carried over and what is left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    pub carried: Vec<Setting>,
    pub left: Vec<Left>,
}

/// A parameter that is not carried over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    pub name: String,
    pub value: String,
    pub why: String,
}

/// Maps blue's user-set parameters onto what the target family knows.
pub fn map(blue: &[Parameter], family: &[Parameter]) -> Mapping {
    let mut mapping = Mapping::default();
    for parameter in blue.iter().filter(|parameter| parameter.source == "user") {
        let Some(value) = &parameter.value else { continue };
        let known = family.iter().find(|known| same_name(&known.name, &parameter.name));
        match known
            .ok_or_else(|| "the target family does not have it".to_owned())
            .and_then(|known| fits(known, value).map(|()| known))
        {
            Ok(known) => mapping.carried.push(setting(known, value)),
            Err(why) => mapping.left.push(Left { name: parameter.name.clone(), value: value.clone(), why }),
        }
    }
    mapping
}

const AT_CREATION: [&str; 3] = ["lower_case_table_names", "gtid_mode", "enforce_gtid_consistency"];

/// What must be right when green is created: without a binary log in ROW format the switchover works and the
/// coordinates never come; the case of table names cannot be changed later; and where blue has GTID on, a green without it
/// cannot follow.
pub fn at_creation(mapping: &Mapping, family: &[Parameter]) -> Vec<Setting> {
    let carried = mapping.carried.iter();
    let mut settings: Vec<Setting> =
        carried.filter(|setting| AT_CREATION.iter().any(|name| same_name(name, &setting.name))).cloned().collect();
    if let Some(format) = family.iter().find(|parameter| parameter.name == "binlog_format" && parameter.modifiable) {
        settings.push(setting(format, "ROW"));
    }
    settings
}

/// The settings of `wanted` that `present` does not show yet.
pub fn missing(wanted: &[Setting], present: &[Parameter]) -> Vec<Setting> {
    let shows = |setting: &&Setting| {
        present.iter().any(|parameter| {
            parameter.name == setting.name
                && parameter.value.as_deref().is_some_and(|value| same_value(value, &setting.value))
        })
    };
    wanted.iter().filter(|setting| !shows(setting)).cloned().collect()
}

/// RDS spells some names with a hyphen in one family and an underscore in another.
fn same_name(one: &str, other: &str) -> bool {
    one.replace('-', "_") == other.replace('-', "_")
}

fn same_value(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

fn setting(known: &Parameter, value: &str) -> Setting {
    Setting { name: known.name.clone(), value: value.to_owned(), pending_reboot: known.apply_type != "dynamic" }
}

fn fits(known: &Parameter, value: &str) -> Result<(), String> {
    if !known.modifiable {
        return Err("it cannot be changed in the target family".to_owned());
    }
    let Some(allowed) = &known.allowed_values else { return Ok(()) };
    if value.contains('{') || value.contains('(') || allows(allowed, value) {
        return Ok(());
    }
    Err(format!("the target family allows {allowed}"))
}

/// `AllowedValues` is a list, or ranges, or a mix: `ROW,STATEMENT`, `1-65535`, `0,1`, `-1-10`.
fn allows(allowed: &str, value: &str) -> bool {
    if allowed.trim().is_empty() {
        return true;
    }
    let single =
        |value: &str| allowed.split(',').any(|item| same_value(item, value) || in_range(item.trim(), value.trim()));
    single(value) || (value.contains(',') && value.split(',').all(single))
}

fn in_range(item: &str, value: &str) -> bool {
    let Ok(value) = value.parse::<f64>() else { return false };
    let split = item.char_indices().skip(1).find(|(_, c)| *c == '-').map(|(at, _)| at);
    let Some((low, high)) = split.map(|at| (&item[..at], &item[at + 1..])) else { return false };
    match (low.parse::<f64>(), high.parse::<f64>()) {
        (Ok(low), Ok(high)) => low <= value && value <= high,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, value: Option<&str>, allowed: Option<&str>) -> Parameter {
        Parameter {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            source: "user".to_owned(),
            apply_type: "dynamic".to_owned(),
            data_type: "string".to_owned(),
            allowed_values: allowed.map(str::to_owned),
            modifiable: true,
        }
    }

    #[test]
    fn what_the_family_lacks_or_refuses_is_left_with_the_reason() {
        let blue = [
            parameter("query_cache_size", Some("1048576"), None),
            parameter("long_query_time", Some("2"), None),
            parameter("max_connections", Some("{DBInstanceClassMemory/12582880}"), None),
            parameter("binlog_row_image", Some("NOBLOB"), None),
        ];
        let family = [
            parameter("long_query_time", None, Some("0-31536000")),
            parameter("max_connections", None, Some("1-16000")),
            parameter("binlog_row_image", None, Some("full,minimal")),
        ];
        let mapping = map(&blue, &family);
        let carried: Vec<_> = mapping.carried.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!(carried, ["long_query_time", "max_connections"]);
        assert_eq!(mapping.left[0].why, "the target family does not have it");
        assert_eq!(mapping.left[1].why, "the target family allows full,minimal");
    }

    #[test]
    fn ranges_may_begin_below_zero() {
        assert!(allows("-1-10", "-1"));
        assert!(allows("-1-10", "10"));
        assert!(!allows("-1-10", "11"));
        assert!(allows("0,1", "1"));
        assert!(allows("STRICT_TRANS_TABLES,NO_ZERO_DATE", "NO_ZERO_DATE,STRICT_TRANS_TABLES"));
    }

    #[test]
    fn a_hyphen_and_an_underscore_are_the_same_name() {
        let mapping = map(&[parameter("gtid-mode", Some("ON"), None)], &[parameter("gtid_mode", None, Some("ON,OFF"))]);
        assert_eq!(mapping.carried[0].name, "gtid_mode");
    }

    #[test]
    fn only_what_does_not_show_yet_is_sent() {
        let wanted = [
            Setting { name: "a".to_owned(), value: "1".to_owned(), pending_reboot: false },
            Setting { name: "b".to_owned(), value: "row".to_owned(), pending_reboot: true },
        ];
        let missing = missing(&wanted, &[parameter("b", Some("ROW"), None)]);
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].name, "a");
    }
}
