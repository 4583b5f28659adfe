//! What each parameter group family knows: names, defaults, allowed values, whether a change needs a reboot.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::csv;

/// The families on offer.
pub const FAMILIES: [&str; 6] =
    ["aurora-mysql5.7", "aurora-mysql8.0", "aurora-mysql8.4", "mysql5.7", "mysql8.0", "mysql8.4"];

/// The level of a parameter group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Cluster,
    Instance,
}

/// One parameter as a family defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    /// False: a change takes effect at the next reboot.
    pub dynamic: bool,
    /// `string`, `integer`, `boolean`, `list`, `float`.
    pub data_type: String,
    pub modifiable: bool,
    /// Who sets the default: `engine-default` or `system`.
    pub source: String,
    /// `ROW,MIXED` or `1-65535`; absent where anything goes.
    pub allowed: Option<String>,
    /// Absent where the engine's own default holds.
    pub default: Option<String>,
}

struct Row {
    families: Vec<&'static str>,
    level: String,
    definition: Definition,
}

static ROWS: LazyLock<Vec<Row>> =
    LazyLock::new(|| csv::rows(include_str!("parameters.csv")).filter_map(read).collect());

fn read(row: Vec<String>) -> Option<Row> {
    let [name, families, level, apply, data_type, modifiable, source, allowed, default] = row.try_into().ok()?;
    let families = families.split(' ').filter_map(family_of).collect();
    let definition = Definition {
        name,
        dynamic: apply == "dynamic",
        data_type,
        modifiable: modifiable == "yes",
        source,
        allowed: Some(allowed).filter(|text| !text.is_empty()),
        default: Some(default).filter(|text| !text.is_empty()),
    };
    Some(Row { families, level, definition })
}

/// `a57` is `aurora-mysql5.7`, `m80` is `mysql8.0`.
fn family_of(short: &str) -> Option<&'static str> {
    let place = ["a57", "a80", "a84", "m57", "m80", "m84"].iter().position(|known| *known == short)?;
    Some(FAMILIES[place])
}

/// Every parameter of a family at a level, by name. RDS families have no cluster level.
pub fn definitions(family: &str, level: Level) -> Vec<&'static Definition> {
    let aurora = family.starts_with("aurora-");
    let held = |row: &&Row| match level {
        Level::Cluster => aurora && row.level != "instance",
        Level::Instance => !aurora || row.level != "cluster",
    };
    ROWS.iter().filter(|row| row.families.contains(&family)).filter(held).map(|row| &row.definition).collect()
}

/// One parameter of a family at a level.
pub fn definition(family: &str, level: Level, name: &str) -> Option<&'static Definition> {
    definitions(family, level).into_iter().find(|definition| definition.name == name)
}

/// The default of a parameter in a family, whichever level it stands on.
pub fn default_of(family: &str, name: &str) -> Option<&'static str> {
    ROWS.iter()
        .find(|row| row.families.contains(&family) && row.definition.name == name)
        .and_then(|row| row.definition.default.as_deref())
}

impl Definition {
    /// Whether RDS takes this value. Formulas are taken unread.
    pub fn allows(&self, value: &str) -> bool {
        let Some(allowed) = &self.allowed else { return true };
        if value.contains('{') && self.data_type == "integer" {
            return true;
        }
        let listed = |one: &str| allowed.split(',').any(|known| known.eq_ignore_ascii_case(one));
        match self.data_type.as_str() {
            "integer" | "float" if !listed(value) => in_range(value, allowed),
            "list" => value.split(',').all(|one| one.is_empty() || listed(one)),
            _ => listed(value),
        }
    }
}

fn in_range(value: &str, allowed: &str) -> bool {
    let Some((low, high)) = allowed.rsplit_once('-') else { return false };
    let (Ok(value), Ok(low), Ok(high)) = (value.parse::<f64>(), low.parse::<f64>(), high.parse::<f64>()) else {
        return false;
    };
    (low..=high).contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_readable_and_every_family_is_filled() {
        assert_eq!(ROWS.len(), include_str!("parameters.csv").lines().count() - 1);
        for family in FAMILIES {
            assert!(definitions(family, Level::Instance).len() >= 60, "{family}");
        }
        assert!(definitions("mysql8.0", Level::Cluster).is_empty());
    }

    #[test]
    fn defaults_are_allowed() {
        for row in ROWS.iter() {
            let definition = &row.definition;
            let formula = |text: &str| text.contains('{');
            if let Some(default) = definition.default.as_deref().filter(|text| !formula(text)) {
                assert!(definition.allows(default), "{} = {default}", definition.name);
            }
        }
    }

    #[test]
    fn families_differ_where_it_matters() {
        let aurora = definition("aurora-mysql8.0", Level::Cluster, "binlog_format").unwrap();
        assert_eq!((aurora.default.as_deref(), aurora.dynamic), (Some("OFF"), false));
        assert!(definition("aurora-mysql8.0", Level::Cluster, "tx_isolation").is_none());
        assert!(definition("mysql5.7", Level::Instance, "tx_isolation").is_some());
        assert!(!aurora.allows("SOMETIMES"));
        assert!(definition("mysql8.0", Level::Instance, "wait_timeout").unwrap().allows("600"));
        assert!(!definition("mysql8.0", Level::Instance, "wait_timeout").unwrap().allows("0"));
    }
}
