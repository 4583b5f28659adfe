//! The journal: the only memory of a run.

mod file;
mod line;
mod record;
mod store;

pub use file::{Entry, Journal, Recovered, read};
pub use line::is_newer;
pub use record::{Decision, Record, repeatable};
pub use store::Store;
