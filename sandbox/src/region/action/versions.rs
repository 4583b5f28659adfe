//! DescribeDBEngineVersions.

use serde::Serialize;

use super::{Filter, check_filters};
use crate::region::Region;
use crate::region::call::{Action, Call};
use crate::region::error::ApiError;
use crate::region::page::{Page, Paging};
use crate::region::version::{self, EngineVersion, UpgradeTarget};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionShown {
    pub version: EngineVersion,
    pub targets: Vec<UpgradeTarget>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct DescribeDBEngineVersions {
    pub engine: Option<String>,
    /// A full version, or the beginning of one up to a dot.
    pub version: Option<String>,
    pub family: Option<String>,
    pub default_only: bool,
    pub filters: Vec<Filter>,
    pub paging: Paging,
}

impl Call for DescribeDBEngineVersions {
    const ACTION: Action = Action::DescribeDBEngineVersions;
    type Answer = Page<VersionShown>;

    fn apply(self, _: &mut Region) -> Result<Page<VersionShown>, ApiError> {
        let known = ["db-parameter-group-family", "engine", "engine-mode", "engine-version", "status"];
        check_filters(&self.filters, &known)?;
        let begins = |version: &EngineVersion| {
            self.version
                .as_ref()
                .is_none_or(|text| &version.version == text || version.version.starts_with(&format!("{text}.")))
        };
        let wanted = |version: &EngineVersion| {
            self.engine.as_ref().is_none_or(|engine| engine == &version.engine)
                && begins(version)
                && self.family.as_ref().is_none_or(|family| family == &version.family)
                && (!self.default_only || version.default)
                && self.filters.iter().all(|filter| match filter.name.as_str() {
                    "db-parameter-group-family" => filter.has(&version.family),
                    "engine" => filter.has(&version.engine),
                    "engine-version" => filter.has(&version.version),
                    "status" => filter.has("available"),
                    _ => filter.has("provisioned"),
                })
        };
        let found = version::all().iter().filter(|version| wanted(version)).cloned();
        self.paging.of(found.map(|version| VersionShown { targets: version.targets(), version }).collect())
    }
}
