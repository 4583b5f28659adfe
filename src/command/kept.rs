//! What lies in a run folder, held against what its journal tells of it.

use std::{collections::BTreeMap, io::ErrorKind};

use crate::{
    artifact,
    event::Body,
    runner::{
        RunFolder,
        journal::{Entry, Record},
    },
};

/// A sentence for each artifact that is not there as it was written. No step reads one, so a run goes on without them.
pub(super) fn missing(folder: &RunFolder, entries: &[Entry]) -> Vec<String> {
    let mut written = BTreeMap::new();
    for entry in entries {
        if let Record::Noted { event: Body::Artifact { step, path, digest } } = &entry.record {
            written.insert(path, (step, digest));
        }
    }
    let told = written.into_iter().filter_map(|(path, (step, digest))| {
        let why = match fs_err::read(folder.path.join(path)) {
            Ok(content) if artifact::digest(&content) == *digest => return None,
            Ok(_) => "is no longer as it was written: its digest is another one",
            Err(error) if error.kind() == ErrorKind::NotFound => "is missing from the run folder",
            Err(_) => "cannot be read",
        };
        Some(format!("{path}, which `{step}` wrote, {why}; the run does not depend on it"))
    });
    told.collect()
}
