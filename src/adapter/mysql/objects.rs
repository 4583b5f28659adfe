//! What the schemas of a server hold, and what it can make of it.
//!
//! A view is read without a row. A program (routine, trigger, event) is prepared from its own text: MySQL parses the whole
//! of it before it says that it prepares no such statement, and a statement that is only prepared does nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use mysql_async::{Row, ServerError};

use super::{
    Mysql,
    rows::{cell, text},
    session::Session,
    tables,
};
use crate::{
    error::{Kind as ErrorKind, Result},
    port::{
        mysql::{Address, quoted},
        objects::{Kind, Object, Objects, Unreadable, Why},
    },
};

/// Schemas of the server.
const OWN_SCHEMAS: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];

/// The statement was parsed, and is of no kind that can be prepared.
const NOT_PREPARED: u16 = 1295;
/// The server has ended the statement, which took too long.
const OUT_OF_TIME: [u16; 2] = [1317, 3024];
/// The object or its schema has gone: no such schema, table, trigger, routine, event.
const GONE: [u16; 5] = [1049, 1146, 1305, 1360, 1539];

/// One schema at a time, which 5.7 answers without looking into the others.
pub(super) async fn all(session: &mut Session<'_>) -> Result<Objects> {
    const QUESTIONS: [&str; 4] = [
        "SELECT table_name, table_type FROM information_schema.TABLES WHERE table_schema = ?",
        "SELECT routine_name, routine_type FROM information_schema.ROUTINES WHERE routine_schema = ?",
        "SELECT trigger_name, 'TRIGGER' FROM information_schema.TRIGGERS WHERE trigger_schema = ?",
        "SELECT event_name, 'EVENT', status FROM information_schema.EVENTS WHERE event_schema = ?",
    ];
    let mut found = Objects::default();
    let schemas = session.rows("SELECT schema_name FROM information_schema.SCHEMATA ORDER BY 1").await?;
    for schema in schemas.iter().filter_map(|row| cell(row, 0)) {
        if OWN_SCHEMAS.contains(&schema.to_ascii_lowercase().as_str()) {
            continue;
        }
        for question in QUESTIONS {
            for row in session.rows_of(question, &[&schema]).await? {
                let Some((object, status)) = object(&schema, &row) else { continue };
                found.events.extend(status.map(|status| (object.clone(), status)));
                found.all.insert(object);
            }
        }
    }
    let scheduler = session.rows("SHOW GLOBAL VARIABLES LIKE 'event_scheduler'").await?;
    found.account =
        session.rows("SELECT CURRENT_USER()").await?.first().and_then(|row| cell(row, 0)).unwrap_or_default();
    found.grants = tables::grants(session).await?;
    found.runs_events = scheduler.first().and_then(|row| cell(row, 1)).is_some_and(|value| value == "ON");
    Ok(found)
}

fn object(schema: &str, row: &Row) -> Option<(Object, Option<String>)> {
    let kind = match cell(row, 1)?.as_str() {
        "BASE TABLE" => Kind::Table,
        "VIEW" => Kind::View,
        "PROCEDURE" => Kind::Procedure,
        "FUNCTION" => Kind::Function,
        "TRIGGER" => Kind::Trigger,
        "EVENT" => Kind::Event,
        _ => return None,
    };
    let status = if kind == Kind::Event { cell(row, 2) } else { None };
    Some((Object { kind, schema: schema.to_owned(), name: cell(row, 0)? }, status))
}

pub(super) async fn unreadable(
    mysql: &Mysql,
    at: &Address,
    objects: &[Object],
    connections: usize,
) -> Result<Vec<Unreadable>> {
    let next = AtomicUsize::new(0);
    let sessions = connections.clamp(1, 16).min(objects.len());
    let found = try_join_all((0..sessions).map(|_| some(mysql, at, objects, &next))).await?;
    let mut found = found.concat();
    found.sort_by(|one, other| one.object.cmp(&other.object));
    Ok(found)
}

/// What one session finds: it takes the next object until there are no more.
async fn some(mysql: &Mysql, at: &Address, objects: &[Object], next: &AtomicUsize) -> Result<Vec<Unreadable>> {
    let mut found = Vec::new();
    let mut session = mysql.session(at).await?;
    while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
        let why = match attempt(&mut session, object).await {
            // A connection that broke is no word on the object: it is asked again on a new one.
            Err(error) if error.kind == ErrorKind::Transient => {
                session = mysql.session(at).await?;
                match attempt(&mut session, object).await {
                    Err(again) if again.kind == ErrorKind::Transient => {
                        session = mysql.session(at).await?;
                        Some(Why::Late(again.message))
                    }
                    tried => tried?,
                }
            }
            tried => tried?,
        };
        found.extend(why.map(|why| Unreadable { object: object.clone(), why }));
    }
    session.close().await;
    Ok(found)
}

async fn attempt(session: &mut Session<'_>, object: &Object) -> Result<Option<Why>> {
    match object.kind {
        Kind::Table | Kind::View => {
            let statement = format!("SELECT * FROM {}.{} LIMIT 0", quoted(&object.schema), quoted(&object.name));
            Ok(session.try_rows(&statement).await?.err().and_then(judged))
        }
        _ => program(session, object).await,
    }
}

/// Prepares a program from its text, in its own schema and under its own `sql_mode`.
async fn program(session: &mut Session<'_>, object: &Object) -> Result<Option<Why>> {
    let show = format!("SHOW CREATE {} {}.{}", object.kind.keyword(), quoted(&object.schema), quoted(&object.name));
    // The server writes the names of an event as the mode of the session quotes them; in this one they read in any mode.
    session.rows("SET SESSION sql_mode = ''").await?;
    let rows = match session.try_rows(&show).await? {
        Ok(rows) => rows,
        Err(refusal) => return Ok(judged(refusal)),
    };
    let Some(row) = rows.first() else { return Ok(None) };
    let columns = ["Create Procedure", "Create Function", "SQL Original Statement", "Create Event"];
    let Some(definition) = text(row, &columns) else { return Ok(Some(Why::Hidden)) };
    let mode = text(row, &["sql_mode"]).unwrap_or_default().replace('\'', "");
    for set in [format!("USE {}", quoted(&object.schema)), format!("SET SESSION sql_mode = '{mode}'")] {
        if let Err(refusal) = session.try_rows(&set).await? {
            return Ok(judged(refusal));
        }
    }
    Ok(session.prepares(&show, &definition).await?.and_then(judged))
}

/// `None` where it is no word on the object.
fn judged(refusal: ServerError) -> Option<Why> {
    match refusal.code {
        NOT_PREPARED => None,
        code if GONE.contains(&code) => None,
        code if OUT_OF_TIME.contains(&code) => Some(Why::Late(refusal.message)),
        code => Some(Why::Refused { code, message: refusal.message }),
    }
}
