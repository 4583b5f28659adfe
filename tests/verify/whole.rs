//! Whole tables of a 5.7.22 source and an 8.0.15 sink, with differences that were put there.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mysql_async::prelude::Queryable as _;
use sandbox::clock;
use upgrade::{
    port::rows::Hash,
    verify::{self, Advanced, Compared, Progress, What},
};

use crate::{SINK_TYPES, SOURCE_TYPES, TYPES, VALUES, world::World};

const BOTH: [Hash; 2] = [Hash::Crc32, Hash::Md5];

/// 5,000 rows of what differs in ways that are easily missed.
const TRAPS: &str = "CREATE TABLE traps (id BIGINT NOT NULL PRIMARY KEY, a VARCHAR(60) COLLATE utf8mb4_general_ci, \
     b VARCHAR(60) CHARACTER SET latin1, n INT, u BIGINT UNSIGNED, d DECIMAL(20,6), f FLOAT, g DOUBLE, dt DATETIME(6), \
     ts TIMESTAMP(3) NULL, da DATE, x VARBINARY(40), j JSON, e ENUM('x','y')) CHARACTER SET utf8mb4";
const TRAP_COLUMNS: [&str; 14] = ["id", "a", "b", "n", "u", "d", "f", "g", "dt", "ts", "da", "x", "j", "e"];
/// What is done to one row of the sink, and the columns that differ then; none where the row is missing or extra.
const PLANTED: [(i64, &str, &[&str]); 19] = [
    (-2500, "DELETE FROM traps WHERE id = -2500", &[]),
    (2499, "DELETE FROM traps WHERE id = 2499", &[]),
    (9000, "INSERT INTO traps (id) VALUES (9000)", &[]),
    (-9000, "INSERT INTO traps (id) VALUES (-9000)", &[]),
    (1, "UPDATE traps SET u = u ^ (1 << 40) WHERE id = 1", &["u"]),
    (2, "UPDATE traps SET a = '' WHERE id = 2", &["a"]),
    (3, "UPDATE traps SET a = CONCAT(a, ' ') WHERE id = 3", &["a"]),
    (4, "UPDATE traps SET dt = dt + INTERVAL 1 MICROSECOND WHERE id = 4", &["dt"]),
    (5, "UPDATE traps SET a = UPPER(a) WHERE id = 5", &["a"]),
    (6, "UPDATE traps SET n = n + 1 WHERE id = 6", &["n"]),
    (7, "UPDATE traps SET n = NULL WHERE id = 7", &["n"]),
    (8, "UPDATE traps SET d = d + 0.000001 WHERE id = 8", &["d"]),
    (9, "UPDATE traps SET g = g + 1e-12 WHERE id = 9", &["g"]),
    (10, "UPDATE traps SET da = '0000-00-00' WHERE id = 10", &["da"]),
    (11, "UPDATE traps SET x = CONCAT(x, X'00') WHERE id = 11", &["x"]),
    (12, "UPDATE traps SET j = '{\"k\": [12, 2]}' WHERE id = 12", &["j"]),
    (13, "UPDATE traps SET e = NULL WHERE id = 13", &["e"]),
    // Between two columns of text, so that both together are the same.
    (14, "UPDATE traps SET a = CONCAT(a, '#', b), b = '' WHERE id = 14", &["a", "b"]),
    (15, "UPDATE traps SET ts = ts + INTERVAL 1 HOUR WHERE id = 15", &["ts"]),
];

async fn traps() -> World {
    let world = World::new().await;
    world.on_both(TRAPS).await;
    let digits = "(SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 \
                  UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    let fill = format!(
        "INSERT INTO traps SELECT x, IF(x = 2, NULL, CONCAT('name ', x)), CONCAT('é', x), x * 7, 18446744073709549615 - (x + 2500), \
         x / 8, x / 4, x / 3, '2026-11-21 00:00:00.123456' + INTERVAL x SECOND, \
         '2026-11-21 00:00:01.123' + INTERVAL x SECOND, '2026-11-21', CONCAT(X'00FF', x), \
         CONCAT('{{\"k\": [', x, ', 1], \"a\": 1.5}}'), 'y' \
         FROM (SELECT a.i + b.i * 10 + c.i * 100 + d.i * 1000 - 2500 AS x FROM {digits} a, {digits} b, {digits} c, {digits} d) q \
         WHERE x < 2500"
    );
    world.on_both(&fill).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_planted_difference_is_found_and_no_other() {
    let world = traps().await;
    // Keys of JSON are sorted by the servers.
    world.on("sink", "UPDATE traps SET j = '{\"a\": 1.5, \"k\": [16, 1]}' WHERE id = 16").await;
    let pairs = [world.pair("traps", &TRAP_COLUMNS)];
    for hash in BOTH {
        let (all, compared) = world.whole(&pairs, hash).await;
        assert_eq!(all[0].progress.unequal, [], "{hash:?}: {:?}", compared.differences);
        assert_eq!((all[0].progress.rows, &all[0].not_compared), ((5_000, 5_000), &vec![]), "{hash:?}");
    }
    for (_, statement, _) in PLANTED {
        world.on("sink", statement).await;
    }
    for hash in BOTH {
        let (all, compared) = world.whole(&pairs, hash).await;
        assert!(all[0].progress.chunks > 1, "{hash:?}");
        let mut found: Vec<(i64, Vec<&str>)> = compared
            .differences
            .iter()
            .map(|row| {
                let columns = match &row.what {
                    What::Columns(columns) => columns.iter().map(|(name, ..)| name.as_str()).collect(),
                    What::Missing | What::Extra => Vec::new(),
                };
                (row.key.strip_prefix("id = ").unwrap().parse().unwrap(), columns)
            })
            .collect();
        found.sort();
        let mut planted: Vec<(i64, Vec<&str>)> =
            PLANTED.iter().map(|(id, _, columns)| (*id, columns.to_vec())).collect();
        planted.sort();
        assert_eq!(found, planted, "{hash:?}");
        assert_eq!((compared.missing, compared.extra, compared.different), (2, 2, 15), "{hash:?}");
    }
    // What would mend the sink does.
    let (_, compared) = world.whole(&pairs, Hash::Crc32).await;
    for row in &compared.differences {
        world.on("sink", &row.mending).await;
    }
    let (all, compared) = world.whole(&pairs, Hash::Md5).await;
    assert_eq!(
        (all[0].progress.unequal.len(), all[0].progress.rows),
        (0, (5_000, 5_000)),
        "{:?}",
        compared.differences
    );
    world.down().await;
}

/// A XOR of CRC-32s does not see them: the codes of rows of one length add up bit by bit.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_have_exchanged_their_values_are_found() {
    let world = World::new().await;
    world.on_both("CREATE TABLE swapped (id INT PRIMARY KEY, a VARCHAR(10), n BIGINT) CHARACTER SET utf8mb4").await;
    world.on_both("INSERT INTO swapped VALUES (1, 'AAAA', 1), (2, 'BBBB', 2), (3, 'CCCC', 3), (4, 'DDDD', 4)").await;
    let plain = "SELECT BIT_XOR(CRC32(CONCAT_WS('#', id, a, n))) FROM swapped";
    let sum = async |server: &str| world.admin(server).await.query_first::<u64, _>(plain).await.unwrap().unwrap();
    world.on("sink", "UPDATE swapped SET a = ELT(id, 'BBBB', 'AAAA') WHERE id < 3").await;
    assert_eq!(sum("source").await, sum("sink").await, "the plain sum is the same");
    world.on("sink", "UPDATE swapped SET n = 7 - n WHERE id > 2").await;
    for hash in BOTH {
        let (_, compared) = world.whole(&[world.pair("swapped", &["id", "a", "n"])], hash).await;
        assert_eq!((compared.different, compared.missing, compared.extra), (4, 0, 0), "{hash:?}");
    }
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_a_job_carries_without_loss_have_one_hash() {
    let world = World::new().await;
    world.on("source", SOURCE_TYPES).await;
    world.on("sink", SINK_TYPES).await;
    let of = |side: fn(&(&'static str, &'static str)) -> &'static str| {
        VALUES.iter().map(side).collect::<Vec<_>>().join(", ")
    };
    world.on("source", &format!("INSERT INTO types VALUES ({})", of(|pair| pair.0))).await;
    world.on("sink", &format!("INSERT INTO types VALUES ({})", of(|pair| pair.1))).await;
    world.on_both("INSERT INTO types (id) VALUES (7)").await;
    for hash in BOTH {
        let (all, compared) = world.whole(&[world.pair("types", &TYPES)], hash).await;
        assert!(all[0].progress.unequal.is_empty(), "{hash:?}: {:?}", compared.differences);
        let named: BTreeSet<&str> = all[0].not_compared.iter().map(|(column, _)| column.as_str()).collect();
        assert_eq!(
            named,
            BTreeSet::from(["shop.types.f", "shop.types.g", "shop.types.ll", "shop.types.lo"]),
            "{hash:?}"
        );
    }
    world.down().await;
}

/// Both ends of a table belong to it, whatever its key is made of.
#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_kind_are_walked_through_to_both_ends() {
    let world = World::new().await;
    for (table, key, ends) in [
        ("wide", "k BIGINT UNSIGNED PRIMARY KEY", [["0", "1"], ["18446744073709551614", "18446744073709551615"]]),
        ("negative", "k INT PRIMARY KEY", [["-2147483648", "-5"], ["6", "2147483647"]]),
        ("worded", "k VARCHAR(30) COLLATE utf8mb4_general_ci PRIMARY KEY", [["''", "'A b#'"], ["'é'", "'ß'"]]),
        ("latin", "k VARCHAR(30) CHARACTER SET latin1 PRIMARY KEY", [["''", "'A'"], ["'é'", "'ü'"]]),
        ("bytes", "k VARBINARY(9) PRIMARY KEY", [["X''", "X'00'"], ["X'80'", "X'FFFF'"]]),
        (
            "moments",
            "k DATETIME(3) PRIMARY KEY",
            [["'1970-01-01'", "'1999-12-31 23:59:59.999'"], ["'2026-01-01'", "'9999-01-01'"]],
        ),
        (
            "instants",
            "k TIMESTAMP(3) PRIMARY KEY",
            [["'1970-01-02'", "'1999-12-31 23:59:59.999'"], ["'2026-01-01'", "'2037-01-01'"]],
        ),
        ("dates", "k DATE PRIMARY KEY", [["'1000-01-01'", "'1970-01-01'"], ["'2026-01-01'", "'9999-12-31'"]]),
    ] {
        world.on_both(&format!("CREATE TABLE {table} ({key}, v INT) CHARACTER SET utf8mb4")).await;
        let [first, last] = ends;
        world.on_both(&format!("INSERT INTO {table} VALUES ({}, 1), ({}, 2)", first[1], last[0])).await;
        let pairs = [world.pair(table, &["k", "v"])];
        let (all, _) = world.whole(&pairs, Hash::Crc32).await;
        assert_eq!((all[0].refused.as_ref(), all[0].progress.unequal.len()), (None, 0), "{table}: {all:?}");
        for (server, end) in [("source", first[0]), ("sink", last[1])] {
            world.on(server, &format!("INSERT INTO {table} VALUES ({end}, 3)")).await;
        }
        let (_, compared) = world.whole(&pairs, Hash::Crc32).await;
        assert_eq!(
            (compared.missing, compared.extra, compared.different),
            (1, 1, 0),
            "{table}: {:?}",
            compared.differences
        );
    }
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_several_columns_is_cut_into_chunks_within_them() {
    let world = World::new().await;
    let digits = "(SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 \
                  UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    world
        .on_both(
            "CREATE TABLE many (shop VARCHAR(10) COLLATE utf8mb4_general_ci, day DATE, id INT UNSIGNED, v INT, \
             PRIMARY KEY (shop, day, id)) CHARACTER SET utf8mb4",
        )
        .await;
    world
        .on_both(&format!(
            "INSERT INTO many SELECT ELT(1 + a.i % 2, 'Köln', 'bonn'), '2026-11-01' + INTERVAL b.i DAY, \
             c.i + d.i * 10 + e.i * 100 + a.i * 1000, 1 FROM {digits} a, {digits} b, {digits} c, {digits} d, {digits} e WHERE a.i < 2"
        ))
        .await;
    let pairs = [world.pair("many", &["shop", "day", "id", "v"])];
    let (all, compared) = world.whole(&pairs, Hash::Crc32).await;
    assert!(compared.is_equal() && all[0].progress.unequal.is_empty() && all[0].progress.chunks > 2, "{all:?}");
    assert_eq!(all[0].progress.rows, (20_000, 20_000));
    world.on("sink", "UPDATE many SET v = 2 WHERE day = '2026-11-05' AND id IN (0, 999, 1500)").await;
    let (_, compared) = world.whole(&pairs, Hash::Crc32).await;
    assert_eq!((compared.different, compared.missing, compared.extra), (3, 0, 0), "{:?}", compared.differences);
    world.down().await;
}

/// Products of the greatest factors fit, signed or not.
#[tokio::test(flavor = "multi_thread")]
async fn whole_numbers_of_every_width_are_told_apart() {
    let world = World::new().await;
    let ends = [
        ("TINYINT", "-128", "127"),
        ("SMALLINT UNSIGNED", "0", "65535"),
        ("INT", "-2147483648", "2147483647"),
        ("INT UNSIGNED ZEROFILL", "0", "4294967295"),
        ("BIGINT", "-9223372036854775808", "9223372036854775807"),
        ("BIGINT UNSIGNED", "0", "18446744073709551615"),
        ("DECIMAL(20,0)", "-99999999999999999999", "99999999999999999999"),
        ("BIT(64)", "0", "18446744073709551615"),
        ("YEAR", "1901", "2155"),
    ];
    let columns: Vec<String> = (0..ends.len()).map(|at| format!("c{at}")).collect();
    let defined: Vec<String> = ends.iter().zip(&columns).map(|((kind, ..), name)| format!("{name} {kind}")).collect();
    world.on_both(&format!("CREATE TABLE numbers (id INT PRIMARY KEY, {})", defined.join(", "))).await;
    let values = |pick: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        ends.iter().map(pick).collect::<Vec<_>>().join(", ")
    };
    let (least, greatest) = (values(|end| end.1), values(|end| end.2));
    let rows: Vec<String> =
        (-200..200).map(|id| format!("({id}, {})", if id % 2 == 0 { &least } else { &greatest })).collect();
    world.on_both(&format!("INSERT INTO numbers VALUES {}", rows.join(", "))).await;
    world.on_both("INSERT INTO numbers (id) VALUES (2147483647)").await;
    world.on_both("CREATE TABLE signed_only (id INT PRIMARY KEY, v VARCHAR(9)) CHARACTER SET utf8mb4").await;
    let rows: Vec<String> = (-200..200).map(|id| format!("({id}, 'v{id}')")).collect();
    world.on_both(&format!("INSERT INTO signed_only VALUES {}", rows.join(", "))).await;
    let (all, _) = world.whole(&[world.pair("signed_only", &["id", "v"])], Hash::Crc32).await;
    assert_eq!((all[0].refused.as_ref(), all[0].progress.rows), (None, (400, 400)));
    let names: Vec<&str> = ["id"].into_iter().chain(columns.iter().map(String::as_str)).collect();
    let pairs = [world.pair("numbers", &names)];
    for hash in BOTH {
        let (all, compared) = world.whole(&pairs, hash).await;
        assert!(all[0].progress.unequal.is_empty(), "{hash:?}: {:?}", compared.differences);
        assert_eq!((all[0].refused.as_ref(), &all[0].not_compared), (None, &vec![]), "{hash:?}");
    }
    for (at, ((_, least, greatest), name)) in ends.iter().zip(&columns).enumerate() {
        // From the one end to the other, and from NULL to nothing.
        let id = i64::try_from(at).unwrap() * 2;
        world.on("sink", &format!("UPDATE numbers SET {name} = {greatest} WHERE id = {id}")).await;
        world.on("sink", &format!("UPDATE numbers SET {name} = {least} WHERE id = {}", id + 1)).await;
        let null = format!("UPDATE numbers SET {name} = NULL WHERE id = {}", id + 100);
        world.on("sink", &null).await;
    }
    for hash in BOTH {
        let (_, compared) = world.whole(&pairs, hash).await;
        assert_eq!(compared.different as usize, 3 * ends.len(), "{hash:?}: {:?}", compared.differences);
    }
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_compared_is_named_with_its_reason() {
    let world = World::new().await;
    world
        .on("source", "CREATE TABLE sorted (k VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY) CHARACTER SET utf8mb4")
        .await;
    world
        .on("sink", "CREATE TABLE sorted (k VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY) CHARACTER SET utf8mb4")
        .await;
    world.on("source", "CREATE TABLE turned (a INT, b INT, PRIMARY KEY (a, b))").await;
    world.on("sink", "CREATE TABLE turned (a INT, b INT, PRIMARY KEY (b, a))").await;
    world.on_both("CREATE TABLE shared (id INT PRIMARY KEY)").await;
    let shared = world.pair("shared", &["id"]);
    let refused = async |pairs: &[verify::Pair], at: usize| -> String {
        world.slice(pairs, at, Hash::Crc32, Progress::default(), Duration::from_secs(1)).await.refused.unwrap()
    };
    for (table, columns, why) in [
        ("sorted", &["k"][..], "utf8mb4_general_ci"),
        ("turned", &["a", "b"], "another order"),
        ("absent", &["a"], "is not there"),
    ] {
        let said = refused(&[world.pair(table, columns)], 0).await;
        assert!(said.contains(why), "{table}: {said}");
    }
    let said = refused(&[shared.clone(), shared], 1).await;
    assert!(said.contains("several tables flow into it"), "{said}");
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_key_is_compared_by_how_often_each_row_is_there() {
    let world = World::new().await;
    world.on_both("CREATE TABLE heap (a INT, b VARCHAR(9)) CHARACTER SET utf8mb4").await;
    world.on("source", "INSERT INTO heap VALUES (1, 'x'), (1, 'x'), (2, NULL), (3, '')").await;
    world.on("sink", "INSERT INTO heap VALUES (3, ''), (1, 'x'), (2, NULL), (1, 'x')").await;
    let pairs = [world.pair("heap", &["a", "b"])];
    let unequal = async || -> (bool, usize) {
        let found: Advanced = world.slice(&pairs, 0, Hash::Crc32, Progress::default(), Duration::from_secs(1)).await;
        (found.keyless, found.progress.unequal.len())
    };
    assert_eq!(unequal().await, (true, 0));
    // Two that are there twice would take each other out of a XOR.
    world.on("sink", "DELETE FROM heap WHERE a = 1").await;
    world.on("sink", "INSERT INTO heap VALUES (4, 'y'), (4, 'y')").await;
    assert_eq!(unequal().await, (true, 1));
    world.down().await;
}

/// A row that is written while it is looked at is no difference, and a planted one is still found.
#[tokio::test(flavor = "multi_thread")]
async fn under_a_writer_only_what_was_planted_is_found() {
    let world = traps().await;
    world.on("sink", "UPDATE traps SET n = -1 WHERE id = 100").await;
    let stop = Arc::new(AtomicBool::new(false));
    let (mut source, mut sink) = (world.admin("source").await, world.admin("sink").await);
    let stopped = Arc::clone(&stop);
    let writer = tokio::spawn(async move {
        let mut round = 0_i64;
        while !stopped.load(Ordering::Relaxed) {
            round += 1;
            let id = (round * 37) % 2_000 - 2_100;
            for conn in [&mut source, &mut sink] {
                for statement in [
                    format!("UPDATE traps SET n = {round} WHERE id = {id}"),
                    format!("DELETE FROM traps WHERE id = {}", id + 50),
                    format!("REPLACE INTO traps (id, n) VALUES ({}, {round})", id + 50),
                ] {
                    conn.query_drop(statement).await.unwrap();
                }
            }
        }
        round
    });
    let pairs = [world.pair("traps", &TRAP_COLUMNS)];
    let (all, mut compared): (_, Compared) = world.whole(&pairs, Hash::Crc32).await;
    assert!(!all[0].progress.unequal.is_empty());
    let limit = clock::start();
    while compared.settled == 0 || compared.different + compared.missing + compared.extra > compared.settled {
        assert!(limit.elapsed() < Duration::from_secs(60), "{compared:?}");
        compared = verify::again(&world.tables, &pairs, &compared).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 0);
    let keys: Vec<&str> = compared.differences.iter().filter(|row| row.settled).map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["id = 100"]);
    world.down().await;
}

/// Nothing is done twice that was done, and nothing is left out.
#[tokio::test(flavor = "multi_thread")]
async fn a_pass_goes_on_where_it_was_left() {
    let world = traps().await;
    let pairs = [world.pair("traps", &TRAP_COLUMNS)];
    let mut progress = Progress::default();
    let mut slices = 0;
    while !progress.done {
        let before = progress.rows.0;
        // No time at all is one chunk.
        progress.width = Some(700);
        let text = serde_json::to_string(&progress).unwrap();
        let kept: Progress = serde_json::from_str(&text).unwrap();
        progress = world.slice(&pairs, 0, Hash::Crc32, kept, Duration::from_nanos(1)).await.progress;
        slices += 1;
        assert!(progress.done || progress.rows.0 > before, "{progress:?}");
        assert!(slices < 100);
    }
    assert!(slices > 2, "{slices}");
    assert_eq!((progress.rows, progress.unequal.len()), ((5_000, 5_000), 0));
    world.down().await;
}
