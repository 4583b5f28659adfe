//! Real servers in the ugly relations that scenes ask for: each is brought about, and looked at.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by failing")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use sandbox::clock;
use sandbox::mysqld::{Applier, Order, Readers, connect, rotate_past};
use sandbox::plane::{Bent, GreenAddress, SameFile};
use sandbox::region::work::{Done, Task};
use support::{World, bent_blue, id, settings};

const ROWS: [(&str, &str); 2] = [("binlog_format", "ROW"), ("binlog_rows_query_log_events", "ON")];

async fn make_green(world: &World) {
    let engine_version = "8.0.mysql_aurora.3.04.0".to_owned();
    let (blue, green) = (id("blue"), id("green"));
    world.plane.perform(Task::MakeGreen { blue, green, engine_version, settings: settings(&ROWS) }).await.unwrap();
}

async fn switch_over(world: &World) -> Result<(String, u64), String> {
    let task = Task::Switchover { blue: id("blue"), green: id("green"), timeout_seconds: 30 };
    match world.plane.perform(task).await? {
        Done::Switched { coordinates: Some(coordinates) } => Ok(coordinates),
        other => Err(format!("no coordinates: {other:?}")),
    }
}

async fn table(conn: &mut Conn) {
    conn.query_drop("CREATE DATABASE shop").await.unwrap();
    conn.query_drop("CREATE TABLE shop.t (id INT PRIMARY KEY, note VARCHAR(40))").await.unwrap();
}

/// The text of every statement of rows in the whole binary log, in order.
async fn statements(conn: &mut Conn) -> Vec<String> {
    let files: Vec<Row> = conn.query("SHOW BINARY LOGS").await.unwrap();
    let mut found = Vec::new();
    for file in files {
        let name: String = file.get(0).unwrap();
        let events: Vec<Row> = conn.query(format!("SHOW BINLOG EVENTS IN '{name}'")).await.unwrap();
        let texts = events.iter().filter(|event| event.get::<String, _>(2).as_deref() == Some("Rows_query"));
        found.extend(texts.map(|event| event.get::<String, _>(5).unwrap()).filter(|text| text.contains("shop.t")));
    }
    found
}

/// How many transactions stand at another place in green's log than in blue's, which holds the same ones.
async fn displaced(order: Order) -> usize {
    let bent = Bent { applier: Applier { workers: 4, order }, ..Bent::default() };
    let world = bent_blue(&ROWS, bent).await;
    table(&mut world.admin("blue").await).await;
    make_green(&world).await;
    let hands = (0..8).map(|hand| {
        let (endpoint, app) = (world.endpoint, world.accounts.app.clone());
        async move {
            let mut conn = connect(endpoint, &app).await.unwrap();
            for nth in 0..150 {
                let insert = format!("INSERT INTO shop.t VALUES ({}, 'x')", hand * 1000 + nth);
                conn.query_drop(insert).await.unwrap();
            }
        }
    });
    join_all(hands).await;
    let (mut blue, mut green) = (world.admin("blue").await, world.admin("green").await);
    let written = statements(&mut blue).await;
    let limit = clock::start();
    let applied = loop {
        let applied = statements(&mut green).await;
        if applied.len() == written.len() {
            break applied;
        }
        assert!(limit.elapsed() < Duration::from_secs(60), "{} of {} applied", applied.len(), written.len());
        clock::pause(Duration::from_millis(100)).await;
    };
    let place: BTreeMap<&String, usize> = written.iter().enumerate().map(|(nth, text)| (text, nth)).collect();
    assert_eq!((written.len(), place.len()), (1200, 1200));
    world.plane.kill().await.unwrap();
    applied.iter().enumerate().filter(|(nth, text)| place[text] != *nth).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_change_the_order_only_where_they_may() {
    assert_eq!(displaced(Order::Preserved).await, 0);
    let displaced = displaced(Order::Free).await;
    eprintln!("{displaced} of 1,200 transactions displaced");
    assert!(displaced > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_begins_on_green_exactly_where_blue_ended() {
    let world = bent_blue(&ROWS, Bent { same_file: Some(SameFile::Boundary), ..Bent::default() }).await;
    let mut blue = world.admin("blue").await;
    rotate_past(&*world.plane.server(&id("blue")).unwrap().lock().await, 8).await.unwrap();
    table(&mut blue).await;
    // The file grows to a hundred kilobytes and more, as it would in a minute.
    for nth in 0..300 {
        let insert = format!("INSERT INTO shop.t VALUES ({nth}, REPEAT('x', 40))");
        blue.query_drop(insert).await.unwrap();
    }
    make_green(&world).await;
    let (file, position) = switch_over(&world).await.unwrap();
    let ending: Row = blue.query_first("SHOW MASTER STATUS").await.unwrap().unwrap();
    let (blues_file, end): (String, u64) = (ending.get(0).unwrap(), ending.get(1).unwrap());
    assert_eq!(file, blues_file);
    assert!(position < end, "{position} < {end}");
    let mut green = world.admin("green").await;
    green.query_drop("INSERT INTO shop.t VALUES (9999, 'after')").await.unwrap();
    let events: Vec<Row> = green.query(format!("SHOW BINLOG EVENTS IN '{file}' FROM {end}")).await.unwrap();
    let kinds: Vec<String> = events.iter().map(|event| event.get::<String, _>(2).unwrap()).collect();
    assert!(kinds[0].ends_with("Gtid"), "{kinds:?}");
    world.plane.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_is_given_up_and_the_next_one_spares_the_readers_but_not_greens_own_address() {
    let green_address = GreenAddress::Killed;
    let bent = Bent { roll_backs: 1, readers: Readers::Survive, green_address, ..Bent::default() };
    let world = bent_blue(&ROWS, bent).await;
    table(&mut world.admin("blue").await).await;
    make_green(&world).await;
    let host = world.plane.claim().host(7);
    world.plane.perform(Task::Route { address: host.to_string(), server: id("green") }).await.unwrap();

    let error = switch_over(&world).await.unwrap_err();
    assert!(error.contains("rolled back"), "{error}");
    let mut app = connect(world.endpoint, &world.accounts.app).await.unwrap();
    app.query_drop("INSERT INTO shop.t VALUES (1, 'blue takes writes')").await.unwrap();

    // A reader of the log as the connector is one: it registers and waits.
    let cdc = connect(world.endpoint, &world.accounts.cdc).await.unwrap();
    let request = mysql_async::BinlogStreamRequest::new(4_000_000_001);
    let _stream = cdc.get_binlog_stream(request).await.unwrap();
    let at_green = std::net::SocketAddrV4::new(host, world.plane.claim().port);
    let mut on_green = connect(at_green, &world.accounts.upgrade).await.unwrap();
    switch_over(&world).await.unwrap();

    app.query_drop("SELECT 1").await.unwrap_err();
    // The address stays and what went through it is reset, a moment later on a busy machine.
    let begun = clock::start();
    while on_green.query_drop("SELECT 1").await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(60), "green's own address still leads the old connection on");
        clock::pause(Duration::from_millis(20)).await;
    }
    connect(at_green, &world.accounts.upgrade).await.unwrap();
    let query =
        "SELECT COUNT(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%' AND user = 'cdc'";
    let readers: Option<u64> = world.admin("blue").await.query_first(query).await.unwrap();
    assert_eq!(readers, Some(1));
    world.plane.kill().await.unwrap();
}
