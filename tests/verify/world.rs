//! A 5.7.22 source with a log, and an 8.0.15 sink.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use mysql_async::{Conn, prelude::Queryable as _};
use sandbox::{
    address::Claim,
    mysqld::{Accounts, Engine, Site},
    parts::{Release, install},
    plane::Plane,
    process::Ledger,
    region::work::{ServerId, Settings, Task},
};
use tempfile::TempDir;
use upgrade::{
    adapter::{
        clock::SystemClock,
        mysql::{Encryption, Login as OwnLogin, Mysql, Tables},
        secrets::StoredSecrets,
    },
    error::Result,
    port::{
        binlog::Place,
        mysql::{Address, MysqlRead as _, Tls},
        rows::{Hash, Range},
        tables::Login,
    },
    secret::{Secret, SecretRef},
    verify::{self, Advanced, Carried, Compared, Limits, Pair, Progress},
};

#[expect(clippy::disallowed_methods, reason = "a test has no wiring of its own")]
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}

const SLICE: Duration = Duration::from_secs(5);

pub(crate) struct World {
    plane: Plane,
    /// Reads the log.
    pub(crate) mysql: Mysql,
    /// Knows the password of the tool's own login as PASSWORD.
    pub(crate) secrets: Arc<StoredSecrets>,
    settings: Settings,
    pub(crate) tables: Tables,
    pub(crate) at: Address,
    source: Login,
    sink: Login,
    _folder: TempDir,
}

fn id(name: &str) -> ServerId {
    ServerId(name.into())
}

fn address(at: SocketAddr) -> Address {
    Address { host: at.ip().to_string(), port: at.port() }
}

impl World {
    pub(crate) async fn new() -> Self {
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
        let plane = Plane::new(Arc::new(site), Claim::take().unwrap());
        let settings: Settings = [("binlog_format", "ROW"), ("binlog_row_image", "FULL")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let at = address(plane.create(id("source"), Release::V57, settings.clone()).await.unwrap().into());
        let into = address(plane.create(id("sink"), Release::V80, settings.clone()).await.unwrap().into());
        let password = accounts.upgrade.password;
        let secrets = Arc::new(StoredSecrets::new(move |name| (name == "PASSWORD").then(|| password.clone().into())));
        let own = OwnLogin {
            user: "upgrade".into(),
            password: SecretRef::Env("PASSWORD".into()),
            tls: Tls::Disabled,
            ca_file: None,
        };
        let login = |at: &Address| Login { address: at.clone(), user: "job".into(), password: Secret::new("pw") };
        let world = Self {
            mysql: Mysql::new(own, Arc::clone(&secrets) as _),
            secrets,
            settings,
            tables: Tables::new(Encryption { tls: Tls::Disabled, ca_file: None }),
            source: login(&at),
            sink: login(&into),
            at,
            plane,
            _folder: folder,
        };
        for server in ["source", "sink"] {
            let server = world.plane.server(&id(server)).unwrap();
            server.lock().await.connect().await.unwrap().query_drop("CREATE DATABASE shop").await.unwrap();
        }
        for statement in
            ["CREATE USER job IDENTIFIED WITH mysql_native_password BY 'pw'", "GRANT SELECT ON shop.* TO job"]
        {
            world.on_both(statement).await;
        }
        world
    }

    /// A replica of the source, of the next version, as `green`.
    pub(crate) async fn make_green(&self) -> Address {
        let (blue, green) = (id("source"), id("green"));
        let engine_version = "8.0.mysql_aurora.3.04.0".to_owned();
        let make = Task::MakeGreen { blue, green, engine_version, settings: self.settings.clone() };
        self.plane.perform(make).await.unwrap();
        let server = self.plane.server(&id("green")).unwrap();
        let at = server.lock().await.address;
        address(at.into())
    }

    /// A session of all rights that may write anything, in the schema; times are of UTC.
    pub(crate) async fn admin(&self, server: &str) -> Conn {
        let server = self.plane.server(&id(server)).unwrap();
        let mut conn = server.lock().await.connect().await.unwrap();
        conn.query_drop("USE shop").await.unwrap();
        conn.query_drop("SET sql_mode = '', time_zone = '+00:00'").await.unwrap();
        conn
    }

    pub(crate) async fn on(&self, server: &str, statement: &str) {
        let mut conn = self.admin(server).await;
        conn.query_drop(statement).await.unwrap_or_else(|error| panic!("{server}: {statement}: {error}"));
    }

    pub(crate) async fn on_both(&self, statement: &str) {
        self.on("source", statement).await;
        self.on("sink", statement).await;
    }

    pub(crate) async fn end(&self) -> Place {
        let end = self.mysql.log_end(&self.at).await.unwrap().unwrap();
        Place { file: end.file, position: end.position }
    }

    pub(crate) fn pair(&self, table: &str, columns: &[&str]) -> Pair {
        let columns = columns.iter().map(|name| (Carried::Column((*name).to_owned()), (*name).to_owned()));
        Pair {
            source: self.source.clone(),
            source_schema: "shop".into(),
            source_table: table.into(),
            sink: self.sink.clone(),
            sink_schema: "shop".into(),
            sink_table: table.into(),
            columns: columns.collect(),
            zone: None,
        }
    }

    pub(crate) async fn compare(&self, from: &Place, pairs: &[Pair]) -> Result<Compared> {
        verify::compare(&self.tables, &self.mysql, &self.at, from, None, pairs).await
    }

    pub(crate) async fn compare_at_most(&self, most: usize, from: &Place, pairs: &[Pair]) -> Result<Compared> {
        verify::compare_at_most(most, &self.tables, &self.mysql, &self.at, from, None, pairs).await
    }

    /// Every pair from its begin to its end; and the rows that are not equal.
    pub(crate) async fn whole(&self, pairs: &[Pair], hash: Hash) -> (Vec<Advanced>, Compared) {
        let mut all = Vec::new();
        for at in 0..pairs.len() {
            // So that a small table has several chunks.
            let narrow = Progress { width: Some(500), ..Progress::default() };
            let mut found = self.slice(pairs, at, hash, narrow, SLICE).await;
            while !found.progress.done {
                found = self.slice(pairs, at, hash, found.progress, SLICE).await;
            }
            all.push(found);
        }
        let none: &[Range] = &[];
        let ranges: Vec<_> = all
            .iter()
            .map(|found: &Advanced| if found.keyless { none } else { found.progress.unequal.as_slice() })
            .collect();
        let (compared, whole) = verify::unequal(&self.tables, pairs, &ranges, hash).await.unwrap();
        assert!(whole);
        (all, compared)
    }

    pub(crate) async fn slice(
        &self,
        pairs: &[Pair],
        at: usize,
        hash: Hash,
        progress: Progress,
        time: Duration,
    ) -> Advanced {
        let limits =
            Limits { connections: 2, chunk: Duration::from_millis(200), threads: 100, lag: Duration::from_secs(30) };
        let clock = SystemClock::new();
        verify::advance((&self.tables, &clock), (pairs, at), (hash, &limits), progress, time).await.unwrap()
    }

    pub(crate) async fn down(self) {
        self.plane.kill().await.unwrap();
    }
}
