//! Columns and key of a `CREATE TABLE`.

use super::{
    statement::name,
    token::{Kind, Token, Tokens, tokens},
};

/// Types whose parameters stand between `<` and `>`.
const NESTED: [&str; 4] = ["ARRAY", "MAP", "MULTISET", "ROW"];

/// What stands between the parentheses of a `CREATE TABLE`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    pub columns: Vec<Column>,
    /// Columns of `PRIMARY KEY (…) NOT ENFORCED` in its order; empty where there is none.
    pub primary_key: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Stored in the table.
    Physical,
    /// `METADATA`, with the name of what it shows; a `VIRTUAL` one is never written.
    Metadata { key: String, is_virtual: bool },
    /// `name AS expression`, with the expression. Never written.
    Computed(String),
}

impl Column {
    /// Whether an INSERT gives it a value.
    pub fn is_written(&self) -> bool {
        match &self.origin {
            Origin::Physical => true,
            Origin::Metadata { is_virtual, .. } => !is_virtual,
            Origin::Computed(_) => false,
        }
    }
}

impl Schema {
    pub(super) fn written(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_written())
    }
}

/// The schema of one `CREATE TABLE` statement; empty where it has no parentheses before its options.
pub(super) fn schema(statement: &str) -> Schema {
    let Tokens { tokens, .. } = tokens(statement);
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token: &Token| token.is(statement, word));
    let Some(table) = (0..tokens.len()).find(|at| word(*at, "TABLE")) else { return Schema::default() };
    let at = if word(table + 1, "IF") { table + 4 } else { table + 1 };
    let (_, open) = name(statement, &tokens, at);
    if !word(open, "(") {
        return Schema::default();
    }
    let mut schema = Schema::default();
    for element in elements(statement, &tokens[open + 1..]) {
        let is = |at: usize, word: &str| element.get(at).is_some_and(|token: &Token| token.is(statement, word));
        if is(0, "WATERMARK") && is(1, "FOR") {
            continue;
        }
        let constraint = if is(0, "CONSTRAINT") { 2 } else { 0 };
        if is(constraint, "PRIMARY") && is(constraint + 1, "KEY") {
            let columns = elements(statement, element.get(constraint + 3..).unwrap_or_default());
            schema.primary_key = columns.iter().filter_map(|tokens| Some(tokens.first()?.value(statement))).collect();
            continue;
        }
        let Some(first) = element.first() else { continue };
        let name = first.value(statement);
        if element.windows(2).skip(1).any(|pair| pair[0].is(statement, "PRIMARY") && pair[1].is(statement, "KEY")) {
            schema.primary_key = vec![name.clone()];
        }
        schema.columns.push(Column { origin: origin(statement, element, &name), name });
    }
    schema
}

fn origin(statement: &str, element: &[Token], name: &str) -> Origin {
    if element.get(1).is_some_and(|token| token.is(statement, "AS")) {
        let expression = element.get(2..).unwrap_or_default();
        let text = match expression {
            [first, .., last] => &statement[first.span.start..last.span.end],
            [only] => &statement[only.span.clone()],
            [] => "",
        };
        return Origin::Computed(text.to_owned());
    }
    let Some(metadata) = element.iter().position(|token| token.is(statement, "METADATA")) else {
        return Origin::Physical;
    };
    let from = element.get(metadata + 1).is_some_and(|token| token.is(statement, "FROM"));
    let key = element.get(metadata + 2).filter(|token| from && token.kind == Kind::Text);
    Origin::Metadata {
        key: key.map_or_else(|| name.to_owned(), |token| token.value(statement)),
        is_virtual: element.iter().any(|token| token.is(statement, "VIRTUAL")),
    }
}

/// What stands between commas up to the parenthesis that closes the list.
pub(super) fn elements<'a>(text: &str, tokens: &'a [Token]) -> Vec<&'a [Token]> {
    let mut found = Vec::new();
    let (mut depth, mut angles, mut start) = (0_usize, 0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        if token.is(text, ")") && depth == 0 {
            found.push(&tokens[start..at]);
            return found;
        }
        if token.is(text, "(") {
            depth += 1;
        } else if token.is(text, ")") {
            depth -= 1;
        } else if token.is(text, "<") && at > 0 && NESTED.iter().any(|kind| tokens[at - 1].is(text, kind)) {
            angles += 1;
        } else if token.is(text, ">") {
            angles = angles.saturating_sub(1);
        } else if token.is(text, ",") && depth == 0 && angles == 0 {
            found.push(&tokens[start..at]);
            start = at + 1;
        }
    }
    if start < tokens.len() {
        found.push(&tokens[start..]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_keys_are_told_apart() {
        let found = schema(
            "CREATE TEMPORARY TABLE IF NOT EXISTS a.`b` (id BIGINT NOT NULL, `k,(` DECIMAL(20, 0) COMMENT 'x, y',
             db STRING METADATA FROM 'database_name' VIRTUAL, op_ts TIMESTAMP(3) METADATA, up AS UPPER(`k,(`),
             WATERMARK FOR op_ts AS op_ts - INTERVAL '1' SECOND,
             CONSTRAINT pk PRIMARY KEY (id, `k,(`) NOT ENFORCED) WITH ('connector' = 'x')",
        );
        let names: Vec<_> = found.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "k,(", "db", "op_ts", "up"]);
        assert_eq!(found.primary_key, ["id", "k,("]);
        assert_eq!(found.columns[2].origin, Origin::Metadata { key: "database_name".into(), is_virtual: true });
        assert_eq!(found.columns[4].origin, Origin::Computed("UPPER(`k,(`)".into()));
        assert_eq!(found.written().count(), 3);
        assert_eq!(schema("CREATE TABLE t (id INT PRIMARY KEY NOT ENFORCED)").primary_key, ["id"]);
        assert_eq!(schema("CREATE TABLE t LIKE s"), Schema::default());
    }
}
