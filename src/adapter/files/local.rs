//! Files on disks this machine can see.

use std::{
    io::{ErrorKind, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use fs_err as fs;
use futures_util::FutureExt as _;

use crate::{
    error::{Error, Result},
    port::{Reply, files::FilesRead},
};

/// A network disk that has gone does not answer at all.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Reads regular files. A link in the last place is not followed: what it points at is not what the address names.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalFiles;

impl FilesRead for LocalFiles {
    /// # Errors
    /// `Permanent`: another scheme, not a regular file, longer than `limit`, or not readable. `Transient`: no answer in time.
    fn read<'a>(&'a self, uri: &'a str, limit: u64) -> Reply<'a, Option<Vec<u8>>> {
        async move {
            let path = path_of(uri)?;
            let reading = tokio::task::spawn_blocking(move || read(&path, limit));
            match tokio::time::timeout(TIME_LIMIT, reading).await {
                Ok(Ok(read)) => read,
                Ok(Err(panic)) => Err(Error::bug(format!("Reading {uri} ended early")).because(&panic)),
                Err(_) => Err(Error::transient(format!(
                    "Expected to read {uri} within {} s; the disk did not answer",
                    TIME_LIMIT.as_secs()
                ))
                .hint("See whether the disk it lies on is still mounted and reachable")),
            }
        }
        .boxed()
    }
}

/// The path behind `file:/x`, `file:///x`, `file://localhost/x` or a plain path. Flink does not percent-encode, so nothing is decoded.
fn path_of(uri: &str) -> Result<PathBuf> {
    let plain = match uri.split_once(':') {
        Some(("file", rest)) => match rest.strip_prefix("//") {
            Some(rest) => rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest),
            None => rest,
        },
        Some((scheme, _)) if is_scheme(scheme) => return Err(cannot_read(scheme, uri)),
        _ => return Ok(PathBuf::from(uri)),
    };
    if !plain.starts_with('/') {
        return Err(Error::permanent(format!("Expected an address like file:///path, saw {uri}"))
            .hint("A file address names an absolute path, and no host"));
    }
    Ok(PathBuf::from(plain))
}

/// Two letters or more: a single one before a colon is part of a plain name.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn cannot_read(scheme: &str, uri: &str) -> Error {
    Error::permanent(format!("{uri} cannot be read: {scheme} is not a kind of address that is known here"))
        .unchanged("Nothing was read")
        .hint("Known are plain paths, file:// and s3://. Copy it to a disk of this machine and name the path there")
}

fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let shown = path.display();
    let failed = |error: std::io::Error| Error::permanent(format!("{shown} cannot be read")).because(&error);
    let named = match fs::symlink_metadata(path) {
        Ok(named) => named,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !named.is_file() {
        let seen = match named.file_type() {
            kind if kind.is_dir() => "a folder",
            kind if kind.is_symlink() => "a symbolic link, which is not followed",
            _ => "neither a file nor a folder",
        };
        return Err(Error::permanent(format!("Expected a file at {shown}, saw {seen}")));
    }
    let too_long = || {
        Error::permanent(format!("Expected at most {limit} bytes in {shown}, saw more"))
            .hint("See whether the address names the right file")
    };
    if named.len() > limit {
        return Err(too_long());
    }
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let opened = file.metadata().map_err(failed)?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(Error::transient(format!("{shown} was replaced while it was opened")));
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(too_long());
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn every_spelling_of_a_local_address_is_one_path() {
        for uri in ["file:/a/b c%20d", "file:///a/b c%20d", "file://localhost/a/b c%20d", "/a/b c%20d"] {
            assert_eq!(path_of(uri).unwrap(), PathBuf::from("/a/b c%20d"), "{uri}");
        }
        assert_eq!(path_of("a:b/c").unwrap(), PathBuf::from("a:b/c"));
        assert_eq!(path_of("relative/x").unwrap(), PathBuf::from("relative/x"));
    }

    #[test]
    fn other_places_are_refused_with_a_way_out() {
        for (uri, hint) in [
            ("hdfs://n/sp", "Copy it"),
            ("gs://bucket/sp", "Copy it"),
            ("file://host/sp", "no host"),
            ("file:relative", "absolute"),
        ] {
            let error = path_of(uri).unwrap_err();
            assert_eq!(error.kind, Kind::Permanent);
            assert!(error.hint.as_deref().unwrap().contains(hint), "{uri}: {:?}", error.hint);
        }
    }

    #[tokio::test]
    async fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("_metadata");
        fs::write(&path, b"12345").unwrap();
        let uri = format!("file:{}", path.display());
        assert_eq!(LocalFiles.read(&uri, 5).await.unwrap().unwrap(), b"12345");
        assert_eq!(LocalFiles.read(&uri, 4).await.unwrap_err().kind, Kind::Permanent);
        assert_eq!(LocalFiles.read(&format!("{uri}-none"), 5).await.unwrap(), None);
        assert_eq!(LocalFiles.read(&format!("{uri}/below"), 5).await.unwrap(), None);
    }

    #[tokio::test]
    async fn links_and_folders_are_not_files() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        let error = LocalFiles.read(link.to_str().unwrap(), 100).await.unwrap_err();
        assert!(error.message.contains("symbolic link"), "{error}");
        let error = LocalFiles.read(folder.path().to_str().unwrap(), 100).await.unwrap_err();
        assert!(error.message.contains("a folder"), "{error}");
    }
}
