//! Real servers: 5.7.22, and 8.0.15 that replicates from it.

use std::{net::SocketAddrV4, path::PathBuf, sync::Arc, time::Duration};

use mysql_async::{Conn, prelude::Queryable as _};
use sandbox::{
    address::Claim,
    clock,
    mysqld::{Accounts, Engine, Site},
    parts::{Release, install},
    plane::Plane,
    process::Ledger,
    region::work::{ServerId, Settings, Task},
};
use tempfile::TempDir;
use time::OffsetDateTime;
use upgrade::{
    adapter::mysql::Mysql,
    error::Kind,
    parameters,
    port::{
        mysql::{Address, MysqlRead as _, MysqlWrite as _, Tls},
        rds::Setting,
    },
};

use crate::{address, mysql};

#[expect(clippy::disallowed_methods, reason = "a test has no wiring of its own")]
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}

pub(crate) struct World {
    pub(crate) plane: Plane,
    pub(crate) accounts: Accounts,
    /// Leads to blue.
    endpoint: SocketAddrV4,
    _folder: TempDir,
}

fn id(name: &str) -> ServerId {
    ServerId(name.into())
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) const ROW: [(&str, &str); 3] =
    [("binlog_format", "ROW"), ("binlog_row_image", "FULL"), ("log_slave_updates", "ON")];

impl World {
    pub(crate) async fn empty() -> Self {
        let parts = install(&cache(), &|_| {}).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::generate().unwrap();
        let site = Site {
            parts,
            folder: folder.path().join("servers"),
            engine: Engine::Aurora,
            accounts: accounts.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("processes")).await.unwrap()),
        };
        let claim = Claim::take().unwrap();
        let endpoint = SocketAddrV4::new(claim.host(1), claim.port);
        Self { plane: Plane::new(Arc::new(site), claim), accounts, endpoint, _folder: folder }
    }

    pub(crate) async fn create(&self, name: &str, release: Release, parameters: &[(&str, &str)]) -> Address {
        address(self.plane.create(id(name), release, settings(parameters)).await.unwrap().into())
    }

    async fn route(&self, server: &str) {
        let task = Task::Route { address: self.endpoint.ip().to_string(), server: id(server) };
        self.plane.perform(task).await.unwrap();
    }

    pub(crate) async fn admin(&self, server: &str) -> Conn {
        let server = self.plane.server(&id(server)).unwrap();
        let server = server.lock().await;
        server.connect().await.unwrap()
    }

    fn login(&self, tls: Tls) -> Mysql {
        mysql("upgrade", &self.accounts.upgrade.password, tls, None)
    }
}

async fn cell(conn: &mut Conn, query: &str) -> String {
    conn.query_first::<String, _>(query).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_and_green() {
    let world = World::empty().await;
    let blue = world.create("blue", Release::V57, &ROW).await;
    let mut admin = world.admin("blue").await;
    admin.query_drop("CREATE DATABASE shop").await.unwrap();
    let task = Task::MakeGreen {
        blue: id("blue"),
        green: id("green"),
        engine_version: "8.0.mysql_aurora.3.04.0".into(),
        settings: settings(&ROW),
    };
    world.plane.perform(task).await.unwrap();
    let green = address(world.plane.server(&id("green")).unwrap().lock().await.address.into());
    let mysql = world.login(Tls::Disabled);

    servers(&world, &mysql, &blue, &green).await;
    log(&world, &mysql, &blue).await;
    retention(&mysql, &mut admin, &blue, &green).await;
    variables(&mysql, &green).await;
    open_transactions(&world, &mysql, &mut admin, &blue).await;
    assert!(mysql.schemas(&blue).await.unwrap().contains(&"shop".to_owned()));
    replication(&world, &mysql, &mut admin, &blue, &green).await;
    refusals(&world, &mut admin, &blue).await;

    world.route("blue").await;
    let endpoint = address(world.endpoint.into());
    let through = mysql.server(&endpoint).await.unwrap();
    world.route("green").await;
    assert_ne!(mysql.server(&endpoint).await.unwrap().uuid, through.uuid, "the name leads elsewhere now");

    world.plane.server(&id("blue")).unwrap().lock().await.stop().await.unwrap();
    let error = mysql.server(&blue).await.unwrap_err();
    assert_eq!(error.kind, Kind::Transient);
    assert!(error.message.contains(&blue.to_string()), "{error}");
    world.plane.kill().await.unwrap();
}

async fn servers(world: &World, mysql: &Mysql, blue: &Address, green: &Address) {
    for (name, at, version, read_only) in [("blue", blue, "5.7.22", false), ("green", green, "8.0.15", true)] {
        let seen = mysql.server(at).await.unwrap();
        let mut admin = world.admin(name).await;
        assert_eq!(seen.uuid, cell(&mut admin, "SELECT @@server_uuid").await);
        assert_eq!(seen.server_id.to_string(), cell(&mut admin, "SELECT CAST(@@server_id AS CHAR)").await);
        assert!(seen.version.starts_with(version), "{seen:?}");
        assert_eq!(seen.read_only, read_only, "{name}");
        assert!(seen.log_bin && seen.log_replica_updates, "{seen:?}");
        assert_eq!((seen.binlog_format.as_str(), seen.binlog_row_image.as_str()), ("ROW", "FULL"));
        assert_eq!(seen.gtid_mode, "OFF");
        let age = OffsetDateTime::now_utc().unix_timestamp() - seen.started_at;
        assert!((0..600).contains(&age), "{name} started {age} s ago");
    }
}

async fn log(world: &World, mysql: &Mysql, blue: &Address) {
    let end = mysql.log_end(blue).await.unwrap().unwrap();
    let mut admin = world.admin("blue").await;
    let (file, position): (String, u64) = admin
        .query_first::<mysql_async::Row, _>("SHOW MASTER STATUS")
        .await
        .unwrap()
        .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
        .unwrap();
    assert_eq!((end.file.as_str(), end.position, end.gtid_set), (file.as_str(), position, None));
    let files = mysql.log_files(blue).await.unwrap();
    let last = files.last().unwrap();
    assert_eq!((last.name.as_str(), last.size), (file.as_str(), position));
}

async fn variables(mysql: &Mysql, green: &Address) {
    let running = mysql.variables(green).await.unwrap();
    assert!(running.len() > 400, "{running:?}");
    assert_eq!((running["binlog_format"].as_str(), running["log_bin"].as_str()), ("ROW", "ON"));
    let set = |name: &str, value: &str| Setting { name: name.into(), value: value.into(), pending_reboot: true };
    let said =
        [set("gtid-mode", "OFF"), set("log_bin", "1"), set("long_query_time", "10"), set("binlog_format", "row")];
    assert_eq!(parameters::differences(&said, &running), []);
    assert_eq!(parameters::differences(&[set("gtid-mode", "ON")], &running)[0].running, "OFF");
}

async fn retention(mysql: &Mysql, admin: &mut Conn, blue: &Address, green: &Address) {
    assert_eq!(mysql.retention_hours(blue).await.unwrap(), None);
    // Green takes it while it is a replica, and nothing of its own enters its log.
    for (at, hours) in [(blue, 24), (green, 36)] {
        let end = mysql.log_end(at).await.unwrap();
        mysql.retain_logs(at, hours).await.unwrap();
        assert_eq!(mysql.retention_hours(at).await.unwrap(), Some(hours));
        assert_eq!(mysql.log_end(at).await.unwrap(), end);
    }
    assert_eq!(mysql.retention_hours(blue).await.unwrap(), Some(24));

    // Green has no use for it.
    admin.query_drop("SET sql_log_bin = 0").await.unwrap();
    admin.query_drop("DROP PROCEDURE mysql.rds_show_configuration").await.unwrap();
    let error = mysql.retention_hours(blue).await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert!(error.hint.as_deref().unwrap().contains("right server"), "{error:?}");
    let writing = "CREATE PROCEDURE mysql.rds_show_configuration() UPDATE mysql.rds_configuration SET value = '1'";
    admin.query_drop(writing).await.unwrap();
    let error = mysql.retention_hours(blue).await.unwrap_err();
    assert!(error.message.contains("error 1792"), "sessions are read-only: {error}");
    admin.query_drop("SET sql_log_bin = 1").await.unwrap();
}

async fn open_transactions(world: &World, mysql: &Mysql, admin: &mut Conn, blue: &Address) {
    assert_eq!(mysql.open_transactions(blue, 0).await.unwrap(), []);
    // The server's clock is elsewhere than its sessions'.
    admin.query_drop("SET GLOBAL time_zone = '+05:00'").await.unwrap();
    let mut holder = world.admin("blue").await;
    holder.query_drop("CREATE TABLE shop.t (id INT PRIMARY KEY)").await.unwrap();
    holder.query_drop("BEGIN").await.unwrap();
    holder.query_drop("INSERT INTO shop.t VALUES (1)").await.unwrap();
    let open = clock::poll(Duration::from_secs(20), Duration::from_millis(100), || async {
        mysql.open_transactions(blue, 0).await.unwrap().pop()
    });
    let open = open.await.unwrap();
    assert_eq!(open.user, world.accounts.admin.user);
    assert!((1..60).contains(&open.seconds), "{open:?}");
    assert_eq!(mysql.open_transactions(blue, 3600).await.unwrap(), []);
    holder.query_drop("COMMIT").await.unwrap();
}

async fn replication(world: &World, mysql: &Mysql, blue_admin: &mut Conn, blue: &Address, green: &Address) {
    assert_eq!(mysql.replication(blue).await.unwrap(), None);
    let seen = mysql.replication(green).await.unwrap().unwrap();
    assert!(seen.running && seen.last_error.is_none() && seen.seconds_behind.is_some(), "{seen:?}");

    let mut green_admin = world.admin("green").await;
    for statement in ["SET sql_log_bin = 0", "CREATE DATABASE clash"] {
        green_admin.query_drop(statement).await.unwrap();
    }
    blue_admin.query_drop("CREATE DATABASE clash").await.unwrap();
    let stopped = clock::poll(Duration::from_secs(20), Duration::from_millis(100), || async {
        mysql.replication(green).await.unwrap().filter(|seen| !seen.running)
    });
    let stopped = stopped.await.unwrap();
    assert_eq!(stopped.seconds_behind, None);
    assert!(stopped.last_error.unwrap().contains("clash"));
}

async fn refusals(world: &World, admin: &mut Conn, blue: &Address) {
    let error = mysql("upgrade", "canary-wrong", Tls::Disabled, None).server(blue).await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert!(error.message.contains("user upgrade") && error.message.contains(&blue.to_string()), "{error}");
    assert!(error.hint.as_deref().unwrap().contains("environment variable PASSWORD"), "{error:?}");
    assert!(!format!("{error:?}").contains("canary-wrong"));

    admin.query_drop("CREATE USER poor IDENTIFIED BY 'poor'").await.unwrap();
    let poor = mysql("poor", "poor", Tls::Disabled, None);
    for refused in [
        poor.log_end(blue).await.map(drop),
        poor.replication(blue).await.map(drop),
        poor.open_transactions(blue, 0).await.map(drop),
        poor.retention_hours(blue).await.map(drop),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind, Kind::Permanent, "{error}");
        assert!(error.hint.as_deref().unwrap().starts_with("GRANT "), "{error:?}");
    }

    let error = world.login(Tls::Required).server(blue).await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert!(error.hint.as_deref().unwrap().contains("tls: disabled"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gtid_sets_and_no_log() {
    let world = World::empty().await;
    let with = [("gtid_mode", "ON"), ("enforce_gtid_consistency", "ON")];
    let blue = world.create("blue", Release::V57, &[&ROW[..], &with].concat()).await;
    let mysql = world.login(Tls::Disabled);
    world.admin("blue").await.query_drop("CREATE DATABASE shop").await.unwrap();
    let server = mysql.server(&blue).await.unwrap();
    assert_eq!(server.gtid_mode, "ON");
    let end = mysql.log_end(&blue).await.unwrap().unwrap();
    assert_eq!(end.gtid_set.unwrap(), format!("{}:1", server.uuid));

    let silent = world.create("silent", Release::V80, &[("binlog_format", "OFF")]).await;
    assert!(!mysql.server(&silent).await.unwrap().log_bin);
    assert_eq!(mysql.log_end(&silent).await.unwrap(), None);
    assert_eq!(mysql.log_files(&silent).await.unwrap(), []);
    world.plane.kill().await.unwrap();
}
