//! The state machine: observe → next → journal → perform → journal, step after step.

mod back;
mod beat;
mod edited;
mod ending;
mod engine;
pub mod folder;
mod gate;
pub mod journal;
pub mod lock;
mod plan;
mod tell;
mod transitions;
mod turn;
mod wait;

pub use back::{may_go_back, way_back};
pub use edited::{Departure, departure};
pub use ending::Ending;
pub use engine::{Engine, Orders, Started};
pub use folder::RunFolder;
pub use plan::{Placed, digest_of, propose};
pub use tell::{Tell, Verbs, argument};
pub use transitions::{Aborting, Back, Finished, Gate, Run, StepRecord};
pub use wait::{Signal, Stop};
