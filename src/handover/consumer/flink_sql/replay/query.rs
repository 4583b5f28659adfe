//! A query as a projection of one source: which column of the source stands where.

use super::{
    super::{
        schema::{Origin, Schema, elements},
        statement::{Table, name, pairs},
        token::{Kind, Token, tokens},
    },
    Judged, Made, clause, vocabulary,
};

/// Views of views, at most.
const DEEPEST: usize = 16;

/// Rows of one mysql-cdc table, as they stand behind a FROM.
#[derive(Clone)]
pub(super) struct Rows<'a> {
    pub(super) source: &'a Table,
    pub(super) schema: &'a Schema,
    /// Name of each column, and the source's column that stands there unchanged.
    pub(super) columns: Vec<(String, Option<String>)>,
    /// A WHERE leaves some of them out.
    pub(super) filtered: bool,
}

/// Name of a view, and its query with the list of columns before it; `None` for another statement.
pub(super) fn view(text: &str) -> Option<(String, usize)> {
    let found = tokens(text).tokens;
    let word = |at: usize, word: &str| found.get(at).is_some_and(|token: &Token| token.is(text, word));
    let at = if word(1, "TEMPORARY") { 2 } else { 1 };
    if !word(0, "CREATE") || !word(at, "VIEW") {
        return None;
    }
    let (view, next) = name(text, &found, if word(at + 1, "IF") { at + 4 } else { at + 1 });
    Some((view, next))
}

/// What `SELECT … FROM … [WHERE …]` gives. `of` names the query in messages.
pub(super) fn select<'a>(made: &'a Made<'_>, text: &str, query: &[Token], of: &str, depth: usize) -> Judged<Rows<'a>> {
    vocabulary::judge(text, query, of)?;
    let is = |at: usize, word: &str| query.get(at).is_some_and(|token: &Token| token.is(text, word));
    let selects = query.iter().filter(|token| token.is(text, "SELECT")).count();
    let from = clause(text, query, "FROM").filter(|_| is(0, "SELECT") && selects == 1);
    let Some(from) = from else { return Err(format!("{of} is not one plain SELECT … FROM a table or view")) };
    let (base, next) = name(text, query, from + 1);
    let (alias, next) = match (is(next, "AS"), query.get(next)) {
        (true, _) => (query.get(next + 1).map(|token| token.value(text)), next + 2),
        (_, Some(token)) if token.kind != Kind::Symbol && !token.is(text, "WHERE") => {
            (Some(token.value(text)), next + 1)
        }
        _ => (None, next),
    };
    if !(next == query.len() || is(next, "WHERE")) {
        return Err(format!("{of} reads from more than one table, or in a form that is not understood"));
    }
    let rows = rows(made, &base, of, depth)?;
    let last = base.rsplit('.').next().unwrap_or(&base);
    let qualifiers = alias.as_deref().map_or_else(|| vec![base.as_str(), last], |alias| vec![alias]);
    let mut columns = Vec::new();
    for item in elements(text, &query[1..from]) {
        columns.extend(project(text, item, &rows, &qualifiers));
    }
    let filtered = rows.filtered || is(next, "WHERE");
    Ok(Rows { columns, filtered, ..rows })
}

/// The table or view of one name.
fn rows<'a>(made: &'a Made<'_>, base: &str, of: &str, depth: usize) -> Judged<Rows<'a>> {
    if let Some((table, schema)) = made.tables.get(base) {
        return source(table, schema, of);
    }
    let Some(text) = made.views.get(base).filter(|_| depth < DEEPEST) else {
        return Err(format!("{of} reads {base}, which the script does not create by that name"));
    };
    let found = tokens(text).tokens;
    let next = view(text).map_or(0, |(_, next)| next);
    let begin = clause(text, &found, "AS").ok_or_else(|| format!("The view {base} has no query"))?;
    hints(text, &format!("The view {base}"))?;
    let mut rows = select(made, text, &found[begin + 1..], &format!("The view {base}"), depth + 1)?;
    if found.get(next).is_some_and(|token| token.is(text, "(")) {
        let names = elements(text, &found[next + 1..]);
        if names.len() != rows.columns.len() {
            return Err(format!("The columns of the view {base} are not understood"));
        }
        for (column, name) in rows.columns.iter_mut().zip(names) {
            column.0 = name.first().map(|token| token.value(text)).unwrap_or_default();
        }
    }
    Ok(rows)
}

fn source<'a>(table: &'a Table, schema: &'a Schema, of: &str) -> Judged<Rows<'a>> {
    if table.connector() != Some("mysql-cdc") {
        let connector = table.connector().unwrap_or("no connector");
        return Err(format!("{of} reads {}, a table of {connector} and not of mysql-cdc", table.name));
    }
    if table
        .option("scan.read-changelog-as-append-only.enabled")
        .is_some_and(|value| !value.eq_ignore_ascii_case("false"))
    {
        return Err(format!("The source {} hands changes on as new rows", table.name));
    }
    let mut columns = Vec::new();
    for column in &schema.columns {
        if let Origin::Computed(expression) = &column.origin {
            vocabulary::judge(
                expression,
                &tokens(expression).tokens,
                &format!("The column {} of {}", column.name, table.name),
            )?;
        }
        columns.push((column.name.clone(), Some(column.name.clone())));
    }
    Ok(Rows { source: table, schema, columns, filtered: false })
}

/// The columns one item of a SELECT gives.
fn project(text: &str, item: &[Token], rows: &Rows<'_>, qualifiers: &[&str]) -> Vec<(String, Option<String>)> {
    if item.last().is_some_and(|token| token.is(text, "*"))
        && (item.len() == 1 || item.len() >= 3 && item[item.len() - 2].is(text, "."))
    {
        return rows.columns.clone();
    }
    let (column, next) = name(text, item, 0);
    let name_of = |token: Option<&Token>| token.map(|token| token.value(text)).unwrap_or_default();
    let plain = |column: &str| {
        let named =
            qualifiers.iter().find_map(|qualifier| column.strip_prefix(&format!("{qualifier}."))).unwrap_or(column);
        let known = rows.columns.iter().find(|(name, _)| name == column || name == named);
        known.and_then(|(_, from)| from.clone())
    };
    match item.get(next..) {
        Some([]) => vec![(column.rsplit('.').next().unwrap_or(&column).to_owned(), plain(&column))],
        Some([renamed]) if renamed.kind != Kind::Symbol => vec![(renamed.value(text), plain(&column))],
        Some([by, renamed]) if by.is(text, "AS") => vec![(renamed.value(text), plain(&column))],
        _ => vec![(name_of(item.last()), None)],
    }
}

/// Hints that could change what is read or written.
pub(super) fn hints(text: &str, of: &str) -> Judged<()> {
    for comment in tokens(text).comments {
        let Some(hint) = text[comment].strip_prefix("/*+").and_then(|hint| hint.strip_suffix("*/")) else { continue };
        let found = tokens(hint).tokens;
        let options: Vec<_> = found.iter().enumerate().filter(|(_, token)| token.is(hint, "(")).collect();
        let harmless = found.first().is_some_and(|token| token.is(hint, "OPTIONS"))
            && matches!(options.as_slice(), [(at, _)] if pairs(hint, &found[at + 1..]).iter().all(|option| option.key.starts_with("sink.")));
        if !harmless {
            return Err(format!("{of} has the hint {}, whose effect is not known here", hint.trim()));
        }
    }
    Ok(())
}
