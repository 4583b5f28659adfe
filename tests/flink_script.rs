//! Flink SQL scripts: read, rewritten, redacted and revealed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use upgrade::{
    handover::consumer::flink_sql::{
        Changes, Problem, Replay, Restore, Script, Start, placeholders, redact, reveal, rewrite,
    },
    port::mysql::Address,
    secret::Secret,
};

const SCRIPT: &str = r"-- Orders to the warehouse; it's upserted
SET 'execution.checkpointing.interval' = '10s';
SET 'pipeline.global-job-parameters' = 'team:orders';

CREATE TABLE orders (
  id INT, `with` STRING, PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'mysql-cdc', -- the source
  'hostname' = 'db.example',
  'username' = 'cdc',
  'password' = '${secret:CDC_PASSWORD}',
  'database-name' = 'shop', 'table-name' = 'orders',
  'scan.startup.mode' = 'timestamp',
  'scan.startup.timestamp-millis' = '1',
  'server-id' = '5401-5404' /* fixed; */
);
create temporary table if not exists s.`or``ders` (id INT) with ('connector'='jdbc',
  'url'='jdbc:mysql://sink:3306/shop?user=a&password=it''s&x=1','username'='w','password'='canary-4712', 'table-name'='orders');

EXECUTE STATEMENT SET BEGIN
  INSERT INTO s.`or``ders` SELECT CASE WHEN id > 1 THEN id END FROM orders;
  INSERT INTO s.`or``ders` SELECT id FROM orders JOIN other ON TRUE;
END;
";

fn script() -> Script {
    Script::parse(SCRIPT).expect("the script is usable")
}

fn shown(text: &str) -> Vec<String> {
    Script::parse(text).expect_err("the script has problems").iter().map(Problem::to_string).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn tables_settings_and_inserts_are_found() {
    let script = script();
    let source: Vec<_> = script.mysql_cdc().collect();
    assert_eq!(source.len(), 1);
    assert_eq!((source[0].name.as_str(), source[0].option("hostname")), ("orders", Some("db.example")));
    let sink: Vec<_> = script.jdbc().collect();
    assert_eq!((sink[0].name.as_str(), sink[0].option("password")), ("s.or`ders", Some("canary-4712")));
    assert_eq!(script.setting("execution.checkpointing.interval"), Some("10s"));
    assert_eq!(script.pipeline_name(), None);
    let inserts: Vec<_> = script.inserts().iter().map(|insert| (insert.into.as_str(), insert.from.join("+"))).collect();
    assert_eq!(inserts, [("s.or`ders", "orders".to_owned()), ("s.or`ders", "orders+other".to_owned())]);
    assert_eq!(script.server_ids(), [5401..=5404]);
}

#[test]
fn problems_are_told_all_at_once_and_where() {
    assert_eq!(
        shown("SET 'a'='b';\n"),
        [
            "1:1: No table of this script has 'connector' = 'mysql-cdc'",
            "1:1: This script starts no job: it has no INSERT and no statement set",
        ]
    );
    let twice = "CREATE TABLE a (id INT) WITH ('connector'='mysql-cdc','port'='1', 'port'='2');
CREATE TABLE b LIKE a;
INSERT INTO b SELECT * FROM a; INSERT INTO b SELECT * FROM a /*+ OPTIONS('server-id'='1') */;
ALTER TABLE a SET ('scan.startup.mode'='initial');";
    assert_eq!(
        shown(twice),
        [
            "1:67: Option 'port' of table a is given twice",
            "2:1: Table b takes options of the mysql-cdc table a by LIKE",
            "3:32: This starts another job of the same name",
            "3:62: This hint overrides where a source reads",
            "4:1: ALTER TABLE changes where the mysql-cdc table a reads",
        ]
    );
    assert_eq!(shown("SET 'a' = 'b;\nINSERT"), ["1:11: This string has no end"]);
}

#[test]
fn the_older_form_of_a_statement_set_is_one_job() {
    let text = "CREATE TABLE a (id INT) WITH ('connector'='mysql-cdc');
BEGIN STATEMENT SET; INSERT INTO b SELECT * FROM a; INSERT INTO c SELECT * FROM a; END;";
    assert_eq!(Script::parse(text).unwrap().inserts().len(), 2);
    let text = text.replace("BEGIN STATEMENT SET;", "").replace("END;", "");
    assert_eq!(shown(&text), ["2:33: This starts another job of the same name"]);
}

#[test]
fn a_start_on_green_changes_the_sources_only() {
    let changes = Changes {
        start: Some(Start::Position { file: "mysql-bin-changelog.000003".into(), position: 40_134_574 }),
        server_ids: Some(7201),
        default_name: Some("orders-to-warehouse".into()),
        parameters: pairs(&[("upgrade.run", "r1"), ("upgrade.job", "orders")]),
        ..Changes::default()
    };
    let written = rewrite(&script(), &changes);
    let expected = SCRIPT
        .replace("'team:orders'", "'team:orders,upgrade.job:orders,upgrade.run:r1'")
        .replace("SET 'execution.c", "SET 'pipeline.name' = 'orders-to-warehouse';\nSET 'execution.c")
        .replace("'scan.startup.mode' = 'timestamp',\n  'scan.startup.timestamp-millis' = '1',\n", "'scan.startup.mode' = 'specific-offset',\n")
        .replace(
            "'5401-5404'",
            "'7201-7208',\n  'scan.startup.specific-offset.file' = 'mysql-bin-changelog.000003',\n  'scan.startup.specific-offset.pos' = '40134574'",
        );
    assert_eq!(written, expected);
}

#[test]
fn a_drain_has_another_name_address_and_state() {
    let changes = Changes {
        address: Some(Address { host: "orders-old1".into(), port: 3307 }),
        server_ids: Some(7201),
        options: pairs(&[("heartbeat.interval", "1s"), ("debezium.connect.keep.alive.interval.ms", "2000")]),
        name: Some("orders-drain".into()),
        restore: Restore::From("file:///sp/savepoint-1".into()),
        settings: pairs(&[("restart-strategy.type", "none"), ("execution.checkpointing.interval", "1s")]),
        ..Changes::default()
    };
    let written = rewrite(&script(), &changes);
    let again = Script::parse(&written).unwrap();
    let source = again.mysql_cdc().next().unwrap();
    assert_eq!((source.option("hostname"), source.option("port")), (Some("orders-old1"), Some("3307")));
    assert_eq!(source.option("heartbeat.interval"), Some("1s"));
    assert_eq!(again.pipeline_name(), Some("orders-drain"));
    assert_eq!(again.setting("execution.state-recovery.path"), Some("file:///sp/savepoint-1"));
    assert_eq!(again.setting("execution.checkpointing.interval"), Some("1s"));

    // From there to green: the same script without state.
    let started = rewrite(&again, &Changes { restore: Restore::Nothing, ..Changes::default() });
    assert!(started.contains("RESET 'execution.state-recovery.path';"), "{started}");
    assert_eq!(Script::parse(&started).unwrap().setting("execution.state-recovery.path"), None);
}

#[test]
fn a_complete_set_replaces_a_position() {
    let at = Changes { start: Some(Start::Position { file: "f.1".into(), position: 4 }), ..Changes::default() };
    let by_position = Script::parse(&rewrite(&script(), &at)).unwrap();
    let set = Changes { start: Some(Start::GtidSet("u:1-5".into())), ..Changes::default() };
    let by_set = Script::parse(&rewrite(&by_position, &set)).unwrap();
    let source = by_set.mysql_cdc().next().unwrap();
    assert_eq!(source.option("scan.startup.specific-offset.gtid-set"), Some("u:1-5"));
    assert_eq!(source.option("scan.startup.specific-offset.file"), None);
    assert_eq!(source.option("scan.startup.specific-offset.pos"), None);
}

#[test]
fn literals_leave_the_script_and_come_back_when_it_is_sent() {
    let redacted = redact(SCRIPT);
    assert!(!redacted.text.contains("canary-4712") && !redacted.text.contains("it''s&"), "{}", redacted.text);
    assert!(redacted.text.contains("user=a&password=${secret:redacted-1}&x=1"));
    assert_eq!(redacted.literals["redacted-1"].expose(), "it's");
    assert_eq!(redacted.literals["redacted-2"].expose(), "canary-4712");
    assert_eq!(redacted.warnings.len(), 2);
    assert_eq!(redacted.warnings[1].to_string(), "18:92: The script holds a literal secret in 'password'");
    assert_eq!(redact(&redacted.text).text, redacted.text);

    let mut secrets = redacted.literals.clone();
    secrets.insert("CDC_PASSWORD".into(), Secret::new("o'clock"));
    let statements = reveal(&redacted.text, &secrets).unwrap();
    assert_eq!(statements.len(), 5);
    assert!(statements[2].0.expose().contains("'password' = 'o''clock',"));
    assert!(statements[3].0.expose().contains("password=it''s&x=1','username'='w','password'='canary-4712'"));
    assert!(statements[4].0.expose().starts_with("EXECUTE STATEMENT SET") && statements[4].0.expose().ends_with("END"));
    assert!(!format!("{statements:?}").contains("canary-4712"));
}

#[test]
fn a_name_in_use_is_not_given_again() {
    let redacted = redact("SET 'a.password'='${secret:redacted-1}'; SET 'b.password'='x'; SET 'c.password'='x'");
    assert_eq!(
        redacted.text,
        "SET 'a.password'='${secret:redacted-1}'; SET 'b.password'='${secret:redacted-2}'; \
         SET 'c.password'='${secret:redacted-2}'"
    );
}

#[test]
fn an_unknown_secret_is_told_where() {
    assert_eq!(placeholders(SCRIPT).into_iter().collect::<Vec<_>>(), ["CDC_PASSWORD"]);
    let problems = reveal("SET 'a' = '${secret:A} ${B}';\nSET 'b' = ${secret:C}", &BTreeMap::new()).unwrap_err();
    let shown: Vec<_> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(shown, ["1:12: The secret A is not known", "2:11: ${secret:C} stands outside of a string"]);
    let kept = reveal("SET 'a' = '${B} ${secret:not a name}'", &BTreeMap::new()).unwrap();
    assert_eq!(kept[0].0.expose(), "SET 'a' = '${B} ${secret:not a name}'");
}

#[test]
fn a_password_in_a_comment_or_a_login_is_found() {
    let text =
        "-- 'password' = 'old'\n/* 'secret-key'='x' */\nSET 's3.secret-key' = 'y'; 'url'='jdbc:mysql://u:pw@h/d'";
    let redacted = redact(text);
    assert_eq!(
        redacted.text,
        "-- 'password' = '${secret:redacted-1}'\n/* 'secret-key'='${secret:redacted-2}' */\n\
         SET 's3.secret-key' = '${secret:redacted-3}'; 'url'='jdbc:mysql://u:${secret:redacted-4}@h/d'"
    );
}

fn value() -> impl Strategy<Value = String> {
    "[a-z0-9'./:-]{1,12}"
}

fn table(number: usize) -> impl Strategy<Value = String> {
    let keys =
        ["hostname", "port", "server-id", "scan.startup.mode", "scan.startup.specific-offset.gtid-set", "username"];
    let options = prop::collection::vec(prop::option::of(value()), keys.len());
    let separators = prop::sample::select(vec![",", ", ", ",\n  ", " , -- why; 'x\n  ", " /* ' */ ,"]);
    (options, separators, prop::bool::ANY).prop_map(move |(values, separator, lower)| {
        let mut pairs = vec!["'connector' = 'mysql-cdc'".to_owned()];
        pairs.extend(
            keys.iter()
                .zip(values)
                .filter_map(|(key, value)| Some(format!("'{key}'='{}'", value?.replace('\'', "''")))),
        );
        let create = if lower { "create table" } else { "CREATE TABLE" };
        format!("{create} t{number} (`a,(` INT) WITH (\n  {}\n);\n", pairs.join(separator))
    })
}

fn scripts() -> impl Strategy<Value = String> {
    let set = prop::option::of(value()).prop_map(|name| {
        name.map_or(String::new(), |name| format!("SET 'pipeline.name'='{}';\n", name.replace('\'', "''")))
    });
    let noise = prop::sample::select(vec![
        "",
        "-- ';\n",
        "SET 'x'='y' ;;\n",
        "/* ; */ USE db;\n",
        "// it's;\r\nSET a.b = s3://c/d;\r\n",
        "RESET 'pipeline.name';\n",
        "RESET;\n",
        "CREATE TEMPORARY VIEW v AS SELECT 'Ünï;' FROM t1 /*+ OPTIONS('a'='b') */;\n",
    ]);
    (noise, set, table(1), table(2))
        .prop_map(|(noise, set, one, two)| format!("{noise}{set}{one}{noise}{two}INSERT INTO s SELECT * FROM t1;"))
}

fn options(script: &Script) -> Vec<BTreeMap<String, String>> {
    let options = |table: &upgrade::handover::consumer::flink_sql::Table| {
        table.options.iter().map(|option| (option.key.clone(), option.value.clone())).collect()
    };
    script.mysql_cdc().map(options).collect()
}

proptest! {
    #[test]
    fn without_changes_nothing_changes(text in scripts()) {
        let script = Script::parse(&text).unwrap();
        prop_assert_eq!(rewrite(&script, &Changes::default()), text);
    }

    #[test]
    fn what_is_wanted_is_there_and_all_else_as_before(text in scripts(), host in value(), port in 1u16.., name in value()) {
        let script = Script::parse(&text).unwrap();
        let changes = Changes {
            start: Some(Start::Position { file: "bin.000007".into(), position: 99 }),
            address: Some(Address { host: host.clone(), port }),
            server_ids: Some(9000),
            name: Some(name.clone()),
            ..Changes::default()
        };
        let again = Script::parse(&rewrite(&script, &changes)).unwrap();
        prop_assert_eq!(again.pipeline_name(), Some(name.as_str()));
        prop_assert_eq!(again.inserts(), script.inserts());
        for (before, after) in options(&script).into_iter().zip(options(&again)) {
            let mut expected = before.clone();
            expected.remove("scan.startup.specific-offset.gtid-set");
            expected.insert("scan.startup.mode".into(), "specific-offset".into());
            expected.insert("scan.startup.specific-offset.file".into(), "bin.000007".into());
            expected.insert("scan.startup.specific-offset.pos".into(), "99".into());
            expected.insert("hostname".into(), host.clone());
            if before.get("port").map_or("3306", String::as_str) != port.to_string() {
                expected.insert("port".into(), port.to_string());
            }
            expected.insert("server-id".into(), after["server-id"].clone());
            prop_assert_eq!(after, expected);
        }
        let ids = again.server_ids();
        prop_assert!(ids[0].end() < ids[1].start() && *ids[0].start() == 9000);
        // A second time there is nothing left to do.
        prop_assert_eq!(rewrite(&again, &changes), again.text());
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-a-zA-Z';`/*(),=${}:\\n ]{0,80}") {
        let _ = Script::parse(&text);
        let redacted = redact(&text);
        let _ = reveal(&redacted.text, &redacted.literals);
    }

    #[test]
    fn what_was_taken_out_is_sent(value in "[a-z'\\\\ -]{1,12}") {
        let text = format!("SET 'my.password' = '{}'", value.replace('\'', "''"));
        let redacted = redact(&text);
        let sent = reveal(&redacted.text, &redacted.literals).unwrap();
        prop_assert_eq!(sent[0].0.expose(), text);
        prop_assert_eq!(redacted.text, "SET 'my.password' = '${secret:redacted-1}'");
    }
}

const CDC: &str =
    "CREATE TABLE src (id INT, k STRING, v STRING, at TIMESTAMP(3) METADATA FROM 'op_ts' VIRTUAL, up AS UPPER(v),
  PRIMARY KEY (id) NOT ENFORCED) WITH ('connector'='mysql-cdc','database-name'='shop','table-name'='orders');\n";
const SINK: &str = "CREATE TABLE dst (id INT, k STRING, v STRING, PRIMARY KEY (id) NOT ENFORCED)
  WITH ('connector'='jdbc','url'='jdbc:mysql://h/d?a=b','table-name'='orders');\n";

fn judged(text: &str) -> Replay {
    Script::parse(text).unwrap_or_else(|problems| panic!("{problems:?}")).replay()
}

fn of_insert(insert: &str) -> Replay {
    judged(&format!("{CDC}{SINK}{insert}"))
}

#[test]
fn a_projection_by_key_may_be_replayed() {
    for insert in [
        "INSERT INTO dst SELECT id, k, v FROM src",
        "INSERT INTO dst SELECT s.id, s.`k`, CAST(up AS VARCHAR(10)) AS v FROM src AS s WHERE s.v IN ('a', 'b')",
        "INSERT INTO dst (v, id) SELECT CASE WHEN v = 'x' THEN CONCAT(k, 'y') ELSE v END, src.id FROM src;",
        "EXECUTE STATEMENT SET BEGIN INSERT INTO dst /*+ OPTIONS('sink.parallelism'='2') */ SELECT id, k, v FROM src; END;",
        "CREATE TEMPORARY VIEW w (n, a, b) AS SELECT id, k, v FROM src WHERE id > 3;
         CREATE VIEW x AS SELECT a, n key, b FROM w; INSERT INTO dst SELECT key, a, b FROM x",
        "BEGIN STATEMENT SET; INSERT INTO dst SELECT id, k, v FROM src; END;",
    ] {
        assert_eq!(of_insert(insert), Replay::Safe, "{insert}");
    }
    let like = "CREATE TABLE copy WITH ('connector'='jdbc','table-name'='c') LIKE dst (EXCLUDING OPTIONS);
        INSERT INTO copy SELECT id, k, v FROM src";
    assert_eq!(of_insert(like), Replay::Safe);
    let wider = SINK.replace("KEY (id)", "KEY (id, k)");
    assert_eq!(judged(&format!("{CDC}{wider}INSERT INTO dst SELECT id, k, v FROM src")), Replay::Safe);
    let shards = CDC
        .replace("'orders'", "'orders_[0-9]+'")
        .replace("'op_ts'", "'table_name'")
        .replace("at TIMESTAMP(3)", "at STRING");
    let sink = SINK.replace("KEY (id)", "KEY (id, k)");
    assert_eq!(judged(&format!("{shards}{sink}INSERT INTO dst SELECT id, at, v FROM src")), Replay::Safe);
}

#[test]
fn what_may_not_be_replayed_is_told_why() {
    let cases = [
        ("INSERT INTO dst SELECT s.id, k, v FROM src s JOIN src t ON s.id = t.id", "uses JOIN"),
        ("INSERT INTO dst SELECT id, MAX(k), v FROM src", "calls MAX"),
        ("INSERT INTO dst SELECT id, k, v FROM src GROUP BY id, k, v", "uses GROUP"),
        ("INSERT INTO dst SELECT DISTINCT id, k, v FROM src", "uses DISTINCT"),
        ("INSERT INTO dst SELECT id, k, v FROM src LIMIT 5", "uses LIMIT"),
        ("INSERT INTO dst SELECT id, k, v FROM src UNION ALL SELECT id, k, v FROM src", "uses UNION"),
        ("INSERT INTO dst SELECT id, k, CAST(NOW() AS STRING) FROM src", "uses NOW, which gives another value"),
        ("INSERT INTO dst SELECT id, k, v FROM src WHERE v < CURRENT_DATE", "uses CURRENT_DATE"),
        ("INSERT INTO dst SELECT id, k, my.f(v) FROM src", "calls f"),
        ("INSERT INTO dst SELECT id, k, `NOW`() FROM src", "calls NOW"),
        ("INSERT INTO dst SELECT id, k, v FROM src, src", "more than one table"),
        ("INSERT INTO dst SELECT id, k, v FROM (SELECT * FROM src)", "not one plain SELECT"),
        ("INSERT INTO dst SELECT id + 1, k, v FROM src", "key column id of the sink dst is no plain column"),
        ("INSERT INTO dst (k, v) SELECT k, v FROM src", "key column id of the sink dst is not written"),
        ("INSERT INTO dst SELECT id, k FROM src", "2 columns for 3"),
        ("INSERT INTO dst VALUES (1, 'a', 'b')", "uses VALUES"),
        ("INSERT INTO other SELECT id, k, v FROM src", "does not create by that name"),
        ("INSERT INTO dst SELECT id, k, v FROM dst", "a table of jdbc and not of mysql-cdc"),
        ("INSERT INTO dst SELECT id, k, v FROM src /*+ OPTIONS('x'='y') */", "has the hint"),
        ("USE db; INSERT INTO dst SELECT id, k, v FROM src", "USE DB, whose effect is not known"),
        ("CREATE FUNCTION f AS 'x'; INSERT INTO dst SELECT id, k, v FROM src", "CREATE FUNCTION"),
        (
            "SET 'table.exec.sink.upsert-materialize'='force'; INSERT INTO dst SELECT id, k, v FROM src",
            "keep rows in state",
        ),
        (
            "EXECUTE STATEMENT SET BEGIN INSERT INTO dst SELECT id,k,v FROM src; INSERT INTO dst SELECT id,k,v FROM src; END",
            "More than one INSERT writes into orders at jdbc:mysql://h/d",
        ),
    ];
    let told = |replay: Replay| match replay {
        Replay::Safe => "safe".to_owned(),
        Replay::Unsafe(reason) => reason,
    };
    for (insert, expected) in cases {
        let reason = told(of_insert(insert));
        assert!(reason.contains(expected), "{insert}: {reason}");
    }
    let insert = "INSERT INTO dst SELECT id, k, v FROM src";
    for (from, to, expected) in [
        ("'jdbc'", "'kafka'", "has the connector kafka"),
        ("'connector'='jdbc',", "", "does not stand in the script"),
        (
            ", PRIMARY KEY (id) NOT ENFORCED)\n  WITH ('connector'='jdbc'",
            ") WITH ('connector'='jdbc'",
            "would take each row anew",
        ),
        ("v STRING, PRIMARY KEY (id)", "v STRING, PRIMARY KEY (k)", "lacks id"),
        ("'orders');\nCREATE", "'orders_.*');\nCREATE", "may stand for several"),
        ("UPPER(v)", "PROCTIME()", "The column up of src uses PROCTIME"),
        ("'mysql-cdc',", "'mysql-cdc','scan.read-changelog-as-append-only.enabled'='true',", "as new rows"),
    ] {
        let script = format!("{CDC}{SINK}{insert}");
        assert!(script.contains(from), "{from}");
        let reason = told(judged(&script.replacen(from, to, 1)));
        assert!(reason.contains(expected), "{to}: {reason}");
    }
}

#[test]
fn settings_without_quotes_and_resets_are_understood() {
    let text = "SET pipeline.name = 'a b';\r\nSET execution.savepoint.path = s3://x/y;\r\nSET 'a'='1';\r\nRESET 'a';\r\n\
        CREATE TEMPORARY TABLE a (id INT) WITH ( // the 'source'\r\n  'connector'='mysql-cdc', -- ;\r\n  'hostname'='h'\r\n);\r\n\
        INSERT INTO b SELECT * FROM a; SET 'late' = 'x'";
    let script = Script::parse(text).unwrap();
    assert_eq!((script.pipeline_name(), script.setting("a"), script.setting("late")), (Some("a b"), None, None));
    assert_eq!(script.setting("execution.savepoint.path"), Some("s3://x/y"));
    assert_eq!(rewrite(&script, &Changes::default()), text);
    let changes = Changes {
        name: Some("it's".into()),
        options: pairs(&[("port", "3307")]),
        restore: Restore::Nothing,
        settings: pairs(&[("a", "2"), ("late", "y"), ("$internal.pipeline.job-id", "00ff")]),
        ..Changes::default()
    };
    let written = rewrite(&script, &changes);
    let expected = text
        .replace("SET pipeline.name = 'a b'", "SET 'pipeline.name' = 'it''s'")
        .replace("SET execution.savepoint.path = s3://x/y", "RESET 'execution.savepoint.path'")
        .replace("RESET 'a'", "SET 'a' = '2'")
        .replace("SET 'a'='1'", "SET 'a'='2'")
        .replace("'hostname'='h'", "'hostname'='h',\r\n  'port' = '3307'");
    assert_eq!(written, format!("SET '$internal.pipeline.job-id' = '00ff';\r\nSET 'late' = 'y';\r\n{expected}"));
    let again = Script::parse(&written).unwrap();
    assert_eq!(again.setting("a"), Some("2"));
    assert_eq!(rewrite(&again, &changes), written);

    let anew = text.replace("RESET 'a'", "RESET");
    let written = rewrite(&Script::parse(&anew).unwrap(), &changes);
    assert!(written.contains("RESET;\r\nSET '$internal.pipeline.job-id' = '00ff';\r\nSET 'a' = '2';"), "{written}");
}

#[test]
fn an_id_fixed_by_the_script_is_told_and_left_out() {
    let text = "SET '$internal.pipeline.job-id' = 'ab';\nCREATE TABLE a (id INT) WITH ('connector'='mysql-cdc','hostname'='h');
INSERT INTO b SELECT * FROM a";
    let script = Script::parse(text).unwrap();
    assert_eq!(script.warnings().len(), 1);
    let changes = Changes { restore: Restore::Nothing, ..Changes::default() };
    let written = rewrite(&script, &changes);
    assert!(written.starts_with("RESET '$internal.pipeline.job-id';\n"), "{written}");
    assert_eq!(rewrite(&Script::parse(&written).unwrap(), &changes), written);
    let own = Changes { settings: pairs(&[("$internal.pipeline.job-id", "cd")]), ..Changes::default() };
    assert!(rewrite(&script, &own).starts_with("SET '$internal.pipeline.job-id' = 'cd';\n"));
    assert_eq!(script.warnings()[0].line, 1);
}

#[test]
fn a_source_kept_in_a_catalog_is_refused() {
    let text = "CREATE CATALOG c WITH ('type'='hive'); USE CATALOG c;
CREATE TABLE IF NOT EXISTS a (id INT) WITH ('connector'='mysql-cdc'); INSERT INTO b SELECT * FROM a";
    assert_eq!(shown(text), ["2:1: The mysql-cdc table a is kept in a catalog, with the options it was made with"]);
    assert!(Script::parse(&text.replace("CREATE TABLE", "CREATE TEMPORARY TABLE")).is_ok());
}

#[test]
fn secrets_of_settings_without_quotes_are_taken_out() {
    let redacted = redact("SET my.password = canary-4712;\nSET a.token = 'x''y';");
    assert_eq!(redacted.text, "SET my.password = '${secret:redacted-1}';\nSET a.token = '${secret:redacted-2}';");
    assert_eq!(redacted.literals["redacted-2"].expose(), "x'y");
    assert_eq!(redact(&redacted.text).text, redacted.text);
}

/// Quotes that do not match make one literal begin within another.
#[test]
fn literals_within_literals_are_taken_out_together() {
    for text in [
        "SET password = 'canary-a' 'password' = 'canary-b';",
        "SET password = canary-a 'token' = 'canary-b' 'secret' = 'canary-c';",
        "SET password = canary-a /* 'password' = 'canary-b' */;",
    ] {
        let redacted = redact(text);
        assert!(!redacted.text.contains("canary-"), "{}", redacted.text);
        assert!(redact(&redacted.text).literals.is_empty(), "{}", redacted.text);
    }
}

#[test]
fn a_setting_of_more_than_a_string_is_taken_out_whole() {
    assert_eq!(redact("SET password = 'canary-a' b;").text, "SET password = '${secret:redacted-1}';");
}

/// A login stands before the host; what looks like one among the parameters is none.
#[test]
fn an_address_whose_host_comes_late_is_read_to_its_end() {
    let text = "CREATE TABLE t (a INT) WITH ('url' = 'jdbc:mysql?next=http://me:b@c/d&password=canary-a');";
    let redacted = redact(text);
    assert_eq!(redacted.text, text.replace("canary-a", "${secret:redacted-1}"));
    let text = text.replace("&password=canary-a", "");
    assert_eq!(redact(&text).text, text);
}
