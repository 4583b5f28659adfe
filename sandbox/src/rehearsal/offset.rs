//! Where a job stands, by the sandbox's own reading of its newest checkpoint.

use std::path::Path;

use fs_err as fs;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::flink::Client;

/// The position of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) file: String,
    pub(super) position: u64,
    /// Of the server that wrote the last event; absent before the first one.
    pub(super) server: Option<u32>,
}

/// As the connector writes it: every value is a text.
#[derive(Deserialize)]
struct Written {
    file: String,
    pos: String,
    kind: String,
    server_id: Option<String>,
}

/// The offsets of the newest completed checkpoint and its number; `None` before the first one.
pub(super) async fn newest(flink: &Client, job: &str) -> Result<Option<(u64, Vec<Offset>)>> {
    let Some((number, folder)) = flink.newest_checkpoint(job).await? else { return Ok(None) };
    let folder = folder.trim_start_matches("file:");
    match fs::read(Path::new(folder).join("_metadata")) {
        Ok(bytes) => Ok(Some((number, offsets(&bytes)))),
        // A newer one has taken its place meanwhile.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Io(error)),
    }
}

/// What stands before the position of a reader. Other positions in the bytes are where snapshots and readers began.
const ANCHOR: &[u8] = b"binlog-split";
/// Between the two: an empty text, a flag and a length.
const BETWEEN: usize = 16;

/// The position of every reader in the bytes.
fn offsets(bytes: &[u8]) -> Vec<Offset> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some(start) = rest.windows(ANCHOR.len()).position(|window| window == ANCHOR) {
        rest = &rest[start + ANCHOR.len()..];
        let Some(start) = rest.iter().take(BETWEEN).position(|byte| *byte == b'{') else { continue };
        let end = rest.iter().position(|byte| *byte == b'}').map_or(rest.len(), |end| end + 1);
        let written = serde_json::from_slice::<Written>(rest.get(start..end).unwrap_or_default()).ok();
        found.extend(written.filter(|written| written.kind == "SPECIFIC").and_then(|written| {
            let server = written.server_id.and_then(|id| id.parse().ok());
            Some(Offset { file: written.file, position: written.pos.parse().ok()?, server })
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_found_between_other_bytes() {
        let bytes =
            b"{\"file\":\"bin.000001\",\"pos\":\"4\",\"kind\":\"SPECIFIC\"}\0\x0cbinlog-split\0\0\x01\0\0\0\x98\
            {\"ts_sec\":\"1\",\"file\":\"bin.000002\",\"pos\":\"5295\",\"kind\":\"SPECIFIC\",\"server_id\":\"157\"}\x01\
            {\"file\":\"\",\"pos\":\"-1\",\"kind\":\"NON_STOPPING\"}";
        let wanted = Offset { file: "bin.000002".to_owned(), position: 5295, server: Some(157) };
        assert_eq!(offsets(bytes), [wanted]);
    }
}
