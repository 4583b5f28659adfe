//! Partitions, of the tables that have some: to list those of others, a server must open each.

use super::{
    asking::{Asking, Refusal},
    cells::{bytes, literal, name, number, text},
    tables::ByTable,
};
use crate::{
    error::Result,
    port::catalogue::{Partition, Table},
};

/// So many partitioned tables among as many others are read in one statement for the whole schema.
const SHARE: usize = 8;

/// Adds the partitions of all `tables` of a schema.
pub(super) async fn add(
    asking: &mut Asking<'_>,
    schema: &str,
    tables: &mut [Table],
) -> Result<std::result::Result<(), Refusal>> {
    let partitioned: Vec<String> = tables
        .iter()
        .filter(|table| table.create_options.to_ascii_lowercase().contains("partitioned"))
        .map(|table| table.name.clone())
        .collect();
    // 8.0 does not call a table partitioned whose KEY () names no column; its dictionary lists them all in one go.
    let listed = asking.has_dictionary();
    if partitioned.is_empty() && !listed {
        return Ok(Ok(()));
    }
    let mut found = ByTable::default();
    let whole = partitioned.len() * SHARE > tables.len();
    let conditions: Vec<String> = if listed {
        vec![" AND partition_name IS NOT NULL".to_owned()]
    } else if whole {
        vec![String::new()]
    } else {
        partitioned.iter().map(|table| format!(" AND table_name = {}", literal(table))).collect()
    };
    for condition in conditions {
        let statement = format!(
            "SELECT table_name, partition_name, subpartition_name, partition_method, subpartition_method, \
             partition_expression, subpartition_expression, partition_description, tablespace_name, \
             partition_ordinal_position, subpartition_ordinal_position \
             FROM information_schema.PARTITIONS WHERE table_schema = {}{condition}",
            literal(schema)
        );
        let answer = asking
            .each(&statement, &mut |mut row| {
                let Some(partition_name) = text(&mut row, 1) else { return };
                let partition = Partition {
                    name: partition_name,
                    subpartition: text(&mut row, 2),
                    method: name(&mut row, 3),
                    submethod: text(&mut row, 4),
                    expression: bytes(&mut row, 5),
                    subexpression: bytes(&mut row, 6),
                    description: bytes(&mut row, 7),
                    tablespace: text(&mut row, 8),
                };
                let place: (u32, u32) =
                    (number(&mut row, 9).unwrap_or_default(), number(&mut row, 10).unwrap_or_default());
                found.push(name(&mut row, 0), (place, partition));
            })
            .await?;
        if let Err(refusal) = answer {
            return Ok(Err(refusal));
        }
    }
    for table in tables {
        let mut partitions = found.take(&table.name);
        partitions.sort_by_key(|(place, _)| *place);
        table.partitions = partitions.into_iter().map(|(_, partition)| partition).collect();
    }
    Ok(Ok(()))
}
