//! What each INSERT carries, column by column.

use super::{
    super::{
        schema::Origin,
        script::Script,
        statement::{Table, name},
        token::tokens,
    },
    Judged, Made, inserts_of, sink,
};

/// An INSERT that carries every row of one mysql-cdc table into one jdbc table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    pub source: Table,
    pub sink: Table,
    /// What each column of the sink is given, and the column's name.
    pub columns: Vec<(Value, String)>,
}

/// What a column of the sink is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The source's column of this name, unchanged.
    Column(String),
    /// What the connector tells of the row: `table_name`.
    Metadata(String),
    /// Anything else.
    Computed,
}

impl Script {
    /// Every INSERT of the job, or the table it writes into and why it cannot be told row by row what must stand there.
    pub fn projections(&self) -> Vec<Result<Projection, (String, String)>> {
        let made = match self.made() {
            Ok(made) => made,
            Err(why) => return self.inserts().iter().map(|insert| Err((insert.into.clone(), why.clone()))).collect(),
        };
        let texts = (0..self.statements.len()).flat_map(|at| inserts_of(self.with_hints(at)));
        texts.map(|text| project(&made, text).map_err(|why| (into(text), why))).collect()
    }
}

fn project(made: &Made<'_>, text: &str) -> Judged<Projection> {
    let insert = sink::written(made, text)?;
    if insert.table.connector() != Some("jdbc") {
        return Err(format!("{} is no table of jdbc", insert.table.name));
    }
    if insert.rows.filtered {
        return Err("A WHERE leaves rows out, and which ones only Flink can tell".into());
    }
    let schema = insert.rows.schema;
    let value = |from: &Option<String>| {
        let column = from.as_ref().and_then(|from| schema.columns.iter().find(|column| column.name == *from));
        match column.map(|column| (&column.origin, &column.name)) {
            Some((Origin::Physical, name)) => Value::Column(name.clone()),
            Some((Origin::Metadata { key, .. }, _)) => Value::Metadata(key.clone()),
            Some((Origin::Computed(_), _)) | None => Value::Computed,
        }
    };
    let columns = insert.rows.columns.iter().zip(&insert.written).map(|((_, from), into)| (value(from), into.clone()));
    Ok(Projection { source: insert.rows.source.clone(), sink: insert.table.clone(), columns: columns.collect() })
}

fn into(text: &str) -> String {
    let found = tokens(text).tokens;
    let at = found.iter().position(|token| token.is(text, "INTO") || token.is(text, "OVERWRITE"));
    at.map(|at| name(text, &found, at + 1).0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str =
        "CREATE TABLE a (id INT, v STRING, up AS UPPER(v), t STRING METADATA FROM 'table_name' VIRTUAL,
        PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'mysql-cdc', 'table-name' = 'a');
        CREATE TABLE s (k INT, w STRING, x STRING, y STRING, PRIMARY KEY (k) NOT ENFORCED)
        WITH ('connector' = 'jdbc', 'table-name' = 's');";

    fn projections(inserts: &str) -> Vec<Result<Projection, (String, String)>> {
        Script::parse(&format!("{TABLES}{inserts}")).unwrap().projections()
    }

    #[test]
    fn columns_are_told_by_where_they_come_from() {
        let found = projections("INSERT INTO s SELECT id, v, t, up FROM a").remove(0).unwrap();
        let value = |at: usize| (found.columns[at].1.as_str(), &found.columns[at].0);
        assert_eq!(value(0), ("k", &Value::Column("id".into())));
        assert_eq!(value(1), ("w", &Value::Column("v".into())));
        assert_eq!(value(2), ("x", &Value::Metadata("table_name".into())));
        assert_eq!(value(3), ("y", &Value::Computed));
        assert_eq!((found.source.name.as_str(), found.sink.name.as_str()), ("a", "s"));
        let swapped = projections("INSERT INTO s (w, k) SELECT v || 'x', id FROM a").remove(0).unwrap();
        assert_eq!(swapped.columns, [(Value::Computed, "w".into()), (Value::Column("id".into()), "k".into())]);
    }

    #[test]
    fn what_cannot_be_told_is_named() {
        for (insert, why) in [
            ("INSERT INTO s SELECT id, v, t, up FROM a WHERE id > 5", "A WHERE leaves rows out"),
            ("INSERT INTO s SELECT id, COUNT(*), 'x', 'y' FROM a GROUP BY id", "calls COUNT"),
            ("INSERT INTO s SELECT id, v FROM a", "has 2 columns for 4"),
        ] {
            let (into, told) = projections(insert).remove(0).unwrap_err();
            assert!(into == "s" && told.contains(why), "{into}: {told}");
        }
    }
}
