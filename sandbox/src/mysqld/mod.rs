//! Real MySQL servers: made, restarted, copied and upgraded, switched over.
mod account;
mod applier;
mod copy;
mod green;
mod log;
mod options;
mod server;
mod switchover;

pub use account::{Accounts, CANARY, Login};
pub use applier::{Applier, Order};
pub use green::make_green;
pub use log::{Ending, current_file, plant_boundary, rotate_past, rotate_to};
pub use options::Engine;
pub use server::{Server, Site, connect};
pub use switchover::{Freed, Readers, cut_over, freeze_and_thaw, log_position, open_for_writes};
