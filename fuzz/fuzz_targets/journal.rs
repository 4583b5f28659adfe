//! A journal of any bytes is read or refused, the same each time.
#![no_main]

use std::{path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use upgrade::runner::journal;

/// One file for the whole process, which has one thread.
static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let path = folder.path().join("journal.jsonl");
    (folder, path)
});

fuzz_target!(|data: &[u8]| {
    let path = &FILE.1;
    std::fs::write(path, data).expect("the file can be written");
    let (first, second) = (journal::read(path), journal::read(path));
    match (first, second) {
        (Ok(first), Ok(second)) => assert_eq!((first.entries, first.torn), (second.entries, second.torn)),
        (Err(first), Err(second)) => assert_eq!(first, second),
        _ => panic!("read once and refused once"),
    }
});
