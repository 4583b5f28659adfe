//! What belongs to no schema.

use mysql_async::Row;

use super::{
    asking::{Asking, Guard},
    cells::{bytes, name, number, text},
    innodb,
};
use crate::{
    adapter::mysql::read::Mysql,
    error::Result,
    port::{
        catalogue::{Account, Instance, Orphan, Plugin, Program, Unread},
        mysql::Address,
    },
};

const NOT_READ: [&str; 2] = ["information_schema", "performance_schema"];
const NO_SUCH_TABLE: u16 = 1146;

pub(super) async fn read(mysql: &Mysql, at: &Address) -> Result<Instance> {
    let guard = Guard::none();
    let mut asking = Asking::begin(mysql, at, &guard).await?;
    let mut unread = Vec::new();
    let statement = "SELECT schema_name FROM information_schema.SCHEMATA ORDER BY 1";
    let mut schemas = asking.all_or(&mut unread, "SCHEMATA", statement, |row| name(row, 0)).await?;
    schemas.retain(|schema| !NOT_READ.contains(&schema.to_ascii_lowercase().as_str()));
    let statement = "SHOW GLOBAL VARIABLES";
    let variables = asking
        .all_or(&mut unread, "GLOBAL VARIABLES", statement, |row| (name(row, 0).to_ascii_lowercase(), name(row, 1)))
        .await?;
    let value = |wanted: &str| variables.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let lower_case_table_names =
        value("lower_case_table_names").and_then(|value| value.parse().ok()).unwrap_or_default();
    let version = value("version").unwrap_or_default();
    let statement =
        "SELECT plugin_name, plugin_status, plugin_type, plugin_library FROM information_schema.PLUGINS ORDER BY 1";
    let plugin =
        |row: &mut _| Plugin { name: name(row, 0), status: name(row, 1), kind: name(row, 2), library: text(row, 3) };
    let plugins = asking.all_or(&mut unread, "PLUGINS", statement, plugin).await?;
    let components = match asking.all("SELECT component_urn FROM mysql.component", |row| name(row, 0)).await? {
        // 5.7 has no components.
        Err(refusal) if refusal.code == NO_SUCH_TABLE => Vec::new(),
        Err(refusal) => {
            unread.push(refusal.unread("mysql.component", None));
            Vec::new()
        }
        Ok(components) => components,
    };
    let prepared_xa = match asking.all("XA RECOVER", xid).await? {
        Ok(ids) => Some(ids),
        Err(refusal) => {
            unread.push(refusal.unread("XA RECOVER", None));
            None
        }
    };
    let statement = "SELECT count FROM information_schema.INNODB_METRICS WHERE name = 'trx_rseg_history_len'";
    let history = asking.all_or(&mut unread, "INNODB_METRICS", statement, |row| number(row, 0)).await?;
    let accounts = accounts(&mut asking, &mut unread).await?;
    let orphans = orphans(&mut asking, &schemas, lower_case_table_names != 0, &mut unread).await?;
    let files = innodb::files(&mut asking, &mut unread).await?;
    asking.close().await;
    Ok(Instance {
        version,
        lower_case_table_names,
        schemas,
        variables,
        accounts,
        plugins,
        prepared_xa,
        orphans,
        files,
        history_length: history.into_iter().flatten().next(),
        unread,
        components,
    })
}

/// As `XA ROLLBACK` takes it.
fn xid(row: &mut Row) -> String {
    let (global, branch): (usize, usize) = (number(row, 1).unwrap_or_default(), number(row, 2).unwrap_or_default());
    let data = bytes(row, 3).unwrap_or_default();
    let hexadecimal = |part: &[u8]| part.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let global = global.min(data.len());
    let branch = (global + branch).min(data.len());
    format!("X'{}',X'{}',{}", hexadecimal(&data[..global]), hexadecimal(&data[global..branch]), name(row, 0))
}

async fn accounts(asking: &mut Asking<'_>, unread: &mut Vec<Unread>) -> Result<Vec<Account>> {
    let statement = "SELECT user, host, plugin, account_locked FROM mysql.user ORDER BY 1, 2";
    let account = |row: &mut _| Account {
        name: account(&name(row, 0), &name(row, 1)),
        plugin: name(row, 2),
        locked: name(row, 3) == "Y",
        privileges: Vec::new(),
    };
    let mut accounts = asking.all_or(unread, "mysql.user", statement, account).await?;
    if asking.has_dictionary() {
        let statement = "SELECT user, host, priv FROM mysql.global_grants ORDER BY 3";
        let grant = |row: &mut _| (self::account(&name(row, 0), &name(row, 1)), name(row, 2));
        for (holder, privilege) in asking.all_or(unread, "mysql.global_grants", statement, grant).await? {
            if let Some(account) = accounts.iter_mut().find(|account| account.name == holder) {
                account.privileges.push(privilege.to_ascii_uppercase());
            }
        }
    }
    Ok(accounts)
}

fn account(user: &str, host: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    format!("{}@{}", quoted(user), quoted(host))
}

/// Programs whose schema has gone. With one dictionary there are none.
async fn orphans(
    asking: &mut Asking<'_>,
    schemas: &[String],
    fold: bool,
    unread: &mut Vec<Unread>,
) -> Result<Vec<Orphan>> {
    if asking.has_dictionary() {
        return Ok(Vec::new());
    }
    let known = |schema: &str| {
        NOT_READ.contains(&schema)
            || schemas.iter().any(|known| if fold { known.eq_ignore_ascii_case(schema) } else { known == schema })
    };
    let mut orphans = Vec::new();
    for (what, statement) in [
        ("mysql.proc", "SELECT type, db, name FROM mysql.proc"),
        ("mysql.event", "SELECT 'EVENT', db, name FROM mysql.event"),
    ] {
        let orphan = |row: &mut _| {
            let kind = match name(row, 0).as_str() {
                "FUNCTION" => Program::Function,
                "EVENT" => Program::Event,
                _ => Program::Procedure,
            };
            Orphan { kind, schema: name(row, 1), name: name(row, 2) }
        };
        orphans.extend(asking.all_or(unread, what, statement, orphan).await?);
    }
    orphans.retain(|orphan: &Orphan| !known(&orphan.schema));
    Ok(orphans)
}
