//! Whether a server runs with what its group says: RDS's `in-sync` tells of the group, not of the server.

use std::collections::BTreeMap;

use super::value::{flag, is_formula, same_value};
use crate::port::rds::Setting;

/// A variable that runs with another value than was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differs {
    /// As `SHOW GLOBAL VARIABLES` names it.
    pub name: String,
    pub set: String,
    pub running: String,
}

/// Servers round sizes to blocks of at most so many bytes.
const BLOCK: u128 = 4096;

/// What of `set` does not run so. Formulas, and what the server has no variable for, are not compared.
pub fn differences(set: &[Setting], running: &BTreeMap<String, String>) -> Vec<Differs> {
    let differs = |setting: &Setting| {
        let name = setting.name.to_ascii_lowercase().replace('-', "_");
        let value = running.get(&name).filter(|_| !is_formula(&setting.value))?;
        (!runs(&setting.value, value)).then(|| Differs { name, set: setting.value.clone(), running: value.clone() })
    };
    set.iter().filter_map(differs).collect()
}

fn runs(set: &str, running: &str) -> bool {
    if same_value(set, running) {
        return true;
    }
    if let (Some(set), Some(running)) = (size(set), size(running)) {
        return set == running || (running >= BLOCK && set.abs_diff(running) < BLOCK && running % 1024 == 0);
    }
    // `optimizer_switch` and its like: what is set is a part of what runs.
    let part = |item: &str| {
        item.contains('=') && running.split(',').any(|other| switch(item).is_some_and(|one| switch(other) == Some(one)))
    };
    set.contains('=') && set.split(',').all(part)
}

fn switch(item: &str) -> Option<(String, bool)> {
    let (name, value) = item.trim().split_once('=')?;
    Some((name.trim().to_ascii_lowercase(), flag(value.trim())?))
}

/// A whole number, with `K`, `M`, `G` or `T` behind it.
fn size(text: &str) -> Option<u128> {
    let text = text.trim();
    let (digits, unit) = match text.char_indices().next_back()? {
        (at, 'k' | 'K') => (&text[..at], 1 << 10),
        (at, 'm' | 'M') => (&text[..at], 1 << 20),
        (at, 'g' | 'G') => (&text[..at], 1 << 30),
        (at, 't' | 'T') => (&text[..at], 1_u128 << 40),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok().map(|number| u128::from(number) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_by_what_they_mean() {
        for (set, running) in [
            ("1", "ON"),
            ("row", "ROW"),
            ("2", "2.000000"),
            ("16M", "16777216"),
            ("18446744073709551615", "18446744073709551615"),
            ("100000", "98304"),
            ("index_merge=off", "index_merge=off,mrr=on"),
            ("STRICT_TRANS_TABLES,ANSI_QUOTES", "ANSI_QUOTES,STRICT_TRANS_TABLES"),
        ] {
            assert!(runs(set, running), "{set} and {running}");
        }
        for (set, running) in [("ROW", "MIXED"), ("1", "OFF"), ("16M", "8388608"), ("2", "1"), ("mrr=off", "mrr=on")] {
            assert!(!runs(set, running), "{set} and {running}");
        }
    }

    #[test]
    fn what_is_no_variable_or_a_formula_is_not_compared() {
        let set = |name: &str, value: &str| Setting { name: name.into(), value: value.into(), pending_reboot: true };
        let running = [("gtid_mode", "OFF"), ("max_connections", "90"), ("wait_timeout", "60")];
        let running = running.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let all = [
            set("gtid-mode", "ON"),
            set("max_connections", "{DBInstanceClassMemory/12582880}"),
            set("aws_default_s3_role", "arn:role"),
            set("wait_timeout", "60"),
        ];
        let found = differences(&all, &running);
        assert_eq!(found, [Differs { name: "gtid_mode".into(), set: "ON".into(), running: "OFF".into() }]);
    }
}
