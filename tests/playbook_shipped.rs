//! The playbooks and the schema in `playbooks/` are what the program reads and says.

#![expect(clippy::unwrap_used, reason = "what prepares a test may stop it")]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use upgrade::{
    playbook::{DatabaseName, Loaded, Step, StepBody, Tls, load, parse, schema, schema_text},
    secret::SecretRef,
};

const NAMES: [&str; 5] =
    ["aurora-mysql-early-move.yaml", "aurora-mysql.yaml", "cdc-only.yaml", "rds-mysql.yaml", "rehearsal.yaml"];

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks")
}

/// A copy of the playbook beside scripts of the names it gives, as the rehearsal makes one.
fn loaded(name: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("jobs")).unwrap();
    for script in ["orders.sql", "rehearsal.sql"] {
        std::fs::write(folder.path().join("jobs").join(script), "").unwrap();
    }
    let path = folder.path().join(name);
    std::fs::copy(shipped().join(name), &path).unwrap();
    load(&path).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn every_shipped_playbook_is_valid() {
    let mut found: Vec<String> = std::fs::read_dir(shipped())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    found.sort();
    assert_eq!(found, NAMES);
    for name in NAMES {
        let Loaded { playbook, text, .. } = loaded(name);
        assert!(text.starts_with("# yaml-language-server: $schema=playbook.schema.json\n"), "{name}");
        let kinds: std::collections::BTreeSet<&str> = playbook.steps.iter().map(|step| step.body.kind()).collect();
        // The early move has two kinds of its own, in place of three; after a switchover by hand four are left.
        let count = match name {
            "aurora-mysql-early-move.yaml" => 12,
            "cdc-only.yaml" => 4,
            _ => 13,
        };
        assert_eq!(kinds.len(), count, "{name} shows every kind of step of its way");
    }
}

#[test]
fn a_playbook_means_what_it_says() {
    let Loaded { playbook, folder, .. } = loaded("aurora-mysql.yaml");
    let target = playbook.target.unwrap();
    assert_eq!(target.database, DatabaseName::AuroraCluster("orders".into()));
    assert_eq!(target.account.as_deref(), Some("123456789012"));
    let mysql = playbook.mysql.unwrap();
    assert_eq!((mysql.password, mysql.tls), (SecretRef::Env("UPGRADE_MYSQL_PASSWORD".into()), Tls::Verify));
    assert_eq!(playbook.secrets["CDC_PASSWORD"], SecretRef::Env("CDC_PASSWORD".into()));
    let upgrade::playbook::FlinkSql::Script(script) = &playbook.cdc_jobs[0].flink_sql else { panic!("a template") };
    assert_eq!(script, &folder.join("jobs/orders.sql"));
    let approve = &playbook.steps[6];
    assert_eq!((approve.id.as_str(), approve.line), ("approve", 39));
}

#[test]
fn what_is_left_out_has_its_default() {
    let text = "version: 1\nname: a\ntarget: { rds_instance: a, region: us-east-1, engine_version: 8.4.6 }\n\
                mysql: { user: u, password: { file: secret } }\nsteps:\n- reboot_green:\n- approve\n\
                - switchover: { id: flip, budget: 90m }\n- capture_coordinates\n- clean_up: {}\n";
    let playbook = parse(text, "a.yaml", Path::new("/books")).unwrap_or_else(|problems| panic!("{problems}"));
    let seconds = Duration::from_secs;
    let step = |id: &str, body, budget, line| Step { id: id.into(), body, budget, line };
    assert_eq!(
        playbook.steps,
        [
            step("reboot_green", StepBody::RebootGreen { always: false }, None, 6),
            step("approve", StepBody::Approve { expires: seconds(24 * 3600) }, None, 7),
            step("flip", StepBody::Switchover { timeout: seconds(300), max_lag: seconds(5) }, Some(seconds(5400)), 8),
            step("capture_coordinates", StepBody::CaptureCoordinates { wait: seconds(900), given: None }, None, 9),
            step("clean_up", StepBody::CleanUp { keep_old_for: seconds(72 * 3600) }, None, 10),
        ]
    );
    assert_eq!(playbook.mysql.unwrap().password, SecretRef::File("/books/secret".into()));
    assert!(playbook.flink.is_none() && playbook.secrets.is_empty() && playbook.cdc_jobs.is_empty());
}

#[test]
fn json_anchors_and_other_line_ends_are_yaml_too() {
    let one = "version: 1\nname: a\nsteps:\n  - approve: { expires: 5m }\n";
    let meant = parse(one, "a.yaml", Path::new("")).unwrap();
    for text in [
        one.replace('\n', "\r\n"),
        format!("\u{feff}{one}"),
        format!("---\n{one}...\n"),
        "{\"version\": 1, \"name\": \"a\", \"steps\": [{\"approve\": {\"expires\": \"5m\"}}]}".to_owned(),
        "version: 1\nname: &n a\nsteps: [approve: {expires: &d 5m}]\n".to_owned(),
    ] {
        let mut read = parse(&text, "a.yaml", Path::new("")).unwrap_or_else(|problems| panic!("{problems}"));
        read.steps[0].line = 4;
        assert_eq!(read, meant, "{text}");
    }
}

#[test]
fn the_schema_in_the_folder_is_that_of_the_program() {
    let path = shipped().join("playbook.schema.json");
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == schema_text(),
        "run `cargo run -- schema > playbooks/playbook.schema.json` and look at what changed"
    );
}

#[test]
fn every_shipped_playbook_fits_the_schema() {
    for name in NAMES {
        let text = std::fs::read_to_string(shipped().join(name)).unwrap();
        let value: Value = serde_yaml::from_str(&text).unwrap();
        fits(&schema(), &value, name).unwrap();
    }
}

#[test]
fn what_does_not_fit_the_program_does_not_fit_the_schema() {
    let text = std::fs::read_to_string(shipped().join("aurora-mysql.yaml")).unwrap();
    for (right, wrong) in [
        ("version: 1", "version: 2"),
        ("name: orders-57-to-80", "nam: orders"),
        ("aurora_cluster: orders", "aurora_cluster: orders\n  rds_instance: orders"),
        ("  aurora_cluster: orders\n", ""),
        ("{ env: UPGRADE_MYSQL_PASSWORD }", "literal"),
        ("{ env: UPGRADE_MYSQL_PASSWORD }", "{ env: A, file: B }"),
        ("tls: verify", "tls: sometimes"),
        ("script: jobs/orders.sql", "template: jobs/orders.sql"),
        ("- precheck", "- run_command"),
        ("expires: 24h", "expires: 24"),
        ("max_lag: 5s", "max_lags: 5s"),
        ("create_blue_green: { name: orders-80 }", "create_blue_green"),
        ("create_blue_green: { name: orders-80 }", "create_blue_green:"),
    ] {
        assert!(text.contains(right), "{right}");
        let text = text.replace(right, wrong);
        let value: Value = serde_yaml::from_str(&text).unwrap();
        assert!(fits(&schema(), &value, "").is_err(), "the schema takes {wrong}");
        assert!(parse(&text, "a.yaml", &shipped()).is_err(), "the program takes {wrong}");
    }
}

/// The part of JSON Schema that the schema uses; a keyword it does not know is an error. Patterns are the program's own.
fn fits(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let no = |why: &str| Err(format!("{at}: {why}: {value}"));
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "pattern" | "additionalProperties" => true,
            "propertyNames" => rule.as_object().is_some_and(|rule| rule.keys().all(|key| key == "pattern")),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| is(value, name)),
                name => is(value, name),
            },
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "required" => value.as_object().is_none_or(|object| {
                rule.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            "dependencies" => value.as_object().is_none_or(|object| {
                rule.as_object().unwrap().iter().all(|(name, others)| {
                    !object.contains_key(name)
                        || others.as_array().unwrap().iter().all(|other| object.contains_key(other.as_str().unwrap()))
                })
            }),
            "oneOf" => {
                let fitting = rule.as_array().unwrap().iter().filter(|one| fits(one, value, at).is_ok()).count();
                if fitting != 1 {
                    return no(&format!("fits {fitting} of the choices"));
                }
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    fits(rule, item, &format!("{at}[{index}]"))?;
                }
                true
            }
            "properties" => {
                for (name, entry) in value.as_object().into_iter().flatten() {
                    match (rule.get(name), schema.get("additionalProperties")) {
                        (Some(rule), _) => fits(rule, entry, &format!("{at}.{name}"))?,
                        (None, Some(Value::Bool(false))) => return no(&format!("unknown key {name}")),
                        (None, _) => {}
                    }
                }
                true
            }
            other => panic!("the check does not know the keyword {other}"),
        };
        if !holds {
            return no(keyword);
        }
    }
    if let (None, Some(rule @ Value::Object(_)), Some(entries)) =
        (schema.get("properties"), schema.get("additionalProperties"), value.as_object())
    {
        for (name, entry) in entries {
            fits(rule, entry, &format!("{at}.{name}"))?;
        }
    }
    Ok(())
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the check does not know the type {other}"),
    }
}
