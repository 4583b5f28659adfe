//! Files a run makes, and the templates they may come from.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tera::Tera;

use crate::error::{Error, Result};

/// The folder of a run's artifacts.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Writes a file whole or not at all, readable by its owner only. Returns its path in the run folder and its digest.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(String, String)> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
        let unwritable = |error: std::io::Error| {
            Error::permanent(format!("The artifact {} cannot be written", path.display()))
                .because(&error)
                .unchanged("Nothing was sent")
                .hint("Make room or give write access to the state folder, then type the same command again")
        };
        write_whole(folder, &path, bytes).map_err(unwritable)?;
        Ok((format!("artifacts/{name}"), digest(bytes)))
    }
}

fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs_err::create_dir_all(folder)?;
    // A temporary file is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs_err::File::open(folder)?.sync_all()
}

/// `sha256:` and 64 hex digits.
pub fn digest(bytes: &[u8]) -> String {
    let hex = Sha256::digest(bytes);
    hex.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Renders a template of a job's script. Every variable it names must be among `values`.
pub fn render(name: &str, template: &str, values: &Value) -> Result<String> {
    let unusable = |error: &tera::Error| Error::usage(format!("The template {name} cannot be rendered")).because(error);
    let mut tera = Tera::default();
    tera.autoescape_on(Vec::<&str>::new());
    tera.add_raw_template(name, template).map_err(|error| unusable(&error))?;
    let known: Vec<&str> =
        values.as_object().map(|values| values.keys().map(String::as_str).collect()).unwrap_or_default();
    let named = tera.get_template_variables(name).map_err(|error| unusable(&error))?;
    let unknown: Vec<_> = named.into_iter().filter(|variable| !known.iter().any(|name| *name == *variable)).collect();
    if !unknown.is_empty() {
        return Err(Error::usage(format!("The template {name} uses `{}`, which is not known", unknown.join("`, `")))
            .hint(format!("It may use {}", known.join(", "))));
    }
    let context = tera::Context::from_serialize(values).map_err(|error| unusable(&error))?;
    tera.render(name, &context).map_err(|error| unusable(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_artifact_is_private_and_has_the_digest_of_its_bytes() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, digest) = Folder::new(folder.path()).write("orders/green.sql", b"SELECT 1;").unwrap();
        assert_eq!(path, "artifacts/orders/green.sql");
        assert_eq!(digest, "sha256:17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a");
        let mode = std::fs::metadata(folder.path().join("orders/green.sql")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_template_renders_and_an_unknown_variable_is_told() {
        let values = json!({ "job": "orders", "tables": ["a", "b"] });
        assert_eq!(
            render("t.sql", "{{ job }}:{% for t in tables %} {{ t }}'{% endfor %}", &values).unwrap(),
            "orders: a' b'"
        );
        let error = render("t.sql", "{{ host }}", &values).unwrap_err();
        assert!(error.message.contains("`host`"), "{}", error.message);
    }
}
