//! Text → typed playbook. Every error of a file is told at once, with its place.
//!
//! The text becomes a tree of nodes with places (`tree`), the tree is held against one table of keys (`keys`, `kinds`) that
//! also makes the JSON Schema, and what fits becomes the typed model. Secrets never appear in a message (`mask`).

mod check;
mod decode;
mod duration;
mod form;
mod input;
mod keys;
mod kinds;
mod load;
mod mask;
mod model;
mod problem;
mod schema;
mod steps;
mod tree;

pub use duration::duration_text;
pub use input::{changed_key, step_input};
pub use load::{Loaded, load, parse};
pub use model::*;
pub use problem::{Problem, Problems};
pub use schema::{schema, schema_text};
