//! One file per kind of step. A step observes and decides; the engine does.

mod any;
pub mod approve;
pub mod capture_coordinates;
pub mod clean_up;
mod contract;
pub mod create_blue_green;
mod family;
pub mod reboot_green;
pub mod switchover;
pub mod sync_parameter_group;
mod target;

pub use any::{AnyStep, Turn};
pub use contract::{
    Attempt, Attempts, Done, Fate, Known, Next, Operation, Outline, Performed, Policy, Read, Step, Write,
};
