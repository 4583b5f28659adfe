//! How blue writes the log that the jobs read.

use super::{Consequence, Finding, Inventory, error, notice, ours, warning, with};
use crate::port::tables::Reader;

/// Blue's log must outlive the switchover and the reading of its tail.
const SHORTEST_RETENTION_HOURS: u32 = 24;

pub(super) fn check(seen: &Inventory, findings: &mut Vec<Finding>) {
    settings(seen, findings);
    retention(seen, findings);
    let readers = || seen.cdc_jobs.iter().flat_map(|job| &job.sources).filter_map(|source| source.reader.as_ref());
    row_value_options(seen, readers(), findings);
    prepared(seen, readers(), findings);
    if seen.stopped_before {
        let text = "Changes of definitions (ALTER, RENAME, TRUNCATE, …) must not be made until the jobs are proven on \
                    green: what they left unread is read from blue's log, and one there stops the handover";
        findings.push(with(
            notice(&ours::DDL_IN_THE_WINDOW, seen.blue.database.id(), text),
            "Hold migrations back until the run has finished",
            "SHOW BINLOG EVENTS",
        ));
    }
}

fn settings(seen: &Inventory, findings: &mut Vec<Finding>) {
    let id = seen.blue.database.id();
    let Some(server) = &seen.server else { return };
    if !server.binlog_row_image.eq_ignore_ascii_case("FULL") {
        let text = format!("binlog_row_image is {}; the mysql-cdc connector needs FULL", server.binlog_row_image);
        let fix = "Set binlog_row_image to full in blue's parameter group, then let applications connect anew";
        findings.push(with(error(&ours::BINLOG_ROW_IMAGE, id, text), fix, "SELECT @@GLOBAL.binlog_row_image"));
    }
    if !server.log_replica_updates {
        let text = "log_replica_updates is off, and green takes its parameters from blue: its log would not hold what \
                    blue wrote, so each job must first read blue's log to its end, which is slower";
        let fix = "Set log_slave_updates (8.0.26 and later: log_replica_updates) to 1 in the parameter group";
        let query = "SHOW GLOBAL VARIABLES LIKE 'log_%_updates'";
        findings.push(with(warning(&ours::LOG_REPLICA_UPDATES, Consequence::Advice, id, text), fix, query));
    }
    if !matches!(server.gtid_mode.to_ascii_uppercase().as_str(), "ON" | "OFF") {
        let text = format!(
            "gtid_mode is {}: transactions with and without a GTID mix in one log, and a job's position is then \
             neither a complete set nor a place",
            server.gtid_mode
        );
        let fix = "Set gtid-mode in blue's parameter group to ON (with enforce_gtid_consistency ON), or back to OFF";
        findings.push(with(error(&ours::GTID_MODE, id, text), fix, "SELECT @@gtid_mode"));
    }
}

fn retention(seen: &Inventory, findings: &mut Vec<Finding>) {
    if seen.server.is_none() || seen.retention_hours.is_some_and(|hours| hours >= SHORTEST_RETENTION_HOURS) {
        return;
    }
    let shows = match seen.retention_hours {
        Some(hours) => format!("{hours} hours"),
        None => "not set (files go as soon as possible)".to_owned(),
    };
    let text = format!("The binary log's retention is {shows}; the jobs' position must outlive the switchover");
    let fix = "CALL mysql.rds_set_configuration('binlog retention hours', 72)";
    let finding = error(&ours::BINLOG_RETENTION, seen.blue.database.id(), text);
    findings.push(with(finding, fix, "CALL mysql.rds_show_configuration"));
}

fn row_value_options<'a>(seen: &Inventory, mut readers: impl Iterator<Item = &'a Reader>, findings: &mut Vec<Finding>) {
    if let Some(reader) = readers.find(|reader| !reader.row_value_options.is_empty()) {
        let text = format!(
            "binlog_row_value_options is {}: the log then holds parts of JSON values, which the mysql-cdc connector \
             refuses",
            reader.row_value_options
        );
        let fix = "Set binlog_row_value_options to the empty text in blue's parameter group";
        let finding = error(&ours::BINLOG_ROW_VALUE_OPTIONS, seen.blue.database.id(), text);
        findings.push(with(finding, fix, "SELECT @@GLOBAL.binlog_row_value_options"));
    }
}

fn prepared<'a>(seen: &Inventory, mut readers: impl Iterator<Item = &'a Reader>, findings: &mut Vec<Finding>) {
    let found = readers.find_map(|reader| reader.prepared.as_ref().filter(|prepared| !prepared.is_empty()));
    if let Some(prepared) = found {
        let text = format!(
            "{} XA transactions are prepared and not ended ({}): their rows and their end stand apart in the log, \
             which no position can tell",
            prepared.len(),
            prepared.join(", ")
        );
        let fix = "XA COMMIT or XA ROLLBACK each of them";
        findings.push(with(error(&ours::XA_PREPARED, seen.blue.database.id(), text), fix, "XA RECOVER"));
    }
}
