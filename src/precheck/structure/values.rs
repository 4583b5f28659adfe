//! The values of an ENUM or a SET, from its type.

/// Of `enum('a','it''s')`: each value as it is. Empty for another type.
pub(super) fn of(column_type: &[u8]) -> Vec<Vec<u8>> {
    let Some(start) = column_type.iter().position(|byte| *byte == b'(') else { return Vec::new() };
    let mut values = Vec::new();
    let mut rest = column_type[start + 1..].iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\'' {
            continue;
        }
        let mut value = Vec::new();
        while let Some(byte) = rest.next() {
            // The server doubles a quote and escapes a back-slash and what ends a line, whatever the sql_mode.
            if byte == b'\\' {
                value.extend(rest.next());
            } else if byte != b'\'' || rest.next_if_eq(&b'\'').is_some() {
                value.push(byte);
            } else {
                break;
            }
        }
        values.push(value);
    }
    values
}

/// The first value that stands there again, as far as the collation tells letters apart.
pub(super) fn twice<'a>(values: &'a [Vec<u8>], collation: &str) -> Option<&'a [u8]> {
    let folded = |value: &[u8]| {
        let text = String::from_utf8_lossy(value).into_owned();
        if collation.ends_with("_ci") { text.to_lowercase() } else { text }
    };
    let mut seen = std::collections::HashSet::new();
    values.iter().find(|value| !seen.insert(folded(value))).map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(values in prop::collection::vec("[a-z',() \\\\字]{0,8}", 1..6)) {
            let quoted: Vec<_> = values.iter().map(|value| format!("'{}'", value.replace('\'', "''").replace('\\', r"\\"))).collect();
            let read: Vec<_> = of(format!("enum({})", quoted.join(",")).as_bytes());
            prop_assert_eq!(read, values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            of(&bytes);
        }
    }

    #[test]
    fn another_type_has_no_values() {
        assert!(of(b"varchar(10)").is_empty() && of(b"int").is_empty());
    }
}
