//! The whole upgrade once, on this machine, with real servers and a real Flink, and at its end every row compared.
mod events;
mod folder;
mod page;
mod run;
mod script;
mod sink;

pub use run::Rehearsal;
