//! The program as a whole, as talkative as it can be made: no secret in what it says or keeps.

use std::{io::Write as _, path::Path, process::Command};

use crate::{CANARY, listener, request};

fn walk(folder: &Path, seen: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, seen) } else { seen(&path, &fs_err::read(&path).unwrap()) }
    }
}

/// A server for everything: it repeats what it was sent, and the password.
fn parrot() -> String {
    let (listener, at) = listener();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = request(&mut stream).replace('&', "&amp;").replace('<', "&lt;");
            // XML cannot have an escape; with one it is no answer of AWS, and is asked for again for minutes.
            // AWS is not sent the password.
            let (power, known) = if request.contains("Action=") { ("\u{202e}", "") } else { ("\u{1b}[2J", CANARY) };
            let known = known.replace('&', "&amp;").replace('<', "&lt;");
            let body = format!(
                "<ErrorResponse><Error><Code>InvalidParameterValue</Code><Message>{power}{known} {request}</Message></Error>\
                 </ErrorResponse>"
            );
            let head = format!("HTTP/1.1 400 X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    at.to_string()
}

#[test]
fn nothing_that_is_said_or_kept_holds_a_secret() {
    let at = parrot();
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("job.sql"), SCRIPT).unwrap();
    let flink =
        format!("flink: {{ rest: \"http://{at}\", sql_gateway: \"http://{at}\", savepoints: \"file:///none\" }}");
    let jobs = "cdc_jobs: [{ name: orders, flink_sql: { script: job.sql } }]";
    let login = "mysql: { user: upgrade, password: { env: PW }, tls: disabled }\nsecrets: { CDC: { env: PW } }";
    let target = "target: { rds_instance: orders, region: us-east-1, engine_version: 8.0.42 }";
    for (name, steps) in
        [("checked", "[precheck]"), ("stopped", "[stop_cdc_jobs]"), ("made", "[{ create_blue_green: { name: x } }]")]
    {
        let text = format!("version: 1\nname: {name}\n{target}\n{login}\n{flink}\n{jobs}\nsteps: {steps}\n");
        fs_err::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
        for arguments in
            [&["plan"][..], &["run"], &["run", "--output", "json"], &["status"], &["report", "--format", "html"]]
        {
            let (verb, rest) = arguments.split_first().unwrap();
            let done = Command::new(env!("CARGO_BIN_EXE_upgrade"))
                .current_dir(folder.path())
                .env_clear()
                .args([verb, format!("{name}.yaml").as_str(), "-vv", "--color", "always"])
                .args(rest)
                .envs([("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full"), ("AWS_SECRET_ACCESS_KEY", "canary-key")])
                .envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SESSION_TOKEN", "canary-token"), ("PW", CANARY)])
                .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_CONFIG_FILE", "/dev/null")])
                .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
                .env("AWS_ENDPOINT_URL_RDS", format!("http://user:canary-endpoint@{at}"))
                .output()
                .unwrap();
            let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
            assert!(!said.contains("canary-"), "{arguments:?}: {said}");
            assert!(!said.contains("\u{1b}[2J"), "{arguments:?}: {said:?}");
            assert!(rest == ["--output", "json"] || !said.contains('\u{202e}'), "{arguments:?}: {said:?}");
        }
    }
    let mut files = 0;
    walk(&folder.path().join(".upgrade"), &mut |path, bytes| {
        assert!(!String::from_utf8_lossy(bytes).contains("canary-"), "{}", path.display());
        files += 1;
    });
    assert!(files >= 6, "journals, playbooks and locks: {files}");
}

const SCRIPT: &str = "SET 'pipeline.name' = 'orders';
CREATE TABLE s (id INT NOT NULL, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'mysql-cdc', 'hostname' = 'db',
  'username' = 'cdc', 'password' = '${secret:CDC}', 'database-name' = 'a', 'table-name' = 'b');
CREATE TABLE t (id INT NOT NULL, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'jdbc',
  'url' = 'jdbc:mysql://user:canary-literal@sink:3306/a?password=canary-other', 'table-name' = 'b', 'password' = 'canary-plain');
INSERT INTO t SELECT * FROM s;
";
