//! The folder of one rehearsal; several may run beside each other.

use std::fs::File;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::error::{Error, Result};
use crate::place::{Place, try_lock};
use crate::serve::down;

/// Held while the rehearsal lives.
pub(super) struct Folder {
    pub(super) root: PathBuf,
    _lock: File,
}

const KEPT: &str = "kept";

impl Folder {
    /// The first of `rehearsal`, `rehearsal-2` … under `parent` that nobody uses, cleared of what a killed one left.
    pub(super) async fn take(parent: &Path) -> Result<Self> {
        for number in 1..100 {
            let name = if number == 1 { "rehearsal".to_owned() } else { format!("rehearsal-{number}") };
            let root = parent.join(name);
            fs::create_dir_all(&root)?;
            let root = fs::canonicalize(root)?;
            let Some(lock) = try_lock(&root.join("lock"))? else { continue };
            let kept_alive = root.join(KEPT).exists() && Place::at(&root.join("sandbox"))?.try_lock()?.is_none();
            if kept_alive {
                continue;
            }
            down(&root.join("sandbox")).await?;
            for entry in fs::read_dir(&root)? {
                let path = entry?.path();
                if path.is_dir() {
                    fs::remove_dir_all(path)?;
                } else if !path.ends_with("lock") {
                    fs::remove_file(path)?;
                }
            }
            return Ok(Self { root, _lock: lock });
        }
        Err(Error::other(format!("Every rehearsal folder under {} is in use", parent.display())))
    }

    pub(super) fn sandbox(&self) -> PathBuf {
        self.root.join("sandbox")
    }

    /// The sandbox in it is to outlive the rehearsal.
    pub(super) fn keep(&self) -> Result<()> {
        Ok(fs::write(self.root.join(KEPT), "")?)
    }
}
