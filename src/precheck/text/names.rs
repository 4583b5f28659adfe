//! Names of objects: words that become reserved, and a dollar sign at the beginning.

use super::{lists::becomes_reserved, passage};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Program, Release, Schema},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const RESERVED: Check = Check {
    id: "reservedKeywords",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Names that become reserved words",
    about: "The object itself passes the upgrade. Every statement of an application that names it without back-ticks fails from then on. \
            Judged by the words that the target reserves, which MySQL Shell's list does not always match.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/keywords.html"),
};

pub(super) const DOLLAR: Check = Check {
    id: "dollarSignName",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::Advice,
    title: "Names that begin with a dollar sign",
    about: "A name without quotes that begins with a dollar sign is deprecated from 8.0.32 on and will be a mistake in a later release. \
            Statements of applications need back-ticks there.",
    holds: Holds::Crossing(Release(8, 0, 31)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/identifiers.html"),
};

/// A named thing: what it is, its path and the statement that shows it.
struct Named<'a> {
    kind: &'static str,
    path: Vec<&'a str>,
    query: String,
}

pub(super) fn look_reserved(schema: &Schema, hop: &Hop, findings: &mut Findings) {
    for named in all(schema) {
        let name = named.name();
        if becomes_reserved(&name.to_ascii_uppercase(), hop) {
            let message = format!(
                "The name of this {} is a reserved word after the upgrade: statements must write it in back-ticks",
                named.kind
            );
            findings
                .add(&RESERVED, named.path.join("."), message)
                .query(named.query)
                .fix(format!("Write {} wherever a statement names it", passage::quoted(&[name])));
        }
    }
}

pub(super) fn look_dollar(schema: &Schema, findings: &mut Findings) {
    for named in all(schema) {
        let name = named.name();
        // With another one at the end, MySQL Shell takes it for a quoted text and passes it; the server does not.
        if name.starts_with('$') {
            let message = format!("The name of this {} begins with a dollar sign", named.kind);
            findings
                .add(&DOLLAR, named.path.join("."), message)
                .query(named.query)
                .fix(format!("Write {} wherever a statement names it", passage::quoted(&[name])));
        }
    }
}

impl<'a> Named<'a> {
    fn name(&self) -> &'a str {
        self.path.last().expect("every path has a name at its end")
    }
}

fn all(schema: &Schema) -> Vec<Named<'_>> {
    let at = schema.name.as_str();
    let mut all = vec![Named {
        kind: "schema",
        path: vec![at],
        query: format!("SHOW CREATE DATABASE {}", passage::quoted(&[at])),
    }];
    for table in &schema.tables {
        let query = format!("SHOW CREATE TABLE {}", passage::quoted(&[at, &table.name]));
        all.push(Named { kind: "table", path: vec![at, &table.name], query: query.clone() });
        for column in &table.columns {
            all.push(Named { kind: "column", path: vec![at, &table.name, &column.name], query: query.clone() });
        }
    }
    for view in &schema.views {
        let query = format!("SHOW CREATE VIEW {}", passage::quoted(&[at, &view.name]));
        all.push(Named { kind: "view", path: vec![at, &view.name], query: query.clone() });
        for column in &view.columns {
            all.push(Named { kind: "column", path: vec![at, &view.name, column], query: query.clone() });
        }
    }
    for program in &schema.programs {
        let kind = match program.kind {
            Program::Procedure => "procedure",
            Program::Function => "function",
            Program::Trigger => "trigger",
            Program::Event => "event",
        };
        all.push(Named { kind, path: vec![at, &program.name], query: passage::show(at, program) });
    }
    all
}
