//! A Flink SQL script as text: its statements, and the values its placeholders stand for.

/// The statements without comments and final semicolons; a statement set is one of them.
pub fn statements(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            let end = rest.find('\n').unwrap_or(rest.len());
            rest = &rest[end..];
            continue;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            continue;
        } else if matches!(first, '\'' | '"' | '`') {
            rest[1..].find(first).map_or(rest.len(), |end| end + 2)
        } else if first == ';' && !is_open_set(&current) {
            found.push(std::mem::take(&mut current));
            rest = &rest[1..];
            continue;
        } else {
            first.len_utf8()
        };
        current.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    found.push(current);
    found.into_iter().map(|statement| statement.trim().to_owned()).filter(|statement| !statement.is_empty()).collect()
}

fn is_open_set(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(str::to_uppercase).collect();
    let opens = matches!(words.iter().map(String::as_str).collect::<Vec<_>>()[..], ["EXECUTE", "STATEMENT", "SET", ..]);
    opens && words.last().is_none_or(|word| word != "END")
}

/// Replaces `${NAME}` by what `value` knows; what it does not know stays.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) => {
                filled.push_str(&value(name).unwrap_or_else(|| format!("${{{name}}}")));
                rest = behind;
            }
            None => {
                filled.push_str("${");
                rest = after;
            }
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_set_is_one_statement() {
        let script = "SET 'a' = 'x;y'; -- no; comment\nCREATE TABLE t (a INT);\n\
                      EXECUTE STATEMENT SET\nBEGIN\n INSERT INTO a SELECT * FROM b;\n INSERT INTO c SELECT * FROM d;\nEND;\n";
        let found = statements(script);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], "SET 'a' = 'x;y'");
        assert!(found[2].starts_with("EXECUTE") && found[2].ends_with("END"));
    }

    #[test]
    fn an_unknown_placeholder_stays() {
        let known = |name: &str| (name == "HOST").then(|| "h".to_owned());
        assert_eq!(fill("${HOST} ${secret:P} ${", known), "h ${secret:P} ${");
    }
}
