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

    /// The newest run of this playbook; run ids sort by time.
    pub fn newest(state: &Path, playbook: &Playbook) -> Result<Option<Self>> {
        let runs = state.join("runs").join(&playbook.name);
        if !runs.exists() {
            return Ok(None);
        }
        let mut newest: Option<String> = None;
        for entry in fs_err::read_dir(&runs).map_err(|error| unusable(&error))? {
            let entry = entry.map_err(|error| unusable(&error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let begun = entry.path().join("journal.jsonl").exists();
            if begun && Uuid::parse_str(&name).is_ok() && newest.as_ref().is_none_or(|known| *known < name) {
                newest = Some(name);
            }
        }
        Ok(newest.map(|id| Self { path: runs.join(&id), id }))
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
