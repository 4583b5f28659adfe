//! A MySQL server that greets, and then says no more from some moment on.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What is not answered any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {
    /// The login.
    Login,
    /// The first thing that is asked after it, which is the driver's own.
    Query,
    /// The first statement that is neither the driver's nor a setting.
    Statement,
}

const OK: [u8; 7] = [0, 0, 0, 2, 0, 0, 0];
const QUERY: u8 = 3;

/// Its port. It takes every connection, and keeps it.
pub async fn listen(silent: Silent) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection, silent));
        }
    });
    port
}

async fn serve(mut connection: TcpStream, silent: Silent) {
    send(&mut connection, 0, &greeting()).await;
    let mut login = true;
    // A client that has given up ends it.
    while let Some((number, packet)) = receive(&mut connection).await {
        let text = String::from_utf8_lossy(packet.get(1..).unwrap_or_default());
        let setting = packet.first() == Some(&QUERY) && (text.starts_with("SELECT @@max") || text.starts_with("SET "));
        let answered = match silent {
            Silent::Login => false,
            Silent::Query => login,
            Silent::Statement => login || setting,
        };
        if answered {
            send(&mut connection, number + 1, &OK).await;
        }
        login = false;
    }
}

async fn receive(connection: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 4];
    connection.read_exact(&mut head).await.ok()?;
    let mut packet = vec![0; usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16];
    connection.read_exact(&mut packet).await.ok()?;
    Some((head[3], packet))
}

async fn send(connection: &mut TcpStream, number: u8, packet: &[u8]) {
    let mut bytes = vec![u8::try_from(packet.len()).unwrap(), 0, 0, number];
    bytes.extend_from_slice(packet);
    let _ = connection.write_all(&bytes).await;
}

/// Version 10 of the protocol, `mysql_native_password`, no TLS.
fn greeting() -> Vec<u8> {
    let mut packet = b"\x0a8.0.36\0\x07\0\0\0saltsalt\0".to_vec();
    // Protocol 4.1, transactions, secure connections.
    packet.extend_from_slice(&[0x00, 0xa2, 33, 2, 0]);
    // Logins by plugin, and how long the salt is.
    packet.extend_from_slice(&[0x08, 0x00, 21]);
    packet.extend_from_slice(&[0; 10]);
    packet.extend_from_slice(b"saltsaltsalt\0mysql_native_password\0");
    packet
}
