//! One sandbox from its start to its end: the region, its API, its servers and Flink in one process.
mod down;
mod run;
mod scene;
mod stage;
mod status;
mod up;

pub use down::down;
pub use run::serve;
pub use scene::{ACCOUNT, REGION, Wish};
pub use stage::Stage;
pub use status::status;
pub use up::up;
