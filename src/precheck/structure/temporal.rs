//! Dates and times: formats of old releases, and dates that are none.

use super::{Table, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Column, Instance, Release},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const OLD: Check = Check {
    id: "oldTemporal",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "TIME, DATETIME and TIMESTAMP columns in the format of MySQL 5.5",
    about: "8.0 cannot read columns made before 5.6.4 and refuses to start on them (MY-010923). Rebuild the table; with \
            avoid_temporal_upgrade = ON a rebuild keeps the old format, so turn that off first.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrade-prerequisites.html"),
};

pub(super) const ZERO: Check = Check {
    id: "zeroDates",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Defaults with a month or a day of zero",
    about: "The sql_mode of 8.0 refuses such dates by default: the upgrade passes, and INSERT, ALTER TABLE or a restore of a \
            dump fails later.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/sql-mode.html#sqlmode_no_zero_date"),
};

/// What the server adds to the type while `show_old_temporals` is on.
const MARK: &[u8] = b" /* 5.5 binary format */";

pub(super) fn of_instance(instance: &Instance, hop: &Hop, findings: &mut Findings) {
    if !hop.needs(&ZERO) {
        return;
    }
    let Some((_, mode)) = instance.variables.iter().find(|(name, _)| name == "sql_mode") else { return };
    if !mode.split(',').any(|flag| matches!(flag, "NO_ZERO_DATE" | "NO_ZERO_IN_DATE")) {
        let message =
            "It has neither NO_ZERO_DATE nor NO_ZERO_IN_DATE: tables may hold dates that a stricter server refuses";
        findings
            .add(&ZERO, "global.sql_mode", message)
            .query("SELECT @@GLOBAL.sql_mode")
            .worth(Level::Notice, Consequence::Advice);
    }
}

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    for column in &of.table.columns {
        if hop.needs(&OLD) && is_old(column) {
            let message =
                format!("{} column in the format of MySQL 5.5, which 8.0 refuses", column.data_type.to_uppercase());
            let query = of.query("column_name, column_type", "COLUMNS");
            findings
                .add(&OLD, of.column(&column.name), message)
                .fix(format!("ALTER TABLE {} FORCE", of.path()))
                .query(format!("SET show_old_temporals = ON; {query}"));
        }
    }
    if hop.needs(&ZERO) {
        zero(of, findings);
    }
}

fn zero(of: &Table<'_>, findings: &mut Findings) {
    let is_bad = |column: &&Column| has_date(column) && column.default.as_deref().is_some_and(is_zero);
    let bad: Vec<_> = of.table.columns.iter().filter(is_bad).collect();
    // In one statement: a strict session refuses to alter the one while the other is as it is.
    let changes: Vec<_> = bad
        .iter()
        .map(|column| {
            let valid = if column.data_type == "date" { "1970-01-02" } else { "1970-01-02 00:00:00" };
            format!("ALTER COLUMN {} SET DEFAULT '{valid}'", quote::ident(&column.name))
        })
        .collect();
    for column in bad {
        let default = String::from_utf8_lossy(column.default.as_deref().unwrap_or_default()).into_owned();
        findings
            .add(&ZERO, of.column(&column.name), format!("Its default {default} is no date under the sql_mode of 8.0"))
            .fix(format!("ALTER TABLE {} {}", of.path(), changes.join(", ")))
            .query(of.query("column_name, column_default", "COLUMNS"));
    }
}

fn has_date(column: &Column) -> bool {
    matches!(column.data_type.as_str(), "date" | "datetime" | "timestamp")
}

fn is_old(column: &Column) -> bool {
    matches!(column.data_type.as_str(), "time" | "datetime" | "timestamp") && column.column_type.ends_with(MARK)
}

/// `0000-00-00`, `2020-00-00 …`, `2020-01-00`.
fn is_zero(default: &[u8]) -> bool {
    let date: Vec<_> =
        default.split(|byte| *byte == b' ').next().unwrap_or_default().split(|byte| *byte == b'-').collect();
    let [year, month, day] = date.as_slice() else { return false };
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let zero = |part: &[u8]| part.iter().all(|byte| *byte == b'0');
    digits(year) && digits(month) && digits(day) && (zero(month) || zero(day))
}

#[cfg(test)]
mod tests {
    use crate::precheck::structure::samples::{column, found, server, table, upgrade};

    #[test]
    fn the_mark_of_an_old_type_counts_only_as_such() {
        let old = column("old", "timestamp", "timestamp /* 5.5 binary format */");
        let time = column("clock", "time", "time(3) /* 5.5 binary format */");
        let words = column("words", "enum", "enum('timestamp /* 5.5 binary format */')");
        let new = column("new", "timestamp", "timestamp");
        let findings = found(table("t", [old, time, words, new]), &upgrade());
        assert_eq!(findings.of("oldTemporal"), ["shop.t.old", "shop.t.clock"]);
        assert_eq!(findings.fix("shop.t.old"), "ALTER TABLE `shop`.`t` FORCE");
    }

    #[test]
    fn a_month_or_a_day_of_zero_is_no_date() {
        let with = |name: &str, data_type: &str, default: &str| {
            let mut made = column(name, data_type, data_type);
            made.default = Some(default.into());
            made
        };
        let columns = [
            with("a", "date", "0000-00-00"),
            with("b", "datetime", "2020-00-00 00:00:00"),
            with("c", "timestamp", "2020-01-00 00:00:00.000"),
            with("d", "date", "2020-10-10"),
            with("e", "timestamp", "CURRENT_TIMESTAMP"),
            with("f", "varchar", "2020-00-00"),
            with("g", "date", "0000-01-01"),
        ];
        let findings = found(table("t", columns), &upgrade());
        assert_eq!(findings.of("zeroDates"), ["shop.t.a", "shop.t.b", "shop.t.c"]);
        let fix = "ALTER TABLE `shop`.`t` ALTER COLUMN `a` SET DEFAULT '1970-01-02', ALTER COLUMN `b` SET DEFAULT \
                   '1970-01-02 00:00:00', ALTER COLUMN `c` SET DEFAULT '1970-01-02 00:00:00'";
        assert_eq!(findings.fix("shop.t.a"), fix);
    }

    #[test]
    fn a_mode_without_either_flag_is_said_once() {
        assert_eq!(server(&[("sql_mode", "STRICT_TRANS_TABLES")], &upgrade()).of("zeroDates"), ["global.sql_mode"]);
        assert!(server(&[("sql_mode", "NO_ZERO_DATE,STRICT_TRANS_TABLES")], &upgrade()).of("zeroDates").is_empty());
    }
}
