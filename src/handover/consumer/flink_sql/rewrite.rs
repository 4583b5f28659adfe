//! Changes a script only where a handover must: options of its mysql-cdc tables, and SET statements.

use std::{collections::BTreeMap, ops::Range};

use super::{
    script::{JOB_ID, Script},
    settings::{merge, width},
    statement::Table,
    token::quote,
};
use crate::port::mysql::Address;

const MODE: &str = "scan.startup.mode";
const FILE: &str = "scan.startup.specific-offset.file";
const POSITION: &str = "scan.startup.specific-offset.pos";
const GTID_SET: &str = "scan.startup.specific-offset.gtid-set";
/// Options that would contradict a start at a position.
const OTHER_STARTS: [&str; 3] = [
    "scan.startup.specific-offset.skip-events",
    "scan.startup.specific-offset.skip-rows",
    "scan.startup.timestamp-millis",
];
const NAME: &str = "pipeline.name";
const PARAMETERS: &str = "pipeline.global-job-parameters";
const RESTORE: &str = "execution.state-recovery.path";
/// The name of [`RESTORE`] before Flink 1.20, which still works.
const RESTORE_BEFORE: &str = "execution.savepoint.path";

/// Where the sources start when there is no state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Position {
        file: String,
        position: u64,
    },
    /// A complete set of executed transactions.
    GtidSet(String),
}

/// What becomes of state to restore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Restore {
    /// As the script has it.
    #[default]
    Untouched,
    /// From this savepoint.
    From(String),
    /// Without state, whatever the script names.
    Nothing,
}

/// What a script is to be changed to. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub start: Option<Start>,
    /// Where the sources connect to.
    pub address: Option<Address>,
    /// The first of [`Script::server_ids_needed`] consecutive ids, given to the sources in order.
    pub server_ids: Option<u32>,
    /// Further options of every mysql-cdc table.
    pub options: BTreeMap<String, String>,
    /// The job's name whatever the script says.
    pub name: Option<String>,
    /// The job's name where the script gives none.
    pub default_name: Option<String>,
    /// Marks merged into `pipeline.global-job-parameters`.
    pub parameters: BTreeMap<String, String>,
    pub restore: Restore,
    /// Further `SET`s; `$internal.pipeline.job-id` among them names the job before it exists.
    pub settings: BTreeMap<String, String>,
}

/// The script with the changes; every other byte stays as it is.
pub fn rewrite(script: &Script, changes: &Changes) -> String {
    let mut edits = Vec::new();
    let mut server_id = changes.server_ids;
    for table in script.mysql_cdc() {
        let wanted = wanted(script, table, changes, &mut server_id);
        edits.extend(edit(script.text(), table, &wanted, &removed(changes)));
    }
    let mut added = String::new();
    for (key, value) in settings(script, changes) {
        let set = format!("SET {} = {}", quote(&key), quote(&value));
        let before = edits.len();
        edits.extend(script.resets(&key).map(|reset| (reset.span.clone(), set.clone())));
        let (mut there, undone) = (script.sets(&key).peekable(), edits.len() > before);
        if there.peek().is_none() && !undone {
            added.push_str(&format!("{set};{}", newline(script.text())));
        }
        edits.extend(there.filter(|setting| setting.value != value).map(|setting| match setting.bare {
            true => (setting.span.clone(), set.clone()),
            false => (setting.value_span.clone(), quote(&value)),
        }));
    }
    if *changes != Changes::default() && !changes.settings.contains_key(JOB_ID) {
        edits.extend(script.sets(JOB_ID).map(|setting| (setting.span.clone(), format!("RESET {}", quote(JOB_ID)))));
    }
    if changes.restore != Restore::Untouched {
        // The older key would win or contradict, so only the newer one is ever left.
        let gone: &[&str] =
            if changes.restore == Restore::Nothing { &[RESTORE, RESTORE_BEFORE] } else { &[RESTORE_BEFORE] };
        for setting in gone.iter().flat_map(|key| script.sets(key)) {
            edits.push((setting.span.clone(), format!("RESET {}", quote(&setting.key))));
        }
    }
    if !added.is_empty() {
        let anew = script.anew();
        let first =
            script.statements.iter().map(|statement| statement.start).find(|start| *start >= anew).unwrap_or(anew);
        edits.push((first..first, added));
    }
    apply(script.text(), edits)
}

fn apply(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut written = String::with_capacity(text.len() + 512);
    let mut at = 0;
    for (span, replacement) in edits {
        written.push_str(&text[at..span.start]);
        written.push_str(&replacement);
        at = span.end;
    }
    written.push_str(&text[at..]);
    written
}

fn settings(script: &Script, changes: &Changes) -> BTreeMap<String, String> {
    let mut settings = changes.settings.clone();
    let default = changes.default_name.as_ref().filter(|_| script.pipeline_name().is_none());
    if let Some(name) = changes.name.as_ref().or(default) {
        settings.insert(NAME.into(), name.clone());
    }
    if !changes.parameters.is_empty() {
        let existing = script.setting(PARAMETERS).unwrap_or_default();
        settings.insert(PARAMETERS.into(), merge(existing, &changes.parameters));
    }
    if let Restore::From(path) = &changes.restore {
        settings.insert(RESTORE.into(), path.clone());
    }
    settings
}

fn wanted(script: &Script, table: &Table, changes: &Changes, server_id: &mut Option<u32>) -> BTreeMap<String, String> {
    let mut wanted = changes.options.clone();
    let mut want = |key: &str, value: String| wanted.insert(key.to_owned(), value);
    if let Some(address) = &changes.address {
        want("hostname", address.host.clone());
        // Left out, the port is 3306.
        if table.option("port").unwrap_or("3306") != address.port.to_string() {
            want("port", address.port.to_string());
        }
    }
    if let Some(first) = *server_id {
        let last = first.saturating_add(width(script, table) - 1);
        want("server-id", format!("{first}-{last}"));
        *server_id = Some(last.saturating_add(1));
    }
    match &changes.start {
        Some(Start::Position { file, position }) => {
            want(MODE, "specific-offset".into());
            want(FILE, file.clone());
            want(POSITION, position.to_string());
        }
        Some(Start::GtidSet(set)) => {
            want(MODE, "specific-offset".into());
            want(GTID_SET, set.clone());
        }
        None => {}
    }
    wanted
}

fn removed(changes: &Changes) -> Vec<&'static str> {
    let contradicted: &[&str] = match changes.start {
        Some(Start::Position { .. }) => &[GTID_SET],
        Some(Start::GtidSet(_)) => &[FILE, POSITION],
        None => return Vec::new(),
    };
    OTHER_STARTS.iter().chain(contradicted).copied().collect()
}

/// The options of one table anew, from the first key to the last value; `None` where nothing changes.
fn edit(
    text: &str,
    table: &Table,
    wanted: &BTreeMap<String, String>,
    removed: &[&str],
) -> Option<(Range<usize>, String)> {
    let (first, last) = (table.options.first()?, table.options.last()?);
    let mut written = String::new();
    let mut before = first.span.start;
    for option in &table.options {
        if !removed.contains(&option.key.as_str()) {
            if !written.is_empty() {
                // The comma and what stands round it.
                written.push_str(&text[before..option.span.start]);
            }
            match wanted.get(&option.key).filter(|value| **value != option.value) {
                Some(value) => {
                    written.push_str(&text[option.span.start..option.value_span.start]);
                    written.push_str(&quote(value));
                }
                None => written.push_str(&text[option.span.clone()]),
            }
        }
        before = option.span.end;
    }
    for (key, value) in wanted.iter().filter(|(key, _)| table.option(key).is_none()) {
        if !written.is_empty() {
            written.push_str(&separator(text, table));
        }
        written.push_str(&format!("{} = {}", quote(key), quote(value)));
    }
    let span = first.span.start..last.span.end;
    (text[span.clone()] != written).then_some((span, written))
}

/// A comma as the table writes it: options on lines of their own get the indentation of the last one.
fn separator(text: &str, table: &Table) -> String {
    let last = table.options.last().map_or(0, |option| option.span.start);
    let line = text[..last].rfind('\n').map_or(0, |at| at + 1);
    let indentation = &text[line..last];
    if indentation.trim().is_empty() && line > table.span.start {
        format!(",{}{indentation}", newline(text))
    } else {
        ", ".into()
    }
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
