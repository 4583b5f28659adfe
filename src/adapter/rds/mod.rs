//! RDS through the unmodified `aws-sdk-rds`: [`Reader`] asks, [`Writer`] changes, both over one [`Connection`].
//!
//! The SDK's own retries are off everywhere. A read rides out trouble here (`ride_out`); a write is sent once, and what
//! became of it is told from what was put on the wire and what came back (`failure`).

mod connection;
mod convert;
mod errors;
mod failure;
mod logs;
mod read;
mod ride_out;
mod wire;
mod write;

pub use connection::{Connection, Limits};
pub use read::Reader;
pub use write::Writer;
