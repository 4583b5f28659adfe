//! Where a Flink CDC job stands, read from the bytes of its savepoint or checkpoint.
//!
//! `_metadata` names every operator, its coordinator's state and the state of its subtasks, inline or in other files. A
//! mysql-cdc source is known by its enumerator's format; its reader's splits hold the committed offset as JSON. The JSON
//! is found by walking over everything before it, never by searching.
//!
//! The format carries no checksum, unless the state is compressed. What one changed byte can do unseen is therefore known
//! and small: *within the values* of an offset's JSON another digit is another place, another letter another file or GTID
//! set; the name of a table and the flag of a suspended split have no second copy, and change the name or the phase that
//! is told. Everywhere else a change, or a cut, is an error or changes nothing. Compressed state has a checksum for each
//! frame of at most 64 KiB, which leaves none of this.

mod bytes;
mod metadata;
mod sources;
mod split;
mod state;

use std::collections::HashMap;

use thiserror::Error;

use self::metadata::{Place, Stream};
use crate::{
    error::{Error, Result},
    event::Offset,
    port::files::FilesRead,
};

/// What is read at most of all files of a savepoint, in bytes.
const LIMIT: u64 = 256 << 20;
const METADATA: &str = "_metadata";

/// Why a savepoint could not be read. Offsets and lengths are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    #[error("This is not the _metadata file of a Flink savepoint or checkpoint: its first four bytes are not 4960672d")]
    NotASavepoint,
    #[error("Version {found} of {what} is not known here, only {known}")]
    Version { what: &'static str, found: i32, known: &'static str },
    #[error("{what} ends within a value at byte {at}")]
    Truncated { what: &'static str, at: usize },
    #[error("{what} has {found} at byte {at}")]
    Malformed { what: &'static str, at: usize, found: &'static str },
    #[error("It holds {what}, which cannot be read here")]
    Unsupported { what: &'static str },
    #[error("The compressed state of a source is damaged: {problem}")]
    Compressed { problem: String },
    #[error("The offset of a source is not as the connector writes it: {problem}")]
    Offset { problem: String },
    #[error("The source has not read from the binary log yet: it would start at {kind}")]
    NotBegun { kind: String },
    #[error("Operator {operator} holds {found}")]
    Source { operator: String, found: &'static str },
    #[error("State lies in the file {place}, which is not there")]
    MissingFile { place: String },
    #[error("State lies in the file {place}, which has {found} bytes where {expected} were written")]
    FileSize { place: String, found: u64, expected: u64 },
    #[error("No source of this job is a mysql-cdc source")]
    NoSource,
}

impl Unreadable {
    fn into_error(self, uri: &str) -> Error {
        let hint = match &self {
            Self::Unsupported { .. } => {
                "Take the savepoint with plain state, or name the position with `upgrade resolve … --output position=P`"
            }
            Self::NotBegun { .. } => "Let the job complete a checkpoint after its first event, then read again",
            Self::MissingFile { .. } => "Copy the whole folder of the savepoint, not only _metadata",
            _ => "Check that the folder is a whole savepoint or checkpoint of the CDC job, and take another one",
        };
        Error::permanent(format!("Expected the offsets of a CDC job in {uri}. {self}"))
            .unchanged("Nothing was changed")
            .hint(hint)
    }
}

/// Where each mysql-cdc source of the job stands, in the order of the savepoint.
///
/// `uri` is the folder of a savepoint or checkpoint, or its `_metadata`. A source that still copies tables has phase
/// `snapshot`, and no file where it has no offset yet.
///
/// # Errors
///
/// `Permanent` where something is missing, foreign, damaged or of a version not known here; what [`FilesRead`] answers.
pub async fn offsets(files: &dyn FilesRead, uri: &str) -> Result<Vec<Offset>> {
    let (folder, address) = match uri.trim_end_matches('/') {
        path if path.ends_with(&format!("/{METADATA}")) || path == METADATA => {
            (path[..path.len() - METADATA.len()].trim_end_matches('/').to_owned(), path.to_owned())
        }
        folder => (folder.to_owned(), format!("{folder}/{METADATA}")),
    };
    let Some(data) = files.read(&address, LIMIT).await? else {
        return Err(Error::permanent(format!("Expected a savepoint or checkpoint at {uri}: there is no {address}"))
            .unchanged("Nothing was changed")
            .hint("Name the folder that holds the file _metadata, as Flink's REST interface shows it"));
    };
    let operators = metadata::parse(&data).map_err(|error| error.into_error(uri))?;
    let mut read = HashMap::new();
    let mut room = LIMIT.saturating_sub(data.len() as u64);
    for part in operators.iter().filter(|operator| sources::matter(operator)).flat_map(|operator| &operator.states) {
        if let Stream::File(part) = part.stream
            && !read.contains_key(&part.place)
        {
            let address = match part.place {
                Place::Beside(name) if folder.is_empty() => name.to_owned(),
                Place::Beside(name) => format!("{folder}/{name}"),
                Place::At(address) => address.to_owned(),
            };
            let Some(bytes) = files.read(&address, room).await? else {
                return Err(Unreadable::MissingFile { place: address }.into_error(uri));
            };
            room = room.saturating_sub(bytes.len() as u64);
            read.insert(part.place, bytes);
        }
    }
    sources::offsets(&operators, &read).map_err(|error| error.into_error(uri))
}

/// The same from the bytes of a `_metadata` whose state is inline.
pub fn parse(metadata: &[u8]) -> std::result::Result<Vec<Offset>, Unreadable> {
    let operators = metadata::parse(metadata)?;
    sources::offsets(&operators, &HashMap::new())
}
