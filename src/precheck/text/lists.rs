//! What changes with releases: words, functions, statements, tables and variables, from the files in `lists/`.

use std::{collections::HashMap, sync::LazyLock};

use crate::{port::catalogue::Release, precheck::check::Hop};

/// Something the server had and has no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) removed_in: Release,
    /// What stands for it now; empty where nothing does.
    pub(super) instead: &'static str,
}

impl Gone {
    pub(super) fn is_lost(&self, hop: &Hop) -> bool {
        hop.crosses(self.removed_in)
    }

    /// ` (NAME is there instead)`, or nothing.
    pub(super) fn hint(&self) -> String {
        if self.instead.is_empty() { String::new() } else { format!(" ({} is there instead)", self.instead) }
    }
}

/// A function of the server that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) gone: Gone,
    /// The newer server does not even parse a call of it.
    pub(super) is_syntax: bool,
}

/// When a word is reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reserved {
    from: Release,
    freed: Option<Release>,
}

/// Words one after the other; each place knows the ones that may stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) words: Vec<Vec<&'static str>>,
    pub(super) gone: Gone,
}

impl Statement {
    /// The first of the words that may stand in each place.
    pub(super) fn title(&self) -> String {
        let words: Vec<_> =
            self.words.iter().filter_map(|place| place.first()).filter(|word| **word != "(").copied().collect();
        words.join(" ")
    }
}

static WORDS: LazyLock<HashMap<&str, Reserved>> = LazyLock::new(|| {
    rows(include_str!("lists/words.csv"))
        .map(|[word, from, freed]| (word, Reserved { from: release(from), freed: later(freed) }))
        .collect()
});

static FUNCTIONS: LazyLock<HashMap<&str, Function>> = LazyLock::new(|| {
    rows(include_str!("lists/functions.csv"))
        .map(|[name, removed_in, instead, taken_as]| {
            (
                name,
                Function { gone: Gone { removed_in: release(removed_in), instead }, is_syntax: taken_as == "syntax" },
            )
        })
        .collect()
});

static STATEMENTS: LazyLock<Vec<Statement>> = LazyLock::new(|| {
    rows(include_str!("lists/statements.csv"))
        .map(|[words, removed_in, instead]| Statement {
            words: words.split(' ').map(|place| place.split('|').collect()).collect(),
            gone: Gone { removed_in: release(removed_in), instead },
        })
        .collect()
});

static TABLES: LazyLock<HashMap<(String, String), Gone>> = LazyLock::new(|| {
    rows(include_str!("lists/tables.csv"))
        .map(|[schema, name, removed_in, instead]| {
            (
                (schema.to_ascii_lowercase(), name.to_ascii_lowercase()),
                Gone { removed_in: release(removed_in), instead },
            )
        })
        .collect()
});

static VARIABLES: LazyLock<HashMap<&str, Gone>> = LazyLock::new(|| {
    rows(include_str!("lists/variables.csv"))
        .map(|[name, removed_in, instead]| (name, Gone { removed_in: release(removed_in), instead }))
        .collect()
});

/// Whether a word, in upper case, that may name things today is reserved after the upgrade.
pub(super) fn becomes_reserved(word: &str, hop: &Hop) -> bool {
    WORDS.get(word).is_some_and(|word| hop.crosses(word.from) && word.freed.is_none_or(|freed| hop.to < freed))
}

/// A function, by its name in upper case, that the upgrade takes away.
pub(super) fn lost_function(name: &str, hop: &Hop) -> Option<&'static Function> {
    FUNCTIONS.get(name).filter(|function| function.gone.is_lost(hop))
}

/// Statements that the upgrade takes away.
pub(super) fn lost_statements(hop: &Hop) -> impl Iterator<Item = &'static Statement> {
    STATEMENTS.iter().filter(move |statement| statement.gone.is_lost(hop))
}

/// A table of the server's own that the upgrade takes away.
pub(super) fn lost_table(schema: &str, name: &str, hop: &Hop) -> Option<&'static Gone> {
    TABLES.get(&(schema.to_ascii_lowercase(), name.to_ascii_lowercase())).filter(|gone| gone.is_lost(hop))
}

/// A system variable that the upgrade takes away.
pub(super) fn lost_variable(name: &str, hop: &Hop) -> Option<&'static Gone> {
    VARIABLES.get(name.to_ascii_lowercase().as_str()).filter(|gone| gone.is_lost(hop))
}

/// The rows of a file with `N` columns, below its comment and its head.
fn rows<const N: usize>(file: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    file.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| {
        let mut fields = line.split(',');
        let row = std::array::from_fn(|_| fields.next().expect("each row of a list has all its columns"));
        assert!(fields.next().is_none(), "no row of a list has more columns than its head");
        row
    })
}

fn later(text: &str) -> Option<Release> {
    (!text.is_empty()).then(|| release(text))
}

fn release(text: &str) -> Release {
    let mut numbers = text.split('.').map(|number| number.parse().expect("a release in a list is three numbers"));
    let mut next = || numbers.next().expect("a release in a list is three numbers");
    Release(next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(from: Release, to: Release) -> Hop {
        Hop { from, to, aurora: false }
    }

    #[test]
    fn every_row_of_every_list_is_read() {
        assert!(WORDS.len() >= 35 && FUNCTIONS.len() >= 75 && STATEMENTS.len() >= 17);
        assert!(TABLES.len() >= 19 && VARIABLES.len() >= 90);
    }

    #[test]
    fn a_word_counts_only_while_it_is_reserved() {
        let (old, eight, four) = (Release(5, 7, 44), Release(8, 0, 39), Release(8, 4, 7));
        for word in ["RANK", "GROUPS", "SYSTEM", "LATERAL", "INTERSECT", "FUNCTION"] {
            assert!(becomes_reserved(word, &hop(old, eight)), "{word}");
            assert!(
                !becomes_reserved(word, &hop(eight, four)) || word == "INTERSECT" && eight < Release(8, 0, 31),
                "{word}"
            );
        }
        for word in ["ADMIN", "ARRAY", "MEMBER", "PERSIST", "PERSIST_ONLY", "FULL", "QUALIFY", "ORDERS"] {
            assert!(!becomes_reserved(word, &hop(old, eight)), "{word}");
        }
        assert!(becomes_reserved("PERSIST", &hop(old, Release(8, 0, 15))));
        assert!(!becomes_reserved("LATERAL", &hop(old, Release(8, 0, 13))));
        for word in ["QUALIFY", "TABLESAMPLE", "MANUAL", "PARALLEL"] {
            assert!(becomes_reserved(word, &hop(eight, four)), "{word}");
        }
        for word in ["QUALIFY", "TABLESAMPLE", "LIBRARY", "EXTERNAL"] {
            assert!(becomes_reserved(word, &hop(eight, Release(9, 7, 4))), "{word}");
        }
        for word in ["MANUAL", "PARALLEL", "SETS"] {
            assert!(!becomes_reserved(word, &hop(eight, Release(9, 7, 4))), "{word}");
        }
        assert!(becomes_reserved("SETS", &hop(four, Release(9, 6, 0))));
    }

    #[test]
    fn what_is_gone_is_gone_from_its_release_on() {
        let (old, eight) = (Release(5, 7, 44), Release(8, 0, 39));
        assert!(lost_function("ENCODE", &hop(old, eight)).is_some_and(|function| !function.is_syntax));
        assert!(lost_function("PASSWORD", &hop(old, eight)).is_some_and(|function| function.is_syntax));
        assert!(lost_function("MD5", &hop(old, eight)).is_none());
        assert!(lost_function("MD5", &hop(Release(8, 4, 0), Release(9, 7, 4))).is_some());
        assert!(lost_table("INFORMATION_SCHEMA", "Global_Status", &hop(old, eight)).is_some());
        assert!(lost_table("shop", "global_status", &hop(old, eight)).is_none());
        assert!(lost_variable("TX_ISOLATION", &hop(old, eight)).is_some());
        assert!(lost_variable("tx_isolation", &hop(eight, Release(8, 4, 0))).is_none());
        assert_eq!(lost_statements(&hop(eight, Release(8, 4, 0))).count(), 11);
    }
}
