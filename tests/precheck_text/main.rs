//! The checks of text on real servers: what they find in objects made there, and what the upgrade in place does with these.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be, helpers too")]

mod alone;
#[expect(dead_code, reason = "a fresh 8.0.15 is what other tests want of it")]
#[path = "../support/in_place.rs"]
mod in_place;
mod near;
mod planted;

use std::sync::Arc;

use in_place::{ADMIN, PASSWORD, Trial};
use upgrade::{
    adapter::{
        mysql::{Login, Mysql},
        secrets::StoredSecrets,
    },
    event::{Consequence, Finding},
    port::{
        catalogue::{CatalogueRead as _, Gentle, Release},
        mysql::{Address, Tls},
    },
    precheck::{Hop, of_instance, of_schema},
    secret::SecretRef,
};

const TO_8015: Hop = Hop { from: Release(5, 7, 22), to: Release(8, 0, 15), aurora: false };

const SHOP: [&str; 4] = [
    "CREATE DATABASE shop DEFAULT CHARACTER SET utf8mb4",
    "USE shop",
    "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), b INT)",
    "CREATE TABLE u (id INT PRIMARY KEY, a VARCHAR(20), b INT)",
];

/// What the prechecks say of the schema as the tool itself reads it.
async fn findings(trial: &Trial, schema: &str, hop: Hop) -> Vec<Finding> {
    let secrets = StoredSecrets::new(|name| (name == "PASSWORD").then(|| PASSWORD.to_owned().into()));
    let password = SecretRef::Env("PASSWORD".into());
    let login = Login { user: ADMIN.into(), password, tls: Tls::Disabled, ca_file: None };
    let mysql = Mysql::new(login, Arc::new(secrets));
    let at = Address { host: trial.address.ip().to_string(), port: trial.address.port() };
    let instance = mysql.instance(&at).await.unwrap();
    let gentle = Gentle { connections: 2, max_threads_running: None };
    let mut found = of_instance(&instance, &hop);
    found.retain(|found| found.check == "orphanedObjects");
    let each = &mut |schema| found.extend(of_schema(&schema, &instance, &hop));
    mysql.schemas(&at, &[schema.to_owned()], gentle, each).await.unwrap();
    found
}

/// `check object consequence`, sorted.
fn told(found: &[Finding]) -> Vec<String> {
    let mut told: Vec<_> = found.iter().map(|one| line(&one.check, &one.object, one.consequence)).collect();
    told.sort();
    told
}

fn line(check: &str, object: &str, consequence: Consequence) -> String {
    format!("{check} {object} {consequence:?}")
}

/// `SHOP` and these, in one session.
async fn make(trial: &Trial, statements: &[String]) {
    let all: Vec<_> = SHOP.iter().copied().chain(statements.iter().map(String::as_str)).collect();
    trial.run(&all).await;
}
