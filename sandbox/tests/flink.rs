//! A real Flink carries the rehearsal's tables from a real source to a real sink.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use mysql_async::prelude::Queryable;
use sandbox::clock;
use sandbox::flink::{Client, Cluster, Flink, INSERTS, Insert, Proxy, fill, wait_until_ready};
use sandbox::parts::Release;
use sandbox::workload::{Table, Workload, compare, create_tables, insert_first_rows, insert_marker};
use support::{blue, id, settings};

#[tokio::test(flavor = "multi_thread")]
async fn every_row_and_every_column_type_arrives() {
    let world = blue(&[("binlog_format", "ROW")]).await;
    let row_format = settings(&[("binlog_format", "ROW")]);
    let sink_address = world.plane.create(id("sink"), Release::V57, row_format).await.unwrap();
    let (mut source, mut sink) = (world.admin("blue").await, world.admin("sink").await);
    create_tables(&mut source, "source").await.unwrap();
    create_tables(&mut sink, "target").await.unwrap();
    insert_first_rows(&mut source, "source").await.unwrap();

    let folder = world.folder.path().join("flink");
    let cluster = Cluster::start(&world.parts, world.plane.claim(), &folder, &world.ledger).unwrap();
    wait_until_ready(&cluster.flink, &folder).await.unwrap();
    let script =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../playbooks/jobs/rehearsal.sql")).unwrap();
    let script = fill(&script, |name| {
        Some(match name {
            "SOURCE_HOST" => world.endpoint.ip().to_string(),
            "SINK_HOST" => sink_address.ip().to_string(),
            "SOURCE_PORT" | "SINK_PORT" => world.endpoint.port().to_string(),
            "secret:CDC_PASSWORD" => world.accounts.cdc.password.clone(),
            "secret:SINK_PASSWORD" => world.accounts.sink.password.clone(),
            _ => return None,
        })
    });
    let client = Client::new(&cluster.flink).unwrap();
    let jobs = client.submit(&script).await.unwrap();
    assert_eq!(jobs.len(), 1, "a statement set is one job");
    let workload = Workload::start(world.endpoint, &world.accounts.app, "source", 300);
    let busy = || async { (workload.record().changes > 1500).then_some(()) };
    clock::poll(Duration::from_secs(60), Duration::from_millis(50), busy).await.expect("1,500 changes");
    let record = workload.stop().await;
    assert_eq!((record.errors, record.gaps.len()), (0, 0), "{record:?}");

    for table in Table::ALL {
        let marker = insert_marker(&mut source, "source", table).await.unwrap();
        let query = format!("SELECT COUNT(*) FROM target.{} WHERE id = {marker}", table.name());
        let started = clock::start();
        while sink.query_first::<u64, _>(&query).await.unwrap() != Some(1) {
            assert!(started.elapsed() < Duration::from_secs(60), "the marker of {} did not arrive", table.name());
            clock::pause(Duration::from_millis(50)).await;
        }
        let compared = compare((&mut source, "source"), (&mut sink, "target"), table).await.unwrap();
        assert!(compared.is_equal(), "{compared:#?}");
        assert!(compared.rows > 150, "{compared:#?}");
    }
    assert_eq!(client.job_state(&jobs[0]).await.unwrap(), "RUNNING");

    // The answer to the start of a second job is lost.
    let listener = tokio::net::TcpListener::bind((world.plane.claim().services(), 0)).await.unwrap();
    let before = format!("http://{}", listener.local_addr().unwrap());
    let proxy = tokio::spawn(Proxy::new(&cluster.flink.sql_gateway, 1).unwrap().serve(listener));
    let behind = Flink { sql_gateway: before.clone(), ..cluster.flink.clone() };
    let stranger = Client::new(&behind).unwrap().as_anybody();
    let second = "SET 'pipeline.name' = 'second'; CREATE TABLE numbers (n INT) WITH ('connector' = 'datagen', \
                  'rows-per-second' = '1'); CREATE TABLE nowhere (n INT) WITH ('connector' = 'blackhole'); \
                  INSERT INTO nowhere SELECT n FROM numbers";
    let lost = stranger.submit(second).await.unwrap_err().to_string();
    assert!(lost.contains("500"), "{lost}");
    let inserts: Vec<Insert> = reqwest::get(format!("{before}{INSERTS}")).await.unwrap().json().await.unwrap();
    assert_eq!(inserts.len(), 1);
    assert!(inserts[0].lost && inserts[0].known_at >= Some(inserts[0].sent_at), "{inserts:?}");
    let started = client.jobs().await.unwrap();
    let job = inserts[0].job.as_ref().unwrap();
    assert!(started.iter().any(|(id, name, _)| id == job && name == "second"), "{started:?}");
    proxy.abort();

    let refused = client.submit("SELECT nonsense FROM nowhere;").await.unwrap_err().to_string();
    assert!(refused.contains("nowhere"), "{refused}");
    cluster.kill().await.unwrap();
    world.plane.kill().await.unwrap();
}
