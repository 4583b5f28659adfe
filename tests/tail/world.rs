//! A 5.7.22 blue and the 8.0.15 green that was made of it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use mysql_async::{Conn, Row, prelude::Queryable as _};
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
use upgrade::{
    adapter::{
        mysql::{Login, Mysql},
        secrets::StoredSecrets,
    },
    handover::tail::Request,
    port::{
        binlog::Place,
        mysql::{Address, MysqlRead as _, Tls},
    },
    secret::SecretRef,
};

#[expect(clippy::disallowed_methods, reason = "a test has no wiring of its own")]
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}

pub(crate) struct World {
    pub(crate) plane: Plane,
    pub(crate) mysql: Mysql,
    pub(crate) blue: Address,
    pub(crate) green: Address,
    _folder: TempDir,
}

const ROW: [(&str, &str); 2] = [("binlog_format", "ROW"), ("binlog_row_image", "FULL")];

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn id(name: &str) -> ServerId {
    ServerId(name.into())
}

fn address(at: SocketAddr) -> Address {
    Address { host: at.ip().to_string(), port: at.port() }
}

impl World {
    /// With these settings besides row format; the tables of `schema` are there before green is made.
    pub(crate) async fn new(of_both: &[(&str, &str)], of_green: &[(&str, &str)], schema: &[&str]) -> Self {
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
        let of_blue = [&ROW[..], of_both].concat();
        let blue = address(plane.create(id("blue"), Release::V57, settings(&of_blue)).await.unwrap().into());
        let password = accounts.upgrade.password.clone();
        let secrets = StoredSecrets::new(move |name| (name == "PASSWORD").then(|| password.clone().into()));
        let login = Login {
            user: "upgrade".into(),
            password: SecretRef::Env("PASSWORD".into()),
            tls: Tls::Disabled,
            ca_file: None,
        };
        let mysql = Mysql::new(login, Arc::new(secrets));
        let mut world = Self { plane, mysql, green: blue.clone(), blue, _folder: folder };
        let mut conn = world.admin("blue").await;
        conn.query_drop("CREATE DATABASE shop").await.unwrap();
        conn.query_drop("USE shop").await.unwrap();
        for statement in schema {
            conn.query_drop(*statement).await.unwrap();
        }
        let task = Task::MakeGreen {
            blue: id("blue"),
            green: id("green"),
            engine_version: "8.0.mysql_aurora.3.04.0".into(),
            settings: settings(&[&of_blue[..], of_green].concat()),
        };
        world.plane.perform(task).await.unwrap();
        world.green = address(world.plane.server(&id("green")).unwrap().lock().await.address.into());
        world
    }

    pub(crate) async fn admin(&self, server: &str) -> Conn {
        let server = self.plane.server(&id(server)).unwrap();
        let server = server.lock().await;
        server.connect().await.unwrap()
    }

    /// A session in the schema.
    pub(crate) async fn shop(&self, server: &str) -> Conn {
        let mut conn = self.admin(server).await;
        conn.query_drop("USE shop").await.unwrap();
        conn
    }

    pub(crate) async fn end(&self, at: &Address) -> Place {
        let end = self.mysql.log_end(at).await.unwrap().unwrap();
        Place { file: end.file, position: end.position }
    }

    pub(crate) async fn request(&self, from: Place) -> Request {
        Request {
            blue_server_ids: vec![self.mysql.server(&self.blue).await.unwrap().server_id],
            green_server_id: self.mysql.server(&self.green).await.unwrap().server_id,
            blue: self.blue.clone(),
            green: self.green.clone(),
            from,
        }
    }

    /// Until green has applied all that blue has written.
    pub(crate) async fn caught_up(&self) {
        let end = self.end(&self.blue).await;
        let mut green = self.admin("green").await;
        let wait = format!("SELECT MASTER_POS_WAIT('{}', {}, 120)", end.file, end.position);
        let waited: Option<Option<i64>> = green.query_first(wait).await.unwrap();
        assert!(waited.flatten().is_some_and(|events| events >= 0), "green has not caught up with {end}");
    }

    /// As at the switchover: green has everything and follows no longer. Returns green's coordinates.
    pub(crate) async fn detach(&self) -> Place {
        self.caught_up().await;
        let mut green = self.admin("green").await;
        green.query_drop("STOP SLAVE").await.unwrap();
        for name in ["super_read_only", "read_only"] {
            green.query_drop(format!("SET GLOBAL {name} = 0")).await.unwrap();
        }
        self.end(&self.green).await
    }

    pub(crate) async fn down(self) {
        self.plane.kill().await.unwrap();
    }
}

/// `(position, event type, server id, end)` of every event of a file, as the server itself tells them.
pub(crate) async fn events(conn: &mut Conn, file: &str) -> Vec<(u64, String, u32, u64)> {
    let rows: Vec<Row> = conn.query(format!("SHOW BINLOG EVENTS IN '{file}'")).await.unwrap();
    rows.into_iter()
        .map(|row| (row.get(1).unwrap(), row.get(2).unwrap(), row.get(3).unwrap(), row.get(4).unwrap()))
        .collect()
}

/// Until `done` says so.
pub(crate) async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let started = clock::start();
    while !done().await {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        clock::pause(Duration::from_millis(50)).await;
    }
}
