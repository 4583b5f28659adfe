//! Files of other systems, read by address: savepoints and checkpoints.

use super::Reply;

pub trait FilesRead: Send + Sync {
    /// The whole file at `uri` (`file:/…`, `file:///…`, `s3://bucket/…` or a plain path), at most `limit` bytes. `None` where there is none.
    fn read<'a>(&'a self, uri: &'a str, limit: u64) -> Reply<'a, Option<Vec<u8>>>;
}
