//! The authorities that a playbook's `ca_file` names.

use std::{io::Read as _, path::Path};

use fs_err::File;

use crate::error::{Error, Result};

/// All authorities of the world are a fifth of this.
const LIMIT: u64 = 1024 * 1024;
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The PEM text of the file.
///
/// # Errors
/// `Permanent` where it is no regular file, cannot be read, or holds no certificate.
pub(super) fn ca_file(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let read = fs_err::metadata(path).and_then(|there| match there.is_file() && there.len() <= LIMIT {
        true => File::open(path)?.take(LIMIT).read_to_end(&mut bytes),
        false => Err(std::io::Error::other(format!("it is no regular file of at most {LIMIT} bytes"))),
    });
    read.map_err(|error| {
        Error::permanent(format!("Expected certificates in ca_file {shown}, which cannot be read")).because(&error)
    })?;
    if !bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Err(Error::permanent(format!("Expected PEM certificates in ca_file {shown}, saw none")));
    }
    Ok(bytes)
}
