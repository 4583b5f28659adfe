//! Values as parameter groups spell them: when two are the same, and what `AllowedValues` takes.

/// Whether two values mean the same: case, `1` and `ON`, `0.5` and `.5`, the order of a list do not count. Formulas are
/// compared as text.
pub(super) fn same_value(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    if is_formula(one) || is_formula(other) {
        return false;
    }
    match (flag(one), flag(other)) {
        (Some(one), Some(other)) => return one == other,
        (None, None) => {}
        _ => return false,
    }
    if let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) {
        // Beyond 2^53 two whole numbers may be one as a fraction.
        return one == other && one.abs() < 9e15;
    }
    let items = |list: &str| {
        let mut items: Vec<String> = list.split(',').map(|item| item.trim().to_ascii_lowercase()).collect();
        items.sort();
        items
    };
    one.contains(',') && items(one) == items(other)
}

/// `{DBInstanceClassMemory*3/4}`, `GREATEST(…)`: RDS works it out for each instance.
pub(super) fn is_formula(value: &str) -> bool {
    value.contains('{') || value.contains('(')
}

/// What a boolean says.
pub(super) fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_uppercase().as_str() {
        "1" | "ON" | "TRUE" | "YES" => Some(true),
        "0" | "OFF" | "FALSE" | "NO" => Some(false),
        _ => None,
    }
}

/// The value as the family spells it; `None` where it does not take it. `AllowedValues` is a list, or ranges, or a mix:
/// `ROW,STATEMENT`, `1-65535`, `0,1`, `-1-10`. A value may itself be a list.
pub(super) fn allowed(allowed: Option<&str>, value: &str) -> Option<String> {
    let value = value.trim();
    let Some(allowed) = allowed.filter(|list| !list.trim().is_empty()) else { return Some(value.to_owned()) };
    if is_formula(value) {
        return Some(value.to_owned());
    }
    let single = |value: &str| {
        let items = || allowed.split(',').map(str::trim);
        items()
            .find(|item| item.eq_ignore_ascii_case(value))
            .map(str::to_owned)
            .or_else(|| items().any(|item| in_range(item, value)).then(|| value.to_owned()))
            .or_else(|| items().find(|item| flag(item).is_some() && flag(item) == flag(value)).map(str::to_owned))
    };
    if let Some(spelt) = single(value) {
        return Some(spelt);
    }
    if !value.contains(',') {
        return None;
    }
    let items: Option<Vec<String>> = value.split(',').map(|item| single(item.trim())).collect();
    items.map(|items| items.join(","))
}

fn in_range(item: &str, value: &str) -> bool {
    let split = item.char_indices().skip(1).find(|(_, c)| *c == '-').map(|(at, _)| at);
    let Some((low, high)) = split.map(|at| (&item[..at], &item[at + 1..])) else { return false };
    // Most bounds are whole numbers beyond what a fraction tells apart.
    match (value.parse::<i128>(), low.parse::<i128>(), high.parse::<i128>()) {
        (Ok(value), Ok(low), Ok(high)) => low <= value && value <= high,
        _ => match (value.parse::<f64>(), low.parse::<f64>(), high.parse::<f64>()) {
            (Ok(value), Ok(low), Ok(high)) => low <= value && value <= high,
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_is_said_in_many_ways() {
        for (one, other) in [
            ("ROW", "row"),
            ("1", "ON"),
            ("off", "0"),
            ("0.5", ".5"),
            ("2", "2.000000"),
            ("NO_ZERO_DATE,STRICT_TRANS_TABLES", "strict_trans_tables, NO_ZERO_DATE"),
            ("{DBInstanceClassMemory*3/4}", "{DBInstanceClassMemory*3/4}"),
        ] {
            assert!(same_value(one, other), "{one} and {other}");
        }
        for (one, other) in [
            ("1", "2"),
            ("ON", "2"),
            ("", "OFF"),
            ("{DBInstanceClassMemory*3/4}", "{DBInstanceClassMemory*1/2}"),
            ("18446744073709551615", "18446744073709551614"),
        ] {
            assert!(!same_value(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn lists_ranges_and_flags_are_allowed() {
        let check = |list, value: &str| allowed(Some(list), value);
        assert_eq!(check("-1-10", "-1").as_deref(), Some("-1"));
        assert_eq!(check("-1-10", "10").as_deref(), Some("10"));
        assert_eq!(check("-1-10", "11"), None);
        assert_eq!(check("0-18446744073709551615", "18446744073709551616"), None);
        assert_eq!(check("0,1", "ON").as_deref(), Some("1"));
        assert_eq!(check("ON,OFF", "0").as_deref(), Some("OFF"));
        assert_eq!(check("full,minimal", "FULL").as_deref(), Some("full"));
        assert_eq!(check("A,B", "b, a").as_deref(), Some("B,A"));
        assert_eq!(check("A,B", "A,C"), None);
        assert_eq!(
            check("1-16000", "{DBInstanceClassMemory/12582880}").as_deref(),
            Some("{DBInstanceClassMemory/12582880}")
        );
        assert_eq!(allowed(None, "anything").as_deref(), Some("anything"));
    }

    proptest! {
        #[test]
        fn what_is_allowed_stays_as_it_is(list in "[A-C0-3](,[A-C0-3]){0,3}|[0-9]-[0-9]{2}", value in "[a-c0-9]{1,2}(,[A-C])?") {
            if let Some(spelt) = allowed(Some(&list), &value) {
                prop_assert_eq!(allowed(Some(&list), &spelt), Some(spelt.clone()));
                prop_assert!(same_value(&value, &spelt) || flag(&value).is_some());
            }
        }

        #[test]
        fn sameness_has_no_direction(one in "[a-bA-B01,.]{0,4}", other in "[a-bA-B01,.]{0,4}") {
            prop_assert_eq!(same_value(&one, &other), same_value(&other, &one));
            prop_assert!(same_value(&one, &one));
        }
    }
}
