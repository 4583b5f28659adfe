//! Traits to the outside and their plain types. An adapter implements them; steps and the runner know only these.
//!
//! `rds` and `flink` are two traits each: whoever holds only the `…Read` half cannot act, which is how a dry run is
//! kept from acting.

use futures_util::future::BoxFuture;

use crate::error::Result;

pub mod binlog;
pub mod catalogue;
pub mod clock;
pub mod files;
pub mod flink;
pub mod mysql;
pub mod objects;
pub mod rds;
pub mod rows;
pub mod secrets;
pub mod side;
pub mod tables;

/// What every call to the outside returns.
pub type Reply<'a, T> = BoxFuture<'a, Result<T>>;
