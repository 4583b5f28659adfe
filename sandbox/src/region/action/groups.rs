//! Parameter groups, as the API shows, makes and deletes them.

use serde::Serialize;

use crate::region::call::{Action, Call};
use crate::region::catalogue::Level;
use crate::region::error::ApiError;
use crate::region::group::Group;
use crate::region::page::{Page, Paging};
use crate::region::{Region, Tags};

/// A parameter group of either level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupShown {
    pub level: Level,
    pub name: String,
    pub family: String,
    pub description: String,
    pub arn: String,
}

impl Region {
    fn show_group(&self, group: &Group) -> GroupShown {
        GroupShown {
            level: group.level,
            name: group.name.clone(),
            family: group.family.clone(),
            description: group.description.clone(),
            arn: self.group_arn(group.level, &group.name),
        }
    }

    fn show_groups(&self, level: Level, name: Option<&str>, paging: &Paging) -> Result<Page<GroupShown>, ApiError> {
        if let Some(name) = name {
            let group = self.group(level, name)?;
            return Ok(Page { items: vec![self.show_group(group)], marker: None });
        }
        let held = self.groups.values().filter(|group| group.level == level);
        paging.of(held.map(|group| self.show_group(group)).collect())
    }
}

macro_rules! group_actions {
    ($level:expr, $describe:ident, $create:ident, $delete:ident) => {
        #[derive(Debug, Clone, Default, Serialize)]
        pub struct $describe {
            pub name: Option<String>,
            pub paging: Paging,
        }

        impl Call for $describe {
            const ACTION: Action = Action::$describe;
            type Answer = Page<GroupShown>;

            fn apply(self, region: &mut Region) -> Result<Page<GroupShown>, ApiError> {
                region.show_groups($level, self.name.as_deref(), &self.paging)
            }
        }

        #[derive(Debug, Clone, Default, Serialize)]
        pub struct $create {
            pub name: String,
            pub family: String,
            pub description: String,
            pub tags: Tags,
        }

        impl Call for $create {
            const ACTION: Action = Action::$create;
            type Answer = GroupShown;

            fn apply(self, region: &mut Region) -> Result<GroupShown, ApiError> {
                let group = region.create_group($level, &self.name, &self.family, &self.description, self.tags)?;
                Ok(region.show_group(&group))
            }
        }

        #[derive(Debug, Clone, Default, Serialize)]
        pub struct $delete {
            pub name: String,
        }

        impl Call for $delete {
            const ACTION: Action = Action::$delete;
            type Answer = ();

            fn apply(self, region: &mut Region) -> Result<(), ApiError> {
                region.delete_group($level, &self.name)
            }
        }
    };
}

group_actions!(
    Level::Cluster,
    DescribeDBClusterParameterGroups,
    CreateDBClusterParameterGroup,
    DeleteDBClusterParameterGroup
);
group_actions!(Level::Instance, DescribeDBParameterGroups, CreateDBParameterGroup, DeleteDBParameterGroup);
