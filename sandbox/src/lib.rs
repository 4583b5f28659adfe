//! A pretend AWS region on one machine: the RDS API in front of real MySQL servers, and a real Flink beside them.
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
pub mod rehearsal;
pub mod serve;
pub mod workload;
