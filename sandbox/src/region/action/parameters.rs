//! Parameters of groups and families, as the API shows and changes them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Filter, check_filters};
use crate::region::Region;
use crate::region::call::{Action, Call};
use crate::region::catalogue::{self, Definition, FAMILIES, Level};
use crate::region::error::ApiError;
use crate::region::fault::Mishap;
use crate::region::page::{Page, Paging};

/// RDS takes no more changes in one call.
const MOST: usize = 20;

/// A row of the four actions that list parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParameterShown {
    pub name: String,
    /// Absent: the engine's default.
    pub value: Option<String>,
    /// `user`, `system`, `engine-default`.
    pub source: String,
    /// `static` or `dynamic`.
    pub apply_type: &'static str,
    pub data_type: String,
    pub allowed: Option<String>,
    pub modifiable: bool,
    /// `immediate` or `pending-reboot`.
    pub apply_method: &'static str,
}

/// One change of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub name: String,
    pub value: String,
    /// `immediate` or `pending-reboot`.
    pub apply_method: String,
}

fn show(definition: &Definition, set: Option<&String>) -> ParameterShown {
    ParameterShown {
        name: definition.name.clone(),
        value: set.or(definition.default.as_ref()).cloned(),
        source: if set.is_some() { "user".to_owned() } else { definition.source.clone() },
        apply_type: if definition.dynamic { "dynamic" } else { "static" },
        data_type: definition.data_type.clone(),
        allowed: definition.allowed.clone(),
        modifiable: definition.modifiable,
        apply_method: "pending-reboot",
    }
}

fn defaults(level: Level, family: &str, filters: &[Filter], paging: &Paging) -> Result<Page<ParameterShown>, ApiError> {
    check_filters(filters, &["parameter-name"])?;
    let aurora = family.starts_with("aurora-");
    if !FAMILIES.contains(&family) || (level == Level::Cluster && !aurora) {
        return Err(ApiError::invalid_value(format!(
            "ParameterGroupFamily {family} is not a valid parameter group family"
        )));
    }
    let wanted = |definition: &&&Definition| filters.iter().all(|filter| filter.has(&definition.name));
    let definitions = catalogue::definitions(family, level);
    paging.of(definitions.iter().filter(wanted).map(|definition| show(definition, None)).collect())
}

impl Region {
    fn parameters(
        &self,
        level: Level,
        name: &str,
        source: Option<&str>,
        filters: &[Filter],
        paging: &Paging,
    ) -> Result<Page<ParameterShown>, ApiError> {
        check_filters(filters, &["parameter-name"])?;
        if let Some(unknown) = source.filter(|source| !["user", "system", "engine-default"].contains(source)) {
            return Err(ApiError::invalid_value(format!(
                "The parameter Source must be user, system or engine-default, not {unknown}"
            )));
        }
        let group = self.group(level, name)?;
        let shown = catalogue::definitions(&group.family, level)
            .into_iter()
            .map(|definition| show(definition, group.values.get(&definition.name)))
            .filter(|shown| source.is_none_or(|source| source == shown.source))
            .filter(|shown| filters.iter().all(|filter| filter.has(&shown.name)));
        paging.of(shown.collect())
    }

    fn change_group(&mut self, level: Level, name: &str, changes: &[Change]) -> Result<String, ApiError> {
        let now = self.now;
        let group = self.group(level, name)?;
        let (name, family) = (group.name.clone(), group.family.clone());
        if changes.is_empty() || changes.len() > MOST {
            let count = changes.len();
            return Err(ApiError::invalid_value(format!(
                "Between 1 and {MOST} parameters can be modified in one request, not {count}."
            )));
        }
        if group.is_default() {
            return Err(ApiError::invalid_value(format!(
                "The parameter group {name} is a default group and can't be modified."
            )));
        }
        if now < group.busy_until {
            return Err(ApiError::group_state(format!(
                "The parameter group {name} has changes that are still being applied."
            )));
        }
        let mut at_once = BTreeMap::new();
        let mut later = false;
        for change in changes {
            let dynamic = check_change(&family, level, change)?;
            if dynamic && change.apply_method == "immediate" {
                at_once.insert(change.name.clone(), change.value.clone());
            } else {
                later = true;
            }
        }
        let busy = self.settings.faults.strike(|mishap| match mishap {
            Mishap::GroupBusy { during } => Some(*during),
            _ => None,
        });
        let group = self.group_mut(level, &name)?;
        group.busy_until = now + busy.unwrap_or(0);
        for change in changes {
            group.values.insert(change.name.clone(), change.value.clone());
        }
        for user in self.users_of(level, &name) {
            self.reach(&user, level, at_once.clone(), later);
        }
        for change in changes {
            self.say_group_changed(level, &name, &change.name, &change.value, &change.apply_method);
        }
        Ok(name)
    }
}

/// Whether the parameter is dynamic; an error where RDS would refuse the change.
fn check_change(family: &str, level: Level, change: &Change) -> Result<bool, ApiError> {
    let Change { name, value, apply_method } = change;
    let Some(definition) = catalogue::definition(family, level, name) else {
        return Err(ApiError::invalid_value(format!("Could not find parameter with name: {name}")));
    };
    if !definition.modifiable {
        return Err(ApiError::invalid_value(format!("The parameter {name} cannot be modified.")));
    }
    match apply_method.as_str() {
        "immediate" if !definition.dynamic => {
            let message = format!("cannot use immediate apply method for static parameter {name}");
            return Err(ApiError::invalid_combination(message));
        }
        "immediate" | "pending-reboot" => {}
        other => return Err(ApiError::invalid_value(format!("Invalid apply method: {other}"))),
    }
    if !definition.allows(value) {
        let allowed = definition.allowed.as_deref().unwrap_or_default();
        return Err(ApiError::invalid_value(format!(
            "Invalid parameter value: {value} for: {name} allowed values are: {allowed}"
        )));
    }
    Ok(definition.dynamic)
}

macro_rules! parameter_actions {
    ($level:expr, $describe:ident, $modify:ident, $defaults:ident) => {
        #[derive(Debug, Clone, Default, Serialize)]
        pub struct $describe {
            pub name: String,
            /// `user`, `system`, `engine-default`; all if absent.
            pub source: Option<String>,
            pub filters: Vec<Filter>,
            pub paging: Paging,
        }

        impl Call for $describe {
            const ACTION: Action = Action::$describe;
            type Answer = Page<ParameterShown>;

            fn apply(self, region: &mut Region) -> Result<Page<ParameterShown>, ApiError> {
                region.parameters($level, &self.name, self.source.as_deref(), &self.filters, &self.paging)
            }
        }

        /// Answers the group's name.
        #[derive(Debug, Clone, Default, Serialize)]
        pub struct $modify {
            pub name: String,
            /// At most 20.
            pub changes: Vec<Change>,
        }

        impl Call for $modify {
            const ACTION: Action = Action::$modify;
            type Answer = String;

            fn apply(self, region: &mut Region) -> Result<String, ApiError> {
                region.change_group($level, &self.name, &self.changes)
            }
        }

        #[derive(Debug, Clone, Default, Serialize)]
        pub struct $defaults {
            pub family: String,
            pub filters: Vec<Filter>,
            pub paging: Paging,
        }

        impl Call for $defaults {
            const ACTION: Action = Action::$defaults;
            type Answer = Page<ParameterShown>;

            fn apply(self, _: &mut Region) -> Result<Page<ParameterShown>, ApiError> {
                defaults($level, &self.family, &self.filters, &self.paging)
            }
        }
    };
}

parameter_actions!(
    Level::Cluster,
    DescribeDBClusterParameters,
    ModifyDBClusterParameterGroup,
    DescribeEngineDefaultClusterParameters
);
parameter_actions!(Level::Instance, DescribeDBParameters, ModifyDBParameterGroup, DescribeEngineDefaultParameters);
