//! Instances.

use super::super::{form::Form, xml::Xml};
use super::{Wire, page};
use crate::region::action::{DeleteDBInstance, DescribeDBInstances, InstanceShown, ModifyDBInstance, RebootDBInstance};
use crate::region::{ApiError, Page};

fn instance(xml: &mut Xml, shown: InstanceShown) {
    xml.text("DBInstanceIdentifier", &shown.id);
    xml.text("DBInstanceArn", &shown.arn);
    xml.text("DbiResourceId", &shown.resource_id);
    xml.text("DBInstanceClass", &shown.class);
    xml.text("Engine", &shown.engine);
    xml.text("EngineVersion", &shown.engine_version);
    xml.text("DBInstanceStatus", &shown.status);
    xml.text("MasterUsername", "admin");
    if let Some(host) = &shown.endpoint {
        xml.element("Endpoint", |xml| {
            xml.text("Address", host);
            xml.text("Port", shown.port);
        });
    }
    xml.maybe("DBClusterIdentifier", shown.cluster.as_ref());
    xml.list("DBParameterGroups", "DBParameterGroup", [&shown], |xml, shown| {
        xml.text("DBParameterGroupName", &shown.parameter_group);
        xml.text("ParameterApplyStatus", shown.parameter_group_status);
    });
    xml.text("BackupRetentionPeriod", shown.backup_retention_days);
    xml.text("DeletionProtection", shown.deletion_protection);
    if shown.managed_password {
        xml.element("MasterUserSecret", |xml| {
            xml.text("SecretArn", shown.arn.replace(":rds:", ":secretsmanager:"));
            xml.text("SecretStatus", "active");
        });
    }
    xml.maybe("ReadReplicaSourceDBInstanceIdentifier", shown.replica_source.as_ref());
    xml.texts("ReadReplicaDBInstanceIdentifiers", "ReadReplicaDBInstanceIdentifier", &shown.replicas);
    xml.text("MultiAZ", false);
    xml.text("PubliclyAccessible", false);
    xml.text("StorageEncrypted", false);
    xml.moment("InstanceCreateTime", shown.created_at);
    xml.tags(&shown.tags);
}

fn one(xml: &mut Xml, shown: InstanceShown) {
    xml.element("DBInstance", |xml| instance(xml, shown));
}

impl Wire for DescribeDBInstances {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self { id: form.text("DBInstanceIdentifier"), filters: form.filters(), paging: form.paging()? })
    }

    fn write(answer: Page<InstanceShown>, xml: &mut Xml) {
        page(xml, "DBInstances", "DBInstance", answer, instance);
    }
}

impl Wire for ModifyDBInstance {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            id: form.need("DBInstanceIdentifier")?,
            parameter_group: form.text("DBParameterGroupName"),
            backup_retention_days: form.number("BackupRetentionPeriod")?,
            deletion_protection: form.flag("DeletionProtection")?,
            engine_version: form.text("EngineVersion"),
        })
    }

    fn write(answer: InstanceShown, xml: &mut Xml) {
        one(xml, answer);
    }
}

impl Wire for RebootDBInstance {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            id: form.need("DBInstanceIdentifier")?,
            force_failover: form.flag("ForceFailover")?.unwrap_or(false),
        })
    }

    fn write(answer: InstanceShown, xml: &mut Xml) {
        one(xml, answer);
    }
}

impl Wire for DeleteDBInstance {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            id: form.need("DBInstanceIdentifier")?,
            skip_final_snapshot: form.flag("SkipFinalSnapshot")?.unwrap_or(false),
            final_snapshot: form.text("FinalDBSnapshotIdentifier"),
        })
    }

    fn write(answer: InstanceShown, xml: &mut Xml) {
        one(xml, answer);
    }
}
