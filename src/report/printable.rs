//! Text from outside made harmless before it is shown.
//!
//! Names, messages and server texts come from databases and job scripts. What could move a cursor, hide text or reorder
//! it is shown as its code, `\u{1b}`, in every format but JSON, which has its own escapes.

use std::borrow::Cow;

/// The text with control and direction-changing characters shown as their code; line feeds and tabs stay.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        // A carriage return that ends a line is an ordinary line end.
        if char == '\r' && rest.peek() == Some(&'\n') {
            continue;
        }
        if hides(char) {
            shown.extend(char.escape_unicode());
        } else {
            shown.push(char);
        }
    }
    Cow::Owned(shown)
}

/// The same on one line.
pub(super) fn one_line(text: &str) -> String {
    printable(text)
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" / ")
        .replace('\t', " ")
}

fn hides(char: char) -> bool {
    let control = char.is_control() && char != '\n' && char != '\t';
    let line_end = matches!(char, '\u{2028}' | '\u{2029}');
    let direction =
        matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let invisible = matches!(char, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    control || line_end || direction || invisible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        assert!(matches!(printable("Grün, 東京\n\tSELECT 1"), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_returns_and_direction_marks_are_shown_as_codes() {
        assert_eq!(printable("a\u{1b}[31mb\u{9b}c"), "a\\u{1b}[31mb\\u{9b}c");
        assert_eq!(printable("ok\rERROR"), "ok\\u{d}ERROR");
        assert_eq!(printable("one\r\ntwo"), "one\ntwo");
        assert_eq!(printable("\u{202e}txt\u{0}"), "\\u{202e}txt\\u{0}");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(one_line("  first\n\n  second\tthird\n"), "first / second third");
    }
}
