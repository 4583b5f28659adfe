//! The RDS adapter: what it makes of answers, and of everything that is none, told by a scripted server on loopback.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be, helpers too")]

mod answers;
mod logs;
mod reads;
mod script;
mod writes;
