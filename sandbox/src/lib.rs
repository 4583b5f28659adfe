//! A pretend AWS region on one machine.
pub mod api;
pub mod region;
