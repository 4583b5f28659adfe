//! A row of the sink that somebody has changed by hand: the product must find it, name it, and go on once it is mended.

use std::path::{Path, PathBuf};

use fs_err as fs;
use mysql_async::prelude::Queryable;
use serde_json::Value;

use super::events::Story;
use crate::error::{Doing, Error, Result};
use crate::mysqld::connect;
use crate::place::Record;

/// One of the first rows, which no job has read since the snapshot and the writer never touches.
const KEY: &str = "id = 7";
const TABLE: &str = "target.source_table";

/// A blank at the end, which comparing the names would not show.
pub(super) async fn plant(record: &Record) -> Result<()> {
    change(record, "CONCAT(customer_name, ' ')").await
}

pub(super) async fn mend(record: &Record) -> Result<()> {
    change(record, "TRIM(TRAILING ' ' FROM customer_name)").await
}

async fn change(record: &Record, to: &str) -> Result<()> {
    let mut sink = connect(record.sink.address()?, &record.accounts.sink).await.doing("Connecting to the sink")?;
    let update = format!("UPDATE {TABLE} SET customer_name = {to} WHERE {KEY}");
    sink.query_drop(update).await.doing("Changing a row of the sink")?;
    if sink.affected_rows() != 1 {
        return Err(Error::other(format!("The row {KEY} of {TABLE} is not as it was expected")));
    }
    sink.disconnect().await.doing("Closing a session")
}

/// The product has ended because of that row and no other, and says which one; `state` is its folder.
pub(super) fn is_named(story: &Story, state: &Path) -> Result<()> {
    let said = story.error.clone().unwrap_or_default();
    let named = format!("{TABLE} {KEY}");
    if story.exit_code != Some(4) || !said.contains(&named) {
        let code = story.exit_code;
        return Err(Error::other(format!(
            "A wrong row should end it with 4 and {named}; it ended with {code:?}: {said}"
        )));
    }
    let path = found(state)?.ok_or_else(|| Error::other("The product wrote no differences.json"))?;
    let page: Value = serde_json::from_str(&fs::read_to_string(&path)?)
        .map_err(|error| Error::other(format!("{} is no JSON: {error}", path.display())))?;
    let rows = page["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let keys: Vec<_> = rows.iter().map(|row| (row["table"].as_str(), row["key"].as_str())).collect();
    if keys == [(Some(TABLE), Some(KEY))] {
        return Ok(());
    }
    Err(Error::other(format!("{} should hold {named} alone: {page}", path.display())))
}

fn found(state: &Path) -> Result<Option<PathBuf>> {
    for playbook in fs::read_dir(state.join("runs"))? {
        for run in fs::read_dir(playbook?.path())? {
            let path = run?.path().join("artifacts/verify/differences.json");
            if path.is_file() {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}
