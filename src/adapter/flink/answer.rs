//! What an answer of Flink says, made short and free of secrets.

use serde_json::Value;

use crate::secret::Secret;

/// Characters of a cause that are shown at most.
const LENGTH: usize = 600;
const MASK: &str = "[secret]";
/// An option whose key holds one of these has a value that is never shown.
const SECRET_KEYS: [&str; 8] = ["password", "passwd", "secret", "token", "key", "auth", "jaas", "credential"];

/// The text of an error answer: `{"errors":["…","…"]}`, or whatever it is.
pub(super) fn text(body: &str) -> String {
    let errors = serde_json::from_str::<Value>(body).ok().and_then(|value| {
        let errors = value.get("errors")?.as_array()?;
        Some(errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"))
    });
    errors.unwrap_or_else(|| body.to_owned())
}

/// The line of a Java stack trace that says why: the last `Caused by:`, else the first line that is a sentence.
pub(super) fn root_cause(trace: &str) -> String {
    let caused = trace.lines().rev().find_map(|line| line.trim().strip_prefix("Caused by: "));
    let line = caused.or_else(|| {
        let said = |line: &&str| !line.is_empty() && !line.starts_with('<') && *line != "Internal server error.";
        trace.lines().map(str::trim).find(said)
    });
    let line = line.unwrap_or("no reason given");
    // `org.apache.flink.table.api.ValidationException: …` without its package.
    let class = line.split(": ").next().unwrap_or_default();
    let plain = class.contains('.') && !class.contains(' ');
    let start = if plain { class.rfind('.').map_or(0, |dot| dot + 1) } else { 0 };
    line[start..].chars().take(LENGTH).collect()
}

/// Takes secrets out of a text: as they are, and as they stand in an SQL string.
pub(super) fn scrub(text: &str, secrets: &[Secret]) -> String {
    let mut values: Vec<&str> = secrets.iter().map(Secret::expose).filter(|value| !value.is_empty()).collect();
    // The longest first, so that one that holds another goes whole.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let mut text = text.to_owned();
    for value in values {
        text = text.replace(&value.replace('\'', "''"), MASK).replace(value, MASK);
    }
    text
}

/// Values of a statement that are secrets by their keys, and passwords in its JDBC addresses.
pub(super) fn secrets(statement: &str) -> Vec<Secret> {
    let strings = strings(statement);
    let mut found = Vec::new();
    for pair in strings.windows(2) {
        let ((key, end), (value, _)) = (&pair[0], &pair[1]);
        let key = key.to_ascii_lowercase();
        let assigned = statement[*end..].trim_start().starts_with('=');
        if assigned && SECRET_KEYS.iter().any(|secret| key.contains(secret)) {
            found.push(Secret::new(value.clone()));
        }
    }
    for (value, _) in strings.iter().filter(|(value, _)| value.starts_with("jdbc:")) {
        for parameter in value.split(['?', '&']) {
            if let Some((key, value)) = parameter.split_once('=')
                && key.to_ascii_lowercase().contains("password")
            {
                found.push(Secret::new(value));
            }
        }
    }
    found
}

/// The strings of a statement, each with the byte behind it.
fn strings(statement: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = statement[at..].find('\'').map(|start| at + start + 1) {
        let mut end = start;
        loop {
            let Some(quote) = statement[end..].find('\'') else { return found };
            end += quote + 1;
            if !statement[end..].starts_with('\'') {
                break;
            }
            end += 1;
        }
        found.push((statement[start..end - 1].replace("''", "'"), end));
        at = end;
    }
    found
}

/// The first words of a statement, up to the first string: nothing secret stands before it.
pub(super) fn first_words(statement: &str) -> String {
    let code = without_comments(statement);
    let code = code.split(['\'', '(']).next().unwrap_or_default();
    code.split_whitespace().take(4).collect::<Vec<_>>().join(" ")
}

/// Whether a statement can start a job. What is not known to start none is taken to start one.
pub(super) fn may_start_a_job(statement: &str) -> bool {
    const HARMLESS: [&str; 13] = [
        "SET", "RESET", "CREATE", "USE", "ADD", "DROP", "LOAD", "UNLOAD", "ALTER", "SHOW", "DESCRIBE", "DESC", "BEGIN",
    ];
    let words: Vec<String> = without_comments(statement).split_whitespace().map(str::to_ascii_uppercase).collect();
    let of_query = words.windows(2).any(|pair| pair[0].ends_with("AS") && pair[1].starts_with("SELECT"));
    // A view of a query starts nothing.
    let makes_table = words.iter().take(3).any(|word| word == "TABLE");
    (makes_table && of_query) || !words.first().is_some_and(|first| HARMLESS.contains(&first.as_str()))
}

/// The statement without the comments before and between its first words. Quotes are not looked at: only the begin is used.
fn without_comments(statement: &str) -> String {
    let mut rest = statement.trim_start();
    loop {
        let end = if rest.starts_with("--") {
            rest.find('\n').map(|end| end + 1)
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|end| end + 2)
        } else {
            return rest.to_owned();
        };
        rest = rest[end.unwrap_or(rest.len())..].trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cause_is_the_reason() {
        let trace = "Internal server error.\n<Exception on server side:\na.b.SqlGatewayException: Failed\n\tat x.y(Z.java:1)\n\
                     Caused by: org.apache.flink.table.api.ValidationException: No factory for 'nope'.\n\tat x\n";
        assert_eq!(root_cause(trace), "ValidationException: No factory for 'nope'.");
        assert_eq!(root_cause("Not found: /x"), "Not found: /x");
        assert_eq!(root_cause(""), "no reason given");
        assert_eq!(text("{\"errors\":[\"a\",\"b\"]}"), "a\nb");
    }

    #[test]
    fn secrets_are_found_and_masked() {
        let statement = "CREATE TABLE a WITH ('connector'='jdbc', 'password' = 'it''s', \
                         'url'='jdbc:mysql://h/d?user=u&password=pw1', 's3.secret-key'='k1')";
        let found = secrets(statement);
        assert_eq!(found.iter().map(Secret::expose).collect::<Vec<_>>(), ["it's", "k1", "pw1"]);
        assert_eq!(scrub("it's it''s pw1 k1 jdbc", &found), "[secret] [secret] [secret] [secret] jdbc");
    }

    #[test]
    fn statements_are_told_apart() {
        assert_eq!(first_words("-- a 'b'\n/* c */ CREATE TABLE a (id INT)"), "CREATE TABLE a");
        assert_eq!(first_words("SET 'password'='x'"), "SET");
        for starts in ["INSERT INTO a SELECT 1", "EXECUTE STATEMENT SET BEGIN", "END", "CREATE TABLE a AS SELECT 1", ""]
        {
            assert!(may_start_a_job(starts), "{starts}");
        }
        for harmless in
            ["SET 'a'='b'", "-- x\ncreate table a (id INT)", "BEGIN STATEMENT SET", "CREATE VIEW v AS SELECT 1"]
        {
            assert!(!may_start_a_job(harmless), "{harmless}");
        }
    }
}
