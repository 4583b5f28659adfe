//! Green from blue as AWS makes it: a physical copy, an engine upgrade in place, replication from where the copy ends.

use std::time::Duration;

use fs_err as fs;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::copy::copy_frozen;
use super::options::LOG_BASE;
use super::server::Server;
use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::parts::Release;

/// Where blue's binary log stood at the moment of the copy.
struct CopyEnd {
    file: String,
    position: u64,
    /// `@@gtid_executed` where GTID is on.
    gtid_set: Option<String>,
}

/// `green` is planned with the target's settings and release; afterwards it runs, is read-only and replicates.
pub async fn make_green(blue: &Server, green: &mut Server) -> Result<()> {
    if last_log_file(blue)?.is_none() {
        return Err(Error::other(format!("Blue ({}) writes no binary log, so green could not follow it", blue.id.0)));
    }
    copy_frozen(blue, green).await?;
    let (target, settings) = (green.release, std::mem::replace(&mut green.settings, blue.settings.clone()));
    let end = recover(green, blue.release).await?;
    green.release = target;
    green.settings = settings;
    green.read_only = true;
    green.is_green = true;
    green.start(false).await.map_err(|error| Error::other(format!("The engine upgrade failed. {error}")))?;
    follow(blue, green, &end).await
}

/// Crash recovery on blue's own release; the end of the last log file it recovers is the position of the copy.
async fn recover(green: &mut Server, release: Release) -> Result<CopyEnd> {
    let file = last_log_file(green)?.ok_or_else(|| Error::other("The copy holds no binary log"))?;
    green.release = release;
    green.start(false).await?;
    let position = fs::metadata(green.data().join(&file))?.len();
    let mut conn = green.connect().await?;
    let gtid_set = gtid_executed(&mut conn).await?;
    add_account_of_8(&mut conn).await?;
    conn.disconnect().await.doing("Closing a session")?;
    green.stop().await?;
    Ok(CopyEnd { file, position, gtid_set })
}

/// What `mysql_upgrade` would add, which 8.0.15 here comes without: the account that owns `information_schema`. Without it
/// the upgraded server refuses every question about its tables.
async fn add_account_of_8(conn: &mut Conn) -> Result<()> {
    const STATEMENTS: [&str; 3] = [
        "SET SESSION sql_log_bin = 0",
        "CREATE USER IF NOT EXISTS 'mysql.infoschema'@'localhost' IDENTIFIED WITH mysql_native_password \
         AS '*THISISNOTAVALIDPASSWORDTHATCANBEUSEDHERE' ACCOUNT LOCK",
        "GRANT SELECT ON *.* TO 'mysql.infoschema'@'localhost'",
    ];
    for statement in STATEMENTS {
        conn.query_drop(statement).await.doing("Preparing the accounts for 8.0")?;
    }
    Ok(())
}

async fn gtid_executed(conn: &mut Conn) -> Result<Option<String>> {
    // Without GLOBAL, 5.7 answers with the transactions of the session: none.
    let query = "SELECT @@GLOBAL.gtid_mode, @@GLOBAL.gtid_executed";
    let row: Option<(String, String)> = conn.query_first(query).await.doing("Reading the GTID set of the copy")?;
    Ok(row.filter(|(mode, _)| mode == "ON").map(|(_, set)| set))
}

async fn follow(blue: &Server, green: &Server, end: &CopyEnd) -> Result<()> {
    let login = &blue.site.accounts.replication;
    let (host, port) = (blue.address.ip(), blue.address.port());
    let place = match &end.gtid_set {
        Some(_) => "MASTER_AUTO_POSITION = 1".to_owned(),
        None => format!("MASTER_LOG_FILE = '{}', MASTER_LOG_POS = {}", end.file, end.position),
    };
    // Its own sequence of log files from here on.
    let mut statements = vec!["RESET MASTER".to_owned()];
    statements.extend(end.gtid_set.iter().map(|set| format!("SET GLOBAL gtid_purged = '{set}'")));
    statements.push(format!(
        "CHANGE MASTER TO MASTER_HOST = '{host}', MASTER_PORT = {port}, MASTER_USER = '{}', MASTER_PASSWORD = '{}', \
         MASTER_CONNECT_RETRY = 1, MASTER_HEARTBEAT_PERIOD = 2, {place}",
        login.user, login.password
    ));
    statements.push("START SLAVE".into());
    let mut conn = green.connect().await?;
    for statement in &statements {
        conn.query_drop(statement).await.doing("Setting up the replication of green")?;
    }
    let limit = Duration::from_secs(30);
    let started = clock::start();
    loop {
        let status = replication(&mut conn).await?.unwrap_or_default();
        if status.io == "Yes" && status.sql == "Yes" {
            return conn.disconnect().await.doing("Closing a session");
        }
        if started.elapsed() > limit || !status.error.is_empty() {
            return Err(Error::other(format!("Green does not replicate from blue: {}", status.error)));
        }
        clock::pause(Duration::from_millis(20)).await;
    }
}

/// The parts of `SHOW SLAVE STATUS` that tell whether it runs.
#[derive(Debug, Default)]
pub(super) struct Replication {
    pub(super) io: String,
    pub(super) sql: String,
    /// The last error of either thread, empty without one.
    pub(super) error: String,
}

/// `None` on a server that is no replica.
pub(super) async fn replication(conn: &mut Conn) -> Result<Option<Replication>> {
    let row: Option<Row> = conn.query_first("SHOW SLAVE STATUS").await.doing("Asking for the replication status")?;
    Ok(row.map(|row| {
        let text = |column: &str| row.get::<Option<String>, _>(column).flatten().unwrap_or_default();
        let error = format!("{} {}", text("Last_IO_Error"), text("Last_SQL_Error")).trim().to_owned();
        Replication { io: text("Slave_IO_Running"), sql: text("Slave_SQL_Running"), error }
    }))
}

/// The newest binary log file in the server's data directory.
fn last_log_file(server: &Server) -> Result<Option<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(server.data())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix(LOG_BASE).and_then(|rest| rest.strip_prefix('.'));
        if let Some(number) = number.and_then(|digits| digits.parse::<u64>().ok()) {
            files.push((number, name));
        }
    }
    Ok(files.into_iter().max().map(|(_, name)| name))
}
