//! No password of the sandbox in what the product says and keeps.

use std::path::Path;

use fs_err as fs;

use crate::error::{Error, Result};
use crate::mysqld::CANARY;

/// Looks through every file below the folder, which need not be there.
pub(super) fn kept_out_of(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            kept_out_of(&path)?;
        } else {
            kept_out(&fs::read(&path)?, &path.display().to_string())?;
        }
    }
    Ok(())
}

pub(super) fn kept_out(text: &[u8], what: &str) -> Result<()> {
    let held = text.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    if held { Err(Error::other(format!("A password of the sandbox stands in {what}"))) } else { Ok(()) }
}
