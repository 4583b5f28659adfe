//! An outside that accepts and never answers: every adapter gives up within its limit and says so, and the page of the
//! limits says what stands in the code.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail by unwrapping, and times real calls"
)]

#[path = "support/mute.rs"]
mod mute;

use std::{
    collections::BTreeSet,
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use regex::Regex;
use upgrade::{
    adapter::{
        clock::SystemClock,
        files::{self, Files, S3Files},
        flink::{Flink, Options},
        mysql::{Encryption, Login, Mysql, Tables},
        rds,
        secrets::StoredSecrets,
    },
    error::{Kind, Result},
    port::{
        binlog::{BinlogRead as _, Place},
        files::FilesRead as _,
        flink::{FlinkWrite as _, Statement},
        mysql::{Address, MysqlRead as _, Tls},
        rds::{RdsRead as _, RdsWrite as _},
        tables::{self, TablesRead as _},
    },
    secret::{Secret, SecretRef},
};

/// Beyond the limit itself, on a machine with other work.
const SLACK: Duration = Duration::from_secs(4);

/// How a call ends that gets no answer.
async fn ends<T>(what: &str, limit: Duration, kind: Kind, call: impl Future<Output = Result<T>>) {
    let began = Instant::now();
    let error =
        tokio::time::timeout(limit + SLACK, call).await.unwrap_or_else(|_| panic!("{what}: no end in {limit:?}"));
    let error = error.err().unwrap_or_else(|| panic!("{what}: there was an answer"));
    assert_eq!(error.kind, kind, "{what}: {error:?}");
    assert!(!error.message.is_empty(), "{what}");
    assert!(began.elapsed() + Duration::from_millis(50) >= limit.min(Duration::from_secs(10)), "{what}: {error:?}");
}

fn aws(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIDTEST", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_waits_for_ever() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let keeping = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            kept.push(connection);
        }
    });
    let endpoint = format!("http://{at}");
    let short = Duration::from_secs(1);

    let limits = rds::Limits { attempt: short, write: short, patience: 2 * short, ..rds::Limits::default() };
    let connection = rds::Connection::with_config(aws(&endpoint), limits);
    let (reader, writer) = (rds::Reader::new(connection.clone()), rds::Writer::new(connection));

    let limits = files::Limits { attempt: short, overall: 2 * short, ..files::Limits::default() };
    let s3 = Files::new(S3Files::with_config(aws(&endpoint), true, limits));

    let secrets = StoredSecrets::new(|_| Some("secret".into()));
    let (user, password) = ("upgrade".to_owned(), SecretRef::Env("PASSWORD".to_owned()));
    let mysql = Mysql::new(Login { user, password, tls: Tls::Disabled, ca_file: None }, Arc::new(secrets));
    let server = Address { host: at.ip().to_string(), port: at.port() };

    let options =
        Options { rest: endpoint.clone(), sql_gateway: endpoint, no_proxy: true, ca_file: None, secrets: Vec::new() };
    let flink = Flink::new(options, Arc::new(SystemClock::new())).unwrap();
    let script = [Statement(Secret::new("SET 'a' = 'b'"))];

    let real = Duration::from_secs(10);
    tokio::join!(
        ends("an RDS read", short, Kind::Transient, reader.clusters()),
        ends("an RDS write", short, Kind::Unknown, writer.reboot("orders-1")),
        ends("S3", short, Kind::Transient, s3.read("s3://bucket/savepoint/_metadata", 1 << 20)),
        ends("MySQL", Duration::from_secs(5), Kind::Transient, mysql.server(&server)),
        ends("Flink REST, a cancellation", real, Kind::Unknown, flink.cancel("0123")),
        ends("Flink REST, a stop", real, Kind::Unknown, flink.stop("0123", "file:///savepoints", "0456")),
        ends("the SQL Gateway", real, Kind::Transient, flink.stage("a session", &script)),
    );
    keeping.abort();
}

/// How a call ends that gets no answer: with who was asked, for what, and how long.
async fn tells<T>(asked: &str, limit: u64, server: &Address, call: impl Future<Output = Result<T>>) {
    let began = Instant::now();
    let limit = Duration::from_secs(limit);
    let error = tokio::time::timeout(limit + SLACK, call).await.unwrap_or_else(|_| panic!("{asked}: no end"));
    let error = error.err().unwrap_or_else(|| panic!("{asked}: there was an answer"));
    assert_eq!(error.kind, Kind::Transient, "{asked}: {error:?}");
    assert!(began.elapsed() + Duration::from_millis(50) >= limit, "{asked}: {error:?}");
    for told in [asked, &server.to_string(), &format!("within {} s", limit.as_secs())] {
        assert!(error.message.contains(told), "{asked}: {told} is not in {}", error.message);
    }
    assert!(error.hint.is_some_and(|hint| hint.contains("overloaded")), "{asked}");
}

/// Every question to a server that no longer answers `silent`, within so many seconds; `asked` stands in the message of
/// each, and its own statement where that is not the same for all.
async fn every_question(silent: mute::Silent, limit: u64, asked: Option<&str>) {
    let server = Address { host: "127.0.0.1".to_owned(), port: mute::listen(silent).await };
    let (user, password) = ("upgrade".to_owned(), SecretRef::Env("PASSWORD".to_owned()));
    let secrets = Arc::new(StoredSecrets::new(|_| Some("canary-secret".into())));
    let mysql = Mysql::new(Login { user, password, tls: Tls::Disabled, ca_file: None }, secrets);
    let tables = Tables::new(Encryption { tls: Tls::Disabled, ca_file: None });
    let password = Secret::new("canary-secret");
    let login = tables::Login { address: server.clone(), user: "cdc".to_owned(), password };
    let place = Place { file: "bin.000001".to_owned(), position: 4 };
    let mut each = |_| std::ops::ControlFlow::Continue(());
    let or = |own: &'static str| asked.unwrap_or(own).to_owned();
    tokio::join!(
        async { tells(&or("SHOW GLOBAL VARIABLES"), limit, &server, mysql.server(&server)).await },
        async { tells(&or("SHOW MASTER STATUS"), limit, &server, mysql.log_end(&server)).await },
        async { tells(&or("SHOW BINARY LOGS"), limit, &server, mysql.log_files(&server)).await },
        async { tells(&or("CALL mysql.rds_show_configuration"), limit, &server, mysql.retention_hours(&server)).await },
        async { tells(&or("SHOW REPLICA STATUS"), limit, &server, mysql.replication(&server)).await },
        async { tells(&or("INNODB_TRX"), limit, &server, mysql.open_transactions(&server, 60)).await },
        async { tells(&or("SCHEMATA"), limit, &server, mysql.schemas(&server)).await },
        async { tells(&or("SHOW BINARY LOGS"), limit, &server, mysql.files(&server)).await },
        async { tells(&or("SHOW REPLICAS"), limit, &server, mysql.transactions(&server, &place, &mut each)).await },
        async { tells(&or("SHOW GLOBAL VARIABLES"), limit, &server, tables.server(&login)).await },
        async { tells(&or("CURRENT_USER"), limit, &server, tables.reader(&login)).await },
        async { tells(&or("SCHEMATA"), limit, &server, tables.matching(&login, "shop", "orders")).await },
        async { tells(&or("information_schema"), limit, &server, tables.table(&login, "shop", "orders")).await },
        async {
            let began = Instant::now();
            assert_eq!(mysql.who(&server).await.unwrap(), None);
            assert!(began.elapsed() < SLACK, "a glance");
        },
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mysql_server_that_falls_silent_after_its_greeting_is_told_of_in_time() {
    tokio::join!(
        every_question(mute::Silent::Login, 5, Some("login and session settings")),
        every_question(mute::Silent::Query, 5, Some("login and session settings")),
        every_question(mute::Silent::Statement, 10, None),
    );
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `(file, name, limit)` of every row.
fn page() -> Vec<(String, String, Duration)> {
    let text = std::fs::read_to_string(root().join("docs/limits.md")).unwrap();
    let row = Regex::new(r"(?m)\| ([0-9.]+) s \| `(src/[a-z0-9_/]+\.rs)` `(\w+)` \|$").unwrap();
    let rows = row
        .captures_iter(&text)
        .map(|found| (found[2].to_owned(), found[3].to_owned(), Duration::from_secs_f64(found[1].parse().unwrap())));
    rows.collect()
}

/// The limits a source file gives, by name; tests and pauses are none.
fn given(file: &str) -> Vec<(String, Duration)> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    let limit =
        Regex::new(r"(?m)(?:const (\w+): Duration =|^ +(\w+):) Duration::from_(secs|millis)\(([0-9* ]+)\)").unwrap();
    let limits = limit.captures_iter(text).map(|found| {
        let name = found.get(1).or(found.get(2)).unwrap().as_str().to_owned();
        let number: u64 = found[4].split('*').map(|factor| factor.trim().parse::<u64>().unwrap()).product();
        (name, if &found[3] == "secs" { Duration::from_secs(number) } else { Duration::from_millis(number) })
    });
    limits.filter(|(name, _)| !name.ends_with("_pause")).collect()
}

#[test]
fn the_page_names_every_limit_as_it_is() {
    let page = page();
    assert!(page.len() > 15, "{}", page.len());
    for (file, name, told) in &page {
        let here = given(file);
        let real = here.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{file} has no `{name}`"));
        assert_eq!(real.1, *told, "{file} `{name}`");
    }
    let named: BTreeSet<_> = page.iter().map(|(file, name, _)| (file.clone(), name.clone())).collect();
    let mut files = Vec::new();
    sources(&root().join("src/adapter"), &mut files);
    for file in files {
        for (name, _) in given(&file) {
            assert!(named.contains(&(file.clone(), name.clone())), "docs/limits.md has no row for {file} `{name}`");
        }
    }
}

fn sources(folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
}
