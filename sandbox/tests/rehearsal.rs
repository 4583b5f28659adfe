//! The main job on real parts: a real 5.7 with a live CDC job becomes a real 8.0 under a writer, and no row is lost.
#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

use std::path::Path;
use std::process::{Command, Stdio};

/// What a rehearsal printed; it must have ended well.
fn rehearse(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sandbox = Path::new(env!("CARGO_BIN_EXE_upgrade-sandbox"));
    let upgrade = sandbox.with_file_name("upgrade");
    assert!(upgrade.is_file(), "{} is missing; build it with: cargo build --workspace", upgrade.display());
    let output = Command::new(sandbox)
        .args(["rehearse", "--dir"])
        .arg(folder.path())
        .arg("--playbooks")
        .arg(root.join("playbooks"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

#[test]
fn an_aurora_cluster_is_carried_over_while_upgrade_is_killed_again_and_again() {
    let kills = ["create deployment", "reboot", "stop ", "switchover", "submit green", "attest ", "compare "];
    let mut arguments: Vec<&str> = kills.iter().flat_map(|kill| ["--kill", kill]).collect();
    arguments.push("--wrong-row");
    let text = rehearse(&arguments);
    assert!(text.contains("The wrong row was found: 1 row of the sinks differs"), "{text}");
    assert!(text.contains("Rows lost: 0."), "{text}");
    for kill in kills {
        assert!(text.contains(&format!("Killed during `{kill}`")), "{text}");
    }
    assert_eq!(
        text.matches("  switchover: switchover 1").count(),
        2,
        "the switchover is asked for once more, after a look"
    );
}

#[test]
fn an_rds_instance_is_carried_over_through_a_storm() {
    let text = rehearse(&["--rds", "--storm", "6", "--seed", "4", "--cut-rds", "5"]);
    assert!(text.contains("Rows lost: 0."), "{text}");
    assert!(text.contains("Killed at a random moment (1)"), "{text}");
}

#[test]
fn a_job_left_alone_reads_green_from_a_wrong_place_and_looks_healthy() {
    let text = rehearse(&["--late", "astray", "--state-only"]);
    assert!(text.contains("The job is found Astray: RUNNING"), "{text}");
    assert!(text.contains("of Green") && text.contains("green's first rows are missing"), "{text}");
}
