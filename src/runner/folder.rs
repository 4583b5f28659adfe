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
            .and_then(|()| last(&folder.path, state))
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

/// Makes the folders from `path` up to the one that holds `state` outlive a power cut: a journal is lost with its folder.
fn last(path: &Path, state: &Path) -> std::io::Result<()> {
    for folder in path.ancestors().take_while(|folder| folder.starts_with(state)) {
        fs_err::File::open(folder)?.sync_all()?;
    }
    let beside = state.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    // It may be somebody else's and not be readable.
    let _ = beside.map(|folder| fs_err::File::open(folder).and_then(|folder| folder.sync_all()));
    Ok(())
}

fn unusable(error: &std::io::Error) -> Error {
    Error::permanent("The state folder cannot be used").because(error).unchanged("Nothing was changed").hint(
        "Make room or give write access to it; a database without a run may have another one, named with `--state DIR`",
    )
}
