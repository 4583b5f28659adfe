//! What can go wrong between the sandbox and the software it runs.

use std::path::PathBuf;
use std::time::Duration;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{tool} is missing. Install it: apt-get install {package}")]
    Missing { tool: &'static str, package: &'static str },
    #[error("{what} failed: {detail}")]
    Command { what: String, detail: String },
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{what}: {source}")]
    Sql { what: String, source: mysql_async::Error },
    #[error("{what}: {source}")]
    Http { what: String, source: reqwest::Error },
    #[error("{what} did not come true within {} s.{detail}", limit.as_secs())]
    TooSlow { what: String, limit: Duration, detail: String },
    #[error("The server {server} ended while it was starting. The end of its error log:\n{tail}")]
    NotStarted { server: String, tail: String },
    #[error("The switchover was rolled back, blue takes writes again: {reason}")]
    RolledBack { reason: String },
    #[error("There is no server {0}")]
    NoServer(String),
    #[error("A sandbox is already running in {folder}. End it with: upgrade-sandbox down --dir {folder}", folder = .0.display())]
    AlreadyUp(PathBuf),
    #[error("{0}")]
    Other(String),
}

impl Error {
    pub fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }
}

/// Says what was being done when the server refused it.
pub trait Doing<T> {
    fn doing(self, what: impl Into<String>) -> Result<T>;
}

impl<T> Doing<T> for std::result::Result<T, mysql_async::Error> {
    fn doing(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::Sql { what: what.into(), source })
    }
}

impl<T> Doing<T> for std::result::Result<T, reqwest::Error> {
    fn doing(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::Http { what: what.into(), source })
    }
}
