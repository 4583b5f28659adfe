//! Bad playbooks and the whole message that each of them gets.

#![expect(clippy::unwrap_used, reason = "what prepares a test may stop it")]

use std::path::Path;

use upgrade::playbook::{Problems, parse};

/// A folder with the files that the texts below name.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("jobs")).unwrap();
    std::fs::write(folder.path().join("jobs/orders.sql"), "").unwrap();
    folder
}

fn problems(text: &str, folder: &Path) -> Problems {
    match parse(text, "playbook.yaml", folder) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(problems) => problems,
    }
}

/// A valid beginning; each table entry goes on from here.
const HEAD: &str = "version: 1\nname: orders\n";
const TARGET: &str =
    "target:\n  aurora_cluster: orders\n  region: us-east-1\n  engine_version: 8.0.mysql_aurora.3.08.2\n";
const MYSQL: &str = "mysql:\n  user: upgrade\n  password: { env: PASSWORD }\n";
const FLINK: &str =
    "flink:\n  rest: http://flink:8081\n  sql_gateway: http://flink:8083\n  savepoints: s3://bucket/savepoints\n";
const JOBS: &str = "cdc_jobs:\n  - name: orders\n    flink_sql: { script: jobs/orders.sql }\n";
const STEPS: &str = "steps:\n  - approve\n";

fn table() -> Vec<(&'static str, String)> {
    let all = format!("{HEAD}{TARGET}{MYSQL}{FLINK}{JOBS}");
    vec![
        // YAML itself.
        ("empty", String::new()),
        ("only_a_comment", "# nothing yet\n".into()),
        ("tab", format!("{HEAD}target:\n\taurora_cluster: orders\n")),
        ("unclosed_list", format!("{HEAD}steps: [approve\nmysql: x\n")),
        ("unclosed_quote", "version: 1\nname: \"orders\n".into()),
        ("unknown_alias", format!("{HEAD}target: *somewhere\n{STEPS}")),
        ("two_documents", format!("{HEAD}{STEPS}---\n{HEAD}{STEPS}")),
        ("alias_bomb", alias_bomb()),
        ("deep", format!("{HEAD}steps:\n  {}{}\n", "[".repeat(40), "]".repeat(40))),
        ("not_a_mapping", "- version: 1\n".into()),
        ("only_a_word", "playbook".into()),
        ("merge_key", format!("{HEAD}target: &t\n  region: us-east-1\nmysql:\n  <<: *t\n{STEPS}")),
        // Keys.
        ("nothing_of_it", "{}".into()),
        ("unknown_key", format!("{HEAD}targets:\n  region: us-east-1\nquorum: 3\n{STEPS}")),
        ("no_space_after_the_colon", format!("{HEAD}{TARGET}mysql: {{user:upgrade, password: {{ env: P }}}}\n{STEPS}")),
        ("duplicate_key", format!("{HEAD}name: again\n{TARGET}{TARGET}{STEPS}")),
        ("key_that_is_a_list", format!("{HEAD}? [a, b]\n: 1\n{STEPS}")),
        ("missing_keys", format!("{HEAD}target:\n  account: \"123456789012\"\nmysql: {{}}\n{STEPS}")),
        ("empty_section", format!("{HEAD}target:\nmysql:\n{STEPS}")),
        // Values.
        (
            "wrong_types",
            "version: \"1\"\nname: 5\ntarget: orders\nmysql: [user]\ncdc_jobs: {}\nsteps: approve\n".into(),
        ),
        ("unknown_version", format!("version: 2\nname: orders\n{STEPS}")),
        ("bad_names", format!("version: 1\nname: Orders_1\n{STEPS}")),
        (
            "bad_target",
            format!(
                "{HEAD}target:\n  aurora_cluster: arn:aws:rds:us-east-1:123456789012:cluster:orders\n  region: Virginia\n  \
                 account: 123456789012\n  engine_version: 8.0\n{STEPS}"
            ),
        ),
        (
            "two_databases",
            format!(
                "{HEAD}target:\n  aurora_cluster: orders\n  rds_instance: orders\n  region: us-east-1\n  \
                 engine_version: 8.0.42\n{STEPS}"
            ),
        ),
        (
            "rds_version_for_aurora",
            format!("{HEAD}target: {{ aurora_cluster: o, region: us-east-1, engine_version: 8.0.42 }}\n{STEPS}"),
        ),
        (
            "aurora_version_for_rds",
            format!(
                "{HEAD}target: {{ rds_instance: o, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }}\n{STEPS}"
            ),
        ),
        ("bad_tls", format!("{HEAD}{MYSQL}  tls: on\n{STEPS}")),
        ("ca_file_without_verification", format!("{HEAD}{MYSQL}  tls: required\n  ca_file: jobs/orders.sql\n{STEPS}")),
        ("ca_file_missing", format!("{HEAD}{MYSQL}  ca_file: ca.pem\n{STEPS}")),
        (
            "bad_addresses",
            format!(
                "{HEAD}flink:\n  rest: flink:8081\n  sql_gateway: http://admin:canary-4711@flink:8083\n  savepoints: ./here\n{STEPS}"
            ),
        ),
        // Secrets.
        ("literal_password", format!("{HEAD}mysql:\n  user: upgrade\n  password: canary-4711\n{STEPS}")),
        ("literal_secret", format!("{HEAD}secrets:\n  CDC: \"canary-4711\"\n  OTHER: {{ env: canary-4711 }}\n{STEPS}")),
        ("misspelt_password", format!("{HEAD}mysql:\n  user: upgrade\n  pasword: canary-4711\n{STEPS}")),
        (
            "later_secrets",
            format!("{HEAD}mysql:\n  user: u\n  password: {{ secretsmanager: orders }}\n  iam: true\n{STEPS}"),
        ),
        ("two_references", format!("{HEAD}mysql:\n  user: u\n  password: {{ env: A, file: b }}\n{STEPS}")),
        ("no_reference", format!("{HEAD}mysql:\n  user: u\n  password: {{}}\n{STEPS}")),
        // Jobs.
        (
            "bad_jobs",
            format!(
                "{HEAD}cdc_jobs:\n  - name: orders\n    flink_sql: {{ script: jobs/missing.sql }}\n  - name: orders\n    \
                 flink_sql: {{ script: jobs }}\n    job_id: XYZ\n  - name: third\n    flink_sql: {{ template: jobs/orders.sql }}\n  \
                 - flink_sql: {{ script: jobs/orders.sql, template: jobs/orders.sql, tables: [a.b] }}\n{STEPS}"
            ),
        ),
        // Steps.
        (
            "unknown_steps",
            format!("{all}steps:\n  - precheck\n  - run_command\n  - pause\n  - swithcover\n  - dance\n"),
        ),
        ("no_steps", format!("{HEAD}steps: []\n")),
        (
            "bad_parameters",
            format!(
                "{HEAD}{TARGET}{MYSQL}steps:\n  - create_blue_green: {{ name: a }}\n  - prepare: {{ binlog_retention: 90m }}\n  \
                 - sync_parameter_group:\n      pin: some\n      set: {{ wait_timeout: 60, a b: \"1\" }}\n  - reboot_green\n"
            ),
        ),
        ("long_retention", format!("{HEAD}{TARGET}{MYSQL}steps:\n  - prepare: {{ binlog_retention: 3000h }}\n")),
        (
            "odd_steps",
            format!("{HEAD}steps:\n  - [approve]\n  - {{}}\n  - 5\n  - {{ approve: {{}}, precheck: {{}} }}\n"),
        ),
        ("body_not_indented", format!("{HEAD}steps:\n  - approve:\n    expires: 24h\n")),
        ("step_keys", format!("{HEAD}steps:\n  - approve: {{ expire: 24h, id: A B, budget: 0s }}\n  - approve: 24h\n")),
        ("required_step_key", format!("{HEAD}{TARGET}steps:\n  - create_blue_green\n")),
        ("bad_deployment_name", format!("{HEAD}{TARGET}steps:\n  - create_blue_green: {{ name: orders--80 }}\n")),
        (
            "later_step_key",
            format!(
                "{HEAD}{TARGET}{MYSQL}steps:\n  - switchover\n  - clean_up: {{ delete_old: {{ final_snapshot: s }} }}\n"
            ),
        ),
        (
            "bad_durations",
            format!(
                "{HEAD}{TARGET}{MYSQL}steps:\n  - approve: {{ expires: 2d }}\n  - switchover: {{ timeout: 2h, max_lag: 5 }}\n  \
                 - capture_coordinates: {{ wait: 1h30m, budget: 99999999999999999999h }}\n"
            ),
        ),
        (
            "same_id",
            format!("{HEAD}steps:\n  - approve\n  - approve: {{ id: second }}\n  - approve: {{ expires: 1h }}\n"),
        ),
        ("twice", format!("{all}steps:\n  - switchover: {{ id: one }}\n  - switchover: {{ id: two }}\n")),
        (
            "impossible_order",
            format!(
                "{all}steps:\n  - clean_up\n  - switchover\n  - precheck\n  - reboot_green\n  - create_blue_green: {{ name: a }}\n  \
                 - submit_cdc_jobs\n  - capture_coordinates\n  - stop_cdc_jobs\n"
            ),
        ),
        (
            "two_ways",
            format!("{all}steps:\n  - move_cdc_jobs\n  - stop_cdc_jobs\n  - switchover\n  - repoint_cdc_jobs\n"),
        ),
        (
            "green_compared_too_early_and_too_late",
            format!(
                "{all}steps:\n  - verify_data: {{ id: early, of: green }}\n  - create_blue_green: {{ name: a }}\n  \
                 - switchover\n  - verify_data: {{ id: late, of: green }}\n"
            ),
        ),
        ("green_without_one", format!("{all}steps:\n  - verify_data: {{ of: green }}\n")),
        ("handover_without_one", format!("{all}steps:\n  - verify_data: {{ scope: handover }}\n")),
        (
            "compared_in_two_ways",
            format!(
                "{all}steps:\n  - create_blue_green: {{ name: a }}\n  - verify_data:\n      of: green\n      scope: handover\n      \
                 pairs:\n        - {{ source: {{ host: a, table: a.b }}, sink: {{ host: b, table: a.b }} }}\n  \
                 - stop_cdc_jobs\n  - switchover\n  - capture_coordinates\n  - submit_cdc_jobs\n"
            ),
        ),
        ("early_move_alone", format!("{all}steps:\n  - move_cdc_jobs\n  - switchover\n")),
        ("steps_missing", format!("{all}steps:\n  - capture_coordinates\n  - submit_cdc_jobs\n  - clean_up\n")),
        ("sections_missing", format!("{HEAD}steps:\n  - precheck\n  - stop_cdc_jobs\n  - switchover\n")),
        ("no_jobs_to_stop", format!("{HEAD}{FLINK}cdc_jobs: []\nsteps:\n  - stop_cdc_jobs\n")),
    ]
}

fn alias_bomb() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![alias; 9].join(", ")));
    }
    text
}

#[test]
fn every_bad_playbook_is_told_as_a_whole() {
    let folder = folder();
    let mut all = String::new();
    for (name, text) in table() {
        let problems = problems(&text, folder.path());
        assert!(problems.len() > 0);
        all.push_str(&format!("════ {name}\n{}\n\n", problems.render(false)));
        assert!(!all.contains("canary-4711"), "{name} shows a secret:\n{}", problems.render(false));
        assert!(!serde_json::to_string(&problems.to_error()).unwrap().contains("canary-4711"), "{name} tells a secret");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn places_are_those_of_the_file() {
    let folder = folder();
    let text = "version: 1\nname: orders # é\nmysql: { user: \"a@é\", password: hunter2, tls: x }\nsteps: [approve]\n";
    let places: Vec<(usize, usize)> =
        problems(text, folder.path()).iter().map(|found| (found.line, found.column)).collect();
    assert_eq!(places, [(3, 16), (3, 33), (3, 47)]);
}

#[test]
fn colour_is_only_colour() {
    let folder = folder();
    let problems = problems("version: 2\n", folder.path());
    let plain = anstream::adapter::strip_str(&problems.render(true)).to_string();
    assert_eq!(plain, problems.render(false));
    assert_ne!(plain, problems.render(true));
}
