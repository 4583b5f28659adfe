//! Text → typed playbook. Every error of a file is told at once, with its place.

mod model;

pub use model::*;
