use super::*;
use crate::{
    port::catalogue::{Plugin, Program, StoredProgram},
    precheck::structure::samples::{found_of, found_on, later, server, upgrade},
};

#[test]
fn what_is_prepared_has_to_end() {
    let prepared = Instance { prepared_xa: Some(vec!["X'61',X'62',5".into()]), ..Instance::default() };
    let findings = found_of(&prepared, &upgrade());
    assert_eq!(findings.of(XA.id), ["X'61',X'62',5"]);
    assert_eq!(findings.fix("X'61',X'62',5"), "XA ROLLBACK X'61',X'62',5");
    assert_eq!(found_of(&prepared, &later()).count(), 0);
}

#[test]
fn a_long_history() {
    let with = |length| Instance { history_length: Some(length), ..Instance::default() };
    assert_eq!(
        found_of(&with(1_000_001), &upgrade()).of("auroraUpgradeCheckForRollbackSegmentHistoryLength"),
        ["trx_rseg_history_len"]
    );
    assert_eq!(found_of(&with(1_000_000), &upgrade()).count(), 0);
}

#[test]
fn a_circular_path_names_its_table() {
    let files = [("shop/t", "/a/../b/shop/t.ibd"), ("ts", "/a/../ts.ibd"), ("shop/u", "./shop/u.ibd")];
    let files = files.map(|(space, path)| (space.to_owned(), path.to_owned())).to_vec();
    let findings = found_of(&Instance { files, ..Instance::default() }, &upgrade());
    assert_eq!(findings.of("circularDirectory"), ["shop.t", "ts"]);
    let fix =
        "ALTER TABLE `shop`.`t` TABLESPACE = innodb_system; ALTER TABLE `shop`.`t` TABLESPACE = innodb_file_per_table";
    assert_eq!(findings.fix("shop.t"), fix);
}

#[test]
fn plugins_that_8_4_lacks() {
    let plugin = |name: &str, library: Option<&str>| Plugin {
        name: name.into(),
        status: "ACTIVE".into(),
        library: library.map(str::to_owned),
        ..Plugin::default()
    };
    let plugins = vec![
        plugin("keyring_file", Some("keyring_file.so")),
        plugin("validate_password", Some("validate_password.so")),
        plugin("clone", Some("mysql_clone.so")),
        plugin("InnoDB", None),
    ];
    let instance = Instance { plugins, ..Instance::default() };
    let findings = found_of(&instance, &later());
    assert_eq!(findings.of("pluginUsage"), ["keyring_file"]);
    assert_eq!(findings.worth("keyring_file").0, Level::Error);
    assert_eq!(findings.count(), 1);
    let aurora = found_of(&instance, &Hop { aurora: true, ..later() });
    assert_eq!(aurora.of("auroraUnsupportedPluginsCheck"), ["clone"]);
    assert_eq!(found_of(&instance, &upgrade()).worth("keyring_file").0, Level::Warning);
}

#[test]
fn the_way_new_accounts_log_in() {
    let with = |value| [("default_authentication_plugin", value)];
    assert_eq!(server(&with("sha256_password"), &upgrade()).of("deprecatedDefaultAuth").len(), 1);
    assert_eq!(server(&with("mysql_native_password"), &upgrade()).count(), 0);
    assert_eq!(server(&with("mysql_native_password"), &later()).of("defaultAuthenticationPlugin").len(), 1);
    assert_eq!(server(&with("caching_sha2_password"), &later()).count(), 0);
    assert_eq!(
        server(&[("authentication_policy", "sha256_password,,")], &later()).of("deprecatedDefaultAuth").len(),
        1
    );
}

#[test]
fn events_that_would_fire_on_green() {
    let event = |name: &str, enabled| StoredProgram {
        kind: Program::Event,
        name: name.into(),
        definer: "a@b".into(),
        sql_mode: String::new(),
        signature: Vec::new(),
        body: b"SELECT 1".to_vec(),
        table: None,
        enabled,
        charset: "utf8mb4".into(),
    };
    let programs = vec![event("on", true), event("off", false)];
    let schema = || Schema { name: "shop".into(), programs: programs.clone(), ..Schema::default() };
    let with = |value: &str| {
        let variables = vec![("event_scheduler".to_owned(), value.to_owned())];
        found_on(schema(), &Instance { variables, ..Instance::default() }, &later())
    };
    assert_eq!(with("ON").of("event_scheduler"), ["shop.on"]);
    assert_eq!(with("OFF").count(), 0);
}
