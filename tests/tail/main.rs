//! Binary logs of real servers, and positions translated from one to the other.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be, helpers too")]

mod gtid;
mod reading;
mod translating;
mod world;
