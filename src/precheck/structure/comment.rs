//! Comments that are no text.

use super::{Table, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::Release,
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

const fn of(id: &'static str, title: &'static str) -> Check {
    Check {
        id,
        from: From::Aurora,
        level: Level::Error,
        consequence: Consequence::StopsTheUpgrade,
        title,
        about: "The server of 5.7 cuts such a comment where it shows it; 8.0 cannot put it into its dictionary and refuses to start \
                (MY-013140).",
        holds: Holds::Crossing(Release(8, 0, 11)),
        link: Some(super::AURORA),
    }
}

pub(super) const TABLE: Check =
    of("auroraUpgradeCheckForInvalidUtf8mb3TableComments", "Comments of tables with bytes that are no UTF-8");
pub(super) const COLUMN: Check =
    of("auroraUpgradeCheckForInvalidUtf8mb3ColumnComments", "Comments of columns with bytes that are no UTF-8");
pub(super) const INDEX: Check =
    of("auroraUpgradeCheckForInvalidUtf8mb3IndexComments", "Comments of indexes with bytes that are no UTF-8");

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    let invalid = |comment: &[u8]| std::str::from_utf8(comment).is_err();
    if hop.needs(&TABLE) && (of.table.invalid_comment || invalid(&of.table.comment)) {
        findings
            .add(&TABLE, of.object(), "Its comment holds a byte that is no UTF-8")
            .fix(format!("ALTER TABLE {} COMMENT = ''", of.path()))
            .query(format!("{}; SHOW WARNINGS", of.query("table_comment", "TABLES")));
    }
    if hop.needs(&COLUMN) {
        let columns = &of.table.columns;
        let bad: Vec<_> = columns.iter().filter(|column| invalid(&column.comment)).map(|column| &column.name).collect();
        let query = || format!("{}; SHOW WARNINGS", of.query("column_name, column_comment", "COLUMNS"));
        for name in &bad {
            let message =
                "Its comment holds a byte that is no UTF-8: define the column again with a comment that is text";
            findings.add(&COLUMN, of.column(name), message).query(query());
        }
        if of.table.invalid_column_comment && bad.is_empty() {
            let message = "The comment of one of its columns holds a byte that is no UTF-8 and is shown only up to there: define \
                           that column again with a comment that is text";
            findings.add(&COLUMN, of.object(), message).query(query());
        }
    }
    if hop.needs(&INDEX) {
        let indexes = &of.table.indexes;
        let bad: Vec<_> = indexes.iter().filter(|index| invalid(&index.comment)).map(|index| &index.name).collect();
        let query = || format!("{}; SHOW WARNINGS", of.query("index_name, index_comment", "STATISTICS"));
        for name in &bad {
            findings
                .add(
                    &INDEX,
                    of.column(name),
                    "Its comment holds a byte that is no UTF-8: drop the index and add it again",
                )
                .fix(format!("ALTER TABLE {} DROP INDEX {}", of.path(), quote::ident(name)))
                .query(query());
        }
        if of.table.invalid_index_comment && bad.is_empty() {
            let message = "The comment of one of its indexes holds a byte that is no UTF-8 and is shown only up to there: drop that \
                           index and add it again";
            findings.add(&INDEX, of.object(), message).query(query());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precheck::structure::samples::{column, found, index, table, upgrade};

    #[test]
    fn a_cut_comment_and_a_bad_byte() {
        let mut made = table("t", [column("a", "int", "int(11)"), column("b", "int", "int(11)")]);
        made.comment = "字".as_bytes().to_vec();
        made.indexes.push(index("k", false, &[("a", None)]));
        assert_eq!(found(made.clone(), &upgrade()).count(), 0);
        made.invalid_comment = true;
        made.columns[1].comment = b"\xff".to_vec();
        made.invalid_index_comment = true;
        let findings = found(made, &upgrade());
        assert_eq!(findings.of(TABLE.id), ["shop.t"]);
        assert_eq!(findings.of(COLUMN.id), ["shop.t.b"]);
        assert_eq!(findings.of(INDEX.id), ["shop.t"]);
    }
}
