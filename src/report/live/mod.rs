//! Reporters that speak while it happens.
//!
//! Data, what the verb was asked for, goes to `out`; how it goes on goes to `err`. A reporter never fails a run: the
//! journal is the record, and a closed pipe only ends the showing.

mod cadence;
mod collected;
mod human;
mod json;
mod lines;
mod spinner;

use std::io::Write;

pub use collected::{Annotations, Collected, Fan};

use crate::event::Observer;

/// What a live reporter writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Lines on `err` as it goes, the result on `out` at the end.
    Human,
    /// JSON lines on `out`, nothing else there.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only warnings, errors and the result.
    Quiet,
    Normal,
    /// Also every operation, and every progress event.
    Verbose,
}

/// Where and how a live reporter shows. The caller knows the terminal; the report never looks.
pub struct Options {
    /// Colour on `out`.
    pub color_out: bool,
    /// Colour on `err`.
    pub color_err: bool,
    /// Whether the process's stderr is a terminal and `err` writes to it: a spinner is drawn there.
    pub tty: bool,
    pub verbosity: Verbosity,
    pub out: Box<dyn Write + Send>,
    pub err: Box<dyn Write + Send>,
}

/// A reporter of this kind. It closes, and writes the result, at `run_finished` or when it is dropped.
pub fn live(kind: Kind, options: Options) -> Box<dyn Observer> {
    match kind {
        Kind::Human => Box::new(human::Human::new(options)),
        Kind::Json => Box::new(json::Json::new(options.out)),
    }
}
