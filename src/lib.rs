//! `upgrade` carries an Aurora MySQL or RDS MySQL database through a major version upgrade by a blue/green deployment,
//! together with the change-data-capture (CDC) jobs that read its binary log.
//!
//! Data flows one way: *text → playbook → steps decide → operations → journal → events → reports*.

pub mod adapter;
pub mod artifact;
pub mod cli;
pub mod command;
pub mod error;
pub mod event;
pub mod handover;
pub mod parameters;
pub mod playbook;
pub mod port;
pub mod precheck;
pub mod report;
pub mod runner;
pub mod secret;
pub mod step;
pub mod verify;
