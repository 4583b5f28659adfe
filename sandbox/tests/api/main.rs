//! The API, asked by the unmodified SDK.
#![allow(clippy::unwrap_used, reason = "a world that cannot be made ends the test")]
mod faults;
mod groups;
mod life;
mod world;
