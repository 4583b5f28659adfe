//! Which comments the server has cut at an invalid byte.
//!
//! It cuts them in silence but for a warning that names neither table nor row, so the tables are asked one by one then.

use super::{
    asking::Asking,
    cells::{literal, name, number},
};
use crate::{error::Result, port::catalogue::Table};

const CUT: u32 = 1366;

/// Of which kinds some comment was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) tables: bool,
    pub(super) columns: bool,
    pub(super) indexes: bool,
}

impl Cut {
    pub(super) const NONE: Self = Self { tables: false, columns: false, indexes: false };
}

/// What the server had to say of the statement before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Warnings {
    /// It has cut a comment.
    pub(super) cut: bool,
    /// All others, in its own words.
    pub(super) others: Vec<String>,
}

pub(super) async fn warnings(asking: &mut Asking<'_>) -> Result<Warnings> {
    let found = asking.all("SHOW WARNINGS", |row| (number::<u32>(row, 1), name(row, 2))).await?.unwrap_or_default();
    let (cut, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(code, text)| *code == Some(CUT) && text.contains("_COMMENT"));
    Ok(Warnings { cut: !cut.is_empty(), others: others.into_iter().map(|(_, text)| text).collect() })
}

/// Marks the tables that have such comments.
pub(super) async fn mark(asking: &mut Asking<'_>, schema: &str, tables: &mut [Table], cut: Cut) -> Result<()> {
    type Mark = fn(&mut Table) -> &mut bool;
    let passes: [(bool, &str, Mark); 3] = [
        (cut.tables, "table_comment FROM information_schema.TABLES", |table| &mut table.invalid_comment),
        (cut.columns, "column_comment FROM information_schema.COLUMNS", |table| &mut table.invalid_column_comment),
        (cut.indexes, "index_comment FROM information_schema.STATISTICS", |table| &mut table.invalid_index_comment),
    ];
    for (_, what, of) in passes.into_iter().filter(|(cut, ..)| *cut) {
        for table in tables.iter_mut() {
            let (schema, name) = (literal(schema), literal(&table.name));
            let statement = format!("SELECT {what} WHERE table_schema = {schema} AND table_name = {name}");
            // Asked a second time: what is refused now is told as unread already.
            if let Ok(warnings) = asking.each(&statement, &mut |_| ()).await?
                && warnings > 0
            {
                *of(table) |= self::warnings(asking).await?.cut;
            }
        }
    }
    Ok(())
}
