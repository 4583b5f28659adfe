//! Which parameter group green gets at each level.

use crate::port::rds::{GroupRef, Level};

/// A group green is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub group: GroupRef,
    /// Blue's group at the same level.
    pub from: GroupRef,
    /// Named by the playbook: it exists already and is only completed.
    pub named: bool,
}

/// The groups of green: the one at the database's level always, the instances' one of an Aurora cluster where blue
/// has one of its own.
///
/// `blue` are blue's groups, the database's level first; `named` what the playbook names for them; `run` makes our own
/// names unique.
pub fn wanted(blue: &[GroupRef], named: &[Option<String>], deployment: &str, family: &str, run: &str) -> Vec<Wanted> {
    let mut all = Vec::new();
    for (place, from) in blue.iter().enumerate() {
        let name = named.get(place).cloned().flatten();
        if place > 0 && name.is_none() && from.name.starts_with("default.") {
            continue;
        }
        let group = GroupRef {
            level: from.level,
            name: name.clone().unwrap_or_else(|| own(from.level, deployment, family, run)),
        };
        all.push(Wanted { group, from: from.clone(), named: name.is_some() });
    }
    all
}

/// Group names are lower-case letters, digits and hyphens, and begin with a letter.
fn own(level: Level, deployment: &str, family: &str, run: &str) -> String {
    let family = family.replace(['.', '_'], "-");
    let tail = &run[run.len().saturating_sub(8)..];
    let level = match level {
        Level::Cluster => "cluster",
        Level::Instance => "instance",
    };
    format!("upgrade-{deployment}-{family}-{level}-{tail}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(level: Level, name: &str) -> GroupRef {
        GroupRef { level, name: name.to_owned() }
    }

    #[test]
    fn an_instance_group_is_made_only_where_blue_has_its_own() {
        let blue = [group(Level::Cluster, "orders57"), group(Level::Instance, "default.aurora-mysql5.7")];
        let all = wanted(&blue, &[None, None], "orders-80", "aurora-mysql8.0", "0192-abcdef0123456789");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].group.name, "upgrade-orders-80-aurora-mysql8-0-cluster-23456789");
    }

    #[test]
    fn a_named_group_is_taken_as_it_is() {
        let blue = [group(Level::Instance, "default.mysql5.7")];
        let all = wanted(&blue, &[Some("ours".to_owned())], "orders-80", "mysql8.0", "0192-abcdef0123456789");
        assert_eq!(all[0].group.name, "ours");
        assert!(all[0].named);
    }
}
