//! The journal: what disks, crashes, stops and people do to it, and what a run makes of that.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail by unwrapping, and times real processes"
)]

mod abort;
mod beat;
mod call;
mod damage;
mod disk;
mod folder;
mod golden;
mod hung;
mod order;
#[path = "../support/ordinary.rs"]
mod ordinary;
mod resolve;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod twice;
