//! The journal survives what crashes and disks do to a file, and never reads as something it is not.
#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

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
    assert!(error.message.contains("format version 2"), "{}", error.message);
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
    fn a_changed_byte_never_changes_a_record(steps in 2usize..4, place in 0.0f64..1.0, flip in 1u8..=255) {
        let (_folder, path, mut bytes) = written(steps);
        let at = (bytes.len() as f64 * place) as usize;
        bytes[at] ^= flip;
        std::fs::write(&path, &bytes).unwrap();
        match journal::read(&path) {
            Ok(recovered) => {
                let read: Vec<_> = recovered.entries.into_iter().map(|entry| entry.record).collect();
                let true_ones = records(steps);
                prop_assert_eq!(&read[..], &true_ones[..read.len()]);
                prop_assert!(read.len() + 1 >= true_ones.len(), "only a last line may be dropped");
            }
            Err(error) => prop_assert_eq!(error.kind, Kind::Drift),
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
