//! Names, columns, partitions, definers, encodings and what belongs to no schema.

use super::*;
use crate::{
    event::Level,
    port::catalogue::{Index, Orphan, Partition},
    precheck::check,
};

#[test]
fn every_check_is_told_once_and_in_full() {
    let mut ids: Vec<_> = super::super::CHECKS.iter().map(|check| check.id).collect();
    assert!(
        super::super::CHECKS
            .iter()
            .all(|check| check.link.is_some() && !check.title.ends_with('.') && check.about.ends_with('.'))
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), super::super::CHECKS.len());
    assert!(check::all().count() >= ids.len());
}

#[test]
fn names_that_become_reserved_are_told_for_every_kind_of_object() {
    let schema = Schema {
        name: "system".into(),
        tables: vec![table("Groups", vec![column("rank"), column("full"), column("ranks")])],
        views: vec![View { columns: vec!["lead".into(), "total".into()], ..view("window", "select 1") }],
        programs: vec![
            program(Program::Procedure, "empty", "BEGIN END"),
            program(Program::Function, "row_number", "RETURN 1"),
            program(Program::Trigger, "cube", "BEGIN END"),
            program(Program::Event, "of", "BEGIN END"),
            program(Program::Event, "admin", "BEGIN END"),
        ],
        ..shop()
    };
    let found = judged(&schema, TO_8);
    assert!(found.iter().all(|found| found.check == "reservedKeywords" && found.level == Level::Warning));
    let objects: Vec<_> = found.iter().map(|found| found.object.as_str()).collect();
    let expected = [
        "system",
        "system.Groups",
        "system.Groups.rank",
        "system.window",
        "system.window.lead",
        "system.empty",
        "system.row_number",
        "system.cube",
        "system.of",
    ];
    assert_eq!(objects, expected);
    assert_eq!(told(&schema, TO_84), []);
    let later = Schema { tables: vec![table("qualify", vec![column("manual")])], ..shop() };
    assert_eq!(told(&later, TO_84).len(), 2);
}

#[test]
fn names_with_a_dollar_sign_are_told_for_triggers_and_events_too() {
    let schema = Schema {
        tables: vec![table("$orders", vec![column("$id"), column("price$")])],
        programs: vec![
            program(Program::Trigger, "$t", "BEGIN END"),
            program(Program::Event, "$e", "BEGIN END"),
            program(Program::Procedure, "p$", "BEGIN END"),
        ],
        ..shop()
    };
    let objects: Vec<_> = told(&schema, TO_8).into_iter().map(|(check, object, _)| (check, object)).collect();
    let expected = ["shop.$orders", "shop.$orders.$id", "shop.$t", "shop.$e"];
    assert_eq!(objects, expected.map(|object| ("dollarSignName".to_owned(), object.to_owned())));
    let early = Hop { to: Release(8, 0, 30), ..TO_8 };
    assert_eq!(told(&schema, early), []);
}

fn of_server(instance: &Instance, hop: &Hop) -> Vec<Finding> {
    let mut findings = Findings::default();
    super::super::of_instance(instance, hop, &mut findings);
    findings.into_all()
}

fn generated(expression: &str, indexed: bool) -> Schema {
    let column = Column { generation: Some(expression.into()), extra: "VIRTUAL GENERATED".into(), ..column("g") };
    let index = Index { name: "i".into(), parts: vec![(Some("g".into()), None)], ..Index::default() };
    let table = Table { indexes: if indexed { vec![index] } else { Vec::new() }, ..table("t", vec![column]) };
    Schema { tables: vec![table], ..shop() }
}

#[test]
fn generated_columns_and_defaults_are_read() {
    let one =
        |schema: &Schema, hop| told(schema, hop).into_iter().map(|(check, _, consequence)| (check, consequence)).next();
    let removed = |consequence| Some(("removedFunctions".to_owned(), consequence));
    assert_eq!(one(&generated("hex(encode(`a`,'x'))", false), TO_8), removed(Consequence::StopsTheUpgrade));
    assert_eq!(one(&generated("md5(`a`)", false), TO_97), removed(Consequence::BrokenAfterwards));
    assert_eq!(one(&generated("st_astext(`g`)", false), TO_8), None);
    assert_eq!(one(&generated("md5(`a`)", false), TO_8), None);

    let changed = told(&generated("cast(`a` as char(5))", true), TO_8);
    assert_eq!(
        changed,
        [("changedFunctionsInGeneratedColumns".into(), "shop.t.g".into(), Consequence::SilentUntilUsed)]
    );
    assert_eq!(told(&generated("cast(`a` as char(5))", false), TO_8), []);
    assert_eq!(told(&generated("concat(`cast`,'cast(')", true), TO_8), []);

    let default = |value: &str, extra: &str| {
        let column = Column { default: Some(value.into()), extra: extra.into(), ..column("d") };
        Schema { tables: vec![table("t", vec![column])], ..shop() }
    };
    assert_eq!(one(&default("sha1(_utf8mb4'x')", "DEFAULT_GENERATED"), TO_97), removed(Consequence::BrokenAfterwards));
    assert_eq!(one(&default("sha1(x)", ""), TO_97), None);
}

fn partitioned(columns: Vec<Column>, method: &str, expression: &str, description: &str) -> Schema {
    let partition = Partition {
        name: "p0".into(),
        method: method.into(),
        expression: Some(expression.into()),
        description: Some(description.into()),
        ..Partition::default()
    };
    Schema { tables: vec![Table { partitions: vec![partition], ..table("t", columns) }], ..shop() }
}

#[test]
fn dates_of_partitions_are_judged_by_their_column() {
    let date = || Column { data_type: "datetime".into(), ..column("d") };
    let check =
        |description: &str| told(&partitioned(vec![date(), column("k")], "LIST COLUMNS", "`d`,`k`", description), TO_8);
    let found = [("deprecatedTemporalDelimiter".to_owned(), "shop.t.d".to_owned(), Consequence::BrokenAfterwards)];
    assert_eq!(check("('2020-01-01','a/b'),('2020/01/02','b')"), found);
    assert_eq!(check("('2020-01-01','a/b'),('20200102','b/c'),(NULL,'2020/01/02')"), []);
    let range = |description: &str| told(&partitioned(vec![date()], "RANGE COLUMNS", "`d`", description), TO_8);
    assert_eq!(range("'2020@01@02'"), found);
    assert_eq!(range("MAXVALUE"), []);
    assert_eq!(told(&partitioned(vec![date()], "RANGE", "to_days(`d`)", "737000"), TO_8), []);
    let early = Hop { to: Release(8, 0, 15), ..TO_8 };
    assert_eq!(told(&partitioned(vec![date()], "RANGE COLUMNS", "`d`", "'2020/01/01'"), early), []);
}

#[test]
fn definers_and_names_of_triggers_are_judged() {
    let without = |kind, name: &str| StoredProgram { definer: String::new(), ..program(kind, name, "SET @x = 1") };
    let schema = Schema {
        programs: vec![
            without(Program::Event, "nightly"),
            without(Program::Trigger, "old`one"),
            program(Program::Trigger, "Audit", "SET @x = 1"),
            program(Program::Trigger, "audit", "SET @x = 1"),
            program(Program::Procedure, "audit", "SET @x = 1"),
        ],
        ..shop()
    };
    let found = judged(&schema, TO_8);
    let told: Vec<_> =
        found.iter().map(|found| (found.check.as_str(), found.object.as_str(), found.consequence)).collect();
    let stops = Consequence::StopsTheUpgrade;
    assert_eq!(
        told,
        [
            ("getEventsWithNullDefiner", "shop.nightly", stops),
            ("getTriggersWithNullDefiner", "shop.old`one", stops),
            ("getDuplicateTriggers", "shop.Audit", stops),
        ]
    );
    assert_eq!(found[0].fix.as_deref(), Some("ALTER DEFINER = CURRENT_USER EVENT `shop`.`nightly` ENABLE"));
    assert!(found[1].fix.as_ref().is_some_and(|fix| fix.contains("`old``one`")));
    assert_eq!(judged(&schema, TO_84), []);
}

#[test]
fn texts_are_judged_in_their_own_encoding() {
    let bad = |charset: &str| {
        let body = b"SELECT 'caf\xe9'".to_vec();
        let routine = StoredProgram { body, charset: charset.into(), ..program(Program::Procedure, "p", "") };
        told(&Schema { programs: vec![routine], ..shop() }, TO_8)
    };
    assert_eq!(bad("latin1"), []);
    let check = "auroraUpgradeCheckForSpecialCharactersInProcedures";
    assert_eq!(bad("utf8"), [(check.into(), "shop.p".into(), Consequence::StopsTheUpgrade)]);
}

#[test]
fn modes_that_are_gone_are_told_and_the_shipped_ones_are_not() {
    let of = |sql_mode: &str| body_under("SELECT 1", sql_mode, TO_8);
    let shipped = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION";
    assert_eq!(of(""), [""; 0]);
    assert_eq!(of(shipped), [""; 0]);
    assert_eq!(of("STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER"), ["obsoleteSqlModeFlags"]);
    assert_eq!(of("PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ORACLE,NO_KEY_OPTIONS"), ["obsoleteSqlModeFlags"]);
    assert_eq!(of("ANSI_QUOTES,MAXDB,NO_KEY_OPTIONS"), ["maxdbSqlModeFlags", "obsoleteSqlModeFlags"]);
    assert_eq!(body_under("SELECT 1", "ORACLE", TO_84), [""; 0]);
    let instance = Instance { variables: vec![("sql_mode".into(), "ORACLE".into())], ..Instance::default() };
    let found = of_server(&instance, &TO_8);
    assert_eq!((found[0].object.as_str(), found[0].level), ("@@global.sql_mode", Level::Notice));
}

#[test]
fn what_a_schema_left_behind_stops_the_upgrade() {
    let orphan = |kind, name: &str| Orphan { kind, schema: "gh`ost".into(), name: name.into() };
    let orphans = vec![orphan(Program::Procedure, "p"), orphan(Program::Event, "e")];
    let found = of_server(&Instance { orphans, ..Instance::default() }, &TO_8);
    let objects: Vec<_> = found.iter().map(|found| (found.check.as_str(), found.object.as_str())).collect();
    assert_eq!(objects, [("orphanedObjects", "gh`ost.p"), ("orphanedObjects", "gh`ost.e")]);
    assert_eq!(found[0].fix.as_deref(), Some("CREATE DATABASE `gh``ost`; DROP DATABASE `gh``ost`"));
}

#[test]
fn the_servers_own_schemas_are_not_judged() {
    for name in ["mysql", "sys"] {
        let programs = vec![program(Program::Procedure, "p", "BEGIN SELECT ENCODE(1,2); END")];
        assert_eq!(told(&Schema { name: name.into(), programs, ..shop() }, TO_8), []);
    }
}
