//! The catalogues of real servers as the prechecks get them.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be, helpers too")]

mod bench;
mod broken;
mod many;
mod parts;
mod world;
