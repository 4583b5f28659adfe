//! Checks of how schemas, tables, columns, keys and accounts are made: one family a file.

mod account;
mod charset;
mod checked;
mod column;
mod comment;
mod index;
mod innodb;
mod instance;
mod key;
mod length;
mod name;
mod partition;
mod quote;
mod reference;
#[cfg(test)]
mod samples;
mod system;
mod temporal;
mod values;

pub(super) use checked::{COMMAND as CHECK_TABLE, of_checked};

use super::{
    check::{Check, Hop},
    findings::{Entry, Findings},
};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{self, Instance, Schema},
};

/// Aurora's list of its own prechecks.
const AURORA: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.upgrade-prechecks.descriptions.html";

pub(super) const CHECKS: &[Check] = &[
    temporal::OLD,
    temporal::ZERO,
    charset::UTF8MB3,
    system::MYSQL,
    system::SYS,
    partition::NATIVE,
    partition::SHARED,
    partition::PREFIX,
    length::FOREIGN_KEY,
    length::ELEMENT,
    length::DUPLICATE,
    length::VIEW_COLUMN,
    index::TOO_LARGE,
    index::GEOMETRY_PREFIX,
    index::TINY,
    index::SPATIAL,
    reference::ENGINE,
    reference::KEY,
    column::DEFAULT,
    column::AUTO_INCREMENT,
    name::INVALID,
    name::FULLTEXT,
    name::CASE,
    name::DOC_ID,
    comment::TABLE,
    comment::COLUMN,
    comment::INDEX,
    innodb::ORPHANS,
    innodb::ENGINE,
    innodb::MISMATCH,
    innodb::FULLTEXT,
    innodb::GEOMETRY,
    instance::XA,
    instance::HISTORY,
    instance::CIRCULAR,
    instance::PLUGINS,
    instance::UNSUPPORTED,
    instance::DEFAULT_METHOD,
    instance::NEW_METHOD,
    instance::SCHEDULER,
    account::METHOD,
    account::ROUTER,
    account::PRIVILEGES,
    key::MISSING,
    key::MYISAM,
    checked::COMMAND,
    checked::UNREAD,
];

pub(super) fn of_instance(instance: &Instance, hop: &Hop, findings: &mut Findings) {
    temporal::of_instance(instance, hop, findings);
    account::of_instance(instance, hop, findings);
    self::instance::of_instance(instance, hop, findings);
    checked::of_unread(&instance.unread, hop, findings);
}

pub(super) fn of_schema(schema: &Schema, instance: &Instance, hop: &Hop, findings: &mut Findings) {
    checked::of_unread(&schema.unread, hop, findings);
    match schema.name.to_ascii_lowercase().as_str() {
        "mysql" => return system::of_mysql(schema, instance, hop, findings),
        "sys" => return system::of_sys(schema, hop, findings),
        "information_schema" | "performance_schema" => return,
        _ => {}
    }
    charset::of_schema(schema, hop, findings);
    length::of_schema(schema, hop, findings);
    name::of_schema(schema, instance, hop, findings);
    innodb::of_schema(schema, hop, findings);
    self::instance::of_schema(schema, instance, hop, findings);
    for table in &schema.tables {
        let of = Table { schema, table, instance };
        temporal::of_table(&of, hop, findings);
        charset::of_table(&of, hop, findings);
        partition::of_table(&of, hop, findings);
        length::of_table(&of, hop, findings);
        index::of_table(&of, hop, findings);
        reference::of_table(&of, hop, findings);
        column::of_table(&of, hop, findings);
        name::of_table(&of, hop, findings);
        comment::of_table(&of, hop, findings);
        innodb::of_table(&of, hop, findings);
        key::of_table(&of, hop, findings);
    }
}

/// Aurora's own precheck ends the upgrade where MySQL itself would not.
fn refused_by_aurora(entry: Entry<'_>, hop: &Hop) {
    if hop.aurora {
        entry.worth(Level::Error, Consequence::StopsTheUpgrade);
    }
}

/// A table in its place.
struct Table<'a> {
    schema: &'a Schema,
    table: &'a catalogue::Table,
    instance: &'a Instance,
}

impl Table<'_> {
    /// `schema.table`, for people.
    fn object(&self) -> String {
        format!("{}.{}", self.schema.name, self.table.name)
    }

    /// `schema.table.column`, or of a key.
    fn column(&self, name: &str) -> String {
        format!("{}.{name}", self.object())
    }

    /// For SQL.
    fn path(&self) -> String {
        quote::table(&self.schema.name, &self.table.name)
    }

    /// What a table of `information_schema` says of it.
    fn query(&self, what: &str, from: &str) -> String {
        quote::shown(what, from, &self.schema.name, &self.table.name)
    }
}
