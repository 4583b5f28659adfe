//! Comma-separated text with quoted fields, as the region's own data files are written.

/// The fields of one line; a field with commas stands in double quotes.
pub(super) fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => {
                if let Some(field) = fields.last_mut() {
                    field.push(letter);
                }
            }
        }
    }
    fields
}

/// The rows below the heading.
pub(super) fn rows(text: &'static str) -> impl Iterator<Item = Vec<String>> {
    text.lines().skip(1).filter(|line| !line.is_empty()).map(fields)
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_keep_commas_together() {
        assert_eq!(super::fields("a,\"b,c\",,d"), ["a", "b,c", "", "d"]);
    }
}
