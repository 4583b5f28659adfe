//! Which tables a mysql-cdc source reads: its two regular expressions as Java understands them.

use regex::bytes::{Regex, RegexBuilder};

use crate::error::{Error, Result};

/// Matches whole names, in any case, as the connector does.
#[derive(Debug)]
pub(super) struct Names(Vec<Regex>);

impl Names {
    /// `pattern` is a list of regular expressions with commas between; `\,` is a comma of a name.
    ///
    /// # Errors
    /// `Permanent` where Java would understand what is not understood here.
    pub(super) fn new(pattern: &str) -> Result<Self> {
        let patterns = split(pattern);
        patterns.iter().map(|one| compiled(one)).collect::<Result<_>>().map(Self)
    }

    /// What `db\.table` is to match, for the two options of a source.
    pub(super) fn of_tables(database: &str, table: &str) -> Result<Self> {
        Self::new(&format!(r"{database}\.{table}"))
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(name.as_bytes()))
    }
}

fn compiled(pattern: &str) -> Result<Regex> {
    if let Some(what) = possessive(pattern) {
        let text = format!("Expected a regular expression of tables, saw {pattern}: `{what}` gives nothing back");
        return Err(Error::permanent(text).hint("Write it without the possessive quantifier"));
    }
    // Bytes: as in Java without flags, classes like \w and the folding of case are ASCII's.
    let whole = RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).case_insensitive(true).unicode(false).build();
    whole.map_err(|error| {
        Error::permanent(format!(
            "Expected a regular expression of tables, saw {pattern}, which is not understood here"
        ))
        .because(&error)
        .hint("Write the option without look-around, back references, \\Q…\\E and classes like \\p{…}")
    })
}

/// `a*+`, which other dialects read as a repeated repetition.
fn possessive(pattern: &str) -> Option<String> {
    let (mut escaped, mut class, mut quantifier) = (false, false, None);
    for letter in pattern.chars() {
        let before = quantifier.take();
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            _ if class => {}
            '+' if before.is_some() => return before.map(|before| format!("{before}+")),
            '*' | '+' | '?' | '}' => quantifier = Some(letter),
            _ => {}
        }
    }
    None
}

fn split(list: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for letter in list.chars() {
        if letter == ',' && !escaped {
            parts.push(String::new());
            continue;
        }
        let last = parts.last_mut().expect("there is always a part");
        if letter == ',' {
            last.pop();
        }
        last.push(letter);
        escaped = letter == '\\' && !escaped;
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn matches(database: &str, table: &str, name: &str) -> bool {
        Names::of_tables(database, table).unwrap().matches(name)
    }

    #[test]
    fn whole_names_are_matched() {
        assert!(matches("shop", "orders", "shop.orders"));
        assert!(matches("shop", "orders", "SHOP.Orders"));
        assert!(!matches("shop", "orders", "shop.orders_old"));
        assert!(!matches("shop", "orders", "myshop.orders"));
        assert!(!matches("shop", "orders", "shopXorders"));
        assert!(matches("shop_[0-9]+", "orders_.*", "shop_12.orders_de"));
        assert!(matches("shop", "(orders|items)", "shop.items"));
        assert!(matches("shop", r"\w{3}", "shop.abc"));
        assert!(!matches("shop", r"\w{3}", "shop.é1"));
    }

    #[test]
    fn an_alternative_without_brackets_reaches_into_the_database() {
        assert!(matches("shop", "orders|items", "shop.orders"));
        assert!(!matches("shop", "orders|items", "shop.items"));
    }

    #[test]
    fn a_list_has_commas() {
        assert!(matches("shop", r"orders,shop\.items", "shop.items"));
        assert!(matches("shop", r"a\,b", "shop.a,b"));
        assert_eq!(split(r"a , b\\,c,,"), ["a", r"b\\", "c"]);
    }

    #[test]
    fn what_java_alone_understands_is_named() {
        for table in ["(?!tmp).*", r"(a)\1", "a*+", "a{2}+", r"\Qa.b\E", r"\p{Lower}+"] {
            let error = Names::of_tables("shop", table).unwrap_err();
            assert_eq!(error.kind, Kind::Permanent);
            assert!(error.message.contains(table), "{error}");
        }
        assert!(matches("shop", r"a\++", "shop.a++"));
        assert!(matches("shop", "[*+]+", "shop.*+"));
    }
}
