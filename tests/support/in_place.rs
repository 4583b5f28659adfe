//! A data directory of 5.7.22, made with SQL and where need be by hand on its files, on which 8.0.15 is started in place: what the
//! upgrade really does with an object.

use std::{
    net::SocketAddrV4,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use mysql_async::{Conn, OptsBuilder, prelude::Queryable as _};
use sandbox::{
    address::Claim,
    clock,
    parts::{Parts, Release, install},
    process::{Ledger, Process},
};
use tempfile::TempDir;
use tokio::{process::Command, sync::OnceCell};

/// Of both accounts below.
pub const PASSWORD: &str = "canary-in-place";
/// All rights.
pub const ADMIN: &str = "admin";
/// What the master user of RDS has.
pub const MASTER: &str = "upgrade";

const START: Duration = Duration::from_secs(240);
const STOP: Duration = Duration::from_secs(120);

/// What became of an in-place start of 8.0.15.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It serves. The warnings and errors of its log.
    Passes(Vec<String>),
    /// It ended by itself. The warnings and errors of its log.
    Refuses(Vec<String>),
    /// It died by this signal.
    Crashes(u8),
}

impl Outcome {
    pub fn passes(&self) -> bool {
        matches!(self, Self::Passes(_))
    }

    /// Whether it refused with these words (`MY-010923`, a name) in its log.
    pub fn refuses_with(&self, words: &str) -> bool {
        matches!(self, Self::Refuses(log) if log.iter().any(|line| line.contains(words)))
    }
}

/// A fresh data directory of 5.7.22 with its accounts, of which each case gets a copy.
pub struct Bench {
    parts: Parts,
    claim: Claim,
    ledger: Ledger,
    folder: TempDir,
    /// Made when first asked for.
    v80: OnceCell<()>,
}

impl Bench {
    pub async fn prepare() -> Arc<Self> {
        let parts = install(&cache(), &|_| {}).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path().join("processes")).await.unwrap();
        let bench = Arc::new(Self { parts, claim: Claim::take().unwrap(), ledger, folder, v80: OnceCell::new() });
        bench.make_template("v57", Release::V57).await;
        bench
    }

    async fn make_template(self: &Arc<Self>, name: &str, release: Release) {
        let mut template = Trial::at(self, name, release, 90);
        std::fs::create_dir_all(template.folder.join("tmp")).unwrap();
        let mut initialize = template.command(release, &["--initialize-insecure".to_owned()]);
        let status = initialize.stdin(Stdio::null()).status().await.unwrap();
        assert!(status.success(), "{:?}", template.log());
        let first = template.folder.join("first.sql");
        std::fs::write(&first, first_statements()).unwrap();
        template.serve(release, &[format!("--init-file={}", first.display())]).await;
        template.connect().await.disconnect().await.unwrap();
        template.stop().await;
        std::fs::remove_file(template.folder.join("error.log")).unwrap();
    }

    /// A folder for files of tablespaces that lie elsewhere.
    pub fn folder_outside(&self) -> PathBuf {
        let folder = self.folder.path().join("outside");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A running 5.7.22 on a copy of the prepared directory. `number` (below 90) tells cases that run at a time apart.
    pub async fn on_57(self: &Arc<Self>, number: usize, options: &[&str]) -> Trial {
        self.copy("v57", Release::V57, number, options).await
    }

    /// A running 8.0.15 on a fresh directory.
    pub async fn on_80(self: &Arc<Self>, number: usize, options: &[&str]) -> Trial {
        self.v80.get_or_init(|| self.make_template("v80", Release::V80)).await;
        self.copy("v80", Release::V80, number, options).await
    }

    async fn copy(self: &Arc<Self>, template: &str, release: Release, number: usize, options: &[&str]) -> Trial {
        let mut trial = Trial::at(self, &format!("case-{number}-{template}"), release, number);
        let from = self.folder.path().join(template);
        let status = Command::new("cp").arg("-r").arg(&from).arg(&trial.folder).status().await.unwrap();
        assert!(status.success(), "cp of {}", from.display());
        // Every server has an identity of its own.
        std::fs::remove_file(trial.data().join("auto.cnf")).unwrap();
        trial.options = options.iter().map(ToString::to_string).collect();
        trial.start().await;
        trial
    }
}

/// One server on a copy of the prepared directory. Its process ends and its directory goes when it is dropped.
pub struct Trial {
    bench: Arc<Bench>,
    pub address: SocketAddrV4,
    folder: PathBuf,
    release: Release,
    /// More of its command line, from the next start on.
    pub options: Vec<String>,
    process: Option<Process>,
}

impl Trial {
    fn at(bench: &Arc<Bench>, name: &str, release: Release, number: usize) -> Self {
        let address = bench.claim.server(number).unwrap();
        let folder = bench.folder.path().join(name);
        Self { bench: Arc::clone(bench), address, folder, release, options: Vec::new(), process: None }
    }

    /// The data directory; to be worked on by hand only while the server stands still.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub async fn connect(&self) -> Conn {
        self.try_connect().await.unwrap()
    }

    async fn try_connect(&self) -> Result<Conn, mysql_async::Error> {
        let opts = OptsBuilder::default()
            .ip_or_hostname(self.address.ip().to_string())
            .tcp_port(self.address.port())
            .user(Some(ADMIN))
            .pass(Some(PASSWORD))
            .prefer_socket(false);
        Conn::new(opts).await
    }

    /// Each statement in one session.
    pub async fn run(&self, statements: &[&str]) {
        let mut conn = self.connect().await;
        for statement in statements {
            conn.query_drop(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        conn.disconnect().await.unwrap();
    }

    pub async fn start(&mut self) {
        self.serve(self.release, &[]).await;
    }

    pub async fn stop(&mut self) {
        self.process.take().expect("it runs").end(STOP).await.unwrap();
    }

    /// Stops it, lets `work` change the files of its data directory, and starts it again.
    pub async fn by_hand(&mut self, work: impl FnOnce(&Path)) {
        self.stop().await;
        work(&self.data());
        self.start().await;
    }

    /// Stops 5.7.22 in order and starts 8.0.15 on its data, with these options.
    pub async fn upgrade(mut self, options: &[&str]) -> Outcome {
        self.stop().await;
        std::fs::remove_file(self.folder.join("error.log")).unwrap();
        let options: Vec<_> = options.iter().map(ToString::to_string).collect();
        let serves = self.try_serve(Release::V80, &options).await;
        let log = self.log();
        let signal = log.iter().find_map(|line| line.split_once("got signal ")?.1.split(' ').next()?.parse().ok());
        let told = |line: &String| line.contains("[ERROR]") || line.contains("[Warning]");
        let told = log.iter().filter(|line| told(line)).cloned().collect();
        match (signal, serves) {
            (Some(signal), _) => Outcome::Crashes(signal),
            (None, true) => Outcome::Passes(told),
            (None, false) => Outcome::Refuses(told),
        }
    }

    fn log(&self) -> Vec<String> {
        let bytes = std::fs::read(self.folder.join("error.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }

    fn command(&self, release: Release, more: &[String]) -> Command {
        let base = self.bench.parts.mysql(release);
        let mut command = Command::new(base.join("bin/mysqld"));
        command
            .env("LD_LIBRARY_PATH", self.bench.parts.libraries())
            .args(["--no-defaults", "--user=root", "--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M"])
            .args(["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--skip-name-resolve", "--skip-ssl"])
            .args(["--loose-mysqlx=OFF", "--loose-default-authentication-plugin=mysql_native_password"])
            .arg("--innodb-flush-method=nosync")
            // In the data directory, which is the server's working directory: a socket's path must be short.
            .args(["--socket=mysqld.sock", "--pid-file=mysqld.pid"])
            .arg(format!("--basedir={}", base.display()))
            .arg(format!("--datadir={}", self.data().display()))
            .arg(format!("--tmpdir={}", self.folder.join("tmp").display()))
            .arg(format!("--log-error={}", self.folder.join("error.log").display()))
            .arg(format!("--bind-address={}", self.address.ip()))
            .arg(format!("--port={}", self.address.port()))
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    async fn serve(&mut self, release: Release, more: &[String]) {
        let options = [self.options.clone(), more.to_vec()].concat();
        assert!(self.try_serve(release, &options).await, "{:#?}", self.log());
    }

    /// Whether it serves, once it has either begun to or ended.
    async fn try_serve(&mut self, release: Release, more: &[String]) -> bool {
        let mut command = self.command(release, more);
        let name = format!("mysqld {}", self.folder.display());
        let mut process = self.bench.ledger.spawn(&name, &mut command).unwrap();
        let started = clock::start();
        loop {
            if let Ok(conn) = self.try_connect().await {
                conn.disconnect().await.unwrap();
                self.process = Some(process);
                return true;
            }
            if process.has_ended() {
                return false;
            }
            assert!(started.elapsed() < START, "neither serves nor ends: {:#?}", self.log());
            clock::pause(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        drop(self.process.take());
        // The template of the cases stays.
        if self.folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("case-")) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn first_statements() -> String {
    let master = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, \
        CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, \
        CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";
    [(ADMIN, "ALL"), (MASTER, master)]
        .map(|(user, rights)| {
            format!(
                "CREATE USER '{user}'@'%' IDENTIFIED WITH mysql_native_password BY '{PASSWORD}';\n\
                 GRANT {rights} ON *.* TO '{user}'@'%' WITH GRANT OPTION;\n"
            )
        })
        .concat()
}

#[expect(clippy::disallowed_methods, reason = "a test has no wiring of its own")]
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}
