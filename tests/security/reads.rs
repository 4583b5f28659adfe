//! A playbook reads what it names and nothing else; what has no end is not begun.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use upgrade::{
    adapter::secrets::StoredSecrets,
    error::Kind,
    playbook::{self, load},
    port::secrets::Secrets as _,
    secret::SecretRef,
};

/// Far more than it takes; what hangs, hangs for ever.
const LIMIT: Duration = Duration::from_secs(30);

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The program's end; it is killed where it does not come.
fn ended(folder: &Path, arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_upgrade"))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("{arguments:?} did not end");
        }
        std::thread::yield_now();
    }
    child.wait_with_output().unwrap()
}

#[test]
fn pipes_devices_and_folders_are_no_playbooks() {
    let folder = tempfile::tempdir().unwrap();
    fifo(&folder.path().join("pipe"));
    for (playbook, told) in [
        ("pipe", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        (".", "not its folder"),
        ("none", "No such file"),
    ] {
        let output = ended(folder.path(), &["validate", playbook]);
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(told), "{playbook}: {text}");
    }
}

#[test]
fn pipes_and_links_are_no_files_of_a_playbook() {
    let folder = tempfile::tempdir().unwrap();
    fifo(&folder.path().join("pipe"));
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.sql")).unwrap();
    let head = "version: 1\nname: orders\n";
    let flink = "flink: { rest: \"http://h\", sql_gateway: \"http://h\", savepoints: \"file:///s\"";
    for (text, told) in [
        (format!("{head}mysql: {{ user: u, password: {{ env: P }}, ca_file: pipe }}\n"), "`pipe` is not a file"),
        (format!("{head}{flink}, ca_file: /dev/zero }}\n"), "`/dev/zero` is not a file"),
        (format!("{head}cdc_jobs: [{{ name: a, flink_sql: {{ script: pipe }} }}]\n"), "`pipe` is not a file"),
        (format!("{head}cdc_jobs: [{{ name: a, flink_sql: {{ script: link.sql }} }}]\n"), "symbolic link"),
        (
            format!("{head}cdc_jobs: [{{ name: a, flink_sql: {{ template: link.sql, tables: [a.b] }} }}]\n"),
            "symbolic link",
        ),
    ] {
        let path = folder.path().join("playbook.yaml");
        fs_err::write(&path, format!("{text}steps: [approve]\n")).unwrap();
        let output = ended(folder.path(), &["validate", "playbook.yaml"]);
        let shown = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{shown}");
        assert!(shown.contains(told) && shown.contains("playbook.yaml:3:"), "{shown}");
    }
}

#[test]
fn a_secret_is_in_a_file_that_ends() {
    let folder = tempfile::tempdir().unwrap();
    fifo(&folder.path().join("pipe"));
    let secrets = StoredSecrets::new(|_| None);
    for path in [folder.path().join("pipe"), "/dev/zero".into(), folder.path().to_owned()] {
        let error = secrets.resolve(&SecretRef::File(path)).unwrap_err();
        assert_eq!(error.kind, Kind::Permanent, "{error}");
        assert!(format!("{error:?}").contains("not a regular file"), "{error:?}");
    }
    // As they are mounted by others, through a link.
    fs_err::write(folder.path().join("secret"), "canary-1\n").unwrap();
    std::os::unix::fs::symlink("secret", folder.path().join("link")).unwrap();
    let found = secrets.resolve(&SecretRef::File(folder.path().join("link"))).unwrap();
    assert_eq!(found.expose(), "canary-1");
}

#[test]
fn a_long_file_is_no_playbook() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.yaml");
    fs_err::write(&path, vec![b'#'; 3 << 20]).unwrap();
    assert!(load(&path).unwrap_err().render(false).contains("3145728 bytes, more than"));
}

#[test]
fn the_environment_is_read_where_a_secret_names_it_and_nowhere_else() {
    let text = "version: 1\nname: orders\nmysql: { user: \"${HOME}\", password: { env: P } }\nsecrets: { A: { file: $HOME/x } }\n\
                steps: [approve: { id: b }]\n";
    let playbook = playbook::parse(text, "playbook.yaml", Path::new("books")).unwrap();
    assert_eq!(playbook.mysql.unwrap().user, "${HOME}", "text is text");
    assert_eq!(playbook.secrets["A"], SecretRef::File("books/$HOME/x".into()));
    let asked = std::sync::Mutex::new(Vec::new());
    let asked = std::sync::Arc::new(asked);
    let log = std::sync::Arc::clone(&asked);
    let secrets = StoredSecrets::new(move |name| {
        log.lock().unwrap().push(name.to_owned());
        None
    });
    assert!(secrets.resolve(&SecretRef::Env("P".into())).is_err());
    assert!(secrets.resolve(&playbook.secrets["A"]).is_err());
    assert_eq!(*asked.lock().unwrap(), ["P"]);
}
