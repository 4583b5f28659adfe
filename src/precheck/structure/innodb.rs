//! Where the server and InnoDB say different things of one table.

use super::{Table, index::is_geometry, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Column, InnodbTable, Release, Schema},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const ORPHANS: Check = Check {
    id: "schemaInconsistency",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Tables that only one of InnoDB and the server has",
    about: "Left by a crash or by files taken away. What only InnoDB has, the upgrade leaves over: its space is not freed, and no \
            table of that name can be made; Aurora's own precheck refuses the upgrade. What only the server has stops the upgrade.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/innodb-troubleshooting-datadict.html"),
};

pub(super) const ENGINE: Check = Check {
    id: "engineMixup",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Tables of another engine that InnoDB has as well",
    about: "Two tables of one name: the server uses the one of the other engine, and what InnoDB holds is out of reach. The upgrade \
            passes on MySQL; Aurora's own precheck refuses it.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/innodb-troubleshooting-datadict.html"),
};

pub(super) const MISMATCH: Check = Check {
    id: "getMismatchedMetadata",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Tables whose columns InnoDB knows by another name or type",
    about: "8.0 builds its dictionary from both and refuses to start where they differ (MY-012071, MY-012064). CHECK TABLE finds \
            nothing. A rebuild from what the server sees may mend it; look at the data first.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

pub(super) const FULLTEXT: Check = Check {
    id: "auroraGetDanglingFulltextIndex",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Tables that had a full-text index and keep its hidden column",
    about: "ALTER TABLE … DROP INDEX of the last full-text index leaves the column FTS_DOC_ID in InnoDB; 8.0 counts one column too \
            many and refuses to start (MY-012069). A rebuild drops it.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

pub(super) const GEOMETRY: Check = Check {
    id: "oldGeometryTypes",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Geometry columns in the format of MySQL 5.6",
    about: "8.0 before 8.0.24 refuses to start on them (MY-012064), although CHECK TABLE FOR UPGRADE calls them fine. Rebuild the \
            table.",
    holds: Holds::Between(Release(8, 0, 11), Release(8, 0, 24)),
    link: Some("https://dev.mysql.com/doc/relnotes/mysql/8.0/en/news-8-0-24.html"),
};

/// InnoDB's hidden column of a full-text index.
const DOC_ID: &str = "FTS_DOC_ID";
const BLOB: u32 = 5;

pub(super) fn of_schema(schema: &Schema, hop: &Hop, findings: &mut Findings) {
    for name in schema.only_in_innodb.iter().filter(|_| hop.needs(&ORPHANS)) {
        let message = if name.starts_with("#sql") {
            "An ALTER TABLE is at work here, or was cut short and left this to InnoDB; the server has no such table"
        } else {
            "InnoDB has this table and the server has not; without its .frm file only AWS can remove it"
        };
        let entry = findings
            .add(&ORPHANS, format!("{}.{name}", schema.name), message)
            .query("SELECT name, space FROM information_schema.INNODB_SYS_TABLES");
        if !name.starts_with("#sql") {
            super::refused_by_aurora(entry, hop);
        }
    }
}

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    let Some(engine) = of.table.engine.as_deref() else { return };
    let Some(innodb) = &of.table.innodb else { return only_in_server(of, engine, hop, findings) };
    if !engine.eq_ignore_ascii_case("InnoDB") {
        if hop.needs(&ENGINE) {
            let message = format!("It is of engine {engine}, and InnoDB has a table of this name too");
            let entry = findings.add(&ENGINE, of.object(), message).query(format!(
                "{}; SELECT name FROM information_schema.INNODB_SYS_TABLES",
                of.query("engine", "TABLES")
            ));
            super::refused_by_aurora(entry, hop);
        }
        return;
    }
    let rebuild = || format!("ALTER TABLE {} FORCE", of.path());
    let query = "SELECT t.name, c.name, c.mtype FROM information_schema.INNODB_SYS_TABLES t JOIN \
                 information_schema.INNODB_SYS_COLUMNS c USING (table_id)";
    let (old, others): (Vec<_>, Vec<_>) =
        differences(of, innodb).into_iter().partition(|difference| matches!(difference, Difference::OldGeometry(_)));
    for difference in old.iter().filter(|_| hop.needs(&GEOMETRY)) {
        let Difference::OldGeometry(column) = difference else { continue };
        let message = "InnoDB keeps this geometry as a BLOB, as MySQL 5.6 did";
        findings.add(&GEOMETRY, of.column(column), message).fix(rebuild()).query(query);
    }
    match others.as_slice() {
        [] => {}
        [Difference::HiddenColumn] if hop.needs(&FULLTEXT) => {
            let message = "Its last full-text index was dropped, and InnoDB keeps the hidden column of it";
            findings.add(&FULLTEXT, of.object(), message).fix(rebuild()).query(query);
        }
        [first, ..] if hop.needs(&MISMATCH) => {
            findings.add(&MISMATCH, of.object(), first.to_string()).fix(rebuild()).query(query);
        }
        _ => {}
    }
}

fn only_in_server(of: &Table<'_>, engine: &str, hop: &Hop, findings: &mut Findings) {
    let unread = of.schema.unread.iter().any(|unread| unread.what.starts_with("INNODB_"));
    if hop.needs(&ORPHANS) && engine.eq_ignore_ascii_case("InnoDB") && !unread {
        let message = "The server has this table and InnoDB has not: nothing can be read from it, and 8.0 refuses to start on it \
                       (MY-012083). Where it was made just now, look again";
        findings
            .add(&ORPHANS, of.object(), message)
            .fix(format!("DROP TABLE IF EXISTS {}", of.path()))
            .query(format!("CHECK TABLE {}", of.path()))
            .worth(Level::Error, Consequence::StopsTheUpgrade);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Difference {
    OldGeometry(String),
    HiddenColumn,
    OnlyInServer(String),
    OnlyInInnodb(String),
    Type { column: String, data_type: String, mtype: u32 },
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OldGeometry(column) => write!(f, "InnoDB keeps the geometry {column} as a BLOB"),
            Self::HiddenColumn => write!(f, "InnoDB has a hidden column {DOC_ID} without a full-text index"),
            Self::OnlyInServer(column) => write!(f, "The server has a column {column} that InnoDB does not know"),
            Self::OnlyInInnodb(column) => write!(f, "InnoDB has a column {column} that the server does not know"),
            Self::Type { column, data_type, mtype } => {
                write!(f, "The server has the column {column} as {data_type}, and InnoDB as its type {mtype}")
            }
        }
    }
}

fn differences(of: &Table<'_>, innodb: &InnodbTable) -> Vec<Difference> {
    let mut found = Vec::new();
    // From 8.0 on there is one dictionary.
    if innodb.columns.is_empty() {
        return found;
    }
    let columns = &of.table.columns;
    let same = |a: &str, b: &str| a == b || a.to_lowercase() == b.to_lowercase();
    for column in columns {
        match innodb.columns.iter().find(|(name, _)| same(name, &column.name)) {
            None => found.push(Difference::OnlyInServer(column.name.clone())),
            Some((_, BLOB)) if is_geometry(&column.data_type) => {
                found.push(Difference::OldGeometry(column.name.clone()))
            }
            Some((_, mtype)) if expected(column).is_some_and(|expected| !expected.contains(mtype)) => {
                let (column, data_type) = (column.name.clone(), column.data_type.clone());
                found.push(Difference::Type { column, data_type, mtype: *mtype });
            }
            Some(_) => {}
        }
    }
    let fulltext = of.table.indexes.iter().any(|index| index.kind.eq_ignore_ascii_case("FULLTEXT"));
    for (name, _) in innodb.columns.iter().filter(|(name, _)| !columns.iter().any(|column| same(name, &column.name))) {
        if name != DOC_ID {
            found.push(Difference::OnlyInInnodb(name.clone()));
        } else if !fulltext {
            found.push(Difference::HiddenColumn);
        }
    }
    found
}

/// InnoDB's MTYPE of a column, as 5.7 makes it (storage/innobase, `get_innobase_type_from_mysql_type`); `None` for a type that is
/// not known here.
fn expected(column: &Column) -> Option<&'static [u32]> {
    // The sort of latin1 that InnoDB has known first has types of its own.
    let latin1 = column.collation.as_deref() == Some("latin1_swedish_ci");
    Some(match column.data_type.as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "date" | "enum" | "set" => &[6],
        // As a number until 5.6.4, as bytes since.
        "time" | "datetime" | "timestamp" => &[3, 6],
        "float" => &[9],
        "double" => &[10],
        "decimal" | "bit" | "binary" => &[3],
        "varbinary" => &[4],
        "char" if latin1 => &[2],
        "char" => &[13],
        "varchar" if latin1 => &[1],
        "varchar" => &[12],
        "tinyblob" | "blob" | "mediumblob" | "longblob" | "tinytext" | "text" | "mediumtext" | "longtext" | "json" => {
            &[5]
        }
        data_type if is_geometry(data_type) => &[14],
        _ => return None,
    })
}

/// Whether a path steps back up on its way.
pub(super) fn is_circular(path: &str) -> bool {
    path.replace('\\', "/").split('/').skip(1).any(|part| part == "..")
}

/// `shop/orders` as `shop.orders`, and what moves it; a tablespace of several tables by its own name.
pub(super) fn owner(tablespace: &str) -> (String, Option<String>) {
    match tablespace.split_once('/') {
        Some((schema, table)) => {
            // Its directory goes with its file: only a stay in a shared tablespace takes it away.
            let alter = format!("ALTER TABLE {} TABLESPACE =", quote::table(schema, table));
            (format!("{schema}.{table}"), Some(format!("{alter} innodb_system; {alter} innodb_file_per_table")))
        }
        None => (tablespace.to_owned(), None),
    }
}

#[cfg(test)]
mod tests;
