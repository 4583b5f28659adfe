//! Whatever claims to stop the upgrade does: each case alone in a data directory of 5.7.22 on which 8.0.15 is started.

use std::{path::Path, sync::Arc};

use futures_util::{StreamExt as _, stream};
use upgrade::event::Consequence;

use crate::{
    Bench, Outcome, Trial,
    files::{age, copy_myisam, edit, swap},
    reading::{TO_8_0, checked, found, short},
};

/// What 8.0.15 makes of it.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// With these words in its log.
    Refused(&'static str),
    Crashed,
}

struct Case {
    check: &'static str,
    object: &'static str,
    sql: &'static [&'static str],
    by_hand: Option<fn(&Path)>,
    fate: Fate,
}

const fn case(check: &'static str, object: &'static str, sql: &'static [&'static str], fate: Fate) -> Case {
    Case { check, object, sql, by_hand: None, fate }
}

const fn hand(
    check: &'static str,
    object: &'static str,
    sql: &'static [&'static str],
    by_hand: fn(&Path),
    fate: Fate,
) -> Case {
    Case { check, object, sql, by_hand: Some(by_hand), fate }
}

use Fate::{Crashed, Refused};

const CASES: &[Case] = &[
    hand(
        "oldTemporal",
        "shop.t.made",
        &["CREATE TABLE t (id INT PRIMARY KEY, made TIMESTAMP NULL)"],
        |data| age(data, "t", 0x11, 0x07),
        Refused("MY-010923"),
    ),
    hand(
        "oldTemporal",
        "shop.t.clock",
        &["CREATE TABLE t (id INT PRIMARY KEY, clock TIME NULL) ENGINE = MyISAM"],
        |data| age(data, "t", 0x13, 0x0B),
        Refused("MY-010923"),
    ),
    case("mysqlSchema", "mysql.columns", &["CREATE TABLE mysql.columns (id INT PRIMARY KEY)"], Refused("MY-010781")),
    case("mysqlSchema", "mysql.routines", &["CREATE VIEW mysql.routines AS SELECT 1 AS a"], Refused("MY-010781")),
    case("mysqlSchema", "mysql.global_grants", &["CREATE TABLE mysql.global_grants (id INT PRIMARY KEY)"], Crashed),
    case(
        "nonNativePartitioning",
        "shop.t",
        &["CREATE TABLE t (id INT PRIMARY KEY) ENGINE = MyISAM PARTITION BY HASH (id) PARTITIONS 2"],
        Refused("MY-013140"),
    ),
    case(
        "nonNativePartitioning",
        "shop.a",
        &["CREATE TABLE a (id INT) ENGINE = ARCHIVE PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (9))"],
        Refused("MY-013140"),
    ),
    case(
        "foreignKeyLength",
        "shop.t23456789012345678901234567890123456789012345678901234567890.\
         t23456789012345678901234567890123456789012345678901234567890_ibfk_1",
        &[
            "CREATE TABLE p (id INT PRIMARY KEY)",
            "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id))",
            "RENAME TABLE c TO t23456789012345678901234567890123456789012345678901234567890",
        ],
        Refused("MY-012054"),
    ),
    case(
        "enumSetElementLength",
        "shop.t.e",
        &[
            "SET @create = CONCAT(\"CREATE TABLE t (id INT PRIMARY KEY, e ENUM ('a', '\", REPEAT('x', 256), \"'))\")",
            "PREPARE made FROM @create",
            "EXECUTE made",
        ],
        Refused("MY-010765"),
    ),
    case(
        "partitionedTablesInSharedTablespaces",
        "shop.t",
        &[
            "CREATE TABLESPACE ts ADD DATAFILE 'ts.ibd' ENGINE = InnoDB",
            "CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (9) TABLESPACE ts)",
        ],
        Refused("MY-013199"),
    ),
    case(
        "partitionedTablesInSharedTablespaces",
        "shop.t",
        &["CREATE TABLE t (id INT PRIMARY KEY) TABLESPACE innodb_system PARTITION BY HASH (id) PARTITIONS 2"],
        Refused("MY-013199"),
    ),
    hand(
        "invalid57Names",
        "shop.#mysql50#a-b",
        &["CREATE TABLE m (id INT PRIMARY KEY) ENGINE = MyISAM"],
        |data| copy_myisam(data, "m", "a-b"),
        Refused("MY-010520"),
    ),
    case("ftsInTablename", "shop.giFTS", &["CREATE TABLE giFTS (id INT PRIMARY KEY)"], Refused("MY-010767")),
    case(
        "ftsInTablename",
        "shop.FTS_x",
        &["CREATE TABLE FTS_x (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2"],
        Crashed,
    ),
    hand(
        "schemaInconsistency",
        "shop.gone",
        &["CREATE TABLE t (id INT PRIMARY KEY)"],
        |data| swap(data, "t", "gone"),
        Refused("MY-012083"),
    ),
    hand(
        "oldGeometryTypes",
        "shop.t.g",
        &["CREATE TABLE t (id INT PRIMARY KEY, g BLOB)", "CREATE TABLE u (id INT PRIMARY KEY, g GEOMETRY)"],
        |data| swap(data, "u", "t"),
        Refused("MY-012064"),
    ),
    hand(
        "getMismatchedMetadata",
        "shop.t",
        &["CREATE TABLE t (id INT PRIMARY KEY, a INT)", "CREATE TABLE u (id INT PRIMARY KEY, b INT)"],
        |data| swap(data, "u", "t"),
        Refused("MY-012071"),
    ),
    hand(
        "getMismatchedMetadata",
        "shop.t",
        &["CREATE TABLE t (id INT PRIMARY KEY, a INT)", "CREATE TABLE u (id INT PRIMARY KEY, a VARCHAR(9))"],
        |data| swap(data, "u", "t"),
        Refused("MY-012064"),
    ),
    case(
        "auroraGetDanglingFulltextIndex",
        "shop.t",
        &["CREATE TABLE t (id INT PRIMARY KEY, a TEXT, FULLTEXT KEY f (a))", "ALTER TABLE t DROP INDEX f"],
        Refused("MY-012069"),
    ),
    case(
        "fts_doc_id_column",
        "shop.t.FTS_DOC_ID",
        &[
            "CREATE TABLE t (FTS_DOC_ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a TEXT, FULLTEXT KEY f (a))",
        ],
        Crashed,
    ),
    case(
        "auroraUpgradeCheckForIncompleteXATransactions",
        "X'61',X'62',5",
        &[
            "CREATE TABLE t (id INT PRIMARY KEY)",
            "XA START 'a', 'b', 5",
            "INSERT INTO t VALUES (1)",
            "XA END 'a', 'b', 5",
            "XA PREPARE 'a', 'b', 5",
        ],
        Crashed,
    ),
    case(
        "auroraUpgradeCheckForPrefixIndexOnGeometryColumns",
        "shop.t.k",
        &["CREATE TABLE t (id INT PRIMARY KEY, g GEOMETRY NOT NULL, KEY k (g(28)), SPATIAL KEY s (g))"],
        Refused("MY-013140"),
    ),
    hand(
        "auroraUpgradeCheckForInvalidUtf8mb3TableComments",
        "shop.t",
        &["CREATE TABLE t (id INT PRIMARY KEY) COMMENT 'ZZZZ'"],
        |data| edit(data, "t", b"ZZZZ", b"ZZ\xFFZ"),
        Refused("MY-013140"),
    ),
    hand(
        "auroraUpgradeCheckForInvalidUtf8mb3ColumnComments",
        "shop.t",
        &["CREATE TABLE t (id INT PRIMARY KEY COMMENT 'ZZZZ')"],
        |data| edit(data, "t", b"ZZZZ", b"ZZ\xFFZ"),
        Refused("MY-013140"),
    ),
    hand(
        "auroraUpgradeCheckForInvalidUtf8mb3IndexComments",
        "shop.t",
        &["CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY k (a) COMMENT 'ZZZZ')"],
        |data| edit(data, "t", b"ZZZZ", b"ZZ\xFFZ"),
        Refused("MY-013140"),
    ),
];

async fn planted(bench: &Arc<Bench>, number: usize, case: &Case) -> Trial {
    let mut trial = bench.on_57(number, &[]).await;
    trial.run(&["CREATE DATABASE shop CHARACTER SET utf8mb4"]).await;
    trial.run(&[&["USE shop", "SET sql_mode = ''"], case.sql].concat()).await;
    if let Some(by_hand) = case.by_hand {
        trial.by_hand(by_hand).await;
    }
    trial
}

async fn tried(bench: &Arc<Bench>, number: usize, case: &Case) -> Result<(), String> {
    let trial = planted(bench, number, case).await;
    let findings = found(&trial, &TO_8_0).await;
    let noise = ["no_primary_key", "myisam_table"];
    let told: Vec<_> = short(&findings).into_iter().filter(|(check, _)| !noise.contains(check)).collect();
    if told != [(case.check, case.object)] {
        return Err(format!("{} {} expected, but found {told:?}", case.check, case.object));
    }
    let outcome = trial.upgrade(&[]).await;
    let as_told = match case.fate {
        Refused(words) => outcome.refuses_with(words),
        Crashed => matches!(outcome, Outcome::Crashes(_)),
    };
    if as_told { Ok(()) } else { Err(format!("{} {}: {:?}, but {outcome:?}", case.check, case.object, case.fate)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_claims_to_stop_the_upgrade_stops_it() {
    let bench = Bench::prepare().await;
    let results = stream::iter(CASES.iter().enumerate())
        .map(|(number, case)| {
            let bench = Arc::clone(&bench);
            async move { tried(&bench, number, case).await }
        })
        .buffer_unordered(2)
        .collect::<Vec<_>>()
        .await;
    let wrong: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_is_none_is_told_by_check_table_and_stops_the_upgrade() {
    let bench = Bench::prepare().await;
    let mut trial = bench.on_57(0, &[]).await;
    trial.run(&["CREATE DATABASE shop", "CREATE TABLE shop.t (id INT PRIMARY KEY)"]).await;
    trial.by_hand(|data| std::fs::write(data.join("shop/t.frm"), "none").unwrap()).await;
    let findings = checked(&trial, &[("shop", "t")]).await;
    let told = findings.iter().find(|finding| finding.consequence == Consequence::StopsTheUpgrade);
    assert_eq!(told.map(|finding| finding.object.as_str()), Some("shop.t"), "{findings:#?}");
    let outcome = trial.upgrade(&[]).await;
    assert!(outcome.refuses_with("MY-010348"), "{outcome:?}");
}
