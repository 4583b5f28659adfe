//! Order of binary log places within ONE server. Between two servers neither names nor positions mean anything.

use std::cmp::Ordering;

use crate::{
    event::Offset,
    port::{binlog::Place, mysql::Coordinates},
};

/// Order of two file names of one server: `mysql-bin.999999` comes before `mysql-bin.1000000`.
///
/// `None` where the base names differ or a number is missing: such names are not of one log.
pub fn compare_files(a: &str, b: &str) -> Option<Ordering> {
    let (base_a, number_a) = numbered(a)?;
    let (base_b, number_b) = numbered(b)?;
    (base_a == base_b).then(|| number_a.cmp(&number_b))
}

/// Order of two places of one server's log; `None` as in [`compare_files`].
pub fn compare_places(a: &Place, b: &Place) -> Option<Ordering> {
    Some(compare_files(&a.file, &b.file)?.then(a.position.cmp(&b.position)))
}

/// Whether what is at `place` has everything that was logged before `fence`. False where the two are not of one log.
pub fn reaches(place: &Place, fence: &Place) -> bool {
    compare_places(place, fence).is_some_and(Ordering::is_ge)
}

fn numbered(name: &str) -> Option<(&str, u64)> {
    let (base, number) = name.rsplit_once('.')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if base.is_empty() || !digits { None } else { Some((base, number.parse().ok()?)) }
}

/// The place in the log that an offset names: the begin of a transaction it has read in part, or the border of two.
pub fn place(offset: &Offset) -> Place {
    Place { file: offset.file.clone(), position: offset.position }
}

/// Whether the offset stands between two transactions: nothing of the one at its position has been read.
pub fn is_clean(offset: &Offset) -> bool {
    offset.skip_events == 0 && offset.skip_rows == 0
}

/// The offset of a job's sources that stands first in the log; `None` where there is none, or they are not of one log.
pub fn earliest(offsets: &[Offset]) -> Option<&Offset> {
    let (first, rest) = offsets.split_first()?;
    rest.iter().try_fold(first, |earliest, offset| {
        let order = compare_places(&place(offset), &place(earliest))?;
        Some(if order == Ordering::Less { offset } else { earliest })
    })
}

/// Whether a job at `offset` has read all that the same server wrote before `end`, its frozen end.
///
/// An unclean offset names the begin of a transaction it has read in part, so it covers only an end at or before that
/// begin; an offset at `end` with something to skip would have read past the end, which is no place of this log.
/// False where the two are not of one log.
pub fn covers(offset: &Offset, end: &Coordinates) -> bool {
    match compare_files(&offset.file, &end.file) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Equal) if is_clean(offset) => offset.position >= end.position,
        Some(Ordering::Equal) => offset.position > end.position,
        Some(Ordering::Less) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::Phase;

    fn offset(file: &str, position: u64, skip_events: u64, skip_rows: u64) -> Offset {
        Offset {
            source: "shop.orders".into(),
            file: file.into(),
            position,
            skip_events,
            skip_rows,
            gtid_set: None,
            server_id: Some(157),
            phase: Phase::Binlog,
        }
    }

    fn end(file: &str, position: u64) -> Coordinates {
        Coordinates { file: file.into(), position, gtid_set: None }
    }

    #[test]
    fn a_fence_is_reached_in_its_file_or_behind_it() {
        let place = |file: &str, position| Place { file: format!("mysql-bin.{file}"), position };
        let fence = place("000009", 500);
        for (there, at) in [
            (true, place("000009", 500)),
            (true, place("000009", 501)),
            (true, place("000010", 4)),
            (false, place("000009", 499)),
            (false, place("000008", 900)),
            (false, Place { file: "other.000009".to_owned(), position: 900 }),
        ] {
            assert_eq!(reaches(&at, &fence), there, "{at}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert_eq!(compare_files("bin.999999", "bin.1000000"), Some(Ordering::Less));
        assert_eq!(compare_files("bin.000010", "bin.000010"), Some(Ordering::Equal));
        assert_eq!(compare_files("bin.000010", "log.000010"), None);
        assert_eq!(compare_files("bin", "bin.000010"), None);
        assert_eq!(compare_files("bin.00001x", "bin.000010"), None);
        assert_eq!(compare_files("", ""), None);
    }

    #[test]
    fn only_a_clean_offset_at_the_end_covers_it() {
        let frozen = end("bin.000009", 1383);
        assert!(covers(&offset("bin.000009", 1383, 0, 0), &frozen));
        assert!(covers(&offset("bin.000010", 157, 0, 0), &frozen));
        assert!(!covers(&offset("bin.000009", 1200, 2, 3), &frozen));
        assert!(!covers(&offset("bin.000009", 1383, 2, 0), &frozen));
        assert!(!covers(&offset("bin.000008", 9999, 0, 0), &frozen));
        assert!(!covers(&offset("log.000010", 9999, 0, 0), &frozen));
    }

    proptest! {
        #[test]
        fn order_of_files_is_a_total_order_within_a_log(a in 0u64..3_000_000, b in 0u64..3_000_000) {
            let (left, right) = (format!("bin.{a:06}"), format!("bin.{b:06}"));
            prop_assert_eq!(compare_files(&left, &right), Some(a.cmp(&b)));
        }

        #[test]
        fn what_covers_an_end_covers_every_earlier_one(
            file in 1u64..4, position in 4u64..100, end_file in 1u64..4, at in 5u64..100, less in 1u64..5,
        ) {
            let place = offset(&format!("bin.{file:06}"), position, 0, 0);
            let later = end(&format!("bin.{end_file:06}"), at);
            let earlier = end(&format!("bin.{end_file:06}"), at - less);
            prop_assert!(!covers(&place, &later) || covers(&place, &earlier));
        }
    }
}
