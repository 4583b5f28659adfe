//! The run's append-only file.
//!
//! Each line carries its number and a checksum chained to the line before, and is synced before the caller goes on. A
//! torn last line is what a crash leaves: it is dropped and said. Damage anywhere else refuses the run.

use std::{
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use fs_err::{File, OpenOptions};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::record::{Record, VERSION};
use crate::error::{Error, Kind, Result};

/// A record with its place and time. Times are for people; order is `seq`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub v: u32,
    pub seq: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub record: Record,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    entry: serde_json::Map<String, serde_json::Value>,
    check: String,
}

/// An open journal. Whoever holds it holds the run's lock.
#[derive(Debug)]
pub struct Journal {
    file: File,
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

impl Journal {
    pub fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| unwritable(&error))?;
        let folder = path.parent().expect("a journal lies in a run folder");
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| unwritable(&error))?;
        Ok(Self { file, path: path.to_owned(), seq: 0, check: 0, broken: None })
    }

    /// Opens a journal to append to it; a torn last line is cut off.
    pub fn open(path: &Path) -> Result<(Self, Recovered)> {
        let recovered = read(path)?;
        let mut file = OpenOptions::new().write(true).open(path).map_err(|error| unwritable(&error))?;
        if recovered.torn.is_some() {
            file.set_len(recovered.sound).and_then(|()| file.sync_all()).map_err(|error| unwritable(&error))?;
        }
        // A last line may be whole and not yet synced.
        file.sync_all().map_err(|error| unwritable(&error))?;
        file.seek(SeekFrom::End(0)).map_err(|error| unwritable(&error))?;
        let seq = recovered.entries.len() as u64;
        Ok((Self { file, path: path.to_owned(), seq, check: recovered.check, broken: None }, recovered))
    }

    /// Appends a record and syncs it. After an error nothing may be done to the outside any more.
    pub fn append(&mut self, record: Record, at: OffsetDateTime) -> Result<Entry> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let entry = Entry { v: VERSION, seq: self.seq, at, record };
        let body = serde_json::to_string(&entry)
            .map_err(|error| Error::bug("A journal record cannot be written as JSON").because(&error))?;
        let check = chain(self.check, &body);
        let open = body.strip_suffix('}').expect("an entry is a JSON object");
        let line = format!("{open},\"check\":\"{check:08x}\"}}\n");
        if let Err(error) = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data()) {
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
    let bytes =
        fs_err::read(path).map_err(|error| Error::permanent("The run's journal cannot be read").because(&error))?;
    let mut recovered = Recovered { entries: Vec::new(), torn: None, sound: 0, check: 0 };
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n');
        let (line, next) = match end {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        let number = recovered.entries.len();
        match parse(line, number as u64, recovered.check) {
            Ok((entry, check)) if end.is_some() => {
                recovered.entries.push(entry);
                recovered.check = check;
                recovered.sound += line.len() as u64 + 1;
            }
            Err(Damage::NewerVersion(version)) => {
                return Err(Error::new(
                    Kind::Drift,
                    format!(
                        "The journal {} is of format version {version}; this program reads version {VERSION}",
                        path.display()
                    ),
                )
                .unchanged("Nothing was changed")
                .hint("Continue the run with the version of `upgrade` that began it"));
            }
            _ if next.is_empty() && !holds_two(line) => recovered.torn = Some(line.len() as u64),
            Ok(_) => unreachable!("only the last line can lack its end"),
            Err(Damage::Broken(why)) => {
                return Err(Error::new(
                    Kind::Drift,
                    format!("The journal {} is damaged in line {}: {why}", path.display(), number + 1),
                )
                .unchanged("Nothing was changed")
                .hint("Restore the file from a copy, or look at the database yourself and begin a new run with `--new-run`"));
            }
        }
        rest = next;
    }
    Ok(recovered)
}

/// Two records without an end of line between them are no torn line: the one before was whole.
fn holds_two(line: &[u8]) -> bool {
    // Within a text of a record the quotes would be escaped.
    const BEGIN: &[u8] = b"{\"v\":";
    line.windows(BEGIN.len()).filter(|window| *window == BEGIN).count() > 1
}

enum Damage {
    NewerVersion(u64),
    Broken(String),
}

fn parse(line: &[u8], seq: u64, before: u32) -> std::result::Result<(Entry, u32), Damage> {
    let broken = |why: &str| Damage::Broken(why.to_owned());
    let text = std::str::from_utf8(line).map_err(|_| broken("it is not text"))?;
    let parsed: Line = serde_json::from_str(text).map_err(|_| broken("it is not a journal record"))?;
    let tail = format!(",\"check\":\"{}\"}}", parsed.check);
    let body = text
        .strip_suffix(&tail)
        .map(|open| format!("{open}}}"))
        .ok_or_else(|| broken("its checksum is not at its end"))?;
    let check = chain(before, &body);
    if format!("{check:08x}") != parsed.check {
        return Err(broken("its checksum does not follow from the line before"));
    }
    if let Some(version) = parsed.entry.get("v").and_then(serde_json::Value::as_u64)
        && version > u64::from(VERSION)
    {
        return Err(Damage::NewerVersion(version));
    }
    let entry: Entry = serde_json::from_str(&body).map_err(|error| Damage::Broken(error.to_string()))?;
    if entry.seq != seq {
        return Err(Damage::Broken(format!("it is record {} where {seq} belongs", entry.seq)));
    }
    Ok((entry, check))
}

fn chain(before: u32, body: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(before);
    hasher.update(body.as_bytes());
    hasher.finalize()
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::permanent("The run's journal cannot be written")
        .because(error)
        .hint("Make room or give write access to the state folder, then type the same command again")
}
