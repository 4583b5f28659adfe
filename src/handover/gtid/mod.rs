//! GTID sets: their algebra, the set that stands for a place, and whether a job's own set can be gone on from.

mod complete;
mod restore;
mod set;

pub use complete::complete_set;
pub use restore::restorable;
pub use set::{GtidSet, Malformed};
