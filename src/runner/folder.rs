//! Where a run keeps its things: `STATE/runs/<playbook name>/<run id>/`. All of it is its owner's alone, whatever the umask.

use std::{
    io,
    path::{Path, PathBuf},
};

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
        let runs = state.join("runs");
        let path = runs.join(&playbook.name).join(&id);
        let folder = Self { id, path };
        private(state)?;
        for own in [&runs, &runs.join(&playbook.name), &folder.path, &folder.artifacts()] {
            own_folder(own).map_err(|error| unusable(&error))?;
        }
        folder.keep(text)?;
        last(&folder.path, state).map_err(|error| unusable(&error))?;
        Ok(folder)
    }

    /// Writes the run's own copy of the playbook.
    pub fn keep(&self, text: &str) -> Result<()> {
        let path = self.playbook();
        fs_err::write(&path, "")
            .and_then(|()| own_file(&path))
            .and_then(|()| fs_err::write(&path, text))
            .map_err(|error| Error::permanent("The run's copy of the playbook cannot be written").because(&error))
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

/// Makes the state folder where there is none. One that others may write is not used: who can put another journal there
/// decides what this program believes.
///
/// # Errors
///
/// `Permanent` where it cannot be made, or where group or others may write in it.
pub(super) fn private(state: &Path) -> Result<()> {
    let usable = |error: io::Error| unusable(&error);
    if !state.exists() {
        return own_folder(state).map_err(usable);
    }
    let mode = mode(&fs_err::metadata(state).map_err(usable)?);
    if mode & 0o022 == 0 {
        return Ok(());
    }
    let shown = state.display();
    Err(Error::permanent(format!(
        "Expected a state folder that only its owner may write; {shown} has mode {:04o}",
        mode & 0o7777
    ))
    .unchanged("Nothing was changed")
    .hint(format!(
        "chmod go-w {shown}, after a look at who has written there; or name another folder with `--state DIR`"
    )))
}

/// Makes a folder, and what is missing above it, with mode 0700; one of ours that an earlier version left open is closed.
pub(super) fn own_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        if mode(&fs_err::metadata(path)?) & 0o077 != 0 {
            fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
    #[cfg(not(unix))]
    fs_err::create_dir_all(path)
}

/// Gives a file of ours mode 0600.
pub(super) fn own_file(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata)
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> u32 {
    0
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
