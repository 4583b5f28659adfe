//! One real server, and the tool's own login on it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use mysql_async::{Conn, prelude::Queryable as _};
use sandbox::{
    address::Claim,
    mysqld::{Accounts, Engine, Site},
    parts::{Release, install},
    plane::Plane,
    process::Ledger,
    region::work::ServerId,
};
use tempfile::TempDir;
use upgrade::{
    adapter::{
        mysql::{Login, Mysql},
        secrets::StoredSecrets,
    },
    port::{
        catalogue::{CatalogueRead as _, Gentle, Instance, Schema, StoredProgram, Table, View},
        mysql::{Address, Tls},
    },
    secret::SecretRef,
};

#[expect(clippy::disallowed_methods, reason = "a test has no wiring of its own")]
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}

pub(crate) const GENTLE: Gentle = Gentle { connections: 4, max_threads_running: None };

pub(crate) struct World {
    plane: Plane,
    pub(crate) mysql: Mysql,
    pub(crate) at: Address,
    pub(crate) admin: Conn,
    _folder: TempDir,
}

fn id() -> ServerId {
    ServerId("blue".into())
}

fn address(at: SocketAddr) -> Address {
    Address { host: at.ip().to_string(), port: at.port() }
}

impl World {
    pub(crate) async fn of(release: Release) -> Self {
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
        let at = address(plane.create(id(), release, Default::default()).await.unwrap().into());
        let admin = plane.server(&id()).unwrap().lock().await.connect().await.unwrap();
        let mysql = login(&accounts.upgrade.user, &accounts.upgrade.password);
        Self { plane, mysql, at, admin, _folder: folder }
    }

    pub(crate) async fn run(&mut self, statements: &[&str]) {
        for statement in statements {
            self.admin.query_drop(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    pub(crate) async fn admin_refuses(&mut self, statement: &str) -> String {
        self.admin.query_drop(statement).await.unwrap_err().to_string()
    }

    pub(crate) async fn connect(&self) -> Conn {
        self.plane.server(&id()).unwrap().lock().await.connect().await.unwrap()
    }

    /// A user with these privileges and no others.
    pub(crate) async fn user(&mut self, name: &str, privileges: &str) -> Mysql {
        let create = format!("CREATE USER {name} IDENTIFIED WITH mysql_native_password BY 'canary-{name}'");
        self.run(&[&create, &format!("GRANT {privileges} TO {name}")]).await;
        login(name, &format!("canary-{name}"))
    }

    pub(crate) async fn data(&self) -> PathBuf {
        self.plane.server(&id()).unwrap().lock().await.folder().join("data")
    }

    pub(crate) async fn instance(&self) -> Instance {
        self.mysql.instance(&self.at).await.unwrap()
    }

    pub(crate) async fn schemas(&self, names: &[&str]) -> Vec<Schema> {
        schemas(&self.mysql, &self.at, names, GENTLE).await
    }

    pub(crate) async fn schema(&self, name: &str) -> Schema {
        self.schemas(&[name]).await.pop().unwrap()
    }
}

fn login(user: &str, password: &str) -> Mysql {
    let password = password.to_owned();
    let secrets = StoredSecrets::new(move |name| (name == "PASSWORD").then(|| password.clone().into()));
    let login =
        Login { user: user.into(), password: SecretRef::Env("PASSWORD".into()), tls: Tls::Disabled, ca_file: None };
    Mysql::new(login, Arc::new(secrets))
}

/// By name.
pub(crate) async fn schemas(mysql: &Mysql, at: &Address, names: &[&str], gentle: Gentle) -> Vec<Schema> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut found = Vec::new();
    mysql.schemas(at, &names, gentle, &mut |schema| found.push(schema)).await.unwrap();
    assert_eq!(found.len(), names.len());
    found.sort_by(|one: &Schema, other| one.name.cmp(&other.name));
    found
}

pub(crate) fn table<'a>(schema: &'a Schema, name: &str) -> &'a Table {
    schema.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("{name} in {:#?}", schema.tables))
}

pub(crate) fn view<'a>(schema: &'a Schema, name: &str) -> &'a View {
    schema.views.iter().find(|view| view.name == name).unwrap()
}

pub(crate) fn program<'a>(schema: &'a Schema, name: &str) -> &'a StoredProgram {
    schema.programs.iter().find(|program| program.name == name).unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
