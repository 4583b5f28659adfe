//! Sandboxes as a user starts and ends them, also when something is killed.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by failing")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sandbox::clock;
use sandbox::place::{Place, Record, read_json};
use sandbox::process::{Identity, running};
use tokio::process::Command;

async fn sandbox(verb: &str, dir: &Path, more: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_upgrade-sandbox"));
    let output = command.arg(verb).arg("--dir").arg(dir).args(more).stdin(Stdio::null()).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

async fn up(dir: &Path, more: &[&str]) -> Record {
    let (good, text) = sandbox("up", dir, more).await;
    assert!(good, "{text}");
    read_json(&Place::at(dir).unwrap().record()).unwrap().expect("a sandbox that is up has a record")
}

async fn all_gone(record: &Record) {
    for (name, identity) in &record.processes {
        assert!(identity.gone_within(Duration::from_secs(15)).await, "{name} lives on");
    }
}

fn all_alive(record: &Record) -> bool {
    record.processes.iter().all(|(_, identity)| identity.is_alive())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sandboxes_live_beside_each_other_and_a_killed_one_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (first, second) = tokio::join!(up(&one, &[]), up(&two, &["--rds"]));
    assert_ne!(first.source.host, second.source.host);
    assert_eq!(first.processes.len(), 5, "{:?}", first.processes);
    assert!(all_alive(&first) && all_alive(&second));

    let (good, text) = sandbox("up", &one, &[]).await;
    assert!(!good && text.contains("already running"), "{text}");

    first.serve.signal("KILL").await.unwrap();
    all_gone(&first).await;
    assert!(all_alive(&second));
    let (good, text) = sandbox("status", &one, &[]).await;
    assert!(!good && text.contains("No sandbox"), "{text}");

    let again = up(&one, &[]).await;
    let (good, text) = sandbox("status", &one, &[]).await;
    assert!(good && text.contains("leads to orders-blue"), "{text}");
    let name = "flink taskmanager";
    let (_, killed) = again.processes.iter().find(|(known, _)| known == name).unwrap();
    killed.signal("KILL").await.unwrap();
    let processes = Place::at(&one).unwrap().processes();
    let another = || async {
        running(&processes).into_iter().find(|(identity, known)| known == name && identity != killed).map(|_| ())
    };
    clock::poll(Duration::from_secs(30), Duration::from_millis(50), another).await.expect("a TaskManager comes back");
    for dir in [&one, &two] {
        let (good, text) = sandbox("down", dir, &[]).await;
        assert!(good && text.contains("has ended"), "{text}");
    }
    all_gone(&again).await;
    all_gone(&second).await;
    assert!(!again.serve.is_alive() && !second.serve.is_alive());
    assert!(running(&Place::at(&one).unwrap().processes()).is_empty());
    let (good, text) = sandbox("down", &one, &[]).await;
    assert!(good && text.contains("no sandbox"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_ends_with_its_companion() {
    let folder = tempfile::tempdir().unwrap();
    let mut companion = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let pid = companion.id().unwrap();
    let record = up(folder.path(), &["--with", &pid.to_string()]).await;
    companion.kill().await.unwrap();
    let gone = || async { (!record.serve.is_alive()).then_some(()) };
    clock::poll(Duration::from_secs(30), Duration::from_millis(50), gone).await.expect("the sandbox ends");
    all_gone(&record).await;
    assert_eq!(Identity::of(pid), None);
}
