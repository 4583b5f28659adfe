//! Names and strings as SQL writes them.

pub(super) use crate::port::mysql::quoted as ident;

/// `` `schema`.`table` ``
pub(super) fn table(schema: &str, table: &str) -> String {
    format!("{}.{}", ident(schema), ident(table))
}

/// A string that means the same under every `sql_mode`.
pub(super) fn text(text: &str) -> String {
    if text.contains('\\') {
        let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
        return format!("_utf8mb4 X'{hex}'");
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Identifiers in parentheses.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| ident(name)).collect();
    format!("({})", names.join(", "))
}

/// What a table of `information_schema` says of a table.
pub(super) fn shown(what: &str, from: &str, schema: &str, table: &str) -> String {
    format!(
        "SELECT {what} FROM information_schema.{from} WHERE table_schema = {} AND table_name = {}",
        self::text(schema),
        self::text(table)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_strings_stay_what_they_are() {
        assert_eq!(table("a`b", "c.d"), "`a``b`.`c.d`");
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text("a\\'"), "_utf8mb4 X'615C27'");
        assert_eq!(list(&["a".to_owned(), "b".to_owned()]), "(`a`, `b`)");
    }
}
