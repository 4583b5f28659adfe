//! A journal survives what crashes and disks do to a file, and never reads as something it is not.

use proptest::prelude::*;
use serde_json::json;
use time::OffsetDateTime;
use upgrade::{
    error::{Error, Kind},
    event::{Outcome, StepName},
    runner::{
        Run,
        journal::{self, Journal, Record},
    },
    step::{Operation, Policy},
};

fn records(steps: usize) -> Vec<Record> {
    let names = (0..steps).map(|n| StepName { id: format!("step-{n}"), kind: "precheck".to_owned() }).collect();
    let mut records = vec![Record::RunStarted {
        run: "0192".to_owned(),
        playbook: "orders".to_owned(),
        target: "aurora cluster orders in us-east-1".to_owned(),
        version: "0".to_owned(),
        steps: names,
    }];
    for n in 0..steps {
        let step = format!("step-{n}");
        let operation = Operation {
            id: "reboot orders-1".to_owned(),
            policy: Policy::Observe,
            what: "Reboot \"orders-1\"\nnow".to_owned(),
            calls: vec!["RebootDBInstance(orders-1)".to_owned()],
            intent: json!({ "instance": "orders-1", "n": n }),
        };
        records.push(Record::StepStarted {
            step: step.clone(),
            step_kind: "precheck".to_owned(),
            input: "sha256:0".to_owned(),
        });
        records.push(Record::OperationStarted { step: step.clone(), attempt: 1, operation });
        records.push(Record::OperationDone {
            step: step.clone(),
            operation: "reboot orders-1".to_owned(),
            attempt: 1,
            seen: false,
        });
        records.push(Record::StepFinished {
            step,
            outcome: Outcome::Succeeded,
            reason: None,
            outputs: json!({ "n": n }),
        });
    }
    records
}

fn written(steps: usize) -> (tempfile::TempDir, std::path::PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::create(&path).unwrap();
    for record in records(steps) {
        journal.append(record, OffsetDateTime::UNIX_EPOCH).unwrap();
    }
    let bytes = std::fs::read(&path).unwrap();
    (folder, path, bytes)
}

#[test]
fn what_is_written_is_read_again() {
    let (_folder, path, _) = written(3);
    let recovered = journal::read(&path).unwrap();
    assert_eq!(recovered.torn, None);
    let read: Vec<_> = recovered.entries.into_iter().map(|entry| entry.record).collect();
    assert_eq!(read, records(3));
}

#[test]
fn a_journal_goes_on_where_it_was_torn() {
    let (_folder, path, bytes) = written(2);
    std::fs::write(&path, &bytes[..bytes.len() - 7]).unwrap();
    let (mut journal, recovered) = Journal::open(&path).unwrap();
    assert!(recovered.torn.is_some());
    let last = records(2).pop().unwrap();
    journal.append(last, OffsetDateTime::UNIX_EPOCH).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let (_folder, path, bytes) = written(1);
    let text = String::from_utf8(bytes).unwrap();
    let first = text.lines().next().unwrap();
    let body = first.replacen("{\"v\":1,", "{\"v\":2,", 1);
    let body = body[..body.rfind(",\"check\"").unwrap()].to_owned() + "}";
    let check = crc32fast::hash(body.as_bytes());
    let line = format!("{},\"check\":\"{check:08x}\"}}\n", body.strip_suffix('}').unwrap());
    std::fs::write(&path, line).unwrap();
    let error = journal::read(&path).unwrap_err();
    assert_eq!(error.kind, Kind::Drift);
    assert!(error.message.contains("format version 2 from line 1 on"), "{}", error.message);
    assert!(journal::is_newer(&path));
    // Whatever else a newer version does to its lines.
    std::fs::write(&path, "{\"v\":3,\"sum\":\"blake3:0\"}\n").unwrap();
    assert!(journal::read(&path).unwrap_err().message.contains("format version 3"));
}

#[test]
fn a_whole_last_line_is_never_taken_for_a_torn_one() {
    let (_folder, path, bytes) = written(2);
    let start = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for at in start..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        let error = journal::read(&path).unwrap_err();
        assert!(error.message.contains("line 9"), "byte {at}: {error}");
    }
}

/// What stands in one line of it may follow only on what stands before.
#[test]
fn records_in_an_order_that_cannot_be_are_refused_by_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::create(&path).unwrap();
    let mut all = records(1);
    all.swap(2, 3);
    for record in all {
        journal.append(record, OffsetDateTime::UNIX_EPOCH).unwrap();
    }
    let error = Run::fold(&journal::read(&path).unwrap().entries).unwrap_err();
    assert_eq!(error.kind, Kind::Drift);
    assert!(error.message.contains("line 3") && error.message.contains("operation_done"), "{error}");
}

#[derive(Debug, Clone)]
enum Edit {
    Flip(f64, u8),
    Insert(f64, u8),
    Delete(f64),
}

fn edit() -> impl Strategy<Value = Edit> {
    // What separates and numbers lines is more likely than other bytes to read as something else.
    let byte = || prop_oneof![any::<u8>(), proptest::sample::select(b"\n}{\",0123456789 \0".to_vec())];
    prop_oneof![
        (0.0f64..1.0, 1u8..).prop_map(|(at, bits)| Edit::Flip(at, bits)),
        (0.0f64..1.0, byte()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        (0.0f64..1.0).prop_map(Edit::Delete),
    ]
}

fn edited(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits {
        let place = |at: f64| (bytes.len() as f64 * at) as usize;
        match *edit {
            Edit::Flip(at, bits) => {
                let at = place(at);
                bytes[at] ^= bits;
            }
            Edit::Insert(at, byte) => bytes.insert(place(at), byte),
            Edit::Delete(at) => {
                bytes.remove(place(at));
            }
        }
    }
    bytes
}

proptest! {
    #[test]
    fn every_cut_leaves_a_prefix(steps in 1usize..4, cut in 0.0f64..1.0) {
        let (_folder, path, bytes) = written(steps);
        let at = (bytes.len() as f64 * cut) as usize;
        std::fs::write(&path, &bytes[..at]).unwrap();
        let recovered = journal::read(&path).unwrap();
        let whole = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(recovered.entries.len(), whole);
        prop_assert_eq!(recovered.torn.is_some(), at > 0 && bytes[at - 1] != b'\n');
    }

    #[test]
    fn damage_is_refused_by_its_line_and_never_reads_as_something_else(
        steps in 1usize..4,
        edits in proptest::collection::vec(edit(), 1..4),
    ) {
        let (_folder, path, bytes) = written(steps);
        let changed = edited(&bytes, &edits);
        std::fs::write(&path, &changed).unwrap();
        let all = records(steps);
        match journal::read(&path) {
            Ok(recovered) => {
                let read: Vec<_> = recovered.entries.into_iter().map(|entry| entry.record).collect();
                prop_assert_eq!(&read[..], &all[..read.len()]);
                let torn = changed.last() != Some(&b'\n');
                prop_assert_eq!(recovered.torn.is_some(), torn);
                prop_assert!(read.len() + usize::from(torn) >= all.len(), "only what is torn may be dropped");
            }
            Err(error) => {
                prop_assert_eq!(error.kind, Kind::Drift);
                let same = bytes.iter().zip(&changed).take_while(|(one, other)| one == other).count();
                let line = 1 + bytes[..same].iter().filter(|byte| **byte == b'\n').count();
                let named = error.message.split("line ").nth(1).unwrap();
                let named: String = named.chars().take_while(char::is_ascii_digit).collect();
                prop_assert_eq!(named, line.to_string(), "{}", error.message);
                prop_assert_eq!(error.unchanged.as_deref(), Some("Nothing was changed"));
            }
        }
    }
}

#[test]
fn a_reboot_is_never_begun_twice_while_its_outcome_is_unknown() {
    let mut run = Run::default();
    let all = records(1);
    for record in &all[..3] {
        run.apply(record, OffsetDateTime::UNIX_EPOCH).unwrap();
    }
    let Record::OperationStarted { operation, .. } = &all[2] else { panic!("the third record starts the operation") };
    let again = Record::OperationStarted { step: "step-0".to_owned(), attempt: 2, operation: operation.clone() };
    let lost = Record::Unknown {
        step: "step-0".to_owned(),
        operation: operation.id.clone(),
        attempt: 1,
        error: Error::unknown("The reply was lost"),
    };
    assert!(run.clone().apply(&again, OffsetDateTime::UNIX_EPOCH).is_err(), "while it is open");
    run.apply(&lost, OffsetDateTime::UNIX_EPOCH).unwrap();
    assert!(run.clone().apply(&again, OffsetDateTime::UNIX_EPOCH).is_err(), "while its outcome is unknown");
    let failed = Record::Failed {
        step: "step-0".to_owned(),
        operation: Some(operation.id.clone()),
        attempt: 1,
        error: Error::permanent("Looked at and found not applied"),
    };
    run.apply(&failed, OffsetDateTime::UNIX_EPOCH).unwrap();
    run.apply(&again, OffsetDateTime::UNIX_EPOCH).unwrap();
    let done =
        Record::OperationDone { step: "step-0".to_owned(), operation: operation.id.clone(), attempt: 2, seen: true };
    run.apply(&done, OffsetDateTime::UNIX_EPOCH).unwrap();
    let third = Record::OperationStarted { step: "step-0".to_owned(), attempt: 3, operation: operation.clone() };
    assert!(run.apply(&third, OffsetDateTime::UNIX_EPOCH).is_err(), "once it was done");
}
