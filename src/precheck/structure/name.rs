//! Names of schemas and tables that 8.0 does not take.

use super::{Table, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Instance, Release, Schema},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const INVALID: Check = Check {
    id: "invalid57Names",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Files and folders with a name that no table or schema can have",
    about: "The server shows them as #mysql50#name. 8.0 refuses to start on such a table (MY-010520); a folder it only mentions in \
            its log, and leaves out.",
    holds: Holds::Crossing(Release(8, 0, 0)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/identifier-mapping.html"),
};

pub(super) const FULLTEXT: Check = Check {
    id: "ftsInTablename",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Tables with FTS in their name, in capitals",
    about: "8.0 before 8.0.18 takes them for its own tables of full-text indexes and refuses to start (MY-010767), or dies \
            without a word where one is partitioned.",
    holds: Holds::Between(Release(8, 0, 11), Release(8, 0, 18)),
    link: Some("https://dev.mysql.com/doc/relnotes/mysql/8.0/en/news-8-0-18.html"),
};

pub(super) const CASE: Check = Check {
    id: "getValueOfVariablelower_case_table_names",
    from: From::Aurora,
    level: Level::Warning,
    consequence: Consequence::BrokenAfterwards,
    title: "Names with capitals on a server with lower_case_table_names = 1",
    about: "They were made before the variable was set, and the server cannot reach them. 8.0.15 leaves them out of reach; Aurora's \
            own precheck refuses the upgrade. Rename them while the variable is 0, or take them away.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

pub(super) const DOC_ID: Check = Check {
    id: "fts_doc_id_column",
    from: From::Ours,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Tables with a column FTS_DOC_ID of their own",
    about: "8.0.15 dies on such a table in an upgrade in place, with a full-text index or without one (measured; later releases were \
            not, so nothing is said for them). Rename the column, and make its full-text indexes again after the upgrade.",
    holds: Holds::Between(Release(8, 0, 11), Release(8, 0, 16)),
    link: None,
};

/// What the server puts before a name it cannot decode.
const MARK: &str = "#mysql50#";

pub(super) fn of_schema(schema: &Schema, instance: &Instance, hop: &Hop, findings: &mut Findings) {
    if hop.needs(&INVALID)
        && let Some(name) = schema.name.strip_prefix(MARK)
    {
        let message = "Its folder has a name that no schema can have: 8.0 leaves it out";
        let entry = findings
            .add(&INVALID, &schema.name, message)
            .query(format!("SHOW DATABASES LIKE {}", quote::text(&schema.name)))
            .worth(Level::Warning, Consequence::SilentUntilUsed);
        // The server's own repair is for names of before 5.1 alone; the folder of a file system has no table.
        if name != "lost+found" {
            entry.fix(format!("ALTER DATABASE {} UPGRADE DATA DIRECTORY NAME", quote::ident(&schema.name)));
        }
    }
    if hop.needs(&CASE) && instance.lower_case_table_names == 1 && has_capitals(&schema.name) {
        let message = "Its name has capitals, and lower_case_table_names is 1";
        let entry = findings.add(&CASE, &schema.name, message).query("SHOW DATABASES");
        super::refused_by_aurora(entry, hop);
    }
}

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    let name = &of.table.name;
    if hop.needs(&INVALID)
        && let Some(real) = name.strip_prefix(MARK)
    {
        findings
            .add(&INVALID, of.object(), "Its file has a name that no table can have")
            .fix(format!("RENAME TABLE {} TO {}", of.path(), quote::table(&of.schema.name, real)))
            .query(of.query("table_name", "TABLES"));
    }
    if hop.needs(&FULLTEXT) && name.contains("FTS") {
        let new = name.replace("FTS", "fts");
        findings
            .add(&FULLTEXT, of.object(), format!("{} takes FTS in a name for a table of its own", hop.to))
            .fix(format!("RENAME TABLE {} TO {}", of.path(), quote::table(&of.schema.name, &new)))
            .query(of.query("table_name", "TABLES"));
    }
    for column in of.table.columns.iter().filter(|column| column.name == "FTS_DOC_ID" && hop.needs(&DOC_ID)) {
        let message = format!("{} dies on a table with a column of this name", hop.to);
        findings.add(&DOC_ID, of.column(&column.name), message).query(of.query("column_name", "COLUMNS"));
    }
    if hop.needs(&CASE) && of.instance.lower_case_table_names == 1 && has_capitals(name) {
        let message = "Its name has capitals, and lower_case_table_names is 1";
        let entry = findings.add(&CASE, of.object(), message).query(of.query("table_name", "TABLES"));
        super::refused_by_aurora(entry, hop);
    }
}

fn has_capitals(name: &str) -> bool {
    name.strip_prefix(MARK).unwrap_or(name).chars().any(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precheck::structure::samples::{column, found, found_in, found_on, table, upgrade};

    #[test]
    fn what_the_server_cannot_decode() {
        let tables = vec![table("#mysql50#a-b", []), table("a-b", []), table("x#mysql50#", [])];
        let schema = Schema { name: "#mysql50#lost+found".into(), tables, ..Schema::default() };
        let findings = found_in(schema, &upgrade());
        let expected = ["#mysql50#lost+found", "#mysql50#lost+found.#mysql50#a-b"];
        assert_eq!(findings.of("invalid57Names"), expected);
        assert_eq!(findings.worth(expected[0]), (Level::Warning, Consequence::SilentUntilUsed));
        assert_eq!(findings.worth(expected[1]), (Level::Error, Consequence::StopsTheUpgrade));
    }

    #[test]
    fn fts_in_capitals_and_only_for_early_targets() {
        let schema = |name: &str| Schema { name: "shop".into(), tables: vec![table(name, [])], ..Schema::default() };
        let early = Hop { to: Release(8, 0, 15), ..upgrade() };
        assert_eq!(found_in(schema("myFTS"), &early).of("ftsInTablename"), ["shop.myFTS"]);
        assert!(found_in(schema("gifts"), &early).of("ftsInTablename").is_empty());
        assert!(found_in(schema("myFTS"), &upgrade()).of("ftsInTablename").is_empty());
    }

    #[test]
    fn a_column_of_full_text_indexes_and_only_for_early_targets() {
        let made =
            || table("t", [column("FTS_DOC_ID", "bigint", "bigint(20) unsigned"), column("id", "int", "int(11)")]);
        let early = Hop { to: Release(8, 0, 15), ..upgrade() };
        assert_eq!(found(made(), &early).of("fts_doc_id_column"), ["shop.t.FTS_DOC_ID"]);
        assert!(found(made(), &upgrade()).of("fts_doc_id_column").is_empty());
    }

    #[test]
    fn capitals_where_all_is_lower_case() {
        let id = "getValueOfVariablelower_case_table_names";
        let schema =
            || Schema { name: "Shop".into(), tables: vec![table("T", []), table("t", [])], ..Schema::default() };
        let folding = Instance { lower_case_table_names: 1, ..Instance::default() };
        assert_eq!(found_on(schema(), &folding, &upgrade()).of(id), ["Shop", "Shop.T"]);
        assert!(found_in(schema(), &upgrade()).of(id).is_empty());
        assert!(found(table("T", []), &upgrade()).of(id).is_empty());
    }
}
