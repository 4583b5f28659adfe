//! Parameter groups: their values, and who uses them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Region;
use super::catalogue::{self, Level};
use super::error::ApiError;
use super::event::SourceType;
use super::resource::Tags;
use super::work::Millis;

/// A parameter group of either level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    pub level: Level,
    /// In lower case.
    pub name: String,
    pub family: String,
    pub description: String,
    /// What a user has set.
    pub values: BTreeMap<String, String>,
    pub tags: Tags,
    /// Changes are refused until then.
    pub(super) busy_until: Millis,
}

impl Group {
    pub fn default_name(family: &str) -> String {
        format!("default.{family}")
    }

    pub fn is_default(&self) -> bool {
        self.name.starts_with("default.")
    }

    fn new(level: Level, name: &str, family: &str, description: &str, tags: Tags) -> Self {
        Self {
            level,
            name: name.to_lowercase(),
            family: family.to_owned(),
            description: description.to_owned(),
            values: BTreeMap::new(),
            tags,
            busy_until: 0,
        }
    }

    /// The groups every account has.
    pub(super) fn defaults() -> BTreeMap<(Level, String), Self> {
        let mut groups = BTreeMap::new();
        for family in catalogue::FAMILIES {
            let name = Self::default_name(family);
            let description = format!("Default parameter group for {family}");
            for level in [Level::Cluster, Level::Instance] {
                if level == Level::Instance || family.starts_with("aurora-") {
                    let group = Self::new(level, &name, family, &description, Tags::new());
                    groups.insert((level, name.clone()), group);
                }
            }
        }
        groups
    }
}

/// Letters, digits and single hyphens, beginning with a letter.
fn is_identifier(name: &str) -> bool {
    name.len() <= 255
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        && !name.contains("--")
        && !name.ends_with('-')
}

impl Region {
    pub(super) fn group(&self, level: Level, name: &str) -> Result<&Group, ApiError> {
        self.groups.get(&(level, name.to_lowercase())).ok_or_else(|| ApiError::no_group(name))
    }

    pub(super) fn group_mut(&mut self, level: Level, name: &str) -> Result<&mut Group, ApiError> {
        self.groups.get_mut(&(level, name.to_lowercase())).ok_or_else(|| ApiError::no_group(name))
    }

    /// The group, if it fits an engine of this family.
    pub(super) fn group_of_family(&self, level: Level, name: &str, family: &str) -> Result<&Group, ApiError> {
        let found = self.group(level, name);
        let group = match level {
            Level::Cluster => found.map_err(|_| ApiError::no_cluster_group(name))?,
            Level::Instance => found?,
        };
        if group.family == family {
            return Ok(group);
        }
        Err(ApiError::invalid_combination(format!(
            "The parameter group {} with DBParameterGroupFamily {} can't be used for this instance. \
             Use a parameter group with DBParameterGroupFamily {family}.",
            group.name, group.family
        )))
    }

    pub(super) fn create_group(
        &mut self,
        level: Level,
        name: &str,
        family: &str,
        description: &str,
        tags: Tags,
    ) -> Result<Group, ApiError> {
        if !is_identifier(name) {
            return Err(ApiError::invalid_value(format!(
                "The parameter group name {name} is not a valid identifier. Identifiers must begin with a letter; must contain \
                 only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
            )));
        }
        let known = self.groups.contains_key(&(level, Group::default_name(family)));
        if !known {
            return Err(ApiError::invalid_value(format!(
                "ParameterGroupFamily {family} is not a valid parameter group family"
            )));
        }
        let group = Group::new(level, name, family, description, tags);
        let key = (level, group.name.clone());
        if self.groups.contains_key(&key) {
            let message = format!("Parameter group {} already exists", group.name);
            return Err(ApiError::new("DBParameterGroupAlreadyExists", 400, message));
        }
        self.groups.insert(key, group.clone());
        Ok(group)
    }

    pub(super) fn delete_group(&mut self, level: Level, name: &str) -> Result<(), ApiError> {
        let group = self.group(level, name)?;
        if group.is_default() {
            return Err(ApiError::group_state("Default parameter groups cannot be deleted."));
        }
        let name = group.name.clone();
        if !self.users_of(level, &name).is_empty() || self.is_planned_for_green(level, &name) {
            return Err(ApiError::group_state(
                "One or more database instances are still members of this parameter group.",
            ));
        }
        self.groups.remove(&(level, name));
        Ok(())
    }

    /// The resource ids of all instances that run with this group.
    pub(super) fn users_of(&self, level: Level, name: &str) -> Vec<String> {
        let uses = |instance: &&super::Instance| match level {
            Level::Instance => instance.parameter_group == name,
            Level::Cluster => instance
                .cluster
                .as_ref()
                .and_then(|id| self.clusters.get(id))
                .is_some_and(|cluster| cluster.parameter_group == name),
        };
        self.instances.values().filter(uses).map(|instance| instance.resource_id.clone()).collect()
    }

    pub(super) fn group_arn(&self, level: Level, name: &str) -> String {
        self.arn(if level == Level::Cluster { "cluster-pg" } else { "pg" }, name)
    }

    pub(super) fn say_group_changed(&mut self, level: Level, name: &str, parameter: &str, value: &str, method: &str) {
        let source = match level {
            Level::Cluster => SourceType::DbClusterParameterGroup,
            Level::Instance => SourceType::DbParameterGroup,
        };
        let message = format!("Updated parameter {parameter} to {value} with apply method {method}");
        self.say(source, name, "configuration change", message);
    }
}
