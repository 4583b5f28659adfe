//! Savepoint and checkpoint files: on disks this machine can see, and in S3.

mod local;
mod s3;

use crate::port::{Reply, files::FilesRead};

pub use local::LocalFiles;
pub use s3::{Limits, S3Files};

/// Sends each address to where it is read: `s3:`, `s3a:` and `s3p:` to S3, all else to the disks.
#[derive(Debug, Clone)]
pub struct Files {
    local: LocalFiles,
    s3: S3Files,
}

impl Files {
    pub fn new(s3: S3Files) -> Self {
        Self { local: LocalFiles, s3 }
    }
}

impl FilesRead for Files {
    /// # Errors
    /// What [`LocalFiles`] and [`S3Files`] say.
    fn read<'a>(&'a self, uri: &'a str, limit: u64) -> Reply<'a, Option<Vec<u8>>> {
        if s3::is_address(uri) { self.s3.read(uri, limit) } else { self.local.read(uri, limit) }
    }
}
