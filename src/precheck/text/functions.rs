//! Calls of functions that are gone.

use std::collections::BTreeSet;

use super::{
    lists::{Function, lost_function},
    passage::{Of, Passage},
};
use crate::{
    event::{Consequence, Level},
    port::catalogue::Release,
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
        sql::{Kind, Text},
    },
};

pub(super) const REMOVED: Check = Check {
    id: "removedFunctions",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::SilentUntilUsed,
    title: "Calls of functions that are gone",
    about: "ENCODE, DES_ENCRYPT, PASSWORD, the spatial functions without ST_ and, from 9.6 on, MD5 and SHA1 are gone. A generated \
            column with one stops the upgrade. A view with one cannot be read afterwards. A procedure, function, trigger or event \
            passes the upgrade and fails when it is first used, an event without any sign; only PASSWORD(), CONTAINS() and SRID() \
            are not even parsed there and stop it. Views and generated columns that were made with an old spatial name have been \
            kept under the new one and pass.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrading-from-previous-series.html"),
};

pub(super) const CHANGED: Check = Check {
    id: "changedFunctionsInGeneratedColumns",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Keys on generated columns whose expression may come out otherwise",
    about: "From 8.0.28 on CAST and CONVERT may give another value than the one that a key over the generated column holds: rows are \
            then not found through it. Drop and add the column after the upgrade.",
    holds: Holds::Crossing(Release(8, 0, 28)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrading-from-previous-series.html"),
};

/// Words before a name with a parenthesis after it that is a table, a key or a routine, not a call.
const BEFORE_NO_CALL: [&str; 19] = [
    "INTO",
    "INSERT",
    "REPLACE",
    "IGNORE",
    "DELAYED",
    "LOW_PRIORITY",
    "HIGH_PRIORITY",
    "TABLE",
    "EXISTS",
    "REFERENCES",
    "KEY",
    "INDEX",
    "UNIQUE",
    "FULLTEXT",
    "SPATIAL",
    "CALL",
    "PROCEDURE",
    "FUNCTION",
    "VIEW",
];

pub(super) fn look(passages: &[Passage<'_>], hop: &Hop, findings: &mut Findings) {
    for passage in passages {
        let mut told = BTreeSet::new();
        for (at, name, function) in removed(&passage.text, hop) {
            if !told.insert(name.clone()) {
                continue;
            }
            let (level, consequence) = damage(passage.of, function);
            let message = format!(
                "{} calls {name}(), which is gone from {} on{}{}",
                passage.of.title(),
                function.gone.removed_in,
                function.gone.hint(),
                line(passage, at),
            );
            findings
                .add(&REMOVED, &passage.object, message)
                .query(&passage.query)
                .fix(fix(&name, function))
                .worth(level, consequence);
        }
    }
}

/// Where in a text of several lines.
pub(super) fn line(passage: &Passage<'_>, at: usize) -> String {
    match (passage.of, passage.text.line(at)) {
        (Of::Stored(_), line) => format!(", in line {line} of its text"),
        _ => String::new(),
    }
}

fn fix(name: &str, function: &Function) -> String {
    match function.gone.instead {
        "" => format!("Do without {name}()"),
        instead => format!("Call {instead}() in place of {name}()"),
    }
}

fn damage(of: Of<'_>, function: &Function) -> (Level, Consequence) {
    match of {
        Of::Stored(_) if function.is_syntax => of.unparsed(),
        // The data dictionary of 8.0 is not made anew by later upgrades: the table opens no more.
        Of::Generated { .. } if Release(8, 0, 11) < function.gone.removed_in => {
            (Level::Error, Consequence::BrokenAfterwards)
        }
        _ => of.unknown(REMOVED.level),
    }
}

/// Each call of a function that the upgrade takes away: where, and its name in upper case.
pub(super) fn removed<'t>(
    text: &'t Text<'_>,
    hop: &'t Hop,
) -> impl Iterator<Item = (usize, String, &'static Function)> + 't {
    (0..text.len()).filter_map(move |at| {
        if !text.is_symbol(at + 1, b'(') || !is_call(text, at) {
            return None;
        }
        let name = text.name(at)?.to_ascii_uppercase();
        let function = lost_function(&name, hop)?;
        // A keyword in quotes is a name, and no function of the server has this one.
        let is_keyword = name == "PASSWORD" && text.kind(at) == Some(Kind::Name);
        (!is_keyword).then_some((at, name, function))
    })
}

/// Whether the name before a parenthesis is called, and is not part of a longer one.
fn is_call(text: &Text<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return true };
    if text.is_symbol(before, b'.') {
        return false;
    }
    // `CREATE INDEX i ON area(…)`, and not `JOIN … ON contains(…)`.
    let on_of_index = text.is_word(before, "ON") && at >= 3 && text.is_word(at - 3, "INDEX");
    !on_of_index && !BEFORE_NO_CALL.contains(&text.word(before).as_str())
}

pub(super) fn look_changed(passages: &[Passage<'_>], findings: &mut Findings) {
    for passage in passages {
        let Of::Generated { indexed: true } = passage.of else { continue };
        let changed = (0..passage.text.len()).find(|at| {
            ["CAST", "CONVERT"].contains(&passage.text.word(*at).as_str()) && passage.text.is_symbol(at + 1, b'(')
        });
        if let Some(at) = changed {
            let message = format!(
                "A key holds the values of this generated column, and {}() may give others from 8.0.28 on",
                passage.text.word(at)
            );
            findings
                .add(&CHANGED, &passage.object, message)
                .query(&passage.query)
                .fix("Drop the column and add it again after the upgrade");
        }
    }
}
