//! Secrets from the environment and from files.

use std::{
    ffi::OsString,
    io::{ErrorKind, Read as _},
    path::Path,
};

use fs_err::File;

use crate::{
    error::{Error, Result},
    port::secrets::Secrets,
    secret::{Secret, SecretRef},
};

/// More than any password; a larger file is not one.
const LIMIT: u64 = 64 * 1024;

type Variable = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Resolves a reference each time it is asked, so that a rotated secret is seen.
pub struct StoredSecrets {
    variable: Box<Variable>,
}

impl StoredSecrets {
    /// `variable` looks up an environment variable.
    pub fn new(variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self { variable: Box::new(variable) }
    }

    fn environment(&self, name: &str) -> Result<Secret> {
        let value = (self.variable)(name).ok_or_else(|| {
            Error::usage(format!("Expected a secret in environment variable {name}, which is not set"))
                .hint(format!("Set it for this command only: {name}=… upgrade …"))
        })?;
        let value = value
            .into_string()
            .map_err(|_| Error::usage(format!("The secret in environment variable {name} is not valid UTF-8")))?;
        filled(value, &format!("environment variable {name}"))
    }
}

impl Secrets for StoredSecrets {
    /// # Errors
    /// `Usage` where there is no secret at the reference, `Permanent` where it cannot be read.
    fn resolve(&self, reference: &SecretRef) -> Result<Secret> {
        match reference {
            SecretRef::Env(name) => self.environment(name),
            SecretRef::File(path) => from_file(path),
        }
    }
}

fn from_file(path: &Path) -> Result<Secret> {
    let shown = path.display();
    let mut bytes = Vec::new();
    // Links are followed, as secrets are mounted; a pipe that nobody writes would not even open.
    let read = fs_err::metadata(path).and_then(|there| match there.is_file() {
        true => File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes),
        false => Err(std::io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    });
    match read {
        Ok(_) if bytes.len() as u64 > LIMIT => {
            return Err(Error::usage(format!("File {shown} is longer than {LIMIT} bytes: no secret is"))
                .hint("Put the secret alone on the first line of a file of its own"));
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Error::usage(format!("Expected a secret in file {shown}, which does not exist"))
                .hint("Relative paths are relative to the playbook"));
        }
        Err(error) => {
            return Err(Error::permanent(format!("The secret in file {shown} cannot be read")).because(&error));
        }
    }
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let value = String::from_utf8(line.to_vec())
        .map_err(|_| Error::usage(format!("The first line of file {shown} is not valid UTF-8")))?;
    filled(value, &format!("file {shown}"))
}

fn filled(value: String, place: &str) -> Result<Secret> {
    if value.is_empty() {
        return Err(Error::usage(format!("Expected a secret in {place}, which is empty")));
    }
    Ok(Secret::new(value))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::error::Kind;

    fn secrets() -> StoredSecrets {
        StoredSecrets::new(|name| match name {
            "SET" => Some("canary-1 ".into()),
            "EMPTY" => Some(OsString::new()),
            _ => None,
        })
    }

    #[test]
    fn a_variable_is_taken_as_it_is() {
        let secret = secrets().resolve(&SecretRef::Env("SET".into())).unwrap();
        assert_eq!(secret.expose(), "canary-1 ");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (reference, name) in [
            (SecretRef::Env("UNSET".into()), "environment variable UNSET"),
            (SecretRef::Env("EMPTY".into()), "environment variable EMPTY"),
            (SecretRef::File(PathBuf::from("/nonexistent/pw")), "file /nonexistent/pw"),
        ] {
            let error = secrets().resolve(&reference).unwrap_err();
            assert_eq!(error.kind, Kind::Usage, "{error}");
            assert!(error.message.contains(name), "{error}");
        }
    }

    #[test]
    fn a_file_gives_its_first_line_without_its_end() {
        let folder = tempfile::tempdir().unwrap();
        for (content, expected) in
            [("one\ntwo\n", "one"), ("one", "one"), ("one\r\n", "one"), (" one \n\n", " one "), ("a\rb\n", "a\rb")]
        {
            let path = folder.path().join("secret");
            fs_err::write(&path, content).unwrap();
            assert_eq!(secrets().resolve(&SecretRef::File(path)).unwrap().expose(), expected);
        }
    }

    #[test]
    fn a_folder_or_a_large_file_is_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let error = secrets().resolve(&SecretRef::File(folder.path().into())).unwrap_err();
        assert_eq!(error.kind, Kind::Permanent);
        let path = folder.path().join("large");
        fs_err::write(&path, vec![b'x'; LIMIT as usize + 1]).unwrap();
        assert_eq!(secrets().resolve(&SecretRef::File(path)).unwrap_err().kind, Kind::Usage);
    }
}
