//! Names and values that are longer than they may be.

use super::{Table, values};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Release, Schema},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const FOREIGN_KEY: Check = Check {
    id: "foreignKeyLength",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Foreign keys with a name of more than 64 characters",
    about: "The name that InnoDB gives a foreign key grows with its table's when that is renamed. 8.0 counts 64 characters, not \
            bytes, and refuses to start on a longer one (MY-013140).",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrade-prerequisites.html"),
};

pub(super) const ELEMENT: Check = Check {
    id: "enumSetElementLength",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "ENUM and SET values of more than 255 characters or 1020 bytes",
    about: "8.0 refuses to start on a longer value (MY-013140). Give the column shorter values and update its rows.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/string-type-syntax.html"),
};

pub(super) const DUPLICATE: Check = Check {
    id: "auroraUpgradeCheckForDuplicatedColumnValuesInEnum",
    from: From::Aurora,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "ENUM and SET columns with the same value twice",
    about: "A server without strict mode lets one value stand twice; a strict one refuses the definition in every later ALTER \
            TABLE, and Aurora's own precheck refuses the upgrade from before 8.0.39.",
    holds: Holds::Crossing(Release(8, 4, 0)),
    link: Some(
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.upgrade-prechecks-v3-to-v84.descriptions.html",
    ),
};

pub(super) const VIEW_COLUMN: Check = Check {
    id: "auroraUpgradeCheckForViewColumnNameLength",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "Columns of views with a name of more than 64 characters",
    about: "Servers of old let a view have such a column; 8.0 does not read that view. Give the column a shorter alias.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

const LONGEST_NAME: usize = 64;
const MOST_CHARACTERS: usize = 255;
const MOST_BYTES: usize = 1020;

pub(super) fn of_schema(schema: &Schema, hop: &Hop, findings: &mut Findings) {
    for view in schema.views.iter().filter(|_| hop.needs(&VIEW_COLUMN)) {
        for column in view.columns.iter().filter(|column| column.chars().count() > LONGEST_NAME) {
            let object = format!("{}.{}.{column}", schema.name, view.name);
            let message = format!("Its name has {} characters of at most {LONGEST_NAME}", column.chars().count());
            findings
                .add(&VIEW_COLUMN, object, message)
                .query(format!("SHOW CREATE VIEW {}", super::quote::table(&schema.name, &view.name)));
        }
    }
}

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    for key in of.table.foreign_keys.iter().filter(|_| hop.needs(&FOREIGN_KEY)) {
        let length = key.name.chars().count();
        if length > LONGEST_NAME {
            let message = format!(
                "The name of this foreign key has {length} characters, of which 8.0 allows {LONGEST_NAME}; drop it and add \
                 it again under a shorter name, with its ON DELETE and ON UPDATE"
            );
            findings
                .add(&FOREIGN_KEY, of.column(&key.name), message)
                .fix(format!("ALTER TABLE {} DROP FOREIGN KEY {}", of.path(), super::quote::ident(&key.name)))
                .query(format!("SHOW CREATE TABLE {}", of.path()));
        }
    }
    for column in of.table.columns.iter().filter(|column| matches!(column.data_type.as_str(), "enum" | "set")) {
        let values = values::of(&column.column_type);
        let long = values.iter().find(|value| {
            let characters = String::from_utf8_lossy(value).chars().count();
            characters > MOST_CHARACTERS || value.len() > MOST_BYTES
        });
        if let Some(long) = long.filter(|_| hop.needs(&ELEMENT)) {
            let begin: String = String::from_utf8_lossy(long).chars().take(20).collect();
            let message = format!(
                "Its value '{begin}…' is longer than {MOST_CHARACTERS} characters or {MOST_BYTES} bytes; give it a shorter one"
            );
            findings
                .add(&ELEMENT, of.column(&column.name), message)
                .query(of.query("column_name, column_type", "COLUMNS"));
        }
        if hop.needs(&DUPLICATE) && hop.from < Release(8, 0, 39) {
            let collation = column.collation.as_deref().unwrap_or_default();
            if let Some(twice) = values::twice(&values, collation) {
                let message = format!("It has the value '{}' twice", String::from_utf8_lossy(twice));
                let entry = findings
                    .add(&DUPLICATE, of.column(&column.name), message)
                    .query(of.query("column_name, column_type", "COLUMNS"));
                super::refused_by_aurora(entry, hop);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        port::catalogue::{ForeignKey, View},
        precheck::structure::samples::{column, found, found_in, later, table, upgrade},
    };

    #[test]
    fn characters_are_counted_and_not_bytes() {
        let key = |name: String| ForeignKey { name, ..ForeignKey::default() };
        let mut made = table("t", []);
        made.foreign_keys = vec![key("k".repeat(65)), key("k".repeat(64)), key("字".repeat(30)), key("字".repeat(65))];
        let expected = ["k".repeat(65), "字".repeat(65)].map(|name| format!("shop.t.{name}"));
        let findings = found(made, &upgrade());
        assert_eq!(findings.of("foreignKeyLength"), expected);
        let fix = format!("ALTER TABLE `shop`.`t` DROP FOREIGN KEY `{}`", "k".repeat(65));
        assert_eq!(findings.fix(&expected[0]), fix);
    }

    #[test]
    fn a_value_has_255_characters_at_most() {
        let with = |name: &str, value: String| column(name, "enum", &format!("enum('x','{value}')"));
        let columns = [
            with("long", "a".repeat(256)),
            with("enough", "a".repeat(255)),
            with("quotes", "''".repeat(255)),
            with("wide", "字".repeat(255)),
            with("wider", "字".repeat(256)),
            column("text", "varchar", "varchar(300)"),
        ];
        let findings = found(table("t", columns), &upgrade());
        assert_eq!(findings.of("enumSetElementLength"), ["shop.t.long", "shop.t.wider"]);
    }

    #[test]
    fn one_value_twice_is_said_on_the_way_to_8_4_only() {
        let columns = [column("e", "enum", "enum('a','A')"), column("s", "set", "set('a','b')")];
        let mut made = table("t", columns);
        made.columns[0].collation = Some("utf8mb4_0900_ai_ci".into());
        let id = "auroraUpgradeCheckForDuplicatedColumnValuesInEnum";
        assert_eq!(found(made.clone(), &later()).of(id), ["shop.t.e"]);
        assert!(found(made.clone(), &upgrade()).of(id).is_empty());
        made.columns[0].collation = Some("utf8mb4_bin".into());
        assert!(found(made, &later()).of(id).is_empty());
    }

    #[test]
    fn a_column_of_a_view_has_a_name_of_64_characters_at_most() {
        let view = View { name: "v".into(), columns: vec!["c".repeat(64), "c".repeat(65)], ..View::default() };
        let schema = Schema { name: "shop".into(), views: vec![view], ..Schema::default() };
        let findings = found_in(schema, &upgrade());
        assert_eq!(findings.of("auroraUpgradeCheckForViewColumnNameLength"), [format!("shop.v.{}", "c".repeat(65))]);
    }
}
