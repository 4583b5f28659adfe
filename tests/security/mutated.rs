//! The closures of `fuzz/` under random mutations, a little in every run; `FUZZ_CASES=1000000` for more.

use std::{panic::catch_unwind, path::Path};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRng, TestRunner},
};
use upgrade::{
    event::Phase,
    handover::{
        consumer::flink_sql::{Changes, Script, Start, redact, reveal, rewrite},
        savepoint,
    },
    playbook::parse,
    runner::journal,
};

fn cases() -> u32 {
    std::env::var("FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

/// Bytes that mean something to one of the readers.
const WORDS: [&[u8]; 24] = [
    b"'",
    b"`",
    b"\"",
    b"\\",
    b";",
    b"--",
    b"/*",
    b"*/",
    b"//",
    b"\n",
    b"\r",
    b"\t",
    b"\0",
    b"${secret:",
    b"}",
    b"{",
    b"[",
    b": ",
    b"- ",
    b"&a",
    b"*a",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    "é\u{2028}".as_bytes(),
];

/// `seed` with some of it changed, doubled, cut out or put in.
fn mutated(seed: &[u8], rng: &mut TestRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + rng.random_range(0..6) {
        let at = rng.random_range(0..=bytes.len());
        let end = at + rng.random_range(0..=(bytes.len() - at).min(40));
        match rng.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, WORDS[rng.random_range(0..WORDS.len())].to_vec())),
            3 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            4 if at < bytes.len() => bytes[at] = rng.random(),
            _ => {
                let copy = bytes[at..end].to_vec();
                let to = rng.random_range(0..=bytes.len());
                drop(bytes.splice(to..to, copy));
            }
        }
    }
    bytes
}

/// Every case must hold; what did not is shown, so that it can become a test.
fn each(seeds: &[Vec<u8>], holds: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let mut runner = TestRunner::new(Config::default());
    for case in 0..cases() {
        let seed = &seeds[case as usize % seeds.len()];
        let bytes = mutated(seed, runner.rng());
        if catch_unwind(|| holds(&bytes)).is_err() {
            panic!("{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}

fn files(below: &str, name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(name) {
                found.push(fs_err::read(path).unwrap());
            }
        }
    }
    assert!(!found.is_empty(), "{below} has seeds");
    found
}

#[test]
fn a_savepoint_of_any_bytes() {
    each(&files("tests/fixtures/savepoints", "_metadata"), |bytes| {
        for offset in savepoint::parse(bytes).unwrap_or_default() {
            let place = !offset.file.is_empty() && offset.position >= 4;
            assert!(place || offset.gtid_set.is_some() || offset.phase == Phase::Snapshot, "{offset:?}");
        }
    });
}

#[test]
fn a_script_of_any_text() {
    each(&files("playbooks/jobs", ".sql"), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let redacted = redact(&text);
        if let Ok(script) = Script::parse(&text) {
            assert_eq!(rewrite(&script, &Changes::default()), text);
            let start = Some(Start::Position { file: "mysql-bin.000007".to_owned(), position: 1234 });
            let changed = rewrite(&script, &Changes { start, ..Changes::default() });
            assert!(Script::parse(&changed).is_ok(), "{changed}");
            assert!(Script::parse(&redacted.text).is_ok(), "{}", redacted.text);
            assert!(redact(&redacted.text).literals.is_empty(), "{}", redacted.text);
            let _ = reveal(&redacted.text, &redacted.literals);
        }
    });
}

#[test]
fn a_playbook_of_any_text() {
    each(&files("playbooks", ".yaml"), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Err(problems) = parse(&text, "playbook.yaml", Path::new("playbooks")) {
            let lines = text.split('\n').count();
            assert!(problems.iter().next().is_some());
            assert!(problems.iter().all(|problem| (1..=lines).contains(&problem.line) && problem.column > 0));
            assert!(!problems.render(false).is_empty());
        }
    });
}

#[test]
fn a_journal_of_any_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let playbook = folder.path().join("playbook.yaml");
    fs_err::write(&playbook, "version: 1\nname: orders\nsteps: [approve]\n").unwrap();
    let state = folder.path().join("state");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_upgrade"))
        .args(["--state".as_ref(), state.as_os_str(), "run".as_ref(), playbook.as_os_str()])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(5));
    let runs = fs_err::read_dir(state.join("runs/orders")).unwrap().next().unwrap().unwrap().path();
    let seed = fs_err::read(runs.join("journal.jsonl")).unwrap();
    each(&[seed], |bytes| {
        std::fs::write(&path, bytes).unwrap();
        match (journal::read(&path), journal::read(&path)) {
            (Ok(first), Ok(second)) => {
                assert_eq!((&first.entries, first.torn), (&second.entries, second.torn));
                let _ = upgrade::runner::Run::fold(&first.entries);
            }
            (Err(first), Err(second)) => assert_eq!(first, second),
            _ => panic!("read once and refused once"),
        }
    });
}
