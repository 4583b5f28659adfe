//! Files a run makes: written whole or not at all, known by their digest; and scripts made from templates.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tera::{Context, Tera};

use crate::error::{Error, Result};

/// What a job template may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Values<T> {
    /// The job's name.
    pub name: String,
    /// What is known of each table.
    pub tables: Vec<T>,
    /// What the playbook gives under `parameters`.
    pub parameters: BTreeMap<String, String>,
    /// Where the source database is reached.
    pub source_host: String,
    pub source_port: u16,
    /// Flink's savepoint directory.
    pub savepoints: String,
}

/// Writes `content` to `path`, for its owner's eyes only: a reader finds the old file or the new one, also after a power
/// cut. Returns its digest, `sha256:` and 64 hex digits.
///
/// # Errors
///
/// `Permanent` where the folder cannot be written; the old file is then as it was.
pub fn write(path: &Path, content: &[u8]) -> Result<String> {
    place(path, content).map_err(|error| {
        Error::permanent(format!("Could not write the file {}", path.display()))
            .because(&error)
            .unchanged("A file that was there before is as it was")
            .hint("Make room or give write permission, then run the same command again")
    })?;
    Ok(digest(content))
}

/// `sha256:` and 64 hex digits.
pub fn digest(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn place(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    own_folder(folder)?;
    // A temporary file is made with mode 0600 and keeps it.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    fs_err::File::open(folder)?.sync_all()
}

/// Folders that are missing are made their owner's alone.
fn own_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The script a template makes. `template` is its path, for messages.
///
/// # Errors
///
/// `Usage` where the template does not parse, or uses a variable that there is none of.
pub fn render<T: Serialize>(template: &str, text: &str, values: &Values<T>) -> Result<String> {
    let wrong = |message: String| Error::usage(message).unchanged("Nothing was changed");
    if let Some((line, word)) = reaches_out(text) {
        let message = format!("The job template {template} has `{word}` in line {line}: a template is one file");
        return Err(wrong(message).hint("Write what it would take in into the template itself"));
    }
    let mut tera = Tera::default();
    tera.add_raw_template(template, text)
        .map_err(|error| wrong(format!("The job template {template} does not parse")).because(&error))?;
    let context = Context::from_serialize(values)
        .map_err(|error| Error::bug("The values of a job template are no map").because(&error))?;
    let known: BTreeSet<&str> = ["name", "tables", "parameters", "source_host", "source_port", "savepoints"].into();
    let used = tera.get_template_variables(template).map_err(|error| {
        wrong(format!("The variables of the job template {template} cannot be told")).because(&error)
    })?;
    let unknown: BTreeSet<&str> = used.into_iter().filter(|name| !known.contains(name)).collect();
    if !unknown.is_empty() {
        let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!("The job template {template} uses what there is none of: {}", list(unknown));
        return Err(wrong(message).hint(format!("A job template may use {}", list(known))));
    }
    tera.render(template, &context)
        .map_err(|error| wrong(format!("The job template {template} cannot be rendered")).because(&error))
}

/// Line and word of the first tag that takes in another template. One that takes in itself would have no end.
fn reaches_out(text: &str) -> Option<(usize, &str)> {
    const WORDS: [&str; 4] = ["include", "extends", "import", "from"];
    text.match_indices("{%").find_map(|(at, open)| {
        let tag = text[at + open.len()..].trim_start_matches('-').trim_start();
        let word = &tag[..tag.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tag.len())];
        WORDS.contains(&word).then(|| (text[..at].matches('\n').count() + 1, word))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::error::Kind;

    fn values() -> Values<&'static str> {
        Values {
            name: "orders".into(),
            tables: vec!["shop.orders", "shop.items"],
            parameters: BTreeMap::new(),
            source_host: "db.example".into(),
            source_port: 3306,
            savepoints: "file:///sp".into(),
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("artifacts/job.sql");
        write(&path, b"old").unwrap();
        let digest = write(&path, b"abc").unwrap();
        assert_eq!(digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(fs_err::read(&path).unwrap(), b"abc");
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs_err::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("file"), "x").unwrap();
        let error = write(&folder.path().join("file/job.sql"), b"abc").unwrap_err();
        assert_eq!(error.kind, Kind::Permanent);
    }

    #[test]
    fn a_template_is_filled_and_placeholders_of_secrets_stay() {
        let text = "SET 'pipeline.name' = '{{ name }}';\n{% for table in tables %}-- {{ table }} ${secret:A}\n{% endfor %}\
                    {{ source_host }}:{{ source_port }}'<&>";
        let rendered = render("job.sql.tera", text, &values()).unwrap();
        assert_eq!(
            rendered,
            "SET 'pipeline.name' = 'orders';\n-- shop.orders ${secret:A}\n-- shop.items ${secret:A}\ndb.example:3306'<&>"
        );
    }

    #[test]
    fn what_a_template_cannot_know_is_an_error() {
        let error = render("job.sql", "{{ nmae }} {% if missing %}x{% endif %}", &values()).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.message.contains("missing, nmae"), "{error}");
        assert_eq!(render("job.sql", "{% if %}", &values()).unwrap_err().kind, Kind::Usage);
    }
}
