//! The checks of structure on real servers: what they find, and what the upgrade in place does with it.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be, helpers too")]

mod files;
#[path = "../support/in_place.rs"]
mod in_place;
mod planted;
mod reading;
mod stops;

use in_place::{Bench, Outcome, Trial};
