//! What a logged statement is about: little more than its verb and the schema it touches.

/// What a logged statement means for whoever compares rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    /// Changes nothing outside of the server's own schemas: accounts, temporary tables, upkeep.
    Nothing,
    /// Changes a definition in this schema (empty where none is named).
    Definition(String),
    /// Changes rows, and does not say which.
    Rows,
    Unknown,
}

/// `mysql`, `sys` and the two schemas that only look like some.
pub(super) fn is_own(schema: &str) -> bool {
    ["mysql", "sys", "performance_schema", "information_schema"].iter().any(|own| schema.eq_ignore_ascii_case(own))
}

/// The begin of a statement, on one line.
pub(super) fn first_words(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

/// `schema` is the default one of the session.
pub(super) fn classify(schema: &str, statement: &str) -> Class {
    let tokens = tokens(statement);
    let Some(verb) = tokens.first().and_then(Token::word) else { return Class::Unknown };
    match verb.as_str() {
        "CREATE" | "ALTER" | "DROP" | "RENAME" | "TRUNCATE" => definition(schema, &verb, &tokens[1..]),
        "GRANT" | "REVOKE" | "SET" | "FLUSH" | "ANALYZE" | "OPTIMIZE" | "REPAIR" | "CHECK" | "INSTALL"
        | "UNINSTALL" => Class::Nothing,
        "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "LOAD" => {
            let opening = ["INTO", "FROM", "TABLE"];
            let begin = tokens.iter().position(|token| token.word().is_some_and(|word| opening.contains(&&*word)));
            let begin = if verb == "UPDATE" { Some(0) } else { begin };
            let target = begin.map(|begin| skip(&tokens[begin + 1..], &["LOW_PRIORITY", "IGNORE"]));
            let target = target.and_then(|rest| qualified(schema, rest));
            if target.is_some_and(|(schema, _)| is_own(&schema)) { Class::Nothing } else { Class::Rows }
        }
        "CALL" | "WITH" | "SELECT" | "DO" => Class::Rows,
        _ => Class::Unknown,
    }
}

fn definition(schema: &str, verb: &str, tokens: &[Token]) -> Class {
    const OBJECTS: [&str; 15] = [
        "TABLE",
        "TABLES",
        "DATABASE",
        "SCHEMA",
        "VIEW",
        "TRIGGER",
        "PROCEDURE",
        "FUNCTION",
        "EVENT",
        "INDEX",
        "USER",
        "ROLE",
        "INSTANCE",
        "RESOURCE",
        "SERVER",
    ];
    let object = tokens.iter().enumerate().find_map(|(at, token)| {
        let word = token.word()?;
        OBJECTS.contains(&&*word).then_some((at, word))
    });
    let Some((at, object)) = object else {
        // `TRUNCATE t`; anything else is about storage.
        let names = if verb == "TRUNCATE" { names(schema, tokens) } else { Vec::new() };
        return of_schemas(schema, names);
    };
    if tokens[..at].iter().any(|token| token.word().as_deref() == Some("TEMPORARY")) {
        return Class::Nothing;
    }
    let rest = skip(&tokens[at + 1..], &["IF", "NOT", "EXISTS"]);
    match object.as_str() {
        "USER" | "ROLE" | "INSTANCE" | "RESOURCE" | "SERVER" => Class::Nothing,
        "DATABASE" | "SCHEMA" => match rest.first() {
            Some(Token::Name(name)) => Class::Definition(name.clone()),
            _ => Class::Definition(schema.to_owned()),
        },
        "INDEX" => {
            let on = rest.iter().position(|token| token.word().as_deref() == Some("ON"));
            of_schemas(schema, on.map_or_else(Vec::new, |on| names(schema, &rest[on + 1..])))
        }
        _ => of_schemas(schema, names(schema, rest)),
    }
}

fn of_schemas(schema: &str, names: Vec<String>) -> Class {
    match names.iter().find(|name| !is_own(name)) {
        Some(foreign) => Class::Definition(foreign.clone()),
        None if names.is_empty() && !is_own(schema) => Class::Definition(schema.to_owned()),
        None => Class::Nothing,
    }
}

/// The schemas of a list of names: `a.b, c`, `a.b TO c.d`.
fn names(schema: &str, mut tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    while let Some((of, rest)) = qualified(schema, tokens) {
        found.push(of);
        tokens = match rest.first() {
            Some(Token::Mark(',')) => &rest[1..],
            Some(token) if token.word().as_deref() == Some("TO") => &rest[1..],
            _ => break,
        };
    }
    found
}

/// The schema of a name, and what follows it.
fn qualified<'t>(schema: &str, tokens: &'t [Token]) -> Option<(String, &'t [Token])> {
    match tokens {
        [Token::Name(of), Token::Mark('.'), Token::Name(_), rest @ ..] => Some((of.clone(), rest)),
        [Token::Name(_), rest @ ..] => Some((schema.to_owned(), rest)),
        _ => None,
    }
}

fn skip<'t>(mut tokens: &'t [Token], words: &[&str]) -> &'t [Token] {
    while let [first, rest @ ..] = tokens
        && first.word().is_some_and(|word| words.contains(&&*word))
    {
        tokens = rest;
    }
    tokens
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word, or a name in backquotes.
    Name(String),
    Mark(char),
}

impl Token {
    fn word(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.to_ascii_uppercase()),
            Self::Mark(_) => None,
        }
    }
}

/// Names and marks of the begin of a statement. What stands in `/*! … */` counts, as it does for the server.
fn tokens(statement: &str) -> Vec<Token> {
    const ENOUGH: usize = 400;
    let mut tokens = Vec::new();
    let mut rest = statement.trim_start();
    while let Some(first) = rest.chars().next()
        && tokens.len() < ENOUGH
    {
        if let Some(inside) = rest.strip_prefix("/*!") {
            rest = inside.trim_start_matches(|digit: char| digit.is_ascii_digit());
        } else if rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, after)| after);
        } else if let Some(after) = rest.strip_prefix("*/") {
            rest = after;
        } else if first == '#' || rest.starts_with("-- ") {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if first == '`' {
            let (name, after) = rest[1..].split_once('`').unwrap_or((&rest[1..], ""));
            tokens.push(Token::Name(name.to_owned()));
            rest = after;
        } else if first.is_alphanumeric() || first == '_' || first == '$' {
            let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            tokens.push(Token::Mark(first));
            rest = &rest[first.len_utf8()..];
        }
        rest = rest.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_statements_are_about() {
        let definition = |schema: &str| Class::Definition(schema.to_owned());
        for (schema, statement, expected) in [
            ("shop", "CREATE TABLE t (id INT)", definition("shop")),
            ("", "create table if not exists `shop`.`t` (id int)", definition("shop")),
            ("", "/* by hand */ ALTER TABLE shop.t ADD c INT", definition("shop")),
            ("shop", "ALTER TABLE mysql.proc COMMENT 'x'", Class::Nothing),
            ("mysql", "ALTER TABLE proc COMMENT 'x'", Class::Nothing),
            ("mysql", "DROP TABLE IF EXISTS a, `shop`.`b`", definition("shop")),
            ("mysql", "RENAME TABLE a TO shop.a", definition("shop")),
            ("shop", "TRUNCATE t", definition("shop")),
            ("shop", "TRUNCATE TABLE mysql.slow_log", Class::Nothing),
            ("", "CREATE DATABASE IF NOT EXISTS shop", definition("shop")),
            ("", "CREATE UNIQUE INDEX i ON shop.t (c)", definition("shop")),
            ("shop", "CREATE DEFINER=`a`@`%` TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @a = 1", definition("shop")),
            ("shop", "DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `tmp`", Class::Nothing),
            ("shop", "CREATE TEMPORARY TABLE tmp (id INT)", Class::Nothing),
            ("", "CREATE USER IF NOT EXISTS a IDENTIFIED BY 'x'", Class::Nothing),
            ("", "GRANT SELECT ON *.* TO a", Class::Nothing),
            (
                "mysql",
                "INSERT INTO rds_heartbeat2(id, value) VALUES (1, 2) ON DUPLICATE KEY UPDATE value = 2",
                Class::Nothing,
            ),
            ("", "insert ignore into mysql.rds_history values (1)", Class::Nothing),
            ("shop", "UPDATE t SET a = 1", Class::Rows),
            ("shop", "DELETE FROM t", Class::Rows),
            ("shop", "FROBNICATE t", Class::Unknown),
            ("shop", "", Class::Unknown),
        ] {
            assert_eq!(classify(schema, statement), expected, "{statement}");
        }
    }

    #[test]
    fn first_words_are_short_and_on_one_line() {
        assert_eq!(first_words("ALTER TABLE t\n  ADD c INT"), "ALTER TABLE t ADD c INT");
        assert_eq!(first_words(&"é".repeat(200)).chars().count(), 81);
    }
}
