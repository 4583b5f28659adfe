//! An application that never stops writing, and a comparison of what it wrote with what arrived.
mod burst;
mod compare;
mod rows;
mod writer;

pub use burst::burst;
pub use compare::{Compared, compare};
pub use rows::{FIRST_PLANTED, Table, create_tables, insert_between, insert_first_rows, insert_marker};
pub use writer::{FIRST_OF_WRITER, Gap, Held, Record, Workload};
