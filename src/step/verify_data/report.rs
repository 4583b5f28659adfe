//! What differs, as files of the run: for machines with keys and values, and as a script that would mend the sinks.

use std::{fmt::Write as _, path::Path};

use serde_json::json;

use super::Told;
use crate::{
    artifact,
    error::{Error, Result},
    verify::{Difference, What},
};

/// `(path in the run's folder, digest)` of each.
pub(super) fn write(
    artifacts: &Path,
    differences: &[Difference],
    told: &Told,
    shown: bool,
) -> Result<Vec<(String, String)>> {
    let rows: Vec<Difference> = differences.iter().map(|row| if shown { row.clone() } else { hidden(row) }).collect();
    let page = json!({
        "missing": told.missing, "extra": told.extra, "different": told.different, "more": told.more, "rows": rows,
    });
    let mut text = serde_json::to_string_pretty(&page)
        .map_err(|error| Error::bug("Differences cannot be written as JSON").because(&error))?;
    text.push('\n');
    let mut files = Vec::new();
    for (name, text) in [("verify/differences.json", text), ("verify/repair.sql", repair(differences, told, shown))] {
        let digest = artifact::write(&artifacts.join(name), text.as_bytes())?;
        files.push((format!("artifacts/{name}"), digest));
    }
    Ok(files)
}

/// Keys and names of columns, and no value.
fn hidden(row: &Difference) -> Difference {
    let what = match &row.what {
        What::Columns(columns) => {
            let hide = |value: &Option<String>| value.as_ref().map(|_| "…".to_owned());
            What::Columns(columns.iter().map(|(name, one, other)| (name.clone(), hide(one), hide(other))).collect())
        }
        what => what.clone(),
    };
    Difference { what, ..row.clone() }
}

/// What would give the sinks what the sources have.
fn repair(differences: &[Difference], told: &Told, shown: bool) -> String {
    let mut script = format!(
        "-- Nobody has run this. Read it, find out why rows differ, and hold back what writes to these rows of the sinks.\n\
         -- {} rows are missing, {} extra, {} different{}; the first hundred stand here.\n\
         -- Columns that were not compared are not in it.\n",
        told.missing,
        told.extra,
        told.different,
        if told.more { " at least" } else { "" }
    );
    for row in differences {
        let line = match row.what {
            What::Missing | What::Columns(_) if !shown => {
                format!("-- {}: copy the source's row WHERE {}", row.table, row.key.replace(", ", " AND "))
            }
            _ => row.mending.clone(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(script, "{line}");
    }
    script
}
