//! What is refused before anything is made or switched.
use sandbox::region::action::*;
use sandbox::region::*;

use crate::scene::{Scene, V80};

#[test]
fn names_and_sources() {
    let mut scene = Scene::aurora();
    let good = scene.creation();
    for name in ["", "8-orders", "orders_80", "orders--80", "orders-", &"a".repeat(61)] {
        let creation = CreateBlueGreenDeployment { name: name.into(), ..good.clone() };
        assert_eq!(scene.refused(creation), "InvalidParameterValue", "{name}");
    }
    let elsewhere = "arn:aws:rds:eu-west-1:123456789012:cluster:orders";
    for (source, code) in [
        (scene.region.arn("cluster", "nothing"), "DBClusterNotFoundFault"),
        (elsewhere.to_owned(), "DBClusterNotFoundFault"),
        (scene.region.arn("db", "nothing"), "DBInstanceNotFound"),
        (scene.region.arn("db", "orders-1"), "SourceDatabaseNotSupportedFault"),
        ("orders".to_owned(), "InvalidParameterValue"),
    ] {
        let creation = CreateBlueGreenDeployment { source, ..good.clone() };
        assert_eq!(scene.refused(creation), code);
    }
    scene.call(good.clone()).unwrap();
    assert_eq!(scene.refused(good.clone()), "BlueGreenDeploymentAlreadyExistsFault");
    let second = CreateBlueGreenDeployment { name: "another".into(), ..good };
    assert_eq!(scene.refused(second), "SourceClusterNotSupportedFault", "its source is in a deployment already");
}

#[test]
fn versions_and_groups() {
    let mut scene = Scene::aurora();
    let good = scene.creation();
    let version = |text: &str| CreateBlueGreenDeployment { target_engine_version: Some(text.into()), ..good.clone() };
    assert_eq!(scene.refused(version("9.9")), "InvalidParameterValue");
    assert_eq!(scene.refused(version("8.4.mysql_aurora.8.4.7")), "InvalidParameterCombination", "two majors at once");
    let group =
        |text: &str| CreateBlueGreenDeployment { target_cluster_parameter_group: Some(text.into()), ..good.clone() };
    assert_eq!(scene.refused(group("orders-57")), "InvalidParameterCombination", "a group of the old family");
    assert_eq!(scene.refused(group("nothing")), "DBClusterParameterGroupNotFound");
    let instance =
        CreateBlueGreenDeployment { target_instance_parameter_group: Some("nothing".into()), ..good.clone() };
    assert_eq!(scene.refused(instance), "DBParameterGroupNotFound");
    let class = CreateBlueGreenDeployment { target_instance_class: Some("db.r6g.large".into()), ..good };
    assert_eq!(scene.refused(class), "InvalidParameterCombination");
}

#[test]
fn an_aurora_source_needs_a_binary_log_and_its_own_password() {
    let mut scene = Scene::aurora();
    scene.region.set_parameters(Level::Cluster, "orders-57", &[("binlog_format", "OFF")]).unwrap();
    let good = scene.creation();
    assert_eq!(scene.refused(good.clone()), "InvalidDBClusterStateFault");
    scene.region.set_parameters(Level::Cluster, "orders-57", &[("binlog_format", "ROW")]).unwrap();
    scene.region.change_cluster("orders", |cluster| cluster.managed_password = true).unwrap();
    assert_eq!(scene.refused(good.clone()), "SourceClusterNotSupportedFault");
    scene.region.change_cluster("orders", |cluster| cluster.managed_password = false).unwrap();
    scene.region.change_instance("orders-2", |instance| instance.status = "rebooting".into()).unwrap();
    assert_eq!(scene.refused(good), "InvalidDBInstanceState");
}

#[test]
fn an_rds_source_needs_backups_and_is_no_replica() {
    let mut scene = Scene::rds();
    let good = scene.creation();
    let replica = CreateBlueGreenDeployment { source: scene.region.arn("db", "shop-r"), ..good.clone() };
    assert_eq!(scene.refused(replica), "SourceDatabaseNotSupportedFault");
    scene.region.change_instance("shop", |instance| instance.backup_retention_days = 0).unwrap();
    assert_eq!(scene.refused(good), "InvalidDBInstanceState");
}

#[test]
fn a_switchover_needs_a_sound_timeout_and_available_members() {
    let mut scene = Scene::aurora();
    let creation = scene.creation();
    let id = scene.call(creation).unwrap().id;
    let switch = |timeout| SwitchoverBlueGreenDeployment { id: id.clone(), timeout };
    assert_eq!(scene.refused(switch(None)), "InvalidBlueGreenDeploymentStateFault");
    scene.wait(&id, "AVAILABLE");
    let early = scene.call(switch(None)).unwrap_err();
    assert!(early.to_string().contains("is not in available state"), "{early}");
    scene.run(3_000);
    assert_eq!(scene.refused(switch(Some(29))), "InvalidParameterValue");
    assert_eq!(scene.refused(switch(Some(3601))), "InvalidParameterValue");
    let unknown = SwitchoverBlueGreenDeployment { id: "bgd-none".into(), timeout: None };
    assert_eq!(scene.refused(unknown), "BlueGreenDeploymentNotFoundFault");
    scene.call(switch(Some(30))).unwrap();
    assert_eq!(scene.refused(switch(Some(30))), "InvalidBlueGreenDeploymentStateFault");
    scene.wait(&id, "SWITCHOVER_COMPLETED");
    assert_eq!(scene.refused(switch(None)), "InvalidBlueGreenDeploymentStateFault");
    let delete = DeleteBlueGreenDeployment { id, delete_target: Some(true) };
    assert_eq!(scene.refused(delete), "InvalidParameterCombination");
}

#[test]
fn green_goes_with_its_deployment_where_that_is_asked() {
    let mut scene = Scene::aurora();
    let creation = scene.creation();
    let id = scene.call(creation).unwrap().id;
    scene.run(300);
    let delete = || DeleteBlueGreenDeployment { id: id.clone(), delete_target: Some(true) };
    assert_eq!(scene.refused(delete()), "InvalidBlueGreenDeploymentStateFault", "green is in the making");
    scene.wait(&id, "AVAILABLE");
    scene.run(3_000);
    let green = scene.region.cluster(&scene.green_of("orders")).unwrap().clone();
    scene.region.change_cluster(&green.id, |cluster| cluster.deletion_protection = true).unwrap();
    assert_eq!(scene.refused(delete()), "InvalidBlueGreenDeploymentStateFault");
    scene.region.change_cluster(&green.id, |cluster| cluster.deletion_protection = false).unwrap();
    let member = DeleteDBInstance { id: scene.green_of("orders-2"), skip_final_snapshot: true, final_snapshot: None };
    assert_eq!(scene.refused(member), "InvalidDBInstanceState");
    scene.call(delete()).unwrap();
    assert_eq!(scene.refused(delete()), "InvalidBlueGreenDeploymentStateFault");
    scene.run(3_000);
    assert_eq!((scene.region.clusters().count(), scene.region.instances().count()), (1, 2));
    assert!(scene.plane.server(&green.server).is_none() && scene.plane.at(&green.endpoint).is_none());
    assert_eq!(scene.region.cluster("orders").unwrap().status, "available");
}

#[test]
fn without_a_target_version_there_is_no_upgrade() {
    let mut scene = Scene::aurora();
    let plain = CreateBlueGreenDeployment {
        target_engine_version: None,
        target_cluster_parameter_group: None,
        ..scene.creation()
    };
    let made = scene.call(plain).unwrap();
    assert!(made.steps.iter().all(|step| step.name != "DB_ENGINE_VERSION_UPGRADE"));
    scene.wait(&made.id, "AVAILABLE");
    let green = scene.region.cluster(&scene.green_of("orders")).unwrap();
    assert_eq!(green.parameter_group, "orders-57");
}

#[test]
fn without_a_target_group_green_has_no_binary_log_and_no_coordinates() {
    let mut scene = Scene::aurora();
    let plain = CreateBlueGreenDeployment { target_cluster_parameter_group: None, ..scene.creation() };
    let id = scene.call(plain).unwrap().id;
    scene.wait(&id, "AVAILABLE");
    scene.run(3_000);
    let green = scene.region.cluster(&scene.green_of("orders")).unwrap().clone();
    assert_eq!((green.version.as_str(), green.parameter_group.as_str()), (V80, "default.aurora-mysql8.0"));
    assert!(!scene.plane.server(&green.server).unwrap().writes_binlog);
    scene.switch(&id);
    scene.run(600_000);
    assert!(scene.said(sandbox::region::event::COORDINATES).is_empty());
}
