//! Routines and events of schemas that are not there.

use super::{DICTIONARY, passage::quoted};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Instance, Program},
    precheck::{
        check::{Check, From, Holds},
        findings::Findings,
    },
};

pub(super) const CHECK: Check = Check {
    id: "orphanedObjects",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Routines and events of schemas that are not there",
    about: "A routine left behind in mysql.proc by a schema that is gone stops the upgrade; an event left behind ends the new server by a \
            signal, with no line in its log. To make the schema and drop it again takes them away.",
    holds: Holds::Crossing(DICTIONARY),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrade-prerequisites.html"),
};

pub(super) fn look(instance: &Instance, findings: &mut Findings) {
    for orphan in &instance.orphans {
        let schema = quoted(&[&orphan.schema]);
        let table = if orphan.kind == Program::Event { "event" } else { "proc" };
        findings
            .add(
                &CHECK,
                format!("{}.{}", orphan.schema, orphan.name),
                format!("The {} is left over from a schema that is not there", orphan.kind.word().to_ascii_lowercase()),
            )
            .fix(format!("CREATE DATABASE {schema}; DROP DATABASE {schema}"))
            .query(format!("SELECT db, name FROM mysql.{table} WHERE db = '{}'", orphan.schema.replace('\'', "''")));
    }
}
