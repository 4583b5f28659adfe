//! The one page at the end.

use std::fmt::Write;

use super::events::Story;
use super::figures::{Figures, Floor};
use crate::plane::Flip;
use crate::workload::{Compared, Record};

/// What a rehearsal found out.
pub(super) struct Findings {
    pub(super) story: Story,
    /// The exit codes that are expected.
    pub(super) ends: Vec<i64>,
    pub(super) flips: Vec<Flip>,
    pub(super) writer: Record,
    pub(super) figures: Figures,
    pub(super) compared: Vec<Compared>,
}

impl Findings {
    /// The upgrade ended as is expected, and where jobs have moved the sink is what the source is.
    pub(super) fn is_good(&self) -> bool {
        let compared = !self.story.moved_jobs(&self.ends) || !self.compared.is_empty();
        self.story.exit_code.is_some_and(|code| self.ends.contains(&code))
            && compared
            && self.compared.iter().all(Compared::is_equal)
    }

    /// One object on one line, for scripts.
    pub(super) fn json(&self) -> String {
        let lost: u64 = self.compared.iter().map(|c| c.missing + c.extra + c.different).sum();
        let steps: serde_json::Map<_, _> =
            self.story.steps.iter().map(|step| (step.id.clone(), step.seconds.into())).collect();
        serde_json::json!({
            "good": self.is_good(),
            "exit_code": self.story.exit_code,
            "error": self.story.error,
            "rows_compared": self.compared.iter().map(|c| c.rows).sum::<u64>(),
            "rows_lost_or_wrong": (!self.compared.is_empty()).then_some(lost),
            "changes": self.writer.changes,
            "figures": self.figures,
            "step_seconds": steps,
        })
        .to_string()
    }

    pub(super) fn page(&self) -> String {
        let mut page = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut page);
        page
    }

    fn write(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "Steps")?;
        for step in &self.story.steps {
            writeln!(page, "  {:<24} {:<10} {:>8.1} s", step.id, step.outcome, step.seconds)?;
        }
        writeln!(page, "Switchover")?;
        for Flip { frozen_at, flipped_at, open_at, coordinates, .. } in &self.flips {
            let (flip, open) = (flipped_at.saturating_sub(*frozen_at), open_at.saturating_sub(*frozen_at));
            line(page, "no writes", format!("endpoint moved after {flip} ms, open after {open} ms"))?;
            line(page, "coordinates, the server's", place(coordinates.as_ref()))?;
        }
        line(page, "coordinates, captured", place(self.story.coordinates().as_ref()))?;
        let figures = &self.figures;
        if let Some(gap) = figures.gap_of_application {
            line(page, "gap of the application", format!("{gap} ms"))?;
        }
        if let (Some(sent), Some(known)) = (figures.insert_sent, figures.job_known) {
            line(page, "INSERT of the last job", format!("{sent} ms after the flip, its id known after {known} ms"))?;
        }
        if let (Some(from_flip), Some(from_write)) = (figures.first_row, figures.written_to_row) {
            let value = format!("{from_flip} ms after the flip, {from_write} ms after it was written");
            line(page, "first new row in the sink", value)?;
        }
        if let Some(lasted) = figures.insert_to_row {
            line(page, "from INSERT to that row", format!("{lasted} ms"))?;
        }
        if let Some(Floor { insert_to_job, insert_to_row }) = figures.floor {
            let value = format!("{insert_to_row} ms from INSERT to a row, job id after {insert_to_job} ms");
            line(page, "floor, all staged", value)?;
        }
        writeln!(page, "Rows")?;
        line(page, "changed by the writer", self.writer.changes.to_string())?;
        for compared in &self.compared {
            let Compared { table, rows, missing, extra, different, examples } = compared;
            let value = format!("{rows} compared, {missing} missing, {extra} extra, {different} different");
            line(page, table, value)?;
            for example in examples {
                writeln!(page, "    {example}")?;
            }
        }
        let lost: u64 = self.compared.iter().map(|c| c.missing + c.extra + c.different).sum();
        match (&self.story.error, self.is_good()) {
            (Some(error), true) if self.compared.is_empty() => writeln!(page, "It stopped, as expected: {error}"),
            (_, true) => writeln!(page, "Rows lost: 0. The sink equals the source, row by row."),
            (Some(error), _) => writeln!(page, "The upgrade did not go through: {error}"),
            (None, _) if self.compared.is_empty() => writeln!(page, "Nothing could be compared."),
            (None, _) => writeln!(page, "Rows lost or wrong: {lost}"),
        }
    }
}

fn line(page: &mut String, name: &str, value: String) -> std::fmt::Result {
    writeln!(page, "  {name:<26} {value}")
}

fn place(coordinates: Option<&(String, u64)>) -> String {
    coordinates.map_or_else(|| "none".to_owned(), |(file, position)| format!("{file}:{position}"))
}
