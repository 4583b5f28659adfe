//! The whole upgrade on this machine, with real servers and a real Flink, and at its end every row compared: smoothly, or
//! through one of many ugly scenes.
mod console;
mod events;
mod figures;
mod floor;
mod folder;
mod kills;
mod late;
mod offset;
mod page;
mod product;
mod run;
mod scene;
pub mod scenes;
mod script;
mod secrets;
mod sink;
mod storm;
mod upset;
mod wrong_row;

pub use kills::Span;
pub use late::Late;
pub use run::Rehearsal;
pub use scene::Scene;
pub use upset::{Upset, Victim};
