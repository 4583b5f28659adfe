//! `upgrade completions`: a completion script for a shell.

use serde_json::json;

use super::{Common, Output, say};
use crate::{error::Result, event};

pub(super) fn completions(common: &Common, shell: &str, script: &str) -> Result<u8> {
    match common.output {
        Output::Human => say(script)?,
        Output::Json => {
            let line = json!({ "v": event::VERSION, "type": "completions", "shell": shell, "script": script });
            say(&format!("{line}\n"))?;
        }
    }
    Ok(0)
}
