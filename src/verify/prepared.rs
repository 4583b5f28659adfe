//! A pair as both servers describe its tables: what is read of each, and by which key.

use std::fmt::Write as _;

use super::{
    compared::Compared,
    hashed::hashed,
    kind::Kind,
    mapping::{self, Mapping},
    touched::{Carried, Pair},
};
use crate::port::{
    rows::Hashed,
    tables::{Column, KeyColumn, KeyForm, Shown, Table},
};

/// Ready to be read.
pub(super) struct Prepared<'a> {
    pub(super) pair: &'a Pair,
    /// Columns of the source's table.
    pub(super) source_width: usize,
    /// Where the columns of its key stand in it.
    pub(super) source_places: Vec<usize>,
    pub(super) source_key: Vec<KeyColumn>,
    pub(super) sink_key: Vec<KeyColumn>,
    /// What the sink's key is made of, in its order.
    pub(super) sink_parts: Vec<KeyPart>,
    pub(super) source_shown: Vec<Shown>,
    pub(super) sink_shown: Vec<Shown>,
    pub(super) mappings: Vec<Mapping>,
    /// The same columns as they go into hashes, the source's first.
    pub(super) hashed: Vec<(Hashed, Hashed)>,
    /// Columns that have no hash in common, and why.
    pub(super) unhashed: Vec<(String, String)>,
    /// Columns of the source's primary key in its order.
    pub(super) source_order: Vec<String>,
}

pub(super) enum KeyPart {
    /// A place in the source's key.
    Of(usize),
    /// A literal.
    Constant(String),
}

impl<'a> Prepared<'a> {
    /// Names each column that cannot be compared.
    ///
    /// # Errors
    /// Why no row of the pair can be, as the end of a sentence.
    pub(super) fn of(pair: &'a Pair, source: &Table, sink: &Table, compared: &mut Compared) -> Result<Self, String> {
        let mut prepared = Self::nothing(pair, source);
        prepared.keys(source, sink)?;
        prepared.columns(source, sink, compared);
        Ok(prepared)
    }

    /// The same for a pair of which one has no primary key: its rows are compared all together.
    pub(super) fn keyless(pair: &'a Pair, source: &Table, sink: &Table, compared: &mut Compared) -> Self {
        let mut prepared = Self::nothing(pair, source);
        prepared.columns(source, sink, compared);
        prepared
    }

    fn nothing(pair: &'a Pair, source: &Table) -> Self {
        Self {
            pair,
            source_width: source.columns.len(),
            source_places: Vec::new(),
            source_key: Vec::new(),
            sink_key: Vec::new(),
            sink_parts: Vec::new(),
            source_shown: Vec::new(),
            sink_shown: Vec::new(),
            mappings: Vec::new(),
            hashed: Vec::new(),
            unhashed: Vec::new(),
            source_order: source.primary_key.clone(),
        }
    }

    fn columns(&mut self, source: &Table, sink: &Table, compared: &mut Compared) {
        for (carried, name) in &self.pair.columns {
            let named = format!("{}.{name}", self.pair.sink_name());
            let of = match carried {
                Carried::Column(column) => find(source, column),
                // By its key a row is looked up, so that it has the value.
                Carried::Constant(_) if sink.primary_key.iter().any(|key| key.eq_ignore_ascii_case(name)) => continue,
                Carried::Constant(text) => {
                    compared.leave_out(named, format!("the job writes the constant {text}"));
                    continue;
                }
            };
            let (Some((_, from)), Some((_, into))) = (of, find(sink, name)) else {
                compared.leave_out(named, "one of the two tables has no column of that name");
                continue;
            };
            match Mapping::of(from, into, self.pair.zone.as_deref()) {
                Ok(mapping) => {
                    match hashed(from, into, &mapping) {
                        Ok(both) => self.hashed.push(both),
                        Err(why) => self.unhashed.push((named, why)),
                    }
                    self.source_shown.push(Shown { column: from.name.clone(), form: mapping.source });
                    self.sink_shown.push(Shown { column: into.name.clone(), form: mapping.sink });
                    self.mappings.push(mapping);
                }
                Err(why) => compared.leave_out(named, why),
            }
        }
    }

    fn keys(&mut self, source: &Table, sink: &Table) -> Result<(), String> {
        if sink.primary_key.is_empty() {
            return Err("it has no primary key by which rows could be looked up".to_owned());
        }
        if source.primary_key.is_empty() {
            return Err(format!("{}.{} has no primary key", source.schema, source.name));
        }
        for name in &sink.primary_key {
            let carried = self.pair.columns.iter().find(|(_, into)| into.eq_ignore_ascii_case(name));
            let Some((_, into)) = find(sink, name) else { return Err(format!("its key column {name} is not seen")) };
            let from = match carried {
                None => return Err(format!("its key column {name} is no plain column of the source")),
                Some((Carried::Constant(text), _)) => {
                    self.sink_parts.push(KeyPart::Constant(literal(text)));
                    self.sink_key.push(key_column(into, sink));
                    continue;
                }
                Some((Carried::Column(column), _)) => find(source, column),
            };
            let Some((place, from)) = from else {
                return Err(format!("the source has no column for its key column {name}"));
            };
            mapping::key(from, into)?;
            self.sink_parts.push(KeyPart::Of(self.source_key.len()));
            self.sink_key.push(key_column(into, sink));
            self.source_places.push(place);
            self.source_key.push(key_column(from, source));
        }
        let has = |name: &String| self.source_key.iter().any(|key| key.column.eq_ignore_ascii_case(name));
        match source.primary_key.iter().find(|name| !has(name)) {
            Some(lacks) => Err(format!("its key lacks {lacks} of the source's: one row there may be several here")),
            None => Ok(()),
        }
    }
}

fn find<'t>(table: &'t Table, name: &str) -> Option<(usize, &'t Column)> {
    table.columns.iter().enumerate().find(|(_, column)| column.name.eq_ignore_ascii_case(name))
}

fn key_column(column: &Column, table: &Table) -> KeyColumn {
    let form = match Kind::of(&column.kind) {
        Kind::Integer(_) | Kind::Decimal(_) => KeyForm::Number,
        Kind::Text => match (&column.charset, &column.collation) {
            (Some(charset), Some(collation)) => {
                KeyForm::Text { charset: charset.clone(), collation: collation.clone() }
            }
            _ => KeyForm::Other,
        },
        Kind::Filled(_) | Kind::Bytes => KeyForm::Bytes,
        Kind::Date => KeyForm::Date,
        Kind::Moment { instant: false, .. } => KeyForm::Moment,
        Kind::Moment { instant: true, .. } => KeyForm::Instant,
        Kind::Bit(_) | Kind::Float | Kind::Double | Kind::Label | Kind::Json | Kind::Span(_) | Kind::Other(_) => {
            KeyForm::Other
        }
    };
    let primary = table.primary_key.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
    KeyColumn { column: column.name.clone(), form, primary }
}

/// Text by its bytes.
pub(super) fn literal(text: &str) -> String {
    let mut literal = "_utf8mb4 X'".to_owned();
    for byte in text.bytes() {
        // Writing to a string cannot fail.
        let _ = write!(literal, "{byte:02X}");
    }
    literal.push('\'');
    literal
}
