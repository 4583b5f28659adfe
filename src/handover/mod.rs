//! The CDC science: where a job stands, where it must go on, and the script that takes it there.

pub mod consumer;
pub mod coordinates;
pub mod early;
pub mod evidence;
pub mod gtid;
pub mod offset;
pub mod savepoint;
pub mod tail;
