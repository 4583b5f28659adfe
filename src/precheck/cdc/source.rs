//! Where a source leads, and what its login may do there.

use super::{Consequence, Finding, Inventory, error, ours, warning, with};
use crate::{
    port::{mysql::Server, tables::Reader},
    precheck::inventory::{CdcJob, Source},
};

/// What the connector asks a server for; `ALL PRIVILEGES` holds them all.
const RIGHTS: [&str; 3] = ["REPLICATION SLAVE", "REPLICATION CLIENT", "SELECT"];

/// Turned off by default from 8.4 on.
const OLD_PLUGIN: &str = "mysql_native_password";

pub(super) fn check(seen: &Inventory, job: &CdcJob, source: &Source, findings: &mut Vec<Finding>) {
    let object = format!("{}.{}", job.name, source.name);
    address(seen, source, &object, findings);
    if let (Some(server), Some(blue)) = (&source.server, &seen.server) {
        reached(source, server, blue, &object, findings);
    }
    if let Some(reader) = &source.reader {
        rights(reader, &object, findings);
        plugin(seen, reader, &object, findings);
    }
    for table in source.tables.iter().filter(|table| table.primary_key.is_empty()) {
        let text = format!(
            "{}.{} has no primary key: nothing tells which row of the sink a change is of",
            table.schema, table.name
        );
        let fix = format!("ALTER TABLE `{}`.`{}` ADD PRIMARY KEY (…)", table.schema, table.name);
        let query = format!("SHOW CREATE TABLE `{}`.`{}`", table.schema, table.name);
        findings.push(with(warning(&ours::CDC_SOURCE_KEY, Consequence::SilentUntilUsed, &object, text), fix, query));
    }
}

fn address(seen: &Inventory, source: &Source, object: &str, findings: &mut Vec<Finding>) {
    let members = seen.blue.members.iter().filter_map(|member| member.address.as_ref());
    let mut ours = seen.blue.address.iter().chain(members);
    let Some(address) = source.address.as_ref().filter(|address| !ours.any(|ours| ours == *address)) else { return };
    let text = format!("The script reads {address}, which is no endpoint of {}", seen.blue.database);
    let fix = seen.blue.address.as_ref().map_or_else(String::new, |address| format!("Read {address}"));
    let finding = warning(&ours::CDC_SOURCE_ADDRESS, Consequence::SilentUntilUsed, object, text);
    findings.push(with(finding, fix, "aws rds describe-db-clusters"));
}

/// Which server its login reaches.
fn reached(source: &Source, server: &Server, blue: &Server, object: &str, findings: &mut Vec<Finding>) {
    let at = source.address.as_ref().map(ToString::to_string).unwrap_or_default();
    if server.read_only {
        let text = format!(
            "{at} leads to a read-only server ({}): it writes no log of its own, or another than the writer",
            server.uuid
        );
        let fix = "Let 'hostname' name the writer: the cluster's own endpoint, not a reader's";
        let query = "SELECT @@read_only, @@innodb_read_only";
        findings.push(with(error(&ours::CDC_SOURCE_READER, object, text), fix, query));
    } else if server.uuid != blue.uuid {
        let text = format!("{at} leads to the server {}, and blue's writer is {}", server.uuid, blue.uuid);
        let fix = "See what the name resolves to here and where Flink runs; let 'hostname' name blue's writer";
        findings.push(with(error(&ours::CDC_SOURCE_SERVER, object, text), fix, "SELECT @@server_uuid"));
    }
}

fn rights(reader: &Reader, object: &str, findings: &mut Vec<Finding>) {
    let missing: Vec<&str> = RIGHTS.into_iter().filter(|right| !granted(&reader.grants, right)).collect();
    if missing.is_empty() {
        return;
    }
    let text = format!("Its login {} lacks {}: on green it could not begin", reader.account, missing.join(", "));
    let fix = format!("GRANT {} ON *.* TO {}", missing.join(", "), quoted(&reader.account));
    findings.push(with(error(&ours::CDC_SOURCE_RIGHTS, object, text), fix, "SHOW GRANTS"));
}

/// Whether some grant has the right, on whatever it is.
fn granted(grants: &[String], right: &str) -> bool {
    grants.iter().any(|grant| {
        let upper = grant.to_ascii_uppercase();
        let Some((rights, _)) = upper.strip_prefix("GRANT ").and_then(|rest| rest.split_once(" ON ")) else {
            return false;
        };
        // SELECT may be of columns: SELECT (`A`, `B`).
        rights.split(',').map(str::trim).any(|had| {
            had == right
                || had.starts_with("ALL PRIVILEGES")
                || had.strip_prefix(right).is_some_and(|rest| rest.starts_with(" ("))
        })
    })
}

fn plugin(seen: &Inventory, reader: &Reader, object: &str, findings: &mut Vec<Finding>) {
    let mut numbers = seen.target_version.split('.').map_while(|part| part.parse::<u32>().ok());
    let target = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if target < (8, 4) || reader.plugin.as_deref() != Some(OLD_PLUGIN) {
        return;
    }
    let text = format!(
        "Its login {} proves its password by {OLD_PLUGIN}, which 8.4 turns off by default and 9.0 no longer has",
        reader.account
    );
    let fix = format!(
        "ALTER USER {} IDENTIFIED WITH caching_sha2_password BY '…' (on 8.0 or later; the connector then needs TLS or \
         'jdbc.properties.allowPublicKeyRetrieval' = 'true')",
        quoted(&reader.account)
    );
    let finding = warning(&ours::CDC_LOGIN_PLUGIN, Consequence::BrokenAfterwards, object, text);
    findings.push(with(finding, fix, "SHOW CREATE USER CURRENT_USER()"));
}

/// `cdc@%` as `'cdc'@'%'`.
fn quoted(account: &str) -> String {
    match account.rsplit_once('@') {
        Some((user, host)) => format!("'{user}'@'{host}'"),
        None => format!("'{account}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::granted;

    #[test]
    fn grants_are_read() {
        let grants = |text: &str| vec!["GRANT USAGE ON *.* TO 'cdc'@'%'".to_owned(), text.to_owned()];
        let some = grants("GRANT SELECT, REPLICATION SLAVE ON *.* TO 'cdc'@'%'");
        assert!(granted(&some, "SELECT") && granted(&some, "REPLICATION SLAVE"));
        assert!(!granted(&some, "REPLICATION CLIENT"));
        assert!(granted(&grants("GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"), "REPLICATION CLIENT"));
        assert!(granted(&grants("GRANT SELECT (`id`, `name`) ON `shop`.`orders` TO `cdc`@`%`"), "SELECT"));
        assert!(!granted(&grants("GRANT `SELECT`@`%` TO `cdc`@`%`"), "SELECT"));
    }
}
