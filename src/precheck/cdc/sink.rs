//! Whether a sink can take changes twice, as every handover gives it some.

use super::{Consequence, Finding, error, kinds, ours, warning, with};
use crate::{
    port::tables::Table,
    precheck::inventory::{CdcJob, Looked, Sink},
};

pub(super) fn check(job: &CdcJob, sink: &Sink, findings: &mut Vec<Finding>) {
    let object = format!("{}.{}", job.name, sink.name);
    let quoted = sink
        .table
        .split_once('.')
        .map_or_else(|| format!("`{}`", sink.table), |(schema, table)| format!("`{schema}`.`{table}`"));
    let query = format!("SHOW CREATE TABLE {quoted}");
    let table = match &sink.found {
        Looked::Not => return,
        Looked::Missing => {
            let text = format!("The sink table {} does not exist, or its login has no right on it", sink.table);
            let fix = format!("Create {quoted}, or grant the login of the sink INSERT, UPDATE, DELETE, SELECT on it");
            findings.push(with(error(&ours::CDC_SINK_TABLE, object, text), fix, query));
            return;
        }
        Looked::Found(table) => table,
    };
    if table.primary_key.is_empty() {
        let text = format!(
            "The sink table {} has no primary key: changes that are written again would stand there twice",
            sink.table
        );
        let fix = format!("ALTER TABLE {quoted} ADD PRIMARY KEY (…), with the columns of the source's key");
        findings.push(with(error(&ours::CDC_SINK_KEY, &object, text), fix, &query));
    }
    if !table.unique_keys.is_empty() {
        let names: Vec<&str> = table.unique_keys.iter().map(|(name, _)| name.as_str()).collect();
        let text = format!(
            "The sink table {} has unique keys beside its primary key ({}): within one batch rows are not written in \
             their order, and one that takes over a value of another may replace that row or be refused",
            sink.table,
            names.join(", ")
        );
        let drops: Vec<String> = names.iter().map(|name| format!("DROP INDEX `{name}`")).collect();
        let fix = format!("ALTER TABLE {quoted} {}, at least until the jobs are proven", drops.join(", "));
        let finding = warning(&ours::CDC_SINK_UNIQUE_KEYS, Consequence::BrokenAfterwards, &object, text);
        findings.push(with(finding, fix, &query));
    }
    if !table.foreign_keys.is_empty() {
        let text = format!(
            "The sink table {} has foreign keys, or they point at it ({}): tables are written each in its own time, \
             so a row may come before the one it refers to, and a cascade changes rows that no change names",
            sink.table,
            table.foreign_keys.join(", ")
        );
        let fix = "ALTER TABLE … DROP FOREIGN KEY each of them, at least until the jobs are proven";
        let query = format!(
            "SELECT * FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE constraint_schema = '{}'",
            table.schema
        );
        let finding = warning(&ours::CDC_SINK_FOREIGN_KEYS, Consequence::BrokenAfterwards, &object, text);
        findings.push(with(finding, fix, query));
    }
    for source in job.sources.iter().filter(|source| sink.from.contains(&source.name)) {
        for from in &source.tables {
            key(from, table, &object, findings);
            columns(from, table, &object, findings);
        }
    }
}

/// The rows that a key tells apart must be the same on both sides.
fn key(from: &Table, table: &Table, object: &str, findings: &mut Vec<Finding>) {
    let names = |table: &Table| {
        let mut names: Vec<String> = table.primary_key.iter().map(|name| name.to_lowercase()).collect();
        names.sort_unstable();
        names
    };
    if from.primary_key.is_empty() || table.primary_key.is_empty() || names(from) == names(table) {
        return;
    }
    let text = format!(
        "The key of the sink table {}.{} is ({}), and that of {}.{} is ({}): one row there may be several here, or \
         several one",
        table.schema,
        table.name,
        table.primary_key.join(", "),
        from.schema,
        from.name,
        from.primary_key.join(", ")
    );
    let fix = format!(
        "ALTER TABLE `{}`.`{}` DROP PRIMARY KEY, ADD PRIMARY KEY ({}), unless the script maps the keys on purpose",
        table.schema,
        table.name,
        from.primary_key.join(", ")
    );
    let query = format!("SHOW CREATE TABLE `{}`.`{}`", table.schema, table.name);
    let finding = warning(&ours::CDC_SINK_KEY_DIFFERS, Consequence::SilentUntilUsed, object, text);
    findings.push(with(finding, fix, query));
}

/// Columns of one name whose values do not all fit.
fn columns(from: &Table, table: &Table, object: &str, findings: &mut Vec<Finding>) {
    for column in &from.columns {
        let same = table.columns.iter().find(|other| other.name.eq_ignore_ascii_case(&column.name));
        let Some(other) = same.filter(|other| !other.generated) else { continue };
        let Some(why) = kinds::too_small(column, other) else { continue };
        let text = format!(
            "Column {} of the sink table {}.{} is {}, and of {}.{} {}: {why}",
            other.name, table.schema, table.name, other.kind, from.schema, from.name, column.kind
        );
        let fix = format!(
            "ALTER TABLE `{}`.`{}` MODIFY `{}` {}",
            table.schema,
            table.name,
            other.name,
            kinds::definition(column)
        );
        let query = format!("SHOW CREATE TABLE `{}`.`{}`", table.schema, table.name);
        let finding = warning(&ours::CDC_SINK_COLUMN, Consequence::SilentUntilUsed, object, text);
        findings.push(with(finding, fix, query));
    }
}
