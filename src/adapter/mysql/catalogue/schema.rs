//! One schema, put together from its parts in whatever order they come.

use std::collections::HashMap;

use super::{
    asking::Asking,
    comments::{self, Cut, Warnings},
    foreign,
    innodb::Innodb,
    partitions, programs, tables,
    tables::ByTable,
    views::{self, Definitions},
};
use crate::{
    error::Result,
    port::catalogue::{Column, InnodbTable, Schema, StoredProgram, Table, Unread, View},
};

/// What is asked of a schema in one statement (of routines: two). The longest come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Columns,
    Indexes,
    Tables,
    Triggers,
    Views,
    Routines,
    Events,
}

impl Part {
    pub(super) const ALL: [Self; 7] =
        [Self::Columns, Self::Indexes, Self::Tables, Self::Triggers, Self::Views, Self::Routines, Self::Events];

    /// As it is called where it could not be read.
    fn word(self) -> &'static str {
        match self {
            Self::Columns => "COLUMNS",
            Self::Indexes => "STATISTICS",
            Self::Tables => "TABLES",
            Self::Triggers => "TRIGGERS",
            Self::Views => "VIEWS",
            Self::Routines => "ROUTINES",
            Self::Events => "EVENTS",
        }
    }
}

/// The parts that have come.
#[derive(Debug)]
pub(super) struct Parts {
    name: String,
    charset: String,
    collation: String,
    tables: Vec<Table>,
    views: Vec<View>,
    columns: ByTable<(u32, Column)>,
    indexes: ByTable<tables::Part>,
    definitions: Definitions,
    programs: Vec<StoredProgram>,
    unread: Vec<Unread>,
    cut: Cut,
    /// What was said while the columns were listed, of views above all; `None` where they could not be.
    said: Option<Vec<String>>,
    missing: usize,
}

/// What one statement has brought.
#[derive(Debug)]
pub(super) enum Piece {
    Columns(ByTable<(u32, Column)>),
    Indexes(ByTable<tables::Part>),
    Tables(Vec<Table>, Vec<View>),
    Views(Definitions),
    Programs(Vec<StoredProgram>),
    Unread(Unread),
}

/// Asks for one part; with it, what the server had to say.
pub(super) async fn read(
    asking: &mut Asking<'_>,
    part: Part,
    schema: &str,
    with_row_format: bool,
) -> Result<(Piece, Warnings)> {
    let found = match part {
        Part::Columns => {
            tables::columns(asking, schema).await?.map(|(found, warnings)| (Piece::Columns(found), warnings))
        }
        Part::Indexes => {
            tables::indexes(asking, schema).await?.map(|(found, warnings)| (Piece::Indexes(found), warnings))
        }
        Part::Tables => tables::tables(asking, schema, with_row_format)
            .await?
            .map(|((tables, views), warnings)| (Piece::Tables(tables, views), warnings)),
        Part::Views => views::views(asking, schema).await?.map(|(found, _)| (Piece::Views(found), 0)),
        Part::Triggers => programs::triggers(asking, schema).await?.map(|found| (Piece::Programs(found), 0)),
        Part::Routines => programs::routines(asking, schema).await?.map(|found| (Piece::Programs(found), 0)),
        Part::Events => programs::events(asking, schema).await?.map(|found| (Piece::Programs(found), 0)),
    };
    Ok(match found {
        Ok((piece, 0)) => (piece, Warnings::default()),
        Ok((piece, _)) => (piece, comments::warnings(asking).await?),
        Err(refusal) => (Piece::Unread(refusal.unread(part.word(), Some(schema))), Warnings::default()),
    })
}

impl Parts {
    pub(super) fn of(name: String, charset: String, collation: String) -> Self {
        Self {
            name,
            charset,
            collation,
            tables: Vec::new(),
            views: Vec::new(),
            columns: ByTable::default(),
            indexes: ByTable::default(),
            definitions: Definitions::new(),
            programs: Vec::new(),
            unread: Vec::new(),
            cut: Cut::NONE,
            said: None,
            missing: Part::ALL.len(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether that was the last one.
    pub(super) fn add(&mut self, piece: Piece, warnings: Warnings) -> bool {
        let Warnings { cut, others } = warnings;
        match piece {
            Piece::Columns(columns) => (self.columns, self.cut.columns, self.said) = (columns, cut, Some(others)),
            Piece::Indexes(indexes) => (self.indexes, self.cut.indexes) = (indexes, cut),
            Piece::Tables(tables, views) => (self.tables, self.views, self.cut.tables) = (tables, views, cut),
            Piece::Views(definitions) => self.definitions = definitions,
            Piece::Programs(programs) => self.programs.extend(programs),
            Piece::Unread(unread) => self.unread.push(unread),
        }
        self.missing -= 1;
        self.missing == 0
    }

    /// Joins the parts, and asks for what only now is known to be needed.
    pub(super) async fn whole(mut self, asking: &mut Asking<'_>, innodb: Held) -> Result<Schema> {
        let Held { tables: mut in_innodb, mut keys, tells_orphans } = innodb;
        for table in &mut self.tables {
            let mut columns = self.columns.take(&table.name);
            columns.sort_by_key(|(position, _)| *position);
            table.columns = columns.into_iter().map(|(_, column)| column).collect();
            table.indexes = tables::joined(self.indexes.take(&table.name));
            table.foreign_keys = keys.remove(&table.name).unwrap_or_default();
            table.innodb = in_innodb.remove(&table.name);
            if table.row_format.is_empty()
                && let Some(innodb) = &table.innodb
            {
                table.row_format.clone_from(&innodb.row_format);
            }
        }
        for view in &mut self.views {
            let mut columns = self.columns.take(&view.name);
            columns.sort_by_key(|(position, _)| *position);
            view.columns = columns.into_iter().map(|(_, column)| column.name).collect();
            if let Some((definer, definition)) = self.definitions.remove(&view.name) {
                (view.definer, view.definition) = (definer, definition);
            }
            // On 5.7 only what opens a view tells that it is broken, and has no columns of it.
            if let Some(said) = self.said.as_ref().filter(|_| view.broken.is_none() && view.columns.is_empty()) {
                let own = format!("'{}.{}'", self.name, view.name);
                let told = said.iter().find(|text| text.contains(&own)).or_else(|| said.first());
                view.broken = Some(told.map_or_else(|| "The server lists no columns of it".to_owned(), String::clone));
            }
        }
        if let Err(refusal) = partitions::add(asking, &self.name, &mut self.tables).await? {
            self.unread.push(refusal.unread("PARTITIONS", Some(&self.name)));
        }
        foreign::judge(asking, &self.name, &mut self.tables, &mut self.unread).await?;
        comments::mark(asking, &self.name, &mut self.tables, self.cut).await?;
        // Where the server's tables could not be listed, all of InnoDB's would look left over.
        let listed = !self.unread.iter().any(|unread| unread.what == Part::Tables.word());
        let mut only_in_innodb: Vec<String> =
            if tells_orphans && listed { in_innodb.into_keys().collect() } else { Vec::new() };
        only_in_innodb.sort_unstable();
        Ok(Schema {
            name: self.name,
            charset: self.charset,
            collation: self.collation,
            tables: self.tables,
            views: self.views,
            programs: self.programs,
            only_in_innodb,
            unread: self.unread,
        })
    }
}

/// What InnoDB has of one schema.
#[derive(Debug)]
pub(super) struct Held {
    tables: HashMap<String, InnodbTable>,
    keys: HashMap<String, Vec<crate::port::catalogue::ForeignKey>>,
    tells_orphans: bool,
}

impl Held {
    pub(super) fn of(innodb: &mut Innodb, schema: &str) -> Self {
        Self {
            tables: innodb.take(schema),
            keys: innodb.keys.remove(schema).unwrap_or_default(),
            tells_orphans: innodb.has_own_tables,
        }
    }
}
