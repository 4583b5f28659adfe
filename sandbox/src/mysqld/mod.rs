//! Real MySQL servers: made, restarted, copied and upgraded, switched over.
mod account;
mod copy;
mod green;
mod options;
mod server;
mod switchover;

pub use account::{Accounts, Login};
pub use green::make_green;
pub use options::Engine;
pub use server::{Server, Site, connect};
pub use switchover::{Freed, cut_over, open_for_writes};
