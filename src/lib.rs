//! `upgrade` carries an Aurora MySQL or RDS MySQL database through a major version upgrade by a blue/green deployment,
//! together with the change-data-capture (CDC) jobs that read its binary log.
//!
//! Data flows one way: *text → playbook → steps decide → operations → journal → events → reports*.

pub mod adapter;
pub mod artifact;
pub mod error;
pub mod event;
pub mod handover;
pub mod playbook;
pub mod port;
pub mod secret;
