//! What an edited playbook changes in the input of a step.

use std::path::Path;

use serde_json::Value;
use upgrade::playbook::{changed_key, parse, step_input};

const TEXT: &str = include_str!("../playbooks/aurora-mysql.yaml");

fn inputs(text: &str, folder: &Path) -> Vec<Value> {
    let playbook = parse(text, "playbook.yaml", folder).unwrap_or_else(|problems| panic!("{problems}"));
    (0..playbook.steps.len()).map(|index| step_input(&playbook, folder, index)).collect()
}

/// The steps whose input the edit changes, and the first key of each.
fn changed(right: &str, wrong: &str) -> Vec<(usize, String)> {
    assert!(TEXT.contains(right), "{right}");
    let folder = Path::new("playbooks");
    let (old, new) = (inputs(TEXT, folder), inputs(&TEXT.replace(right, wrong), folder));
    let pairs = old.iter().zip(&new).enumerate();
    pairs.filter_map(|(index, (old, new))| Some((index, changed_key(old, new)?))).collect()
}

#[test]
fn an_edit_changes_the_steps_that_use_it() {
    let one = |index: usize, key: &str| vec![(index, key.to_owned())];
    let all = |key: &str| (0..13).map(|index| (index, key.to_owned())).collect::<Vec<_>>();
    let two = |key: &str| vec![(7, key.to_owned()), (10, key.to_owned())];
    // What is compared comes from the jobs as well.
    let three = |key: &str| [two(key), one(11, key)].concat();
    for (right, wrong, changes) in [
        ("timeout: 300s", "timeout: 600s", one(8, "step.timeout")),
        ("binlog_retention: 72h", "binlog_retention: 96h", one(0, "step.binlog_retention")),
        ("- sync_parameter_group", "- sync_parameter_group: { pin: all }", one(3, "step.pin")),
        ("- sync_parameter_group", "- sync_parameter_group: { set: { wait_timeout: \"9\" } }", one(3, "step.set")),
        ("name: orders-80", "name: orders-81", one(2, "step.name")),
        ("- approve: {", "- approve: { id: gate,", one(6, "step.id")),
        (
            "engine_version: 8.0.mysql_aurora.3.08.2",
            "engine_version: 8.0.mysql_aurora.3.10.0",
            all("target.engine_version"),
        ),
        ("name: orders-to-target", "name: other", three("cdc_jobs[0].name")),
        ("rest: http://flink:8081", "rest: http://other:8081", two("flink.rest")),
        ("sql_gateway: http://flink:8083", "sql_gateway: http://other:8083", one(10, "flink.sql_gateway")),
    ] {
        assert_eq!(changed(right, wrong), changes, "{wrong}");
    }
}

#[test]
fn an_edit_that_helps_a_stuck_step_changes_nothing() {
    for (right, wrong) in [
        ("user: upgrade", "user: other"),
        ("env: UPGRADE_MYSQL_PASSWORD", "env: OTHER"),
        ("env: CDC_PASSWORD", "file: /run/secrets/cdc"),
        ("timeout: 300s", "timeout: 5m, budget: 2h"),
        ("- precheck", "- precheck: { budget: 1h }"),
        ("- precheck", "- precheck: { fail_on: warning }"),
        ("- check_green", "- check_green: { exclude: [{ check: view_broken, reason: nobody reads it }] }"),
        ("flink_sql: {", "savepoint: s3://bucket/savepoint-1\n    flink_sql: {"),
        ("flink_sql: {", "job_id: 0123456789abcdef0123456789abcdef\n    flink_sql: {"),
        ("# refuses", "# still refuses"),
    ] {
        assert_eq!(changed(right, wrong), [], "{wrong}");
    }
}

#[test]
fn a_moved_folder_changes_nothing() {
    let here = Path::new("playbooks");
    let absolute = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    assert_eq!(inputs(TEXT, here), inputs(TEXT, &absolute));
    assert_eq!(inputs(TEXT, here)[10]["cdc_jobs"][0]["flink_sql"]["script"], "jobs/orders.sql");
}

#[test]
fn the_input_of_a_step_is_fixed() {
    let digest_input: Vec<String> = inputs(TEXT, Path::new("playbooks")).iter().map(Value::to_string).collect();
    insta::assert_snapshot!(digest_input.join("\n"));
}
