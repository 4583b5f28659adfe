//! One sandbox from its start to its end: the region, its API, its servers and Flink in one process.
mod down;
mod event;
mod run;
mod scene;
mod stage;
mod status;
mod up;
mod wish;

pub use down::down;
pub use event::EventMode;
pub use run::serve;
pub use scene::{ACCOUNT, REGION};
pub use stage::Stage;
pub use status::status;
pub use up::up;
pub use wish::{Oddities, Wish};
