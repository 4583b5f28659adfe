//! Objects with something wrong in their text, all in one schema.

use super::*;
use crate::in_place::{Bench, Outcome};
use Consequence::{BrokenAfterwards, SilentUntilUsed, StopsTheUpgrade};

/// Procedures by name, with the statement in them; each stops the upgrade.
const STOPPING: [(&str, &str, &str); 28] = [
    ("alias", "SELECT 1 rank", "syntax"),
    ("called", "SELECT rank(1)", "syntax"),
    ("declared", "DECLARE groups INT", "syntax"),
    ("labelled", "lead: LOOP LEAVE lead; END LOOP", "syntax"),
    ("spaced", "SELECT t . lag FROM t", "syntax"),
    ("from_name", "SELECT 1 FROM system", "syntax"),
    ("cube_column", "SELECT cube FROM t", "syntax"),
    ("run_comment", "SELECT /*!50000 rank */ FROM t", "syntax"),
    ("analysed", "SELECT a FROM t PROCEDURE ANALYSE()", "syntax"),
    ("cached", "SELECT SQL_CACHE COUNT(*) FROM t", "syntax"),
    ("nothing", "SELECT \\N", "syntax"),
    ("granted", "GRANT SELECT ON shop.* TO nobody IDENTIFIED BY 'x'", "syntax"),
    ("limited", "GRANT USAGE ON *.* TO nobody WITH MAX_QUERIES_PER_HOUR 1", "syntax"),
    ("required", "GRANT USAGE ON *.* TO nobody REQUIRE SSL", "syntax"),
    ("hashed", "CREATE USER a IDENTIFIED BY PASSWORD '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29'", "syntax"),
    ("flushed", "FLUSH QUERY CACHE", "syntax"),
    ("reset_cache", "RESET QUERY CACHE", "syntax"),
    ("flushed_keys", "FLUSH DES_KEY_FILE", "syntax"),
    ("explained", "EXPLAIN PARTITIONS SELECT 1", "syntax"),
    ("grouped", "SELECT a FROM t GROUP BY a DESC", "groupbyAscSyntax"),
    ("grouped_within", "SELECT 1 FROM (SELECT a, b FROM t GROUP BY a, b ASC) q", "groupbyAscSyntax"),
    ("dotted", "SELECT a FROM .t", "emptyDotTableSyntax"),
    ("dotted_column", "SELECT .t.a FROM t", "emptyDotTableSyntax"),
    ("dotted_update", "UPDATE .t SET a = 1", "emptyDotTableSyntax"),
    ("password_call", "SELECT PASSWORD('x')", "removedFunctions"),
    ("password_set", "SET PASSWORD FOR nobody = PASSWORD('x')", "removedFunctions"),
    ("contains_call", "SELECT CONTAINS(POINT(1,1), POINT(1,1))", "removedFunctions"),
    ("srid_call", "SELECT SRID(POINT(1,1))", "removedFunctions"),
];

/// The same for those that pass and fail when they are called.
const SILENT: [(&str, &str, &str); 14] = [
    ("encoded", "SELECT ENCODE('a', 'b')", "removedFunctions"),
    ("geometric", "SELECT x (POINT(1,1))", "removedFunctions"),
    ("hull", "SELECT ConvexHull(POINT(1,1))", "removedFunctions"),
    ("cached_alias", "SELECT SQL_CACHE a FROM t", "syntax"),
    ("isolated", "DECLARE x VARCHAR(20); SET x = @@tx_isolation", "removed_variables_in_programs"),
    ("isolating", "SET SESSION tx_isolation = 'READ-COMMITTED'", "removed_variables_in_programs"),
    ("uncached", "SET GLOBAL query_cache_size = 0", "removed_variables_in_programs"),
    ("moded", "SET SESSION sql_mode = 'NO_AUTO_CREATE_USER'", "removed_variables_in_programs"),
    ("statuses", "SELECT COUNT(*) FROM information_schema.global_status", "removed_system_tables"),
    ("procs", "SELECT COUNT(*) FROM mysql.proc", "removed_system_tables"),
    ("prepared", "PREPARE s FROM 'SELECT ENCODE(1, 2)'", "dynamic_sql"),
    ("put_together", "SET @q = CONCAT('SELECT it, rank FROM ', 't'); PREPARE s FROM @q", "dynamic_sql"),
    ("with_escapes", "SET @q = 'SELECT \\'it\\'\\'s\\' FROM t GROUP BY a DESC'; PREPARE s FROM @q", "dynamic_sql"),
    ("handed_on", "CALL prepared('SELECT DES_ENCRYPT(a) FROM t')", "dynamic_sql"),
];

fn procedures(all: &[(&str, &str, &str)]) -> Vec<String> {
    all.iter().map(|(name, text, _)| format!("CREATE PROCEDURE {name}() BEGIN {text}; END")).collect()
}

fn lines(all: &[(&str, &str, &str)], consequence: Consequence) -> Vec<String> {
    all.iter().map(|(name, _, check)| line(check, &format!("shop.{name}"), consequence)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_newer_parser_refuses_is_found_and_stops_the_upgrade() {
    let bench = Bench::prepare().await;
    let trial = bench.on_57(0, &[]).await;
    let more = [
        ("CREATE FUNCTION parameter(groups INT) RETURNS INT DETERMINISTIC RETURN 1", "syntax shop.parameter"),
        (
            "CREATE EVENT ev_group ON SCHEDULE EVERY 1 DAY DO SELECT a FROM t GROUP BY a DESC",
            "groupbyAscSyntax shop.ev_group",
        ),
        ("CREATE EVENT ev_flush ON SCHEDULE EVERY 1 DAY DO FLUSH QUERY CACHE", "syntax shop.ev_flush"),
        ("CREATE EVENT ev_srid ON SCHEDULE EVERY 1 DAY DO SET @x = SRID(POINT(1,1))", "removedFunctions shop.ev_srid"),
        (
            "CREATE TRIGGER tr_dot BEFORE INSERT ON t FOR EACH ROW SET @x = (SELECT .u.a FROM u LIMIT 1)",
            "emptyDotTableSyntax shop.tr_dot",
        ),
        ("CREATE TRIGGER tr_rank BEFORE UPDATE ON t FOR EACH ROW SET @x = (SELECT 1 rank)", "syntax shop.tr_rank"),
        (
            "CREATE TABLE coded (id INT PRIMARY KEY, a VARCHAR(10), c VARCHAR(99) AS (HEX(ENCODE(a, 'x'))))",
            "removedFunctions shop.coded.c",
        ),
    ];
    let mut statements = procedures(&STOPPING);
    statements.extend(more.iter().map(|(statement, _)| (*statement).to_owned()));
    make(&trial, &statements).await;

    let mut expected = lines(&STOPPING, StopsTheUpgrade);
    expected.extend(more.iter().map(|(_, told)| format!("{told} StopsTheUpgrade")));
    expected.sort();
    let found = findings(&trial, "shop", TO_8015).await;
    assert_eq!(told(&found), expected, "{found:#?}");

    let Outcome::Refuses(log) = trial.upgrade(&[]).await else { panic!("it was to refuse") };
    let log = log.join("\n");
    let names = STOPPING.iter().map(|(name, ..)| *name).chain(["parameter", "ev_group", "ev_flush", "ev_srid"]);
    for name in names {
        assert!(log.contains(&format!("'shop'.'{name}'")), "{name} is not in the log:\n{log}");
    }
    for words in ["Trigger 'tr_dot'", "Trigger 'tr_rank'", "shop.coded"] {
        assert!(log.contains(words), "{words} is not in the log:\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_later_is_found_and_passes_the_upgrade() {
    let bench = Bench::prepare().await;
    let trial = bench.on_57(0, &[]).await;
    let views = [
        ("v_encode", "SELECT ENCODE('a', 'b') e", "removedFunctions"),
        ("v_password", "SELECT PASSWORD('x') p", "removedFunctions"),
        ("v_group", "SELECT a FROM t GROUP BY a DESC", "groupbyAscSyntax"),
        ("v_cache", "SELECT SQL_CACHE a FROM t", "syntax"),
        ("v_status", "SELECT * FROM information_schema.global_status", "removed_system_tables"),
        ("v_proc", "SELECT name FROM mysql.proc", "removed_system_tables"),
        ("v_above", "SELECT e FROM v_encode", "view_on_broken_view"),
        ("a_top", "SELECT v.e FROM t JOIN v_above v", "view_on_broken_view"),
    ];
    let mut statements = procedures(&SILENT);
    statements.extend(views.iter().map(|(name, text, _)| format!("CREATE VIEW {name} AS {text}")));
    let more = [
        ("CREATE VIEW v_gone AS SELECT 1 AS one FROM t", "checkTableCommand shop.v_dangling", BrokenAfterwards),
        ("CREATE TABLE w (id INT PRIMARY KEY)", "", BrokenAfterwards),
        ("CREATE VIEW v_dangling AS SELECT id FROM w", "", BrokenAfterwards),
        ("DROP TABLE w", "", BrokenAfterwards),
        (
            "CREATE EVENT ev_encode ON SCHEDULE EVERY 1 DAY DO SET @x = ENCODE('a', 'b')",
            "removedFunctions shop.ev_encode",
            SilentUntilUsed,
        ),
        (
            "CREATE TRIGGER tr_encode BEFORE INSERT ON t FOR EACH ROW SET NEW.a = ENCODE('it\\'s', \"b\"), NEW.b = 1",
            "removedFunctions shop.tr_encode",
            SilentUntilUsed,
        ),
        ("CREATE TABLE `groups` (id INT PRIMARY KEY, `rank` INT)", "reservedKeywords shop.groups", SilentUntilUsed),
        ("CREATE EVENT `of` ON SCHEDULE EVERY 1 DAY DO SET @x = 1", "reservedKeywords shop.of", SilentUntilUsed),
        ("SET sql_mode = 'MAXDB'", "", SilentUntilUsed),
        ("CREATE PROCEDURE under_maxdb() SELECT 1", "maxdbSqlModeFlags shop.under_maxdb", SilentUntilUsed),
        ("SET sql_mode = 'ORACLE,NO_AUTO_CREATE_USER'", "", SilentUntilUsed),
        (
            "CREATE FUNCTION under_oracle() RETURNS INT DETERMINISTIC RETURN 1",
            "obsoleteSqlModeFlags shop.under_oracle",
            Consequence::Advice,
        ),
    ];
    statements.extend(more.iter().map(|(statement, ..)| (*statement).to_owned()));
    make(&trial, &statements).await;

    let mut expected = lines(&SILENT, SilentUntilUsed);
    expected.extend(lines(&views, BrokenAfterwards));
    expected.extend(
        more.iter().filter(|more| !more.1.is_empty()).map(|(_, told, consequence)| format!("{told} {consequence:?}")),
    );
    expected.push(line("reservedKeywords", "shop.groups.rank", SilentUntilUsed));
    expected.push(line("obsoleteSqlModeFlags", "shop.under_maxdb", Consequence::Advice));
    expected.sort();
    let found = findings(&trial, "shop", TO_8015).await;
    assert_eq!(told(&found), expected, "{found:#?}");

    let outcome = trial.upgrade(&[]).await;
    assert!(outcome.passes(), "{outcome:?}");
}
