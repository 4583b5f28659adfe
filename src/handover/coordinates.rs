//! The coordinates event: green's own log position at the moment it took over.

use crate::port::rds::RdsEvent;

const PREFIX: &str = "Binary log coordinates in green environment after switchover:";

/// What the events of a window tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    None,
    One { file: String, position: u64 },
    Several(Vec<(String, u64)>),
}

/// The distinct coordinates told by events of our own resources. `names` are the names either side has had; what green
/// was called before it took them over may be missing.
pub fn find(events: &[RdsEvent], names: &[String]) -> Found {
    let mut pairs: Vec<(String, u64)> = Vec::new();
    for event in events {
        let source = event.source_id.to_ascii_lowercase();
        let ours = |known: &str| names.iter().any(|name| name.eq_ignore_ascii_case(known));
        if !ours(&source) && !taken_over(&source).is_some_and(ours) {
            continue;
        }
        if let Some(pair) = parse(&event.message)
            && !pairs.contains(&pair)
        {
            pairs.push(pair);
        }
    }
    match pairs.pop() {
        None => Found::None,
        Some((file, position)) if pairs.is_empty() => Found::One { file, position },
        Some(last) => {
            pairs.push(last);
            Found::Several(pairs)
        }
    }
}

/// `orders-1` of `orders-1-green-a1b2c3`: the name that green's `orders-1-green-a1b2c3` takes over.
fn taken_over(name: &str) -> Option<&str> {
    let (before, mark) = name.rsplit_once("-green-")?;
    (mark.len() == 6 && mark.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(before)
}

/// `… file mysql-bin-changelog.000003 and position 40134574`.
fn parse(message: &str) -> Option<(String, u64)> {
    let rest = message.trim().strip_prefix(PREFIX)?.trim().strip_prefix("file ")?;
    let (file, position) = rest.split_once(" and position ")?;
    let position = position.trim().trim_end_matches('.').parse().ok()?;
    Some((file.trim().to_owned(), position))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    fn event(source_id: &str, message: &str) -> RdsEvent {
        RdsEvent {
            source_id: source_id.to_owned(),
            source_type: "db-instance".to_owned(),
            message: message.to_owned(),
            at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    const TOLD: &str = "Binary log coordinates in green environment after switchover: file mysql-bin-changelog.000003 and position 40134574";

    #[test]
    fn only_our_own_names_count() {
        let names = ["orders".to_owned(), "orders-1-green-abc123".to_owned()];
        assert_eq!(find(&[event("invoices", TOLD)], &names), Found::None);
        let one = Found::One { file: "mysql-bin-changelog.000003".to_owned(), position: 40_134_574 };
        assert_eq!(find(&[event("Orders-1-green-abc123", TOLD), event("orders", TOLD)], &names), one);
    }

    #[test]
    fn greens_former_names_are_known_by_the_names_they_became() {
        let names = ["orders".to_owned(), "orders-1".to_owned()];
        let one = Found::One { file: "mysql-bin-changelog.000003".to_owned(), position: 40_134_574 };
        assert_eq!(find(&[event("orders-1-green-abc123", TOLD)], &names), one);
        for other in ["invoices-green-abc123", "orders-2-green-abc123", "orders-1-green", "orders-1-green-abc1234"] {
            assert_eq!(find(&[event(other, TOLD)], &names), Found::None, "{other}");
        }
    }

    #[test]
    fn the_position_after_a_crash_is_another_event() {
        let names = ["orders".to_owned()];
        let other = "Binlog position from crash recovery is mysql-bin-changelog.000002 154";
        assert_eq!(find(&[event("orders", other)], &names), Found::None);
    }

    #[test]
    fn two_different_pairs_are_a_persons_business() {
        let names = ["orders".to_owned()];
        let later = TOLD.replace("40134574", "40134999");
        assert!(
            matches!(find(&[event("orders", TOLD), event("orders", &later)], &names), Found::Several(pairs) if pairs.len() == 2)
        );
    }
}
