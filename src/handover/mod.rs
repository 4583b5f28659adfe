//! The CDC science.

pub mod coordinates;
