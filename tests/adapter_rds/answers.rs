//! What RDS answers, as the port's types.

use time::macros::datetime;
use upgrade::port::{
    mysql::Address,
    rds::{DeploymentFilter, EventWindow, GroupRef, Level, Pair, RdsRead as _},
};

use crate::script::{Reply, Script};

pub(crate) const CLUSTER: &str = "<DBCluster><DBClusterIdentifier>orders</DBClusterIdentifier>\
    <DBClusterArn>arn:aws:rds:us-east-1:123456789012:cluster:orders</DBClusterArn>\
    <DbClusterResourceId>cluster-ABC</DbClusterResourceId><Engine>aurora-mysql</Engine>\
    <EngineVersion>5.7.mysql_aurora.2.11.2</EngineVersion><Status>available</Status>\
    <Endpoint>orders.cluster-x.example</Endpoint><ReaderEndpoint>orders.cluster-ro-x.example</ReaderEndpoint>\
    <Port>3306</Port><DBClusterParameterGroup>orders-57</DBClusterParameterGroup>\
    <BackupRetentionPeriod>7</BackupRetentionPeriod><DeletionProtection>true</DeletionProtection>\
    <DBClusterMembers><DBClusterMember><DBInstanceIdentifier>orders-1</DBInstanceIdentifier>\
    <IsClusterWriter>true</IsClusterWriter>\
    <DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus></DBClusterMember></DBClusterMembers>\
    <TagList><Tag><Key>upgrade:run</Key><Value>r1</Value></Tag></TagList></DBCluster>";

const INSTANCE: &str = "<DBInstance><DBInstanceIdentifier>orders-1</DBInstanceIdentifier>\
    <DBInstanceArn>arn:aws:rds:us-east-1:123456789012:db:orders-1</DBInstanceArn><DbiResourceId>db-ABC</DbiResourceId>\
    <DBInstanceClass>db.r6g.large</DBInstanceClass><Engine>mysql</Engine><EngineVersion>5.7.44</EngineVersion>\
    <DBInstanceStatus>rebooting</DBInstanceStatus>\
    <Endpoint><Address>orders-1.x.example</Address><Port>3307</Port></Endpoint>\
    <DBParameterGroups><DBParameterGroup><DBParameterGroupName>orders-57</DBParameterGroupName>\
    <ParameterApplyStatus>pending-reboot</ParameterApplyStatus></DBParameterGroup></DBParameterGroups>\
    <ReadReplicaDBInstanceIdentifiers><ReadReplicaDBInstanceIdentifier>orders-r</ReadReplicaDBInstanceIdentifier>\
    </ReadReplicaDBInstanceIdentifiers><MasterUserSecret><SecretStatus>active</SecretStatus></MasterUserSecret></DBInstance>";

#[tokio::test]
async fn a_cluster() {
    let script =
        Script::of(vec![Reply::xml("DescribeDBClusters", &format!("<DBClusters>{CLUSTER}</DBClusters>"))]).await;
    let cluster = script.reader().cluster("orders").await.unwrap().unwrap();
    assert_eq!(cluster.resource_id, "cluster-ABC");
    assert_eq!(cluster.endpoint, Some(Address { host: "orders.cluster-x.example".into(), port: 3306 }));
    assert_eq!(cluster.parameter_group, "orders-57");
    assert_eq!(
        (cluster.backup_retention_days, cluster.deletion_protection, cluster.managed_password),
        (7, true, false)
    );
    assert_eq!(cluster.tags["upgrade:run"], "r1");
    assert!(cluster.members[0].writer && cluster.members[0].parameter_group_status == "in-sync");
    assert!(script.requests()[0].contains("DBClusterIdentifier=orders"));
}

#[tokio::test]
async fn an_instance() {
    let script =
        Script::of(vec![Reply::xml("DescribeDBInstances", &format!("<DBInstances>{INSTANCE}</DBInstances>"))]).await;
    let instance = script.reader().instance("orders-1").await.unwrap().unwrap();
    assert_eq!(instance.status, "rebooting");
    assert_eq!(instance.endpoint, Some(Address { host: "orders-1.x.example".into(), port: 3307 }));
    assert_eq!(
        (instance.parameter_group.as_str(), instance.parameter_group_status.as_str()),
        ("orders-57", "pending-reboot")
    );
    assert_eq!(instance.replicas, ["orders-r"]);
    assert!(instance.managed_password && instance.cluster.is_none());
}

#[tokio::test]
async fn a_description_without_its_identity_is_an_error() {
    let nameless = INSTANCE.replace("<DbiResourceId>db-ABC</DbiResourceId>", "");
    let script =
        Script::of(vec![Reply::xml("DescribeDBInstances", &format!("<DBInstances>{nameless}</DBInstances>"))]).await;
    let error = script.reader().instance("orders-1").await.unwrap_err();
    assert!(error.message.contains("instance orders-1 with its resource id"), "{error}");
}

#[tokio::test]
async fn deployments_by_each_filter() {
    let one = "<BlueGreenDeployments><member><BlueGreenDeploymentIdentifier>bgd-1</BlueGreenDeploymentIdentifier>\
        <BlueGreenDeploymentName>orders-80</BlueGreenDeploymentName><Source>arn:s</Source><Status>SOMETHING_NEW</Status>\
        <SwitchoverDetails><member><SourceMember>arn:s</SourceMember><Status>PROVISIONING</Status></member>\
        </SwitchoverDetails><Tasks><member><Name>CONFIGURE_BACKUPS</Name><Status>PENDING</Status></member></Tasks>\
        </member></BlueGreenDeployments>";
    let script = Script::of(vec![Reply::xml("DescribeBlueGreenDeployments", one)]).await;
    for (filter, form) in [
        (DeploymentFilter::Id("bgd-1".into()), "BlueGreenDeploymentIdentifier=bgd-1"),
        (
            DeploymentFilter::Name("orders-80".into()),
            "Filters.Filter.1.Name=blue-green-deployment-name&Filters.Filter.1.Values.Value.1=orders-80",
        ),
        (
            DeploymentFilter::Source("arn:s".into()),
            "Filters.Filter.1.Name=source&Filters.Filter.1.Values.Value.1=arn%3As",
        ),
    ] {
        let found = script.reader().deployments(&filter).await.unwrap();
        assert_eq!(found[0].status, "SOMETHING_NEW");
        assert_eq!(found[0].members, [Pair { source: "arn:s".into(), target: None, status: "PROVISIONING".into() }]);
        assert_eq!(found[0].parts, [("CONFIGURE_BACKUPS".into(), "PENDING".into())]);
        assert!(script.requests().last().unwrap().contains(form), "{:?}", script.requests().last());
    }
}

#[tokio::test]
async fn a_version_and_its_upgrade_targets() {
    let versions = "<DBEngineVersions><DBEngineVersion><Engine>mysql</Engine><EngineVersion>5.7.44</EngineVersion>\
        <DBParameterGroupFamily>mysql5.7</DBParameterGroupFamily><ValidUpgradeTarget><UpgradeTarget>\
        <EngineVersion>8.0.42</EngineVersion><IsMajorVersionUpgrade>true</IsMajorVersionUpgrade></UpgradeTarget>\
        </ValidUpgradeTarget></DBEngineVersion></DBEngineVersions>";
    let script = Script::of(vec![Reply::xml("DescribeDBEngineVersions", versions)]).await;
    let version = script.reader().engine_version("mysql", "5.7.44").await.unwrap().unwrap();
    assert_eq!(version.family, "mysql5.7");
    assert!(version.upgrade_targets[0].major && version.upgrade_targets[0].version == "8.0.42");
    assert_eq!(script.reader().engine_version("mysql", "5.7").await.unwrap(), None);
}

#[tokio::test]
async fn a_group_with_its_tags_and_what_a_user_set() {
    let script = Script::new(|_, form| {
        let parameter = |name: &str, source: &str| {
            format!("<Parameter><ParameterName>{name}</ParameterName><Source>{source}</Source></Parameter>")
        };
        let both = parameter("a", "user") + &parameter("b", "engine-default");
        match form {
            form if form.contains("Action=DescribeDBClusterParameterGroups&") => Reply::xml(
                "DescribeDBClusterParameterGroups",
                "<DBClusterParameterGroups><DBClusterParameterGroup>\
                 <DBClusterParameterGroupName>orders-80</DBClusterParameterGroupName>\
                 <DBParameterGroupFamily>aurora-mysql8.0</DBParameterGroupFamily>\
                 <DBClusterParameterGroupArn>arn:g</DBClusterParameterGroupArn></DBClusterParameterGroup>\
                 </DBClusterParameterGroups>",
            ),
            form if form.contains("Action=ListTagsForResource&") && form.contains("ResourceName=arn%3Ag") => {
                Reply::xml(
                    "ListTagsForResource",
                    "<TagList><Tag><Key>upgrade:run</Key><Value>r1</Value></Tag></TagList>",
                )
            }
            form if form.contains("Action=DescribeDBClusterParameters&") => {
                Reply::xml("DescribeDBClusterParameters", &format!("<Parameters>{both}</Parameters>"))
            }
            form if form.contains("Action=DescribeEngineDefaultParameters&") && !form.contains("Marker") => Reply::xml(
                "DescribeEngineDefaultParameters",
                &format!("<EngineDefaults><Marker>m</Marker><Parameters>{both}</Parameters></EngineDefaults>"),
            ),
            form if form.contains("Action=DescribeEngineDefaultParameters&") => Reply::xml(
                "DescribeEngineDefaultParameters",
                &format!("<EngineDefaults><Parameters>{}</Parameters></EngineDefaults>", parameter("c", "system")),
            ),
            _ => Reply::error(404, "DBParameterGroupNotFound"),
        }
    })
    .await;
    let reader = script.reader();
    let group = GroupRef { level: Level::Cluster, name: "orders-80".into() };
    let found = reader.parameter_group(&group).await.unwrap().unwrap();
    assert_eq!((found.arn.as_str(), found.family.as_str()), ("arn:g", "aurora-mysql8.0"));
    assert_eq!(found.tags["upgrade:run"], "r1");
    let names = |parameters: Vec<upgrade::port::rds::Parameter>| {
        parameters.into_iter().map(|parameter| parameter.name).collect::<Vec<_>>()
    };
    assert_eq!(names(reader.parameters(&group, true).await.unwrap()), ["a"]);
    assert_eq!(names(reader.parameters(&group, false).await.unwrap()), ["a", "b"]);
    assert_eq!(names(reader.family_parameters(Level::Instance, "mysql8.0").await.unwrap()), ["a", "b", "c"]);
    let other = GroupRef { level: Level::Instance, name: "orders-80".into() };
    assert_eq!(reader.parameter_group(&other).await.unwrap(), None);
}

#[tokio::test]
async fn events_of_a_window() {
    let events = "<Events><Event><SourceIdentifier>orders</SourceIdentifier><SourceType>db-cluster</SourceType>\
        <Message>Binary log coordinates in green environment after switchover: file mysql-bin-changelog.000004 and \
        position 40134574</Message><Date>2026-11-20T10:00:00.123Z</Date></Event></Events>";
    let script = Script::of(vec![Reply::xml("DescribeEvents", events)]).await;
    let window = EventWindow {
        from: datetime!(2026-11-20 09:00 UTC),
        to: datetime!(2026-11-20 11:00 UTC),
        source_type: Some("db-cluster".into()),
    };
    let found = script.reader().events(&window).await.unwrap();
    assert_eq!(found[0].at, datetime!(2026-11-20 10:00:00.123 UTC));
    assert_eq!(found[0].source_type, "db-cluster");
    assert!(found[0].message.ends_with("position 40134574"));
    let form = &script.requests()[0];
    for part in ["StartTime=2026-11-20T09%3A00%3A00Z", "EndTime=2026-11-20T11%3A00%3A00Z", "SourceType=db-cluster"] {
        assert!(form.contains(part), "{part} in {form}");
    }
}
