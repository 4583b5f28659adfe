//! How the values of two columns go into the hashes of their rows, so that the same value gives the same hash.

use super::{kind::Kind, mapping::Mapping};
use crate::port::{
    rows::{Hashed, Part},
    tables::{Column, Form},
};

/// The two columns, the source's first.
///
/// # Errors
/// Why their hashes cannot be the same, as the end of a sentence; row by row they can be compared.
pub(super) fn hashed(source: &Column, sink: &Column, mapping: &Mapping) -> Result<(Hashed, Hashed), String> {
    let (from, to) = (Kind::of(&source.kind), Kind::of(&sink.kind));
    let (one, other) = parts((source, &from), (sink, &to), mapping)?;
    let nullable = source.nullable || sink.nullable;
    let is_free = |column: &Column, kind: &Kind| match kind {
        Kind::Text | Kind::Filled(_) | Kind::Bytes | Kind::Json | Kind::Other(_) => true,
        Kind::Label => column.kind.contains('#'),
        _ => false,
    };
    let free = is_free(source, &from) || is_free(sink, &to);
    let hashed = |column: &Column, part| Hashed { column: column.name.clone(), part, nullable, free };
    Ok((hashed(source, one), hashed(sink, other)))
}

fn parts(
    (source, from): (&Column, &Kind),
    (sink, to): (&Column, &Kind),
    mapping: &Mapping,
) -> Result<(Part, Part), String> {
    let same = |part: Part| Ok((part, part));
    let wide = |column: &Column, decimal: bool| Part::Wide { signed: !is_unsigned(column), decimal };
    match (from, to) {
        (Kind::Integer(has), Kind::Integer(holds)) if *has <= 32 && *holds <= 32 => same(Part::Narrow),
        (Kind::Integer(_), Kind::Integer(_)) => Ok((wide(source, false), wide(sink, false))),
        (Kind::Integer(_), Kind::Decimal(0)) => {
            Ok((wide(source, false), Part::Wide { signed: !is_unsigned(source), decimal: true }))
        }
        (Kind::Decimal(0), Kind::Integer(_)) => {
            Ok((Part::Wide { signed: !is_unsigned(sink), decimal: true }, wide(sink, false)))
        }
        (Kind::Integer(_), Kind::Decimal(scale)) => same(Part::Decimal(*scale)),
        (Kind::Decimal(has), Kind::Decimal(holds)) if has == holds && !is_filled(source) && !is_filled(sink) => {
            same(Part::Written)
        }
        (Kind::Decimal(_), Kind::Decimal(holds)) => same(Part::Decimal(*holds)),
        (Kind::Float, Kind::Double) => {
            Err(format!("{} in {}: connectors tell it with six digits or with all of them", source.kind, sink.kind))
        }
        (Kind::Text | Kind::Label, Kind::Text | Kind::Label) => Ok((text(source), text(sink))),
        (Kind::Filled(_), Kind::Filled(_)) | (Kind::Bytes, Kind::Bytes) if mapping.source == Form::Bytes => {
            same(Part::Written)
        }
        (Kind::Text, Kind::Bytes) => Ok((Part::Shown(Form::Bytes), Part::Written)),
        (Kind::Date, Kind::Date) => same(Part::Written),
        (Kind::Moment { fraction: has, .. }, Kind::Moment { fraction: holds, .. })
        | (Kind::Span(has), Kind::Span(holds))
            if has == holds =>
        {
            same(Part::Written)
        }
        _ => Ok((Part::Shown(mapping.source), Part::Shown(mapping.sink))),
    }
}

/// UTF-8 is compared as it stands.
fn text(column: &Column) -> Part {
    match column.charset.as_deref() {
        Some("utf8mb4" | "utf8mb3" | "utf8" | "ascii") => Part::Written,
        _ => Part::Shown(Form::Text),
    }
}

fn is_unsigned(column: &Column) -> bool {
    let kind = column.kind.to_ascii_lowercase();
    kind.contains("unsigned") || kind.contains("zerofill") || kind.starts_with("year")
}

fn is_filled(column: &Column) -> bool {
    column.kind.to_ascii_lowercase().contains("zerofill")
}
