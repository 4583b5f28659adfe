//! Rows of a source and a sink, compared through the mapping of types between them.

mod chunks;
mod compared;
mod hashed;
mod keys;
mod kind;
mod mapping;
mod mending;
mod narrow;
mod pass;
mod prepared;
mod touched;
mod walks;
mod whole;

pub use compared::{Compared, Difference, Unequal, What};
pub use pass::{Limits, Progress};
pub use touched::{Carried, Pair, again, compare, compare_at_most};
pub use whole::{Advanced, advance, unequal};
