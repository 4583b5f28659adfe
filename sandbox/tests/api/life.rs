//! A whole upgrade through the SDK, and every action on the way.

use aws_sdk_rds::types::{Filter, SourceType, Tag};
use sandbox::region::Faults;

use crate::world::World;

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

#[tokio::test]
async fn an_upgrade_from_beginning_to_end() {
    let mut world = World::new(Faults::default()).await;
    let rds = world.client.clone();

    let cluster = rds.describe_db_clusters().db_cluster_identifier("Orders").send().await.unwrap();
    let cluster = &cluster.db_clusters()[0];
    assert_eq!(cluster.engine_version(), Some("5.7.mysql_aurora.2.11.2"));
    assert_eq!(cluster.db_cluster_members()[0].is_cluster_writer(), Some(true));
    assert_eq!(cluster.db_cluster_members()[1].db_cluster_parameter_group_status(), Some("in-sync"));
    assert_eq!(cluster.tag_list()[0].value(), Some("shop & <co>"));
    assert_eq!(cluster.port(), Some(13306));
    assert_eq!(cluster.custom_endpoints().len(), 1);
    let endpoint = cluster.endpoint().unwrap().to_owned();
    let resource = cluster.db_cluster_resource_id().unwrap().to_owned();
    let source = cluster.db_cluster_arn().unwrap().to_owned();

    let versions =
        rds.describe_db_engine_versions().engine("aurora-mysql").engine_version("5.7.mysql_aurora.2.11.2").send().await;
    let versions = versions.unwrap();
    let targets = versions.db_engine_versions()[0].valid_upgrade_target();
    let target = targets.iter().find(|t| t.engine_version() == Some("8.0.mysql_aurora.3.08.2")).unwrap();
    assert_eq!(target.is_major_version_upgrade(), Some(true));

    let create = || {
        rds.create_blue_green_deployment()
            .blue_green_deployment_name("orders-80")
            .source(&source)
            .target_engine_version("8.0.mysql_aurora.3.08.2")
            .target_db_cluster_parameter_group_name("orders-80")
            .tags(Tag::builder().key("upgrade:run").value("r1").build())
    };
    let made = create().send().await.unwrap();
    let made = made.blue_green_deployment().unwrap();
    let id = made.blue_green_deployment_identifier().unwrap().to_owned();
    assert_eq!((made.status(), made.target()), (Some("PROVISIONING"), None));
    assert_eq!(made.switchover_details().len(), 4, "cluster, members, custom endpoint");
    assert_eq!(made.tasks().len(), 4);
    assert_eq!(made.tag_list()[0].key(), Some("upgrade:run"));
    assert!(made.create_time().is_some());
    let twice = create().send().await.unwrap_err().into_service_error();
    assert!(twice.is_blue_green_deployment_already_exists_fault());

    world.run(20_000);
    let found = rds.describe_blue_green_deployments().filters(filter("blue-green-deployment-name", "orders-80"));
    let found = found.send().await.unwrap();
    let found = &found.blue_green_deployments()[0];
    assert_eq!(found.status(), Some("AVAILABLE"));
    assert!(found.tasks().iter().all(|task| task.status() == Some("COMPLETED")));
    let green = found.switchover_details()[1].target_member().unwrap().rsplit(':').next().unwrap().to_owned();
    let nothing = rds.describe_blue_green_deployments().filters(filter("source", "arn:none")).send().await.unwrap();
    assert!(nothing.blue_green_deployments().is_empty());
    let unknown = rds.describe_blue_green_deployments().blue_green_deployment_identifier("bgd-none").send().await;
    assert!(unknown.unwrap_err().into_service_error().is_blue_green_deployment_not_found_fault());
    let upper = rds.describe_blue_green_deployments().blue_green_deployment_identifier(id.to_uppercase()).send().await;
    assert_eq!(upper.unwrap().blue_green_deployments().len(), 1);

    let reboot = || rds.reboot_db_instance().db_instance_identifier(&green).send();
    let rebooting = reboot().await.unwrap();
    assert_eq!(rebooting.db_instance().unwrap().db_instance_status(), Some("rebooting"));
    assert!(reboot().await.unwrap_err().into_service_error().is_invalid_db_instance_state_fault());
    let early = rds.switchover_blue_green_deployment().blue_green_deployment_identifier(&id).send().await;
    let early = early.unwrap_err().into_service_error();
    assert!(early.is_invalid_blue_green_deployment_state_fault());
    assert_eq!(early.meta().message(), Some(format!("DB instance {green} is not in available state").as_str()));
    world.run(5_000);

    let short = rds.switchover_blue_green_deployment().blue_green_deployment_identifier(&id).switchover_timeout(29);
    let short = short.send().await.unwrap_err().into_service_error();
    assert_eq!(short.meta().code(), Some("InvalidParameterValue"));
    let go = rds.switchover_blue_green_deployment().blue_green_deployment_identifier(&id).switchover_timeout(60);
    let switching = go.send().await.unwrap();
    assert_eq!(switching.blue_green_deployment().unwrap().status(), Some("SWITCHOVER_IN_PROGRESS"));
    world.run(10_000);
    let after = rds.describe_blue_green_deployments().blue_green_deployment_identifier(&id).send().await.unwrap();
    let after = &after.blue_green_deployments()[0];
    assert_eq!(after.status(), Some("SWITCHOVER_COMPLETED"));
    assert!(after.source().unwrap().ends_with(":orders-old1"));
    assert!(after.target().unwrap().ends_with(":orders"));
    let cluster = rds.describe_db_clusters().db_cluster_identifier("orders").send().await.unwrap();
    let cluster = &cluster.db_clusters()[0];
    assert_eq!(cluster.endpoint(), Some(endpoint.as_str()));
    assert_ne!(cluster.db_cluster_resource_id(), Some(resource.as_str()));

    let events = rds.describe_events().source_type(SourceType::DbInstance).source_identifier(&green).duration(60);
    let events = events.send().await.unwrap();
    let text = "Binary log coordinates in green environment after switchover: file mysql-bin-changelog.";
    assert!(events.events().iter().any(|event| event.message().unwrap_or_default().starts_with(text)), "{events:?}");
    let alone = rds.describe_events().source_identifier(&green).send().await.unwrap_err().into_service_error();
    assert_eq!(alone.meta().code(), Some("InvalidParameterCombination"));

    let wrong = rds.delete_blue_green_deployment().blue_green_deployment_identifier(&id).delete_target(false);
    assert!(wrong.send().await.is_err());
    let gone = rds.delete_blue_green_deployment().blue_green_deployment_identifier(&id).send().await.unwrap();
    let gone = gone.blue_green_deployment().unwrap();
    assert_eq!(gone.status(), Some("DELETING"));
    assert!(gone.delete_time().is_some());
    world.run(5_000);

    for member in ["orders-1-old1", "orders-2-old1"] {
        let delete = rds.delete_db_instance().db_instance_identifier(member).skip_final_snapshot(true);
        assert_eq!(delete.send().await.unwrap().db_instance().unwrap().db_instance_status(), Some("deleting"));
    }
    let delete = || rds.delete_db_cluster().db_cluster_identifier("orders-old1");
    assert!(delete().send().await.is_err(), "a final snapshot must be named or skipped");
    let delete = delete().skip_final_snapshot(false).final_db_snapshot_identifier("orders-last").send().await.unwrap();
    assert_eq!(delete.db_cluster().unwrap().status(), Some("deleting"));
    world.run(5_000);
    let gone = rds.describe_db_clusters().db_cluster_identifier("orders-old1").send().await;
    assert!(gone.unwrap_err().into_service_error().is_db_cluster_not_found_fault());
}

#[tokio::test]
async fn instances_tags_and_modifications() {
    let mut world = World::new(Faults::default()).await;
    let rds = world.client.clone();
    let all = rds.describe_db_instances().send().await.unwrap();
    assert_eq!(all.db_instances().len(), 4);
    let members = rds.describe_db_instances().filters(filter("db-cluster-id", "orders")).send().await.unwrap();
    assert_eq!(members.db_instances().len(), 2);
    let shop = rds.describe_db_instances().db_instance_identifier("shop").send().await.unwrap();
    let shop = &shop.db_instances()[0];
    assert_eq!(shop.read_replica_db_instance_identifiers(), ["shop-r"]);
    assert_eq!(shop.endpoint().unwrap().port(), Some(13306));
    assert_eq!(shop.db_parameter_groups()[0].parameter_apply_status(), Some("in-sync"));
    assert_eq!(shop.deletion_protection(), Some(false));
    let missing = rds.describe_db_instances().db_instance_identifier("none").send().await;
    assert!(missing.unwrap_err().into_service_error().is_db_instance_not_found_fault());

    let arn = shop.db_instance_arn().unwrap();
    let tag = Tag::builder().key("upgrade:run").value("r2").build();
    rds.add_tags_to_resource().resource_name(arn).tags(tag).send().await.unwrap();
    let tags = rds.list_tags_for_resource().resource_name(arn).send().await.unwrap();
    assert_eq!(tags.tag_list()[0].value(), Some("r2"));

    let changed = rds.modify_db_instance().db_instance_identifier("shop").backup_retention_period(7);
    let changed = changed.apply_immediately(true).send().await.unwrap();
    assert_eq!(changed.db_instance().unwrap().backup_retention_period(), Some(7));
    assert_eq!(changed.db_instance().unwrap().db_instance_status(), Some("modifying"));
    let changed = rds.modify_db_cluster().db_cluster_identifier("orders").deletion_protection(true).send().await;
    assert_eq!(changed.unwrap().db_cluster().unwrap().deletion_protection(), Some(true));
    world.run(2_000);
    let shop = rds.describe_db_instances().db_instance_identifier("shop").send().await.unwrap();
    assert_eq!(shop.db_instances()[0].db_instance_status(), Some("available"));
}
