//! What a journal is written to: a file, and in tests a disk that fails or forgets.

use std::{fmt::Debug, io::Write as _};

use fs_err::File;

/// Bytes that are only ever added at the end.
pub trait Store: Debug + Send {
    /// Adds all of `bytes`. After an error a part of them may be there.
    fn add(&mut self, bytes: &[u8]) -> std::io::Result<()>;

    /// Returns once what was added outlives a power cut.
    fn sync(&mut self) -> std::io::Result<()>;
}

impl Store for File {
    fn add(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.sync_data()
    }
}
