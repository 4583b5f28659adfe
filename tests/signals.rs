//! Signals as a real process meets them: once, twice, from a terminal that has gone, and where nobody answers.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail by unwrapping, and times real processes"
)]

#[path = "support/aws.rs"]
mod aws;

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use aws::Aws;
use sandbox::region::{Action, Breakage, Calls, Fault, Faults, Rule};
use upgrade::{
    runner::{Run, journal},
    step::Fate,
};

const PLAYBOOK: &str = "version: 1
name: orders
target: { aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }
steps:
  - create_blue_green: { name: orders-80 }
";
const LIMIT: Duration = Duration::from_secs(60);
/// Long before any time limit of a call.
const SOON: Duration = Duration::from_secs(8);

/// A run as a user starts it. A test that fails leaves none behind.
struct Process {
    child: Child,
    folder: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("playbook.yaml"), PLAYBOOK).unwrap();
    folder
}

impl Process {
    /// `wrapped` stands before `exec upgrade`, in a shell.
    fn start(folder: &Path, endpoint: &str, wrapped: &str) -> Self {
        // The tests themselves may run under `nohup`, which a program inherits.
        let child = Command::new("/usr/bin/env")
            .args(["--default-signal=HUP,INT,TERM", "/bin/sh"])
            .args(["-c", &format!("{wrapped} exec \"$0\" run playbook.yaml")])
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

    fn send(&self, signal: &str) {
        let line = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("/bin/sh").args(["-c", &line]).status().unwrap().success());
    }

    /// Reads messages until one holds `text`.
    fn told(&mut self, text: &str) {
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
    fn ends(&mut self, limit: Duration) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or_else(|| panic!("it was ended by a signal: {status}"));
            }
            assert!(began.elapsed() < limit, "it ends within {limit:?}");
            std::thread::yield_now();
        }
    }

    fn journal(&self) -> journal::Recovered {
        let runs = self.folder.join(".upgrade/runs/orders");
        let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
        journal::read(&run.join("journal.jsonl")).unwrap()
    }

    fn run(&self) -> Run {
        let recovered = self.journal();
        assert_eq!(recovered.torn, None);
        Run::fold(&recovered.entries).unwrap()
    }

    /// The signal its journal names last.
    fn interrupted(&self) -> Option<String> {
        self.journal().entries.into_iter().rev().find_map(|entry| match entry.record {
            journal::Record::Interrupted { signal } => Some(signal),
            _ => None,
        })
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LIMIT, "{what}");
        std::thread::yield_now();
    }
}

/// Accepts, and never answers.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}

#[test]
fn a_look_that_nobody_answers_is_given_up_at_the_first_signal() {
    let (listener, endpoint) = silent();
    let folder = folder();
    for (signal, code, name) in [("INT", 130, "Interrupt"), ("TERM", 143, "Terminate"), ("HUP", 143, "HangUp")] {
        let mut process = Process::start(folder.path(), &endpoint, "");
        let asked = listener.accept().unwrap();
        process.send(signal);
        assert_eq!(process.ends(SOON), code, "{signal}");
        process.told("next: upgrade run playbook.yaml");
        assert_eq!(process.interrupted().as_deref(), Some(name));
        let stopped = process.run().stopped.expect("how the call ended is in the journal");
        assert_eq!(stopped.next.as_deref(), Some("upgrade run playbook.yaml"));
        drop(asked);
    }
}

/// A write is waited for, because its outcome is worth more; who signals twice does not want to wait.
#[test]
fn a_write_is_waited_for_and_the_second_signal_leaves_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let lost = Fault::ReplyLost(Breakage::Silence);
        let rule = Rule::new(Action::CreateBlueGreenDeployment, Calls::Nth(1), lost);
        let aws = Aws::start(Faults { rules: vec![rule], ..Faults::default() });
        let folder = folder();
        let mut process = Process::start(folder.path(), &aws.endpoint, "");
        until("the deployment is asked for", || aws.deployments() == 1);
        process.send(signal);
        process.told("Stopping at the next safe point");
        assert!(process.child.try_wait().unwrap().is_none(), "it waits for the answer");
        process.send(signal);
        assert_eq!(process.ends(SOON), code, "{signal}");
        let run = process.run();
        let attempts = &run.steps[0].attempts.0;
        assert!(matches!(attempts.last().unwrap().fate, Fate::Open), "begun, and no more is known");
        // The same command goes on: what was asked for is found, and not asked for again.
        let mut again = Process::start(folder.path(), &aws.endpoint, "");
        again.told("goes on where it stopped");
        again.told("waiting");
        again.send(signal);
        assert_eq!(again.ends(SOON), code);
        let creates = aws.api.with(|region| {
            region.requests().iter().filter(|call| call.action == Action::CreateBlueGreenDeployment).count()
        });
        assert_eq!(creates, 1);
        assert!(again.run().stopped.is_some());
    }
}

/// The kernel and the shell both tell that the terminal is gone, and what is written ends in an error.
#[test]
fn a_terminal_that_goes_away_ends_the_call_at_a_safe_point() {
    let aws = Aws::start(Faults::default());
    let folder = folder();
    let mut process = Process::start(folder.path(), &aws.endpoint, "");
    process.told("AVAILABLE");
    drop((process.child.stdout.take(), process.child.stderr.take()));
    process.send("HUP");
    process.send("HUP");
    assert_eq!(process.ends(SOON), 143);
    assert_eq!(process.interrupted().as_deref(), Some("HangUp"));
    assert!(process.run().stopped.is_some(), "it ended at a safe point");
}

#[test]
fn who_reads_no_more_does_not_end_a_run() {
    let aws = Aws::start(Faults::default());
    let folder = folder();
    let mut process = Process::start(folder.path(), &aws.endpoint, "");
    drop((process.child.stdout.take(), process.child.stderr.take()));
    until("the deployment is asked for", || aws.deployments() == 1);
    let asked = aws.api.with(|region| region.requests().len());
    until("it goes on looking", || aws.api.with(|region| region.requests().len()) > asked + 5);
    process.send("INT");
    assert_eq!(process.ends(SOON), 130, "and hears a signal");
    assert!(process.run().stopped.is_some());
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let (listener, endpoint) = silent();
    let folder = folder();
    let mut process = Process::start(folder.path(), &endpoint, "trap '' HUP;");
    let _asked = listener.accept().unwrap();
    process.send("HUP");
    process.send("TERM");
    assert_eq!(process.ends(SOON), 143);
    assert_eq!(process.interrupted().as_deref(), Some("Terminate"), "the hang-up was not for it");
}
