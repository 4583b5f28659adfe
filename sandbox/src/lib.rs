//! A pretend AWS region on one machine: the RDS API, real MySQL servers with real replication, and a real Flink.

pub mod address;
pub mod api;
pub mod clock;
pub mod endpoint;
pub mod error;
pub mod flink;
pub mod mysqld;
pub mod parts;
pub mod place;
pub mod plane;
pub mod process;
pub mod region;
pub mod workload;
