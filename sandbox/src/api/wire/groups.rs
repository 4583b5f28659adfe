//! Parameter groups of both levels, and their parameters.

use super::super::{form::Form, xml::Xml};
use super::{Wire, page};
use crate::region::action::*;
use crate::region::{ApiError, Page};

fn parameter(xml: &mut Xml, shown: ParameterShown) {
    xml.text("ParameterName", &shown.name);
    xml.maybe("ParameterValue", shown.value.as_ref());
    xml.text("Description", format!("The parameter {} of the server", shown.name));
    xml.text("Source", &shown.source);
    xml.text("ApplyType", shown.apply_type);
    xml.text("DataType", &shown.data_type);
    xml.maybe("AllowedValues", shown.allowed.as_ref());
    xml.text("IsModifiable", shown.modifiable);
    xml.text("ApplyMethod", shown.apply_method);
}

fn changes(form: &Form) -> Vec<Change> {
    form.structures("Parameters", "Parameter", |form, prefix| {
        let member = |name: &str| form.text(&format!("{prefix}{name}")).unwrap_or_default();
        Change { name: member("ParameterName"), value: member("ParameterValue"), apply_method: member("ApplyMethod") }
    })
}

macro_rules! wire_groups {
    ($group:literal, $list:literal, $item:literal, $arn:literal, $describe:ident, $create:ident, $delete:ident,
     $parameters:ident, $modify:ident, $defaults:ident) => {
        impl Wire for $describe {
            fn read(form: &Form) -> Result<Self, ApiError> {
                Ok(Self { name: form.text($group), paging: form.paging()? })
            }

            fn write(answer: Page<GroupShown>, xml: &mut Xml) {
                page(xml, $list, $item, answer, |xml, shown| group(xml, $group, $arn, &shown));
            }
        }

        impl Wire for $create {
            fn read(form: &Form) -> Result<Self, ApiError> {
                Ok(Self {
                    name: form.need($group)?,
                    family: form.need("DBParameterGroupFamily")?,
                    description: form.need("Description")?,
                    tags: form.tags(),
                })
            }

            fn write(answer: GroupShown, xml: &mut Xml) {
                xml.element($item, |xml| group(xml, $group, $arn, &answer));
            }
        }

        impl Wire for $delete {
            fn read(form: &Form) -> Result<Self, ApiError> {
                Ok(Self { name: form.need($group)? })
            }

            fn write((): (), _: &mut Xml) {}
        }

        impl Wire for $parameters {
            fn read(form: &Form) -> Result<Self, ApiError> {
                Ok(Self {
                    name: form.need($group)?,
                    source: form.text("Source"),
                    filters: form.filters(),
                    paging: form.paging()?,
                })
            }

            fn write(answer: Page<ParameterShown>, xml: &mut Xml) {
                page(xml, "Parameters", "Parameter", answer, parameter);
            }
        }

        impl Wire for $modify {
            fn read(form: &Form) -> Result<Self, ApiError> {
                Ok(Self { name: form.need($group)?, changes: changes(form) })
            }

            fn write(answer: String, xml: &mut Xml) {
                xml.text($group, answer);
            }
        }

        impl Wire for $defaults {
            fn read(form: &Form) -> Result<Self, ApiError> {
                let family = form.need("DBParameterGroupFamily")?;
                Ok(Self { family, filters: form.filters(), paging: form.paging()? })
            }

            fn write(answer: Page<ParameterShown>, xml: &mut Xml) {
                xml.element("EngineDefaults", |xml| page(xml, "Parameters", "Parameter", answer, parameter));
            }
        }
    };
}

fn group(xml: &mut Xml, name: &str, arn: &str, shown: &GroupShown) {
    xml.text(name, &shown.name);
    xml.text("DBParameterGroupFamily", &shown.family);
    xml.text("Description", &shown.description);
    xml.text(arn, &shown.arn);
}

wire_groups!(
    "DBClusterParameterGroupName",
    "DBClusterParameterGroups",
    "DBClusterParameterGroup",
    "DBClusterParameterGroupArn",
    DescribeDBClusterParameterGroups,
    CreateDBClusterParameterGroup,
    DeleteDBClusterParameterGroup,
    DescribeDBClusterParameters,
    ModifyDBClusterParameterGroup,
    DescribeEngineDefaultClusterParameters
);
wire_groups!(
    "DBParameterGroupName",
    "DBParameterGroups",
    "DBParameterGroup",
    "DBParameterGroupArn",
    DescribeDBParameterGroups,
    CreateDBParameterGroup,
    DeleteDBParameterGroup,
    DescribeDBParameters,
    ModifyDBParameterGroup,
    DescribeEngineDefaultParameters
);
