//! One file or folder for each outside system. Only adapters translate what an SDK or a driver says into error kinds.

mod ca_file;
pub mod clock;
pub mod files;
pub mod flink;
pub mod mysql;
pub mod rds;
pub mod secrets;
