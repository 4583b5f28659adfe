//! Rows of a source and a sink, compared through the mapping of types between them.

mod compared;
mod keys;
mod kind;
mod mapping;
mod prepared;
mod touched;

pub use compared::{Compared, Difference, Unequal, What};
pub use touched::{Carried, Pair, again, compare, compare_at_most};
