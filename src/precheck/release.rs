//! Which release of MySQL a version stands for.

use crate::port::catalogue::Release;

/// `aurora,mysql`.
static AURORA: &str = include_str!("aurora.csv");

/// Of `@@version` or of an engine version of RDS: `5.7.22-log`, `8.0.39`, `8.0.mysql_aurora.3.08.2`; `None` for what is
/// neither.
pub(super) fn release(version: &str) -> Option<Release> {
    let Some((major, aurora)) = version.split_once(".mysql_aurora.") else { return numbers(version) };
    // From 8.4 on Aurora's versions are those of MySQL.
    match numbers(aurora) {
        Some(own) if aurora.starts_with(&format!("{major}.")) => Some(own),
        _ => of_aurora(aurora).or_else(|| newest_of(major)),
    }
}

fn numbers(version: &str) -> Option<Release> {
    let digits = version.split(|letter: char| !letter.is_ascii_digit() && letter != '.').next()?;
    let mut numbers = digits.split('.').map(|number| number.parse().ok());
    Some(Release(numbers.next()??, numbers.next()??, numbers.next()??))
}

fn rows() -> impl Iterator<Item = (&'static str, Release)> {
    AURORA.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (aurora, mysql) = line.split_once(',')?;
        Some((aurora, numbers(mysql)?))
    })
}

fn of_aurora(version: &str) -> Option<Release> {
    rows()
        .find(|(aurora, _)| version.strip_prefix(aurora).is_some_and(|rest| rest.starts_with('.')))
        .map(|(_, mysql)| mysql)
}

fn newest_of(major: &str) -> Option<Release> {
    rows().map(|(_, mysql)| mysql).filter(|mysql| format!("{}.{}", mysql.0, mysql.1) == major).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_each_major_version_ascends() {
        let rows: Vec<_> = rows().collect();
        assert_eq!(rows.len(), AURORA.lines().filter(|line| !line.starts_with('#')).count());
        assert!(rows.is_sorted_by_key(|(aurora, mysql)| (*aurora, *mysql)));
    }

    #[test]
    fn versions_are_told_as_servers_and_rds_tell_them() {
        assert_eq!(release("5.7.22-log"), Some(Release(5, 7, 22)));
        assert_eq!(release("8.0.39"), Some(Release(8, 0, 39)));
        assert_eq!(release("8.0.mysql_aurora.3.08.2"), Some(Release(8, 0, 39)));
        assert_eq!(release("5.7.mysql_aurora.2.11.2"), Some(Release(5, 7, 12)));
        assert_eq!(release("8.0.mysql_aurora.3.99.0"), Some(Release(8, 0, 45)));
        assert_eq!(release("8.4.mysql_aurora.8.4.7"), Some(Release(8, 4, 7)));
        for none in ["", "8.0", "9.9.mysql_aurora.4.01.0", "MariaDB"] {
            assert_eq!(release(none), None, "{none}");
        }
    }
}
