//! The science of carrying a CDC job from one server to another: where a job stands, and how its definition is changed.

pub mod consumer;
pub mod offset;
pub mod savepoint;
