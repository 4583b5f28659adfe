//! Parameter groups across families: which groups green gets, what becomes of each parameter of blue, and whether green
//! really runs with it. What changed between versions stands in the `.csv` files beside.

mod defaults;
mod fate;
mod groups;
mod mapping;
mod page;
mod renamed;
mod running;
#[cfg(test)]
mod tests;
mod translate;
mod value;

pub use fate::{Becomes, Fate};
pub use groups::{Wanted, wanted};
pub use mapping::{From, Mapping, Pin, To, Wish, at_creation, has_place, map, missing, same_name};
pub use page::{COLUMNS, page, rows};
pub use running::{Differs, differences};
