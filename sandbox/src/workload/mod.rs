//! An application that never stops writing, and a comparison of what it wrote with what arrived.
mod compare;
mod rows;
mod writer;

pub use compare::{Compared, compare};
pub use rows::{Table, create_tables, insert_first_rows, insert_marker};
pub use writer::{FIRST_OF_WRITER, Gap, Record, Workload};
