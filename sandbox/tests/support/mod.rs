//! A data plane of its own for each test, ended with it.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::sync::Arc;

use mysql_async::Conn;
use sandbox::address::Claim;
use sandbox::mysqld::{Accounts, Engine, Site};
use sandbox::parts::{Parts, Release, install};
use sandbox::plane::{Bent, Plane};
use sandbox::process::Ledger;
use sandbox::region::work::{ServerId, Settings, Task};
use tempfile::TempDir;

#[expect(clippy::disallowed_methods, reason = "a test has no wiring of its own")]
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}

pub struct World {
    pub plane: Plane,
    pub parts: Parts,
    pub ledger: Arc<Ledger>,
    pub accounts: Accounts,
    /// Leads to blue.
    pub endpoint: SocketAddrV4,
    pub folder: TempDir,
}

pub fn id(name: &str) -> ServerId {
    ServerId(name.into())
}

pub fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// A blue server behind one endpoint.
pub async fn blue(parameters: &[(&str, &str)]) -> World {
    bent_blue(parameters, Bent::default()).await
}

/// The same in a world that is odd on purpose.
pub async fn bent_blue(parameters: &[(&str, &str)], bent: Bent) -> World {
    let parts = install(&cache(), &|line| eprintln!("{line}")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let accounts = Accounts::generate().unwrap();
    let ledger = Arc::new(Ledger::open(folder.path().join("processes")).await.unwrap());
    let site = Site {
        parts: parts.clone(),
        folder: folder.path().join("servers"),
        engine: Engine::Aurora,
        accounts: accounts.clone(),
        ledger: ledger.clone(),
    };
    let claim = Claim::take().unwrap();
    let endpoint = SocketAddrV4::new(claim.host(1), claim.port);
    let plane = Plane::new(Arc::new(site), claim).bent(bent);
    plane.create(id("blue"), Release::V57, settings(parameters)).await.unwrap();
    plane.perform(Task::Route { address: endpoint.ip().to_string(), server: id("blue") }).await.unwrap();
    World { plane, parts, ledger, accounts, endpoint, folder }
}

impl World {
    pub async fn admin(&self, server: &str) -> Conn {
        let server = self.plane.server(&id(server)).unwrap();
        let server = server.lock().await;
        server.connect().await.unwrap()
    }
}
