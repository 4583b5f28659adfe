//! A run's folder as people and machines leave it, met by the program as a user types it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use sandbox::region::Faults;
use serde_json::Value;

use crate::{
    call,
    ordinary::host,
    support::{
        desk::{Desk, RUN},
        world::{State, World},
    },
};

/// A playbook that asks nobody outside.
const GATE: &str = "version: 1\nname: gate\nsteps: [approve]\n";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self::of(GATE)
    }

    fn of(playbook: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("playbook.yaml"), playbook).unwrap();
        Self { folder }
    }

    /// With a run that waits at its gate.
    fn waiting() -> Self {
        let place = Self::new();
        assert_eq!(place.verb(&["run"]).status.code(), Some(5));
        place
    }

    fn verb(&self, words: &[&str]) -> Output {
        verb(self.folder.path(), words)
    }

    fn runs(&self) -> Vec<PathBuf> {
        let named = std::fs::read_dir(self.folder.path().join(".upgrade/runs")).unwrap().next().unwrap();
        let runs = named.unwrap().path();
        let mut runs: Vec<_> = std::fs::read_dir(runs).unwrap().map(|entry| entry.unwrap().path()).collect();
        runs.sort();
        runs
    }

    fn journal(&self) -> PathBuf {
        self.runs().pop().unwrap().join("journal.jsonl")
    }

    /// Changes the journal, as nobody should.
    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(self.journal()).unwrap();
        change(&mut bytes);
        std::fs::write(self.journal(), bytes).unwrap();
    }
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_upgrade"))
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("USER", "tester").env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").stdin(Stdio::null());
    command
}

/// `upgrade VERB playbook.yaml …`.
fn verb(folder: &Path, words: &[&str]) -> Output {
    command(&program(), folder).arg(words[0]).arg("playbook.yaml").args(&words[1..]).output().unwrap()
}

/// The same on a disk that takes no file of more than `half_kibs` times 512 bytes.
fn on_a_full_disk(folder: &Path, half_kibs: u32, words: &str) -> Output {
    let line = format!("trap '' XFSZ; ulimit -f {half_kibs}; exec \"$0\" {words}");
    command(Path::new("/bin/sh"), folder).args(["-c", &line]).arg(program()).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn next(output: &Output) -> String {
    let text = told(output);
    text.lines()
        .rev()
        .find_map(|line| line.strip_prefix("next: "))
        .unwrap_or_else(|| panic!("no next in {text}"))
        .into()
}

#[test]
fn a_torn_record_is_told_by_every_verb_and_dropped_by_the_next_run() {
    let place = Place::waiting();
    place.change(|bytes| bytes.truncate(bytes.len() - 20));
    for words in [["status"], ["report"]] {
        let output = place.verb(&words);
        assert_eq!(output.status.code(), Some(0));
        let all = told(&output) + &String::from_utf8_lossy(&output.stdout);
        assert!(all.contains("in the middle of a record"), "{words:?}: {all}");
    }
    let run = place.verb(&["run"]);
    assert_eq!(run.status.code(), Some(5));
    assert!(told(&run).contains("that record was dropped"), "{}", told(&run));
    assert!(!told(&place.verb(&["status"])).contains("in the middle of a record"));
}

#[test]
fn damage_is_refused_by_every_verb_with_a_way_out() {
    let place = Place::waiting();
    let whole = std::fs::read(place.journal()).unwrap();
    place.change(|bytes| {
        let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 30;
        bytes[second] ^= 1;
    });
    let verbs: [&[&str]; 6] = [
        &["status"],
        &["report"],
        &["run"],
        &["approve", "approve"],
        &["abort", "--yes"],
        &["resolve", "approve", "--as", "skip", "--reason", "x"],
    ];
    for words in verbs {
        let output = place.verb(words);
        assert_eq!(output.status.code(), Some(7), "{words:?}");
        let text = told(&output);
        assert!(text.contains("damaged in line 2") && text.contains("Nothing was changed"), "{words:?}: {text}");
        assert!(text.contains("--new-run") && text.contains("from a copy"), "{words:?}: {text}");
        assert_eq!(next(&output), "upgrade run playbook.yaml", "{words:?}: a status would say the same again");
    }
    // What the hint says helps.
    std::fs::write(place.journal(), whole).unwrap();
    assert_eq!(place.verb(&["approve", "approve"]).status.code(), Some(0));
    assert_eq!(place.verb(&["run"]).status.code(), Some(0));
    place.change(|bytes| bytes[30] ^= 1);
    let anew = place.verb(&["run", "--new-run"]);
    assert_eq!(anew.status.code(), Some(5));
    assert!(told(&anew).contains("damaged in line 1"), "{}", told(&anew));
    assert_eq!(place.runs().len(), 2);
}

#[test]
fn a_newer_versions_run_is_left_to_it() {
    let place = Place::waiting();
    place.change(|bytes| bytes.extend_from_slice(b"{\"v\":2,\"of\":\"another age\"}\n"));
    for words in [["run"].as_slice(), &["run", "--new-run"], &["status"]] {
        let output = place.verb(words);
        assert_eq!(output.status.code(), Some(7), "{words:?}");
        assert!(told(&output).contains("format version 2 from line 5 on"), "{words:?}: {}", told(&output));
    }
    assert_eq!(place.runs().len(), 1, "nothing is begun beside it");
}

#[test]
fn on_a_full_disk_a_run_says_so_and_goes_on_once_there_is_room() {
    let place = Place::waiting();
    // Two more calls, and the file is longer than the disk will take.
    for _ in 0..2 {
        assert_eq!(place.verb(&["run"]).status.code(), Some(5));
    }
    let before = std::fs::read(place.journal()).unwrap();
    assert!(before.len() > 1024);
    let words = ["run playbook.yaml", "approve playbook.yaml approve"];
    for line in words {
        let full = on_a_full_disk(place.folder.path(), 2, line);
        assert_eq!(full.status.code(), Some(4), "{line}: {}", told(&full));
        let text = told(&full);
        assert!(text.contains("journal cannot be written") && text.contains("File too large"), "{line}: {text}");
        assert!(text.contains("Make room"), "{line}: {text}");
        assert_eq!(std::fs::read(place.journal()).unwrap(), before, "{line}");
    }
    assert_eq!(place.verb(&["approve", "approve"]).status.code(), Some(0));
    assert_eq!(place.verb(&["run"]).status.code(), Some(0));
}

#[test]
fn a_run_that_finds_no_room_at_all_changes_nothing() {
    let place = Place::new();
    let full = on_a_full_disk(place.folder.path(), 0, "run playbook.yaml");
    assert_eq!(full.status.code(), Some(4), "{}", told(&full));
    assert!(told(&full).contains("Nothing was changed"), "{}", told(&full));
    let status = place.verb(&["status", "--output", "json"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("\"never_run\""));
    assert_eq!(place.verb(&["run"]).status.code(), Some(5));
}

#[test]
fn a_full_disk_in_the_middle_of_a_call_is_told_where_the_call_ends() {
    // A name so long that the disk ends within the record that the call ends with.
    let place = Place::of(&GATE.replace("name: gate", &format!("name: {}", "gate-".repeat(11).trim_end_matches('-'))));
    let full = on_a_full_disk(place.folder.path(), 2, "run playbook.yaml");
    assert_eq!(std::fs::metadata(place.journal()).unwrap().len(), 1024, "the last record did not fit");
    assert_eq!(full.status.code(), Some(5), "the gate was reached, and stays reached");
    assert!(told(&full).contains("How this call ended is not in the journal"), "{}", told(&full));
    assert_eq!(place.verb(&["approve", "approve"]).status.code(), Some(0));
    assert_eq!(place.verb(&["run"]).status.code(), Some(0));
}

#[test]
fn a_lost_copy_of_the_playbook_is_written_again_and_told() {
    let place = Place::waiting();
    let copy = place.runs()[0].join("playbook.yaml");
    std::fs::remove_file(&copy).unwrap();
    let run = place.verb(&["run"]);
    assert_eq!(run.status.code(), Some(5));
    assert!(told(&run).contains("copy of the playbook"), "{}", told(&run));
    assert_eq!(std::fs::read_to_string(copy).unwrap(), GATE);
}

/// Another path, as on another host; locks do not come along.
#[test]
fn a_copied_run_goes_on_where_it_was_copied_to() {
    let place = Place::waiting();
    let other = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(place.folder.path()).arg(other.path().join("there")).status();
    assert!(copied.unwrap().success());
    let there = other.path().join("there");
    std::fs::remove_dir_all(there.join(".upgrade/locks")).unwrap();
    let status = verb(&there, &["status", "--output", "json"]);
    let line: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(line["state"], "waiting");
    assert_eq!(line["next"], "upgrade approve playbook.yaml approve");
    assert_eq!(verb(&there, &["report"]).status.code(), Some(0));
    assert_eq!(verb(&there, &["approve", "approve"]).status.code(), Some(0));
    assert_eq!(verb(&there, &["run"]).status.code(), Some(0));
    assert_eq!(place.verb(&["run"]).status.code(), Some(5), "the one it was copied from knows nothing of it");
}

/// A whole run of the pretended world, laid where the program looks for it.
#[test]
fn an_artifact_that_is_gone_or_changed_is_named() {
    let world = World::new(State::aurora(Faults::default()));
    let desk = Desk::new(&host(&world.state()));
    let (ending, _) = call::run(&desk, &world, desk.started(), Default::default());
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    let folder = desk.folder.path();
    let run = folder.join(".upgrade/runs/orders").join(RUN);
    std::fs::create_dir_all(&run).unwrap();
    std::fs::rename(desk.journal(), run.join("journal.jsonl")).unwrap();
    std::fs::rename(folder.join("artifacts"), run.join("artifacts")).unwrap();
    let playbook = "version: 1\nname: orders\nsteps: [create_blue_green: { name: orders-80 }]\n\
                    target: { aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }\n";
    std::fs::write(folder.join("playbook.yaml"), playbook).unwrap();
    let report = |format| {
        let output = verb(folder, &["report", "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        // Markdown keeps `_` from meaning anything.
        String::from_utf8(output.stdout).unwrap().replace('\\', "")
    };
    assert!(!report("human").contains("does not depend on it"), "all are there");
    let job = run.join("artifacts/orders-to-target");
    std::fs::remove_file(job.join("green.sql")).unwrap();
    std::fs::write(job.join("handover.md"), "All is well.").unwrap();
    for format in ["human", "json", "markdown", "html", "junit"] {
        let text = report(format);
        assert!(text.contains("green.sql, which `submit_cdc_jobs` wrote, is missing"), "{format}: {text}");
        assert!(text.contains("handover.md, which `submit_cdc_jobs` wrote, is no longer"), "{format}: {text}");
    }
    assert!(told(&verb(folder, &["status"])).contains("is missing from the run folder"));
}
