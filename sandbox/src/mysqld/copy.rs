//! A physical copy of a running server: frozen for the moment of the copy, as a storage snapshot would see it.

use std::path::Path;

use fs_err as fs;

use super::server::Server;
use crate::error::Result;

/// Its own identity, and what a start makes anew.
fn stays(name: &str) -> bool {
    name == "auto.cnf"
        || name == "ibtmp1"
        || name.starts_with("mysqld.")
        || name.starts_with("relay")
        || matches!(name, "master.info" | "relay-log.info")
}

/// Copies the data directory of a running server. Every thread of it stands still meanwhile.
pub(super) async fn copy_frozen(from: &Server, to: &Server) -> Result<()> {
    to.make_folder()?;
    let process = from.process()?.identity;
    let (source, target) = (from.data(), to.data());
    process.signal("STOP").await?;
    let copied = tokio::task::spawn_blocking(move || {
        while process.is_alive() && process.state() != Some('T') {
            std::thread::yield_now();
        }
        copy_folder(&source, &target)
    })
    .await;
    process.signal("CONT").await?;
    Ok(copied.map_err(std::io::Error::other)??)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if stays(&name.to_string_lossy()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(&name))?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}
