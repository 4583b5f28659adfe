//! Character sets that go.

use super::{Table, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Release, Schema},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const UTF8MB3: Check = Check {
    id: "utf8mb3",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::Advice,
    title: "Schemas, tables and columns in utf8mb3",
    about: "utf8mb3, which 5.7 calls utf8, is deprecated and will go. Convert to utf8mb4 after the upgrade; an index on long \
            strings may pass the limit of its row format, since a character then counts four bytes.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/charset-unicode-utf8mb3.html"),
};

pub(super) fn of_schema(schema: &Schema, hop: &Hop, findings: &mut Findings) {
    if hop.needs(&UTF8MB3) && is_utf8mb3(&schema.charset) {
        findings
            .add(&UTF8MB3, &schema.name, "Its default character set is utf8mb3, which is deprecated")
            .fix(format!("ALTER DATABASE {} CHARACTER SET utf8mb4", quote::ident(&schema.name)))
            .query(format!(
                "SELECT default_character_set_name FROM information_schema.SCHEMATA WHERE schema_name = {}",
                quote::text(&schema.name)
            ));
    }
}

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    if !hop.needs(&UTF8MB3) {
        return;
    }
    let convert = || format!("ALTER TABLE {} CONVERT TO CHARACTER SET utf8mb4", of.path());
    // A collation is called by its character set.
    let charset = of.table.collation.as_deref().map(|name| name.split_once('_').map_or(name, |(charset, _)| charset));
    if charset.is_some_and(is_utf8mb3) {
        findings
            .add(&UTF8MB3, of.object(), "Its default character set is utf8mb3, which is deprecated")
            .fix(convert())
            .query(of.query("table_collation", "TABLES"));
    }
    for column in of.table.columns.iter().filter(|column| column.charset.as_deref().is_some_and(is_utf8mb3)) {
        findings
            .add(&UTF8MB3, of.column(&column.name), "Its character set is utf8mb3, which is deprecated")
            .fix(convert())
            .query(of.query("column_name, character_set_name", "COLUMNS"));
    }
}

fn is_utf8mb3(charset: &str) -> bool {
    matches!(charset, "utf8" | "utf8mb3")
}

/// The most bytes a character takes.
pub(super) fn widest(charset: Option<&str>) -> usize {
    match charset {
        Some("utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030") => 4,
        Some("utf8" | "utf8mb3" | "ujis" | "eucjpms") => 3,
        Some("ucs2" | "big5" | "gbk" | "gb2312" | "sjis" | "cp932" | "euckr") => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precheck::structure::samples::{column, found, found_in, table, upgrade};

    #[test]
    fn the_defaults_and_the_columns_are_told_apart() {
        let mut old = column("old", "varchar", "varchar(10)");
        old.charset = Some("utf8".into());
        let mut new = column("new", "varchar", "varchar(10)");
        new.charset = Some("utf8mb4".into());
        let mut made = table("t", [old, new, column("id", "int", "int(11)")]);
        assert_eq!(found(made.clone(), &upgrade()).of("utf8mb3"), ["shop.t.old"]);
        made.collation = Some("utf8_general_ci".into());
        let schema = Schema { name: "shop".into(), charset: "utf8".into(), tables: vec![made], ..Schema::default() };
        let findings = found_in(schema, &upgrade());
        assert_eq!(findings.of("utf8mb3"), ["shop", "shop.t", "shop.t.old"]);
        assert_eq!(findings.fix("shop"), "ALTER DATABASE `shop` CHARACTER SET utf8mb4");
    }

    #[test]
    fn other_sets_with_a_like_name_are_left_alone() {
        let mut made = table("t", []);
        made.collation = Some("utf8mb4_0900_ai_ci".into());
        assert!(found(made, &upgrade()).of("utf8mb3").is_empty());
    }
}
