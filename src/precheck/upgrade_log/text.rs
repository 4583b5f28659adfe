//! `PrePatchCompatibility.log`: numbered checks, each with its verdict, a link, and its objects one a line.
//!
//! ```text
//! 2) Usage of removed functions
//!   Error: The following DB objects make use of functions that have been removed
//!   More information:
//!     https://…
//!
//!   shop.totals - VIEW uses removed function ENCODE
//! ```

use super::{UpgradeLog, finding, ids, level};
use crate::event::{Finding, Level};

/// A check, as far as its lines are read.
struct Section {
    title: String,
    level: Option<Level>,
    /// What it says of all its objects.
    about: String,
    link: Option<String>,
    /// Level of its own, object, what is wrong with it.
    items: Vec<(Option<Level>, String, String)>,
    clean: bool,
    /// The words of the level go on over lines until there is an empty one.
    telling: bool,
}

pub(super) fn read(log: &str) -> UpgradeLog {
    let mut found = UpgradeLog { cut: true, ..UpgradeLog::default() };
    let mut section: Option<Section> = None;
    for line in log.lines() {
        let words = line.trim();
        if let Some(title) = numbered(words) {
            end(section.take(), &mut found.findings);
            section = Some(begin(title));
        } else if let Some(count) = counted(words, "Errors:") {
            end(section.take(), &mut found.findings);
            found.errors = Some(count);
            found.cut = false;
        } else if let Some(section) = &mut section {
            section.line(line, words);
        }
    }
    end(section, &mut found.findings);
    found
}

/// `12) Usage of removed functions`
fn numbered(line: &str) -> Option<&str> {
    let (number, title) = line.split_once(')')?;
    let short = (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    (short && title.starts_with(char::is_whitespace)).then(|| title.trim())
}

fn counted(line: &str, what: &str) -> Option<u64> {
    line.strip_prefix(what)?.trim().parse().ok()
}

fn begin(title: &str) -> Section {
    // Some logs have the verdict behind the title.
    let (title, verdict) = match title.rsplit_once(':') {
        Some((title, word)) if level(word).is_some() => (title.trim(), level(word)),
        _ => (title, None),
    };
    Section {
        title: title.to_owned(),
        level: verdict,
        about: String::new(),
        link: None,
        items: Vec::new(),
        clean: false,
        telling: false,
    }
}

impl Section {
    fn line(&mut self, line: &str, words: &str) {
        if words.is_empty() {
            self.telling = false;
            return;
        }
        if words.to_ascii_lowercase().starts_with("no issues found") {
            self.clean = true;
            return;
        }
        if words.starts_with("http://") || words.starts_with("https://") {
            self.link.get_or_insert_with(|| words.to_owned());
            return;
        }
        if words.eq_ignore_ascii_case("more information:") {
            self.telling = false;
            return;
        }
        let told = words.split_once(':').and_then(|(word, rest)| Some((level(word)?, rest.trim())));
        match told {
            Some((own, rest)) => match object(rest) {
                Some((object, what)) => self.items.push((Some(own), object.to_owned(), what.to_owned())),
                None => {
                    self.level = self.level.max(Some(own));
                    self.tell(rest);
                    self.telling = true;
                }
            },
            None if self.telling && !object(words).is_some_and(|(name, _)| name.contains('.')) => self.tell(words),
            None => match object(words) {
                Some((object, what)) => {
                    self.telling = false;
                    self.items.push((None, object.to_owned(), what.to_owned()));
                }
                // A line that goes on is indented deeper than the one it goes on from.
                None => match self.items.last_mut() {
                    Some((_, _, what)) if line.starts_with("    ") => {
                        what.push(' ');
                        what.push_str(words);
                    }
                    _ => self.tell(words),
                },
            },
        }
    }

    fn tell(&mut self, words: &str) {
        if !self.about.is_empty() {
            self.about.push(' ');
        }
        self.about.push_str(words);
    }
}

/// `shop.totals - VIEW uses removed function ENCODE`: a name without blanks, then what is wrong with it.
fn object(words: &str) -> Option<(&str, &str)> {
    let (name, what) = words.split_once(" - ")?;
    (!name.contains(char::is_whitespace)).then(|| (name, what.trim()))
}

fn end(section: Option<Section>, findings: &mut Vec<Finding>) {
    let Some(section) = section else { return };
    let id = ids::of_title(&section.title);
    let link = section.link.as_deref();
    // A check that has something to say and no word for how bad it is must not be taken for a harmless one.
    let common = section.level.unwrap_or(Level::Warning);
    for (own, object, what) in &section.items {
        findings.push(finding(&id, own.unwrap_or(common), object, what, link));
    }
    let silent = section.about.is_empty() && section.level.is_none();
    if section.items.is_empty() && !silent && !(section.clean && section.level.is_none_or(|level| level < Level::Error))
    {
        let about = if section.about.is_empty() { &section.title } else { &section.about };
        findings.push(finding(&id, common, "", about, link));
    }
}
