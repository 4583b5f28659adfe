//! Procedures, functions, triggers and events of one schema.

use std::collections::HashMap;

use mysql_async::Row;

use super::{
    asking::{Asking, Refusal},
    cells::{bytes, literal, name, number, text},
    originals,
};
use crate::{
    error::Result,
    port::{
        catalogue::{Program, StoredProgram},
        mysql::quoted,
    },
};

type Found = std::result::Result<Vec<StoredProgram>, Refusal>;

/// In what the server keeps of itself.
const OWN: &str = "utf8";

/// From `mysql.proc` with the bytes as they were given, where there is one and it may be read.
pub(super) async fn routines(asking: &mut Asking<'_>, schema: &str) -> Result<Found> {
    if asking.has_dictionary() {
        return listed_routines(asking, schema).await;
    }
    let statement = format!(
        "SELECT type, name, definer, sql_mode, param_list, returns, body, character_set_client FROM mysql.proc \
         WHERE db = {}",
        literal(schema)
    );
    let routine = |row: &mut Row| {
        let kind = kind(&name(row, 0));
        let mut signature = bytes(row, 4).unwrap_or_default();
        if kind == Program::Function {
            signature.extend_from_slice(b" RETURNS ");
            signature.extend(bytes(row, 5).unwrap_or_default());
        }
        StoredProgram { kind, signature, charset: name(row, 7), ..program(row, [1, 2, 3, 6]) }
    };
    match asking.all(&statement, routine).await? {
        Ok(found) => Ok(Ok(found)),
        Err(_) => listed_routines(asking, schema).await,
    }
}

async fn listed_routines(asking: &mut Asking<'_>, schema: &str) -> Result<Found> {
    let statement = format!(
        "SELECT routine_type, routine_name, definer, sql_mode, routine_definition, dtd_identifier \
         FROM information_schema.ROUTINES WHERE routine_schema = {}",
        literal(schema)
    );
    let routine = |row: &mut Row| {
        let returns = bytes(row, 5).unwrap_or_default();
        let hidden = row.as_ref(4) == Some(&mysql_async::Value::NULL);
        (StoredProgram { kind: kind(&name(row, 0)), ..program(row, [1, 2, 3, 4]) }, returns, hidden)
    };
    let found = match asking.all(&statement, routine).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if found.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    if let Some((routine, ..)) = found.iter().find(|(.., hidden)| *hidden) {
        let why = format!("The server does not show the body of {} to this login", routine.name);
        return Ok(Err(Refusal { code: 0, why }));
    }
    let statement = format!(
        "SELECT routine_type, specific_name, ordinal_position, parameter_mode, parameter_name, dtd_identifier \
         FROM information_schema.PARAMETERS WHERE specific_schema = {}",
        literal(schema)
    );
    let parameter = |row: &mut Row| {
        let mode = text(row, 3).map(|mode| format!("{mode} ")).unwrap_or_default();
        let parameter = format!("{mode}{} {}", quoted(&name(row, 4)), name(row, 5));
        (kind(&name(row, 0)), name(row, 1), number::<u32>(row, 2).unwrap_or_default(), parameter)
    };
    let mut parameters: HashMap<(Program, String), Vec<(u32, String)>> = HashMap::new();
    match asking.all(&statement, parameter).await? {
        // At place 0 is what a function returns.
        Ok(rows) => {
            rows.into_iter().filter(|(_, _, place, _)| *place > 0).for_each(|(kind, name, place, parameter)| {
                parameters.entry((kind, name)).or_default().push((place, parameter))
            })
        }
        Err(refusal) => return Ok(Err(refusal)),
    }
    let whole = |(routine, returns, _): (StoredProgram, Vec<u8>, bool)| {
        let mut parameters = parameters.remove(&(routine.kind, routine.name.clone())).unwrap_or_default();
        parameters.sort_unstable();
        let list: Vec<String> = parameters.into_iter().map(|(_, parameter)| parameter).collect();
        let mut signature = list.join(", ").into_bytes();
        if routine.kind == Program::Function {
            signature.extend_from_slice(b" RETURNS ");
            signature.extend(returns);
        }
        StoredProgram { signature, ..routine }
    };
    let found = found.into_iter().map(whole).collect();
    restored(asking, schema, Ok(found)).await
}

async fn restored(asking: &mut Asking<'_>, schema: &str, mut found: Found) -> Result<Found> {
    if let Ok(programs) = &mut found {
        originals::restore(asking, schema, programs).await?;
    }
    Ok(found)
}

pub(super) async fn triggers(asking: &mut Asking<'_>, schema: &str) -> Result<Found> {
    let statement = format!(
        "SELECT trigger_name, definer, sql_mode, action_statement, event_object_table FROM information_schema.TRIGGERS \
         WHERE trigger_schema = {}",
        literal(schema)
    );
    let trigger = |row: &mut Row| StoredProgram { table: text(row, 4), ..program(row, [0, 1, 2, 3]) };
    let found = asking.all(&statement, trigger).await?;
    restored(asking, schema, found).await
}

/// From `mysql.event`, where there is one and it may be read: one event without a definer hides all others of the server
/// from `information_schema`.
pub(super) async fn events(asking: &mut Asking<'_>, schema: &str) -> Result<Found> {
    let own = literal(schema);
    let schedule = "status, execute_at, interval_value, interval_field, starts, ends";
    let event = |row: &mut Row| StoredProgram {
        kind: Program::Event,
        charset: text(row, 10).unwrap_or_else(|| OWN.to_owned()),
        enabled: name(row, 4) == "ENABLED",
        signature: schedule_of(row),
        ..program(row, [0, 1, 2, 3])
    };
    if !asking.has_dictionary() {
        let statement = format!(
            "SELECT name, definer, sql_mode, body, {schedule}, character_set_client FROM mysql.event WHERE db = {own}"
        );
        if let Ok(found) = asking.all(&statement, event).await? {
            return Ok(Ok(found));
        }
    }
    let statement = format!(
        "SELECT event_name, definer, sql_mode, event_definition, {schedule}, NULL FROM information_schema.EVENTS \
         WHERE event_schema = {own}"
    );
    let found = asking.all(&statement, event).await?;
    restored(asking, schema, found).await
}

/// `EVERY 1 DAY STARTS '…' ENDS '…'` or `AT '…'`.
fn schedule_of(row: &mut Row) -> Vec<u8> {
    if let Some(at) = text(row, 5) {
        return format!("AT '{at}'").into_bytes();
    }
    let mut schedule = format!("EVERY {} {}", name(row, 6), name(row, 7));
    for (word, index) in [("STARTS", 8), ("ENDS", 9)] {
        if let Some(when) = text(row, index) {
            schedule.push_str(&format!(" {word} '{when}'"));
        }
    }
    schedule.into_bytes()
}

fn kind(word: &str) -> Program {
    if word == "FUNCTION" { Program::Function } else { Program::Procedure }
}

/// A program whose name, definer, mode and body stand in these columns.
fn program(row: &mut Row, [program, definer, sql_mode, body]: [usize; 4]) -> StoredProgram {
    StoredProgram {
        kind: Program::Trigger,
        name: name(row, program),
        definer: name(row, definer),
        sql_mode: name(row, sql_mode),
        signature: Vec::new(),
        body: bytes(row, body).unwrap_or_default(),
        table: None,
        enabled: false,
        charset: OWN.to_owned(),
    }
}
