//! Rows of two real servers of different versions, compared.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be, helpers too")]

mod green;
mod keys;
mod objects;
mod whole;
mod world;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mysql_async::prelude::Queryable as _;
use sandbox::clock;
use upgrade::verify::{self, Carried, Compared, What};

use crate::world::World;

const SOURCE_TYPES: &str = "CREATE TABLE types (id BIGINT UNSIGNED PRIMARY KEY, bo TINYINT(1), z INT(8) UNSIGNED ZEROFILL, \
    bu BIGINT UNSIGNED, f FLOAT, d DOUBLE, n DECIMAL(30,7), ne DECIMAL(65,30), b1 BIT(1), y YEAR, da DATE, ti TIME, \
    dt DATETIME(3), ts TIMESTAMP(2) NULL, c CHAR(20) CHARACTER SET utf8mb4, v VARCHAR(30) CHARACTER SET latin1, \
    u VARCHAR(30) CHARACTER SET ucs2, bi BINARY(5), bj BINARY(5), vb VARBINARY(20), tx MEDIUMTEXT CHARACTER SET utf8mb4, \
    bl LONGBLOB, e ENUM('a','b'), s SET('x','y','z'), j JSON, jt JSON, ll TIME(3), lo DECIMAL(10,4), g GEOMETRY)";
const SINK_TYPES: &str = "CREATE TABLE types (id DECIMAL(20,0) PRIMARY KEY, bo TINYINT, z BIGINT, bu DECIMAL(20,0), \
    f DOUBLE, d DOUBLE, n DECIMAL(32,9), ne VARCHAR(80), b1 TINYINT, y INT, da DATE, ti TIME, dt DATETIME(6), \
    ts DATETIME(6) NULL, c VARCHAR(20), v VARCHAR(30), u TEXT, bi BINARY(5), bj VARBINARY(9), vb BLOB, tx LONGTEXT, \
    bl LONGBLOB, e VARCHAR(9), s VARCHAR(20), j JSON, jt LONGTEXT, ll TIME(3), lo DECIMAL(10,2), g GEOMETRY) \
    CHARACTER SET utf8mb4";
const TYPES: [&str; 29] = [
    "id", "bo", "z", "bu", "f", "d", "n", "ne", "b1", "y", "da", "ti", "dt", "ts", "c", "v", "u", "bi", "bj", "vb",
    "tx", "bl", "e", "s", "j", "jt", "ll", "lo", "g",
];
/// As the source is given them, and as a job hands them on.
const VALUES: [(&str, &str); 29] = [
    ("18446744073709551615", "18446744073709551615"),
    ("1", "1"),
    ("42", "42"),
    ("18446744073709551614", "18446744073709551614"),
    ("1.2", "1.2"),
    ("0.1", "0.1"),
    ("-1234567.5", "-1234567.5"),
    ("0.000000000000000000000000000001", "'0.000000000000000000000000000001'"),
    ("b'1'", "1"),
    ("2026", "2026"),
    ("'2026-11-21'", "'2026-11-21'"),
    ("'-12:34:56'", "'-12:34:56'"),
    ("'2026-11-21 12:34:56.123'", "'2026-11-21 12:34:56.123'"),
    ("'2026-11-21 12:34:56.12'", "'2026-11-21 12:34:56.12'"),
    ("'Grüße'", "'Grüße'"),
    ("'é€'", "'é€'"),
    ("'ü€ '", "'ü€ '"),
    ("x'0102'", "x'0102'"),
    ("x'0102'", "x'0102'"),
    ("x'00ff00'", "x'00ff00'"),
    ("REPEAT('ä', 70000)", "REPEAT('ä', 70000)"),
    ("REPEAT(x'00ff', 70000)", "REPEAT(x'00ff', 70000)"),
    ("'b'", "'b'"),
    ("'x,z'", "'x,z'"),
    ("JSON_OBJECT('b', 2.50, 'a', 'é')", "'{\"a\":\"é\",\"b\":2.5}'"),
    ("'{\"b\": [1, null], \"a\": \"x\"}'", "'{\"a\":\"x\",\"b\":[1,null]}'"),
    ("'12:34:56.789'", "'12:34:56'"),
    ("1.2345", "1.23"),
    ("POINT(1, 2)", "NULL"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_carries_without_loss_is_equal_and_what_it_does_not_is_named() {
    let world = World::new().await;
    world.on("source", SOURCE_TYPES).await;
    world.on("sink", SINK_TYPES).await;
    let begin = world.end().await;
    let of = |side: fn(&(&'static str, &'static str)) -> &'static str| {
        VALUES.iter().map(side).collect::<Vec<_>>().join(", ")
    };
    world.on("source", &format!("INSERT INTO types VALUES ({})", of(|pair| pair.0))).await;
    world.on("sink", &format!("INSERT INTO types VALUES ({})", of(|pair| pair.1))).await;
    world.on_both("INSERT INTO types (id) VALUES (7)").await;
    let pairs = [world.pair("types", &TYPES)];
    let found = world.compare(&begin, &pairs).await.unwrap();
    assert!(found.is_equal(), "{found:#?}");
    assert_eq!((found.rows, found.equal), (2, 2));
    let named: Vec<&str> = found.not_compared.iter().map(|(column, _)| column.as_str()).collect();
    assert_eq!(named, ["shop.types.ll", "shop.types.lo", "shop.types.g"], "{found:#?}");

    // Each column by itself: another value, and NULL.
    let compared =
        TYPES.iter().filter(|name| **name != "id" && !named.contains(&format!("shop.types.{name}").as_str()));
    for name in compared {
        let kept = VALUES[TYPES.iter().position(|other| other == name).unwrap()].1;
        for other in [other(name), "NULL"] {
            let set = |value: &str| format!("UPDATE types SET {name} = {value} WHERE id > 7");
            world.on("sink", &set(other)).await;
            let found = world.compare(&begin, &pairs).await.unwrap();
            assert_eq!((found.rows, found.equal, found.different), (2, 1, 1), "{name} = {other}: {found:#?}");
            let What::Columns(columns) = &found.differences[0].what else { panic!("{found:#?}") };
            assert_eq!(columns.iter().map(|(column, ..)| column).collect::<Vec<_>>(), [name], "{columns:?}");
            assert_eq!(columns[0].2.is_none(), other == "NULL");
            assert!(columns[0].1.as_ref().unwrap().len() < 1_200, "{columns:?}");
            world.on("sink", &set(kept)).await;
        }
    }
    assert!(world.compare(&begin, &pairs).await.unwrap().is_equal());
    world.down().await;
}

/// The least that can be other.
fn other(name: &str) -> &'static str {
    match name {
        "bo" | "b1" => "0",
        "z" => "43",
        "bu" => "18446744073709551615",
        "f" => "1.2000002",
        "d" => "0.10000000000000002",
        "n" => "-1234567.500000001",
        "ne" => "'0.000000000000000000000000000002'",
        "y" => "2027",
        "da" => "'2026-11-22'",
        "ti" => "'12:34:56'",
        "dt" => "'2026-11-21 12:34:56.123001'",
        "ts" => "'2026-11-21 13:34:56.12'",
        "c" => "'Grüsse'",
        "v" => "'É€'",
        "u" => "'ü€'",
        "bi" | "bj" => "x'0103'",
        "vb" => "x'00ff01'",
        "tx" => "CONCAT(REPEAT('ä', 69999), 'a')",
        "bl" => "CONCAT(REPEAT(x'00ff', 69999), x'00fe')",
        "e" => "'B'",
        "s" => "'z,x'",
        "j" => "'{\"a\":\"é\",\"b\":2.51}'",
        "jt" => "'{\"a\":\"x\",\"b\":[1,0]}'",
        _ => panic!("{name}"),
    }
}

fn told(found: &Compared) -> Vec<String> {
    let mut told: Vec<String> = found
        .differences
        .iter()
        .map(|difference| {
            let what = match &difference.what {
                What::Missing => "missing".to_owned(),
                What::Extra => "extra".to_owned(),
                What::Columns(columns) => format!("{columns:?}"),
            };
            format!("{} {} {what}", difference.table, difference.key)
        })
        .collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_differences_are_found_under_a_writer_and_nothing_else() {
    let world = World::new().await;
    for statement in [
        "CREATE TABLE notes (id INT PRIMARY KEY, v VARCHAR(50), w VARBINARY(9)) CHARACTER SET utf8mb4",
        "CREATE TABLE words (k VARCHAR(20), shard INT, n INT, PRIMARY KEY (k, shard)) CHARACTER SET utf8mb4",
        "CREATE TABLE untouched (id INT PRIMARY KEY)",
    ] {
        world.on_both(statement).await;
    }
    world.on("source", "INSERT INTO untouched VALUES (1)").await;
    let begin = world.end().await;
    let notes: Vec<String> = (1..=1_200).map(|id| format!("({id}, 'v{id}', x'00ff')")).collect();
    world.on_both(&format!("INSERT INTO notes VALUES {}", notes.join(", "))).await;
    world.on_both("INSERT INTO notes VALUES (2001, 'gone', NULL), (2002, 'gone', NULL)").await;
    world.on_both("INSERT INTO words VALUES ('Word', 1, 1), ('it''s \\\\', 1, 2), ('ünder', 1, 3)").await;
    world.on_both("UPDATE words SET k = 'moved' WHERE k = 'ünder'").await;
    world.on_both("DELETE FROM notes WHERE id = 2001").await;
    world.on("source", "DELETE FROM notes WHERE id = 2002").await;
    for statement in [
        "UPDATE notes SET w = x'00fe' WHERE id = 1",
        "UPDATE notes SET v = 'v2 ' WHERE id = 2",
        "UPDATE notes SET v = 'V3' WHERE id = 3",
        "UPDATE notes SET v = NULL WHERE id = 4",
        "DELETE FROM notes WHERE id = 5",
        "UPDATE words SET k = 'word' WHERE k = 'Word'",
    ] {
        world.on("sink", statement).await;
    }
    world.on("source", "UPDATE notes SET v = '' WHERE id = 4").await;
    let pairs = [
        world.pair("notes", &["id", "v", "w"]),
        world.pair("words", &["k", "shard", "n"]),
        world.pair("untouched", &["id"]),
    ];
    let planted = [
        "shop.notes id = 1 [(\"w\", Some(\"00FF\"), Some(\"00FE\"))]",
        "shop.notes id = 2 [(\"v\", Some(\"v2\"), Some(\"v2 \"))]",
        "shop.notes id = 2002 extra",
        "shop.notes id = 3 [(\"v\", Some(\"v3\"), Some(\"V3\"))]",
        "shop.notes id = 4 [(\"v\", Some(\"\"), None)]",
        "shop.notes id = 5 missing",
        "shop.words k = 'Word', shard = 1 missing",
    ];
    let found = world.compare(&begin, &pairs).await.unwrap();
    assert_eq!(told(&found), planted);
    assert_eq!((found.rows, found.missing, found.extra, found.different), (1_206, 2, 1, 4));
    assert_eq!((found.equal, found.settled, found.not_compared.len()), (1_199, 0, 0));

    // A writer whose changes reach the sink a little later, as a job's do.
    let stop = Arc::new(AtomicBool::new(false));
    let (mut source, mut sink) = (world.admin("source").await, world.admin("sink").await);
    let stopped = Arc::clone(&stop);
    let writer = tokio::spawn(async move {
        let mut round = 0_u64;
        while !stopped.load(Ordering::Relaxed) {
            round += 1;
            let change = format!("UPDATE notes SET v = 'r{round}' WHERE id BETWEEN 100 AND 130");
            source.query_drop(&change).await.unwrap();
            clock::pause(Duration::from_millis(20)).await;
            sink.query_drop(&change).await.unwrap();
        }
        round
    });
    let mut in_flight = 0;
    let started = clock::start();
    while in_flight == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "no row was met in flight");
        let found = world.compare(&begin, &pairs).await.unwrap();
        assert!(planted.iter().all(|planted| told(&found).contains(&(*planted).to_owned())), "{found:#?}");
        in_flight = found.unequal.len() - planted.len();
        let mut last = found;
        while last.settled < planted.len() as u64 || last.unequal.len() > planted.len() {
            assert!(started.elapsed() < Duration::from_secs(60), "{last:#?}");
            last = verify::again(&world.tables, &pairs, &last).await.unwrap();
        }
        assert_eq!(told(&last), planted);
        assert!(last.differences.iter().all(|difference| difference.settled), "{last:#?}");
        assert_eq!((last.rows, last.equal), (1_206, 1_199));
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 0);
    world.on_both("TRUNCATE TABLE untouched").await;
    let cut = world.compare(&begin, &pairs).await.unwrap();
    assert!(matches!(&cut.not_compared[..], [(_, why)] if why.contains("TRUNCATE TABLE untouched")), "{cut:#?}");
    let few = world.compare_at_most(100, &begin, &pairs).await.unwrap();
    assert_eq!(few.rows, 100);
    assert!(few.not_compared.iter().any(|(_, why)| why.contains("as many other rows")), "{few:#?}");
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_constants_and_refusals() {
    let world = World::new().await;
    let hostile = "a`b'; DROP TABLE x; -- \\";
    let quoted = "`a``b'; DROP TABLE x; -- \\`";
    world.on("source", &format!("CREATE TABLE {quoted} ({quoted} VARCHAR(30), n INT, PRIMARY KEY ({quoted}))")).await;
    world
        .on(
            "sink",
            &format!("CREATE TABLE {quoted} (t VARCHAR(50), {quoted} VARCHAR(30), n INT, PRIMARY KEY (t, {quoted}))"),
        )
        .await;
    world.on_both("CREATE TABLE loose (v INT)").await;
    world.on_both("CREATE TABLE hidden (id INT PRIMARY KEY)").await;
    world.on("sink", "CREATE DATABASE closed").await;
    world.on("sink", "CREATE TABLE closed.hidden (id INT PRIMARY KEY)").await;
    let begin = world.end().await;
    let key = "'\\' OR 1 = 1; \\\\ --'";
    world.on("source", &format!("INSERT INTO {quoted} VALUES ({key}, 1), ('', 2)")).await;
    world.on("source", "INSERT INTO loose VALUES (1)").await;
    world.on("source", "INSERT INTO hidden VALUES (1)").await;
    for (t, n) in [("one", 1), ("other's", 5)] {
        let t = t.replace('\'', "''");
        world.on("sink", &format!("INSERT INTO {quoted} VALUES ('{t}', {key}, {n}), ('{t}', '', 2)")).await;
    }
    let pair = |t: &str| {
        let mut pair = world.pair(hostile, &[hostile, "n"]);
        pair.columns.push((Carried::Constant(t.to_owned()), "t".to_owned()));
        pair
    };
    let mut closed = world.pair("hidden", &["id"]);
    closed.sink_schema = "closed".into();
    let pairs = [pair("one"), pair("other's"), world.pair("loose", &["v"]), closed, world.pair("nothing", &["id"])];
    let found = world.compare(&begin, &pairs).await.unwrap();
    assert_eq!((found.rows, found.equal, found.different), (4, 3, 1), "{found:#?}");
    let What::Columns(columns) = &found.differences[0].what else { panic!("{found:#?}") };
    assert_eq!(columns, &[("n".to_owned(), Some("1".to_owned()), Some("5".to_owned()))]);
    let named: Vec<&str> = found.not_compared.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(named, ["shop.loose", "closed.hidden", "shop.nothing"], "{found:#?}");
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows() {
    const COUNT: u64 = 100_000;
    let world = World::new().await;
    world
        .on_both(
            "CREATE TABLE orders (id BIGINT UNSIGNED PRIMARY KEY, mail VARCHAR(100), state ENUM('new', 'paid'), \
             total DECIMAL(12,2), note VARCHAR(255) NULL, made DATETIME, paid TIMESTAMP NULL, n INT NULL) \
             CHARACTER SET utf8mb4",
        )
        .await;
    let begin = world.end().await;
    for some in (0..COUNT).collect::<Vec<_>>().chunks(5_000) {
        let rows: Vec<String> = some
            .iter()
            .map(|id| format!("({id}, 'a{id}@example.org', 'paid', {id}.50, NULL, '2026-11-21 12:00:00', NULL, 7)"))
            .collect();
        world.on_both(&format!("INSERT INTO orders VALUES {}", rows.join(", "))).await;
    }
    world.on("sink", "UPDATE orders SET total = total + 0.01 WHERE id = 7777").await;
    let pairs = [world.pair("orders", &["id", "mail", "state", "total", "note", "made", "paid", "n"])];
    let started = clock::start();
    let found = world.compare(&begin, &pairs).await.unwrap();
    let took = started.elapsed();
    println!("{COUNT} rows compared in {took:.2?}");
    assert_eq!((found.rows, found.equal, found.different), (COUNT, COUNT - 1, 1));
    world.down().await;
}
