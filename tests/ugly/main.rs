//! Every shipped playbook in every ugly state of a pretended region: cut everywhere, every answer lost, Flink away, people at
//! work. Whatever stops it names a command, and that command goes on.
#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

#[path = "../support/mod.rs"]
mod support;

mod book;
mod calls;
mod cuts;
mod flink;
mod green;
mod hands;
mod haste;
mod law;
mod operator;
mod states;
