//! SQL modes that are gone, as stored programs and the server keep them.

use super::{DICTIONARY, passage::show};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Instance, Schema},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const MAXDB: Check = Check {
    id: "maxdbSqlModeFlags",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "The mode MAXDB kept with stored programs",
    about: "The upgrade takes the mode MAXDB away from stored programs that were made with it. TIMESTAMP means DATETIME under it and does \
            so no longer.",
    holds: Holds::Crossing(DICTIONARY),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrading-from-previous-series.html"),
};

pub(super) const OBSOLETE: Check = Check {
    id: "obsoleteSqlModeFlags",
    from: From::MysqlShell,
    level: Level::Notice,
    consequence: Consequence::Advice,
    title: "Modes that are gone kept with stored programs or set on the server",
    about: "DB2, MSSQL, MYSQL323, MYSQL40, NO_AUTO_CREATE_USER, NO_FIELD_OPTIONS, NO_KEY_OPTIONS, NO_TABLE_OPTIONS, ORACLE and POSTGRESQL \
            are gone. The upgrade takes them away from stored programs; a parameter group that sets one is refused. Objects made under \
            the modes that 5.7 ships with, of which NO_AUTO_CREATE_USER is one, are not told: nothing changes for them.",
    holds: Holds::Crossing(DICTIONARY),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrading-from-previous-series.html"),
};

const NAMES: [&str; 10] = [
    "DB2",
    "MSSQL",
    "MYSQL323",
    "MYSQL40",
    "NO_AUTO_CREATE_USER",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "ORACLE",
    "POSTGRESQL",
];

/// What 5.7 sets where nobody chose: the upgrade takes NO_AUTO_CREATE_USER out of it and nothing changes.
const SHIPPED: [&str; 7] = [
    "ONLY_FULL_GROUP_BY",
    "STRICT_TRANS_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "NO_AUTO_CREATE_USER",
    "NO_ENGINE_SUBSTITUTION",
];

/// Whether the upgrade takes away this mode, in upper case.
pub(super) fn is_obsolete(mode: &str, hop: &Hop) -> bool {
    hop.crosses(DICTIONARY) && (mode == "MAXDB" || NAMES.contains(&mode))
}

pub(super) fn look(schema: &Schema, findings: &mut Findings) {
    for program in &schema.programs {
        let object = format!("{}.{}", schema.name, program.name);
        add(&program.sql_mode, &object, &show(&schema.name, program), findings);
    }
}

pub(super) fn look_instance(instance: &Instance, findings: &mut Findings) {
    if let Some((_, modes)) = instance.variables.iter().find(|(name, _)| name == "sql_mode") {
        add(modes, "@@global.sql_mode", "SELECT @@global.sql_mode", findings);
    }
}

fn add(modes: &str, object: &str, query: &str, findings: &mut Findings) {
    let modes: Vec<_> = modes.split(',').map(|mode| mode.trim().to_ascii_uppercase()).collect();
    if modes.iter().any(|mode| mode == "MAXDB") {
        findings.add(&MAXDB, object, "Its sql_mode holds MAXDB, which is gone").query(query);
    }
    let as_shipped = modes.len() == SHIPPED.len() && modes.iter().all(|mode| SHIPPED.contains(&mode.as_str()));
    let obsolete: Vec<_> = modes.iter().map(String::as_str).filter(|mode| NAMES.contains(mode)).collect();
    if !obsolete.is_empty() && !as_shipped {
        let (verb, names) = (if obsolete.len() == 1 { "is" } else { "are" }, obsolete.join(", "));
        findings.add(&OBSOLETE, object, format!("Its sql_mode holds {names}, which {verb} gone")).query(query);
    }
}
