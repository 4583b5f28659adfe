//! The program as a user meets it: the real binary, the real SDK, an RDS API on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail by unwrapping, and times real processes"
)]

#[path = "support/aws.rs"]
mod aws;

use std::{
    io::Read,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use aws::Aws;
use sandbox::region::Faults;
use serde_json::Value;

impl Aws {
    fn writes(&self) -> usize {
        self.api.with(|region| region.requests().iter().filter(|request| request.mutating).count())
    }
}

const PLAYBOOK: &str = "version: 1
name: orders
target: { aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }
steps:
  - create_blue_green: { name: orders-80 }
  - sync_parameter_group
";

fn folder(playbook: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("playbook.yaml"), playbook).unwrap();
    folder
}

fn command(folder: &Path, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_upgrade"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("AWS_ENDPOINT_URL_RDS", endpoint)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "canary-key")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("USER", "tester")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(folder: &Path, endpoint: &str, arguments: &[&str]) -> Output {
    // A call that should have ended is ended, and has no exit code then.
    let mut command = assert_cmd::Command::from_std(command(folder, endpoint, arguments));
    let output = command.timeout(Duration::from_secs(30)).output().unwrap();
    for stream in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(stream).contains("canary-key"), "a secret was printed");
    }
    output
}

/// Standard output as events; anything else there is an error.
fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not an event: {line}"))).collect()
}

fn last(output: &Output) -> Value {
    events(output).pop().expect("there is a last event")
}

#[test]
fn a_plan_asks_and_never_writes() {
    let aws = Aws::start(Faults::default());
    let folder = folder(PLAYBOOK);
    let plan = run(folder.path(), &aws.endpoint, &["plan", "playbook.yaml", "--detailed-exitcode", "--output", "json"]);
    assert_eq!(plan.status.code(), Some(10), "{}", String::from_utf8_lossy(&plan.stdout));
    let proposals: Vec<_> = events(&plan).into_iter().filter(|event| event["type"] == "proposal").collect();
    assert_eq!(proposals.len(), 2);
    assert_eq!(proposals[0]["action"], "do");
    assert!(proposals[0]["calls"][0].as_str().unwrap().starts_with("CreateDBClusterParameterGroup"));
    let dry = run(folder.path(), &aws.endpoint, &["run", "playbook.yaml", "--dry-run"]);
    assert_eq!(dry.status.code(), Some(0));
    assert_eq!(aws.writes(), 0, "a dry run cannot act");
    assert!(!folder.path().join(".upgrade").exists(), "and leaves nothing behind");
}

#[test]
fn nobody_listening_ends_within_seconds() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let folder = folder(PLAYBOOK);
    let began = std::time::Instant::now();
    let output = run(folder.path(), &endpoint, &["run", "playbook.yaml", "--output", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    let end = last(&output);
    assert_eq!(end["next"], "upgrade run playbook.yaml");
    assert!(end["error"]["message"].as_str().is_some_and(|message| !message.is_empty()));
}

#[test]
fn another_account_and_missing_credentials_are_told_before_any_write() {
    let aws = Aws::start(Faults::default());
    let other = PLAYBOOK.replace("region: us-east-1,", "region: us-east-1, account: \"999999999999\",");
    let folder = folder(&other);
    let output = run(folder.path(), &aws.endpoint, &["run", "playbook.yaml"]);
    assert_eq!(output.status.code(), Some(4));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("999999999999") && text.contains("123456789012"), "{text}");
    let bare = command(folder.path(), &aws.endpoint, &["run", "playbook.yaml"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .output()
        .unwrap();
    assert_eq!(bare.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&bare.stderr).to_lowercase().contains("credentials"), "it says what is missing");
    assert_eq!(aws.writes(), 0);
}

#[test]
fn two_runs_at_once_exclude_each_other_and_a_killed_one_is_taken_up() {
    let aws = Aws::start(Faults::default());
    let folder = folder(PLAYBOOK);
    let mut first = command(folder.path(), &aws.endpoint, &["run", "playbook.yaml"]).spawn().unwrap();
    // Green is never ready here, so the first run waits, holding the lock.
    let created = || aws.deployments() == 1;
    let began = std::time::Instant::now();
    while !created() {
        assert!(began.elapsed() < Duration::from_secs(60), "the first run creates the deployment");
        std::thread::yield_now();
    }
    let second = run(folder.path(), &aws.endpoint, &["run", "playbook.yaml", "--output", "json"]);
    assert_eq!(second.status.code(), Some(6), "{}", String::from_utf8_lossy(&second.stdout));
    let message = last(&second)["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("tester@") && message.contains("playbook.yaml"), "{message}");
    let status = run(folder.path(), &aws.endpoint, &["status", "playbook.yaml", "--output", "json"]);
    assert_eq!(last(&status)["state"], "running");
    first.kill().unwrap();
    first.wait().unwrap();
    let mut third =
        command(folder.path(), &aws.endpoint, &["run", "playbook.yaml", "--output", "json"]).spawn().unwrap();
    let mut reader = std::io::BufReader::new(third.stdout.take().unwrap());
    let mut seen = String::new();
    let mut byte = [0];
    while !seen.contains("\"type\":\"step_progress\"") {
        reader.read_exact(&mut byte).expect("the third run goes on and waits");
        seen.push(char::from(byte[0]));
    }
    third.kill().unwrap();
    third.wait().unwrap();
    assert!(seen.contains("\"resumed\":true"));
    let creates = aws.api.with(|region| {
        region.requests().iter().filter(|request| request.action.name() == "CreateBlueGreenDeployment").count()
    });
    assert_eq!(creates, 1, "what was created is adopted");
}

#[test]
fn a_state_folder_that_cannot_be_written_stops_before_the_first_effect() {
    let aws = Aws::start(Faults::default());
    let folder = folder(PLAYBOOK);
    std::fs::write(folder.path().join("occupied"), "a file").unwrap();
    let output = run(folder.path(), &aws.endpoint, &["run", "playbook.yaml", "--state", "occupied"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--state"), "it says what to do");
    assert_eq!(aws.writes(), 0);
}

#[test]
fn an_exported_endpoint_is_told() {
    let aws = Aws::start(Faults::default());
    let folder = folder(PLAYBOOK);
    let output = run(folder.path(), &aws.endpoint, &["plan", "playbook.yaml", "--output", "json"]);
    let told = events(&output).into_iter().any(|event| {
        event["type"] == "warning" && event["message"].as_str().is_some_and(|message| message.contains(&aws.endpoint))
    });
    assert!(told, "a redirected run says so");
}

#[test]
fn approving_early_is_refused_and_unknown_steps_are_named() {
    let aws = Aws::start(Faults::default());
    let gated = PLAYBOOK.replace("  - sync_parameter_group\n", "  - sync_parameter_group\n  - approve\n");
    let folder = folder(&gated);
    let early = run(folder.path(), &aws.endpoint, &["approve", "playbook.yaml", "approve"]);
    assert_eq!(early.status.code(), Some(7));
    let unknown = run(folder.path(), &aws.endpoint, &["run", "playbook.yaml", "--until", "swichover"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("create_blue_green"), "the steps are listed");
    let usage = run(folder.path(), &aws.endpoint, &["run"]);
    assert_eq!(usage.status.code(), Some(2));
}
