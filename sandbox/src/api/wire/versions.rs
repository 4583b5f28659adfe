//! Engine versions.

use super::super::{form::Form, xml::Xml};
use super::{Wire, page};
use crate::region::action::{DescribeDBEngineVersions, VersionShown};
use crate::region::{ApiError, Page};

impl Wire for DescribeDBEngineVersions {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            engine: form.text("Engine"),
            version: form.text("EngineVersion"),
            family: form.text("DBParameterGroupFamily"),
            default_only: form.flag("DefaultOnly")?.unwrap_or(false),
            filters: form.filters(),
            paging: form.paging()?,
        })
    }

    fn write(answer: Page<VersionShown>, xml: &mut Xml) {
        page(xml, "DBEngineVersions", "DBEngineVersion", answer, |xml, shown| {
            xml.text("Engine", &shown.version.engine);
            xml.text("EngineVersion", &shown.version.version);
            xml.text("MajorEngineVersion", shown.version.major());
            xml.text("DBParameterGroupFamily", &shown.version.family);
            xml.text("DBEngineDescription", "MySQL");
            xml.text("DBEngineVersionDescription", format!("{} {}", shown.version.engine, shown.version.version));
            xml.text("Status", "available");
            xml.list("ValidUpgradeTarget", "UpgradeTarget", &shown.targets, |xml, target| {
                xml.text("Engine", &target.engine);
                xml.text("EngineVersion", &target.version);
                xml.text("AutoUpgrade", false);
                xml.text("IsMajorVersionUpgrade", target.major);
            });
        });
    }
}
