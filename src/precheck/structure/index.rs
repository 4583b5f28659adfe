//! Indexes that are too long, of the wrong kind, or damaged by a known bug.

use super::{Table, charset, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Column, Release},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const TOO_LARGE: Check = Check {
    id: "indexTooLarge",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::BrokenAfterwards,
    title: "Index columns of more than 767 bytes in row format COMPACT or REDUNDANT",
    about: "The upgrade passes and the index works, but the definition is refused from then on (1709): the table can neither be \
            altered nor restored from a dump. Rows in format DYNAMIC allow 3072 bytes.",
    holds: Holds::Crossing(Release(8, 0, 0)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/innodb-limits.html"),
};

pub(super) const GEOMETRY_PREFIX: Check = Check {
    id: "auroraUpgradeCheckForPrefixIndexOnGeometryColumns",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Indexes on a prefix of a geometry",
    about: "8.0 refuses to start on such an index (MY-013140, Incorrect prefix key). Drop it; a SPATIAL index is what finds \
            geometries.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

pub(super) const TINY: Check = Check {
    id: "auroraUpgradeCheckForIndexLengthLimitOnTinyColumns",
    from: From::Aurora,
    level: Level::Warning,
    consequence: Consequence::BrokenAfterwards,
    title: "Indexes on more than 255 bytes of a TINYTEXT or TINYBLOB column",
    about: "Servers of old let an index be longer than the column can be; 5.7.22 shortens it or refuses. Aurora's own precheck \
            refuses the upgrade.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

pub(super) const SPATIAL: Check = Check {
    id: "spatialIndex",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "SPATIAL indexes made by a release whose InnoDB damages them (8.0.3 to 8.0.40, 8.1 to 8.4.3, 9.0 to 9.1)",
    about: "Releases from 8.0.41, 8.4.4 and 9.2 on order such an index otherwise, so that one made before is read as damaged. Drop \
            it before the upgrade and make it again after.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/relnotes/mysql/8.0/en/news-8-0-41.html"),
};

/// Bytes of one column in an index, in row format COMPACT and REDUNDANT.
const MOST_BYTES: usize = 767;
const TINY_BYTES: usize = 255;

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    let row_format = of.table.innodb.as_ref().map(|innodb| innodb.row_format.to_ascii_lowercase());
    let is_narrow = matches!(row_format.as_deref(), Some("compact" | "redundant"));
    for index in &of.table.indexes {
        let object = || of.column(&index.name);
        let drop = || format!("ALTER TABLE {} DROP INDEX {}", of.path(), quote::ident(&index.name));
        let query = || of.query("index_name, column_name, sub_part, index_type", "STATISTICS");
        if index.kind.eq_ignore_ascii_case("SPATIAL") {
            if was_damaged(hop) {
                let message = format!("{} reads a SPATIAL index made by {} as damaged", hop.to, hop.from);
                findings.add(&SPATIAL, object(), message).fix(drop()).query(query());
            }
            continue;
        }
        if index.kind.eq_ignore_ascii_case("FULLTEXT") {
            continue;
        }
        for (column, prefix) in &index.parts {
            let Some(column) = of.table.columns.iter().find(|known| Some(&known.name) == column.as_ref()) else {
                continue;
            };
            if hop.needs(&GEOMETRY_PREFIX) && prefix.is_some() && is_geometry(&column.data_type) {
                let message = format!("It holds a prefix of the geometry {}, which 8.0 refuses", column.name);
                findings.add(&GEOMETRY_PREFIX, object(), message).fix(drop()).query(query());
            }
            let Some(bytes) = bytes(column, *prefix) else { continue };
            if hop.needs(&TOO_LARGE) && is_narrow && bytes > MOST_BYTES {
                let message = format!(
                    "{bytes} bytes of {} in row format {}, which allows {MOST_BYTES}",
                    column.name,
                    row_format.as_deref().unwrap_or_default().to_uppercase()
                );
                let entry = findings
                    .add(&TOO_LARGE, object(), message)
                    .fix(format!("ALTER TABLE {} ROW_FORMAT = DYNAMIC", of.path()))
                    .query(query());
                super::refused_by_aurora(entry, hop);
            }
            if hop.needs(&TINY) && bytes > TINY_BYTES && matches!(column.data_type.as_str(), "tinytext" | "tinyblob") {
                let message = format!("{bytes} bytes of {}, which has {TINY_BYTES} at most", column.name);
                let entry = findings.add(&TINY, object(), message).fix(drop()).query(query());
                super::refused_by_aurora(entry, hop);
            }
        }
    }
}

/// Most bytes of a column in an index; `None` for types whose width is fixed and small.
fn bytes(column: &Column, prefix: Option<u32>) -> Option<usize> {
    let characters = || match prefix {
        Some(prefix) => Some(prefix as usize),
        None => declared(&column.column_type),
    };
    match column.data_type.as_str() {
        "char" | "varchar" => Some(characters()? * charset::widest(column.charset.as_deref())),
        "binary" | "varbinary" => characters(),
        "tinytext" | "text" | "mediumtext" | "longtext" => {
            Some(prefix? as usize * charset::widest(column.charset.as_deref()))
        }
        "tinyblob" | "blob" | "mediumblob" | "longblob" => Some(prefix? as usize),
        _ => None,
    }
}

/// Of `varchar(250)`: 250.
fn declared(column_type: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(column_type).ok()?;
    text.split_once('(')?.1.split_once(')')?.0.parse().ok()
}

pub(super) fn is_geometry(data_type: &str) -> bool {
    matches!(
        data_type,
        "geometry"
            | "point"
            | "linestring"
            | "polygon"
            | "multipoint"
            | "multilinestring"
            | "multipolygon"
            | "geometrycollection"
            | "geomcollection"
    )
}

fn was_damaged(hop: &Hop) -> bool {
    let before = |first: Release, until: Release| first <= hop.from && hop.from < until;
    let made = before(Release(8, 0, 3), Release(8, 0, 41))
        || before(Release(8, 1, 0), Release(8, 4, 4))
        || before(Release(9, 0, 0), Release(9, 2, 0));
    let reads = match hop.to {
        Release(8, 0, patch) => patch >= 41,
        Release(8, minor, patch) => (minor, patch) >= (4, 4),
        to => to >= Release(9, 2, 0),
    };
    made && reads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        port::catalogue::{InnodbTable, Table as Whole},
        precheck::structure::samples::{column, found, index, table, upgrade},
    };
    use proptest::prelude::*;

    fn strings(row_format: &str, column_type: &str, charset: &str, prefix: Option<u32>) -> Whole {
        let data_type = column_type.split('(').next().unwrap();
        let mut only = column("a", data_type, column_type);
        only.charset = (charset != "binary").then(|| charset.to_owned());
        let mut made = table("t", [only]);
        made.innodb = Some(InnodbTable { row_format: row_format.into(), ..InnodbTable::default() });
        made.indexes = vec![index("k", false, &[("a", prefix)])];
        made
    }

    #[test]
    fn bytes_are_counted_by_prefix_and_width() {
        for (row_format, column_type, charset, prefix, expected) in [
            ("Compact", "varchar(250)", "utf8mb4", None, true),
            ("Compact", "varchar(300)", "utf8mb4", Some(250), true),
            ("Redundant", "varchar(256)", "utf8", None, true),
            ("Compact", "varchar(191)", "utf8mb4", None, false),
            ("Compact", "varchar(255)", "utf8", None, false),
            ("Compact", "varchar(1000)", "latin1", Some(700), false),
            ("Compact", "varchar(768)", "latin1", None, true),
            ("Dynamic", "varchar(250)", "utf8mb4", None, false),
            ("Compact", "text", "utf8mb4", Some(192), true),
            ("Compact", "varbinary(767)", "binary", None, false),
            ("Compact", "blob", "binary", Some(768), true),
        ] {
            let findings = found(strings(row_format, column_type, charset, prefix), &upgrade());
            let expected: &[&str] = if expected { &["shop.t.k"] } else { &[] };
            assert_eq!(findings.of("indexTooLarge"), expected, "{row_format} {column_type} {charset} {prefix:?}");
        }
    }

    proptest! {
        #[test]
        fn a_prefix_is_never_longer_than_its_column(length in 1u32..1000, prefix in 1u32..1000) {
            let declared = column("a", "varchar", &format!("varchar({length})"));
            let whole = bytes(&declared, None).unwrap();
            let part = bytes(&declared, Some(prefix)).unwrap();
            prop_assert_eq!(part <= whole, prefix <= length);
        }
    }

    #[test]
    fn the_index_of_a_tiny_column() {
        let id = "auroraUpgradeCheckForIndexLengthLimitOnTinyColumns";
        assert_eq!(found(strings("Dynamic", "tinytext", "utf8mb4", Some(64)), &upgrade()).of(id), ["shop.t.k"]);
        assert!(found(strings("Dynamic", "tinytext", "utf8mb4", Some(63)), &upgrade()).of(id).is_empty());
        assert!(found(strings("Dynamic", "text", "utf8mb4", Some(64)), &upgrade()).of(id).is_empty());
    }

    #[test]
    fn a_prefix_of_a_geometry_stops_and_a_spatial_index_does_not() {
        let mut made = table("t", [column("g", "geometry", "geometry")]);
        let mut spatial = index("s", false, &[("g", Some(32))]);
        spatial.kind = "SPATIAL".into();
        made.indexes = vec![spatial, index("k", false, &[("g", Some(28))])];
        let findings = found(made, &upgrade());
        assert_eq!(findings.of("auroraUpgradeCheckForPrefixIndexOnGeometryColumns"), ["shop.t.k"]);
        assert!(findings.of("spatialIndex").is_empty());
    }

    #[test]
    fn spatial_indexes_of_the_releases_with_the_bug() {
        let hop = |from, to| Hop { from, to, aurora: false };
        for (from, to, expected) in [
            (Release(8, 0, 15), Release(8, 4, 4), true),
            (Release(8, 0, 40), Release(8, 0, 41), true),
            (Release(8, 4, 3), Release(9, 2, 0), true),
            (Release(5, 7, 22), Release(8, 0, 41), false),
            (Release(8, 0, 41), Release(8, 4, 4), false),
            (Release(8, 0, 39), Release(8, 4, 3), false),
        ] {
            assert_eq!(was_damaged(&hop(from, to)), expected, "{from} to {to}");
        }
        let mut made = table("t", [column("g", "point", "point")]);
        made.indexes = vec![index("s", false, &[("g", Some(32))])];
        made.indexes[0].kind = "SPATIAL".into();
        let findings = found(made, &hop(Release(8, 0, 15), Release(8, 4, 7)));
        assert_eq!(findings.of("spatialIndex"), ["shop.t.s"]);
        assert_eq!(findings.fix("shop.t.s"), "ALTER TABLE `shop`.`t` DROP INDEX `s`");
    }
}
