//! `upgrade validate`, `schema` and `completions` as a user calls them.

#![expect(clippy::unwrap_used, reason = "what prepares a test may stop it")]

use std::{fs, path::Path};

use assert_cmd::Command;
use serde_json::Value;

fn upgrade(folder: &Path, line: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("upgrade").unwrap();
    let output = command.current_dir(folder).args(line).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn folder(text: impl AsRef<[u8]>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.yaml"), text).unwrap();
    folder
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

const VALID: &str = "version: 1\nname: a\nsteps: [approve]\n";

#[test]
fn a_valid_playbook_is_said_in_one_line() {
    let folder = folder(VALID);
    assert_eq!(
        upgrade(folder.path(), &["validate", "p.yaml"]),
        (0, "playbook is valid: 1 step\n".into(), String::new())
    );
    assert_eq!(upgrade(folder.path(), &["validate", "p.yaml", "-q"]), (0, String::new(), String::new()));
}

#[test]
fn a_valid_playbook_as_json_is_one_event() {
    let folder = folder(VALID);
    let (code, out, err) = upgrade(folder.path(), &["--output", "json", "validate", "p.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let [event] = &lines(&out)[..] else { panic!("{out}") };
    assert_eq!(
        (&event["type"], &event["outcome"], &event["exit_code"]),
        (&"run_finished".into(), &"succeeded".into(), &0.into())
    );
}

#[test]
fn every_error_is_shown_on_stderr_with_its_place() {
    let folder = folder("version: 1\nname: A\nsteps: [dance]\n");
    let (code, out, err) = upgrade(folder.path(), &["validate", "p.yaml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("error: `A` is not a playbook name\n --> p.yaml:2:7"), "{err}");
    assert!(err.contains("error: unknown step `dance`\n --> p.yaml:3:9"), "{err}");
    assert!(!err.contains('\u{1b}'), "no colour where no terminal is: {err}");
    let (_, _, coloured) = upgrade(folder.path(), &["validate", "p.yaml", "--color", "always"]);
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn every_error_is_a_finding_in_json() {
    let folder = folder("version: 1\nname: A\nmysql: { user: u, password: canary-4711 }\nsteps: [dance]\n");
    let (code, out, err) = upgrade(folder.path(), &["validate", "p.yaml", "--output", "json"]);
    assert_eq!((code, err.as_str()), (2, ""));
    assert!(!out.contains("canary-4711"), "{out}");
    let events = lines(&out);
    let objects: Vec<&Value> = events[..3].iter().map(|event| &event["object"]).collect();
    assert_eq!(objects, ["p.yaml:2:7", "p.yaml:3:29", "p.yaml:4:9"]);
    assert!(events[..3].iter().all(|event| event["type"] == "finding" && event["check"] == "playbook"));
    assert_eq!(events[3]["type"], "run_finished");
    assert_eq!((&events[3]["exit_code"], &events[3]["next"]), (&2.into(), &"upgrade validate p.yaml".into()));
    assert_eq!(events.iter().map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn a_file_that_cannot_be_read_is_one_clear_error() {
    let folder = folder(b"version: 1\nname: \xff\xfe\n");
    for (name, message) in [
        ("p.yaml", "error: the playbook is not UTF-8 from here on\n --> p.yaml:2:7"),
        ("absent.yaml", "error: the playbook cannot be read: No such file or directory"),
        (".", "error: the playbook cannot be read: Is a directory"),
    ] {
        let (code, out, err) = upgrade(folder.path(), &["validate", name]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        assert!(err.starts_with(message), "{err}");
        assert_eq!(err.matches("error:").count(), 1, "{err}");
        assert_eq!(lines(&upgrade(folder.path(), &["validate", name, "--output", "json"]).1).len(), 2);
    }
}

#[test]
fn scripts_are_looked_for_beside_the_playbook() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("books/jobs");
    fs::create_dir_all(&nested).unwrap();
    fs::write(nested.join("a.sql"), "").unwrap();
    let text = "version: 1\nname: a\ncdc_jobs: [{ name: a, flink_sql: { script: jobs/a.sql } }]\nsteps: [approve]\n";
    fs::write(folder.path().join("books/p.yaml"), text).unwrap();
    assert_eq!(upgrade(folder.path(), &["validate", "books/p.yaml"]).0, 0);
    assert_eq!(upgrade(&nested, &["validate", "../p.yaml"]).0, 0);
}

#[test]
fn a_file_of_gigabytes_is_not_a_playbook() {
    let folder = folder("#".repeat(2 * 1024 * 1024));
    let (code, _, err) = upgrade(folder.path(), &["validate", "p.yaml"]);
    assert!(code == 2 && err.contains("2097152 bytes"), "{err}");
}

#[test]
fn a_wrong_command_line_is_exit_2_and_says_nothing_on_stdout() {
    let folder = folder(VALID);
    for line in [
        &[][..],
        &["dance"],
        &["validate"],
        &["validate", "p.yaml", "--output", "xml"],
        &["resolve", "p.yaml", "x", "--as", "done"],
    ] {
        let (code, out, err) = upgrade(folder.path(), line);
        assert_eq!((code, out.as_str()), (2, ""), "{line:?}");
        assert!(!err.is_empty());
    }
}

#[test]
fn help_names_the_exit_codes() {
    let folder = folder(VALID);
    for line in [&["--help"][..], &["run", "--help"], &["validate", "--help"]] {
        let (code, out, _) = upgrade(folder.path(), line);
        assert_eq!(code, 0);
        for exit_code in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "10", "130"] {
            assert!(
                out.lines().any(|line| line.trim_start().starts_with(&format!("{exit_code}  "))),
                "{exit_code}: {out}"
            );
        }
    }
}

#[test]
fn the_schema_is_json_in_both_formats() {
    let folder = folder(VALID);
    let (_, pretty, _) = upgrade(folder.path(), &["schema"]);
    let (_, line, _) = upgrade(folder.path(), &["schema", "--output", "json"]);
    assert_eq!(lines(&line)[..], [serde_json::from_str::<Value>(&pretty).unwrap()]);
}

#[test]
fn completions_know_the_verbs() {
    let folder = folder(VALID);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script, _) = upgrade(folder.path(), &["completions", shell]);
        assert!(code == 0 && script.contains("validate") && script.contains("resolve"), "{shell}");
    }
    let (_, line, _) = upgrade(folder.path(), &["completions", "bash", "--output", "json"]);
    assert_eq!(lines(&line)[0]["shell"], "bash");
}
