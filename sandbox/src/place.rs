//! The folder of one sandbox, and what others may read there.

use std::fs::{File, TryLockError};
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::flink::Flink;
use crate::mysqld::{Accounts, Engine};
use crate::plane::Flip;
use crate::process::Identity;
use crate::region::work::ServerId;

/// Everything of a sandbox lies under one folder; it is absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    root: PathBuf,
}

/// What is made in the folder, and so what may be removed from it.
const OURS: [&str; 8] =
    ["sandbox.json", "state.json", "serve.json", "serve.log", "env", "processes", "servers", "flink"];

impl Place {
    /// Makes the folder if it is missing.
    pub fn at(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { root: fs::canonicalize(folder)? })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `sandbox.json`: there once everything is ready.
    pub fn record(&self) -> PathBuf {
        self.root.join("sandbox.json")
    }

    /// `state.json`: what changes while the sandbox runs.
    pub fn state(&self) -> PathBuf {
        self.root.join("state.json")
    }

    /// `serve.json`: the identity of the serving process.
    pub fn serving(&self) -> PathBuf {
        self.root.join("serve.json")
    }

    pub fn log(&self) -> PathBuf {
        self.root.join("serve.log")
    }

    pub fn env(&self) -> PathBuf {
        self.root.join("env")
    }

    pub fn processes(&self) -> PathBuf {
        self.root.join("processes")
    }

    pub fn servers(&self) -> PathBuf {
        self.root.join("servers")
    }

    pub fn flink(&self) -> PathBuf {
        self.root.join("flink")
    }

    /// Held by the serving process as long as it lives. `None` when another holds it.
    pub fn try_lock(&self) -> Result<Option<File>> {
        try_lock(&self.root.join("lock"))
    }

    /// Removes what a sandbox leaves in the folder.
    pub fn clear(&self) -> Result<()> {
        for name in OURS {
            let path = self.root.join(name);
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else if path.exists() {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// A lock that the kernel frees with its holder, however that ends. `None` when another holds it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<File>> {
    let file = fs::OpenOptions::new().create(true).append(true).open(path)?.into_parts().0;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// An address for clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
}

impl Endpoint {
    pub fn of(address: SocketAddrV4) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }

    pub fn address(&self) -> Result<SocketAddrV4> {
        let ip = self.host.parse().map_err(|_| Error::other(format!("{} is no IPv4 address", self.host)))?;
        Ok(SocketAddrV4::new(ip, self.port))
    }
}

/// `sandbox.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub engine: Engine,
    /// The RDS API.
    pub api: String,
    pub region: String,
    pub account: String,
    /// The production endpoint of `orders`: the cluster's writer, or the instance.
    pub source: Endpoint,
    pub sink: Endpoint,
    pub flink: Flink,
    pub accounts: Accounts,
    pub serve: Identity,
    /// What it started, by name, as of the moment all was ready.
    pub processes: Vec<(String, Identity)>,
}

impl Record {
    /// Everything a user of the product needs in the environment. No CA: the servers speak no TLS.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let services = self.flink.rest.trim_start_matches("http://").split(':').next().unwrap_or_default();
        let no_proxy = format!("127.0.0.0/8,127.0.0.1,localhost,{services}");
        vec![
            ("AWS_ENDPOINT_URL_RDS", self.api.clone()),
            ("AWS_ACCESS_KEY_ID", "sandbox".into()),
            ("AWS_SECRET_ACCESS_KEY", "sandbox".into()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("AWS_CONFIG_FILE", "/dev/null".into()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".into()),
            ("NO_PROXY", no_proxy.clone()),
            ("no_proxy", no_proxy),
            ("UPGRADE_MYSQL_PASSWORD", self.accounts.upgrade.password.clone()),
            ("CDC_PASSWORD", self.accounts.cdc.password.clone()),
            ("SINK_PASSWORD", self.accounts.sink.password.clone()),
            ("APP_PASSWORD", self.accounts.app.password.clone()),
            ("FLINK_REST", self.flink.rest.clone()),
            ("FLINK_SQL_GATEWAY", self.flink.sql_gateway.clone()),
            ("SAVEPOINTS", self.flink.savepoints.clone()),
            ("SOURCE_HOST", self.source.host.clone()),
            ("SOURCE_PORT", self.source.port.to_string()),
            ("SINK_HOST", self.sink.host.clone()),
            ("SINK_PORT", self.sink.port.to_string()),
        ]
    }

    /// The environment as shell exports.
    pub fn exports(&self) -> String {
        let pairs = self.environment();
        pairs.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect()
    }
}

/// `state.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Each endpoint and the server it leads to.
    pub endpoints: Vec<(SocketAddrV4, ServerId)>,
    pub flips: Vec<Flip>,
    /// Work that failed, in words, oldest first.
    pub failures: Vec<String>,
}

/// Replaces the file as a whole, so that a reader never sees half of it. Only the owner may read it.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::other)?;
    write_private(path, &text)
}

pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    fs::write(file.path(), text)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// `None` when the file is not there.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| Error::other(format!("{} cannot be read: {error}", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
