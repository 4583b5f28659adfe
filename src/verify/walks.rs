//! How the two tables of a pair are walked through side by side.

use super::prepared::{KeyPart, Prepared};
use crate::port::{
    rows::{Hash, Walk},
    tables::{KeyColumn, KeyForm},
};

/// Both tables in one order, so that a range of the one is a range of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Walks {
    pub(super) source: Walk,
    pub(super) sink: Walk,
}

impl Walks {
    /// # Errors
    /// Why they cannot be, as the end of a sentence.
    pub(super) fn of(prepared: &Prepared<'_>, hash: Hash) -> Result<Self, String> {
        let (mut source_key, mut sink_key, mut only) = (Vec::new(), Vec::new(), Vec::new());
        for (column, part) in prepared.sink_key.iter().zip(&prepared.sink_parts) {
            match part {
                KeyPart::Constant(literal) => only.push((column.column.clone(), literal.clone())),
                KeyPart::Of(place) => {
                    source_key.push(prepared.source_key[*place].clone());
                    sink_key.push(column.clone());
                }
            }
        }
        let names = source_key.iter().map(|key| &key.column);
        if !names.eq(&prepared.source_order) {
            return Err("the columns of its key stand in another order than those of the source's".to_owned());
        }
        for (from, into) in source_key.iter().zip(&sink_key) {
            is_aligned(from, into)?;
        }
        Ok(Self::by(prepared, hash, (source_key, Vec::new()), (sink_key, only)))
    }

    /// All rows together: without a key there is no order, and no part of the table.
    pub(super) fn keyless(prepared: &Prepared<'_>, hash: Hash) -> Self {
        Self::by(prepared, hash, Default::default(), Default::default())
    }

    fn by(prepared: &Prepared<'_>, hash: Hash, source: Part, sink: Part) -> Self {
        let of = prepared.pair;
        let (from, into): (Vec<_>, Vec<_>) = prepared.hashed.iter().cloned().unzip();
        let walk = |schema: &str, table: &str, (key, only): Part, columns| Walk {
            schema: schema.to_owned(),
            table: table.to_owned(),
            key,
            only,
            hash,
            columns,
        };
        Self {
            source: walk(&of.source_schema, &of.source_table, source, from),
            sink: walk(&of.sink_schema, &of.sink_table, sink, into),
        }
    }
}

/// The key, and which part of the table.
type Part = (Vec<KeyColumn>, Vec<(String, String)>);

/// Whether both servers put the values of these columns in one order.
fn is_aligned(from: &KeyColumn, into: &KeyColumn) -> Result<(), String> {
    let aligned = match (&from.form, &into.form) {
        (KeyForm::Other, _) | (_, KeyForm::Other) => false,
        (KeyForm::Text { collation: one, .. }, KeyForm::Text { collation: other, .. }) => {
            renamed(one) == renamed(other)
        }
        (from, into) => from == into,
    };
    if aligned {
        return Ok(());
    }
    let says = |form: &KeyForm| match form {
        KeyForm::Text { collation, .. } => collation.clone(),
        other => format!("{other:?}").to_lowercase(),
    };
    Err(format!(
        "the source sorts its key column {} as {}, and it sorts it as {}",
        from.column,
        says(&from.form),
        says(&into.form)
    ))
}

/// MySQL 8.0.30 and later say `utf8mb3_general_ci` where others say `utf8_general_ci`.
fn renamed(collation: &str) -> String {
    match collation.strip_prefix("utf8_") {
        Some(rest) => format!("utf8mb3_{rest}"),
        None => collation.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_sorted_alike_in_one_collation_under_either_of_its_names() {
        let key = |charset: &str, collation: &str| KeyColumn {
            column: "k".to_owned(),
            form: KeyForm::Text { charset: charset.to_owned(), collation: collation.to_owned() },
            primary: true,
        };
        let old = key("utf8", "utf8_general_ci");
        assert_eq!(is_aligned(&old, &key("utf8mb3", "utf8mb3_general_ci")), Ok(()));
        for other in [key("utf8mb4", "utf8mb4_general_ci"), key("utf8mb3", "utf8mb3_bin")] {
            let why = is_aligned(&old, &other).unwrap_err();
            assert!(why.starts_with("the source sorts its key column k as utf8_general_ci"), "{why}");
        }
    }
}
