//! Whether green runs with what a switchover to it needs: asked of the server itself, for RDS's `in-sync` tells of a
//! parameter group only.

use std::collections::BTreeMap;

use super::{contract::Known, create_blue_green, prepare, sync_parameter_group};
use crate::{
    error::{Error, Result},
    parameters::{self, Differs},
    port::mysql::{Address, MysqlRead, Server},
};

/// A difference in one of these loses rows, or leaves the readers of green's log without a place.
const ESSENTIAL: [&str; 5] = ["binlog_format", "log_bin", "binlog_row_image", "gtid_mode", "enforce_gtid_consistency"];

/// How long green's log is kept, and how long it must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Retention {
    /// Absent where it is not set.
    pub(super) green: Option<u32>,
    /// As long as blue's, and as `prepare` wants.
    pub(super) wanted: Option<u32>,
}

impl Retention {
    /// The hours that green must be given.
    pub(super) fn lacks(&self) -> Option<u32> {
        self.wanted.filter(|wanted| self.green.is_none_or(|green| green < *wanted))
    }
}

pub(super) async fn retention(
    mysql: &dyn MysqlRead,
    known: &Known,
    created: &create_blue_green::Outputs,
    green: &Address,
) -> Result<Retention> {
    let blue = mysql.retention_hours(created.blue.write_address()?).await?;
    let prepared = known.find::<prepare::Outputs>("prepare")?.map(|outputs| outputs.wanted_hours);
    Ok(Retention { green: mysql.retention_hours(green).await?, wanted: blue.max(prepared) })
}

/// What was found on the server.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) error: Option<Error>,
    pub(super) warnings: Vec<String>,
}

/// Compares what runs with what this run has set. `running` are the variables of `server`.
pub(super) fn check(known: &Known, server: &Server, running: &BTreeMap<String, String>) -> Result<Checked> {
    if let Some(error) = unfit(known, server) {
        return Ok(Checked { error: Some(error), ..Checked::default() });
    }
    let set = known.find::<sync_parameter_group::Outputs>("sync_parameter_group")?;
    let differs = parameters::differences(&set.map(|outputs| outputs.carried).unwrap_or_default(), running);
    let (essential, other): (Vec<Differs>, Vec<Differs>) =
        differs.into_iter().partition(|differs| ESSENTIAL.contains(&differs.name.as_str()));
    let error = essential.first().map(|Differs { name, set, running }| {
        not_ready(format!("{name} was set to {set} on green, and its server runs with {running}"))
    });
    let told = |Differs { name, set, running }: &Differs| {
        format!("{name} was set to {set} on green, and its server runs with {running}: see its parameter group")
    };
    Ok(Checked { error, warnings: other.iter().map(told).collect() })
}

/// Why a switchover to this server would leave the readers of its binary log behind.
pub(super) fn unfit(known: &Known, server: &Server) -> Option<Error> {
    let log_bin = if server.log_bin { "ON" } else { "OFF" };
    if !server.log_bin || !server.binlog_format.eq_ignore_ascii_case("ROW") {
        let seen = format!("log_bin {log_bin}, binlog_format {}", server.binlog_format);
        return Some(not_ready(format!("Green must write a binary log in ROW format, and shows {seen}")));
    }
    let image = &server.binlog_row_image;
    if !known.playbook.cdc_jobs.is_empty() && !image.eq_ignore_ascii_case("FULL") {
        let text = format!("binlog_row_image of green is {image}, and the CDC jobs need FULL");
        return Some(not_ready(text));
    }
    None
}

/// Blue's log has GTIDs, or has none; a job cannot go over to a server where that is otherwise.
pub(super) fn other_gtid(known: &Known, blue: &Server, green: &Server) -> Option<Error> {
    let (old, new) = (&blue.gtid_mode, &green.gtid_mode);
    if known.playbook.cdc_jobs.is_empty() || old.eq_ignore_ascii_case(new) || !old.eq_ignore_ascii_case("ON") {
        return None;
    }
    Some(not_ready(format!("gtid_mode is {old} on blue and {new} on green: the jobs would not find their place")))
}

/// A log that is cleared away before the jobs have read it loses rows.
pub(super) fn short_lived(known: &Known, retention: Retention) -> Option<Error> {
    let hours = retention.lacks().or(retention.green.is_none().then_some(24))?;
    if known.playbook.cdc_jobs.is_empty() {
        return None;
    }
    let shows =
        retention.green.map_or("is not set (files go as soon as possible)".to_owned(), |hours| format!("is {hours} h"));
    let error = Error::permanent(format!("The retention of green's binary log {shows}, and {hours} h are needed"));
    let hint = format!("On green: {}; then type the same command again", prepare::retaining(hours));
    Some(error.unchanged("Production was not touched").hint(hint))
}

fn not_ready(text: String) -> Error {
    Error::permanent(text)
        .unchanged("Production was not touched")
        .hint("Set it in green's parameter group and reboot green, then type the same command again")
}
