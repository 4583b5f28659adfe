//! The run's append-only file.
//!
//! Each line carries its number and a checksum chained to the line before, and is synced before the caller goes on. A
//! last line without its end is what a crash or a full disk leaves: it is dropped and said. Damage anywhere else refuses
//! the run, also in a last line that is whole: it was synced, and an effect may have followed it.

use std::{
    io::{Seek, SeekFrom},
    path::{Path, PathBuf},
};

use fs_err::{File, OpenOptions};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    line::{self, Damage},
    record::{Record, VERSION},
    store::Store,
};
use crate::{
    error::{Error, Kind, Result},
    runner::folder::own_file,
};

/// A record with its place and time. Times are for people; order is `seq`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub v: u32,
    pub seq: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub record: Record,
}

/// An open journal. Whoever holds it holds the run's lock.
#[derive(Debug)]
pub struct Journal {
    store: Box<dyn Store>,
    path: PathBuf,
    seq: u64,
    check: u32,
    /// After a failed append the end of the file is not known, so nothing may follow.
    broken: Option<Error>,
}

/// What a journal holds, and what had to be dropped.
#[derive(Debug)]
pub struct Recovered {
    pub entries: Vec<Entry>,
    /// Length in bytes of a torn last line.
    pub torn: Option<u64>,
    sound: u64,
    check: u32,
}

impl Recovered {
    /// What is to be said of a torn last line.
    pub fn torn_warning(&self) -> Option<String> {
        let bytes = self.torn?;
        Some(format!("The journal ended in the middle of a record ({bytes} bytes); that record was dropped"))
    }
}

impl Journal {
    pub fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| unwritable(&error))?;
        own_file(path).map_err(|error| unwritable(&error))?;
        let folder = path.parent().expect("a journal lies in a run folder");
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| unwritable(&error))?;
        Ok(Self { store: Box::new(file), path: path.to_owned(), seq: 0, check: 0, broken: None })
    }

    /// Opens a journal to append to it; a torn last line is cut off.
    pub fn open(path: &Path) -> Result<(Self, Recovered)> {
        let recovered = read(path)?;
        let mut file = OpenOptions::new().write(true).open(path).map_err(|error| unwritable(&error))?;
        if recovered.torn.is_some() {
            file.set_len(recovered.sound).map_err(|error| unwritable(&error))?;
        }
        // A last line may be whole and not yet synced.
        file.sync_all().map_err(|error| unwritable(&error))?;
        file.seek(SeekFrom::End(0)).map_err(|error| unwritable(&error))?;
        let seq = recovered.entries.len() as u64;
        let (store, path) = (Box::new(file), path.to_owned());
        Ok((Self { store, path, seq, check: recovered.check, broken: None }, recovered))
    }

    /// The same journal, written to what `wrap` makes of its file.
    #[must_use]
    pub fn through(self, wrap: impl FnOnce(Box<dyn Store>) -> Box<dyn Store>) -> Self {
        Self { store: wrap(self.store), ..self }
    }

    /// Appends a record and syncs it. After an error nothing may be done to the outside any more.
    pub fn append(&mut self, record: Record, at: OffsetDateTime) -> Result<Entry> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let entry = Entry { v: VERSION, seq: self.seq, at, record };
        let (line, check) = line::written(&entry, self.check)?;
        if let Err(error) = self.store.add(line.as_bytes()).and_then(|()| self.store.sync()) {
            let (path, seq) = (self.path.display(), self.seq);
            let text = format!("Nothing more was done to the outside; the journal {path} ends at record {seq}");
            let error = unwritable(&error).unchanged(text);
            self.broken = Some(error.clone());
            return Err(error);
        }
        self.seq += 1;
        self.check = check;
        Ok(entry)
    }
}

/// Reads a journal without opening it for writing.
pub fn read(path: &Path) -> Result<Recovered> {
    let bytes = fs_err::read(path).map_err(|error| {
        Error::permanent("The run's journal cannot be read")
            .because(&error)
            .unchanged("Nothing was changed")
            .hint("Give read access to the state folder, or type the command as the user whose run it is")
    })?;
    let mut recovered = Recovered { entries: Vec::new(), torn: None, sound: 0, check: 0 };
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let number = recovered.entries.len();
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            if line::goes_on_after_a_record(rest) {
                return Err(damaged(path, number, "more follows where its end belongs"));
            }
            recovered.torn = Some(rest.len() as u64);
            break;
        };
        match line::parse(&rest[..end], number as u64, recovered.check) {
            Ok((entry, check)) => {
                recovered.entries.push(entry);
                recovered.check = check;
                recovered.sound += end as u64 + 1;
            }
            Err(Damage::NewerVersion(version)) => return Err(newer(path, number, version)),
            Err(Damage::Broken(why)) => return Err(damaged(path, number, &why)),
        }
        rest = &rest[end + 1..];
    }
    Ok(recovered)
}

fn newer(path: &Path, number: usize, version: u64) -> Error {
    let (path, line) = (path.display(), number + 1);
    let text = format!(
        "The journal {path} is of format version {version} from line {line} on; this program reads version {VERSION}"
    );
    Error::new(Kind::Drift, text).unchanged("Nothing was changed").hint(
        "Continue the run with the version of `upgrade` that wrote it; where none did, the line is damaged: restore the file from a copy",
    )
}

fn damaged(path: &Path, number: usize, why: &str) -> Error {
    let text = format!("The journal {} is damaged in line {}: {why}", path.display(), number + 1);
    Error::new(Kind::Drift, text)
        .unchanged("Nothing was changed")
        .hint("Restore the file from a copy, or look at the database yourself and begin a new run with `--new-run`")
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::permanent("The run's journal cannot be written")
        .because(error)
        .unchanged("Nothing was changed")
        .hint("Make room or give write access to the state folder, then type the same command again")
}
