//! Who cannot show that it is the server that was named is told nothing: Flink, as `adapter_mysql` shows it of MySQL.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use upgrade::{
    adapter::{
        clock::SystemClock,
        flink::{Flink, Options},
        mysql::{Login, Mysql},
        secrets::StoredSecrets,
    },
    error::{Error, Kind, Result},
    port::{
        flink::{FlinkRead as _, FlinkWrite as _},
        mysql::{MysqlRead as _, Tls},
    },
    secret::SecretRef,
};

use crate::{address, authority::Authority, listener};

/// A JobManager behind TLS; how many requests came through is counted.
fn serve(config: Arc<ServerConfig>) -> (String, Arc<AtomicUsize>) {
    let (listener, at) = listener();
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut secure = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream.unwrap());
            if matches!(secure.read(&mut [0; 4096]), Ok(length) if length > 0) {
                count.fetch_add(1, Ordering::SeqCst);
                let body = r#"{"flink-version":"1.20.3"}"#;
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = secure.write_all(format!("{head}{body}").as_bytes());
                secure.conn.send_close_notify();
                let _ = secure.flush();
            }
        }
    });
    (format!("https://{at}"), heard)
}

fn flink(at: &str, ca_file: Option<PathBuf>) -> Result<Flink> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = Options { rest: at.into(), sql_gateway: at.into(), no_proxy: true, ca_file, secrets: Vec::new() };
    Flink::new(options, Arc::new(SystemClock::new()))
}

#[tokio::test]
async fn flink_behind_a_trusted_certificate_is_asked() {
    let authority = Authority::of("127.0.0.1");
    let (at, heard) = serve(authority.server_config());
    assert_eq!(flink(&at, Some(authority.file("ca.pem"))).unwrap().version().await.unwrap(), "1.20.3");
    assert_eq!(heard.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn flink_behind_any_other_certificate_is_told_nothing() {
    let (right, other) = (Authority::of("127.0.0.1"), Authority::of("127.0.0.1"));
    let (elsewhere, expired) = (Authority::of("127.0.0.2"), Authority::expired("127.0.0.1"));
    for (server, ca_file, why) in [
        (&right, None, "UnknownIssuer"),
        (&right, Some(&other), "certificate"),
        (&elsewhere, Some(&elsewhere), "not valid for name"),
        (&expired, Some(&expired), "expired"),
    ] {
        let (at, heard) = serve(server.server_config());
        let flink = flink(&at, ca_file.map(|authority| authority.file("ca.pem"))).unwrap();
        for error in [
            flink.version().await.unwrap_err(),
            flink.gateway_version().await.unwrap_err(),
            flink.cancel("0").await.unwrap_err(),
            flink.submit("orders", &[]).await.unwrap_err(),
        ] {
            assert_eq!(error.kind, Kind::Permanent, "{error:?}");
            assert!(error.message.contains("not trusted"), "{error:?}");
            assert!(error.causes.iter().any(|cause| cause.contains(why)), "{why}: {error:?}");
            assert!(error.hint.as_deref().unwrap().contains("`ca_file`"), "{error:?}");
        }
        assert_eq!(heard.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_ca_file_without_certificates_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, broken) = (folder.path().join("empty.pem"), folder.path().join("broken.pem"));
    fs_err::write(&empty, "").unwrap();
    fs_err::write(&broken, "-----BEGIN CERTIFICATE-----\nnonsense\n").unwrap();
    for wrong in
        [empty.as_path(), broken.as_path(), Path::new("/nonexistent/ca.pem"), folder.path(), Path::new("/dev/zero")]
    {
        let error = flink("https://127.0.0.1:1", Some(wrong.to_owned())).err().unwrap();
        assert_eq!(error.kind, Kind::Permanent);
        assert!(error.message.contains(wrong.to_str().unwrap()), "{error}");
    }
}

#[tokio::test]
async fn a_mysql_server_with_an_expired_certificate_is_told_nothing() {
    let authority = Authority::expired("127.0.0.1");
    let config = authority.server_config();
    let (listener, at) = listener();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(&crate::echoes::greeting(true)).unwrap();
            // The request for TLS, 32 bytes and a head.
            let _ = stream.read_exact(&mut [0; 36]);
            let mut secure = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            assert!(!matches!(secure.read(&mut [0; 64]), Ok(length) if length > 0), "a login came");
        }
    });
    let secrets = StoredSecrets::new(|_| Some(crate::CANARY.into()));
    let password = SecretRef::Env("PASSWORD".into());
    let ca_file = Some(authority.file("ca.pem"));
    let login = Login { user: "upgrade".into(), password, tls: Tls::Verify, ca_file };
    let error: Error = Mysql::new(login, Arc::new(secrets)).server(&address(at)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent, "{error:?}");
    assert!(format!("{error:?}").contains("expired"), "{error:?}");
}
