//! Values that are written otherwise in a later version.

use super::{
    mapping::same_name,
    renamed::{GONE_MODES, Rule, Version},
    value::is_formula,
};

/// A value with the same meaning, and what was done to it where that is not obvious.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) value: String,
    pub(super) why: Option<String>,
}

impl Translated {
    fn same(value: &str) -> Self {
        Self { value: value.to_owned(), why: None }
    }
}

/// The value under a new name; an error says why there is none. `files` is how many redo log files blue has.
pub(super) fn by_rule(rule: Rule, value: &str, files: u64) -> Result<Translated, String> {
    if rule == Rule::Same {
        return Ok(Translated::same(value));
    }
    if is_formula(value) {
        return Err("a formula cannot be written in the unit of the new name".to_owned());
    }
    let number = || value.trim().parse::<u64>().map_err(|_| format!("a number was expected, not {value}"));
    let told = |value: String, why: &str| Translated { value, why: Some(why.to_owned()) };
    Ok(match rule {
        Rule::Same => Translated::same(value),
        Rule::DaysToSeconds => told(number()?.saturating_mul(86_400).to_string(), "days are seconds"),
        Rule::WarningsToVerbosity => {
            told((number()?.min(2) + 1).to_string(), "0, 1 and 2 of log_warnings are 1, 2 and 3 of log_error_verbosity")
        }
        Rule::PluginToPolicy => {
            told(format!("*:{}", value.trim()), "the same plugin by default, and any other allowed")
        }
        Rule::FileToCapacity => told(
            number()?.saturating_mul(files).to_string(),
            "the size of one redo log file is that of all of them together",
        ),
    })
}

/// The value of a variable whose words have changed between two versions.
pub(super) fn words(name: &str, value: &str, from: Version, to: Version) -> Result<Translated, String> {
    if !same_name(name, "sql_mode") || is_formula(value) {
        return Ok(Translated::same(value));
    }
    let mut modes: Vec<&str> = Vec::new();
    let mut gone: Vec<&str> = Vec::new();
    let mut add = |mode| {
        if !modes.iter().any(|known: &&str| known.eq_ignore_ascii_case(mode)) {
            modes.push(mode);
        }
    };
    for mode in value.split(',').map(str::trim).filter(|mode| !mode.is_empty()) {
        let row =
            GONE_MODES.iter().find(|row| from < row.since && row.since <= to && row.mode.eq_ignore_ascii_case(mode));
        match row {
            Some(row) => {
                gone.push(mode);
                row.stands_for.iter().copied().for_each(&mut add);
            }
            None => add(mode),
        }
    }
    if gone.is_empty() {
        return Ok(Translated::same(value));
    }
    let why = format!("{} {} gone", gone.join(", "), if gone.len() == 1 { "is" } else { "are" });
    if modes.is_empty() {
        return Err(format!("{why}, and no mode is left; RDS takes no empty value"));
    }
    Ok(Translated { value: modes.join(","), why: Some(why) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(rule: Rule, value: &str) -> Result<String, String> {
        by_rule(rule, value, 2).map(|done| done.value)
    }

    #[test]
    fn units_and_scales_change_with_the_name() {
        assert_eq!(by(Rule::DaysToSeconds, "7").unwrap(), "604800");
        assert_eq!(["0", "1", "2", "9"].map(|n| by(Rule::WarningsToVerbosity, n).unwrap()), ["1", "2", "3", "3"]);
        assert_eq!(by(Rule::PluginToPolicy, "mysql_native_password").unwrap(), "*:mysql_native_password");
        assert_eq!(by(Rule::FileToCapacity, "134217728").unwrap(), "268435456");
        assert!(by(Rule::DaysToSeconds, "{Days}").unwrap_err().contains("formula"));
        assert!(by(Rule::DaysToSeconds, "week").unwrap_err().contains("not week"));
    }

    #[test]
    fn modes_that_are_gone_leave_what_they_stood_for() {
        let of = |value| words("sql_mode", value, (5, 7), (8, 0)).map(|done| done.value);
        assert_eq!(of("STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER").unwrap(), "STRICT_TRANS_TABLES");
        assert_eq!(of("ansi_quotes,ORACLE").unwrap(), "ansi_quotes,PIPES_AS_CONCAT,IGNORE_SPACE");
        assert!(of("NO_AUTO_CREATE_USER").unwrap_err().contains("no mode is left"));
        let same = words("sql_mode", "ORACLE", (8, 0), (8, 4)).unwrap();
        assert_eq!(same, Translated { value: "ORACLE".to_owned(), why: None }, "told where it happened");
    }
}
