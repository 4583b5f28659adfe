//! What the server itself says of a table, and what it does not say.

use super::quote;
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Checked, Unread},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(in crate::precheck) const COMMAND: Check = Check {
    id: "checkTableCommand",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "What CHECK TABLE … FOR UPGRADE says",
    about: "What is broken before the upgrade is broken after it. CHECK TABLE does not look at all that stops an upgrade.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/check-table.html"),
};

pub(super) const UNREAD: Check = Check {
    id: "unread",
    from: From::Ours,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Parts of the catalogue that could not be read",
    about: "The checks that need such a part have not judged it: mend what keeps the server from answering, or grant what is missing, \
            and look again.",
    holds: Holds::Always,
    link: None,
};

/// Of a table in an old format: only a rebuild helps, and the upgrade stops.
const REBUILD: &str = "upgrade required";
/// Of a definition that is no definition: the upgrade stops.
const NO_DEFINITION: &str = "incorrect information in file";

pub(in crate::precheck) fn of_checked(checked: &[Checked], findings: &mut Findings) {
    for said in checked {
        let level = match said.kind.to_ascii_lowercase().as_str() {
            "error" => Level::Error,
            "warning" => Level::Warning,
            // Notes and states repeat what an error has said, or say that the engine has no check.
            _ => continue,
        };
        let path = quote::table(&said.schema, &said.table);
        let entry = findings
            .add(&COMMAND, format!("{}.{}", said.schema, said.table), said.text.trim())
            .query(format!("CHECK TABLE {path} FOR UPGRADE"));
        let text = said.text.to_ascii_lowercase();
        if text.contains(REBUILD) {
            entry.fix(format!("ALTER TABLE {path} FORCE")).worth(Level::Error, Consequence::StopsTheUpgrade);
        } else if text.contains(NO_DEFINITION) {
            entry.worth(Level::Error, Consequence::StopsTheUpgrade);
        } else {
            entry.worth(level, Consequence::BrokenAfterwards);
        }
    }
}

/// Whether a check for this upgrade looks at it.
fn is_needed(what: &str, hop: &Hop) -> bool {
    match what {
        // On 8.0 the question takes a privilege that a master user need not have.
        "XA RECOVER" => hop.needs(&super::instance::XA),
        "INNODB_METRICS" => hop.needs(&super::instance::HISTORY),
        "INNODB_SYS_DATAFILES" | "INNODB_DATAFILES" => hop.needs(&super::instance::CIRCULAR),
        _ => true,
    }
}

pub(super) fn of_unread(unread: &[Unread], hop: &Hop, findings: &mut Findings) {
    for part in unread.iter().filter(|part| is_needed(&part.what, hop)) {
        let object = part.schema.as_ref().map_or_else(|| part.what.clone(), |schema| format!("{schema}.{}", part.what));
        let message = format!("{} could not be read, and what depends on it is not judged: {}", part.what, part.why);
        findings.add(&UNREAD, object, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precheck::structure::samples::{later, upgrade};

    #[test]
    fn errors_and_warnings_count_and_states_do_not() {
        let said = |table: &str, kind: &str, text: &str| Checked {
            schema: "shop".into(),
            table: table.into(),
            kind: kind.into(),
            text: text.into(),
        };
        let mut findings = Findings::default();
        let all = [
            said("v", "Error", "View 'shop.v' references invalid table(s)"),
            said("v", "error", "Corrupt"),
            said("v", "status", "Operation failed"),
            said("m", "note", "The storage engine for the table doesn't support check"),
            said("w", "warning", "2 clients are using or haven't closed the table properly"),
            said("o", "error", "Table upgrade required. Please do \"REPAIR TABLE `o`\" or dump/reload to fix it!"),
        ];
        of_checked(&all, &mut findings);
        let found = findings.into_all();
        let short: Vec<_> = found.iter().map(|one| (one.object.as_str(), one.level, one.consequence)).collect();
        let broken = Consequence::BrokenAfterwards;
        assert_eq!(
            short,
            [
                ("shop.v", Level::Error, broken),
                ("shop.v", Level::Error, broken),
                ("shop.w", Level::Warning, broken),
                ("shop.o", Level::Error, Consequence::StopsTheUpgrade),
            ]
        );
        assert_eq!(found[3].fix.as_deref(), Some("ALTER TABLE `shop`.`o` FORCE"));
    }

    #[test]
    fn what_could_not_be_read_is_said() {
        let mut findings = Findings::default();
        let unread = Unread { what: "EVENTS".into(), schema: Some("shop".into()), why: "error 1728".into() };
        let prepared = Unread { what: "XA RECOVER".into(), schema: None, why: "error 1401".into() };
        of_unread(&[unread, prepared.clone()], &later(), &mut findings);
        let found = findings.into_all();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].check.as_str(), found[0].object.as_str()), ("unread", "shop.EVENTS"));
        assert!(found[0].message.contains("error 1728"));
        let mut findings = Findings::default();
        of_unread(&[prepared], &upgrade(), &mut findings);
        assert_eq!(findings.into_all().len(), 1);
    }
}
