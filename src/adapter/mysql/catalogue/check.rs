//! `CHECK TABLE … FOR UPGRADE`, many tables in a statement. It changes nothing, and a read-only session may ask it.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::try_join_all;

use super::{
    asking::{Asking, Guard},
    cells::name,
};
use crate::{
    adapter::mysql::read::Mysql,
    error::Result,
    port::{
        catalogue::{Checked, Gentle},
        mysql::{Address, quoted},
    },
};

/// Tables of one statement: with more, one that is long in the making holds up the others' answers for no gain.
const BATCH: usize = 50;

pub(super) async fn run(
    mysql: &Mysql,
    at: &Address,
    tables: &[(String, String)],
    gentle: Gentle,
) -> Result<Vec<Checked>> {
    let guard = Guard::new(gentle);
    let work = Work { batches: tables.chunks(BATCH).collect(), next: AtomicUsize::new(0), found: Mutex::default() };
    let connections = gentle.connections.clamp(1, work.batches.len().max(1));
    try_join_all((0..connections).map(|_| at_work(mysql, at, &guard, &work))).await?;
    let mut found = work.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by(|one, other| (&one.schema, &one.table).cmp(&(&other.schema, &other.table)));
    Ok(found)
}

/// What all connections share.
struct Work<'a> {
    batches: Vec<&'a [(String, String)]>,
    next: AtomicUsize,
    found: Mutex<Vec<Checked>>,
}

async fn at_work(mysql: &Mysql, at: &Address, guard: &Guard, work: &Work<'_>) -> Result<()> {
    let mut asking = Asking::begin(mysql, at, guard).await?;
    while let Some(batch) = work.batches.get(work.next.fetch_add(1, Ordering::Relaxed)) {
        let said = batch_of(&mut asking, batch).await?;
        work.found.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
    }
    asking.close().await;
    Ok(())
}

/// What the server says of them beyond `OK`.
async fn batch_of(asking: &mut Asking<'_>, batch: &[(String, String)]) -> Result<Vec<Checked>> {
    let names: Vec<String> =
        batch.iter().map(|(schema, table)| format!("{}.{}", quoted(schema), quoted(table))).collect();
    let statement = format!("CHECK TABLE {} FOR UPGRADE", names.join(", "));
    // The answer has both names with a dot between, and either may have dots.
    let of = |whole: &str| {
        batch.iter().find(|(schema, table)| {
            whole.strip_prefix(schema.as_str()).and_then(|rest| rest.strip_prefix('.')) == Some(table.as_str())
        })
    };
    let line = |row: &mut _| (name(row, 0), name(row, 2).to_ascii_lowercase(), name(row, 3));
    let lines = match asking.all(&statement, line).await? {
        Ok(lines) => lines,
        Err(refusal) => {
            let unchecked = |(schema, table): &(String, String)| Checked {
                schema: schema.clone(),
                table: table.clone(),
                kind: "error".to_owned(),
                text: format!("It could not be checked: {}", refusal.why),
            };
            return Ok(batch.iter().map(unchecked).collect());
        }
    };
    let said = |(whole, kind, text): (String, String, String)| {
        let (schema, table) = of(&whole).cloned().or_else(|| {
            let (schema, table) = whole.split_once('.')?;
            Some((schema.to_owned(), table.to_owned()))
        })?;
        Some(Checked { schema, table, kind, text })
    };
    Ok(lines.into_iter().filter(|(_, kind, text)| kind != "status" || text != "OK").filter_map(said).collect())
}
