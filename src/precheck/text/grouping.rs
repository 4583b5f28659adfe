//! `GROUP BY … ASC` and `DESC`.

use super::{functions::line, passage::Passage};
use crate::{
    event::{Consequence, Level},
    port::catalogue::Release,
    precheck::{
        check::{Check, From, Holds},
        findings::Findings,
        sql::Text,
    },
};

pub(super) const CHECK: Check = Check {
    id: "groupbyAscSyntax",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "GROUP BY with ASC or DESC",
    about: "GROUP BY takes no ASC and no DESC from 8.0.13 on. In a procedure, function, trigger or event it stops the upgrade; a view \
            with it cannot be read afterwards. Groups have no order any more either: write an ORDER BY of the same columns.",
    holds: Holds::Crossing(Release(8, 0, 13)),
    link: Some("https://dev.mysql.com/doc/relnotes/mysql/8.0/en/news-8-0-13.html"),
};

/// What ends the list of a GROUP BY.
const ENDS: [&str; 13] = [
    "HAVING",
    "ORDER",
    "LIMIT",
    "PROCEDURE",
    "INTO",
    "FOR",
    "LOCK",
    "UNION",
    "WINDOW",
    "EXCEPT",
    "INTERSECT",
    "ON",
    "WITH",
];

pub(super) fn look(passages: &[Passage<'_>], findings: &mut Findings) {
    for passage in passages {
        if let Some(at) = directed(&passage.text) {
            let message =
                format!("{} has GROUP BY with {}{}", passage.of.title(), passage.text.word(at), line(passage, at));
            let (level, consequence) = passage.of.unparsed();
            findings
                .add(&CHECK, &passage.object, message)
                .query(&passage.query)
                .fix("Take ASC and DESC out of GROUP BY and write the same order in an ORDER BY")
                .worth(level, consequence);
        }
    }
}

/// The first ASC or DESC that belongs to a GROUP BY.
pub(super) fn directed(text: &Text<'_>) -> Option<usize> {
    (0..text.len()).filter(|at| text.stands(*at, &["GROUP", "BY"])).find_map(|at| in_list(text, at + 2))
}

fn in_list(text: &Text<'_>, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for at in start..text.len() {
        if text.is_symbol(at, b'(') {
            depth += 1;
        } else if text.is_symbol(at, b')') {
            depth = depth.checked_sub(1)?;
        } else if depth == 0 && text.is_symbol(at, b';') {
            return None;
        } else if depth == 0 && !text.is_qualified(at) {
            let word = text.word(at);
            if ["ASC", "DESC"].contains(&word.as_str()) {
                return Some(at);
            }
            if ENDS.contains(&word.as_str()) {
                return None;
            }
        }
    }
    None
}
