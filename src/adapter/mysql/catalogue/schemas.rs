//! Schemas one after another, with several connections at work on their parts.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::try_join_all;

use super::{
    asking::{Asking, Guard},
    cells::name,
    innodb::Innodb,
    schema::{self, Held, Part, Parts},
};
use crate::{
    adapter::mysql::read::Mysql,
    error::Result,
    port::{
        catalogue::{Gentle, Schema},
        mysql::Address,
    },
};

/// What all connections share: the parts nobody has asked for yet, and the schemas that are not whole.
struct Work<'a> {
    parts: VecDeque<(usize, Part)>,
    schemas: HashMap<usize, Parts>,
    innodb: Innodb,
    with_row_format: bool,
    each: &'a mut (dyn FnMut(Schema) + Send),
}

pub(super) async fn read(
    mysql: &Mysql,
    at: &Address,
    names: &[String],
    gentle: Gentle,
    each: &mut (dyn FnMut(Schema) + Send),
) -> Result<()> {
    let guard = Guard::new(gentle);
    let mut connections =
        try_join_all((0..gentle.connections.max(1)).map(|_| Asking::begin(mysql, at, &guard))).await?;
    let wanted: HashSet<&str> = names.iter().map(String::as_str).collect();
    let innodb = Innodb::read(&mut connections, &wanted).await?;
    let schemas = beginnings(&mut connections[0], names, &wanted).await?;
    let work = Mutex::new(Work {
        parts: (0..names.len()).flat_map(|place| Part::ALL.map(|part| (place, part))).collect(),
        schemas,
        // InnoDB's dictionary tells it without opening the table.
        with_row_format: !innodb.has_own_tables || !innodb.unread.is_empty(),
        innodb,
        each,
    });
    try_join_all(connections.iter_mut().map(|asking| at_work(asking, &work))).await?;
    for asking in connections {
        asking.close().await;
    }
    Ok(())
}

/// Each schema with its default character set and nothing else. One that has just been dropped is as good as empty.
async fn beginnings(
    asking: &mut Asking<'_>,
    names: &[String],
    wanted: &HashSet<&str>,
) -> Result<HashMap<usize, Parts>> {
    let statement =
        "SELECT schema_name, default_character_set_name, default_collation_name FROM information_schema.SCHEMATA";
    let defaults = asking.all(statement, |row| (name(row, 0), (name(row, 1), name(row, 2)))).await?.unwrap_or_default();
    let mut defaults: HashMap<String, (String, String)> =
        defaults.into_iter().filter(|(name, _)| wanted.contains(name.as_str())).collect();
    let beginning = |(place, name): (usize, &String)| {
        let (charset, collation) = defaults.remove(name).unwrap_or_default();
        (place, Parts::of(name.clone(), charset, collation))
    };
    Ok(names.iter().enumerate().map(beginning).collect())
}

/// One connection: takes the next part until there is none. Who brings the last part of a schema puts it together.
async fn at_work(asking: &mut Asking<'_>, work: &Mutex<Work<'_>>) -> Result<()> {
    loop {
        let Some((place, part, name, with_row_format)) = next(work) else { return Ok(()) };
        let (piece, warnings) = schema::read(asking, part, &name, with_row_format).await?;
        let whole = {
            let mut work = lock(work);
            let last = work.schemas.get_mut(&place).is_some_and(|parts| parts.add(piece, warnings));
            if last {
                work.schemas.remove(&place).map(|parts| (parts, Held::of(&mut work.innodb, &name)))
            } else {
                None
            }
        };
        if let Some((parts, held)) = whole {
            let mut schema = parts.whole(asking, held).await?;
            let mut work = lock(work);
            // What is unread of the whole server is told once, with the first schema.
            schema.unread.append(&mut work.innodb.unread);
            (work.each)(schema);
        }
    }
}

fn next(work: &Mutex<Work<'_>>) -> Option<(usize, Part, String, bool)> {
    let mut work = lock(work);
    let (place, part) = work.parts.pop_front()?;
    let name = work.schemas.get(&place)?.name().to_owned();
    Some((place, part, name, work.with_row_format))
}

fn lock<'a, 'b>(work: &'a Mutex<Work<'b>>) -> MutexGuard<'a, Work<'b>> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}
