//! Definitions of columns that a release gave up.

use super::{Table, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::Release,
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const DEFAULT: Check = Check {
    id: "columnsWhichCannotHaveDefaults",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "BLOB, TEXT, GEOMETRY and JSON columns with a default",
    about: "A literal default of such a column is refused: the table can neither be altered nor restored from a dump. 5.7.22 makes \
            none; tables of older servers may have one.",
    holds: Holds::Crossing(Release(8, 0, 12)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/data-type-defaults.html"),
};

pub(super) const AUTO_INCREMENT: Check = Check {
    id: "columnDefinition",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "AUTO_INCREMENT on FLOAT and DOUBLE columns",
    about: "8.4 refuses the definition (1063), whatever the precision and sign. Make the column an integer, after looking for \
            fractions and for columns that refer to it.",
    holds: Holds::Crossing(Release(8, 4, 0)),
    link: Some("https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html"),
};

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    for column in &of.table.columns {
        let query = || of.query("column_name, column_type, column_default, extra", "COLUMNS");
        let generated = column.extra.to_ascii_uppercase().contains("DEFAULT_GENERATED");
        if hop.needs(&DEFAULT) && column.default.is_some() && !generated && is_blob(&column.data_type) {
            let kind = column.data_type.to_uppercase();
            findings
                .add(&DEFAULT, of.column(&column.name), format!("A {kind} column cannot have a literal default"))
                .fix(format!("ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT", of.path(), quote::ident(&column.name)))
                .query(query());
        }
        let counts = column.extra.to_ascii_lowercase().contains("auto_increment");
        if hop.needs(&AUTO_INCREMENT) && counts && matches!(column.data_type.as_str(), "float" | "double") {
            let kind = String::from_utf8_lossy(&column.column_type).to_uppercase();
            findings
                .add(
                    &AUTO_INCREMENT,
                    of.column(&column.name),
                    format!("AUTO_INCREMENT on {kind}, which {} refuses", hop.to),
                )
                .fix(format!(
                    "ALTER TABLE {} MODIFY {} BIGINT NOT NULL AUTO_INCREMENT",
                    of.path(),
                    quote::ident(&column.name)
                ))
                .query(query());
        }
    }
}

fn is_blob(data_type: &str) -> bool {
    data_type.ends_with("blob")
        || data_type.ends_with("text")
        || data_type == "json"
        || super::index::is_geometry(data_type)
}

#[cfg(test)]
mod tests {
    use crate::precheck::structure::samples::{column, found, later, table, upgrade};

    #[test]
    fn a_literal_default_of_a_text() {
        let with = |name: &str, data_type: &str, default: Option<&str>, extra: &str| {
            let mut made = column(name, data_type, data_type);
            made.default = default.map(|text| text.as_bytes().to_vec());
            made.extra = extra.into();
            made
        };
        let columns = [
            with("a", "text", Some(""), ""),
            with("b", "longblob", None, ""),
            with("c", "varchar", Some(""), ""),
            with("d", "json", Some("{}"), ""),
            with("e", "json", Some("json_array()"), "DEFAULT_GENERATED"),
        ];
        let findings = found(table("t", columns), &upgrade());
        assert_eq!(findings.of("columnsWhichCannotHaveDefaults"), ["shop.t.a", "shop.t.d"]);
    }

    #[test]
    fn a_fraction_does_not_count_up() {
        let with = |name: &str, data_type: &str, whole: &str, extra: &str| {
            let mut made = column(name, data_type, whole);
            made.extra = extra.into();
            made
        };
        let columns = [
            with("a", "double", "double unsigned", "auto_increment"),
            with("b", "float", "float(7,3)", "auto_increment"),
            with("c", "bigint", "bigint(20)", "auto_increment"),
            with("d", "double", "double", ""),
        ];
        let findings = found(table("t", columns.clone()), &later());
        assert_eq!(findings.of("columnDefinition"), ["shop.t.a", "shop.t.b"]);
        assert_eq!(findings.fix("shop.t.a"), "ALTER TABLE `shop`.`t` MODIFY `a` BIGINT NOT NULL AUTO_INCREMENT");
        assert!(found(table("t", columns), &upgrade()).of("columnDefinition").is_empty());
    }
}
