//! Clusters.

use super::super::{form::Form, xml::Xml};
use super::{Wire, page};
use crate::region::action::{ClusterShown, DeleteDBCluster, DescribeDBClusters, ModifyDBCluster};
use crate::region::{ApiError, Page};

fn cluster(xml: &mut Xml, shown: ClusterShown) {
    xml.text("DBClusterIdentifier", &shown.id);
    xml.text("DBClusterArn", &shown.arn);
    xml.text("DbClusterResourceId", &shown.resource_id);
    xml.text("Engine", &shown.engine);
    xml.text("EngineVersion", &shown.engine_version);
    xml.text("EngineMode", "provisioned");
    xml.text("Status", &shown.status);
    xml.text("Endpoint", &shown.endpoint);
    xml.text("ReaderEndpoint", &shown.reader_endpoint);
    xml.texts("CustomEndpoints", "member", &shown.custom_endpoints);
    xml.text("Port", shown.port);
    xml.text("MasterUsername", "admin");
    xml.text("DBClusterParameterGroup", &shown.parameter_group);
    xml.list("DBClusterMembers", "DBClusterMember", &shown.members, |xml, member| {
        xml.text("DBInstanceIdentifier", &member.instance);
        xml.text("IsClusterWriter", member.writer);
        xml.text("DBClusterParameterGroupStatus", member.parameter_group_status);
        xml.text("PromotionTier", 1);
    });
    xml.text("BackupRetentionPeriod", shown.backup_retention_days);
    xml.text("DeletionProtection", shown.deletion_protection);
    if shown.managed_password {
        xml.element("MasterUserSecret", |xml| {
            xml.text("SecretArn", shown.arn.replace(":rds:", ":secretsmanager:"));
            xml.text("SecretStatus", "active");
        });
    }
    xml.maybe("ReplicationSourceIdentifier", shown.replication_source.as_ref());
    xml.text("StorageEncrypted", false);
    xml.moment("ClusterCreateTime", shown.created_at);
    xml.tags(&shown.tags);
}

fn one(xml: &mut Xml, shown: ClusterShown) {
    xml.element("DBCluster", |xml| cluster(xml, shown));
}

impl Wire for DescribeDBClusters {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self { id: form.text("DBClusterIdentifier"), filters: form.filters(), paging: form.paging()? })
    }

    fn write(answer: Page<ClusterShown>, xml: &mut Xml) {
        page(xml, "DBClusters", "DBCluster", answer, cluster);
    }
}

impl Wire for ModifyDBCluster {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            id: form.need("DBClusterIdentifier")?,
            parameter_group: form.text("DBClusterParameterGroupName"),
            backup_retention_days: form.number("BackupRetentionPeriod")?,
            deletion_protection: form.flag("DeletionProtection")?,
            engine_version: form.text("EngineVersion"),
        })
    }

    fn write(answer: ClusterShown, xml: &mut Xml) {
        one(xml, answer);
    }
}

impl Wire for DeleteDBCluster {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            id: form.need("DBClusterIdentifier")?,
            skip_final_snapshot: form.flag("SkipFinalSnapshot")?.unwrap_or(false),
            final_snapshot: form.text("FinalDBSnapshotIdentifier"),
        })
    }

    fn write(answer: ClusterShown, xml: &mut Xml) {
        one(xml, answer);
    }
}
