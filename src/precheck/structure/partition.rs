//! Partitioned tables.

use super::{Table, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Index, Partition, Release},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const NATIVE: Check = Check {
    id: "nonNativePartitioning",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Partitioned tables of an engine other than InnoDB",
    about: "In 8.0 an engine partitions its tables itself, and only InnoDB can. The server refuses to start on others with a \
            misleading line (MY-013140, the 'partitioning' feature is not available).",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/partitioning-limitations-storage-engines.html"),
};

pub(super) const SHARED: Check = Check {
    id: "partitionedTablesInSharedTablespaces",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Partitions in a shared tablespace",
    about: "8.0.13 and later refuse to start where a TABLESPACE clause puts a partition into a general tablespace or into the \
            system tablespace (MY-013199). Partitions that lie there because innodb_file_per_table was OFF are fine.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrade-prerequisites.html"),
};

pub(super) const PREFIX: Check = Check {
    id: "partitionsWithPrefixKeys",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "Tables partitioned by KEY on a column that is indexed by a prefix",
    about: "Releases before 8.4 left such a column out of the partitioning function without a word; 8.4 refuses the definition, \
            so that the table can neither be altered nor restored from a dump.",
    holds: Holds::Crossing(Release(8, 4, 0)),
    link: Some("https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html"),
};

/// What stands for a file of its own in a TABLESPACE clause.
const OWN_FILE: &str = "innodb_file_per_table";

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    let Some(first) = of.table.partitions.first() else { return };
    let engine = of.table.engine.as_deref().unwrap_or_default();
    if hop.needs(&NATIVE)
        && !engine.is_empty()
        && !matches!(engine.to_ascii_lowercase().as_str(), "innodb" | "ndbcluster")
    {
        findings
            .add(&NATIVE, of.object(), format!("It is partitioned and kept by {engine}, which 8.0 cannot"))
            .fix(format!("ALTER TABLE {} ENGINE = InnoDB", of.path()))
            .query(of.query("engine, create_options", "TABLES"));
    }
    if hop.needs(&SHARED) {
        shared(of, findings);
    }
    if hop.needs(&PREFIX) {
        let columns = by_key(first).map(|named| named.unwrap_or_else(|| primary(of)));
        let prefixed = columns.iter().flatten().find(|column| is_prefixed(&of.table.indexes, column));
        if let Some(column) = prefixed {
            let message = format!("It is partitioned by KEY on {column}, of which an index holds a prefix only");
            findings
                .add(&PREFIX, of.object(), message)
                .fix(format!("ALTER TABLE {} REMOVE PARTITIONING", of.path()))
                .query(of.query("index_name, column_name, sub_part", "STATISTICS"));
        }
    }
}

fn shared(of: &Table<'_>, findings: &mut Findings) {
    let elsewhere: Vec<&Partition> = of
        .table
        .partitions
        .iter()
        .filter(|partition| partition.tablespace.as_deref().is_some_and(|space| !space.is_empty() && space != OWN_FILE))
        .collect();
    // Without a clause, a partition in a general tablespace is in doubt all the same; one in the system tablespace is not.
    let general =
        of.table.innodb.iter().flat_map(|innodb| &innodb.shared_spaces).find(|space| *space != "innodb_system");
    let space = elsewhere.first().and_then(|partition| partition.tablespace.clone()).or_else(|| general.cloned());
    let Some(space) = space else { return };
    let fixes: Vec<_> = elsewhere.iter().filter_map(|partition| reorganized(of, partition)).collect();
    let fix = if fixes.len() == elsewhere.len() && !fixes.is_empty() {
        fixes.join("; ")
    } else {
        format!("ALTER TABLE {} TABLESPACE = {OWN_FILE}", of.path())
    };
    findings
        .add(&SHARED, of.object(), format!("Partitions of it are in the shared tablespace {space}"))
        .fix(fix)
        .query(of.query("partition_name, tablespace_name", "PARTITIONS"));
}

/// The statement that gives a partition its own file, where it has a definition that can be said again.
fn reorganized(of: &Table<'_>, partition: &Partition) -> Option<String> {
    let description = String::from_utf8(partition.description.clone()?).ok()?;
    let values = match partition.method.to_ascii_uppercase().as_str() {
        _ if partition.subpartition.is_some() => return None,
        "RANGE" if description == "MAXVALUE" => "LESS THAN MAXVALUE".to_owned(),
        "RANGE" | "RANGE COLUMNS" => format!("LESS THAN ({description})"),
        "LIST" | "LIST COLUMNS" => format!("IN ({description})"),
        _ => return None,
    };
    let name = quote::ident(&partition.name);
    Some(format!(
        "ALTER TABLE {} REORGANIZE PARTITION {name} INTO (PARTITION {name} VALUES {values} TABLESPACE = {OWN_FILE})",
        of.path()
    ))
}

/// The columns of a KEY partitioning; `Some(None)` where it is over the primary key.
fn by_key(partition: &Partition) -> Option<Option<Vec<String>>> {
    let is_key = |method: &str| method.to_ascii_uppercase().ends_with("KEY");
    let expression = if is_key(&partition.method) {
        &partition.expression
    } else if partition.submethod.as_deref().is_some_and(is_key) {
        &partition.subexpression
    } else {
        return None;
    };
    let text = expression.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let columns = columns(&text);
    Some((!columns.is_empty()).then_some(columns))
}

/// Names of a list, in back-ticks or without.
fn columns(list: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        let name = names.last_mut().expect("there is always a last one");
        match letter {
            '`' if quoted && letters.next_if_eq(&'`').is_some() => name.push('`'),
            '`' => quoted = !quoted,
            ',' if !quoted => names.push(String::new()),
            letter if letter.is_whitespace() && !quoted => {}
            letter => name.push(letter),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn primary(of: &Table<'_>) -> Vec<String> {
    let key = of.table.indexes.iter().find(|index| index.name == "PRIMARY");
    let key = key.or_else(|| of.table.indexes.iter().find(|index| index.unique));
    key.iter().flat_map(|key| &key.parts).filter_map(|(column, _)| column.clone()).collect()
}

/// Whether a key that decides on partitions, a primary or unique one, holds the column by a prefix.
fn is_prefixed(indexes: &[Index], column: &str) -> bool {
    let parts = indexes.iter().filter(|index| index.unique).flat_map(|index| &index.parts);
    parts.into_iter().any(|(name, prefix)| prefix.is_some() && name.as_deref().is_some_and(|name| name == column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        port::catalogue::InnodbTable,
        precheck::structure::samples::{found, index, later, table, upgrade},
    };

    fn partition(name: &str, method: &str, tablespace: Option<&str>) -> Partition {
        let tablespace = tablespace.map(str::to_owned);
        Partition { name: name.into(), method: method.into(), tablespace, ..Partition::default() }
    }

    #[test]
    fn only_innodb_partitions() {
        let with = |engine: &str| {
            let mut made = table("t", []);
            made.engine = Some(engine.into());
            made.partitions = vec![partition("p0", "HASH", None)];
            made
        };
        let findings = found(with("MyISAM"), &upgrade());
        assert_eq!(findings.of("nonNativePartitioning"), ["shop.t"]);
        assert_eq!(findings.fix("shop.t"), "ALTER TABLE `shop`.`t` ENGINE = InnoDB");
        assert!(found(with("InnoDB"), &upgrade()).of("nonNativePartitioning").is_empty());
    }

    #[test]
    fn a_clause_counts_and_the_system_tablespace_by_itself_does_not() {
        let id = "partitionedTablesInSharedTablespaces";
        let mut made = table("t", []);
        made.partitions = vec![partition("p0", "RANGE", Some("ts1")), partition("p1", "RANGE", Some(OWN_FILE))];
        made.partitions[0].description = Some(b"10".to_vec());
        let findings = found(made.clone(), &upgrade());
        assert_eq!(findings.of(id), ["shop.t"]);
        let fix = "ALTER TABLE `shop`.`t` REORGANIZE PARTITION `p0` INTO (PARTITION `p0` VALUES LESS THAN (10) TABLESPACE = \
                   innodb_file_per_table)";
        assert_eq!(findings.fix("shop.t"), fix);
        made.partitions = vec![partition("p0", "HASH", None)];
        let spaces = vec!["innodb_system".to_owned()];
        made.innodb = Some(InnodbTable { shared_spaces: spaces, ..InnodbTable::default() });
        assert!(found(made, &upgrade()).of(id).is_empty());
    }

    #[test]
    fn a_prefix_in_the_key_of_the_partitions() {
        let id = "partitionsWithPrefixKeys";
        let with = |method: &str, expression: Option<&str>| {
            let mut made = table("t", []);
            made.partitions = vec![partition("p0", method, None)];
            made.partitions[0].expression = expression.map(|text| text.as_bytes().to_vec());
            made.indexes =
                vec![index("PRIMARY", true, &[("a`b", Some(10)), ("b", None)]), index("x", false, &[("b", Some(3))])];
            made
        };
        for (method, expression, expected) in [
            ("KEY", None, 1),
            ("LINEAR KEY", Some("`a``b`,`b`"), 1),
            ("KEY", Some("`b`"), 0),
            ("HASH", Some("`a``b`"), 0),
        ] {
            assert_eq!(found(with(method, expression), &later()).of(id).len(), expected, "{method} {expression:?}");
        }
        assert!(found(with("KEY", None), &upgrade()).of(id).is_empty());
    }
}
