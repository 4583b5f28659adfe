//! What is protected how: the tests that `docs/security.md` names.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where something is not as it must be, and times real processes"
)]

mod authority;
mod echoes;
mod mutated;
mod names;
mod program;
mod reads;
mod shell;
mod state;
mod templates;
mod tls;

use std::{
    io::Read as _,
    net::{SocketAddr, TcpListener, TcpStream},
};

use upgrade::port::mysql::Address;

/// A password with everything that somebody may escape. Whatever is left of it begins with a word that nothing else has.
const CANARY: &str = r#"canary-'%"\/<&é"#;

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    (listener, at)
}

fn address(at: SocketAddr) -> Address {
    Address { host: at.ip().to_string(), port: at.port() }
}

/// One whole HTTP request: a connection that is closed before it has been read loses its answer.
fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let mut more = [0; 4096];
        match stream.read(&mut more) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&more[..count]),
            _ => return text,
        }
    }
}
