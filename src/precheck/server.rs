//! How blue's server is set, and what goes on in it.

use super::{error, inventory::Inventory, ours, warning, with};
use crate::{
    event::{Consequence, Finding},
    port::rds::Database,
};

/// A transaction this long stops RDS from setting up replication.
const LONG_TRANSACTION_SECONDS: u64 = 60;

pub(super) fn check(seen: &Inventory, findings: &mut Vec<Finding>) {
    let id = seen.blue.database.id();
    let Some(server) = &seen.server else { return };
    if !server.log_bin || server.binlog_format.eq_ignore_ascii_case("OFF") {
        let text = "Blue writes no binary log: RDS cannot make green follow it";
        let fix = "Set binlog_format to ROW in blue's parameter group and reboot the writer";
        findings.push(with(error(&ours::BINLOG_FORMAT, id, text), fix, "SELECT @@log_bin, @@binlog_format"));
    } else if !server.binlog_format.eq_ignore_ascii_case("ROW") {
        let text =
            format!("binlog_format is {}; ROW is what replication across versions and CDC need", server.binlog_format);
        let fix = "Set binlog_format to ROW in blue's parameter group and reboot the writer";
        let finding = if seen.cdc_jobs.is_empty() {
            warning(&ours::BINLOG_FORMAT, Consequence::SilentUntilUsed, id, text)
        } else {
            error(&ours::BINLOG_FORMAT, id, text)
        };
        findings.push(with(finding, fix, "SELECT @@binlog_format"));
    }
    if server.read_only {
        let text = "The production address leads to a read-only server";
        findings.push(with(
            error(&ours::WRITER_ENDPOINT, id, text),
            "Name the writer, not a reader",
            "SELECT @@read_only, @@innodb_read_only",
        ));
    }
    if seen.replication.as_ref().is_some_and(|replication| replication.running) {
        let text = "Its server replicates from another one";
        findings.push(with(error(&ours::EXTERNAL_SOURCE, id, text), "Stop that replication", "SHOW SLAVE STATUS"));
    }
    for transaction in seen.open_transactions.iter().filter(|open| open.seconds >= LONG_TRANSACTION_SECONDS) {
        let text = format!(
            "A transaction of {} has been open for {} s: it holds up the making of green",
            transaction.user, transaction.seconds
        );
        let query = "SELECT * FROM information_schema.innodb_trx ORDER BY trx_started";
        findings.push(with(
            error(&ours::LONG_TRANSACTION, &transaction.id, text),
            "Commit it, or kill its connection",
            query,
        ));
    }
    let aurora = matches!(seen.blue.database, Database::AuroraCluster(_));
    if aurora && seen.schemas.iter().any(|schema| schema == "tmp") {
        let text = "Aurora makes no deployment of a cluster with a schema named `tmp`";
        findings.push(with(error(&ours::SCHEMA_TMP, "tmp", text), "Rename the schema", "SHOW DATABASES LIKE 'tmp'"));
    }
}
