//! Bodies as they were written, where `information_schema` has them with the escapes in their strings already undone.

use super::{
    asking::Asking,
    cells::{bytes, name},
};
use crate::{
    error::Result,
    port::{
        catalogue::{Program, StoredProgram},
        mysql::quoted,
    },
};

/// Puts the original into each program that has a string; a program whose original may not be seen keeps what it has.
pub(super) async fn restore(asking: &mut Asking<'_>, schema: &str, programs: &mut [StoredProgram]) -> Result<()> {
    let has_string =
        |program: &&mut StoredProgram| program.body.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'\\'));
    for program in programs.iter_mut().filter(has_string) {
        let (text, charset) = if program.kind == Program::Event { (3, 4) } else { (2, 3) };
        let statement = format!("SHOW CREATE {} {}.{}", program.kind.word(), quoted(schema), quoted(&program.name));
        let said = asking.all(&statement, |row| Some((bytes(row, text)?, name(row, charset)))).await?;
        let Some((original, charset)) = said.ok().and_then(|rows| rows.into_iter().flatten().next()) else { continue };
        let body = match program.kind {
            Program::Trigger => after(&original, &["EACH", "ROW"]),
            Program::Event => after(&original, &["DO"]),
            // With what stands before the body, parameters above all.
            Program::Procedure | Program::Function => after(&original, &[program.kind.word()]),
        };
        if matches!(program.kind, Program::Procedure | Program::Function) {
            program.signature.clear();
        }
        program.body = body.map_or_else(|| original.clone(), <[u8]>::to_vec);
        program.charset = charset;
    }
    Ok(())
}

/// What stands behind the first place where `words` follow each other outside of quotes.
fn after<'a>(statement: &'a [u8], words: &[&str]) -> Option<&'a [u8]> {
    let (mut at, mut matched) = (0, 0);
    while at < statement.len() {
        let byte = statement[at];
        if matches!(byte, b'\'' | b'"' | b'`') {
            at = end_of_quoted(statement, at);
            matched = 0;
        } else if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 128..) {
            let length = statement[at..]
                .iter()
                .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 128..)))
                .unwrap_or(statement.len() - at);
            let word = &statement[at..at + length];
            at += length;
            matched = if word.eq_ignore_ascii_case(words[matched].as_bytes()) { matched + 1 } else { 0 };
            if matched == words.len() {
                return Some(statement[at..].trim_ascii_start());
            }
        } else {
            at += 1;
        }
    }
    None
}

/// The place behind the quote that ends what begins at `start`.
fn end_of_quoted(statement: &[u8], start: usize) -> usize {
    let quote = statement[start];
    let mut at = start + 1;
    while let Some(byte) = statement.get(at) {
        at += if *byte == b'\\' && quote != b'`' { 2 } else { 1 };
        // A doubled quote begins the rest of the same text.
        if *byte == quote {
            break;
        }
    }
    at.min(statement.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(statement: &str, words: &[&str]) -> Option<String> {
        after(statement.as_bytes(), words).map(|body| String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn a_body_begins_behind_its_word_outside_of_quotes() {
        let trigger =
            "CREATE DEFINER=`for each row`@`%` trigger s.t before insert on s.a for each\nrow set new.a = 'x'";
        assert_eq!(body(trigger, &["EACH", "ROW"]).unwrap(), "set new.a = 'x'");
        let event = r"CREATE DEFINER=`a`@`%` EVENT `DO` ON SCHEDULE EVERY 1 DAY COMMENT 'it\'s DO ''n DO' DO select 1";
        assert_eq!(body(event, &["DO"]).unwrap(), "select 1");
        let function = "CREATE DEFINER=`a`@`%` FUNCTION `f`(a int) RETURNS int\n    DETERMINISTIC\nreturn 'x'";
        assert_eq!(body(function, &["FUNCTION"]).unwrap(), "`f`(a int) RETURNS int\n    DETERMINISTIC\nreturn 'x'");
        assert_eq!(body("no such word, DOING 'DO'", &["DO"]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_searched(statement in proptest::collection::vec(any::<u8>(), 0..60)) {
            after(&statement, &["DO"]);
            after(&statement, &["EACH", "ROW"]);
        }
    }
}
