//! Keys of every type by which rows are looked up, alone and beside another column: found on both sides, each as itself, and
//! through the index.

use mysql_async::prelude::Queryable as _;
use upgrade::verify::What;

use crate::world::World;

/// Type of the source, type of the sink, values, and what fills the table beside them, made of `n`.
const KINDS: [(&str, &str, &[&str], &str); 16] = [
    ("BIGINT UNSIGNED", "BIGINT UNSIGNED", &["18446744073709551615", "9223372036854775808", "0", "7"], "n + 1000"),
    ("BIGINT UNSIGNED", "DECIMAL(20,0)", &["18446744073709551615", "1", "2"], "n + 1000"),
    ("BIGINT", "BIGINT", &["-9223372036854775808", "-1", "9223372036854775807"], "n + 1000"),
    ("INT(8) UNSIGNED ZEROFILL", "INT UNSIGNED", &["0", "42", "4294967295"], "n + 1000"),
    ("DECIMAL(30,7)", "DECIMAL(32,9)", &["-1234567.5", "0.0000001", "12"], "n + 0.25"),
    ("DATE", "DATE", &["'2026-11-21'", "'0000-00-00'", "'2026-00-10'"], "DATE_ADD('1990-01-01', INTERVAL n DAY)"),
    (
        "DATETIME(3)",
        "DATETIME(3)",
        &["'2026-11-21 12:34:56.123'", "'2026-11-21'", "'0000-00-00'"],
        "DATE_ADD('1990-01-01', INTERVAL n HOUR)",
    ),
    (
        "TIMESTAMP(2)",
        "TIMESTAMP(2)",
        &["'2026-11-21 12:34:56.12'", "'2026-11-21 12:34:56'", "'0000-00-00'"],
        "DATE_ADD('1990-01-01', INTERVAL n HOUR)",
    ),
    ("BINARY(5)", "BINARY(5)", &["x'0102'", "x''", "x'00ff00ff'"], "LPAD(n, 5, 'f')"),
    ("VARBINARY(20)", "VARBINARY(20)", &["x'00ff00'", "x''", "x'00ff'", "'a'", "'A'"], "CONCAT('f', n)"),
    (
        "VARCHAR(30) CHARACTER SET utf8mb4",
        "VARCHAR(30) CHARACTER SET utf8mb4",
        &["'é€'", "'plain'", "'it''s'", "'a '", "'😀'"],
        "CONCAT('f', n)",
    ),
    (
        "VARCHAR(30) CHARACTER SET latin1",
        "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        &["'é€'", "'plain'", "'?'"],
        "CONCAT('f', n)",
    ),
    (
        "CHAR(30) CHARACTER SET latin1 COLLATE latin1_general_cs",
        "CHAR(30) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
        &["'é€'", "'plain'"],
        "CONCAT('f', n)",
    ),
    (
        "VARCHAR(30) CHARACTER SET ucs2",
        "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        &["'é€'", "'plain'", "''"],
        "CONCAT('f', n)",
    ),
    (
        "VARCHAR(30) CHARACTER SET utf8 COLLATE utf8_bin",
        "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        &["'a'", "'A'", "'ä'", "'Ä'"],
        "CONCAT('f', n)",
    ),
    ("VARCHAR(30) CHARACTER SET sjis", "VARCHAR(30) CHARACTER SET utf8mb4", &["'ソ'", "'plain'"], "CONCAT('f', n)"),
];

/// Rows that no comparison has to read, in each table.
const BESIDE: u64 = 5_000;

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_type_are_found_through_the_index() {
    let world = World::new().await;
    let digits: Vec<String> = (0..BESIDE).map(|n| format!("({n})")).collect();
    world.on_both("CREATE TABLE digits (n INT PRIMARY KEY)").await;
    world.on_both(&format!("INSERT INTO digits VALUES {}", digits.join(", "))).await;
    for (place, (of, into, values, beside)) in KINDS.iter().enumerate() {
        // Alone; after and before another column; beside one that is in the sink's key alone.
        let keys = [("k", "k"), ("shard, k", "shard, k"), ("k, shard", "shard, k"), ("k", "k, shard")];
        for (shape, (source_key, sink_key)) in keys.iter().enumerate() {
            let table = format!("t{place}_{shape}");
            let what = format!("{of} ({source_key}) in {into} ({sink_key})");
            for (server, kind, key) in [("source", of, source_key), ("sink", into, sink_key)] {
                let made = format!("CREATE TABLE {table} (k {kind}, shard INT, v INT, PRIMARY KEY ({key}))");
                world.on(server, &made).await;
                world.on(server, &format!("INSERT INTO {table} SELECT {beside}, 1, 0 FROM digits")).await;
                world.on(server, &format!("ANALYZE TABLE {table}")).await;
            }
            let begin = world.end().await;
            let rows: Vec<String> =
                values.iter().enumerate().map(|(number, value)| format!("({value}, {number}, 1)")).collect();
            world.on_both(&format!("INSERT INTO {table} VALUES {}", rows.join(", "))).await;
            let pairs = [world.pair(&table, &["k", "shard", "v"])];
            let before = (world.rows_read("source").await, world.rows_read("sink").await);
            let found = world.compare(&begin, &pairs).await.unwrap();
            let after = (world.rows_read("source").await, world.rows_read("sink").await);
            let count = values.len() as u64;
            assert_eq!((found.rows, found.equal, found.not_compared.len()), (count, count, 0), "{what}: {found:#?}");
            for read in [after.0 - before.0, after.1 - before.1] {
                assert!(read < BESIDE / 2, "{what}: {read} rows read for {count} keys");
            }
            // Each is found on both sides: where neither had a row, it would be equal now too.
            world.on("sink", &format!("UPDATE {table} SET v = 2 WHERE v = 1")).await;
            let found = world.compare(&begin, &pairs).await.unwrap();
            assert_eq!((found.equal, found.different), (0, count), "{what}: {found:#?}");
            assert!(found.differences.iter().all(|difference| matches!(difference.what, What::Columns(_))));
        }
    }
    world.down().await;
}

impl World {
    async fn rows_read(&self, server: &str) -> u64 {
        let mut conn = self.admin(server).await;
        let row: Option<(String, String)> =
            conn.query_first("SHOW GLOBAL STATUS LIKE 'Innodb_rows_read'").await.unwrap();
        row.unwrap().1.parse().unwrap()
    }
}
