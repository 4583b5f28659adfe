//! Durations as playbooks write them: `500ms 300s 5m 72h`.

use std::time::Duration;

pub(super) const PATTERN: &str = "^[0-9]+(?:ms|s|m|h)$";
pub(super) const RULE: &str = "a whole number and `ms`, `s`, `m` or `h`, as in `300s` or `72h`";
/// A year: more is a mistake, and would not fit every clock it is added to.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// The duration, or what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 3600 * 1000,
        _ => return Err(format!("`{text}` is not a duration")),
    };
    if number.is_empty() {
        return Err(format!("`{text}` is not a duration"));
    }
    let length =
        number.parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds)).map(Duration::from_millis);
    length.filter(|length| *length <= LONGEST).ok_or_else(|| format!("`{text}` is longer than a year"))
}

/// The same duration in its largest whole unit, as `parse` reads it.
pub fn duration_text(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    match milliseconds {
        0 => "0s".to_owned(),
        _ if milliseconds.is_multiple_of(3_600_000) => format!("{}h", milliseconds / 3_600_000),
        _ if milliseconds.is_multiple_of(60_000) => format!("{}m", milliseconds / 60_000),
        _ if milliseconds.is_multiple_of(1000) => format!("{}s", milliseconds / 1000),
        _ => format!("{milliseconds}ms"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_what_they_say() {
        for (text, milliseconds) in
            [("500ms", 500), ("300s", 300_000), ("5m", 300_000), ("72h", 259_200_000), ("0s", 0)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in
            ["", "5", "s", "5 m", "1h30m", "-5s", "+5s", "5M", "1.5h", "2d", "٣s", "99999999999999999999s", "8785h"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(milliseconds in 0..LONGEST.as_millis() as u64) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&duration_text(duration)), Ok(duration));
        }

        #[test]
        fn any_text_is_a_duration_or_an_error(text in ".{0,24}") {
            if let Ok(duration) = parse(&text) {
                prop_assert!(duration <= LONGEST);
            }
        }
    }
}
