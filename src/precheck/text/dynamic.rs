//! Strings in stored programs that are SQL.

use std::collections::BTreeSet;

use super::{
    functions::{line, removed},
    grouping::directed,
    lists::lost_statements,
    passage::{Of, Passage},
    syntax::{reserved_word, stands},
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

pub(super) const CHECK: Check = Check {
    id: "dynamic_sql",
    from: From::Ours,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Strings with SQL that the newer server refuses",
    about: "A string that is prepared as a statement is read by nobody before it runs: it passes every upgrade and fails in production. \
            Looked at are the strings of stored programs that prepare statements, and strings that are whole statements.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/sql-prepared-statements.html"),
};

/// Words with which a statement begins, or a piece of one that is put together.
const STATEMENTS: [&str; 14] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP", "SET", "CALL", "SHOW", "GRANT",
    "EXPLAIN", "TRUNCATE",
];
const CLAUSES: [&str; 14] =
    ["FROM", "WHERE", "AND", "OR", "ON", "GROUP", "ORDER", "HAVING", "LEFT", "INNER", "JOIN", "VALUES", "LIMIT", "AS"];

pub(super) fn look(passages: &[Passage<'_>], hop: &Hop, findings: &mut Findings) {
    for passage in passages.iter().filter(|passage| matches!(passage.of, Of::Stored(_))) {
        let text = &passage.text;
        let prepares = (0..text.len()).any(|at| text.is_word(at, "PREPARE"));
        let mut told = BTreeSet::new();
        for at in 0..text.len() {
            let Some(meant) = text.string(at) else { continue };
            let inside = Text::new(&meant, text.mode());
            if !(prepares || is_statement(&inside)) {
                continue;
            }
            for what in refused(&inside, hop) {
                if told.insert(what.clone()) {
                    let message =
                        format!("A string of {} {what}{}", passage.of.title().to_ascii_lowercase(), line(passage, at));
                    let fix = "Change the statement that the string holds, and try it on the target version";
                    findings.add(&CHECK, &passage.object, message).query(&passage.query).fix(fix);
                }
            }
        }
    }
}

/// Whether this reads as a whole statement, and not as a sentence that begins with the same word.
fn is_statement(text: &Text<'_>) -> bool {
    let has = |word: &str| (1..text.len()).any(|at| text.is_word(at, word));
    let calls = || (2..text.len()).any(|at| text.is_symbol(at, b'(') && text.touches_previous(at));
    is_of_one_case(text.bytes(0))
        && match text.word(0).as_str() {
            "SELECT" => has("FROM") || calls(),
            "DELETE" => has("FROM"),
            "UPDATE" => has("SET"),
            "INSERT" | "REPLACE" => has("INTO") && (has("VALUES") || has("SELECT")),
            _ => false,
        }
}

/// Whether it begins as a statement or as a piece of one.
fn begins_as_sql(text: &Text<'_>) -> bool {
    let first = text.word(0);
    let is_word = STATEMENTS.contains(&first.as_str()) || CLAUSES.contains(&first.as_str());
    (is_word && is_of_one_case(text.bytes(0))) || text.is_symbol(0, b',')
}

/// Prose begins its sentences with `Select` and `And`; SQL is written in one case.
fn is_of_one_case(word: &[u8]) -> bool {
    word == word.to_ascii_uppercase() || word == word.to_ascii_lowercase()
}

fn refused(text: &Text<'_>, hop: &Hop) -> Vec<String> {
    let mut refused: Vec<_> = removed(text, hop)
        .map(|(_, name, function)| format!("calls {name}(), which is gone{}", function.gone.hint()))
        .collect();
    if text.len() < 2 || !begins_as_sql(text) {
        return refused;
    }
    let reserved = (1..text.len()).filter_map(|at| reserved_word(text, at, hop));
    refused.extend(reserved.map(|word| format!("has `{word}` as a name without quotes, and the word is reserved")));
    if hop.crosses(Release(8, 0, 13)) && directed(text).is_some() {
        refused.push("has GROUP BY with ASC or DESC".into());
    }
    if hop.crosses(Release(8, 0, 11)) {
        let cached = (0..text.len()).any(|at| text.is_word(at, "SQL_CACHE") && text.kind(at + 1) != Some(Kind::Symbol));
        refused.extend(cached.then(|| "has SQL_CACHE, and there is no query cache any more".to_owned()));
    }
    refused.extend(
        lost_statements(hop)
            .filter(|statement| (0..text.len()).any(|at| stands(text, at, statement)))
            .map(|statement| format!("has {}, which is gone{}", statement.title(), statement.gone.hint())),
    );
    refused
}
