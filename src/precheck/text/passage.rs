//! The pieces of SQL in a schema, each with what it is the text of.

use crate::{
    event::{Consequence, Level},
    port::{
        catalogue::{Program, Schema, StoredProgram, View},
        mysql,
    },
    precheck::{
        check::Hop,
        sql::{Mode, Text},
    },
};

/// One text and where it stands.
pub(super) struct Passage<'a> {
    pub(super) of: Of<'a>,
    /// `schema.name`, or `schema.table.column`.
    pub(super) object: String,
    /// The statement that shows it.
    pub(super) query: String,
    pub(super) text: Text<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Of<'a> {
    View(&'a View),
    Stored(&'a StoredProgram),
    /// The expression of a generated column, and whether a key has this column.
    Generated {
        indexed: bool,
    },
    /// The expression that is a column's default.
    Default,
}

impl Of<'_> {
    /// The beginning of a sentence.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::View(_) => "The view",
            Self::Stored(program) => match program.kind {
                Program::Procedure => "The procedure",
                Program::Function => "The function",
                Program::Trigger => "The trigger",
                Program::Event => "The event",
            },
            Self::Generated { .. } => "The generated column",
            Self::Default => "The default",
        }
    }

    /// What becomes of text that the newer server cannot parse.
    pub(super) fn unparsed(self) -> (Level, Consequence) {
        match self {
            Self::View(_) => (Level::Error, Consequence::BrokenAfterwards),
            Self::Stored(_) | Self::Generated { .. } | Self::Default => (Level::Error, Consequence::StopsTheUpgrade),
        }
    }

    /// What becomes of text that names something the newer server has not: stored programs are asked only when they run.
    pub(super) fn unknown(self, level: Level) -> (Level, Consequence) {
        match self {
            Self::View(_) | Self::Default => (Level::Error, Consequence::BrokenAfterwards),
            Self::Stored(_) => (level, Consequence::SilentUntilUsed),
            Self::Generated { .. } => (Level::Error, Consequence::StopsTheUpgrade),
        }
    }
}

/// All texts of a schema as the server after the upgrade will read them.
pub(super) fn of_schema<'a>(schema: &'a Schema, hop: &Hop) -> Vec<Passage<'a>> {
    let version = u32::from(hop.to.0) * 10_000 + u32::from(hop.to.1) * 100 + u32::from(hop.to.2);
    let plain = Mode::of("", version);
    let mut passages = Vec::new();
    for view in &schema.views {
        passages.push(Passage {
            of: Of::View(view),
            object: format!("{}.{}", schema.name, view.name),
            query: format!("SHOW CREATE VIEW {}", quoted(&[&schema.name, &view.name])),
            text: Text::new(&view.definition, plain),
        });
    }
    for program in &schema.programs {
        for bytes in [&program.signature, &program.body] {
            passages.push(Passage {
                of: Of::Stored(program),
                object: format!("{}.{}", schema.name, program.name),
                query: show(&schema.name, program),
                text: Text::new(bytes, Mode::of(&program.sql_mode, version)),
            });
        }
    }
    for table in &schema.tables {
        for column in &table.columns {
            let passage = |of, bytes: &'a [u8]| Passage {
                of,
                object: format!("{}.{}.{}", schema.name, table.name, column.name),
                query: format!("SHOW CREATE TABLE {}", quoted(&[&schema.name, &table.name])),
                text: Text::new(bytes, plain),
            };
            if let Some(expression) = &column.generation {
                let has = |part: &(Option<String>, _)| part.0.as_deref() == Some(&column.name);
                let indexed = table.indexes.iter().any(|index| index.parts.iter().any(has));
                passages.push(passage(Of::Generated { indexed }, expression));
            }
            let is_expression = column.extra.to_ascii_uppercase().contains("DEFAULT_GENERATED");
            if let Some(default) = column.default.as_ref().filter(|_| is_expression) {
                passages.push(passage(Of::Default, default));
            }
        }
    }
    passages
}

/// The statement that shows a stored program.
pub(super) fn show(schema: &str, program: &StoredProgram) -> String {
    format!("SHOW CREATE {} {}", program.kind.word(), quoted(&[schema, &program.name]))
}

/// A name of several parts, each in back-ticks.
pub(super) fn quoted(parts: &[&str]) -> String {
    parts.iter().map(|part| mysql::quoted(part)).collect::<Vec<_>>().join(".")
}
