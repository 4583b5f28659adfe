//! `upgrade schema`: the JSON Schema of a playbook.

use super::{Common, Output, say};
use crate::{error::Result, playbook};

pub(super) fn schema(common: &Common) -> Result<u8> {
    match common.output {
        Output::Human => say(&playbook::schema_text())?,
        Output::Json => say(&format!("{}\n", playbook::schema()))?,
    }
    Ok(0)
}
