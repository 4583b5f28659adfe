//! Blue/green deployments.

use super::super::{form::Form, xml::Xml};
use super::{Wire, page};
use crate::region::action::{
    CreateBlueGreenDeployment, DeleteBlueGreenDeployment, DescribeBlueGreenDeployments, SwitchoverBlueGreenDeployment,
};
use crate::region::{ApiError, Deployment, Page};

fn deployment(xml: &mut Xml, shown: Deployment) {
    xml.text("BlueGreenDeploymentIdentifier", &shown.id);
    xml.text("BlueGreenDeploymentName", &shown.name);
    xml.text("Source", &shown.source().source_arn);
    xml.maybe("Target", shown.source().target_arn.as_ref());
    xml.list("SwitchoverDetails", "member", &shown.rows, |xml, row| {
        xml.text("SourceMember", &row.source_arn);
        xml.maybe("TargetMember", row.target_arn.as_ref());
        xml.text("Status", row.status);
    });
    xml.list("Tasks", "member", &shown.steps, |xml, step| {
        xml.text("Name", step.name);
        xml.text("Status", step.status);
    });
    xml.text("Status", shown.status.as_str());
    xml.maybe("StatusDetails", shown.status_details.as_ref());
    xml.moment("CreateTime", shown.created_at);
    if let Some(at) = shown.deleted_at {
        xml.moment("DeleteTime", at);
    }
    xml.tags(&shown.tags);
}

fn one(xml: &mut Xml, shown: Deployment) {
    xml.element("BlueGreenDeployment", |xml| deployment(xml, shown));
}

impl Wire for CreateBlueGreenDeployment {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            name: form.need("BlueGreenDeploymentName")?,
            source: form.need("Source")?,
            target_engine_version: form.text("TargetEngineVersion"),
            target_cluster_parameter_group: form.text("TargetDBClusterParameterGroupName"),
            target_instance_parameter_group: form.text("TargetDBParameterGroupName"),
            target_instance_class: form.text("TargetDBInstanceClass"),
            tags: form.tags(),
        })
    }

    fn write(answer: Deployment, xml: &mut Xml) {
        one(xml, answer);
    }
}

impl Wire for DescribeBlueGreenDeployments {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self { id: form.text("BlueGreenDeploymentIdentifier"), filters: form.filters(), paging: form.paging()? })
    }

    fn write(answer: Page<Deployment>, xml: &mut Xml) {
        page(xml, "BlueGreenDeployments", "member", answer, deployment);
    }
}

impl Wire for SwitchoverBlueGreenDeployment {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self { id: form.need("BlueGreenDeploymentIdentifier")?, timeout: form.number("SwitchoverTimeout")? })
    }

    fn write(answer: Deployment, xml: &mut Xml) {
        one(xml, answer);
    }
}

impl Wire for DeleteBlueGreenDeployment {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self { id: form.need("BlueGreenDeploymentIdentifier")?, delete_target: form.flag("DeleteTarget")? })
    }

    fn write(answer: Deployment, xml: &mut Xml) {
        one(xml, answer);
    }
}
