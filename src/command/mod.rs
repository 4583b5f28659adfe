//! One verb a file, and what all of them are wired with.

pub mod wiring;
