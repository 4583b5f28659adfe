//! `upgrade-prechecks.log`: `checksPerformed`, each with `id`, `title`, `status`, and `detectedProblems` where there are any.

use serde_json::Value;

use super::{UpgradeLog, finding, ids, level};
use crate::event::Level;

/// Deeper than any of these logs.
const DEPTH: usize = 32;

pub(super) fn read(log: &str) -> UpgradeLog {
    let mut stream = serde_json::Deserializer::from_str(log).into_iter::<Value>();
    let (report, cut) = match stream.next() {
        Some(Ok(report)) => (report, false),
        _ => match closed(log).and_then(|whole| serde_json::from_str(&whole).ok()) {
            Some(report) => (report, true),
            None => return UpgradeLog { cut: true, ..UpgradeLog::default() },
        },
    };
    let mut findings = Vec::new();
    for check in report["checksPerformed"].as_array().into_iter().flatten() {
        let text = |key: &str| check[key].as_str().unwrap_or_default();
        let id = match text("id") {
            "" => ids::of_title(text("title")),
            id => ids::of_id(id),
        };
        let link = check["documentationLink"].as_str().filter(|link| !link.is_empty());
        // What a problem lacks, the check has.
        let about =
            [text("description"), text("title"), &id].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        // The status tells whether the check could run: what it would have found is not known.
        if text("status").eq_ignore_ascii_case("error") {
            let title = if text("title").is_empty() { &id } else { text("title") };
            findings.push(finding(&id, Level::Error, "", &format!("This check could not run: {title}. {about}"), link));
        }
        for problem in check["detectedProblems"].as_array().into_iter().flatten() {
            let of = |key: &str| problem[key].as_str().unwrap_or_default();
            let message = if of("description").is_empty() { about } else { of("description") };
            // A level that is not known must not be taken for a harmless one.
            let level = level(of("level")).unwrap_or(Level::Warning);
            findings.push(finding(&id, level, of("dbObject"), message, link));
        }
    }
    UpgradeLog { findings, cut, errors: report["errorCount"].as_u64() }
}

/// The log up to the last object or list that is whole, and everything around it closed.
fn closed(log: &str) -> Option<String> {
    let mut open: Vec<u8> = Vec::new();
    let mut last: Option<(usize, Vec<u8>)> = None;
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in log.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' if open.len() == DEPTH => break,
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' if open.pop() != Some(byte) => break,
            b'}' | b']' => last = Some((at + 1, open.clone())),
            _ => {}
        }
    }
    let (end, open) = last?;
    let mut whole = log.get(..end)?.to_owned();
    whole.extend(open.iter().rev().map(|bracket| char::from(*bracket)));
    Some(whole)
}
