//! The life of a deployment, from its making to the end of old blue.

use sandbox::region::action::*;
use sandbox::region::event::COORDINATES;
use sandbox::region::*;

use crate::scene::{self, START, Scene, V57, V80};

#[test]
fn an_aurora_upgrade_from_beginning_to_end() {
    let mut scene = Scene::aurora();
    let before: Vec<_> = scene.region.instances().map(|i| (i.id.clone(), i.resource_id.clone())).collect();
    let creation = scene.creation();
    let first = scene.call(creation).unwrap();
    assert_eq!(first.status.as_str(), "PROVISIONING");
    assert!(first.rows.iter().all(|row| row.target.is_none() && row.status == "PROVISIONING"));
    assert_eq!(first.rows.len(), 3);
    let names: Vec<_> = first.steps.iter().map(|step| (step.name, step.status)).collect();
    let pending = |name| (name, "PENDING");
    assert_eq!(
        names,
        [
            pending("CREATING_READ_REPLICA_OF_SOURCE"),
            pending("DB_ENGINE_VERSION_UPGRADE"),
            pending("CREATE_DB_INSTANCES_FOR_CLUSTER")
        ]
    );
    scene.wait(&first.id, "AVAILABLE");
    let deployment = scene.region.deployment(&first.id).unwrap().clone();
    assert!(deployment.rows.iter().all(|row| row.status == "PROVISIONING"), "rows lag behind");
    scene.run(2_000);
    let deployment = scene.region.deployment(&first.id).unwrap().clone();
    assert!(deployment.rows.iter().all(|row| row.status == "AVAILABLE"));

    let greens: Vec<_> = ["orders", "orders-1", "orders-2"].iter().map(|id| scene.green_of(id)).collect();
    let suffixes: std::collections::BTreeSet<_> = greens.iter().map(|id| id.rsplit('-').next().unwrap()).collect();
    assert_eq!(suffixes.len(), 3, "each has its own suffix: {greens:?}");
    let green = scene.region.cluster(&greens[0]).unwrap().clone();
    assert_eq!((green.version.as_str(), green.status.as_str()), (V80, "available"));
    let green_id = scene.region.instance(&greens[1]).unwrap().resource_id.clone();
    let production = scene.region.cluster("orders").unwrap().endpoint.clone();
    let blue_server = scene.region.cluster("orders").unwrap().server.clone();
    assert_eq!(scene.plane.at(&production), Some(&blue_server));
    assert_eq!(scene.plane.at(&green.endpoint), Some(&green.server));
    assert!(scene.plane.server(&green.server).unwrap().read_only);
    scene.plane.append(&blue_server, 1_000_000);

    scene.switch(&first.id);
    let cluster = scene.region.cluster("orders").unwrap();
    assert_eq!((&cluster.resource_id, cluster.version.as_str()), (&green.resource_id, V80));
    assert_eq!(cluster.endpoint, production, "the address of production stays");
    assert_eq!(cluster.tags.get("team").map(String::as_str), Some("shop"));
    let old = scene.region.cluster("orders-old1").unwrap();
    assert_eq!(old.version, V57);
    assert_eq!(scene.plane.at(&production), Some(&green.server));
    assert_eq!(scene.plane.at(&old.endpoint), Some(&blue_server));
    assert_eq!(scene.plane.at(&green.endpoint), None);
    assert_eq!(scene.region.instance("orders-1").unwrap().resource_id, green_id);
    for (name, resource_id) in before {
        assert_eq!(scene.region.instance(&format!("{name}-old1")).unwrap().resource_id, resource_id);
    }
    let deployment = scene.region.deployment(&first.id).unwrap();
    assert!(deployment.rows[0].source_arn.ends_with(":orders-old1"));
    assert!(deployment.rows[0].target_arn.as_ref().unwrap().ends_with(":orders"));
    assert!(deployment.rows.iter().all(|row| row.status == "SWITCHOVER_COMPLETED"));
    assert!(scene.plane.server(&blue_server).unwrap().read_only);

    let (file, position) = scene.plane.server(&green.server).unwrap().binlog[0].clone();
    let message = format!("{COORDINATES}: file {file} and position {position}");
    assert_eq!(scene.said(&message), [("db-instance", greens[1].clone())]);

    scene.call(DeleteBlueGreenDeployment { id: first.id.clone(), delete_target: None }).unwrap();
    assert_eq!(scene.status(&first.id), "DELETING");
    scene.run(5_000);
    assert!(scene.region.deployment(&first.id).is_err());
    assert!(!scene.plane.server(&blue_server).unwrap().read_only, "old blue takes writes again");

    for id in ["orders-1-old1", "orders-2-old1"] {
        let delete = DeleteDBInstance { id: id.into(), skip_final_snapshot: true, final_snapshot: None };
        scene.call(delete).unwrap();
    }
    let delete =
        DeleteDBCluster { id: "orders-old1".into(), skip_final_snapshot: false, final_snapshot: Some("last".into()) };
    scene.call(delete).unwrap();
    scene.run(5_000);
    assert!(scene.region.cluster("orders-old1").is_err());
    assert_eq!(scene.region.snapshots(), ["last"]);
    assert!(scene.plane.server(&blue_server).is_none());
}

#[test]
fn an_rds_upgrade_takes_its_replica_along() {
    let mut scene = Scene::rds();
    let id = scene.create();
    let steps: Vec<_> = scene.region.deployment(&id).unwrap().steps.iter().map(|step| step.name).collect();
    assert_eq!(
        steps,
        [
            "CREATING_READ_REPLICA_OF_SOURCE",
            "DB_ENGINE_VERSION_UPGRADE",
            "CONFIGURE_BACKUPS",
            "CREATING_TOPOLOGY_OF_SOURCE"
        ]
    );
    let green = scene.region.instance(&scene.green_of("shop")).unwrap().clone();
    let replica = scene.region.instance(&scene.green_of("shop-r")).unwrap().clone();
    assert_eq!(replica.replica_of.as_ref(), Some(&green.resource_id));
    let replica_address = scene.region.instance("shop-r").unwrap().endpoint.clone();
    scene.switch(&id);
    assert_eq!(scene.region.instance("shop").unwrap().version, "8.0.15");
    assert_eq!(scene.plane.at(&replica_address), Some(&replica.server));
    let old = scene.region.instance("shop-r-old1").unwrap();
    assert_eq!(scene.plane.at(&old.endpoint), Some(&ServerId("blue-replica".into())));
    assert!(scene.plane.server(&replica.server).unwrap().read_only);
}

#[test]
fn it_takes_hours_at_the_pace_of_aws() {
    let mut scene = Scene::aurora_with(scene::settings(Pace::aws()));
    let id = scene.create();
    assert!(scene.region.now() - START > 40 * 60_000);
    scene.switch(&id);
    assert_eq!(scene.status(&id), "SWITCHOVER_COMPLETED");
}

#[test]
fn green_is_available_only_when_its_server_is_made() {
    let mut scene = Scene::aurora();
    scene.plane.durations.make_green = 3_600_000;
    let creation = scene.creation();
    let id = scene.call(creation).unwrap().id;
    scene.run(3_000_000);
    assert_eq!(scene.status(&id), "PROVISIONING");
    scene.run(700_000);
    assert_eq!(scene.status(&id), "AVAILABLE");
}

#[test]
fn completed_comes_later_than_the_first_write_on_green() {
    let mut scene = Scene::aurora();
    let id = scene.create();
    let green = scene.region.cluster(&scene.green_of("orders")).unwrap().server.clone();
    scene.call(SwitchoverBlueGreenDeployment { id: id.clone(), timeout: Some(30) }).unwrap();
    let open = |scene: &Scene| !scene.plane.server(&green).unwrap().read_only;
    while !open(&scene) {
        scene.run(50);
    }
    assert_eq!(scene.status(&id), "SWITCHOVER_IN_PROGRESS");
    assert!(scene.region.cluster("orders-old1").is_err(), "names move after the flip");
    scene.wait(&id, "SWITCHOVER_COMPLETED");
}

#[test]
fn the_second_deployment_leaves_old2() {
    let mut scene = Scene::rds();
    let id = scene.create();
    scene.switch(&id);
    scene.call(DeleteBlueGreenDeployment { id, delete_target: None }).unwrap();
    scene.run(5_000);
    let mut creation = scene.creation();
    creation.target_engine_version = Some("8.0.42".into());
    let id = scene.call(creation).unwrap().id;
    scene.wait(&id, "AVAILABLE");
    scene.run(5_000);
    scene.switch(&id);
    assert_eq!(scene.region.instance("shop-old2").unwrap().version, "8.0.15");
    assert_eq!(scene.region.instance("shop-old1").unwrap().version, "5.7.22");
    assert_eq!(scene.region.instance("shop").unwrap().version, "8.0.42");
}
