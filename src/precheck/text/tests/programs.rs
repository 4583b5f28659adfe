//! Stored programs.

use super::*;
use crate::event::Level;

fn consequence(kind: Program, text: &str, hop: Hop) -> (Level, Consequence) {
    let schema = Schema { programs: vec![program(kind, "p", text)], ..shop() };
    let found = judged(&schema, hop);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    assert_eq!(found[0].object, "shop.p");
    assert!(found[0].query.as_ref().is_some_and(|query| query.starts_with("SHOW CREATE ")));
    (found[0].level, found[0].consequence)
}

#[test]
fn removed_functions_are_found_where_they_are_called() {
    for call in [
        "SELECT ENCODE('a','b')",
        "SELECT encode ('a','b')",
        "SET @x = des_encrypt(@y)",
        "SELECT ConvexHull(g) FROM t",
        "SELECT X(g), 1",
    ] {
        fails(&format!("BEGIN {call}; END"), "removedFunctions");
    }
    for well in [
        "SELECT shop.encode('a','b')",
        "SELECT `shop`.`encode`('a','b')",
        "SELECT encode FROM t",
        "SELECT 'ENCODE(1,2)'",
        "SELECT 1 -- ENCODE('a','b')\n",
        "SELECT 1 /* ENCODE('a','b') */",
        "INSERT INTO x(a) VALUES (1)",
        "INSERT INTO area (a) SELECT 1",
        "CREATE TEMPORARY TABLE buffer(a INT)",
        "ALTER TABLE t ADD INDEX distance(a)",
        "CREATE INDEX i ON area(a)",
        "CALL encode(1)",
        "SELECT ST_AsText(g), st_x(g), encoded(1), MD5('a'), SHA2('a', 256) FROM t",
        "SELECT password FROM users WHERE `password` = 'x'",
        "SELECT `contains` FROM t",
        "SELECT GeometryCollection(Point(1,1)), Polygon(a), LineString(a, b)",
    ] {
        passes(&format!("BEGIN {well}; END"));
    }
}

#[test]
fn what_becomes_of_a_call_depends_on_the_function_and_on_where_it_stands() {
    let programs = [Program::Procedure, Program::Function, Program::Trigger, Program::Event];
    for kind in programs {
        let called = consequence(kind, "BEGIN SET @x = ENCODE('a','b'); END", TO_8);
        assert_eq!(called, (Level::Error, Consequence::SilentUntilUsed));
        for keyword in ["PASSWORD('x')", "CONTAINS(a, b)", "SRID(g)"] {
            let text = format!("BEGIN SET @x = {keyword}; END");
            assert_eq!(consequence(kind, &text, TO_8), (Level::Error, Consequence::StopsTheUpgrade), "{text}");
        }
    }
    assert_eq!(consequence(Program::Event, "SET @x = MD5('a')", TO_97), (Level::Error, Consequence::SilentUntilUsed));
    assert_eq!(body("BEGIN SET @x = SHA1('a'); END", TO_84), [""; 0]);
}

#[test]
fn group_by_with_a_direction_is_found_and_order_by_is_not() {
    for text in [
        "SELECT a FROM t GROUP BY a DESC",
        "SELECT a FROM t GROUP BY a ASC, b",
        "SELECT a FROM t GROUP BY (SELECT max(b) FROM u), f(a, b) desc HAVING 1",
        "SELECT * FROM (SELECT a FROM t GROUP BY a DESC) q ORDER BY a",
        "SELECT a FROM t GROUP BY a asc WITH ROLLUP",
    ] {
        fails(&format!("BEGIN {text}; END"), "groupbyAscSyntax");
    }
    for text in [
        "SELECT a FROM t GROUP BY a ORDER BY a DESC",
        "SELECT GROUP_CONCAT(a ORDER BY b DESC) FROM t GROUP BY c",
        "SELECT a FROM t GROUP BY `desc`, t.desc",
        "SELECT a FROM t GROUP BY GROUP_CONCAT(a ORDER BY a DESC)",
        "SELECT a FROM t WHERE b IN (SELECT c FROM u GROUP BY c) ORDER BY a DESC",
        "SELECT a FROM t GROUP BY a; SELECT b FROM t ORDER BY b DESC",
        "SELECT a FROM t GROUP BY a UNION SELECT b FROM u ORDER BY 1 DESC",
        "SELECT 'GROUP BY a DESC' -- GROUP BY a DESC\n",
        "SELECT a FROM t GROUP BY a WITH ROLLUP",
    ] {
        passes(&format!("BEGIN {text}; END"));
    }
    let stops = consequence(Program::Trigger, "SET @x = (SELECT a FROM t GROUP BY a DESC LIMIT 1)", TO_8);
    assert_eq!(stops, (Level::Error, Consequence::StopsTheUpgrade));
}

#[test]
fn words_that_become_reserved_are_names_no_more() {
    for text in [
        "DECLARE rank INT",
        "SELECT a rank FROM t",
        "SELECT rank(1)",
        "SELECT t . rank FROM t",
        "rank: LOOP LEAVE rank; END LOOP",
        "SELECT groups FROM t",
        "SELECT * FROM system",
        "UPDATE t SET function = 1 WHERE a = 2",
        "SELECT * FROM t JOIN u ON function = 1",
        "SELECT cube FROM t",
        "SELECT row FROM t",
        "SELECT /*!50000 lead */ FROM t",
    ] {
        fails(&format!("BEGIN {text}; END"), "syntax");
    }
    for text in [
        "SELECT `rank`, t.rank, u.`groups` FROM t",
        "SET @rank = 1, NEW.rank = @rank",
        "SELECT 'rank', \"rank\" -- rank\n",
        "SELECT t .rank FROM t",
        "SELECT ROW(1, 2) = ROW(1, 2)",
        "SHOW FUNCTION STATUS",
        "SHOW CREATE FUNCTION f",
        "GRANT EXECUTE ON FUNCTION shop.f TO u",
        "SET SESSION binlog_format = ROW",
        "SET @@session.binlog_format = ROW",
        "SELECT a FROM t GROUP BY a WITH ROLLUP",
        "SELECT ranking, rank_, of_, systems, full, admin, member, array, persist FROM t",
        "SELECT /*!99999 rank */ a FROM t",
        "SELECT qualify, manual, parallel, library FROM t",
    ] {
        passes(&format!("BEGIN {text}; END"));
    }
    assert_eq!(body_under("BEGIN SELECT \"rank\"; END", "ANSI_QUOTES", TO_8), [""; 0]);
    for (word, hop) in
        [("qualify", TO_84), ("manual", TO_84), ("tablesample", TO_84), ("library", TO_97), ("external", TO_97)]
    {
        assert_eq!(body(&format!("BEGIN DECLARE {word} INT; END"), hop), ["syntax"], "{word}");
    }
    assert_eq!(body("BEGIN DECLARE `rank` INT; SELECT full, system FROM t; END", TO_84), [""; 0]);
}

#[test]
fn parameters_are_names_too() {
    let mut function = program(Program::Function, "f", "RETURN 1");
    function.signature = b"groups INT".to_vec();
    let found = told(&Schema { programs: vec![function.clone()], ..shop() }, TO_8);
    assert_eq!(found, [("syntax".into(), "shop.f".into(), Consequence::StopsTheUpgrade)]);
    function.signature = b"`groups` INT, b VARCHAR(20) CHARSET utf8".to_vec();
    assert_eq!(told(&Schema { programs: vec![function], ..shop() }, TO_8), []);
}

#[test]
fn syntax_that_is_gone_is_found() {
    for text in [
        "SELECT SQL_CACHE COUNT(*) FROM t",
        "SELECT DISTINCT SQL_CACHE t.a FROM t",
        "SELECT a FROM t PROCEDURE ANALYSE()",
        "SELECT a FROM t PROCEDURE ANALYSE (10, 2000)",
        "SELECT \\N",
        "GRANT SELECT ON *.* TO u IDENTIFIED BY 'x'",
        "GRANT USAGE ON *.* TO u WITH MAX_QUERIES_PER_HOUR 1",
        "GRANT USAGE ON *.* TO u REQUIRE SSL",
        "CREATE USER u IDENTIFIED BY PASSWORD '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29'",
        "FLUSH QUERY CACHE",
        "RESET QUERY CACHE",
        "FLUSH DES_KEY_FILE",
        "EXPLAIN PARTITIONS SELECT 1",
        "DESC EXTENDED SELECT 1",
    ] {
        fails(&format!("BEGIN {text}; END"), "syntax");
    }
    for text in [
        "SELECT SQL_NO_CACHE a FROM t",
        "SELECT a, sql_cache FROM t",
        "SELECT t.sql_cache FROM t",
        "SELECT '\\N'",
        "GRANT SELECT ON *.* TO u WITH GRANT OPTION",
        "CREATE USER u IDENTIFIED BY 'x' REQUIRE SSL",
        "CALL analyse()",
        "EXPLAIN partitions",
        "SHOW SLAVE STATUS",
    ] {
        passes(&format!("BEGIN {text}; END"));
    }
    for text in ["SHOW SLAVE STATUS", "STOP SLAVE", "CHANGE MASTER TO MASTER_HOST = 'x'", "PURGE MASTER LOGS TO 'a'"] {
        assert_eq!(body(&format!("BEGIN {text}; END"), TO_84), ["syntax"], "{text}");
    }
    let silent = consequence(Program::Procedure, "BEGIN SELECT SQL_CACHE a FROM t; END", TO_8);
    assert_eq!(silent, (Level::Error, Consequence::SilentUntilUsed));
}

#[test]
fn a_dot_with_nothing_before_it_is_found_and_a_number_is_not() {
    for text in [
        "SELECT a FROM .t",
        "SELECT .t.a FROM t",
        "UPDATE .t SET a = 1",
        "SELECT a FROM t, .u",
        "SELECT a FROM t JOIN .`u` ON 1",
    ] {
        fails(&format!("BEGIN {text}; END"), "emptyDotTableSyntax");
    }
    for text in [
        "SELECT a FROM t WHERE a > .5",
        "SELECT a FROM t WHERE a IN (.5,.25) AND b = ' .t'",
        "SELECT t .a FROM t",
        "SELECT `t` .a FROM shop . t",
        "SELECT 1 -- FROM .t\n",
        "SELECT @@global.sort_buffer_size, 1.e FROM (SELECT 1 AS e) t",
    ] {
        passes(&format!("BEGIN {text}; END"));
    }
}

#[test]
fn strings_that_are_prepared_are_read_as_statements() {
    for text in [
        "PREPARE s FROM 'SELECT ENCODE(1, 2)'",
        "SET @q = CONCAT('SELECT password(', x, ')'); PREPARE s FROM @q",
        "SET @q = CONCAT('SELECT a, rank FROM ', t); PREPARE s FROM @q",
        "SET @q = CONCAT(@q, ' GROUP BY a DESC'); PREPARE s FROM @q",
        "SET @q = 'SELECT SQL_CACHE a FROM t'; PREPARE s FROM @q",
        "SET @q = \"SELECT it FROM t WHERE a = 'x' AND groups = 1\"; PREPARE s FROM @q",
        "CALL run('SELECT DES_ENCRYPT(a) FROM t')",
        "SET @q = 'FLUSH QUERY CACHE'; SET @r = 'SELECT 1 FROM system'; PREPARE s FROM @q",
    ] {
        fails(&format!("BEGIN {text}; END"), "dynamic_sql");
    }
    for text in [
        "PREPARE s FROM 'SELECT a, `rank` FROM t ORDER BY a DESC'",
        "SET @q = 'The rank of a system, by function and rows'; PREPARE s FROM @q",
        "SET @q = 'Update: empty groups'; SELECT 1",
        "SET @q = 'And of groups'; PREPARE s FROM @q",
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Select a rank (system)'",
        "SET @q = 'SELECT shop.encode(1)'; PREPARE s FROM @q",
        "INSERT INTO log VALUES ('encode(a) failed')",
    ] {
        passes(&format!("BEGIN {text}; END"));
    }
    let found = consequence(Program::Procedure, "BEGIN PREPARE s FROM 'SELECT ENCODE(1, 2)'; END", TO_8);
    assert_eq!(found, (Level::Warning, Consequence::SilentUntilUsed));
}

#[test]
fn tables_and_variables_of_the_server_that_are_gone_are_found() {
    for text in [
        "SELECT * FROM information_schema.global_status",
        "SELECT name FROM mysql.proc",
        "SELECT 1 FROM INFORMATION_SCHEMA . `INNODB_SYS_TABLES`",
    ] {
        fails(&format!("BEGIN {text}; END"), "removed_system_tables");
    }
    for text in [
        "SET @x = @@tx_isolation",
        "SET SESSION tx_isolation = 'READ-COMMITTED'",
        "SET tx_isolation = 'READ-COMMITTED'",
        "SET @@global.query_cache_size := 0",
        "SET sql_mode = 'STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER'",
        "SET SESSION sql_mode = 'ORACLE'",
    ] {
        fails(&format!("BEGIN {text}; END"), "removed_variables_in_programs");
    }
    for text in [
        "SELECT variable_value FROM performance_schema.global_status",
        "SELECT * FROM information_schema.tables t, shop.proc",
        "SELECT mysql.user.proc FROM mysql.user",
        "SET @tx_isolation = 1, @@session.transaction_isolation = 'READ-COMMITTED'",
        "DECLARE tx_isolation INT; SET tx_isolation = 1",
        "SET sql_mode = 'STRICT_TRANS_TABLES'",
        "UPDATE t SET date_format = 1, tx_isolation = 2 WHERE log_warnings = 1",
    ] {
        passes(&format!("BEGIN {text}; END"));
    }
}
