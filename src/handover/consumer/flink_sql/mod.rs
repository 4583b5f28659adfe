//! A CDC job that is a Flink SQL script: read, changed where a handover must, and kept byte for byte everywhere else.

mod generate;
mod problem;
mod replay;
mod rewrite;
mod schema;
mod script;
mod secrets;
mod settings;
mod statement;
mod token;

pub use generate::{Carry, Generated, Refusal, generate};
pub use problem::{Problem, refuse};
pub use replay::{Projection, Replay, Value};
pub use rewrite::{Changes, Restore, Start, rewrite};
pub use schema::{Column, Origin, Schema};
pub use script::{Insert, Script};
pub use secrets::{Redacted, placeholders, put_in, redact, reveal};
pub use settings::first_free;
pub use statement::{OptionEntry, Setting, Table};
