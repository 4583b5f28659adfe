//! Wiring and verbs.
pub mod wiring;
