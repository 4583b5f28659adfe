use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    Becomes, Fate, From, Mapping, Pin, To, Wish, at_creation, map, mapping::listed, missing, renamed::RENAMED,
    value::allowed,
};
use crate::{
    error::Kind,
    port::rds::{Level, Parameter, Setting},
};

fn parameter(name: &str, value: Option<&str>, source: &str, allowed: Option<&str>) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        source: source.to_owned(),
        apply_type: "dynamic".to_owned(),
        data_type: "string".to_owned(),
        allowed_values: allowed.map(str::to_owned),
        modifiable: true,
    }
}

fn set(name: &str, value: &str) -> Parameter {
    parameter(name, Some(value), "user", None)
}

/// Listed with a default, or with none.
fn knows(name: &str, default: Option<&str>, allowed: Option<&str>) -> Parameter {
    parameter(name, default, "engine-default", allowed)
}

fn fixed(name: &str) -> Parameter {
    Parameter { modifiable: false, ..knows(name, None, None) }
}

fn mapped_between(older: &str, newer: &str, blue: &[Parameter], known: &[Parameter], wish: &Wish) -> Mapping {
    let from = From { family: older, parameters: blue, moved: &[], covered: &[] };
    let to = To { level: Level::Cluster, family: newer, parameters: known, above: &[] };
    map(&from, &to, wish).unwrap()
}

fn mapped(blue: &[Parameter], known: &[Parameter]) -> Mapping {
    mapped_between("aurora-mysql5.7", "aurora-mysql8.0", blue, known, &Wish::default())
}

fn fate<'a>(mapping: &'a Mapping, name: &str) -> &'a Fate {
    let named = |fate: &&Fate| fate.parameter == name;
    mapping.fates.iter().find(named).unwrap_or_else(|| panic!("{name}: {:?}", mapping.fates))
}

fn given(mapping: &Mapping) -> Vec<(&str, &str)> {
    mapping.settings.iter().map(|setting| (setting.name.as_str(), setting.value.as_str())).collect()
}

#[test]
fn every_parameter_has_its_fate() {
    let blue = [
        set("long_query_time", "2"),
        set("query_cache_size", "1048576"),
        set("tx_isolation", "READ-COMMITTED"),
        set("sql_mode", "STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER"),
        set("binlog_row_image", "NOBLOB"),
        set("max_connections", "{DBInstanceClassMemory/12582880}"),
        set("expire_logs_days", "7"),
        set("general_log", "ON"),
        set("somebodys_plugin", "1"),
    ];
    let known = [
        knows("long_query_time", None, Some("0-31536000")),
        knows("transaction_isolation", None, Some("READ-COMMITTED,REPEATABLE-READ")),
        knows("sql_mode", None, None),
        knows("binlog_row_image", None, Some("full,minimal")),
        knows("max_connections", None, Some("1-16000")),
        fixed("binlog_expire_logs_seconds"),
        knows("general_log", None, Some("0,1")),
    ];
    let mapping = mapped(&blue, &known);
    let told = |name| {
        let fate = fate(&mapping, name);
        (fate.becomes, fate.green.as_deref(), fate.why.as_str())
    };
    assert_eq!(told("long_query_time"), (Becomes::Carried, Some("2"), ""));
    let why = "gone since 8.0.3: there is no query cache any more: what it answered runs each time";
    assert_eq!(told("query_cache_size"), (Becomes::Dropped, None, why));
    assert_eq!(told("tx_isolation"), (Becomes::Renamed, Some("READ-COMMITTED"), "its name in aurora-mysql8.0"));
    assert_eq!(told("sql_mode"), (Becomes::Translated, Some("STRICT_TRANS_TABLES"), "NO_AUTO_CREATE_USER is gone"));
    assert_eq!(told("binlog_row_image"), (Becomes::Refused, None, "the target family allows full,minimal"));
    assert_eq!(told("max_connections"), (Becomes::Carried, Some("{DBInstanceClassMemory/12582880}"), ""));
    assert_eq!(told("expire_logs_days"), (Becomes::Refused, None, "it cannot be changed in the target family"));
    assert_eq!(told("general_log"), (Becomes::Translated, Some("1"), "aurora-mysql8.0 writes it so"));
    assert_eq!(told("somebodys_plugin"), (Becomes::Dropped, None, "aurora-mysql8.0 does not have it"));
    assert_eq!(fate(&mapping, "tx_isolation").name(), "tx_isolation → transaction_isolation");
    let warned = mapping.fates.iter().filter_map(Fate::warning).count();
    assert_eq!(warned, 4, "what is dropped or refused");
}

#[test]
fn a_new_name_is_taken_only_where_the_family_lists_it_and_never_twice() {
    let blue = [
        set("slave_net_timeout", "60"),
        set("tx_isolation", "SERIALIZABLE"),
        set("transaction_isolation", "READ-COMMITTED"),
    ];
    let old_names = [knows("slave_net_timeout", None, None), knows("transaction_isolation", None, None)];
    let mapping = mapped_between("mysql5.7", "mysql8.0", &blue, &old_names, &Wish::default());
    assert_eq!(given(&mapping), [("slave_net_timeout", "60"), ("transaction_isolation", "READ-COMMITTED")]);
    assert_eq!(fate(&mapping, "tx_isolation").why, "transaction_isolation is set too, and is the name on green");
    let both = [knows("slave_net_timeout", None, None), knows("replica_net_timeout", None, None)];
    let mapping = mapped_between("mysql5.7", "mysql8.0", &blue[..1], &both, &Wish::default());
    assert_eq!(given(&mapping), [("replica_net_timeout", "60")]);
    let mapping = mapped_between("mysql8.0", "mysql8.0", &blue[..1], &both, &Wish::default());
    assert_eq!(given(&mapping), [("slave_net_timeout", "60")], "within a family nothing is renamed");
    let locked = [knows("slave_net_timeout", None, None), fixed("replica_net_timeout")];
    assert_eq!(given(&mapped(&blue[..1], &locked)), [("slave_net_timeout", "60")]);
}

#[test]
fn a_hyphen_and_an_underscore_are_the_same_name() {
    let mapping = mapped(&[set("gtid-mode", "ON")], &[knows("gtid_mode", None, Some("ON,OFF"))]);
    assert_eq!(given(&mapping), [("gtid_mode", "ON")]);
    assert_eq!(fate(&mapping, "gtid-mode").becomes, Becomes::Renamed);
}

#[test]
fn green_writes_a_log_of_rows_whatever_blue_does() {
    let known =
        [knows("binlog_format", Some("OFF"), Some("ROW,MIXED,OFF")), knows("lower_case_table_names", None, None)];
    for (blue, becomes) in [
        (vec![set("binlog_format", "ROW")], Becomes::Carried),
        (vec![set("binlog_format", "MIXED")], Becomes::Set),
        (vec![knows("binlog_format", Some("OFF"), None)], Becomes::Set),
        (Vec::new(), Becomes::Set),
    ] {
        let mapping =
            mapped(&[blue, vec![set("lower_case_table_names", "1"), set("wait_timeout", "9")]].concat(), &known);
        assert_eq!(fate(&mapping, "binlog_format").becomes, becomes);
        let first: Vec<_> = at_creation(&mapping).into_iter().map(|setting| (setting.name, setting.value)).collect();
        let expected = [("binlog_format", "ROW"), ("lower_case_table_names", "1")];
        assert!(
            expected.iter().all(|(name, value)| first.contains(&((*name).to_owned(), (*value).to_owned()))),
            "{first:?}"
        );
        assert_eq!(first.len(), 2);
    }
}

#[test]
fn new_defaults_are_told_where_nobody_has_set_a_value() {
    let known = [
        knows("character_set_server", Some("utf8mb4"), Some("latin1,utf8mb4")),
        knows("collation_server", Some("utf8mb4_0900_ai_ci"), None),
        knows("local_infile", None, Some("0,1")),
        knows("event_scheduler", Some("OFF"), Some("ON,OFF")),
        knows("max_allowed_packet", None, None),
    ];
    // RDS tells some defaults, and leaves others to the engine.
    let blue = [
        knows("character_set_server", Some("latin1"), None),
        knows("event_scheduler", Some("OFF"), None),
        set("max_allowed_packet", "16777216"),
    ];
    let told = |mapping: &Mapping| {
        let new = mapping.fates.iter().filter(|fate| fate.becomes == Becomes::NewDefault);
        new.map(|fate| fate.parameter.clone()).collect::<Vec<_>>()
    };
    let mapping = mapped(&blue, &known);
    assert_eq!(told(&mapping), ["character_set_server", "collation_server", "local_infile"]);
    assert_eq!(fate(&mapping, "local_infile").blue.as_deref(), Some("ON"), "the engine's own");
    assert!(fate(&mapping, "local_infile").warning().unwrap().contains("`pin: [local_infile]`"));
    assert_eq!(
        told(&mapped_between("mysql8.0", "mysql8.4", &blue, &known, &Wish::default())),
        ["character_set_server"]
    );

    let pin = |pin| mapped_between("mysql5.7", "mysql8.0", &blue, &known, &Wish { pin, ..Wish::default() });
    let some = pin(Pin::Names(vec!["local-infile".to_owned()]));
    assert_eq!(given(&some), [("max_allowed_packet", "16777216"), ("local_infile", "1")]);
    assert_eq!(fate(&some, "local_infile").becomes, Becomes::Pinned);
    let all = pin(Pin::All);
    assert_eq!(told(&all), [""; 0]);
    let pinned = [("max_allowed_packet", "16777216"), ("character_set_server", "latin1"), ("local_infile", "1")];
    assert_eq!(given(&all), pinned, "the collation follows from the character set");
}

#[test]
fn a_character_set_that_is_set_has_another_default_collation() {
    let known = [knows("character_set_server", None, None), knows("collation_server", None, None)];
    let mapping = mapped(&[set("character_set_server", "utf8mb4")], &known);
    let collation = fate(&mapping, "collation_server");
    let (blue, green) = (collation.blue.as_deref(), collation.green.as_deref());
    assert_eq!((blue, green), (Some("utf8mb4_general_ci"), Some("utf8mb4_0900_ai_ci")));
    assert_eq!(mapped(&[set("character_set_server", "latin1")], &known).fates.len(), 1);
    let wish = Wish { pin: Pin::Names(vec!["collation_server".to_owned()]), ..Wish::default() };
    for (character_set, pinned) in [("utf8mb4", Some("utf8mb4_general_ci")), ("utf8", None)] {
        let blue =
            [set("character_set_server", character_set), knows("collation_server", Some("latin1_swedish_ci"), None)];
        let mapping = mapped_between("mysql5.7", "mysql8.0", &blue, &known, &wish);
        let given = given(&mapping).into_iter().find(|(name, _)| *name == "collation_server").map(|(_, value)| value);
        assert_eq!(given, pinned, "no server starts with a collation of another character set");
    }
}

#[test]
fn a_default_is_followed_to_its_new_name() {
    let blue = [knows("default_authentication_plugin", Some("mysql_native_password"), None)];
    let known = [knows("authentication_policy", Some("*:caching_sha2_password"), None)];
    let mapping = mapped_between("aurora-mysql8.0", "aurora-mysql8.4", &blue, &known, &Wish::default());
    assert_eq!(fate(&mapping, "authentication_policy").blue.as_deref(), Some("*:mysql_native_password"));
    let pin = Wish { pin: Pin::All, ..Wish::default() };
    let mapping = mapped_between("aurora-mysql8.0", "aurora-mysql8.4", &blue, &known, &pin);
    assert_eq!(given(&mapping), [("authentication_policy", "*:mysql_native_password")]);
}

#[test]
fn what_the_playbook_sets_wins_and_must_fit() {
    let known = [knows("wait_timeout", None, Some("1-100")), knows("binlog_format", None, None)];
    let wish = |name: &str, value: &str| Wish { set: BTreeMap::from([(name.into(), value.into())]), ..Wish::default() };
    let blue = [set("wait_timeout", "60")];
    let asked = mapped_between("mysql5.7", "mysql8.0", &blue, &known, &wish("wait_timeout", "50"));
    assert_eq!(given(&asked), [("wait_timeout", "50"), ("binlog_format", "ROW")]);
    let only = fate(&asked, "wait_timeout");
    assert_eq!((only.becomes, only.blue.as_deref()), (Becomes::Set, Some("60")));
    assert_eq!(asked.fates.len(), 2, "it is told once");
    let (from, to) = (
        From { family: "mysql5.7", parameters: &blue, moved: &[], covered: &[] },
        To { level: Level::Instance, family: "mysql8.0", parameters: &known, above: &[] },
    );
    for (name, value, why) in
        [("wait_timeout", "101", "allows 1-100"), ("binlog_format", "MIXED", "could not read green")]
    {
        let error = map(&from, &to, &wish(name, value)).unwrap_err();
        assert_eq!(error.kind, Kind::Permanent);
        assert!(error.message.contains(why), "{error}");
    }
    let unknown = Wish { pin: Pin::Names(vec!["wait_timeout".into()]), ..Wish::default() };
    let error = map(&From { parameters: &[], ..from }, &to, &unknown).unwrap_err();
    assert!(error.hint.unwrap().contains("set: { wait_timeout: VALUE }"));
}

#[test]
fn what_is_set_at_one_level_is_not_told_at_the_other() {
    let known = [knows("local_infile", None, None), knows("lower_case_table_names", None, None)];
    let covered = ["local_infile".to_owned()];
    let moved = [set("lower_case_table_names", "1")];
    let from = From { family: "aurora-mysql5.7", parameters: &[], moved: &moved, covered: &covered };
    let to = To { level: Level::Cluster, family: "aurora-mysql8.0", parameters: &known, above: &[] };
    let top = map(&from, &to, &Wish::default()).unwrap();
    assert_eq!(given(&top), [("lower_case_table_names", "1")]);
    assert_eq!(top.fates.len(), 1);
    let below = To { level: Level::Instance, above: &known, ..to };
    let lower = map(&From { moved: &[], covered: &[], ..from }, &below, &Wish::default()).unwrap();
    assert_eq!(lower.fates, []);
}

#[test]
fn only_what_does_not_show_yet_is_sent() {
    let setting = |name: &str, value: &str| Setting { name: name.into(), value: value.into(), pending_reboot: false };
    let wanted = [setting("a", "1"), setting("b", "row"), setting("c", "{A*3/4}"), setting("d", "ON")];
    let present = [set("b", "ROW"), set("c", "{A*1/2}"), set("d", "1")];
    let missing: Vec<_> = missing(&wanted, &present).into_iter().map(|setting| setting.name).collect();
    assert_eq!(missing, ["a", "c"]);
}

/// Names with a history, and one without.
fn any_name() -> impl Strategy<Value = String> {
    let names = RENAMED.iter().flat_map(|row| [row.old, row.new]).chain([
        "sql_mode",
        "gtid-mode",
        "wait_timeout",
        "query_cache_size",
    ]);
    prop::sample::select(names.map(str::to_owned).collect::<Vec<_>>())
}

fn any_parameter(source: &'static str) -> impl Strategy<Value = Parameter> {
    let value = "[0-9]{1,3}|ON|OFF|ROW|row|NO_AUTO_CREATE_USER,ANSI|ORACLE|\\{A\\*3/4\\}";
    let allowed = prop::option::of("0-[0-9]{1,3}|0,1|ON,OFF|ROW,MIXED");
    (any_name(), value, allowed, any::<bool>(), any::<bool>()).prop_map(
        move |(name, value, allowed, modifiable, dynamic)| Parameter {
            modifiable,
            apply_type: if dynamic { "dynamic" } else { "static" }.to_owned(),
            ..parameter(&name, Some(&value), source, allowed.as_deref())
        },
    )
}

fn distinct(mut parameters: Vec<Parameter>) -> Vec<Parameter> {
    parameters.sort_by(|one, other| one.name.cmp(&other.name));
    parameters.dedup_by(|one, other| one.name == other.name);
    parameters
}

proptest! {
    #[test]
    fn what_green_is_given_is_allowed_once_and_stays(
        blue in prop::collection::vec(any_parameter("user"), 0..12),
        known in prop::collection::vec(any_parameter("engine-default"), 0..20),
        newer in prop::sample::select(vec!["mysql8.0", "mysql8.4"]),
        all in any::<bool>(),
    ) {
        let (blue, known) = (distinct(blue), distinct(known));
        let pin = if all { Pin::All } else { Pin::default() };
        let wish = Wish { pin, ..Wish::default() };
        let first = mapped_between("mysql5.7", newer, &blue, &known, &wish);
        let mut names = Vec::new();
        for setting in &first.settings {
            let known = listed(&known, &setting.name).unwrap();
            prop_assert!(known.modifiable, "{}", known.name);
            let spelt = allowed(known.allowed_values.as_deref(), &setting.value);
            prop_assert_eq!(spelt, Some(setting.value.clone()));
            prop_assert_eq!(setting.pending_reboot, known.apply_type != "dynamic");
            names.push(&setting.name);
        }
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), first.settings.len(), "no name twice");
        // Every parameter of blue has exactly one fate.
        for one in &blue {
            prop_assert_eq!(first.fates.iter().filter(|fate| fate.parameter == one.name && fate.blue == one.value).count(), 1);
        }
        // Green's group, mapped again within its family, stays as it is.
        let green: Vec<Parameter> = first.settings.iter().map(|setting| set(&setting.name, &setting.value)).collect();
        let again = mapped_between(newer, newer, &green, &known, &Wish::default());
        prop_assert_eq!(missing(&again.settings, &green), []);
        prop_assert_eq!(again.settings.len(), first.settings.len());
    }
}
