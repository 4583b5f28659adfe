//! One file per kind of step. A step observes and decides; the engine does.

mod any;
mod contract;

pub use any::{AnyStep, Turn};
pub use contract::{
    Attempt, Attempts, Done, Fate, Known, Next, Operation, Outline, Performed, Policy, Read, Step, Write,
};
