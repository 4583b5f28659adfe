//! A pretend AWS region on one machine.
pub mod region;
