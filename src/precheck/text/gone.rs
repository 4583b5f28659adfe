//! Tables of the server, system variables and modes that are gone, named in text.

use std::collections::BTreeSet;

use super::{
    functions::line,
    lists::{lost_table, lost_variable},
    modes::is_obsolete,
    passage::{Of, Passage},
};
use crate::{
    event::{Consequence, Level},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
        sql::{Kind, Text},
    },
};

pub(super) const TABLES: Check = Check {
    id: "removed_system_tables",
    from: From::Ours,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Uses of the server's own tables that are gone",
    about: "mysql.proc, mysql.event, information_schema.GLOBAL_STATUS, INNODB_SYS_TABLES and others are gone in 8.0. A view on one cannot be \
            read afterwards; a stored program that reads one passes the upgrade and cannot be called.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrading-from-previous-series.html"),
};

pub(super) const VARIABLES: Check = Check {
    id: "removed_variables_in_programs",
    from: From::Ours,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Stored programs that name system variables or modes that are gone",
    about: "A stored program that reads or sets a system variable such as tx_isolation or query_cache_size, or sets an sql_mode with a mode \
            that is gone, passes the upgrade with no more than a line in the log, and cannot be called afterwards (errors 3512, 1231).",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/added-deprecated-removed.html"),
};

/// Words after which a statement begins.
const BEFORE_STATEMENT: [&str; 6] = ["BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT"];

pub(super) fn look_tables(passages: &[Passage<'_>], hop: &Hop, findings: &mut Findings) {
    for passage in passages {
        let text = &passage.text;
        let mut told = BTreeSet::new();
        for at in 0..text.len() {
            if !text.is_symbol(at + 1, b'.') || (at > 0 && text.is_symbol(at - 1, b'.')) {
                continue;
            }
            let (Some(schema), Some(name)) = (text.name(at), text.name(at + 2)) else { continue };
            let Some(gone) = lost_table(&schema, &name, hop) else { continue };
            if told.insert(name.to_ascii_lowercase()) {
                let message = format!(
                    "{} reads {schema}.{name}, which is gone{}{}",
                    passage.of.title(),
                    gone.hint(),
                    line(passage, at)
                );
                let (level, consequence) = passage.of.unknown(TABLES.level);
                let entry = findings.add(&TABLES, &passage.object, message).query(&passage.query);
                let entry = entry.worth(level, consequence);
                if !gone.instead.is_empty() {
                    entry.fix(format!("Read {} in place of it", gone.instead));
                }
            }
        }
    }
}

pub(super) fn look_variables(passages: &[Passage<'_>], hop: &Hop, findings: &mut Findings) {
    for passage in passages.iter().filter(|passage| matches!(passage.of, Of::Stored(_))) {
        let text = &passage.text;
        let mut told = BTreeSet::new();
        for at in 0..text.len() {
            if let Some(name) = variable(text, at)
                && let Some(gone) = lost_variable(&name, hop)
                && told.insert(name.clone())
            {
                let message = format!(
                    "{} names the system variable {name}, which is gone from {} on{}{}",
                    passage.of.title(),
                    gone.removed_in,
                    gone.hint(),
                    line(passage, at),
                );
                let entry = findings.add(&VARIABLES, &passage.object, message).query(&passage.query);
                entry.fix(match gone.instead {
                    "" => format!("Do without {name}"),
                    instead => format!("Name {instead} in place of {name}"),
                });
            }
            for mode in set_modes(text, at).into_iter().filter(|mode| is_obsolete(mode, hop)) {
                if told.insert(mode.clone()) {
                    let message =
                        format!("{} sets sql_mode with {mode}, which is gone{}", passage.of.title(), line(passage, at));
                    let entry = findings.add(&VARIABLES, &passage.object, message).query(&passage.query);
                    entry.fix(format!("Leave {mode} out of the sql_mode it sets"));
                }
            }
        }
    }
}

/// The system variable that is named here, in lower case.
fn variable(text: &Text<'_>, at: usize) -> Option<String> {
    if text.kind(at)? == Kind::Variable {
        let written = String::from_utf8_lossy(text.bytes(at)).to_ascii_lowercase();
        let name = written.strip_prefix("@@")?;
        let scopes = ["global.", "session.", "local."];
        let name = scopes.iter().find_map(|scope| name.strip_prefix(scope)).unwrap_or(name);
        return Some(name.to_owned());
    }
    let is_set = text.is_symbol(at + 1, b'=') || (text.is_symbol(at + 1, b':') && text.is_symbol(at + 2, b'='));
    let before = text.word(at.checked_sub(1).filter(|_| is_set)?);
    let word = text.word(at).to_ascii_lowercase();
    if ["GLOBAL", "SESSION", "LOCAL"].contains(&before.as_str()) {
        return Some(word);
    }
    // In an UPDATE it is a column.
    let begins = at < 2 || text.is_symbol(at - 2, b';') || BEFORE_STATEMENT.contains(&text.word(at - 2).as_str());
    if before != "SET" || !begins || !word.contains('_') {
        return None;
    }
    // Without a scope it may as well be a variable of the program's own.
    let own = (1..text.len()).any(|declared| {
        text.is_word(declared, &word)
            && ["DECLARE", "IN", "OUT", "INOUT"].iter().any(|before| text.is_word(declared - 1, before))
    });
    (!own).then_some(word)
}

/// The modes that `sql_mode = '…'` names, in upper case.
fn set_modes(text: &Text<'_>, at: usize) -> Vec<String> {
    if !text.is_symbol(at + 1, b'=') && !text.is_symbol(at + 1, b':') {
        return Vec::new();
    }
    let written = String::from_utf8_lossy(text.bytes(at)).to_ascii_lowercase();
    let named = matches!(text.kind(at), Some(Kind::Word | Kind::Variable))
        && (written == "sql_mode" || (written.starts_with("@@") && written.ends_with("sql_mode")));
    let value = (at + 1..at + 4).find(|at| text.kind(*at) == Some(Kind::String));
    let (true, Some(value)) = (named, value) else {
        return Vec::new();
    };
    let modes = text.string(value).unwrap_or_default();
    String::from_utf8_lossy(&modes).split(',').map(|mode| mode.trim().to_ascii_uppercase()).collect()
}
