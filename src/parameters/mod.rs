//! Parameter groups across families: which group green gets, and which of blue's settings go with it.

mod groups;
mod mapping;

pub use groups::{Wanted, wanted};
pub use mapping::{Left, Mapping, at_creation, map, missing};
