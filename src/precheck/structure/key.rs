//! Tables that replication and change data capture have trouble with.

use super::Table;
use crate::{
    event::{Consequence, Level},
    port::catalogue::Index,
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const MISSING: Check = Check {
    id: "no_primary_key",
    from: From::Ours,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Tables without a primary key",
    about: "Green applies each changed row of such a table by reading the table from its beginning, so that it may never catch up; and \
            a CDC job cannot tell its rows apart. A unique key of columns that are NOT NULL does as well.",
    holds: Holds::Always,
    link: Some(
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/blue-green-deployments-best-practices.html",
    ),
};

pub(super) const MYISAM: Check = Check {
    id: "myisam_table",
    from: From::Ours,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "MyISAM tables",
    about: "Green begins as a copy of blue's storage while blue is written: a MyISAM table in it may be damaged or behind, since the \
            engine recovers nothing. Convert it to InnoDB first.",
    holds: Holds::Always,
    link: Some("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-best-practices.html"),
};

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    let Some(engine) = of.table.engine.as_deref() else { return };
    let tells_apart = |index: &Index| {
        let whole = |name: &String| of.table.columns.iter().any(|column| column.name == *name && !column.nullable);
        index.unique
            && index.parts.iter().all(|(column, prefix)| prefix.is_none() && column.as_ref().is_some_and(whole))
    };
    let has_key = of.table.indexes.iter().any(|index| index.name == "PRIMARY" || tells_apart(index));
    if hop.needs(&MISSING) && !has_key && matches!(engine.to_ascii_lowercase().as_str(), "innodb" | "myisam") {
        findings
            .add(&MISSING, of.object(), "It has no primary key, and no unique key of columns that are NOT NULL")
            .query(of.query("index_name, non_unique, column_name, nullable", "STATISTICS"));
    }
    // A partitioned one has a finding of its own on the way to 8.0.
    if hop.needs(&MYISAM) && engine.eq_ignore_ascii_case("MyISAM") && of.table.partitions.is_empty() {
        let entry = findings
            .add(&MYISAM, of.object(), "A MyISAM table may be damaged in the copy that green begins with")
            .query(of.query("engine", "TABLES"));
        // Where InnoDB has a table of this name too, there is no room for it.
        if of.table.innodb.is_none() {
            entry.fix(format!("ALTER TABLE {} ENGINE = InnoDB", of.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::precheck::structure::samples::{bare, column, found, index, later};

    #[test]
    fn a_unique_key_without_null_does_as_well() {
        for (nullable, unique, prefix, expected) in
            [(false, true, None, 0), (true, true, None, 1), (false, false, None, 1), (false, true, Some(3), 1)]
        {
            let mut made = bare("t", [column("a", "varchar", "varchar(10)")]);
            made.columns[0].nullable = nullable;
            made.indexes = vec![index("k", unique, &[("a", prefix)])];
            let findings = found(made, &later());
            assert_eq!(findings.of("no_primary_key").len(), expected, "{nullable} {unique} {prefix:?}");
        }
    }

    #[test]
    fn myisam_is_told_by_its_table() {
        let mut made = bare("t", []);
        made.engine = Some("MyISAM".into());
        made.innodb = None;
        made.indexes = vec![index("PRIMARY", true, &[])];
        let findings = found(made, &later());
        assert_eq!(findings.of("myisam_table"), ["shop.t"]);
        assert_eq!(findings.count(), 1);
    }
}
