//! A real Flink: JobManager, TaskManager, SQL Gateway, and a small client of their REST interfaces.
mod cluster;
mod gateway;
mod script;

pub use cluster::{Cluster, Flink, wait_until_ready};
pub use gateway::Client;
pub use script::{fill, statements};
