//! The region behind the real RDS query protocol, for an unmodified SDK.
//!
//! `POST /` with a form (`Action`, `Version`, flat members), answers in XML. Signatures are taken unverified. Every call
//! first brings the region up to the clock, and hands the work that came up to the data plane.
mod form;
mod line;
mod server;
mod wire;
mod xml;

pub use server::{Api, router, serve};
