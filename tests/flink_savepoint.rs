//! Offsets of real savepoints and checkpoints (`tests/fixtures/savepoints`: Flink 1.20.3, mysql-cdc 3.5.0, MySQL 5.7).

#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use upgrade::{
    error::{Kind, Result},
    event::{Offset, Phase},
    handover::savepoint::{self, Unreadable},
    port::{Reply, files::FilesRead},
};

struct Disk;

impl FilesRead for Disk {
    fn read<'a>(&'a self, uri: &'a str, _limit: u64) -> Reply<'a, Option<Vec<u8>>> {
        Box::pin(async move { Ok(std::fs::read(uri.trim_start_matches("file:")).ok()) })
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/savepoints").join(name)
}

fn metadata(name: &str) -> Vec<u8> {
    std::fs::read(folder(name).join("_metadata")).expect("the fixture is there")
}

async fn offsets(name: &str) -> Result<Vec<Offset>> {
    savepoint::offsets(&Disk, folder(name).to_str().expect("the path is text")).await
}

fn at(source: &str, position: u64, skip_events: u64, skip_rows: u64) -> Offset {
    Offset {
        source: source.into(),
        file: "mysql-bin-changelog.000001".into(),
        position,
        skip_events,
        skip_rows,
        gtid_set: None,
        server_id: Some(157),
        phase: Phase::Binlog,
    }
}

#[tokio::test]
async fn a_clean_offset_is_the_end_of_the_log() {
    // `SHOW MASTER STATUS` said mysql-bin-changelog.000001, 567273 before the savepoint was taken.
    assert_eq!(offsets("clean").await.unwrap(), [at("source.source_table", 567_273, 0, 0)]);
}

#[tokio::test]
async fn an_unclean_offset_keeps_what_is_to_be_skipped() {
    assert_eq!(offsets("unclean").await.unwrap(), [at("source.source_table", 567_338, 2, 3)]);
}

#[tokio::test]
async fn two_sources_are_two_offsets() {
    let expected = [at("source.source_table", 569_353, 2, 3), at("source.second", 568_827, 2, 1)];
    assert_eq!(offsets("two_tables").await.unwrap(), expected);
}

#[tokio::test]
async fn one_source_of_two_tables_is_one_offset() {
    // Nothing was read after the tables had been copied, so no event has told a server id yet.
    let expected = Offset { server_id: None, ..at("source.big,source.second", 569_896, 0, 0) };
    assert_eq!(offsets("one_source_two_tables").await.unwrap(), [expected]);
}

#[tokio::test]
async fn a_gtid_set_is_kept() {
    let gtid_set = Some("a950fc2c-e5a8-11f1-9db5-02fc00000001:1-18".to_owned());
    let expected = Offset { gtid_set, ..at("source.source_table", 566_665, 0, 0) };
    assert_eq!(offsets("gtid").await.unwrap(), [expected]);
}

#[tokio::test]
async fn a_source_that_copies_tables_has_no_place_yet() {
    let found = offsets("snapshot").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].source.as_str(), found[0].phase, found[0].file.as_str()), ("source.big", Phase::Snapshot, ""));
}

#[tokio::test]
async fn state_in_a_file_beside_is_read() {
    let found = offsets("sibling_file").await.unwrap();
    assert_eq!((found.len(), found[0].source.as_str(), found[0].phase), (1, "source.source_table", Phase::Binlog));
    assert_eq!((found[0].skip_events, found[0].server_id), (0, Some(157)));

    let error = savepoint::parse(&metadata("sibling_file")).unwrap_err();
    assert!(matches!(error, Unreadable::MissingFile { .. }), "{error}");
}

#[tokio::test]
async fn a_checkpoint_kept_after_cancelling_is_read_by_its_metadata_too() {
    let folder = folder("retained_checkpoint");
    let by_folder = savepoint::offsets(&Disk, &format!("file:{}/", folder.display())).await.unwrap();
    let by_file = savepoint::offsets(&Disk, &format!("{}/_metadata", folder.display())).await.unwrap();
    assert_eq!(by_folder, by_file);
    assert_eq!(by_folder[0].phase, Phase::Binlog);
}

#[tokio::test]
async fn a_file_beside_that_was_cut_is_an_error() {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder("sibling_file")).unwrap() {
        let entry = entry.unwrap();
        let mut data = std::fs::read(entry.path()).unwrap();
        if entry.file_name() != "_metadata" {
            data.pop();
        }
        std::fs::write(copy.path().join(entry.file_name()), data).unwrap();
    }
    let error = savepoint::offsets(&Disk, copy.path().to_str().unwrap()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert!(error.message.contains("has 1611 bytes where 1612 were written"), "{error}");
}

#[tokio::test]
async fn compressed_state_is_read() {
    // The first offset of a frame stands there uncompressed: a hex dump of the file shows these numbers.
    assert_eq!(offsets("compressed").await.unwrap(), [at("source.source_table", 1_156_430, 2, 3)]);
}

#[test]
fn a_changed_byte_of_compressed_state_never_leads_to_another_offset() {
    let truth = metadata("compressed");
    let expected = savepoint::parse(&truth).unwrap();
    let first = truth.windows(6).position(|window| window == b"sNaPpY").unwrap() + 6;
    let mut told = 0;
    for at in 0..truth.len() {
        for byte in [0x00, 0x01, 0xff, 0xfe, 0x80, b'0', b'9', truth[at] ^ 1, truth[at] ^ 0x80] {
            let mut data = truth.clone();
            data[at] = byte;
            match savepoint::parse(&data) {
                // Within the frames not even a name can change.
                Ok(found) if at >= first => assert_eq!(found, expected, "byte {at} as {byte}"),
                Ok(found) => assert_eq!(places(&found), places(&expected), "byte {at} as {byte}"),
                Err(Unreadable::Compressed { .. }) => told += 1,
                Err(_) => {}
            }
        }
    }
    assert!(told > 1000, "only {told} changes met a checksum");
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let error = offsets("nowhere").await.unwrap_err();
    assert!(error.message.contains("there is no"), "{error}");

    assert_eq!(savepoint::parse(b"").unwrap_err(), Unreadable::NotASavepoint);
    assert_eq!(savepoint::parse(b"PK\x03\x04 something else").unwrap_err(), Unreadable::NotASavepoint);
    let mut newer = metadata("clean");
    for version in [0, 1, 2, 7, 9] {
        newer[7] = version;
        let error = savepoint::parse(&newer).unwrap_err();
        assert!(matches!(error, Unreadable::Version { found, .. } if found == i32::from(version)), "{error}");
    }
}

/// `_metadata` of `clean`, format 4, as other versions of Flink lay it out: 3 ends with the operators, 5 and 6 name each.
fn clean_as(version: u8) -> Vec<u8> {
    const OPERATORS: [u128; 4] = [
        0xcbc3_57cc_b763_df28_52fe_e8c4_fc7d_55f2,
        0xba40_499b_acce_995f_1569_3b17_3592_8377,
        0x570f_7071_93e0_fe32_f4d8_6d06_7aba_243b,
        0x3d05_135c_f7d8_f137_5d8f_655b_a9d2_0255,
    ];
    let mut data = metadata("clean");
    data[7] = version;
    if version == 3 {
        data.truncate(data.windows(4).position(|window| window == [0xac, 0xed, 0x00, 0x05]).unwrap());
    }
    for id in OPERATORS.into_iter().filter(|_| version >= 5) {
        let at = data.windows(16).position(|window| window == id.to_be_bytes()).unwrap();
        data.splice(at..at, *b"\x00\x06Source\x00\x00");
    }
    data
}

#[tokio::test]
async fn every_format_since_flink_1_11_gives_the_same_offset() {
    let expected = offsets("clean").await.unwrap();
    for version in 3..=6 {
        assert_eq!(savepoint::parse(&clean_as(version)).unwrap(), expected, "format {version}");
    }
    // A format that is not what it says it is.
    for (version, says) in [(3, 4), (4, 3), (4, 5), (5, 4)] {
        let mut data = clean_as(version);
        data[7] = says;
        assert!(savepoint::parse(&data).is_err(), "format {version} as {says}");
    }
}

/// Where the values in the JSON of an offset are: a digit changed there cannot be told from the truth.
fn values(data: &[u8]) -> Vec<bool> {
    let mut within = vec![false; data.len()];
    for start in 0..data.len() {
        if data[start..].starts_with(b"{\"transaction_id\"") || data[start..].starts_with(b"{\"ts_sec\"") {
            let end = data[start..].iter().position(|byte| *byte == b'}').expect("the JSON is closed") + start;
            let mut at = start;
            while at < end {
                if data[at..].starts_with(b":\"") {
                    at += 2;
                    while data[at] != b'"' {
                        within[at] = true;
                        at += 1;
                    }
                }
                at += 1;
            }
        }
    }
    within
}

/// The places only. A table's name and the flag of a suspended split have no other copy to be checked against; the flag
/// falls to the side where a handover is refused.
fn places(offsets: &[Offset]) -> Vec<Offset> {
    let place = |offset: &Offset| Offset { source: String::new(), phase: Phase::Binlog, ..offset.clone() };
    offsets.iter().map(place).collect()
}

#[test]
fn no_single_bit_leads_to_another_place() {
    for name in ["clean", "unclean", "two_tables", "gtid"] {
        let truth = metadata(name);
        let expected = places(&savepoint::parse(&truth).unwrap());
        let within = values(&truth);
        for at in (0..truth.len()).filter(|at| !within[*at]) {
            for bit in 0..8 {
                let mut data = truth.clone();
                data[at] ^= 1 << bit;
                if let Ok(found) = savepoint::parse(&data) {
                    assert_eq!(places(&found), expected, "{name}: bit {bit} of byte {at}");
                }
            }
        }
    }
}

#[test]
fn no_cut_leads_to_another_place() {
    for name in ["clean", "two_tables", "compressed"] {
        let truth = metadata(name);
        let expected = savepoint::parse(&truth).unwrap();
        for length in 0..truth.len() {
            if let Ok(found) = savepoint::parse(&truth[..length]) {
                assert_eq!(found, expected, "{name} cut to {length} bytes");
            }
        }
    }
}

proptest! {
    #[test]
    fn damage_of_any_kind_never_panics(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        for name in ["two_tables", "snapshot", "compressed", "sibling_file"] {
            let mut data = metadata(name);
            for (at, byte) in &edits {
                let at = at.index(data.len());
                data[at] = *byte;
            }
            if !whole {
                data.truncate(cut.index(data.len()));
            }
            let _ = savepoint::parse(&data);
        }
    }

    #[test]
    fn any_byte_in_place_of_another_is_an_error_or_the_truth(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for name in ["clean", "two_tables", "gtid"] {
            let truth = metadata(name);
            let at = at.index(truth.len());
            let mut data = truth.clone();
            data[at] = byte;
            if !values(&truth)[at] && let Ok(found) = savepoint::parse(&data) {
                prop_assert_eq!(places(&found), places(&savepoint::parse(&truth).unwrap()));
            }
        }
    }

    #[test]
    fn bytes_of_nowhere_are_no_savepoint(data in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(savepoint::parse(&data).is_err());
    }
}
