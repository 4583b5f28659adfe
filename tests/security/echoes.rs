//! Servers that repeat a password in their answers, in every way of writing it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use aws_sdk_rds::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use upgrade::{
    adapter::{
        clock::SystemClock,
        files::{Limits as S3Limits, S3Files},
        flink::{Flink, Options},
        mysql::{Encryption, Login, Mysql, Tables},
        rds::{Connection, Limits, Reader},
        secrets::StoredSecrets,
    },
    error::Error,
    port::{
        files::FilesRead as _,
        flink::{FlinkRead as _, FlinkWrite as _, Statement},
        mysql::{MysqlRead as _, Tls},
        rds::RdsRead as _,
        tables::{self, TablesRead as _},
    },
    secret::{Secret, SecretRef},
};

use crate::{CANARY, address, listener, request};

/// As an SQL statement, JSON, a URL, a page and a debugger write it.
fn written() -> Vec<String> {
    let json = serde_json::to_string(CANARY).unwrap();
    let percent = |byte: u8| match byte.is_ascii_alphanumeric() || byte == b'-' {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    let percent: String = CANARY.bytes().map(percent).collect();
    let page = CANARY.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    vec![
        CANARY.to_owned(),
        format!("WITH ('password' = '{}')", CANARY.replace('\'', "''")),
        CANARY.replace('\\', "\\\\").replace('\'', "\\'"),
        format!("{{\"password\": {json}}}"),
        json.replace('/', "\\/"),
        format!("jdbc:mysql://u:{percent}@h/d?password={percent}"),
        percent.to_lowercase(),
        page.replace('\'', "&#39;"),
        page,
        format!("{CANARY:?}"),
    ]
}

fn silent(error: &Error) {
    let json = serde_json::to_string(error).unwrap();
    for shown in [format!("{error}"), format!("{error:?}"), format!("{error:#?}"), json] {
        assert!(!shown.contains("canary-"), "{shown}");
    }
}

/// A MySQL 8.0 that offers native passwords, and TLS where that is wanted.
pub(crate) fn greeting(tls: bool) -> Vec<u8> {
    let capabilities: u32 = 0x1 | 0x200 | 0x8000 | 0x8_0000 | if tls { 0x800 } else { 0 };
    let [low0, low1, high0, high1] = capabilities.to_le_bytes();
    let mut greeting = b"\x0a8.0.15\0\x01\0\0\0abcdefgh\0".to_vec();
    greeting.extend([low0, low1, 45, 2, 0, high0, high1, 21]);
    greeting.extend([0; 10]);
    greeting.extend(b"abcdefghijkl\0mysql_native_password\0");
    packet(0, &greeting)
}

fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let [a, b, c, _] = u32::try_from(payload.len()).unwrap().to_le_bytes();
    [&[a, b, c, sequence], payload].concat()
}

fn refusal(code: u16, text: &str) -> Vec<u8> {
    [&b"\xff"[..], &code.to_le_bytes(), b"#28000", text.as_bytes()].concat()
}

fn sequence_of(stream: &mut TcpStream) -> Option<u8> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut payload = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
    stream.read_exact(&mut payload).ok()?;
    Some(head[3])
}

#[tokio::test]
async fn mysql_that_repeats_the_password() {
    for text in written() {
        for accepts in [false, true] {
            let (listener, at) = listener();
            let said = text.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    stream.write_all(&greeting(false)).unwrap();
                    let Some(login) = sequence_of(&mut stream) else { continue };
                    if accepts {
                        stream.write_all(&packet(login + 1, &[0, 0, 0, 2, 0, 0, 0])).unwrap();
                        let Some(query) = sequence_of(&mut stream) else { continue };
                        let text = format!("You have an error near {said}");
                        stream.write_all(&packet(query + 1, &refusal(1064, &text))).unwrap();
                    } else {
                        let text = format!("Access denied for user 'upgrade' with {said}");
                        stream.write_all(&packet(login + 1, &refusal(1045, &text))).unwrap();
                    }
                }
            });
            let password = SecretRef::Env("PASSWORD".into());
            let login = Login { user: "upgrade".into(), password, tls: Tls::Disabled, ca_file: None };
            let mysql = Mysql::new(login, Arc::new(StoredSecrets::new(|_| Some(CANARY.into()))));
            silent(&mysql.server(&address(at)).await.unwrap_err());
            silent(&mysql.schemas(&address(at)).await.unwrap_err());
            let login = tables::Login { address: address(at), user: "cdc".into(), password: Secret::new(CANARY) };
            assert!(!format!("{login:?}").contains("canary-"));
            let tables = Tables::new(Encryption { tls: Tls::Disabled, ca_file: None });
            let error = tables.reader(&login).await.unwrap_err();
            assert!(error.message.contains("1045") || error.message.contains("1064"), "{error:?}");
            silent(&error);
        }
    }
}

/// Answers every request with what `answer` makes of it: status, type and body.
fn http(answer: impl Fn(&str) -> (u16, &'static str, String) + Send + 'static) -> String {
    let (listener, at) = listener();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (status, kind, body) = answer(&request(&mut stream));
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    format!("http://{at}")
}

#[tokio::test]
async fn flink_that_repeats_the_password() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    for text in written() {
        let trace = format!("org.x.SqlGatewayException: Failed\n\tat x\nCaused by: a.ParseException: near {text}");
        let json = serde_json::json!({ "errors": ["Internal server error.", trace] }).to_string();
        let page = format!("<html>\n<body>\n<h1>Bad</h1>\nSent: {text}\n</body></html>");
        for (status, kind, body) in [(400, "application/json", json), (502, "text/html", page)] {
            let flink = flink(http(move |_| (status, kind, body.clone())), vec![Secret::new(CANARY)]);
            silent(&flink.cancel("0").await.unwrap_err());
            silent(&flink.stop("0", "file:///x", "0").await.unwrap_err());
            silent(&flink.submit("orders", &script()).await.unwrap_err());
        }
    }
    // Known from the playbook, and only from the statement.
    for known in [vec![Secret::new(CANARY)], Vec::new()] {
        // The session is there; the statement is refused.
        let at = http(move |request| match request.starts_with("POST /v2/sessions ") {
            true => (200, "application/json", r#"{"sessionHandle":"s"}"#.to_owned()),
            false => (500, "application/json", serde_json::json!({ "errors": ["x", text_of(request)] }).to_string()),
        });
        silent(&flink(at, known).submit("orders", &script()).await.unwrap_err());
    }
}

fn flink(at: String, secrets: Vec<Secret>) -> Flink {
    let options = Options { rest: at.clone(), sql_gateway: at, no_proxy: true, ca_file: None, secrets };
    assert!(!format!("{options:?} {options:#?}").contains("canary-"));
    Flink::new(options, Arc::new(SystemClock::new())).unwrap()
}

fn script() -> [Statement; 1] {
    let told = format!("CREATE TABLE a (b INT) WITH ('password' = '{}')", CANARY.replace('\'', "''"));
    let script = [Statement(Secret::new(told))];
    assert!(!format!("{script:?}").contains("canary-"));
    script
}

/// The request itself, as a trace that holds the statement.
fn text_of(request: &str) -> String {
    format!("org.x.Failed: all of it\nCaused by: a.ParseException: near {}", request.replace(['\r', '\n'], " "))
}

#[tokio::test]
async fn a_failure_of_a_running_job_that_names_the_password() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    for text in written() {
        let body =
            serde_json::json!({ "exceptionHistory": { "entries": [{ "stacktrace": format!("java.X: {text}") }] } });
        let at = http(move |_| (200, "application/json", body.to_string()));
        let flink = flink(at, vec![Secret::new(CANARY)]);
        let shown = flink.failure("0").await.unwrap().unwrap();
        assert!(shown.starts_with("java.X") && !shown.contains("canary-"), "{shown}");
    }
}

fn config(endpoint: &str) -> aws_config::SdkConfig {
    let keys = Credentials::new("AKIDEXAMPLE", "canary-key", Some("canary-session-token".into()), None, "test");
    assert!(!format!("{keys:?}").contains("canary-"));
    aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(endpoint)
        .build()
}

/// The whole request in an answer, as proxies do it that explain why they refuse.
fn repeated(kind: &'static str, status: u16) -> String {
    http(move |request| {
        let request = request.replace('&', "&amp;").replace('<', "&lt;");
        let body = match kind {
            "text/html" => format!("<html><body>Refused: {request}</body></html>"),
            _ => format!(
                "<ErrorResponse><Error><Code>InvalidParameterValue</Code><Message>Saw {request}</Message></Error>\
                 <RequestId>r</RequestId></ErrorResponse>"
            ),
        };
        (status, kind, body)
    })
}

#[tokio::test]
async fn aws_that_repeats_the_request() {
    let limits = Limits {
        patience: Duration::from_millis(50),
        unreachable: Duration::from_millis(50),
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(5),
        ..Limits::default()
    };
    let mut endpoints =
        vec!["http://user:canary-pw@127.0.0.1:1".to_owned(), "http://user:canary-pw@bad host".to_owned()];
    endpoints.extend(
        [("text/html", 403), ("text/html", 500), ("text/xml", 400), ("text/xml", 500)]
            .map(|(kind, status)| repeated(kind, status).replace("http://", "http://user:canary-pw@")),
    );
    for endpoint in &endpoints {
        let connection = Connection::with_config(config(endpoint), limits);
        assert!(!format!("{connection:?}").contains("canary-key"));
        silent(&Reader::new(connection).cluster("orders").await.unwrap_err());
        let limits = S3Limits { connect: Duration::from_secs(1), attempts: 1, ..S3Limits::default() };
        let files = S3Files::with_config(config(endpoint), true, limits);
        silent(&files.read("s3://bucket/key", 10).await.unwrap_err());
    }
}
