//! The program as a user starts it, and what is seen of it from outside.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use upgrade::runner::{Run, journal};

const PLAYBOOK: &str = "version: 1
name: orders
target: { aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }
steps:
  - create_blue_green: { name: orders-80 }
";
pub const RUN: &str = "run playbook.yaml";
const LIMIT: Duration = Duration::from_secs(60);
/// Long before any time limit of a call.
pub const SOON: Duration = Duration::from_secs(8);

/// A run as a user starts it. A test that fails leaves none behind.
pub struct Process {
    pub child: Child,
    folder: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("playbook.yaml"), PLAYBOOK).unwrap();
    folder
}

impl Process {
    /// `wrapped` stands before `exec upgrade` with these words, in a shell.
    pub fn start(folder: &Path, endpoint: &str, words: &str, wrapped: &str) -> Self {
        // The tests themselves may run under `nohup`, which a program inherits.
        let child = Command::new("/usr/bin/env")
            .args(["--default-signal=HUP,INT,TERM", "/bin/sh"])
            .args(["-c", &format!("{wrapped} exec \"$0\" {words}")])
            .arg(env!("CARGO_BIN_EXE_upgrade"))
            .current_dir(folder)
            .env_clear()
            .env("AWS_ENDPOINT_URL_RDS", endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, folder: folder.to_owned() }
    }

    pub fn send(&self, signal: &str) {
        let line = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("/bin/sh").args(["-c", &line]).status().unwrap().success());
    }

    /// Reads messages until one holds `text`.
    pub fn told(&mut self, text: &str) {
        let stderr = self.child.stderr.as_mut().unwrap();
        let (mut seen, mut byte, began) = (Vec::new(), [0], Instant::now());
        while !String::from_utf8_lossy(&seen).contains(text) {
            assert!(began.elapsed() < LIMIT, "no `{text}` in {}", String::from_utf8_lossy(&seen));
            stderr
                .read_exact(&mut byte)
                .unwrap_or_else(|_| panic!("no `{text}` in {}", String::from_utf8_lossy(&seen)));
            seen.push(byte[0]);
        }
    }

    /// Its exit code, within `limit`.
    pub fn ends(&mut self, limit: Duration) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or_else(|| panic!("it was ended by a signal: {status}"));
            }
            assert!(began.elapsed() < limit, "it ends within {limit:?}");
            std::thread::yield_now();
        }
    }

    pub fn journal(&self) -> journal::Recovered {
        let runs = self.folder.join(".upgrade/runs/orders");
        let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
        journal::read(&run.join("journal.jsonl")).unwrap()
    }

    pub fn run(&self) -> Run {
        let recovered = self.journal();
        assert_eq!(recovered.torn, None);
        Run::fold(&recovered.entries).unwrap()
    }

    /// The signal its journal names last.
    pub fn interrupted(&self) -> Option<String> {
        self.journal().entries.into_iter().rev().find_map(|entry| match entry.record {
            journal::Record::Interrupted { signal } => Some(signal),
            _ => None,
        })
    }
}

pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LIMIT, "{what}");
        std::thread::yield_now();
    }
}

/// Accepts, and never answers.
pub fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}
