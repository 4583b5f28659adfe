//! What a folder's sandbox is made of and whether it runs.

use std::fmt::Write;
use std::path::Path;

use crate::error::Result;
use crate::place::{Place, Record, State, read_json};
use crate::process::running;

/// A page for people; `None` when the folder holds no running sandbox.
pub fn status(folder: &Path) -> Result<Option<String>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let place = Place::at(folder)?;
    let Some(record) = read_json::<Record>(&place.record())?.filter(|record| record.serve.is_alive()) else {
        return Ok(None);
    };
    let state: State = read_json(&place.state())?.unwrap_or_default();
    let mut page = String::new();
    let mut line = |name: &str, value: &str| writeln!(page, "{name:<14} {value}");
    let written = (|| {
        line("RDS API", &format!("{} ({}, account {})", record.api, record.region, record.account))?;
        line("Production", &format!("{}:{}", record.source.host, record.source.port))?;
        line("Sink", &format!("{}:{}", record.sink.host, record.sink.port))?;
        line("Flink", &record.flink.rest)?;
        line("SQL Gateway", &record.flink.sql_gateway)?;
        for (address, server) in &state.endpoints {
            line("Endpoint", &format!("{address} leads to {}", server.0))?;
        }
        for flip in &state.flips {
            let lasted = flip.open_at.saturating_sub(flip.frozen_at);
            line("Switchover", &format!("{} to {}, no writes for {lasted} ms", flip.blue.0, flip.green.0))?;
        }
        for failure in &state.failures {
            line("Failed", failure)?;
        }
        line("Process", &format!("{} serve", record.serve.pid))?;
        for (identity, name) in running(&place.processes()) {
            line("Process", &format!("{} {name}", identity.pid))?;
        }
        line("Environment", &format!(". {}", place.env().display()))
    })();
    written.map_err(std::io::Error::other)?;
    Ok(Some(page))
}
