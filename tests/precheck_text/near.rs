//! Objects that come near to what is wrong, and are well: nothing is told of them, and they pass the upgrade.

use super::*;
use crate::in_place::Bench;

const BODIES: [&str; 40] = [
    "SELECT `rank`, q.rank, q.groups FROM (SELECT 1 AS `rank`, 2 AS `groups`) q",
    "SELECT q .lead FROM (SELECT 1 AS `lead`) q",
    "SET @rank = 1; SELECT @rank",
    "SELECT 'rank', \"groups\"",
    "SELECT 1 -- rank of groups\n",
    "SELECT 1 # GROUP BY a DESC\n",
    "SELECT 1 /* SELECT SQL_CACHE a FROM .t GROUP BY a DESC */",
    "SELECT ROW(1, 2) = ROW(1, 2)",
    "SHOW FUNCTION STATUS",
    "SHOW CREATE FUNCTION shop.encode",
    "SET SESSION binlog_format = ROW",
    "SELECT a, COUNT(*) FROM t GROUP BY a WITH ROLLUP",
    "SELECT a FROM t GROUP BY a ORDER BY a DESC",
    "SELECT b, GROUP_CONCAT(a ORDER BY a DESC) FROM t GROUP BY b",
    "SELECT a FROM t GROUP BY a UNION SELECT a FROM u ORDER BY 1 DESC",
    "SELECT 1 FROM t WHERE b IN (SELECT b FROM u GROUP BY b) ORDER BY a DESC",
    "SELECT a FROM t WHERE b > .5",
    "SELECT a FROM t WHERE b IN (.5,.25) AND a = ' .t'",
    "SELECT t .a, `t` .b, shop . t . id FROM shop . t",
    "SELECT SQL_NO_CACHE a FROM t",
    "SELECT '\\\\N', 'a\\'b', \"a\\\"b\"",
    "SELECT q.sql_cache FROM (SELECT 1 AS `sql_cache`) q",
    "SELECT shop.encode('a')",
    "SELECT `shop`.`encode`('a')",
    "SELECT 'ENCODE(1,2)' AS `password`",
    "SELECT q.password, q.contains FROM (SELECT 1 AS password, 2 AS `contains`) q",
    "CREATE TEMPORARY TABLE area(a INT)",
    "CREATE TEMPORARY TABLE distance(a INT, KEY x(a))",
    "INSERT INTO buffer(a) VALUES (1)",
    "SELECT ST_AsText(POINT(1,1)), ST_X(POINT(1,1)), MBRContains(POINT(1,1), POINT(1,1)), ST_SRID(POINT(1,1))",
    "SELECT POLYGON(LINESTRING(POINT(0,0), POINT(0,1), POINT(1,1), POINT(0,0)))",
    "SELECT MD5('a'), SHA1('a'), SHA2('a', 256), AES_ENCRYPT('a', 'b')",
    "GRANT SELECT ON shop.* TO nobody WITH GRANT OPTION",
    "CREATE USER somebody IDENTIFIED BY 'x' REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 1",
    "SET SESSION transaction_isolation = 'READ-COMMITTED'",
    "DECLARE tx_isolation INT; SET tx_isolation = 1",
    "SELECT variable_value FROM performance_schema.global_status",
    "PREPARE s FROM 'SELECT a, `rank` FROM t ORDER BY a DESC'",
    "SET @q = 'The rank of a system, and its groups'; PREPARE s FROM 'SELECT 1'",
    "SELECT full, admin, member, array, ranking FROM (SELECT 1 full, 2 admin, 3 member, 4 array, 5 ranking) q",
];

const OTHERS: [&str; 22] = [
    "CREATE VIEW spatial_names AS SELECT AsText(POINT(1,1)) a, X(POINT(1,1)) b, CONTAINS(POINT(1,1), POINT(1,1)) c, SRID(POINT(1,1)) d",
    "CREATE VIEW hull AS SELECT ConvexHull(POINT(1,1)) h, GLength(LINESTRING(POINT(1,1), POINT(2,2))) l",
    "CREATE VIEW nothing AS SELECT \\N AS n",
    "CREATE VIEW half AS SELECT .5 AS h, ' .t' AS s FROM t WHERE b > .5",
    "CREATE VIEW own_function AS SELECT shop.encode(a) AS e FROM t",
    "CREATE VIEW ordered AS SELECT a FROM t GROUP BY a ORDER BY a DESC",
    "CREATE VIEW on_a_view AS SELECT e FROM own_function",
    "CREATE VIEW smile AS SELECT '\u{1f600}' AS x",
    "CREATE VIEW texts AS SELECT 'it\\'s `encode`(1) from .t group by a desc' AS x, \"ENCODE('a','b')\" AS y",
    "CREATE VIEW statuses AS SELECT variable_name FROM performance_schema.global_status",
    "CREATE TABLE places (id INT PRIMARY KEY, g POINT, t VARCHAR(99) AS (AsText(g)), x DOUBLE AS (X(g)))",
    "CREATE TABLE hashed (id INT PRIMARY KEY, m VARCHAR(32) AS (MD5(id)), c VARCHAR(9) AS (CONCAT('cast(', id)), KEY (m))",
    "CREATE TABLE cast_without_key (id INT PRIMARY KEY, c VARCHAR(9) AS (CAST(id AS CHAR(9))))",
    "CREATE TABLE days (d DATE, id INT, PRIMARY KEY (d, id)) PARTITION BY RANGE COLUMNS(d) (PARTITION p0 VALUES LESS THAN ('20200102'), \
     PARTITION p1 VALUES LESS THAN ('2021-01-02'))",
    "CREATE TABLE `ranks` (id INT PRIMARY KEY, `full` INT, `admin` INT, price$ INT)",
    "CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 'it\\'s', NEW.b = (SELECT MAX(b) FROM u GROUP BY a ORDER BY a DESC LIMIT 1)",
    "CREATE TRIGGER two BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = \"encode('a')\", NEW.b = .5",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE a = 'it\\'s rank'",
    "SET sql_mode = 'ANSI_QUOTES'",
    "CREATE PROCEDURE quoted() SELECT \"rank\" FROM (SELECT 1 AS \"rank\") \"groups\"",
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
    "CREATE PROCEDURE back_slash() SELECT '\\', 'rank'",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_what_is_well_and_it_passes() {
    let bench = Bench::prepare().await;
    let trial = bench.on_57(0, &[]).await;
    let mut statements =
        vec!["CREATE FUNCTION shop.encode(a VARCHAR(20)) RETURNS INT DETERMINISTIC RETURN 1".to_owned()];
    statements.extend(
        BODIES.iter().enumerate().map(|(number, body)| format!("CREATE PROCEDURE p{number}() BEGIN {body}; END")),
    );
    statements.extend(OTHERS.iter().map(|statement| (*statement).to_owned()));
    make(&trial, &statements).await;
    assert_eq!(findings(&trial, "shop", TO_8015).await, []);
    let outcome = trial.upgrade(&[]).await;
    assert!(outcome.passes(), "{outcome:?}");
}
