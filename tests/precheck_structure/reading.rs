//! What the tool finds on a server, read by its own adapter.

use std::sync::Arc;

use mysql_async::prelude::Queryable as _;
use upgrade::{
    adapter::{
        mysql::{Login, Mysql},
        secrets::StoredSecrets,
    },
    event::Finding,
    port::{
        catalogue::{CatalogueRead as _, Gentle, Release},
        mysql::{Address, Tls},
    },
    precheck::{self, Hop},
    secret::SecretRef,
};

use crate::in_place::{MASTER, PASSWORD, Trial};

const GENTLE: Gentle = Gentle { connections: 2, max_threads_running: None };

/// What can be measured here.
pub const TO_8_0: Hop = Hop { from: Release(5, 7, 22), to: Release(8, 0, 15), aurora: false };
pub const TO_8_4: Hop = Hop { from: Release(8, 0, 15), to: Release(8, 4, 7), aurora: false };

fn mysql() -> Mysql {
    let secrets = StoredSecrets::new(|_| Some(PASSWORD.to_owned().into()));
    let password = SecretRef::Env("PASSWORD".into());
    let login = Login { user: MASTER.into(), password, tls: Tls::Disabled, ca_file: None };
    Mysql::new(login, Arc::new(secrets))
}

/// All findings of the structure's checks, as the login of an operator sees them.
pub async fn found(trial: &Trial, hop: &Hop) -> Vec<Finding> {
    let mysql = mysql();
    let at = Address { host: trial.address.ip().to_string(), port: trial.address.port() };
    let instance = mysql.instance(&at).await.unwrap();
    let mut findings = precheck::of_instance(&instance, hop);
    let mut judge = |schema| findings.extend(precheck::of_schema(&schema, &instance, hop));
    mysql.schemas(&at, &instance.schemas, GENTLE, &mut judge).await.unwrap();
    findings
}

/// What `CHECK TABLE … FOR UPGRADE` of these tables says that is wrong.
pub async fn checked(trial: &Trial, tables: &[(&str, &str)]) -> Vec<Finding> {
    let at = Address { host: trial.address.ip().to_string(), port: trial.address.port() };
    let tables: Vec<_> = tables.iter().map(|(schema, table)| ((*schema).to_owned(), (*table).to_owned())).collect();
    precheck::of_checked(&mysql().check_tables(&at, &tables, GENTLE).await.unwrap())
}

/// Check and object of each finding, sorted.
pub fn short(findings: &[Finding]) -> Vec<(&str, &str)> {
    let mut short: Vec<_> = findings.iter().map(|finding| (finding.check.as_str(), finding.object.as_str())).collect();
    short.sort_unstable();
    short
}

/// Runs the queries and then the fixes of these findings, each as it is printed; says which the server refuses.
pub async fn mend(trial: &Trial, findings: &[Finding]) -> Vec<String> {
    let mut conn = trial.connect().await;
    let mut refused = Vec::new();
    for query in findings.iter().filter_map(|finding| finding.query.as_ref()) {
        if let Err(error) = conn.query_drop(query).await {
            refused.push(format!("{query}: {error}"));
        }
    }
    let mut fixes: Vec<_> = findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    // One statement may mend several findings.
    fixes.dedup();
    for fix in fixes {
        for statement in fix.split("; ") {
            if let Err(error) = conn.query_drop(statement).await {
                refused.push(format!("{statement}: {error}"));
            }
        }
    }
    conn.disconnect().await.unwrap();
    refused
}
