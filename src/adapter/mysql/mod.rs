//! MySQL servers through `mysql_async`.
//!
//! Every question has a connection of its own. After a switchover the same name leads to another server, and a kept
//! connection would go on answering from the old one. Only a walk through a table keeps its own.

mod binlog;
mod by_key;
mod capture;
mod catalogue;
mod failure;
mod hash;
mod key;
mod login;
mod ranges;
mod read;
mod rows;
mod session;
mod tables;

pub use login::{Encryption, Login};
pub use read::Mysql;
pub use tables::Tables;
