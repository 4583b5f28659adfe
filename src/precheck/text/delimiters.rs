//! Dates in partitions that are not written with `-` and `:`.

use super::passage::quoted;
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Partition, Release, Schema, Table},
    precheck::{
        check::{Check, From, Holds},
        findings::Findings,
        sql::{Mode, Text},
    },
};

pub(super) const CHECK: Check = Check {
    id: "deprecatedTemporalDelimiter",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "Dates in partitions with other delimiters than - and :",
    about: "A partition whose limit is a date such as '2020/01/01' makes its table unreadable from 8.0.29 on. Digits without delimiters \
            are well.",
    holds: Holds::Crossing(Release(8, 0, 29)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/date-and-time-literals.html"),
};

pub(super) fn look(schema: &Schema, findings: &mut Findings) {
    for table in &schema.tables {
        let mut told = Vec::new();
        for partition in &table.partitions {
            let Some((column, value)) = odd_value(table, partition) else { continue };
            // Once a partition, and not once for each of its subpartitions.
            if told.contains(&&partition.name) {
                continue;
            }
            told.push(&partition.name);
            let name = quoted(&[&schema.name, &table.name]);
            findings
                .add(
                    &CHECK,
                    format!("{}.{}.{column}", schema.name, table.name),
                    format!(
                        "Partition {} is limited by '{value}', a date with delimiters that are no longer read",
                        partition.name
                    ),
                )
                .fix(format!("ALTER TABLE {name} REORGANIZE PARTITION {} with the date as 'YYYY-MM-DD hh:mm:ss'", {
                    quoted(&[&partition.name])
                }))
                .query(format!("SHOW CREATE TABLE {name}"));
        }
    }
}

/// The first value of a column with dates that has odd delimiters, with this column.
fn odd_value(table: &Table, partition: &Partition) -> Option<(String, String)> {
    if !partition.method.to_ascii_uppercase().contains("COLUMNS") {
        return None;
    }
    let expression = Text::new(partition.expression.as_ref()?, Mode::default());
    let columns: Vec<_> = (0..expression.len()).filter_map(|at| expression.name(at)).collect();
    let values = Text::new(partition.description.as_ref()?, Mode::default());
    let mut place = 0;
    for at in 0..values.len() {
        if values.is_symbol(at, b',') {
            place += 1;
        }
        let Some(value) = values.string(at) else { continue };
        let name = columns.get(place % columns.len().max(1))?;
        let column = table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        let has_dates =
            column.is_some_and(|column| ["date", "datetime", "timestamp"].contains(&column.data_type.as_str()));
        let value = String::from_utf8_lossy(&value).into_owned();
        if has_dates && !is_plain(&value) {
            return Some((name.clone(), value));
        }
    }
    None
}

/// Digits alone, or a date with `-`, and after one space or `T` a time with `:`.
fn is_plain(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (date, time) = value.split_once([' ', 'T']).map_or((value, None), |(date, time)| (date, Some(time)));
    let (whole, fraction) = time.map_or(("", None), |time| {
        time.split_once('.').map_or((time, None), |(whole, fraction)| (whole, Some(fraction)))
    });
    let plain_date = date.split('-').count() == 3 && date.split('-').all(digits);
    let plain_time = time.is_none() || (whole.split(':').count() <= 3 && whole.split(':').all(digits));
    let plain_fraction = fraction.is_none_or(digits);
    (digits(date) && time.is_none()) || (plain_date && plain_time && plain_fraction)
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn delimiters_are_judged_as_newer_servers_do() {
        for value in
            ["2020-01-02", "2022-1-1", "20200102", "20200102030405", "2020-01-02 03:04:05", "2020-01-02T03:04:05.123"]
        {
            assert!(is_plain(value), "{value}");
        }
        for value in [
            "2020/01/02",
            "2020.01.02",
            "2020-01-02 03.04.05",
            "2020-01-02  03:04:05",
            "2020:01:02",
            "2020-01-02@3",
            "",
        ] {
            assert!(!is_plain(value), "{value}");
        }
    }
}
