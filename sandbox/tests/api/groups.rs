//! Parameter groups and log files through the SDK.

use aws_sdk_rds::types::{ApplyMethod, Parameter};
use sandbox::region::{Faults, Mishap, Planned};

use crate::world::World;

fn parameter(name: &str, value: &str, method: ApplyMethod) -> Parameter {
    Parameter::builder().parameter_name(name).parameter_value(value).apply_method(method).build()
}

#[tokio::test]
async fn cluster_groups_are_made_changed_and_deleted() {
    let world = World::new(Faults::default()).await;
    let rds = world.client.clone();
    let make = || {
        rds.create_db_cluster_parameter_group()
            .db_cluster_parameter_group_name("new-80")
            .db_parameter_group_family("aurora-mysql8.0")
            .description("for the upgrade")
    };
    let made = make().send().await.unwrap();
    assert_eq!(made.db_cluster_parameter_group().unwrap().db_cluster_parameter_group_name(), Some("new-80"));
    assert!(made.db_cluster_parameter_group().unwrap().db_cluster_parameter_group_arn().is_some());
    assert!(make().send().await.unwrap_err().into_service_error().is_db_parameter_group_already_exists_fault());

    let modify = |parameters: Vec<Parameter>| {
        rds.modify_db_cluster_parameter_group()
            .db_cluster_parameter_group_name("new-80")
            .set_parameters(Some(parameters))
            .send()
    };
    let changed = vec![
        parameter("binlog_format", "ROW", ApplyMethod::PendingReboot),
        parameter("time_zone", "Europe/Berlin", ApplyMethod::Immediate),
    ];
    assert_eq!(modify(changed).await.unwrap().db_cluster_parameter_group_name(), Some("new-80"));
    let refused = modify(vec![parameter("binlog_format", "ROW", ApplyMethod::Immediate)]).await;
    assert_eq!(refused.unwrap_err().into_service_error().meta().code(), Some("InvalidParameterCombination"));

    let user = rds.describe_db_cluster_parameters().db_cluster_parameter_group_name("new-80").source("user");
    let user = user.send().await.unwrap();
    assert_eq!(user.parameters().len(), 2);
    assert_eq!(user.parameters()[0].is_modifiable(), Some(true));
    assert_eq!(user.parameters()[0].allowed_values(), Some("ROW,STATEMENT,MIXED,OFF"));
    let mut pages = rds
        .describe_db_cluster_parameters()
        .db_cluster_parameter_group_name("new-80")
        .max_records(20)
        .into_paginator()
        .send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += page.unwrap().parameters().len();
    }
    assert!(count > 60, "{count}");
    let listed = rds.describe_db_cluster_parameter_groups().send().await.unwrap();
    assert!(listed.db_cluster_parameter_groups().iter().any(|group| group.description() == Some("for the upgrade")));
    let delete = || rds.delete_db_cluster_parameter_group().db_cluster_parameter_group_name("new-80").send();
    delete().await.unwrap();
    assert!(delete().await.unwrap_err().into_service_error().is_db_parameter_group_not_found_fault());
}

#[tokio::test]
async fn instance_groups_are_made_changed_and_deleted() {
    let world = World::new(Faults::default()).await;
    let rds = world.client.clone();
    let made = rds
        .create_db_parameter_group()
        .db_parameter_group_name("shop-80")
        .db_parameter_group_family("mysql8.0")
        .description("for the upgrade")
        .send()
        .await;
    assert!(made.unwrap().db_parameter_group().unwrap().db_parameter_group_arn().is_some());
    let changed = rds
        .modify_db_parameter_group()
        .db_parameter_group_name("shop-80")
        .parameters(parameter("long_query_time", "0.5", ApplyMethod::Immediate))
        .send()
        .await;
    assert_eq!(changed.unwrap().db_parameter_group_name(), Some("shop-80"));
    let user = rds.describe_db_parameters().db_parameter_group_name("shop-80").source("user").send().await.unwrap();
    assert_eq!(user.parameters()[0].parameter_value(), Some("0.5"));
    let listed = rds.describe_db_parameter_groups().db_parameter_group_name("shop-80").send().await.unwrap();
    assert_eq!(listed.db_parameter_groups()[0].db_parameter_group_family(), Some("mysql8.0"));
    rds.delete_db_parameter_group().db_parameter_group_name("shop-80").send().await.unwrap();

    let mut pages = rds
        .describe_engine_default_parameters()
        .db_parameter_group_family("mysql8.4")
        .max_records(20)
        .into_paginator()
        .send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let defaults = page.unwrap().engine_defaults.unwrap();
        names.extend(defaults.parameters().iter().filter_map(|shown| shown.parameter_name().map(str::to_owned)));
    }
    assert!(names.len() > 60 && names.iter().any(|name| name == "replica_parallel_workers"));
    let cluster = rds.describe_engine_default_cluster_parameters().db_parameter_group_family("aurora-mysql8.0");
    let cluster = cluster.send().await.unwrap().engine_defaults.unwrap();
    assert!(cluster.marker().is_some() && cluster.parameters().len() == 100);
}

#[tokio::test]
async fn the_log_of_a_failed_upgrade_can_be_fetched() {
    let mishap = Mishap::CreationFails {
        task: "DB_ENGINE_VERSION_UPGRADE".into(),
        reason: "the old temporal type is used".into(),
        status: "INVALID_CONFIGURATION".into(),
    };
    let mut world = World::new(Faults { mishaps: vec![Planned::once(mishap)], ..Default::default() }).await;
    let rds = world.client.clone();
    let made = rds
        .create_blue_green_deployment()
        .blue_green_deployment_name("orders-80")
        .source("arn:aws:rds:us-east-1:123456789012:cluster:orders")
        .target_engine_version("8.0")
        .send()
        .await
        .unwrap();
    let id = made.blue_green_deployment().unwrap().blue_green_deployment_identifier().unwrap().to_owned();
    world.run(10_000);
    let seen = rds.describe_blue_green_deployments().blue_green_deployment_identifier(id).send().await.unwrap();
    let seen = &seen.blue_green_deployments()[0];
    assert_eq!(seen.status(), Some("INVALID_CONFIGURATION"));
    assert!(seen.tasks().iter().any(|task| task.status() == Some("FAILED")));
    let green = seen.switchover_details()[1].target_member().unwrap().rsplit(':').next().unwrap().to_owned();

    let files = rds.describe_db_log_files().db_instance_identifier(&green).filename_contains("upgrade-prechecks");
    let files = files.send().await.unwrap();
    let file = &files.describe_db_log_files()[0];
    assert_eq!(file.log_file_name(), Some("upgrade-prechecks.log"));
    let mut text = String::new();
    let mut marker = "0".to_owned();
    loop {
        let portion = rds
            .download_db_log_file_portion()
            .db_instance_identifier(&green)
            .log_file_name("upgrade-prechecks.log")
            .marker(marker)
            .number_of_lines(5)
            .send()
            .await
            .unwrap();
        text.push_str(portion.log_file_data().unwrap_or_default());
        marker = portion.marker().unwrap().to_owned();
        if portion.additional_data_pending() != Some(true) {
            break;
        }
    }
    assert_eq!(text.len() as i64, file.size().unwrap());
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["errorCount"], 1);
    assert!(report["Summary"].is_string());
}
