//! Parameter groups: what is refused, and when a change takes effect.
use sandbox::region::action::*;
use sandbox::region::*;

use crate::scene::Scene;

fn change(name: &str, value: &str, method: &str) -> Change {
    Change { name: name.into(), value: value.into(), apply_method: method.into() }
}

fn modify(group: &str, changes: Vec<Change>) -> ModifyDBClusterParameterGroup {
    ModifyDBClusterParameterGroup { name: group.into(), changes }
}

fn member_status(scene: &mut Scene, cluster: &str, instance: &str) -> &'static str {
    let cluster = scene.call(DescribeDBClusters { id: Some(cluster.into()), ..Default::default() }).unwrap();
    cluster.items[0].members.iter().find(|member| member.instance == instance).unwrap().parameter_group_status
}

#[test]
fn a_static_change_waits_for_the_reboot_of_each_instance() {
    let mut scene = Scene::aurora();
    let server = scene.region.cluster("orders").unwrap().server.clone();
    let started = scene.plane.server(&server).unwrap().started_at;
    scene.call(modify("orders-57", vec![change("gtid-mode", "ON", "pending-reboot")])).unwrap();
    assert_eq!(member_status(&mut scene, "orders", "orders-1"), "pending-reboot");
    let refused = scene.creation();
    assert_eq!(scene.refused(refused), "InvalidDBClusterStateFault", "the writer is not in sync");

    scene.run(1_000);
    scene.call(RebootDBInstance { id: "orders-2".into(), force_failover: false }).unwrap();
    assert_eq!(
        scene.refused(RebootDBInstance { id: "orders-2".into(), force_failover: false }),
        "InvalidDBInstanceState"
    );
    scene.run(2_000);
    assert_eq!(member_status(&mut scene, "orders", "orders-2"), "in-sync");
    assert_eq!(member_status(&mut scene, "orders", "orders-1"), "pending-reboot");
    assert_eq!(scene.plane.server(&server).unwrap().started_at, started, "a reader has no server of its own");

    scene.call(RebootDBInstance { id: "orders-1".into(), force_failover: false }).unwrap();
    scene.run(2_000);
    assert_eq!(member_status(&mut scene, "orders", "orders-1"), "in-sync");
    let after = scene.plane.server(&server).unwrap();
    assert!(after.started_at > started);
    assert_eq!(after.setting("gtid-mode"), Some("ON"));
    assert_eq!(after.binlog.len(), 2);
}

#[test]
fn a_dynamic_change_is_applied_without_a_reboot() {
    let mut scene = Scene::aurora();
    scene.call(modify("orders-57", vec![change("binlog_row_image", "full", "immediate")])).unwrap();
    assert_eq!(member_status(&mut scene, "orders", "orders-1"), "applying");
    scene.run(1_000);
    assert_eq!(member_status(&mut scene, "orders", "orders-1"), "in-sync");
    let server = scene.region.cluster("orders").unwrap().server.clone();
    assert_eq!(scene.plane.server(&server).unwrap().settings["binlog_row_image"], "full");
}

#[test]
fn what_rds_refuses() {
    let mut scene = Scene::aurora();
    let immediate = modify("orders-57", vec![change("binlog_format", "ROW", "immediate")]);
    assert_eq!(scene.refused(immediate), "InvalidParameterCombination");
    let many = (0..21).map(|_| change("time_zone", "UTC", "immediate")).collect();
    assert_eq!(scene.refused(modify("orders-57", many)), "InvalidParameterValue");
    for (name, value) in [("nonsense", "1"), ("port", "3307"), ("binlog_format", "SOMETIMES"), ("tx_isolation", "NONE")]
    {
        let one = modify("orders-57", vec![change(name, value, "pending-reboot")]);
        assert_eq!(scene.refused(one), "InvalidParameterValue", "{name}");
    }
    assert_eq!(
        scene.refused(modify("nothing", vec![change("time_zone", "UTC", "immediate")])),
        "DBParameterGroupNotFound"
    );
    let default = modify("default.aurora-mysql5.7", vec![change("time_zone", "UTC", "immediate")]);
    assert_eq!(scene.refused(default), "InvalidParameterValue");
    let again = CreateDBClusterParameterGroup {
        name: "Orders-80".into(),
        family: "aurora-mysql8.0".into(),
        ..Default::default()
    };
    assert_eq!(scene.refused(again), "DBParameterGroupAlreadyExists");
    assert_eq!(
        scene.refused(DeleteDBClusterParameterGroup { name: "orders-57".into() }),
        "InvalidDBParameterGroupState"
    );
}

#[test]
fn a_group_refuses_changes_while_it_is_busy() {
    let mut scene = Scene::aurora();
    scene.region.faults().mishaps.push(Planned::once(Mishap::GroupBusy { during: 2_000 }));
    let one = || modify("orders-80", vec![change("time_zone", "UTC", "immediate")]);
    scene.call(one()).unwrap();
    assert_eq!(scene.refused(one()), "InvalidDBParameterGroupState");
    scene.run(2_000);
    scene.call(one()).unwrap();
}

#[test]
fn sources_and_families_are_listed_page_by_page() {
    let mut scene = Scene::aurora();
    let user =
        DescribeDBClusterParameters { name: "orders-80".into(), source: Some("user".into()), ..Default::default() };
    let user = scene.call(user).unwrap().items;
    assert_eq!(
        user.iter().map(|p| (p.name.as_str(), p.value.as_deref())).collect::<Vec<_>>(),
        [("binlog_format", Some("ROW"))]
    );
    let mut paging = Paging { max_records: Some(20), marker: None };
    let mut names = Vec::new();
    loop {
        let family = "aurora-mysql8.0".into();
        let ask = DescribeEngineDefaultClusterParameters { family, filters: vec![], paging: paging.clone() };
        let page = scene.call(ask).unwrap();
        names.extend(page.items.into_iter().map(|shown| shown.name));
        paging.marker = page.marker;
        if paging.marker.is_none() {
            break;
        }
    }
    assert!(names.len() > 60 && names.contains(&"replica_parallel_workers".to_owned()));
    assert!(!names.contains(&"slave_parallel_workers".to_owned()));
}

#[test]
fn another_group_waits_for_a_reboot() {
    let mut scene = Scene::aurora();
    let id = scene.create();
    let green = scene.green_of("orders");
    scene.region.add_parameter_group(Level::Cluster, "other-80", "aurora-mysql8.0").unwrap();
    let wrong = ModifyDBCluster { id: green.clone(), parameter_group: Some("orders-57".into()), ..Default::default() };
    assert_eq!(scene.refused(wrong), "InvalidParameterCombination");
    let right = ModifyDBCluster { id: green.clone(), parameter_group: Some("other-80".into()), ..Default::default() };
    scene.call(right).unwrap();
    assert_eq!(
        scene.refused(SwitchoverBlueGreenDeployment { id, timeout: None }),
        "InvalidBlueGreenDeploymentStateFault"
    );
    scene.run(1_000);
    for member in ["orders-1", "orders-2"] {
        let instance = scene.green_of(member);
        assert_eq!(member_status(&mut scene, &green, &instance), "pending-reboot");
    }
}
