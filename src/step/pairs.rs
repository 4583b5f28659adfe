//! Which tables of a job's sources and sinks hold the same rows, as its script tells.

use super::{
    contract::{Known, Read},
    logins,
};
use crate::{
    error::{Kind, Result},
    handover::consumer::flink_sql::{Projection, Script, Table, Value},
    verify::{Carried, Pair},
};

/// What of a job can be compared row by row.
#[derive(Debug, Default)]
pub struct Pairs {
    pub pairs: Vec<Pair>,
    /// Tables and columns of the script that cannot be, and why; as [`crate::verify::Compared::not_compared`].
    pub unpaired: Vec<(String, String)>,
}

/// The pairs of one job. The tables a pattern stands for are asked of the source.
///
/// # Errors
/// `Transient` where a source cannot answer now; `Usage` where the playbook has no section by which tables are asked.
pub async fn of(read: &Read, known: &Known, script: &Script) -> Result<Pairs> {
    let mut found = Pairs::default();
    for projection in script.projections() {
        match projection {
            Ok(projection) => {
                let name = projection.sink.name.clone();
                match pair(read, known, &projection, &mut found).await {
                    Ok(()) => {}
                    Err(error) if matches!(error.kind, Kind::Usage | Kind::Permanent) && read.tables.is_some() => {
                        found.unpaired.push((name, error.message));
                    }
                    Err(error) => return Err(error),
                }
            }
            Err(unpaired) => found.unpaired.push(unpaired),
        }
    }
    Ok(found)
}

async fn pair(read: &Read, known: &Known, projection: &Projection, found: &mut Pairs) -> Result<()> {
    let tables = read.tables()?;
    let source = logins::source(read, known, &projection.source)?;
    let sink = logins::sink(read, known, &projection.sink)?;
    let option = |key: &str| projection.source.option(key).unwrap_or_default();
    let names = tables.matching(&source, option("database-name"), option("table-name")).await?;
    if names.is_empty() {
        let why = format!("No table of {} is what the source {} names", source.address, projection.source.name);
        found.unpaired.push((projection.sink.name.clone(), why));
    }
    for (schema, table) in names {
        let (columns, computed) = columns(projection, &schema, &table);
        let unpaired = computed.into_iter().map(|(column, why)| (format!("{}.{column}", projection.sink.name), why));
        for entry in unpaired {
            if !found.unpaired.contains(&entry) {
                found.unpaired.push(entry);
            }
        }
        found.pairs.push(Pair {
            source: source.clone(),
            source_schema: schema,
            source_table: table,
            sink: sink.login.clone(),
            sink_schema: sink.schema.clone(),
            sink_table: sink.table.clone(),
            columns,
            zone: zone(&projection.source),
        });
    }
    Ok(())
}

type Columns = (Vec<(Carried, String)>, Vec<(String, String)>);

/// What each column is given, and those of which it cannot be told.
fn columns(projection: &Projection, schema: &str, table: &str) -> Columns {
    let (mut columns, mut computed) = (Vec::new(), Vec::new());
    for (value, into) in &projection.columns {
        let carried = match value {
            Value::Column(name) => Carried::Column(name.clone()),
            Value::Metadata(key) if key == "database_name" => Carried::Constant(schema.to_owned()),
            Value::Metadata(key) if key == "table_name" => Carried::Constant(table.to_owned()),
            Value::Metadata(key) => {
                computed.push((into.clone(), format!("the source's table does not hold its METADATA '{key}'")));
                continue;
            }
            Value::Computed => {
                computed.push((into.clone(), "the job computes it".to_owned()));
                continue;
            }
        };
        columns.push((carried, into.clone()));
    }
    (columns, computed)
}

/// Why a TIMESTAMP of the source does not stand as its UTC in a DATETIME of the sink.
fn zone(source: &Table) -> Option<String> {
    match source.option("server-time-zone") {
        None => Some("without 'server-time-zone' the job tells it in the zone of its machine".to_owned()),
        Some(zone)
            if ["UTC", "ETC/UTC", "GMT", "Z", "+00:00", "UTC+0"].contains(&zone.to_ascii_uppercase().as_str()) =>
        {
            None
        }
        Some(zone) => Some(format!("the job tells it in {zone}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "CREATE TABLE a (id INT, v STRING, t STRING METADATA FROM 'table_name' VIRTUAL,
        o TIMESTAMP(3) METADATA FROM 'op_ts' VIRTUAL, PRIMARY KEY (id) NOT ENFORCED)
        WITH ('connector' = 'mysql-cdc', 'table-name' = 'a_[0-9]', 'server-time-zone' = 'Europe/Berlin');
        CREATE TABLE s (t STRING, id INT, v STRING, o TIMESTAMP(3), w STRING, PRIMARY KEY (t, id) NOT ENFORCED)
        WITH ('connector' = 'jdbc', 'table-name' = 's');
        INSERT INTO s SELECT t, id, v, o, UPPER(v) FROM a";

    #[test]
    fn metadata_of_a_row_is_the_name_of_its_table() {
        let projection = Script::parse(SCRIPT).unwrap().projections().remove(0).unwrap();
        let (columns, computed) = columns(&projection, "shop", "a_1");
        let column = |name: &str| (Carried::Column(name.to_owned()), name.to_owned());
        assert_eq!(columns, [(Carried::Constant("a_1".into()), "t".into()), column("id"), column("v")]);
        let computed: Vec<&str> = computed.iter().map(|(column, _)| column.as_str()).collect();
        assert_eq!(computed, ["o", "w"]);
        assert_eq!(zone(&projection.source).as_deref(), Some("the job tells it in Europe/Berlin"));
    }
}
