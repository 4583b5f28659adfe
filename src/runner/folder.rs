//! Where a run keeps its things: `STATE/runs/<playbook name>/<run id>/`.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::{
    error::{Error, Result},
    playbook::Playbook,
};

/// The folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    pub id: String,
    pub path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run, private to the user.
    pub fn create(state: &Path, playbook: &Playbook, text: &str) -> Result<Self> {
        let id = Uuid::now_v7().to_string();
        let path = state.join("runs").join(&playbook.name).join(&id);
        let folder = Self { id, path };
        fs_err::create_dir_all(folder.artifacts())
            .and_then(|()| private(state))
            .and_then(|()| fs_err::write(folder.playbook(), text))
            .map_err(|error| unusable(&error))?;
        Ok(folder)
    }

    /// The runs of this playbook that have a journal, the newest first; run ids sort by time.
    pub fn newest_first(state: &Path, playbook: &Playbook) -> Result<Vec<Self>> {
        let runs = state.join("runs").join(&playbook.name);
        if !runs.exists() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in fs_err::read_dir(&runs).map_err(|error| unusable(&error))? {
            let entry = entry.map_err(|error| unusable(&error))?;
            let id = entry.file_name().to_string_lossy().into_owned();
            if Uuid::parse_str(&id).is_ok() && entry.path().join("journal.jsonl").exists() {
                found.push(Self { path: runs.join(&id), id });
            }
        }
        found.sort_by(|one, other| other.id.cmp(&one.id));
        Ok(found)
    }

    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// The run's own copy of the playbook.
    pub fn playbook(&self) -> PathBuf {
        self.path.join("playbook.yaml")
    }

    pub fn artifacts(&self) -> PathBuf {
        self.path.join("artifacts")
    }
}

#[cfg(unix)]
fn private(state: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(state, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn unusable(error: &std::io::Error) -> Error {
    Error::permanent("The state folder cannot be used")
        .because(error)
        .unchanged("Nothing was changed")
        .hint("Give write access to it, or name another one with `--state DIR`")
}
