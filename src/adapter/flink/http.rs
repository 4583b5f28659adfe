//! One HTTP server of the cluster: time limits, and what became of a request that failed.

use std::{error::Error as StdError, io, path::Path, sync::Arc, time::Duration};

use reqwest::{Certificate, Client, Method, StatusCode, redirect::Policy};
use serde_json::Value;

use super::answer::{clean, root_cause, text};
use crate::{
    adapter::ca_file::ca_file,
    error::{Error, Result},
    port::clock::Clock,
    secret::Secret,
};

const CONNECT: Duration = Duration::from_secs(3);
pub(super) const ATTEMPT: Duration = Duration::from_secs(10);
/// Waits between the attempts of a read.
const PAUSES: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

pub(super) struct Http {
    /// `the SQL Gateway`, for messages.
    what: &'static str,
    base: String,
    client: Client,
    pub(super) secrets: Vec<Secret>,
    pub(super) clock: Arc<dyn Clock>,
}

/// What became of a request that has no good answer. Texts hold no secret.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// No connection was made: the request did not go out.
    NotSent(String),
    /// The server could not show that it is the one that was named: the request did not go out.
    Untrusted(String),
    /// It went out, or may have, and no whole answer came back.
    Lost(String),
    /// The server answered that it will not.
    Answered { status: StatusCode, text: String },
}

impl Fault {
    pub(super) fn said(&self) -> String {
        match self {
            Self::NotSent(text) | Self::Untrusted(text) | Self::Lost(text) => text.clone(),
            Self::Answered { status, text } => format!("HTTP {}: {}", status.as_u16(), root_cause(text)),
        }
    }

    /// Whether the answer is that there is no such thing. An unknown job is a 500 to some questions.
    pub(super) fn not_found(&self) -> bool {
        matches!(self, Self::Answered { status, text }
            if *status == StatusCode::NOT_FOUND || text.contains("FlinkJobNotFoundException"))
    }

    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Lost(_) => true,
            Self::Untrusted(_) => false,
            Self::Answered { status, .. } => {
                !self.not_found() && (status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS)
            }
        }
    }
}

impl Http {
    pub(super) fn new(
        what: &'static str,
        address: &str,
        no_proxy: bool,
        trusted: Option<Vec<Certificate>>,
        secrets: Vec<Secret>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let wrong = || {
            Error::usage(format!("The address of {what} is not one: {address}"))
                .hint("Write it as http://host:port or https://host:port")
        };
        let url = reqwest::Url::parse(address).map_err(|_| wrong())?;
        let host = url.host_str().ok_or_else(wrong)?;
        let address_of_this_machine = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        let loopback = host == "localhost" || address_of_this_machine.is_ok_and(|address| address.is_loopback());
        // A write must not be sent twice behind our back: no retry, no redirect, no connection that may have gone stale.
        let mut builder = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0);
        if no_proxy || loopback {
            builder = builder.no_proxy();
        }
        if let Some(trusted) = trusted {
            builder = builder.tls_certs_only(trusted);
        }
        let client = builder.build().map_err(|error| Error::bug("The HTTP client cannot be made").because(&error))?;
        Ok(Self { what, base: address.trim_end_matches('/').to_owned(), client, secrets, clock })
    }

    /// One attempt.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> std::result::Result<Value, Fault> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).timeout(limit);
        if let Some(body) = body {
            request = request.json(body);
        }
        let fault = |error: reqwest::Error| {
            let (unconnected, untrusted) = (error.is_connect(), is_untrusted(&error));
            let text = clean(&chain(&error.without_url()), &self.secrets);
            match (unconnected, untrusted) {
                (true, true) => Fault::Untrusted(text),
                (true, false) => Fault::NotSent(text),
                (false, _) => Fault::Lost(text),
            }
        };
        let answer = request.send().await.map_err(fault)?;
        let status = answer.status();
        let body = answer.text().await.map_err(fault)?;
        if !status.is_success() {
            return Err(Fault::Answered { status, text: clean(&text(&body), &self.secrets) });
        }
        serde_json::from_str(&body).map_err(|_| Fault::Lost("the answer is no JSON".into()))
    }

    /// Reads, riding out a short outage. `None` where there is no such thing.
    ///
    /// # Errors
    ///
    /// `Transient` where the server did not answer well in any attempt, `Permanent` where it refuses.
    pub(super) async fn read(&self, path: &str) -> Result<Option<Value>> {
        let mut pauses = PAUSES.iter();
        loop {
            let fault = match self.send(Method::GET, path, None, ATTEMPT).await {
                Ok(value) => return Ok(Some(value)),
                Err(fault) if fault.not_found() => return Ok(None),
                Err(fault) => fault,
            };
            match pauses.next().filter(|_| fault.may_pass()) {
                Some(pause) => self.clock.sleep(*pause).await,
                None => return Err(self.no_answer(path, &fault)),
            }
        }
    }

    /// The same for what has to be there.
    pub(super) async fn read_existing(&self, path: &str) -> Result<Value> {
        let missing = || self.error(Error::permanent, format!("{} knows no {path}", capital(self.what)));
        self.read(path).await?.ok_or_else(missing)
    }

    pub(super) fn no_answer(&self, path: &str, fault: &Fault) -> Error {
        if let Fault::Untrusted(why) = fault {
            let message = format!("{} at {} is not trusted: TLS could not be agreed on", capital(self.what), self.base);
            return Error::permanent(message).cause(why).unchanged("Nothing was sent").hint(
                "Name the certificates of its authority with `ca_file` in the playbook's flink section, and the server by \
                 the name that its certificate has",
            );
        }
        let kind = if fault.may_pass() { Error::transient } else { Error::permanent };
        let message = format!("{} at {} did not answer {path} as expected", capital(self.what), self.base);
        self.error(kind, message).cause(fault.said())
    }

    pub(super) fn malformed(&self, path: &str, expected: &str) -> Error {
        self.error(Error::permanent, format!("{} answered {path} without {expected}", capital(self.what)))
    }

    pub(super) fn error(&self, kind: fn(String) -> Error, message: String) -> Error {
        kind(message).hint(format!("Check that {} runs at {} and is reached from here", self.what, self.base))
    }
}

/// # Errors
/// `Permanent` where the file cannot be read or holds no certificate.
pub(super) fn authorities(path: &Path) -> Result<Vec<Certificate>> {
    Certificate::from_pem_bundle(&ca_file(path)?).map_err(|error| {
        Error::permanent(format!("Expected PEM certificates in ca_file {}", path.display())).because(&error)
    })
}

/// Whether the handshake failed. An I/O error hides what it was made of from the chain, and may be made of another one.
fn is_untrusted(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    false
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

fn capital(what: &str) -> String {
    let mut letters = what.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
