//! What the catalogue of blue's server gives rise to, schema by schema: none is kept once it has been judged.

use crate::{
    error::Result,
    event::{Consequence, Finding, Level},
    port::{
        catalogue::{CatalogueRead, Gentle},
        mysql::Address,
    },
    precheck::{self, Hop},
};

/// How the catalogue is read.
const GENTLE: Gentle = Gentle { connections: 4, max_threads_running: None };
/// Whether each table is asked for its own opinion too.
const CHECK_TABLES: bool = true;
/// What is the server's own, and is made anew by every upgrade: its tables are not checked one by one.
const OWN: [&str; 2] = ["mysql", "sys"];

/// All findings of an upgrade of the server at `at` to the engine version `target`.
pub(super) async fn findings(catalogue: &dyn CatalogueRead, at: &Address, target: &str) -> Result<Vec<Finding>> {
    let instance = catalogue.instance(at).await?;
    let Some(hop) = Hop::of(&instance.version, target) else {
        return Ok(vec![no_hop(&instance.version, target)]);
    };
    let mut findings = precheck::of_instance(&instance, &hop);
    let mut tables = Vec::new();
    let mut each = |schema| {
        findings.extend(precheck::of_schema(&schema, &instance, &hop));
        if CHECK_TABLES && !OWN.contains(&schema.name.as_str()) {
            let names = schema.tables.into_iter().map(|table| table.name);
            let all = names.chain(schema.views.into_iter().map(|view| view.name));
            tables.extend(all.map(|name| (schema.name.clone(), name)));
        }
    };
    catalogue.schemas(at, &instance.schemas, GENTLE, &mut each).await?;
    if !tables.is_empty() {
        findings.extend(precheck::of_checked(&catalogue.check_tables(at, &tables, GENTLE).await?));
    }
    Ok(findings)
}

fn no_hop(version: &str, target: &str) -> Finding {
    Finding {
        check: "unread".to_owned(),
        level: Level::Warning,
        consequence: Consequence::SilentUntilUsed,
        object: "@@version".to_owned(),
        message: format!(
            "Expected releases of MySQL like 8.0.39, saw {version} here and {target} as the target: nothing of the catalogue is \
             judged"
        ),
        fix: None,
        query: Some("SELECT @@version".to_owned()),
    }
}
