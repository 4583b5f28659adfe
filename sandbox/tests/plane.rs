//! Real servers: green is made from a blue that is being written to, and the switchover loses nothing.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by failing")]

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use sandbox::clock;
use sandbox::mysqld::{Accounts, connect};
use sandbox::region::work::{Done, Task};
use support::{World, blue, id, settings};

async fn make_green(world: &World, parameters: &[(&str, &str)]) -> Result<Done, String> {
    let task = Task::MakeGreen {
        blue: id("blue"),
        green: id("green"),
        engine_version: "8.0.mysql_aurora.3.04.0".into(),
        settings: settings(parameters),
    };
    world.plane.perform(task).await
}

async fn rows(world: &World, server: &str) -> BTreeMap<u64, String> {
    let mut conn = world.admin(server).await;
    conn.query::<(u64, String), _>("SELECT id, note FROM shop.t").await.unwrap().into_iter().collect()
}

/// Inserts through the endpoint until told to stop; returns the ids the server confirmed.
async fn write(endpoint: SocketAddrV4, accounts: Accounts, stop: tokio::sync::watch::Receiver<bool>) -> Vec<u64> {
    let mut confirmed = Vec::new();
    let mut next = 1_u64;
    while !*stop.borrow() {
        let Ok(mut conn) = connect(endpoint, &accounts.app).await else {
            clock::pause(Duration::from_millis(5)).await;
            continue;
        };
        while !*stop.borrow() {
            let insert = format!("INSERT INTO shop.t VALUES ({next}, 'row {next}')");
            // An id is used once: whether a lost answer stands for a row is not known.
            let done = conn.query_drop(insert).await;
            let this = next;
            next += 1;
            if done.is_err() {
                break;
            }
            confirmed.push(this);
        }
    }
    confirmed
}

async fn switch_over_under_writes(parameters: &[(&str, &str)]) {
    let world = blue(parameters).await;
    let mut admin = world.admin("blue").await;
    admin.query_drop("CREATE DATABASE shop").await.unwrap();
    admin.query_drop("CREATE TABLE shop.t (id BIGINT UNSIGNED PRIMARY KEY, note VARCHAR(40))").await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writer = tokio::spawn(write(world.endpoint, world.accounts.clone(), stopped));

    make_green(&world, parameters).await.unwrap();
    let version: Option<String> = world.admin("green").await.query_first("SELECT @@version").await.unwrap();
    assert!(version.unwrap().starts_with("8.0.15"));
    let mut green = world.admin("green").await;
    let read_only: Option<u8> = green.query_first("SELECT @@read_only").await.unwrap();
    assert_eq!(read_only, Some(1));

    // What a CDC connector asks before it reads.
    let address = world.plane.server(&id("green")).unwrap().lock().await.address;
    let mut cdc = connect(address, &world.accounts.cdc).await.unwrap();
    for query in [
        "SHOW DATABASES",
        "SHOW FULL TABLES IN shop WHERE Table_Type = 'BASE TABLE'",
        "SHOW MASTER STATUS",
        "SHOW BINARY LOGS",
        "SHOW CREATE TABLE shop.t",
        "SELECT COUNT(*) FROM shop.t",
    ] {
        cdc.query_drop(query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    }

    let task = Task::Switchover { blue: id("blue"), green: id("green"), timeout_seconds: 30 };
    let done = world.plane.perform(task).await.unwrap();
    let Done::Switched { coordinates: Some((file, position)) } = done else { panic!("no coordinates: {done:?}") };
    assert!(file.starts_with("mysql-bin-changelog.") && position > 150, "{file}:{position}");

    let at_flip = rows(&world, "blue").await;
    let grown = || async { (rows(&world, "green").await.len() > at_flip.len() + 50).then_some(()) };
    clock::poll(Duration::from_secs(20), Duration::from_millis(20), grown).await.expect("the writer goes on at green");
    stop.send(true).unwrap();
    let confirmed = writer.await.unwrap();

    assert_eq!(rows(&world, "blue").await, at_flip, "blue is frozen");
    let arrived = rows(&world, "green").await;
    assert!(at_flip.iter().all(|(key, note)| arrived.get(key) == Some(note)), "green has all of blue");
    let lost: Vec<_> = confirmed.iter().filter(|key| !arrived.contains_key(key)).collect();
    assert!(lost.is_empty(), "confirmed and lost: {lost:?}");

    world
        .plane
        .perform(Task::Route { address: world.plane.claim().host(2).to_string(), server: id("blue") })
        .await
        .unwrap();
    world.plane.perform(Task::LiftReadOnly { server: id("blue") }).await.unwrap();
    world.admin("blue").await.query_drop("INSERT INTO shop.t VALUES (0, 'late')").await.unwrap();
    world.plane.perform(Task::Destroy { server: id("blue") }).await.unwrap();
    assert!(!world.folder.path().join("servers/blue").exists());
    world.plane.kill().await.unwrap();
    assert!(sandbox::process::running(&world.folder.path().join("processes")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn switchover_under_writes_loses_nothing() {
    switch_over_under_writes(&[("binlog_format", "ROW"), ("query_cache_size", "0")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switchover_with_gtid_loses_nothing() {
    let gtid = [("binlog_format", "ROW"), ("gtid-mode", "ON"), ("enforce_gtid_consistency", "ON")];
    switch_over_under_writes(&gtid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mysql_refuses_to_upgrade_fails_with_the_servers_own_words() {
    let world = blue(&[("binlog_format", "ROW")]).await;
    let mut admin = world.admin("blue").await;
    admin.query_drop("CREATE DATABASE shop").await.unwrap();
    // A partitioned table outside InnoDB.
    let table = "CREATE TABLE shop.p (id INT) ENGINE = MyISAM PARTITION BY HASH (id) PARTITIONS 2";
    admin.query_drop(table).await.unwrap();
    let error = make_green(&world, &[("binlog_format", "ROW")]).await.unwrap_err();
    assert!(error.contains("upgrade failed") && error.contains("shop"), "{error}");
    assert!(!world.folder.path().join("servers/green").exists());
    admin.query_drop("INSERT INTO shop.p VALUES (1)").await.unwrap();
    world.plane.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_green_that_does_not_replicate_is_rolled_back() {
    let world = blue(&[("binlog_format", "ROW")]).await;
    make_green(&world, &[("binlog_format", "ROW")]).await.unwrap();
    world.admin("green").await.query_drop("STOP SLAVE").await.unwrap();
    let task = Task::Switchover { blue: id("blue"), green: id("green"), timeout_seconds: 2 };
    let error = world.plane.perform(task).await.unwrap_err();
    assert!(error.contains("rolled back"), "{error}");
    let led = world.plane.endpoints.list();
    assert_eq!(led[0].1.server, id("blue"));
    let mut app = connect(world.endpoint, &world.accounts.upgrade).await.unwrap();
    app.query_drop("CREATE DATABASE shop").await.unwrap();
    world.plane.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_logs_retention_is_set_as_on_rds_and_a_restart_takes_new_settings() {
    let world = blue(&[]).await;
    let mut master = connect(world.endpoint, &world.accounts.upgrade).await.unwrap();
    let log: Option<u8> = master.query_first("SELECT @@log_bin").await.unwrap();
    assert_eq!(log, Some(0));
    master.query_drop("CALL mysql.rds_set_configuration('binlog retention hours', 24)").await.unwrap();
    let shown: Vec<(String, Option<String>, String)> =
        master.query("CALL mysql.rds_show_configuration()").await.unwrap();
    let hours = shown.into_iter().find(|(name, ..)| name == "binlog retention hours").and_then(|(_, value, _)| value);
    assert_eq!(hours.as_deref(), Some("24"));

    let restart = Task::Restart { server: id("blue"), settings: settings(&[("binlog_format", "ROW")]) };
    world.plane.perform(restart).await.unwrap();
    let mut master = connect(world.endpoint, &world.accounts.upgrade).await.unwrap();
    let format: Option<(u8, String)> = master.query_first("SELECT @@log_bin, @@binlog_format").await.unwrap();
    assert_eq!(format, Some((1, "ROW".into())));
    world.plane.kill().await.unwrap();
}
