//! The actions of the API: one request struct each, in the words of Rust; what they answer.
mod clusters;
mod deployments;
mod groups;
mod instances;
mod logs;
mod parameters;
mod tags;
mod versions;

pub use super::event::DescribeEvents;
pub use super::lifecycle::create::CreateBlueGreenDeployment;
pub use super::lifecycle::remove::DeleteBlueGreenDeployment;
pub use super::lifecycle::switchover::SwitchoverBlueGreenDeployment;
pub use clusters::{ClusterMember, ClusterShown, DeleteDBCluster, DescribeDBClusters, ModifyDBCluster};
pub use deployments::DescribeBlueGreenDeployments;
pub use groups::{
    CreateDBClusterParameterGroup, CreateDBParameterGroup, DeleteDBClusterParameterGroup, DeleteDBParameterGroup,
    DescribeDBClusterParameterGroups, DescribeDBParameterGroups, GroupShown,
};
pub use instances::{DeleteDBInstance, DescribeDBInstances, InstanceShown, ModifyDBInstance, RebootDBInstance};
pub use logs::{DescribeDBLogFiles, DownloadDBLogFilePortion, LogFile, LogPortion};
pub use parameters::{
    Change, DescribeDBClusterParameters, DescribeDBParameters, DescribeEngineDefaultClusterParameters,
    DescribeEngineDefaultParameters, ModifyDBClusterParameterGroup, ModifyDBParameterGroup, ParameterShown,
};
pub use tags::{AddTagsToResource, ListTagsForResource};
pub use versions::{DescribeDBEngineVersions, VersionShown};

use super::error::ApiError;

/// One filter of a describe call: any of the values.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Filter {
    pub name: String,
    pub values: Vec<String>,
}

impl Filter {
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), values: vec![value.to_owned()] }
    }

    fn has(&self, value: &str) -> bool {
        self.values.iter().any(|one| one.eq_ignore_ascii_case(value))
    }
}

fn check_filters(filters: &[Filter], known: &[&str]) -> Result<(), ApiError> {
    match filters.iter().find(|filter| !known.contains(&filter.name.as_str())) {
        Some(unknown) => Err(ApiError::invalid_value(format!("Unrecognized filter name: {}", unknown.name))),
        None => Ok(()),
    }
}
