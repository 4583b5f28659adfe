//! A server that answers the nth request as a script says, and a connection to it that takes nothing from the surroundings.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};
use upgrade::adapter::rds::{Connection, Limits, Reader, Writer};

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, content type, body.
    Answer(u16, &'static str, String),
    /// The connection is closed where the answer should begin.
    Close,
    /// The body is shorter than its announced length.
    Cut(String),
    /// A body whose end is the end of the connection.
    Unframed(String),
    Silence,
}

impl Reply {
    pub(crate) fn xml(action: &str, result: &str) -> Self {
        Self::Answer(200, "text/xml", document(action, result))
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let body = format!(
            "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>about {code}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
        Self::Answer(status, "text/xml", body)
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::Answer(status, "text/html", "<html><body>Gateway</body></html>".to_owned())
    }
}

pub(crate) fn document(action: &str, result: &str) -> String {
    format!(
        "<{action}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    )
}

/// Ends with the test.
pub(crate) struct Script {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<String>>>,
    accepting: AbortHandle,
}

impl Drop for Script {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Script {
    /// `play` gets the number of the request, from 0, and its form.
    pub(crate) async fn new(play: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let (play, seen) = (Arc::new(play), Arc::clone(&bodies));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (play, seen) = (Arc::clone(&play), Arc::clone(&seen));
                tokio::spawn(async move {
                    let _ = serve(stream, &*play, &seen).await;
                });
            }
        });
        Self { address, bodies, accepting: accepting.abort_handle() }
    }

    /// The first `replies` in order, then the last of them for ever.
    pub(crate) async fn of(replies: Vec<Reply>) -> Self {
        Self::new(move |n, _| replies[n.min(replies.len() - 1)].clone()).await
    }

    /// The forms of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    pub(crate) fn config(&self) -> SdkConfig {
        config(self.address)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::new(Connection::with_config(self.config(), limits()))
    }

    pub(crate) fn writer(&self) -> Writer {
        Writer::new(Connection::with_config(self.config(), limits()))
    }
}

async fn serve(
    mut stream: TcpStream,
    play: &(impl Fn(usize, &str) -> Reply + ?Sized),
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    while let Some(form) = request(&mut stream).await? {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(form.clone());
            seen.len() - 1
        };
        match play(number, &form) {
            Reply::Answer(status, kind, body) => {
                let head =
                    format!("HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + &body).as_bytes()).await?;
            }
            Reply::Close => return Ok(()),
            Reply::Cut(body) => {
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", body.len() + 7);
                return stream.write_all((head + &body).as_bytes()).await;
            }
            Reply::Unframed(body) => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\n\r\n".to_owned();
                return stream.write_all((head + &body).as_bytes()).await;
            }
            Reply::Silence => {
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await?;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The form of the next request; `None` at the end of the connection.
async fn request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(Some(body.to_owned()));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        attempt: Duration::from_millis(700),
        write: Duration::from_millis(700),
        patience: Duration::from_secs(3),
        unreachable: Duration::from_millis(300),
        first_pause: Duration::from_millis(2),
        longest_pause: Duration::from_millis(50),
    }
}

pub(crate) fn config(at: SocketAddr) -> SdkConfig {
    let keys = Credentials::new("AKIDEXAMPLE", "canary-key", None, None, "script");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(format!("http://{at}"))
        .build()
}

/// An address that nobody listens on.
pub(crate) async fn deaf() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
