//! A table named by a dot and nothing before it.

use super::{DICTIONARY, functions::line, passage::Passage};
use crate::{
    event::{Consequence, Level},
    precheck::{
        check::{Check, From, Holds},
        findings::Findings,
        sql::{Kind, Text},
    },
};

pub(super) const CHECK: Check = Check {
    id: "emptyDotTableSyntax",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Tables named with a dot and no schema before it",
    about: "5.7 reads `.orders` as the table orders of the current schema; 8.0 does not parse it. A stored program that has it stops the \
            upgrade.",
    holds: Holds::Crossing(DICTIONARY),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/identifier-qualifiers.html"),
};

/// Reserved words after which a table or column may begin: a name before a dot is none of these.
const BEFORE: [&str; 52] = [
    "ALL",
    "AND",
    "BETWEEN",
    "BY",
    "CASE",
    "CROSS",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DISTINCTROW",
    "DIV",
    "ELSE",
    "EXISTS",
    "EXPLAIN",
    "FROM",
    "HAVING",
    "HIGH_PRIORITY",
    "IGNORE",
    "IN",
    "INSERT",
    "INTERVAL",
    "INTO",
    "JOIN",
    "LIKE",
    "LOW_PRIORITY",
    "MOD",
    "NOT",
    "ON",
    "OR",
    "REFERENCES",
    "REGEXP",
    "REPLACE",
    "RETURN",
    "RLIKE",
    "SELECT",
    "SET",
    "SQL_BIG_RESULT",
    "SQL_CALC_FOUND_ROWS",
    "SQL_SMALL_RESULT",
    "STRAIGHT_JOIN",
    "TABLE",
    "THEN",
    "UPDATE",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WHILE",
    "XOR",
    "DELAYED",
    "DO",
];

pub(super) fn look(passages: &[Passage<'_>], findings: &mut Findings) {
    for passage in passages {
        if let Some(at) = (0..passage.text.len()).find(|at| is_empty_dot(&passage.text, *at)) {
            let name = passage.text.name(at + 1).unwrap_or_default();
            let message = format!(
                "{} names `{name}` with a dot and no schema before it{}",
                passage.of.title(),
                line(passage, at)
            );
            let (level, consequence) = passage.of.unparsed();
            findings
                .add(&CHECK, &passage.object, message)
                .query(&passage.query)
                .fix(format!("Write {name} without the dot, or the schema before it"))
                .worth(level, consequence);
        }
    }
}

fn is_empty_dot(text: &Text<'_>, at: usize) -> bool {
    if !text.is_symbol(at, b'.') || !matches!(text.kind(at + 1), Some(Kind::Word | Kind::Name)) {
        return false;
    }
    let Some(before) = at.checked_sub(1) else { return true };
    match text.kind(before) {
        Some(Kind::Word) => !text.is_qualified(before) && BEFORE.contains(&text.word(before).as_str()),
        Some(Kind::Symbol) => !text.is_symbol(before, b')') && !text.is_symbol(before, b'.'),
        _ => false,
    }
}
