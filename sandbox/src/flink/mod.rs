//! A real Flink: JobManager, TaskManager, SQL Gateway, and a small client of their REST interfaces.
mod cluster;
mod gateway;
mod proxy;
mod script;

pub use cluster::{Cluster, Flink, wait_until_ready};
pub use gateway::{Client, Staged};
pub use proxy::{INSERTS, Insert, Proxy};
pub use script::{fill, statements};
