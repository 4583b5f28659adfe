//! The questions.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use mysql_async::Row;

use super::{
    login::Login,
    objects,
    rows::{cell, text},
    session::Session,
};
use crate::{
    error::{Error, Kind, Result},
    port::{
        Reply,
        binlog::Place,
        mysql::{Address, Coordinates, LogFile, MysqlRead, OpenTransaction, Replication, Server, Who},
        objects::{Object, Objects, Unreadable},
        secrets::Secrets,
    },
};

const NO_BINARY_LOGGING: u16 = 1381;
const NO_SUCH_PROCEDURE: u16 = 1305;
const AT_ONCE: Duration = Duration::from_millis(500);

/// Asks any server, with one login.
#[derive(Clone)]
pub struct Mysql {
    login: Login,
    secrets: Arc<dyn Secrets>,
}

impl Mysql {
    pub fn new(login: Login, secrets: Arc<dyn Secrets>) -> Self {
        // Whoever was first has chosen the same provider: there is one in the tree.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self { login, secrets }
    }

    pub(super) async fn session_to_write<'a>(&'a self, at: &'a Address) -> Result<Session<'a>> {
        Session::open_to_write(&self.login, &*self.secrets, at).await
    }

    pub(super) async fn session<'a>(&'a self, at: &'a Address) -> Result<Session<'a>> {
        Session::open(&self.login, &*self.secrets, at).await
    }
}

impl MysqlRead for Mysql {
    fn who<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Who>> {
        async move {
            let asked = async {
                let mut session = self.session(at).await?;
                let rows = session.rows("SELECT @@server_uuid, @@read_only OR @@innodb_read_only").await?;
                session.close().await;
                let uuid = rows.first().and_then(|row| cell(row, 0)).unwrap_or_default();
                let read_only = rows.first().and_then(|row| cell(row, 1)).is_some_and(|value| is_on(&value));
                Ok::<_, Error>(Who { uuid, read_only })
            };
            match tokio::time::timeout(AT_ONCE, asked).await {
                Ok(Ok(who)) => Ok(Some(who)),
                Err(_) => Ok(None),
                Ok(Err(error)) if error.kind == Kind::Transient => Ok(None),
                Ok(Err(error)) => Err(error),
            }
        }
        .boxed()
    }

    fn resolve<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<Address>> {
        async move {
            if at.host.parse::<IpAddr>().is_ok() {
                return Ok(Vec::new());
            }
            let found = tokio::time::timeout(AT_ONCE, tokio::net::lookup_host((at.host.as_str(), at.port))).await;
            let Ok(Ok(found)) = found else { return Ok(Vec::new()) };
            Ok(found.map(|found| Address { host: found.ip().to_string(), port: found.port() }).collect())
        }
        .boxed()
    }

    fn server<'a>(&'a self, at: &'a Address) -> Reply<'a, Server> {
        async move {
            let mut session = self.session(at).await?;
            let server = server(&mut session, at).await?;
            session.close().await;
            Ok(server)
        }
        .boxed()
    }

    fn log_end<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Coordinates>> {
        async move {
            let mut session = self.session(at).await?;
            let renamed = session.version() >= (8, 2, 0);
            let statement = if renamed { "SHOW BINARY LOG STATUS" } else { "SHOW MASTER STATUS" };
            let rows = session.rows(statement).await?;
            let with_gtid = variables(&mut session).await?.get("gtid_mode").is_some_and(|mode| mode == "ON");
            session.close().await;
            let Some(row) = rows.first() else { return Ok(None) };
            let gtid_set = text(row, &["Executed_Gtid_Set"]).map(|set| set.replace(['\n', ' '], ""));
            Ok(Some(Coordinates {
                file: text(row, &["File"]).unwrap_or_default(),
                position: number(text(row, &["Position"]), at)?,
                // A set that stands still while transactions have no GTID tells no place.
                gtid_set: gtid_set.filter(|_| with_gtid),
            }))
        }
        .boxed()
    }

    fn log_files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>> {
        async move {
            let mut session = self.session(at).await?;
            let statement = "SHOW BINARY LOGS";
            let rows = match session.try_rows(statement).await? {
                Err(refusal) if refusal.code == NO_BINARY_LOGGING => Vec::new(),
                Err(refusal) => return Err(session.refused(statement, refusal)),
                Ok(rows) => rows,
            };
            session.close().await;
            let file =
                |row: &Row| Ok(LogFile { name: cell(row, 0).unwrap_or_default(), size: number(cell(row, 1), at)? });
            rows.iter().map(file).collect()
        }
        .boxed()
    }

    fn retention_hours<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<u32>> {
        async move {
            let mut session = self.session(at).await?;
            let statement = "CALL mysql.rds_show_configuration";
            let rows = match session.try_rows(statement).await? {
                Err(refusal) if refusal.code == NO_SUCH_PROCEDURE => {
                    return Err(session
                        .refused(statement, refusal)
                        .hint("Every RDS and Aurora MySQL has this procedure: see whether this is the right server"));
                }
                Err(refusal) => return Err(session.refused(statement, refusal)),
                Ok(rows) => rows,
            };
            session.close().await;
            let set = rows.iter().find(|row| text(row, &["name"]).as_deref() == Some("binlog retention hours"));
            match set.and_then(|row| text(row, &["value"])) {
                None => Ok(None),
                Some(value) if value.eq_ignore_ascii_case("NULL") => Ok(None),
                value => number(value, at).map(Some),
            }
        }
        .boxed()
    }

    fn replication<'a>(&'a self, at: &'a Address) -> Reply<'a, Option<Replication>> {
        async move {
            let mut session = self.session(at).await?;
            let renamed = session.version() >= (8, 0, 22);
            let rows = session.rows(if renamed { "SHOW REPLICA STATUS" } else { "SHOW SLAVE STATUS" }).await?;
            session.close().await;
            if rows.is_empty() {
                return Ok(None);
            }
            let channels: Vec<_> = rows.iter().map(channel).collect();
            // Several sources: the replica is as far behind as the slowest of them.
            let behind: Option<Vec<u64>> = channels.iter().map(|channel| channel.seconds_behind).collect();
            let errors: Vec<_> = channels.iter().filter_map(|channel| channel.last_error.clone()).collect();
            let executed = match channels.as_slice() {
                [one] => one.executed.clone(),
                _ => None,
            };
            Ok(Some(Replication {
                executed,
                running: channels.iter().all(|channel| channel.running),
                seconds_behind: behind.and_then(|behind| behind.into_iter().max()),
                last_error: (!errors.is_empty()).then(|| errors.join("; ")),
                sources: channels.into_iter().flat_map(|channel| channel.sources).collect(),
            }))
        }
        .boxed()
    }

    fn open_transactions<'a>(&'a self, at: &'a Address, seconds: u64) -> Reply<'a, Vec<OpenTransaction>> {
        async move {
            let mut session = self.session(at).await?;
            let statement = format!(
                "SELECT t.trx_id, COALESCE(p.user, ''), TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) \
                 FROM information_schema.INNODB_TRX t \
                 LEFT JOIN information_schema.PROCESSLIST p ON p.id = t.trx_mysql_thread_id \
                 WHERE TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) > {seconds} ORDER BY t.trx_started"
            );
            let rows = session.rows(&statement).await?;
            session.close().await;
            let transaction = |row: &Row| {
                Ok(OpenTransaction {
                    id: cell(row, 0).unwrap_or_default(),
                    user: cell(row, 1).unwrap_or_default(),
                    seconds: number(cell(row, 2), at)?,
                })
            };
            rows.iter().map(transaction).collect()
        }
        .boxed()
    }

    fn schemas<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<String>> {
        async move {
            let mut session = self.session(at).await?;
            let rows = session.rows("SELECT schema_name FROM information_schema.SCHEMATA ORDER BY 1").await?;
            session.close().await;
            Ok(rows.iter().filter_map(|row| cell(row, 0)).collect())
        }
        .boxed()
    }

    fn objects<'a>(&'a self, at: &'a Address) -> Reply<'a, Objects> {
        async move {
            let mut session = self.session(at).await?;
            let found = objects::all(&mut session).await?;
            session.close().await;
            Ok(found)
        }
        .boxed()
    }

    fn unreadable<'a>(
        &'a self,
        at: &'a Address,
        objects: &'a [Object],
        connections: usize,
    ) -> Reply<'a, Vec<Unreadable>> {
        objects::unreadable(self, at, objects, connections).boxed()
    }
    fn variables<'a>(&'a self, at: &'a Address) -> Reply<'a, BTreeMap<String, String>> {
        async move {
            let mut session = self.session(at).await?;
            let rows = session.rows("SHOW GLOBAL VARIABLES").await?;
            session.close().await;
            Ok(rows.iter().filter_map(|row| Some((cell(row, 0)?, cell(row, 1)?))).collect())
        }
        .boxed()
    }
}

/// Which server this is: what every login may ask.
pub(super) async fn server(session: &mut Session<'_>, at: &Address) -> Result<Server> {
    let variables = variables(session).await?;
    let now: i64 = number(session.rows("SELECT UNIX_TIMESTAMP()").await?.first().and_then(|row| cell(row, 0)), at)?;
    let uptime = session.rows("SHOW GLOBAL STATUS LIKE 'Uptime'").await?;
    let uptime: i64 = number(uptime.first().and_then(|row| cell(row, 1)), at)?;
    let value = |name: &str| variables.get(name).cloned().unwrap_or_default();
    let on = |name: &str| variables.get(name).is_some_and(|value| is_on(value));
    Ok(Server {
        uuid: value("server_uuid"),
        server_id: number(variables.get("server_id").cloned(), at)?,
        version: value("version"),
        started_at: now - uptime,
        read_only: on("read_only") || on("innodb_read_only"),
        log_bin: on("log_bin"),
        binlog_format: value("binlog_format"),
        binlog_row_image: value("binlog_row_image"),
        gtid_mode: variables.get("gtid_mode").cloned().unwrap_or_else(|| "OFF".to_owned()),
        log_replica_updates: on("log_replica_updates") || on("log_slave_updates"),
    })
}

/// What `server` and `log_end` look at. A variable that the version does not know is not there.
async fn variables(session: &mut Session<'_>) -> Result<BTreeMap<String, String>> {
    let statement = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_id', 'version', 'read_only', \
                     'innodb_read_only', 'log_bin', 'binlog_format', 'binlog_row_image', 'gtid_mode', \
                     'log_slave_updates', 'log_replica_updates')";
    let rows = session.rows(statement).await?;
    Ok(rows.iter().filter_map(|row| Some((cell(row, 0)?, cell(row, 1)?))).collect())
}

/// `None` where the server is no replica, knows no lag, or does not tell this login.
pub(super) async fn seconds_behind(session: &mut Session<'_>) -> Result<Option<u64>> {
    let renamed = session.version() >= (8, 0, 22);
    let rows = session.try_rows(if renamed { "SHOW REPLICA STATUS" } else { "SHOW SLAVE STATUS" }).await?;
    Ok(rows.ok().and_then(|rows| rows.iter().filter_map(|row| channel(row).seconds_behind).max()))
}

fn channel(row: &Row) -> Replication {
    let yes = |names: &[&str]| text(row, names).as_deref() == Some("Yes");
    let error = |names: &[&str]| text(row, names).filter(|text| !text.is_empty());
    let behind = text(row, &["Seconds_Behind_Source", "Seconds_Behind_Master"]);
    let host = text(row, &["Source_Host", "Master_Host"]).filter(|host| !host.is_empty());
    let port = text(row, &["Source_Port", "Master_Port"]).and_then(|port| port.parse().ok());
    let file = text(row, &["Relay_Source_Log_File", "Relay_Master_Log_File"]).filter(|file| !file.is_empty());
    let position = text(row, &["Exec_Source_Log_Pos", "Exec_Master_Log_Pos"]).and_then(|place| place.parse().ok());
    Replication {
        executed: file.zip(position).map(|(file, position)| Place { file, position }),
        running: yes(&["Replica_IO_Running", "Slave_IO_Running"]) && yes(&["Replica_SQL_Running", "Slave_SQL_Running"]),
        seconds_behind: behind.and_then(|seconds| seconds.parse().ok()),
        last_error: error(&["Last_SQL_Error"]).or_else(|| error(&["Last_IO_Error"])),
        sources: host.zip(port).map(|(host, port)| Address { host, port }).into_iter().collect(),
    }
}

fn is_on(value: &str) -> bool {
    matches!(value.to_ascii_uppercase().as_str(), "ON" | "1" | "YES")
}

fn number<T: std::str::FromStr>(text: Option<String>, at: &Address) -> Result<T> {
    text.as_deref().and_then(|text| text.parse().ok()).ok_or_else(|| {
        Error::permanent(format!("Expected a number from MySQL at {at}, saw {}", text.as_deref().unwrap_or("nothing")))
    })
}
