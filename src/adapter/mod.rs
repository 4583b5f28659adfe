//! One file or folder per outside system. An adapter speaks its one protocol, keeps its time limits, and translates its
//! errors into kinds; it decides nothing.

pub mod clock;
pub mod files;
pub mod mysql;
pub mod rds;
pub mod secrets;
