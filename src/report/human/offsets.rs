//! Where the sources of CDC jobs stand, as a table.

use super::page::{Page, Role};
use crate::{
    event::Offset,
    report::{printable::one_line, words},
};

const HEADS: [&str; 8] = ["source", "phase", "file", "position", "skip events", "skip rows", "server id", "gtid set"];

pub(super) fn write(offsets: &[Offset], page: &mut Page) {
    if offsets.is_empty() {
        return;
    }
    page.gap();
    let rows = offsets.iter().map(cells).collect::<Vec<_>>();
    let widths = std::array::from_fn::<_, 8, _>(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([HEADS[column].len()]).max().unwrap_or_default()
    });
    row(&HEADS.map(str::to_owned), &widths, Role::Strong, page);
    for cells in &rows {
        row(cells, &widths, Role::Plain, page);
    }
}

fn row(cells: &[String; 8], widths: &[usize; 8], role: Role, page: &mut Page) {
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let blanks = width.saturating_sub(cell.chars().count());
        let number = (3..7).contains(&column);
        if number {
            page.blank(blanks).put(role, cell);
        } else {
            page.put(role, cell);
            // The last column is not padded.
            page.blank(if column == 7 { 0 } else { blanks });
        }
        page.blank(if column == 7 { 0 } else { 2 });
    }
    page.end();
}

fn cells(offset: &Offset) -> [String; 8] {
    [
        one_line(&offset.source),
        words::phase(offset.phase).to_owned(),
        one_line(&offset.file),
        offset.position.to_string(),
        offset.skip_events.to_string(),
        offset.skip_rows.to_string(),
        offset.server_id.map_or("none".to_owned(), |id| id.to_string()),
        offset.gtid_set.as_deref().map_or("none".to_owned(), one_line),
    ]
}
