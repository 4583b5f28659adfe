//! What becomes of the parameters, as a table to read.

use std::fmt::Write as _;

use super::fate::{Becomes, Fate};
use crate::port::rds::Level;

pub const COLUMNS: [&str; 4] = ["parameter", "blue", "green", "why"];

/// A row of [`COLUMNS`] for each, what somebody should read first.
pub fn rows(fates: &[Fate]) -> Vec<Vec<String>> {
    let mut fates: Vec<&Fate> = fates.iter().collect();
    fates.sort_by_key(|fate| (order(fate.becomes), fate.parameter.clone()));
    fates.into_iter().map(row).collect()
}

fn order(becomes: Becomes) -> u8 {
    match becomes {
        Becomes::Refused => 0,
        Becomes::Dropped => 1,
        Becomes::NewDefault => 2,
        Becomes::Set | Becomes::Pinned => 3,
        Becomes::Translated => 4,
        Becomes::Renamed => 5,
        Becomes::Carried => 6,
    }
}

fn word(becomes: Becomes) -> &'static str {
    match becomes {
        Becomes::Carried => "carried over",
        Becomes::Renamed => "renamed",
        Becomes::Translated => "translated",
        Becomes::Pinned => "pinned",
        Becomes::Set => "set",
        Becomes::Dropped => "dropped",
        Becomes::Refused => "refused",
        Becomes::NewDefault => "new default",
    }
}

fn row(fate: &Fate) -> Vec<String> {
    let green = fate.green.clone().unwrap_or_else(|| match fate.becomes {
        Becomes::Dropped => "–".to_owned(),
        _ => "its default".to_owned(),
    });
    let why = match fate.why.as_str() {
        "" => word(fate.becomes).to_owned(),
        why => format!("{}: {why}", word(fate.becomes)),
    };
    vec![fate.name(), fate.blue.clone().unwrap_or_else(|| "its default".to_owned()), green, why]
}

/// The same as Markdown, a table for each level.
pub fn page(fates: &[Fate]) -> String {
    let mut page = "# Parameters of green\n".to_owned();
    for (level, title) in [(Level::Cluster, "The cluster's group"), (Level::Instance, "The group of the instances")] {
        let fates: Vec<Fate> = fates.iter().filter(|fate| fate.level == level).cloned().collect();
        if fates.is_empty() {
            continue;
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## {title}\n\n{}", line(&COLUMNS.map(str::to_owned)));
        page.push_str("| --- | --- | --- | --- |\n");
        for row in rows(&fates) {
            page.push_str(&line(&row.iter().map(|cell| harmless(cell)).collect::<Vec<_>>()));
        }
    }
    page
}

fn harmless(cell: &str) -> String {
    let cell: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cell.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_reader_stands_first() {
        let fate = |name: &str, becomes, why: &str| Fate {
            level: Level::Cluster,
            parameter: name.to_owned(),
            renamed: (becomes == Becomes::Renamed).then(|| "new".to_owned()),
            blue: Some("a|b".to_owned()),
            green: (becomes != Becomes::Dropped).then(|| "c".to_owned()),
            becomes,
            why: why.to_owned(),
        };
        let fates =
            [fate("x", Becomes::Carried, ""), fate("old", Becomes::Renamed, "n"), fate("q", Becomes::Dropped, "gone")];
        assert_eq!(
            page(&fates),
            "# Parameters of green\n\n## The cluster's group\n\n| parameter | blue | green | why |\n\
             | --- | --- | --- | --- |\n\
             | q | a\\|b | – | dropped: gone |\n\
             | old → new | a\\|b | c | renamed: n |\n\
             | x | a\\|b | c | carried over |\n"
        );
    }
}
