//! A file → a playbook and its text, or all that is wrong with it.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    check::Findings,
    decode, mask,
    model::Playbook,
    problem::{Problem, Problems},
    tree::{self, Value},
};

/// A playbook of a thousand jobs is a tenth of this.
const MAX_BYTES: usize = 1024 * 1024;

/// A valid playbook, and the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub playbook: Playbook,
    /// As it stands in the file: a run keeps a copy.
    pub text: String,
    /// What relative paths were joined to; empty for the working directory.
    pub folder: PathBuf,
}

/// Reads and checks the playbook in the file `path`.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    let name = path.display().to_string();
    let bytes = bytes(path).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "name an existing file; the first argument of every verb is the playbook",
            std::io::ErrorKind::IsADirectory => "name the playbook's file, not its folder",
            std::io::ErrorKind::InvalidInput => "name a regular file: a pipe or a device may have no end",
            _ => "make the file readable for this user",
        };
        Problems::unreadable(&name, format!("the playbook cannot be read: {error}"), hint)
    })?;
    if bytes.len() > MAX_BYTES {
        let length = std::fs::metadata(path).map_or(bytes.len() as u64, |there| there.len());
        let message = format!("the playbook has {length} bytes, more than the {MAX_BYTES} of any real one");
        return Err(Problems::unreadable(&name, message, "name the playbook's file"));
    }
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&name, &error))?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let playbook = parse(&text, &name, &folder)?;
    Ok(Loaded { playbook, text, folder })
}

/// One byte more than is allowed at most. What is no regular file is not opened: a pipe that nobody writes does not answer.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let kind = std::fs::metadata(path)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Checks a text; `name` is what messages call it, relative paths in it are joined to `folder`.
pub fn parse(text: &str, name: &str, folder: &Path) -> Result<Playbook, Problems> {
    let root = match tree::read(text) {
        Ok(root) => root,
        Err(problem) => return Err(Problems::new(name, text, vec![problem], mask::of_text(text))),
    };
    if matches!(root.value, Value::Nothing) {
        let empty = Problem::new(0..0, "the playbook is empty")
            .hint("begin with `version: 1`; `upgrade schema` knows every key");
        return Err(Problems::new(name, text, vec![empty], Vec::new()));
    }
    let mut found = Findings::default();
    let playbook = decode::playbook(text, &root, folder, &mut found);
    match playbook {
        Some(playbook) if found.problems.is_empty() => Ok(playbook),
        _ => {
            let mut hidden = mask::of_tree(text, &root);
            hidden.append(&mut found.hidden);
            Err(Problems::new(name, text, found.problems, hidden))
        }
    }
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Problems {
    let at = error.utf8_error().valid_up_to();
    let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let end = at + shown[at..].chars().next().map_or(0, char::len_utf8);
    let problem = Problem::new(at..end, "the playbook is not UTF-8 from here on").hint("save the file as UTF-8");
    Problems::new(name, &shown, vec![problem], mask::of_text(&shown))
}
