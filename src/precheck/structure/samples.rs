//! Small catalogues for the tests of the checks.

use super::of_schema;
use crate::{
    event::{Consequence, Finding, Level},
    port::catalogue::{Column, Index, InnodbTable, Instance, Release, Schema, Table},
    precheck::{check::Hop, findings::Findings},
};

pub(super) fn upgrade() -> Hop {
    Hop { from: Release(5, 7, 22), to: Release(8, 0, 39), aurora: false }
}

pub(super) fn later() -> Hop {
    Hop { from: Release(8, 0, 15), to: Release(8, 4, 3), aurora: false }
}

/// An InnoDB table with a primary key that has no columns of its own to judge.
pub(super) fn table(name: &str, columns: impl IntoIterator<Item = Column>) -> Table {
    Table { indexes: vec![index("PRIMARY", true, &[])], ..bare(name, columns) }
}

pub(super) fn bare(name: &str, columns: impl IntoIterator<Item = Column>) -> Table {
    Table {
        name: name.into(),
        engine: Some("InnoDB".into()),
        columns: columns.into_iter().collect(),
        innodb: Some(InnodbTable::default()),
        ..Table::default()
    }
}

pub(super) fn column(name: &str, data_type: &str, column_type: &str) -> Column {
    Column { name: name.into(), data_type: data_type.into(), column_type: column_type.into(), ..Column::default() }
}

pub(super) fn index(name: &str, unique: bool, parts: &[(&str, Option<u32>)]) -> Index {
    let parts = parts.iter().map(|(column, prefix)| (Some((*column).to_owned()), *prefix)).collect();
    Index { name: name.into(), unique, kind: "BTREE".into(), parts, ..Index::default() }
}

/// What was found.
pub(super) struct Found(Vec<Finding>);

impl Found {
    /// Objects of the findings of one check.
    pub(super) fn of(&self, check: &str) -> Vec<&str> {
        self.0.iter().filter(|finding| finding.check == check).map(|finding| finding.object.as_str()).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    fn at(&self, object: &str) -> &Finding {
        self.0.iter().find(|finding| finding.object == object).unwrap()
    }

    pub(super) fn fix(&self, object: &str) -> &str {
        self.at(object).fix.as_deref().unwrap()
    }

    pub(super) fn worth(&self, object: &str) -> (Level, Consequence) {
        let finding = self.at(object);
        (finding.level, finding.consequence)
    }
}

pub(super) fn found(table: Table, hop: &Hop) -> Found {
    found_in(Schema { name: "shop".into(), tables: vec![table], ..Schema::default() }, hop)
}

pub(super) fn found_in(schema: Schema, hop: &Hop) -> Found {
    found_on(schema, &Instance::default(), hop)
}

pub(super) fn found_on(schema: Schema, instance: &Instance, hop: &Hop) -> Found {
    let mut findings = Findings::default();
    of_schema(&schema, instance, hop, &mut findings);
    Found(findings.into_all())
}

pub(super) fn found_of(instance: &Instance, hop: &Hop) -> Found {
    let mut findings = Findings::default();
    super::of_instance(instance, hop, &mut findings);
    Found(findings.into_all())
}

pub(super) fn server(variables: &[(&str, &str)], hop: &Hop) -> Found {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    found_of(&Instance { variables, ..Instance::default() }, hop)
}
