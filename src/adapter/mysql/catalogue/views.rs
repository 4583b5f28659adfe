//! Definer and `SELECT` of the views of one schema.

use std::collections::HashMap;

use super::{
    asking::{Asking, Refusal},
    cells::{bytes, literal, name},
    tables::Found,
};
use crate::{error::Result, port::mysql::quoted};

/// By name: the definer, and the `SELECT` as the server keeps it.
pub(super) type Definitions = HashMap<String, (String, Vec<u8>)>;

pub(super) async fn views(asking: &mut Asking<'_>, schema: &str) -> Result<Found<Definitions>> {
    let statement = format!(
        "SELECT table_name, definer, view_definition FROM information_schema.VIEWS WHERE table_schema = {}",
        literal(schema)
    );
    let mut found = Definitions::new();
    let answer = asking
        .each(&statement, &mut |mut row| {
            let definition = bytes(&mut row, 2).unwrap_or_default();
            found.insert(name(&mut row, 0), (name(&mut row, 1), definition));
        })
        .await?;
    if let Err(refusal) = answer {
        return Ok(Err(refusal));
    }
    // 8.0 keeps it to the definer there, and tells it to whoever holds SHOW VIEW here.
    for (view, (_, definition)) in found.iter_mut().filter(|(_, (_, definition))| definition.is_empty()) {
        let whole = format!("{}.{}", quoted(schema), quoted(view));
        let said = asking.all(&format!("SHOW CREATE VIEW {whole}"), |row| bytes(row, 1).unwrap_or_default()).await?;
        match said {
            Ok(said) => *definition = said.first().map(|said| select_of(said, &whole)).unwrap_or_default(),
            Err(refusal) => {
                let why = format!("{whole}: {}", refusal.why);
                return Ok(Err(Refusal { why, ..refusal }));
            }
        }
    }
    Ok(Ok((found, 0)))
}

/// What stands after `CREATE … VIEW name (columns) AS`.
fn select_of(statement: &[u8], view: &str) -> Vec<u8> {
    let head = format!(" VIEW {view}");
    let Some(at) = statement.windows(head.len()).position(|part| part == head.as_bytes()) else {
        return statement.to_vec();
    };
    let rest = &statement[at + head.len()..];
    let mut quoted = false;
    for (place, byte) in rest.iter().enumerate() {
        quoted ^= *byte == b'`';
        if let Some(select) = rest[place..].strip_prefix(b" AS ").filter(|_| !quoted) {
            return select.to_vec();
        }
    }
    rest.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_select_begins_after_the_name_and_the_columns() {
        let of = |statement: &str| String::from_utf8(select_of(statement.as_bytes(), "`s`.`v AS w`")).unwrap();
        let begin = "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `s`.`v AS w`";
        assert_eq!(of(&format!("{begin} AS select 1 AS `x`")), "select 1 AS `x`");
        assert_eq!(of(&format!("{begin} (`b`` AS c`,`d`) AS select 1 AS `x`")), "select 1 AS `x`");
    }
}
