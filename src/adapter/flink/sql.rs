//! What is known of a statement by its text: no parser, and where the text does not tell, the careful answer.

/// The strings of a statement, each with the byte behind it.
pub(super) fn strings(statement: &str) -> Vec<(String, usize)> {
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

/// What a statement of the head of a script leaves in its session, and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaves {
    Setting {
        key: String,
    },
    /// A table in the session's own catalogue.
    Table {
        name: String,
        temporary: bool,
        /// Whether it takes columns or options from another table.
        like: bool,
    },
    /// A view: its meaning depends on the tables before it.
    View {
        name: String,
    },
}

/// What the statement leaves in its session. `None` where it may do more, or something else: a catalogue or a table of
/// a catalogue by its path can outlive the session, and a `USE` changes what names mean.
pub(super) fn leaves(statement: &str) -> Option<Leaves> {
    let code = uncommented(statement);
    let words = words(&code);
    let word = |at: usize| words.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    if word(0) == "SET" {
        return setting(&code).map(|(key, _)| Leaves::Setting { key });
    }
    if word(0) == "RESET" {
        let strings = strings(&code);
        let [(key, end)] = strings.as_slice() else { return None };
        let alone = code[*end..].trim().is_empty() && words.len() == 1;
        return alone.then(|| Leaves::Setting { key: key.clone() });
    }
    let temporary = word(1) == "TEMPORARY";
    let mut at = 1 + usize::from(temporary);
    let kind = word(at);
    at += 1;
    if [word(at), word(at + 1), word(at + 2)] == ["IF", "NOT", "EXISTS"] {
        at += 3;
    }
    let name = words.get(at).filter(|name| word(0) == "CREATE" && simple(name))?.trim_matches('`').to_owned();
    // `CREATE TABLE a AS SELECT …` starts a job.
    let queries = ["SELECT", "WITH", "VALUES", "TABLE", "FROM"];
    let of_query = (0..words.len()).any(|at| word(at) == "AS" && queries.contains(&word(at + 1).as_str()));
    match kind.as_str() {
        "TABLE" if !of_query && !may_start_a_job(statement) => {
            Some(Leaves::Table { name, temporary, like: (at..words.len()).any(|at| word(at) == "LIKE") })
        }
        "VIEW" => Some(Leaves::View { name }),
        _ => None,
    }
}

/// Key and value of a `SET 'key' = 'value'`.
pub(super) fn setting(statement: &str) -> Option<(String, String)> {
    let code = uncommented(statement);
    let code = code.trim();
    let rest = code.get(..3).filter(|first| first.eq_ignore_ascii_case("SET")).map(|_| code[3..].trim_start())?;
    let strings = strings(rest);
    let [(key, end), (value, last)] = strings.as_slice() else { return None };
    let assigned = rest[*end..].trim_start().strip_prefix('=').is_some_and(|rest| rest.trim_start().starts_with('\''));
    (rest.starts_with('\'') && assigned && rest[*last..].trim().is_empty()).then(|| (key.clone(), value.clone()))
}

/// The statement with a blank for each comment outside of its strings and quoted names.
fn uncommented(statement: &str) -> String {
    let mut code = String::with_capacity(statement.len());
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            code.push(' ');
            continue;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            code.push(' ');
            continue;
        } else if matches!(first, '\'' | '`') {
            rest[1..].find(first).map_or(rest.len(), |end| end + 2)
        } else {
            first.len_utf8()
        };
        code.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    code
}

/// The statement that plans what `statement` would start, for an `INSERT` or a statement set.
pub(super) fn explain(statement: &str) -> Option<String> {
    let code = without_comments(statement);
    let begin = words(&code).into_iter().take(3).map(|word| word.to_ascii_uppercase()).collect::<Vec<_>>();
    let begin: Vec<&str> = begin.iter().map(String::as_str).collect();
    let after_first = || code.trim_start().split_once(char::is_whitespace).map(|(_, rest)| rest.to_owned());
    match begin.as_slice() {
        ["EXECUTE", "STATEMENT", "SET"] | ["EXECUTE", "INSERT", _] => {
            after_first().map(|rest| format!("EXPLAIN JSON_EXECUTION_PLAN {rest}"))
        }
        ["INSERT", "INTO" | "OVERWRITE", ..] => Some(format!("EXPLAIN JSON_EXECUTION_PLAN {code}")),
        _ => None,
    }
}

fn simple(name: &str) -> bool {
    let bare = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(name);
    !bare.is_empty() && bare.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// The words outside of strings; a name in backquotes is one word with them, a path of names is one word.
fn words(code: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quote = None;
    for letter in code.chars() {
        let word = found.last_mut().expect("it begins with one");
        match quote {
            Some('`') => word.push(letter),
            Some(_) => {}
            None if letter.is_alphanumeric() || matches!(letter, '_' | '`' | '.') => word.push(letter),
            None if !word.is_empty() => found.push(String::new()),
            None => {}
        }
        match quote {
            Some(open) if open == letter => quote = None,
            None if matches!(letter, '\'' | '`') => quote = Some(letter),
            _ => {}
        }
    }
    found.retain(|word| !word.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_a_statement_leaves_in_its_session_is_known_or_it_is_not_taken() {
        let table = |name: &str, temporary, like| Some(Leaves::Table { name: name.to_owned(), temporary, like });
        assert_eq!(leaves("-- it's\nSET 'a.b' = 'it''s'"), Some(Leaves::Setting { key: "a.b".into() }));
        assert_eq!(leaves("RESET 'a.b'"), Some(Leaves::Setting { key: "a.b".into() }));
        assert_eq!(leaves("create table `my_t` (-- LIKE it's\n id INT, p AS PROCTIME())"), table("my_t", false, false));
        assert_eq!(leaves("CREATE TEMPORARY TABLE IF NOT EXISTS t (id INT COMMENT ' LIKE ')"), table("t", true, false));
        assert_eq!(leaves("CREATE TABLE t WITH ('a'='b') LIKE u"), table("t", false, true));
        assert_eq!(leaves("CREATE VIEW v AS SELECT 1"), Some(Leaves::View { name: "v".into() }));
        for other in [
            "SET",
            "SET 'a'",
            "SET 'a' = 'b' 'c'",
            "RESET",
            "RESET a",
            "USE CATALOG c",
            "CREATE TABLE c.d.t (id INT)",
            "CREATE TABLE `a.b` (id INT)",
            "CREATE TABLE t AS SELECT 1",
            "CREATE TABLE t AS(SELECT 1)",
            "CREATE TABLE t WITH ('a'='b') AS /* */ SELECT 1",
            "CREATE CATALOG c WITH ('type'='jdbc')",
            "CREATE FUNCTION f AS 'a.B'",
            "CREATE OR REPLACE TABLE t (id INT)",
            "DROP TABLE t",
            "INSERT INTO t SELECT 1",
        ] {
            assert_eq!(leaves(other), None, "{other}");
        }
        assert_eq!(setting("set 'a'='it''s'"), Some(("a".into(), "it's".into())));
    }

    #[test]
    fn what_starts_a_job_is_planned_first() {
        let said = |statement| explain(statement);
        assert_eq!(
            said("-- x\nEXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT /*+ H */ 1; END").as_deref(),
            Some("EXPLAIN JSON_EXECUTION_PLAN STATEMENT SET BEGIN INSERT INTO a SELECT /*+ H */ 1; END")
        );
        assert_eq!(
            said("insert into a SELECT 1").as_deref(),
            Some("EXPLAIN JSON_EXECUTION_PLAN insert into a SELECT 1")
        );
        assert_eq!(
            said("execute insert into a select 1").as_deref(),
            Some("EXPLAIN JSON_EXECUTION_PLAN insert into a select 1")
        );
        assert_eq!(said("SELECT 1"), None);
        assert_eq!(said("EXECUTE PLAN 'x'"), None);
    }
}
