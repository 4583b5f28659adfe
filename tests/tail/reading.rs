//! What a real log is read as.

use std::{collections::BTreeMap, ops::ControlFlow, time::Duration};

use mysql_async::prelude::Queryable as _;
use sandbox::clock;
use upgrade::{
    error::Kind,
    port::{
        binlog::{BinlogRead as _, Content, Place, RowChange, Transaction, Wanted},
        mysql::Address,
    },
};

use crate::world::{World, events};

async fn transactions(world: &World, at: &Address, from: &Place) -> (Vec<Transaction>, Place) {
    let mut all = Vec::new();
    let mut each = |transaction| {
        all.push(transaction);
        ControlFlow::Continue(())
    };
    let end = world.mysql.transactions(at, from, &mut each).await.unwrap();
    (all, end)
}

fn is_rows(transaction: &Transaction) -> bool {
    matches!(transaction.content, Content::Rows { .. })
}

const TYPES: &str = "CREATE TABLE types (id BIGINT UNSIGNED PRIMARY KEY, t TINYINT, m MEDIUMINT UNSIGNED, f FLOAT, \
    d DOUBLE, n DECIMAL(30,7), b BIT(11), y YEAR, da DATE, ti TIME(3), dt DATETIME(6), ts TIMESTAMP(2) NULL, \
    c CHAR(200) CHARACTER SET utf8mb4, v VARCHAR(300) CHARACTER SET latin1, bi BINARY(5), vb VARBINARY(20), tx MEDIUMTEXT, \
    bl LONGBLOB, e ENUM('a','b'), s SET('x','y','z'), j JSON, g GEOMETRY, \
    tu TINYINT UNSIGNED, bo BOOL, su SMALLINT UNSIGNED, z INT(8) UNSIGNED ZEROFILL, bg BIGINT, nu DECIMAL(20,0), \
    ne DECIMAL(65,30), b1 BIT(1), zd DATETIME NULL, ta TIME, lt LONGTEXT CHARACTER SET ucs2, vu VARCHAR(20), jo JSON)";
const VALUES: &str = "(18446744073709551615, -5, 16777215, 1.5, -2.25, -12345678901234567890123.4567890, b'10000000001', \
    2026, '2026-11-21', '-12:34:56.789', '2026-11-21 12:34:56.123456', '2026-11-21 12:34:56.12', 'Grüße, it''s', \
    x'e9', x'0102', x'00ff', REPEAT('t', 70000), x'00', 'b', 'x,z', '{\"a\": [1, 2.5, null, \"é\"]}', POINT(1, 2), 255, 2, 65535, 42, \
    -9223372036854775808, 18446744073709551615, -0.000000000000000000000000000001, b'1', '1000-01-01 00:00:00', \
    '838:59:59', 'ü€', 'a\\\\b\\'c ', JSON_OBJECT('d', 2.50, 'n', -0.5, \
    's', CAST('2026-11-21' AS DATE), 't', CAST('-12:34:56.5' AS TIME(1)), 'b', x'00ff', 'u', 18446744073709551615, \
    'm', CAST('2026-11-21 12:34:56.123456' AS DATETIME(6)), 'e', 1e100, 'q', '\"\t', 'z', true, 'l', NULL))";

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_read_as_the_server_tells_them() {
    let world = World::new(
        &[],
        &[],
        &["CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(100))", TYPES, "CREATE TABLE loose (v INT)"],
    )
    .await;
    let mut blue = world.shop("blue").await;
    let begin = world.end(&world.blue).await;

    let expected = [
        ("INSERT INTO t VALUES (1, 'a'), (2, 'b')", "rows 2"),
        ("UPDATE t SET v = 'c'", "rows 2"),
        ("DELETE FROM t WHERE id = 1", "rows 1"),
        (&format!("INSERT INTO types VALUES {VALUES}"), "rows 1"),
        ("INSERT INTO types (id) VALUES (1), (2)", "rows 2"),
        ("ALTER TABLE t ADD w INT", "definition shop ALTER TABLE t ADD w INT"),
        ("CREATE TABLE mysql.own (id INT PRIMARY KEY)", "nothing"),
        ("INSERT INTO mysql.own VALUES (1)", "nothing"),
        ("ANALYZE TABLE t", "nothing"),
        ("XA START 'x'; INSERT INTO t VALUES (9, 'x', 9); XA END 'x'; XA PREPARE 'x'", "opaque a prepared XA"),
        ("XA COMMIT 'x'", "opaque the end of a prepared XA"),
        (
            "BEGIN; SAVEPOINT a; INSERT INTO t VALUES (5, 'x', 1); SAVEPOINT b; INSERT INTO t VALUES (6, 'x', 1); ROLLBACK TO b; COMMIT",
            "rows 1",
        ),
        (
            "SET SESSION binlog_format = 'STATEMENT'; INSERT INTO t VALUES (7, 'x', 1); SET SESSION binlog_format = 'ROW'",
            "opaque logged as a statement: INSERT INTO t",
        ),
        (
            "BEGIN; INSERT INTO loose VALUES (1), (1), (2); INSERT INTO t VALUES (11, 'x', 1); UPDATE loose SET v = v + 1; COMMIT",
            "rows 7",
        ),
        ("FLUSH BINARY LOGS", ""),
        ("INSERT INTO t VALUES (20, 'y', 1)", "rows 1"),
    ];
    for (statements, _) in &expected {
        for statement in statements.split("; ") {
            blue.query_drop(statement).await.unwrap();
        }
    }
    let expected: Vec<&str> = expected.iter().map(|(_, told)| *told).filter(|told| !told.is_empty()).collect();

    let (seen, end) = transactions(&world, &world.blue, &begin).await;
    let told = |transaction: &Transaction| match &transaction.content {
        Content::Rows { rows, .. } => format!("rows {rows}"),
        Content::Nothing => "nothing".to_owned(),
        Content::Definition { schema, statement } => format!("definition {schema} {statement}"),
        Content::Opaque(why) => format!("opaque {why}"),
    };
    let told: Vec<String> = seen.iter().map(told).collect();
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(&expected) {
        assert!(told.starts_with(expected), "{told} is not {expected}");
    }
    assert_eq!(end, world.end(&world.blue).await, "over the change of files to the end");
    places(&world, &seen, &begin).await;
    same_on_green(&world, &begin, &seen).await;
    literals(&world, &begin).await;
    refusals(&world, &begin).await;
    world.down().await;
}

/// Every place is one of the server's own list, also read from the BEGIN itself, where Flink's offsets stand.
async fn places(world: &World, seen: &[Transaction], begin: &Place) {
    let mut admin = world.admin("blue").await;
    let mut files = BTreeMap::new();
    for transaction in seen {
        let file = &transaction.start.file;
        if !files.contains_key(file) {
            files.insert(file.clone(), events(&mut admin, file).await);
        }
        let list = &files[file];
        let (_, kind, server_id, _) = list.iter().find(|(at, ..)| *at == transaction.start.position).unwrap();
        assert_eq!((kind.as_str(), *server_id), ("Anonymous_Gtid", transaction.server_id));
        assert!(list.iter().any(|(.., end)| *end == transaction.end.position), "{}", transaction.end);
    }
    let list = &files[&begin.file];
    let (query, ..) = list.iter().find(|(at, kind, ..)| *at > begin.position && kind == "Query").unwrap();
    let from = Place { file: begin.file.clone(), position: *query };
    let (again, _) = transactions(world, &world.blue, &from).await;
    assert_eq!(again[0].start, from);
    assert_eq!(again[0].content, seen[0].content);
    assert_eq!(again[1..], seen[1..]);
    let (whole, _) = transactions(world, &world.blue, &Place { position: 4, ..begin.clone() }).await;
    assert_eq!(whole[whole.len() - seen.len()..], *seen);

    let mut first = Vec::new();
    let mut each = |transaction: Transaction| {
        first.push(transaction);
        ControlFlow::Break(())
    };
    let end = world.mysql.transactions(&world.blue, begin, &mut each).await.unwrap();
    assert_eq!((&first[..], &end), (&seen[..1], &seen[0].end));
}

async fn same_on_green(world: &World, begin: &Place, seen: &[Transaction]) {
    world.caught_up().await;
    let file = world.mysql.files(&world.green).await.unwrap().remove(0).name;
    let (green, _) = transactions(world, &world.green, &Place { file, position: 4 }).await;
    let of =
        |all: &[Transaction]| all.iter().filter(|one| is_rows(one)).map(|one| one.content.clone()).collect::<Vec<_>>();
    let (blue, mut green_rows) = (of(seen), of(&green));
    // What blue logged as a statement is logged by rows there.
    green_rows.retain(|one| blue.contains(one));
    assert_eq!(green_rows, blue, "the same on 8.0 as on 5.7");
    assert!(
        green.iter().filter(|one| is_rows(one)).all(|one| one.server_id == seen[0].server_id),
        "the origin is kept"
    );
    assert_ne!(begin.file, seen.last().unwrap().end.file);
}

/// Literals find the row that they were read from, and only it, on both servers.
async fn literals(world: &World, begin: &Place) {
    let begin_on_green = Place { file: world.mysql.files(&world.green).await.unwrap().remove(0).name, position: 4 };
    for (name, at, begin) in [("blue", &world.blue, begin), ("green", &world.green, &begin_on_green)] {
        let mut changes: Vec<RowChange> = Vec::new();
        let mut each = |change| {
            changes.push(change);
            ControlFlow::Continue(())
        };
        let end = world.mysql.rows(at, begin, None, None, &mut each).await.unwrap();
        assert_eq!(end, world.end(at).await, "{name}");
        wanted(world, at, begin, &changes).await;
        let of_table = |table: &str| changes.iter().filter(|change| change.table == table).count();
        assert_eq!((of_table("types"), of_table("loose")), (3, 6), "{name}");
        let change = changes.iter().find(|change| change.table == "types").unwrap();
        assert_eq!(change.before, None);
        let values = change.after.as_ref().unwrap();
        let mut conn = world.shop(name).await;
        conn.query_drop("SET time_zone = '+05:00'").await.unwrap();
        let columns = "SELECT column_name FROM information_schema.columns \
                       WHERE table_schema = 'shop' AND table_name = 'types' ORDER BY ordinal_position";
        let names: Vec<String> = conn.query(columns).await.unwrap();
        assert_eq!(names.len(), values.len());
        for (column, value) in names.iter().zip(values) {
            let value = value.as_deref().unwrap();
            assert_ne!(value, "NULL", "{column} on {name}");
            let condition = if column == "g" {
                format!("ST_AsBinary(g) = SUBSTR({value}, 5)")
            } else if column == "jo" {
                format!("CAST(CAST(jo AS CHAR) AS JSON) = {value}")
            } else {
                format!("{column} = {value}")
            };
            let found: Vec<u64> = conn.query(format!("SELECT id FROM types WHERE {condition}")).await.unwrap();
            assert_eq!(found, [u64::MAX], "{column} = {} on {name}", value.chars().take(100).collect::<String>());
        }
        let update = |change: &&RowChange| change.table == "t" && change.before.is_some() && change.after.is_some();
        let literal = |values: &Option<Vec<Option<String>>>| values.as_ref().unwrap()[1].clone().unwrap();
        let update = changes.iter().find(update).unwrap();
        assert_eq!((literal(&update.before), literal(&update.after)), ("'a'".to_owned(), "'c'".to_owned()));
    }
}

/// What is wanted of a table is the same as in the whole of it.
async fn wanted(world: &World, at: &Address, begin: &Place, whole: &[RowChange]) {
    // Integers of each width, text, all of them, and beside columns of other kinds.
    for columns in [vec![0, 1, 2, 13, 15, 22, 23, 24, 25, 26, 33], vec![0], vec![33, 13], vec![0, 5, 16], vec![]] {
        let wanted = ["t", "types"].map(|table| Wanted {
            schema: "shop".into(),
            table: table.into(),
            columns: columns.iter().copied().filter(|column| table == "types" || *column < 2).collect(),
        });
        let mut seen = Vec::new();
        let mut each = |change: RowChange| {
            seen.push(change);
            ControlFlow::Continue(())
        };
        world.mysql.rows(at, begin, None, Some(&wanted), &mut each).await.unwrap();
        let expected: Vec<&RowChange> = whole.iter().filter(|change| change.table != "loose").collect();
        assert_eq!(seen.len(), expected.len(), "{columns:?}");
        for (seen, expected) in seen.iter().zip(expected) {
            let of = &wanted.iter().find(|wanted| wanted.table == seen.table).unwrap().columns;
            for (seen, expected) in [(&seen.before, &expected.before), (&seen.after, &expected.after)] {
                assert_eq!(seen.as_ref().map(Vec::len), expected.as_ref().map(Vec::len));
                let Some((seen, expected)) = seen.as_ref().zip(expected.as_ref()) else { continue };
                assert!(of.iter().all(|column| seen[*column] == expected[*column]), "{seen:?} {expected:?}");
            }
        }
    }
}

async fn refusals(world: &World, begin: &Place) {
    let mut none = |_| ControlFlow::Continue(());
    let mut admin = world.admin("blue").await;
    let list = events(&mut admin, &begin.file).await;
    let at = |wanted: &str| {
        let (position, ..) = list.iter().find(|(at, kind, ..)| *at > begin.position && kind == wanted).unwrap();
        Place { file: begin.file.clone(), position: *position }
    };
    for (from, told) in [
        (Place { file: "mysql-bin-changelog.009999".into(), position: 4 }, "SHOW BINARY LOGS"),
        (Place { file: begin.file.clone(), position: 99_000_000 }, "shorter than that"),
        (Place { position: begin.position + 7, ..begin.clone() }, "No event begins at that place"),
        (at("Xid"), "begin of a transaction"),
        (at("Table_map"), "begin of a transaction"),
    ] {
        let error = world.mysql.transactions(&world.blue, &from, &mut none).await.unwrap_err();
        assert_eq!(error.kind, Kind::Permanent, "{from}: {error:?}");
        assert!(error.hint.as_deref().unwrap_or_default().contains(told), "{from}: {error:?}");
    }
    // One that accepts and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = Address { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
    let started = clock::start();
    let error = world.mysql.transactions(&silent, begin, &mut none).await.unwrap_err();
    assert_eq!(error.kind, Kind::Transient);
    assert!(started.elapsed() < Duration::from_secs(30));
}
