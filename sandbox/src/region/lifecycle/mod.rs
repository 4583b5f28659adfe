//! What deployments, instances and groups go through in the course of time.
pub(super) mod create;
mod guardrail;
mod mishap;
mod prechecks;
mod provision;
mod reboot;
pub(super) mod remove;
mod rename;
mod seedling;
pub(super) mod switchover;
