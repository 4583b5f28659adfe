//! Flink SQL as tokens with byte spans. White space lies between them; comments are kept apart.

use std::ops::Range;

use super::problem::Problem;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, a name or a number.
    Word,
    /// `'…'`, quotes included in the span.
    Text,
    /// `` `…` ``, quotes included in the span.
    Name,
    /// Any other character.
    Symbol,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

impl Token {
    pub(super) fn is(&self, text: &str, word: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Symbol) && text[self.span.clone()].eq_ignore_ascii_case(word)
    }

    /// What the token stands for: quotes taken off, doubled ones made single.
    pub(super) fn value(&self, text: &str) -> String {
        let raw = &text[self.span.clone()];
        match self.kind {
            Kind::Text => raw[1..raw.len() - 1].replace("''", "'"),
            Kind::Name => raw[1..raw.len() - 1].replace("``", "`"),
            Kind::Word | Kind::Symbol => raw.to_owned(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) tokens: Vec<Token>,
    /// `-- …` and `// …` without their line end, and `/* … */`; hints (`/*+ … */`) too.
    pub(super) comments: Vec<Range<usize>>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn tokens(text: &str) -> Tokens {
    let mut found = Tokens::default();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("--") || (rest.starts_with("//") && !text[..at].ends_with(':')) {
            // The `//` of an address in a SET without quotes is none to Flink either.
            let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
            found.comments.push(at..at + length);
            length
        } else if rest.starts_with("/*") {
            let length = rest.get(2..).and_then(|inner| inner.find("*/")).map(|end| end + 4);
            if length.is_none() {
                found.problems.push(Problem::new(text, at, "This comment has no end", "Close it with */"));
            }
            let length = length.unwrap_or(rest.len());
            found.comments.push(at..at + length);
            length
        } else if first == '\'' || first == '`' {
            let length = quoted(rest, first);
            let kind = if first == '\'' { Kind::Text } else { Kind::Name };
            match length {
                Some(length) => found.tokens.push(Token { kind, span: at..at + length }),
                None => {
                    let what = if first == '\'' { "string" } else { "name" };
                    let hint = format!("Close it with {first}; a {first} within it is written twice");
                    found.problems.push(Problem::new(text, at, format!("This {what} has no end"), hint));
                }
            }
            length.unwrap_or(rest.len())
        } else {
            let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
            let (kind, length) = if length == 0 { (Kind::Symbol, first.len_utf8()) } else { (Kind::Word, length) };
            found.tokens.push(Token { kind, span: at..at + length });
            length
        };
        at += length;
    }
    found
}

/// Length of a quoted token at the begin of `rest`, quotes included.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest[at..].find(quote)? + 1;
        if rest[at..].starts_with(quote) {
            at += 1;
        } else {
            return Some(at);
        }
    }
}

/// A value as an SQL string.
pub(super) fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        tokens(text).tokens.into_iter().map(|token| &text[token.span]).collect()
    }

    #[test]
    fn strings_names_and_comments() {
        assert_eq!(shown("a.`b``c` = 'd''e;' -- f ; 'g\n;/* ' */h"), ["a", ".", "`b``c`", "=", "'d''e;'", ";", "h"]);
        assert_eq!(tokens("'it''s'").tokens[0].value("'it''s'"), "it's");
        assert_eq!(shown("''"), ["''"]);
    }

    #[test]
    fn what_has_no_end_is_said_where_it_begins() {
        let problem = |text| tokens(text).problems.pop().map(|problem| problem.to_string());
        assert_eq!(problem("SET 'a'\n  = 'b").as_deref(), Some("2:5: This string has no end"));
        assert_eq!(problem("/* a").as_deref(), Some("1:1: This comment has no end"));
        assert_eq!(problem("/*/").as_deref(), Some("1:1: This comment has no end"));
        assert_eq!(problem("ä `b").as_deref(), Some("1:3: This name has no end"));
    }

    proptest! {
        #[test]
        fn spans_are_in_order_and_within(text in "[a-zä'`;*/\\-\\n (),=]{0,60}") {
            let found = tokens(&text);
            let mut last = 0;
            for token in found.tokens {
                prop_assert!(token.span.start >= last && token.span.end <= text.len());
                last = token.span.end;
                let _ = token.value(&text);
            }
        }

        #[test]
        fn a_quoted_value_is_read_back(value in "\\PC{0,20}") {
            let text = quote(&value);
            let found = tokens(&text);
            prop_assert_eq!(found.tokens.len(), 1);
            prop_assert_eq!(found.tokens[0].value(&text), value);
        }
    }
}
