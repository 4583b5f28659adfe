//! The model of RDS, on virtual time.
#![allow(clippy::unwrap_used, reason = "a scene that cannot be set ends the test")]
mod events;
mod faults;
mod guardrails;
mod life;
mod parameters;
mod scene;
