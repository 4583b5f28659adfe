//! Objects of which nothing stops the upgrade by itself, near misses of all checks, and a clean schema: exactly what is planted is
//! found.

use upgrade::event::Finding;

use crate::{
    Bench, Trial,
    reading::{TO_8_0, TO_8_4, found, mend, short},
};

/// `mysql.*` accounts and the two of the bench log in by what 8.4 calls deprecated.
fn of_schemas(findings: &[Finding]) -> Vec<(&str, &str)> {
    short(findings).into_iter().filter(|(_, object)| !object.starts_with('\'') && !object.contains("plugin")).collect()
}

/// What the checks must leave alone, on 5.7 and on 8.0.
const NEAR: &[&str] = &[
    "CREATE DATABASE near CHARACTER SET utf8mb4",
    "USE near",
    // All kinds of columns, so that what InnoDB has of each is known to be the same.
    "CREATE TABLE kinds (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, a TINYINT, b SMALLINT, c MEDIUMINT, d INT, e BIT(9), \
     f DECIMAL(9,2), g FLOAT, h DOUBLE UNSIGNED, i DATE, j TIME(3), k DATETIME, l TIMESTAMP NULL, m YEAR, n CHAR(9), \
     o VARCHAR(99), p BINARY(9), q VARBINARY(9), r TINYTEXT, s TEXT, t LONGTEXT, u TINYBLOB, v BLOB, w LONGBLOB, \
     x ENUM ('a', 'b'), y SET ('a', 'b'), z JSON, aa POINT, ab GEOMETRY NOT NULL, ac GEOMETRYCOLLECTION, \
     ad CHAR(9) CHARACTER SET latin1, ae VARCHAR(9) CHARACTER SET latin1, af CHAR(9) CHARACTER SET latin1 COLLATE latin1_bin, \
     ag VARCHAR(9) CHARACTER SET binary, ah VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin, ai BOOL, \
     aj INT AS (d + 1) VIRTUAL, ak INT AS (d + 2) STORED, al CHAR(9) CHARACTER SET gbk)",
    "ALTER TABLE kinds ADD COLUMN an INT AS (a + b) VIRTUAL FIRST, ADD KEY (an), CHANGE m M YEAR",
    "CREATE TABLE fulltexts (id INT PRIMARY KEY, a TEXT, b TEXT, FULLTEXT KEY f (a), FULLTEXT KEY g (b))",
    "ALTER TABLE fulltexts DROP INDEX g",
    "CREATE TABLE words (id INT PRIMARY KEY, a ENUM ('timestamp /* 5.5 binary format */', 'it''s', 'back\\\\slash'))",
    "CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY KEY () PARTITIONS 2",
    "CREATE TABLE subparts (id INT, d DATE, PRIMARY KEY (id, d)) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) \
     SUBPARTITIONS 2 (PARTITION p VALUES LESS THAN (2000), PARTITION q VALUES LESS THAN MAXVALUE)",
    "CREATE TABLE gifts_fts (id INT PRIMARY KEY)",
    "CREATE TABLE `columns` (id INT PRIMARY KEY)",
    "CREATE TABLE prefix (id INT PRIMARY KEY, a VARCHAR(1000) CHARACTER SET latin1, b VARCHAR(250), KEY (a(700)), KEY (b(191))) \
     ROW_FORMAT = COMPACT",
    "CREATE TABLE large (id INT PRIMARY KEY, a VARCHAR(700), KEY (a)) ROW_FORMAT = DYNAMIC",
    "CREATE TABLE places (id INT PRIMARY KEY, g GEOMETRY NOT NULL)",
    "CREATE TABLE parent (a INT NOT NULL, b INT NOT NULL, UNIQUE KEY ab (a, b), UNIQUE KEY b (b))",
    "CREATE TABLE child (id INT PRIMARY KEY, a INT, b INT, FOREIGN KEY (b, a) REFERENCES parent (a, b))",
    "CREATE TABLE dates (id INT PRIMARY KEY, a DATE DEFAULT '2020-10-10', b VARCHAR(20) DEFAULT '0000-00-00', \
     c TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    "CREATE TABLE memory (id INT PRIMARY KEY) ENGINE = MEMORY",
    "CREATE TABLE `back``tick's \"and\" – 重` (`id``s` INT PRIMARY KEY COMMENT '重') COMMENT 'it''s 重'",
    "CREATE TABLE full (id INT PRIMARY KEY, e ENUM ('x'))",
    "SET @sql = CONCAT(\"ALTER TABLE full MODIFY e ENUM ('\", REPEAT('x', 255), \"')\")",
    "PREPARE made FROM @sql",
    "EXECUTE made",
    // 63 characters of three bytes each, in the name that InnoDB makes of it.
    "CREATE TABLE 重重重重重重重重重重重重重重重重重重重重 (id INT PRIMARY KEY, b INT, FOREIGN KEY (b) REFERENCES parent (b))",
    "CREATE VIEW seen AS SELECT id FROM dates",
];

const SPATIAL: &str = "CREATE TABLE near.places_found (id INT PRIMARY KEY, g GEOMETRY NOT NULL, SPATIAL KEY g (g))";

#[tokio::test(flavor = "multi_thread")]
async fn near_misses_and_a_clean_schema_are_left_alone() {
    let bench = Bench::prepare().await;
    let old = bench.on_57(0, &[]).await;
    let new = bench.on_80(1, &[]).await;
    assert_eq!(of_schemas(&found(&old, &TO_8_0).await), [], "an empty 5.7.22");
    assert_eq!(of_schemas(&found(&new, &TO_8_4).await), [], "an empty 8.0.15");
    old.run(NEAR).await;
    old.run(&[SPATIAL]).await;
    new.run(NEAR).await;
    let findings = found(&old, &TO_8_0).await;
    assert_eq!(short(&findings), [], "{findings:#?}");
    let findings = found(&new, &TO_8_4).await;
    assert_eq!(of_schemas(&findings), [], "{findings:#?}");
    let outcome = old.upgrade(&[]).await;
    assert!(outcome.passes(), "{outcome:?}");
}

/// Made by plain SQL; the upgrade passes with all of it.
const PLANTED: &[&str] = &[
    "CREATE DATABASE shop CHARACTER SET utf8",
    "CREATE DATABASE far CHARACTER SET latin1",
    "USE shop",
    "SET sql_mode = ''",
    "SET foreign_key_checks = 0",
    "CREATE TABLE texts (id INT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9) CHARACTER SET utf8mb4)",
    "CREATE TABLE far.texts (id INT PRIMARY KEY, a VARCHAR(9) CHARACTER SET utf8)",
    "CREATE TABLE far.dates (id INT PRIMARY KEY, a DATE NOT NULL DEFAULT '0000-00-00', b DATETIME DEFAULT '2020-00-00', \
     c TIMESTAMP(3) NOT NULL DEFAULT '0000-00-00 00:00:00')",
    "CREATE TABLE far.large (id INT PRIMARY KEY, a VARCHAR(250) CHARACTER SET utf8mb4, KEY k (a)) ROW_FORMAT = DYNAMIC",
    "ALTER TABLE far.large ROW_FORMAT = COMPACT",
    "CREATE TABLE far.parent (id INT PRIMARY KEY)",
    "CREATE TABLE far.child (id INT PRIMARY KEY, p INT, CONSTRAINT to_parent FOREIGN KEY (p) REFERENCES parent (id))",
    "DROP TABLE far.parent",
    "CREATE TABLE far.parent (id INT PRIMARY KEY) ENGINE = MyISAM",
    "CREATE TABLE far.keyless (a INT, b INT, UNIQUE KEY (a), KEY (b))",
    "DROP VIEW sys.processlist",
    "CREATE TABLE sys.processlist (id INT PRIMARY KEY)",
    "CREATE TABLE far.`重-1` (id INT PRIMARY KEY)",
    "CREATE TABLE far.mixed (id INT PRIMARY KEY)",
    "CREATE TABLE shop.source (id INT PRIMARY KEY) ENGINE = MyISAM",
    "CREATE EVENT far.hourly ON SCHEDULE EVERY 1 HOUR DO SELECT 1",
    "CREATE EVENT far.off ON SCHEDULE EVERY 1 HOUR DISABLE DO SELECT 1",
    "CREATE USER old IDENTIFIED WITH sha256_password",
    "CREATE TABLE mysql.default_roles (id INT PRIMARY KEY)",
    "CREATE TABLE shop.fulltexts (id INT PRIMARY KEY, a INT)",
];

const EXPECTED: &[(&str, &str)] = &[
    ("auroraUpgradeCheckForSysSchemaObjectTypeMismatch", "sys.processlist"),
    ("authMethodUsage", "'old'@'%'"),
    ("engineMixup", "far.mixed"),
    ("event_scheduler", "far.hourly"),
    ("indexTooLarge", "far.large.k"),
    ("invalid57Names", "#mysql50#lost+found"),
    ("invalidEngineForeignKey", "far.child.to_parent"),
    ("myisam_table", "far.mixed"),
    ("myisam_table", "far.parent"),
    ("myisam_table", "shop.source"),
    ("mysqlSchema", "mysql.default_roles"),
    ("no_primary_key", "far.keyless"),
    ("schemaInconsistency", "far.重-1"),
    ("utf8mb3", "far.mixed"),
    ("utf8mb3", "far.texts.a"),
    ("utf8mb3", "shop"),
    ("utf8mb3", "shop.fulltexts"),
    ("utf8mb3", "shop.source"),
    ("utf8mb3", "shop.texts"),
    ("utf8mb3", "shop.texts.a"),
    ("zeroDates", "far.dates.a"),
    ("zeroDates", "far.dates.b"),
    ("zeroDates", "far.dates.c"),
];

async fn planted(trial: &mut Trial) {
    trial.run(PLANTED).await;
    trial
        .by_hand(|data| {
            std::fs::remove_file(data.join("far/@91cd@002d1.frm")).unwrap();
            for kind in ["frm", "MYD", "MYI"] {
                std::fs::copy(data.join(format!("shop/source.{kind}")), data.join(format!("far/mixed.{kind}")))
                    .unwrap();
            }
            std::fs::create_dir(data.join("lost+found")).unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_the_upgrade_is_found_and_its_fixes_mend_it() {
    let bench = Bench::prepare().await;
    let mut old = bench.on_57(0, &["--event-scheduler=ON"]).await;
    planted(&mut old).await;
    let findings = found(&old, &TO_8_0).await;
    assert_eq!(short(&findings), EXPECTED, "{findings:#?}");

    let elsewhere = bench.folder_outside();
    let statement =
        format!("CREATE TABLE far.around (id INT PRIMARY KEY) DATA DIRECTORY = '{}/../around'", elsewhere.display());
    old.run(&[&statement]).await;
    let to_8_4 = upgrade::precheck::Hop { to: TO_8_4.to, ..TO_8_0 };
    let circular = found(&old, &to_8_4).await;
    assert!(short(&circular).contains(&("circularDirectory", "far.around")), "{circular:#?}");
    let mending: Vec<_> = circular.into_iter().filter(|finding| finding.check == "circularDirectory").collect();
    assert_eq!(mend(&old, &mending).await, [""; 0]);
    assert!(!short(&found(&old, &to_8_4).await).iter().any(|(check, _)| *check == "circularDirectory"));

    let outcome = old.upgrade(&[]).await;
    assert!(outcome.passes(), "{outcome:?}");

    let mut again = bench.on_57(1, &["--event-scheduler=ON"]).await;
    planted(&mut again).await;
    let mendable: Vec<_> = findings.iter().filter(|finding| finding.fix.is_some()).cloned().collect();
    let refused = mend(&again, &mendable).await;
    assert_eq!(refused, ["ALTER DATABASE `#mysql50#lost+found`"; 0], "{refused:#?}");
    let left = found(&again, &TO_8_0).await;
    let unmendable: Vec<_> = EXPECTED
        .iter()
        .copied()
        .filter(|(check, object)| {
            !mendable.iter().any(|finding| (&*finding.check, &*finding.object) == (*check, *object))
        })
        .collect();
    assert_eq!(short(&left), unmendable, "{left:#?}");
}

/// Of 8.0 on the way to 8.4.
const LATER: &[&str] = &[
    "CREATE DATABASE shop CHARACTER SET utf8mb4",
    "CREATE DATABASE far CHARACTER SET utf8mb4",
    "USE shop",
    "CREATE TABLE a (id DOUBLE UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY)",
    "CREATE TABLE b (id FLOAT(7,3) NOT NULL AUTO_INCREMENT PRIMARY KEY)",
    "CREATE TABLE far.parent (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b))",
    "CREATE TABLE child (id INT PRIMARY KEY, a INT, CONSTRAINT half FOREIGN KEY (a) REFERENCES far.parent (a))",
    "CREATE TABLE parts (a VARCHAR(50), b INT, PRIMARY KEY (a(10), b)) PARTITION BY KEY () PARTITIONS 2",
    "CREATE TABLE `a-b` (id INT PRIMARY KEY, g GEOMETRY NOT NULL SRID 0, SPATIAL KEY g (g))",
    "CREATE TABLE keyless (a INT)",
    "CREATE USER '重''s'@'%' IDENTIFIED WITH mysql_native_password",
    "CREATE USER mysql_router1 IDENTIFIED WITH mysql_native_password",
    "CREATE USER modern IDENTIFIED WITH caching_sha2_password BY 'canary-modern'",
    "GRANT SET_USER_ID ON *.* TO modern",
    "SET sql_mode = ''",
    "CREATE TABLE twice (id INT PRIMARY KEY, e ENUM ('a', 'A'))",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_8_4_changes_is_found_on_8_0() {
    let bench = Bench::prepare().await;
    let new = bench.on_80(0, &[]).await;
    new.run(LATER).await;
    let findings = found(&new, &TO_8_4).await;
    let ours: Vec<_> = short(&findings)
        .into_iter()
        .filter(|(_, object)| {
            !object.starts_with("'admin'") && !object.starts_with("'upgrade'") && *object != "'root'@'localhost'"
        })
        .collect();
    assert_eq!(
        ours,
        [
            ("auroraUpgradeCheckForDuplicatedColumnValuesInEnum", "shop.twice.e"),
            ("authMethodUsage", "'重''s'@'%'"),
            ("columnDefinition", "shop.a.id"),
            ("columnDefinition", "shop.b.id"),
            ("defaultAuthenticationPlugin", "default_authentication_plugin"),
            ("deprecatedRouterAuthMethod", "'mysql_router1'@'%'"),
            ("foreignKeyReferences", "shop.child.half"),
            ("invalidPrivileges", "'modern'@'%'"),
            ("no_primary_key", "shop.keyless"),
            ("partitionsWithPrefixKeys", "shop.parts"),
            ("spatialIndex", "shop.a-b.g"),
        ],
        "{findings:#?}"
    );
    // `RANDOM PASSWORD` is of 8.0.18 and later.
    let mendable: Vec<_> = findings.into_iter().filter(|finding| !finding.check.contains("AuthMethod")).collect();
    let mendable: Vec<_> = mendable.into_iter().filter(|finding| finding.check != "authMethodUsage").collect();
    assert_eq!(mend(&new, &mendable).await, [""; 0]);
    let left = found(&new, &TO_8_4).await;
    let left: Vec<_> = of_schemas(&left).into_iter().collect();
    let expected =
        [("auroraUpgradeCheckForDuplicatedColumnValuesInEnum", "shop.twice.e"), ("no_primary_key", "shop.keyless")];
    assert_eq!(left, expected);
}
