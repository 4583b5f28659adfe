//! One lock per target, so that two playbooks for one database exclude each other.
//!
//! It is a held `flock`: the kernel frees it when the holder dies, and the file tells who holds it. It excludes on one
//! host and one state folder.

use std::{
    fs::TryLockError,
    io::{Read as _, Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use fs_err::{File, OpenOptions};
use serde::{Deserialize, Serialize};

use super::folder::{own_file, own_folder, private};
use crate::{
    error::{Error, Kind, Result},
    playbook::{DatabaseName, Playbook},
};

/// Who works here: for lock files, approvals and messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// `user@host`.
    pub who: String,
    pub pid: u32,
    /// RFC 3339.
    pub since: String,
    pub playbook: String,
}

/// A held lock; dropped, it is free.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    pub fn take(state: &Path, playbook: &Playbook, owner: &Owner) -> Result<Self> {
        let path = state.join("locks").join(name(playbook));
        private(state)?;
        let mut file = open(&path)?;
        match file.file().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&mut file, &path)),
            Err(TryLockError::Error(error)) => return Err(unusable(&error)),
        }
        let text =
            serde_json::to_string(owner).map_err(|error| Error::bug("A lock owner is not JSON").because(&error))?;
        file.set_len(0)
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.sync_data())
            .map_err(|error| unusable(&error))?;
        Ok(Self { _file: file })
    }

    /// Who holds the playbook's lock now, if anybody does.
    pub fn holder(state: &Path, playbook: &Playbook) -> Result<Option<String>> {
        let path = state.join("locks").join(name(playbook));
        if !path.exists() {
            return Ok(None);
        }
        let mut file = File::open(&path).map_err(|error| unusable(&error))?;
        match file.file().try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(read_owner(&mut file))),
            Err(TryLockError::Error(error)) => Err(unusable(&error)),
        }
    }
}

fn name(playbook: &Playbook) -> String {
    let Some(target) = &playbook.target else {
        return format!("playbook.{}", playbook.name);
    };
    let (kind, id) = match &target.database {
        DatabaseName::AuroraCluster(id) => ("aurora_cluster", id),
        DatabaseName::RdsInstance(id) => ("rds_instance", id),
    };
    format!("{}.{kind}.{}", target.region, id.to_lowercase())
}

fn open(path: &PathBuf) -> Result<File> {
    let folder = path.parent().expect("a lock lies in a folder");
    own_folder(folder)
        .and_then(|()| OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path))
        .and_then(|file| own_file(path).map(|()| file))
        .map_err(|error| unusable(&error))
}

fn held(file: &mut File, path: &Path) -> Error {
    Error::new(Kind::Locked, format!("Another run holds this target: {}", read_owner(file)))
        .unchanged("Nothing was changed")
        .hint(format!("Wait for it to end, or look at it with `upgrade status`; the lock is {}", path.display()))
}

fn read_owner(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text));
    match read.ok().and_then(|_| serde_json::from_str::<Owner>(&text).ok()) {
        Some(owner) => {
            format!("{} (process {}), since {}, with playbook {}", owner.who, owner.pid, owner.since, owner.playbook)
        }
        None => "an owner that has not written its name yet".to_owned(),
    }
}

fn unusable(error: &std::io::Error) -> Error {
    Error::permanent("The state folder cannot be used").because(error).unchanged("Nothing was changed").hint(
        "Make room or give write access to it; a database without a run may have another one, named with `--state DIR`",
    )
}
