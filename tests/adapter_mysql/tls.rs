//! TLS, by a server of our own: those of the sandbox offer none that the driver would take (no elliptic curves).

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tempfile::TempDir;
use upgrade::{
    error::{Error, Kind},
    port::mysql::Tls,
    port::mysql::{Address, MysqlRead as _},
};

use crate::{address, mysql};

const SSL: u32 = 0x800;

/// An authority, and a certificate of it for one address.
struct Authority(TempDir);

impl Authority {
    fn new(host: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("names"), format!("subjectAltName=IP:{host}")).unwrap();
        for arguments in [
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
            "req -newkey rsa:2048 -nodes -subj /CN=server -keyout key.pem -out server.csr",
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem",
        ] {
            let done = Command::new("openssl").args(arguments.split(' ')).current_dir(folder.path()).output();
            let done = done.expect("openssl is there (apt install openssl)");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn server_config(&self) -> Arc<ServerConfig> {
        let certificates = vec![CertificateDer::from_pem_file(self.file("cert.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.file("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(certificates, key).unwrap())
    }
}

/// Greets as MySQL does, asks for TLS, and turns every login away: how far a client came is in its error.
fn serve(config: Arc<ServerConfig>) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = address(listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = turn_away(stream.unwrap(), Arc::clone(&config));
        }
    });
    at
}

fn turn_away(mut stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    // LONG_PASSWORD, PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH
    let capabilities: u32 = 0x1 | 0x200 | SSL | 0x8000 | 0x8_0000;
    let [low0, low1, high0, high1] = capabilities.to_le_bytes();
    let mut greeting = b"\x0a8.0.15\0\x01\0\0\0abcdefgh\0".to_vec();
    greeting.extend([low0, low1, 45, 2, 0, high0, high1, 21]);
    greeting.extend([0; 10]);
    greeting.extend(b"abcdefghijkl\0mysql_native_password\0");
    send(&mut stream, 0, &greeting)?;
    let (_, request) = packet(&mut stream)?;
    let asked = u32::from_le_bytes(request[..4].try_into().unwrap());
    if asked & SSL == 0 || request.len() != 32 {
        return send(&mut stream, 2, b"\xff\x57\x0c#HY000Connections must be encrypted");
    }
    let mut secure = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let (sequence, _login) = packet(&mut secure)?;
    send(&mut secure, sequence + 1, b"\xff\x15\x04#28000Access denied for user")
}

fn send(to: &mut impl Write, sequence: u8, payload: &[u8]) -> std::io::Result<()> {
    let [a, b, c, _] = u32::try_from(payload.len()).unwrap().to_le_bytes();
    to.write_all(&[&[a, b, c, sequence], payload].concat())?;
    to.flush()
}

fn packet(from: &mut impl Read) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 4];
    from.read_exact(&mut head)?;
    let mut payload = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
    from.read_exact(&mut payload)?;
    Ok((head[3], payload))
}

async fn refusal(at: &Address, tls: Tls, ca_file: Option<&Path>) -> Error {
    mysql("upgrade", "canary-pw", tls, ca_file).schemas(at).await.unwrap_err()
}

#[tokio::test]
async fn a_trusted_server_is_told_the_login() {
    let authority = Authority::new("127.0.0.1");
    let at = serve(authority.server_config());
    let ca = authority.file("ca.pem");
    for (tls, ca_file) in [(Tls::Verify, Some(ca.as_path())), (Tls::Required, None)] {
        let error = refusal(&at, tls, ca_file).await;
        assert!(error.message.contains("error 1045"), "{tls:?}: {error:?}");
    }
    let error = refusal(&at, Tls::Disabled, None).await;
    assert_eq!(error.kind, Kind::Permanent);
    assert!(error.message.contains("must be encrypted"), "{error:?}");
}

#[tokio::test]
async fn an_untrusted_server_is_told_nothing() {
    let (authority, other) = (Authority::new("127.0.0.1"), Authority::new("127.0.0.1"));
    let elsewhere = Authority::new("127.0.0.2");
    let other = other.file("ca.pem");
    for (server, ca_file) in [
        (&authority, None),
        (&authority, Some(other.as_path())),
        // The right authority, a certificate for another address.
        (&elsewhere, Some(elsewhere.file("ca.pem").as_path())),
    ] {
        let error = refusal(&serve(server.server_config()), Tls::Verify, ca_file).await;
        assert_eq!(error.kind, Kind::Permanent, "{error:?}");
        assert!(error.message.contains("TLS could not be agreed on"), "{error:?}");
        assert!(error.hint.as_deref().unwrap().contains("`ca_file`"), "{error:?}");
    }
}

#[tokio::test]
async fn a_ca_file_without_certificates_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    fs_err::write(&empty, "").unwrap();
    let at = Address { host: "127.0.0.1".into(), port: 1 };
    for wrong in [empty.as_path(), Path::new("/nonexistent/ca.pem")] {
        let error = refusal(&at, Tls::Verify, Some(wrong)).await;
        assert_eq!(error.kind, Kind::Permanent);
        assert!(error.message.contains(wrong.to_str().unwrap()), "{error}");
    }
}
