//! What an answer of Flink says, made short and free of secrets.

use serde_json::Value;

use super::sql::strings;
use crate::secret::{Secret, scrub};

/// Characters of a cause that are shown at most.
const LENGTH: usize = 600;
/// An option whose key holds one of these has a value that is never shown.
const SECRET_KEYS: [&str; 8] = ["password", "passwd", "secret", "token", "key", "auth", "jaas", "credential"];

/// What a text calls a secret by itself; the others of [`SECRET_KEYS`] are ordinary words of messages.
const SECRET_WORDS: [&str; 3] = ["password", "passwd", "secret"];

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

/// Takes out secrets: those that are known, and what the text itself calls a password, as a statement does that the
/// server repeats.
pub(super) fn clean(text: &str, known: &[Secret]) -> String {
    let told: Vec<Secret> = known.iter().cloned().chain(assigned(text)).collect();
    scrub(text, &told)
}

/// Values behind `password =`, `'password' = '`, `"password": "` and the like.
fn assigned(text: &str) -> Vec<Secret> {
    const QUOTES: [char; 3] = ['\'', '"', '`'];
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for word in SECRET_WORDS {
        for (at, _) in lower.match_indices(word) {
            let rest = &text[at + word.len()..];
            // The rest of the key, `password.file`, and the quote that ends it.
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "._-\\".contains(c));
            let rest = rest.trim_start_matches(QUOTES).trim_start();
            let Some(value) = rest.strip_prefix(['=', ':']).map(str::trim_start) else { continue };
            let value = value.trim_start_matches('\\');
            let value = match value.chars().next().filter(|first| QUOTES.contains(first)) {
                Some(quote) => within(&value[1..], quote),
                None => {
                    value.split(|c: char| c.is_whitespace() || "&,;)}]'\"`<".contains(c)).next().unwrap_or_default()
                }
            };
            // `(using password: YES)` is how MySQL says that there was one.
            if !value.is_empty() && !matches!(value, "YES" | "NO") {
                found.push(Secret::new(value));
                found.push(Secret::new(value.replace("''", "'")));
            }
        }
    }
    found
}

/// Up to the quote that is not written twice and not behind a backslash.
fn within(text: &str, quote: char) -> &str {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return &text[..at];
        }
    }
    text.lines().next().unwrap_or_default()
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
    fn what_a_text_calls_a_password_is_taken_out() {
        for (text, shown) in [
            ("WITH ('password' = 'it''s', 'a'='b')", "WITH ('password' = '[secret]', 'a'='b')"),
            ("near \"'password'='x y'\"", "near \"'password'='[secret]'\""),
            (r#"{"password":"p\"q","a":1}"#, r#"{"password":"[secret]","a":1}"#),
            ("jdbc:mysql://h/d?password=pw1&a=b", "jdbc:mysql://h/d?password=[secret]&a=b"),
            ("debezium.database.password=zz, x", "debezium.database.password=[secret], x"),
            ("Access denied for 'u' (using password: YES)", "Access denied for 'u' (using password: YES)"),
            ("The password is wrong", "The password is wrong"),
        ] {
            assert_eq!(clean(text, &[]), shown);
        }
    }
}
