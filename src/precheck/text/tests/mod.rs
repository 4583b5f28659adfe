//! Every check of text: what it finds, what comes near and is well, and what a clean schema says.

mod objects;
mod programs;
mod views;

use crate::{
    event::{Consequence, Finding},
    port::catalogue::{Column, Instance, Program, Release, Schema, StoredProgram, Table, View},
    precheck::{check::Hop, findings::Findings},
};

const TO_8: Hop = Hop { from: Release(5, 7, 44), to: Release(8, 0, 39), aurora: false };
const TO_84: Hop = Hop { from: Release(8, 0, 39), to: Release(8, 4, 7), aurora: false };
const TO_97: Hop = Hop { from: Release(8, 4, 7), to: Release(9, 7, 4), aurora: false };

fn shop() -> Schema {
    Schema { name: "shop".into(), ..Schema::default() }
}

fn program(kind: Program, name: &str, body: &str) -> StoredProgram {
    StoredProgram {
        kind,
        name: name.into(),
        definer: "root@localhost".into(),
        sql_mode: String::new(),
        signature: Vec::new(),
        body: body.into(),
        table: (kind == Program::Trigger).then(|| "orders".to_owned()),
        enabled: true,
        charset: "utf8mb4".into(),
    }
}

fn view(name: &str, definition: &str) -> View {
    View { name: name.into(), definer: "root@localhost".into(), definition: definition.into(), ..View::default() }
}

fn column(name: &str) -> Column {
    Column { name: name.into(), data_type: "varchar".into(), ..Column::default() }
}

fn table(name: &str, columns: Vec<Column>) -> Table {
    Table { name: name.into(), columns, ..Table::default() }
}

fn judged(schema: &Schema, hop: Hop) -> Vec<Finding> {
    let mut findings = Findings::default();
    super::of_schema(schema, &Instance::default(), &hop, &mut findings);
    findings.into_all()
}

/// `check object consequence`, in order.
fn told(schema: &Schema, hop: Hop) -> Vec<(String, String, Consequence)> {
    judged(schema, hop).into_iter().map(|found| (found.check, found.object, found.consequence)).collect()
}

/// The checks that a procedure with this body fails, in order.
fn body(text: &str, hop: Hop) -> Vec<String> {
    body_under(text, "", hop)
}

fn body_under(text: &str, sql_mode: &str, hop: Hop) -> Vec<String> {
    let mut procedure = program(Program::Procedure, "p", text);
    procedure.sql_mode = sql_mode.into();
    let schema = Schema { programs: vec![procedure], ..shop() };
    judged(&schema, hop).into_iter().map(|found| found.check).collect()
}

fn fails(text: &str, check: &str) {
    assert_eq!(body(text, TO_8), [check], "{text}");
}

fn passes(text: &str) {
    let schema = Schema { programs: vec![program(Program::Procedure, "p", text)], ..shop() };
    assert_eq!(judged(&schema, TO_8), [], "{text}");
}
