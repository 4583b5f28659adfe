//! Text that the newer server's parser refuses.

use std::collections::BTreeSet;

use super::{
    functions::line,
    lists::{Statement, becomes_reserved, lost_statements},
    passage::Passage,
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
    id: "syntax",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Text that the newer server does not parse",
    about: "A word that has become reserved used as a name without quotes, SQL_CACHE, PROCEDURE ANALYSE, GRANT with IDENTIFIED BY, \\N and \
            other syntax that is gone. In a procedure, function, trigger or event it stops the upgrade; a view with it cannot be read \
            afterwards. The server's own parser was not asked: what is looked for is what the manual and real servers name.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/keywords.html"),
};

const EIGHT: Release = Release(8, 0, 11);

/// Something the parser refuses: the token, what it is and what to do.
struct Refused {
    at: usize,
    what: String,
    fix: String,
}

pub(super) fn look(passages: &[Passage<'_>], hop: &Hop, findings: &mut Findings) {
    for passage in passages {
        let mut told = BTreeSet::new();
        for refused in refused(&passage.text, hop) {
            if !told.insert(refused.what.clone()) {
                continue;
            }
            let message = format!("{} {}{}", passage.of.title(), refused.what, line(passage, refused.at));
            let (level, consequence) = worth(passage, refused.at);
            findings
                .add(&CHECK, &passage.object, message)
                .query(&passage.query)
                .fix(refused.fix)
                .worth(level, consequence);
        }
    }
}

fn worth(passage: &Passage<'_>, at: usize) -> (Level, Consequence) {
    let text = &passage.text;
    // `SQL_CACHE a` is read as a column named sql_cache with the alias a: it passes and fails when it runs.
    let is_alias = matches!(text.kind(at + 1), Some(Kind::Word | Kind::Name))
        && !text.is_symbol(at + 2, b'.')
        && !text.is_symbol(at + 2, b'(');
    let stored = passage.of.unparsed().1 == Consequence::StopsTheUpgrade;
    if stored && text.is_word(at, "SQL_CACHE") && is_alias {
        (CHECK.level, Consequence::SilentUntilUsed)
    } else {
        passage.of.unparsed()
    }
}

fn refused(text: &Text<'_>, hop: &Hop) -> Vec<Refused> {
    let mut found = Vec::new();
    for at in 0..text.len() {
        found.extend(reserved(text, at, hop));
        if hop.crosses(EIGHT) {
            found.extend(gone_with_eight(text, at));
        }
    }
    for statement in lost_statements(hop) {
        let stands = |at: &usize| stands(text, *at, statement);
        if let Some(at) = (0..text.len()).find(stands) {
            let written: Vec<_> =
                (at..at + statement.words.len()).map(|at| String::from_utf8_lossy(text.bytes(at))).collect();
            let words = written.join(" ").trim_end_matches('(').trim_end().to_ascii_uppercase();
            let fix = match statement.gone.instead {
                "" => format!("Do without {words}"),
                instead => format!("Write {instead} in place of {words}"),
            };
            let what =
                format!("has {words}, which is gone from {} on{}", statement.gone.removed_in, statement.gone.hint());
            found.push(Refused { at, what, fix });
        }
    }
    found
}

/// Where a statement that is gone stands.
pub(super) fn stands(text: &Text<'_>, at: usize, statement: &Statement) -> bool {
    let mut places = statement.words.iter().enumerate();
    places.all(|(offset, place)| place.iter().any(|word| text.stands(at + offset, &[word])))
}

/// A name without quotes that becomes reserved.
fn reserved(text: &Text<'_>, at: usize, hop: &Hop) -> Option<Refused> {
    let word = reserved_word(text, at, hop)?;
    Some(Refused {
        at,
        what: format!("has `{word}` as a name without quotes, and the word is reserved"),
        fix: format!("Write `{word}` in back-ticks"),
    })
}

/// The word here, in upper case, where it names something today and is reserved after the upgrade.
pub(super) fn reserved_word(text: &Text<'_>, at: usize, hop: &Hop) -> Option<String> {
    let word = text.word(at);
    if word.is_empty() || text.is_qualified(at) || !becomes_reserved(&word, hop) || is_keyword_already(text, at, &word)
    {
        return None;
    }
    Some(word)
}

/// Words that 5.7 knows as keywords and takes as names too: where it reads the keyword.
fn is_keyword_already(text: &Text<'_>, at: usize, word: &str) -> bool {
    let before = |offset: usize| at.checked_sub(offset).map(|at| text.word(at)).unwrap_or_default();
    match word {
        "FUNCTION" => {
            let names_one = matches!(text.kind(at + 1), Some(Kind::Word | Kind::Name));
            ["CREATE", "DROP", "ALTER", "SHOW", "AGGREGATE"].contains(&before(1).as_str())
                || (before(1) == "ON" && names_one)
        }
        "ROW" => {
            let of_format = at >= 2 && text.is_symbol(at - 1, b'=') && {
                let name = String::from_utf8_lossy(text.bytes(at - 2)).to_ascii_uppercase();
                name.ends_with("BINLOG_FORMAT")
            };
            before(1) == "EACH" || text.is_symbol(at + 1, b'(') || of_format
        }
        "ROWS" => {
            text.is_word(at + 1, "IDENTIFIED")
                || at.checked_sub(1).is_some_and(|at| text.kind(at) == Some(Kind::Number))
        }
        "CUBE" => before(1) == "WITH",
        _ => false,
    }
}

/// What 8.0 refuses and no list of words can tell.
fn gone_with_eight(text: &Text<'_>, at: usize) -> Option<Refused> {
    if text.kind(at) == Some(Kind::Null) {
        return Some(Refused { at, what: "has \\N".into(), fix: "Write NULL in place of \\N".into() });
    }
    if text.is_word(at, "SQL_CACHE") && at.checked_sub(1).is_some_and(|before| is_select_option(&text.word(before))) {
        let what = "has SQL_CACHE, and there is no query cache any more".into();
        return Some(Refused { at, what, fix: "Leave out SQL_CACHE".into() });
    }
    if text.is_word(at, "GRANT") && !text.is_word(at + 1, "OPTION") {
        let end = (at..text.len()).find(|at| text.is_symbol(*at, b';')).unwrap_or(text.len());
        let has_grantee = (at..end).any(|at| text.is_word(at, "TO"));
        let clause = (at..end).find_map(|at| {
            let clauses: [&[&str]; 6] = [
                &["IDENTIFIED"],
                &["REQUIRE"],
                &["MAX_QUERIES_PER_HOUR"],
                &["MAX_UPDATES_PER_HOUR"],
                &["MAX_CONNECTIONS_PER_HOUR"],
                &["MAX_USER_CONNECTIONS"],
            ];
            clauses.iter().find(|clause| text.stands(at, clause)).map(|clause| clause.join(" "))
        });
        if let (true, Some(clause)) = (has_grantee, clause) {
            return Some(Refused {
                at,
                what: format!("has GRANT with {clause}"),
                fix: format!("Give {clause} to CREATE USER or ALTER USER, and leave GRANT the privileges"),
            });
        }
    }
    None
}

fn is_select_option(word: &str) -> bool {
    ["SELECT", "ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY", "STRAIGHT_JOIN"].contains(&word)
        || word.starts_with("SQL_")
}
