//! Calls that fail, deployments that come to grief, and the record of it all.
use sandbox::region::action::*;
use sandbox::region::*;

use crate::scene::Scene;

fn with(mishap: Mishap) -> Scene {
    let mut scene = Scene::aurora();
    scene.region.faults().mishaps.push(Planned::once(mishap));
    scene
}

fn reboot(id: &str) -> RebootDBInstance {
    RebootDBInstance { id: id.into(), force_failover: false }
}

#[test]
fn a_lost_reply_leaves_its_effect_and_a_lost_call_none() {
    for (fault, applied) in [
        (Fault::ReplyLost(Breakage::Closed), true),
        (Fault::CallLost(Breakage::Reset), false),
        (Fault::Throttle, false),
    ] {
        let mut scene = Scene::aurora();
        scene.region.faults().rules.push(Rule::new(Action::RebootDBInstance, Calls::Nth(2), fault));
        scene.call(reboot("orders-2")).unwrap();
        assert!(scene.call(reboot("orders-1")).is_err());
        assert_eq!(scene.region.instance("orders-1").unwrap().status == "rebooting", applied);
        let requests = scene.region.requests();
        assert_eq!((requests[1].applied(), requests[1].mutating), (applied, true));
        assert_eq!(requests[1].params["id"], "orders-1");
        assert_eq!(scene.region.faults().rules[0].struck, 1);
    }
}

#[test]
fn rules_keep_to_their_calls_and_times() {
    let mut scene = Scene::aurora();
    let from = scene.region.now() + 1_000;
    let rule = Rule::any(Calls::First(2), Fault::Throttle);
    scene.region.faults().rules.push(Rule { from: Some(from), until: Some(from + 1_000), ..rule });
    let look = DescribeDBClusters::default;
    scene.call(look()).unwrap();
    scene.run(1_000);
    assert_eq!((scene.refused(look()), scene.refused(look())), ("Throttling".into(), "Throttling".into()));
    scene.call(look()).unwrap();
    let mut share = Rule::new(Action::DescribeEvents, Calls::Share(0.5), Fault::Internal);
    share.from = Some(from);
    scene.region.faults().rules.push(share);
    let failed = (0..200).filter(|_| scene.call(DescribeEvents::default()).is_err()).count();
    assert!((60..140).contains(&failed), "{failed}");
}

#[test]
fn what_people_do_is_not_recorded() {
    let mut scene = Scene::aurora();
    scene.region.faults().rules.push(Rule::any(Calls::All, Fault::Throttle));
    scene.region.by_hand(reboot("orders-1")).unwrap();
    assert!(scene.region.requests().is_empty());
}

#[test]
fn the_creation_fails_in_a_task() {
    let mut scene = with(Mishap::CreationFails {
        task: "DB_ENGINE_VERSION_UPGRADE".into(),
        reason: "the upgrade prechecks failed".into(),
        status: "PROVISIONING_FAILED".into(),
    });
    let creation = scene.creation();
    let id = scene.call(creation).unwrap().id;
    scene.wait(&id, "PROVISIONING_FAILED");
    let deployment = scene.region.deployment(&id).unwrap();
    assert!(deployment.status_details.as_ref().unwrap().contains("the upgrade prechecks failed"));
    let told = scene.said("Creation of blue/green deployment failed because the upgrade prechecks failed.");
    assert_eq!(told, [("blue-green-deployment", id)]);
    let instance = scene.green_of("orders-1");
    let files =
        scene.call(DescribeDBLogFiles { instance, contains: Some("upgrade-prechecks".into()), ..Default::default() });
    let files = files.unwrap().items;
    assert!(files[0].text.contains("the upgrade prechecks failed"));
}

#[test]
fn the_creation_fails_in_the_data_plane() {
    let mut scene = Scene::aurora();
    scene.plane.fail_next("MakeGreen", "the server did not start");
    let creation = scene.creation();
    let id = scene.call(creation).unwrap().id;
    scene.wait(&id, "INVALID_CONFIGURATION");
    assert_eq!(scene.region.complaints(), ["the server did not start"]);
    let target = Some(true);
    scene.call(DeleteBlueGreenDeployment { id: id.clone(), delete_target: target }).unwrap();
    scene.run(5_000);
    assert!(scene.region.deployment(&id).is_err());
    let creation = scene.creation();
    scene.call(creation).unwrap();
}

#[test]
fn the_creation_never_ends() {
    let mut scene = with(Mishap::Stuck { task: "CREATE_DB_INSTANCES_FOR_CLUSTER".into() });
    let creation = scene.creation();
    let id = scene.call(creation).unwrap().id;
    scene.run(24 * 3_600_000);
    assert_eq!(scene.status(&id), "PROVISIONING");
    scene.call(DeleteBlueGreenDeployment { id: id.clone(), delete_target: None }).unwrap();
    scene.run(5_000);
    assert_eq!(scene.region.clusters().count(), 2, "green is left");
}

#[test]
fn a_cancelled_switchover_leaves_everything_and_can_be_repeated() {
    let reason = "an active long-running write".to_owned();
    let mut scene = with(Mishap::SwitchoverCancelled { reason });
    let id = scene.create();
    let endpoint = scene.region.cluster("orders").unwrap().endpoint.clone();
    scene.call(SwitchoverBlueGreenDeployment { id: id.clone(), timeout: None }).unwrap();
    scene.wait(&id, "AVAILABLE");
    scene.run(1_000);
    assert!(scene.region.deployment(&id).unwrap().rows.iter().all(|row| row.status == "AVAILABLE"));
    let blue = ServerId("blue".into());
    assert_eq!(scene.plane.at(&endpoint), Some(&blue));
    assert!(!scene.plane.server(&blue).unwrap().read_only);
    let told = scene.said("Switchover from DB cluster orders to");
    assert_eq!(told.len(), 4, "started and cancelled, on both sides");
    assert_eq!(scene.said("Switchover canceled on blue/green deployment.").len(), 1);
    scene.switch(&id);
}

#[test]
fn lag_and_broken_replication_roll_back() {
    let mut scene = Scene::aurora();
    let id = scene.create();
    let green = scene.region.cluster(&scene.green_of("orders")).unwrap().server.clone();
    let switch = |timeout| SwitchoverBlueGreenDeployment { id: id.clone(), timeout: Some(timeout) };
    scene.plane.server_mut(&green).unwrap().lag_seconds = 100;
    scene.call(switch(30)).unwrap();
    scene.wait(&id, "AVAILABLE");
    assert!(scene.region.deployment(&id).unwrap().status_details.as_ref().unwrap().contains("lag"));
    scene.plane.server_mut(&green).unwrap().replicating = false;
    scene.call(switch(300)).unwrap();
    scene.wait(&id, "AVAILABLE");
    assert!(scene.region.deployment(&id).unwrap().status_details.as_ref().unwrap().contains("replication"));
    scene.plane.server_mut(&green).unwrap().replicating = true;
    scene.switch(&id);
}

#[test]
fn a_failed_switchover_has_moved_nothing_or_everything() {
    for moved in [false, true] {
        let mut scene = with(Mishap::SwitchoverFailed { reason: "an internal error".into(), moved });
        let id = scene.create();
        scene.call(SwitchoverBlueGreenDeployment { id: id.clone(), timeout: None }).unwrap();
        scene.wait(&id, "SWITCHOVER_FAILED");
        assert_eq!(scene.region.cluster("orders-old1").is_ok(), moved);
        assert_eq!(scene.plane.server(&ServerId("blue".into())).unwrap().read_only, moved);
    }
}

#[test]
fn a_member_that_is_lost_invalidates_the_deployment() {
    let mut scene = with(Mishap::MemberMissing { after: 5_000 });
    let id = scene.create();
    scene.run(6_000);
    assert_eq!(scene.status(&id), "INVALID_CONFIGURATION");
    let rows: Vec<_> = scene.region.deployment(&id).unwrap().rows.iter().map(|row| row.status).collect();
    assert_eq!(rows, ["AVAILABLE", "AVAILABLE", "MISSING_TARGET"]);

    let mut scene = Scene::aurora();
    let id = scene.create();
    scene.region.lose_instance("orders-2").unwrap();
    assert_eq!(scene.region.deployment(&id).unwrap().rows[2].status, "MISSING_SOURCE");
    let switch = SwitchoverBlueGreenDeployment { id, timeout: None };
    assert_eq!(scene.refused(switch), "InvalidBlueGreenDeploymentStateFault");
}

#[test]
fn green_is_lost_to_a_person() {
    let mut scene = Scene::aurora();
    let id = scene.create();
    let green = scene.green_of("orders");
    scene.region.lose_cluster(&green).unwrap();
    scene.run(1_000);
    assert_eq!(scene.status(&id), "INVALID_CONFIGURATION");
    assert!(scene.region.cluster(&green).is_err());
    scene.call(DeleteBlueGreenDeployment { id, delete_target: None }).unwrap();
    scene.run(2_000);
    assert!(scene.region.deployments().is_empty());
}

#[test]
fn an_available_deployment_may_not_look_or_be_so() {
    let mut scene = with(Mishap::Flapping { during: 10_000 });
    scene.region.faults().mishaps.push(Planned::once(Mishap::StorageOptimization { during: 10_000 }));
    let id = scene.create();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let look = DescribeBlueGreenDeployments { id: Some(id.clone()), ..Default::default() };
        seen.push(scene.call(look).unwrap().items[0].status.as_str().to_owned());
    }
    assert_eq!(seen, ["AVAILABLE", "PROVISIONING", "AVAILABLE", "PROVISIONING"]);
    let green = scene.region.instance(&scene.green_of("orders-1")).unwrap();
    assert_eq!(green.status, "storage-optimization");
    let switch = || SwitchoverBlueGreenDeployment { id: id.clone(), timeout: None };
    assert_eq!(scene.refused(switch()), "InvalidBlueGreenDeploymentStateFault");
    scene.run(10_000);
    scene.call(switch()).unwrap();
}

#[test]
fn green_may_come_up_with_defaults_and_wait_for_a_reboot() {
    let mut scene = with(Mishap::GreenPendingReboot);
    scene.create();
    let (green, writer) = (scene.green_of("orders"), scene.green_of("orders-1"));
    let server = scene.region.cluster(&green).unwrap().server.clone();
    assert!(!scene.plane.server(&server).unwrap().writes_binlog);
    assert_eq!(scene.region.instance(&writer).unwrap().cluster_level.status(), "pending-reboot");
    scene.call(reboot(&writer)).unwrap();
    scene.run(2_000);
    assert_eq!(scene.region.instance(&writer).unwrap().cluster_level.status(), "in-sync");
    assert!(scene.plane.server(&server).unwrap().writes_binlog);
}

#[test]
fn a_server_that_does_not_restart_shows() {
    let mut scene = Scene::aurora();
    scene.plane.fail_next("Restart", "unknown variable");
    scene.call(reboot("orders-1")).unwrap();
    scene.run(2_000);
    assert_eq!(scene.region.instance("orders-1").unwrap().status, "incompatible-parameters");
}

#[test]
fn the_same_seed_gives_the_same_region() {
    let life = || {
        let mut scene = Scene::aurora();
        let id = scene.create();
        scene.switch(&id);
        scene.region.events().to_vec()
    };
    assert_eq!(life(), life());
}
