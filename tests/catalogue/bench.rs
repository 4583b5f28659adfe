//! How long the catalogue part of the prechecks takes, beside a pass that asks as separate checks do, in one run on one server.
//! Run by `tests/bench/prechecks`.
#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::time::Duration;

use mysql_async::{Conn, prelude::Queryable as _};
use sandbox::parts::Release;
use upgrade::{
    adapter::clock::SystemClock,
    port::{catalogue::CatalogueRead as _, clock::Clock as _},
    precheck::{self, Hop},
};

use crate::world::{GENTLE, World};

/// Schemas that the tables are spread over.
const SCHEMAS: usize = 5;
const ROUNDS: usize = 3;

/// A query for each check, as a checker that knows nothing of the others sends it.
const SEPARATE: [&str; 13] = [
    "SELECT table_schema, table_name, column_name, column_type FROM information_schema.COLUMNS \
     WHERE column_type LIKE '%5.5 binary format%'",
    "SELECT table_schema, table_name FROM information_schema.TABLES WHERE table_name IN ('RANK', 'GROUPS', 'SYSTEM', 'WINDOW')",
    "SELECT table_schema, table_name, column_name, column_type FROM information_schema.COLUMNS \
     WHERE column_name IN ('RANK', 'GROUPS', 'SYSTEM', 'WINDOW')",
    "SELECT table_schema, table_name, column_name, collation_name FROM information_schema.COLUMNS \
     WHERE collation_name LIKE 'utf8\\_%'",
    "SELECT table_schema, table_name, engine FROM information_schema.TABLES \
     WHERE create_options LIKE '%partitioned%' AND engine NOT IN ('InnoDB', 'NDB')",
    "SELECT table_schema, table_name FROM information_schema.TABLES WHERE table_name IN \
     (SELECT SUBSTR(id, INSTR(id, '/') + 1) FROM information_schema.INNODB_SYS_FOREIGN WHERE LENGTH(id) > 64)",
    "SELECT table_schema, table_name, column_name, data_type FROM information_schema.COLUMNS \
     WHERE data_type IN ('enum', 'set') AND character_maximum_length > 255",
    "SELECT table_schema, table_name, column_name, column_default FROM information_schema.COLUMNS \
     WHERE data_type IN ('timestamp', 'datetime', 'date') AND column_default LIKE '0000-00-00%'",
    "SELECT table_schema, table_name, column_name, generation_expression FROM information_schema.COLUMNS \
     WHERE generation_expression <> ''",
    "SELECT s.table_schema, s.table_name, s.index_name FROM information_schema.STATISTICS s, information_schema.COLUMNS c, \
     information_schema.TABLES t WHERE s.table_schema = c.table_schema AND s.table_name = c.table_name \
     AND s.column_name = c.column_name AND t.table_schema = s.table_schema AND t.table_name = s.table_name \
     AND t.row_format IN ('Redundant', 'Compact') AND s.sub_part IS NULL AND c.character_octet_length > 767",
    "SELECT table_schema, table_name, column_name FROM information_schema.COLUMNS \
     WHERE data_type IN ('point', 'geometry', 'text', 'blob', 'json') AND column_default IS NOT NULL",
    "SELECT i.name FROM information_schema.INNODB_SYS_TABLES i LEFT JOIN information_schema.TABLES t \
     ON i.name = CONCAT(t.table_schema, '/', t.table_name) WHERE t.table_name IS NULL AND i.name LIKE 'many%'",
    "SELECT table_schema, table_name, engine FROM information_schema.TABLES WHERE engine NOT IN ('InnoDB', 'MyISAM', 'MEMORY')",
];

const WHOLE: [&str; 6] = ["TABLES", "COLUMNS", "STATISTICS", "PARTITIONS", "TRIGGERS", "VIEWS"];

#[tokio::test]
#[ignore = "a benchmark"]
async fn of_1000_tables() {
    measure(1_000).await;
}

#[tokio::test]
#[ignore = "a benchmark"]
async fn of_10000_tables() {
    measure(10_000).await;
}

#[tokio::test]
#[ignore = "a benchmark that needs half an hour and 15 GB"]
async fn of_50000_tables() {
    measure(50_000).await;
}

async fn measure(tables: usize) {
    let mut world = World::of(Release::V57).await;
    fill(&mut world, tables).await;
    let (mut separate, mut whole, mut own, mut judged) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(timed(read(&world, tables, false)).await);
        judged.push(timed(read(&world, tables, true)).await);
        whole.push(timed(select_all(&mut world.admin)).await);
        separate.push(timed(ask(&mut world.admin, &SEPARATE)).await);
    }
    let base = median(&mut judged);
    println!("{tables} tables, {ROUNDS} rounds, seconds: min / median / max, ratio of the medians to the prechecks");
    for (what, times) in [
        ("13 separate queries", &mut separate),
        ("SELECT * of 6 views, once", &mut whole),
        ("the catalogue, read", &mut own),
        ("the catalogue, read and judged", &mut judged),
    ] {
        let middle = median(times);
        let (least, most) = (times[0].as_secs_f64(), times[times.len() - 1].as_secs_f64());
        let (seconds, ratio) = (middle.as_secs_f64(), middle.as_secs_f64() / base.as_secs_f64());
        println!("{what:32} {least:8.2} / {seconds:8.2} / {most:8.2}  {ratio:6.1}");
    }
    println!("Peak memory of this process while reading: {}", peak());
}

async fn fill(world: &mut World, tables: usize) {
    for schema in 0..SCHEMAS {
        world.run(&[&format!("CREATE DATABASE many{schema}")]).await;
    }
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(world.connect().await);
    }
    let making = connections.into_iter().enumerate().map(|(first, mut conn)| async move {
        for number in (first..tables).step_by(4) {
            let schema = number % SCHEMAS;
            let statement = format!(
                "CREATE TABLE many{schema}.t{number} (id BIGINT NOT NULL AUTO_INCREMENT, customer INT NOT NULL, \
                 name VARCHAR(100) NOT NULL DEFAULT 'x', state ENUM('a','b','c'), amount DECIMAL(12,2), note VARCHAR(500), \
                 made DATETIME NOT NULL, changed TIMESTAMP NULL, flag TINYINT(1), code CHAR(8), PRIMARY KEY (id), \
                 KEY by_customer (customer, made), UNIQUE KEY by_code (code)) DEFAULT CHARSET = utf8mb4"
            );
            conn.query_drop(statement).await.unwrap();
        }
    });
    futures_util::future::join_all(making).await;
}

/// As the step does: nothing of a schema is kept.
async fn read(world: &World, tables: usize, judge: bool) {
    let instance = world.instance().await;
    let hop = Hop::of(&instance.version, "8.0.mysql_aurora.3.08.2").unwrap();
    let (mut count, mut findings) = (0, Vec::new());
    if judge {
        findings.extend(precheck::of_instance(&instance, &hop));
    }
    let mut each = |schema: upgrade::port::catalogue::Schema| {
        count += schema.tables.iter().filter(|table| table.columns.len() == 10 && table.indexes.len() == 3).count();
        if judge {
            findings.extend(precheck::of_schema(&schema, &instance, &hop));
        }
    };
    world.mysql.schemas(&world.at, &instance.schemas, GENTLE, &mut each).await.unwrap();
    assert!(count >= tables, "{count}");
}

async fn select_all(conn: &mut Conn) {
    let statements = WHOLE.map(|view| format!("SELECT * FROM information_schema.{view}"));
    ask(conn, &statements.each_ref().map(String::as_str)).await;
}

async fn ask(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        let mut result = conn.query_iter(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        while result.next().await.unwrap().is_some() {}
    }
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let clock = SystemClock::new();
    work.await;
    clock.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn peak() -> String {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or("not told here".to_owned(), |peak| peak.trim().to_owned())
}
