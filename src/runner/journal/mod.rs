//! The journal: the only memory of a run.

mod file;
mod record;

pub use file::{Entry, Journal, Recovered, read};
pub use record::{Decision, Record, repeatable};
