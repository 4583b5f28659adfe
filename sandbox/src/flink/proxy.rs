//! A proxy before the SQL Gateway: writes down when jobs were started, and loses the answer to a start where that is wanted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;

use super::script::statements;
use crate::clock;
use crate::error::{Doing, Result};
use crate::region::work::Millis;

/// Marks the sandbox's own calls, which are let through and not written down.
pub(super) const OWN: &str = "x-sandbox-own";
/// Where the proxy tells what it has written down.
pub const INSERTS: &str = "/sandbox/inserts";
const LARGEST: usize = 64 * 1024 * 1024;

/// One statement that was to start a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insert {
    pub sent_at: Millis,
    /// When its result was known at the gateway, and the job.
    pub known_at: Option<Millis>,
    pub job: Option<String>,
    /// The result was not handed on.
    pub lost: bool,
}

#[derive(Debug, Default)]
struct Noted {
    inserts: Vec<Insert>,
    /// By the handle of its operation, the place of an insert.
    operations: BTreeMap<String, usize>,
    /// So many results are still to be lost.
    strikes: u32,
}

#[derive(Debug, Clone)]
pub struct Proxy {
    gateway: String,
    http: reqwest::Client,
    noted: Arc<Mutex<Noted>>,
}

impl Proxy {
    /// Before the gateway at this address; the results of the first `strikes` statements that start jobs are lost.
    pub fn new(gateway: &str, strikes: u32) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build().doing("Making an HTTP client")?;
        let noted = Arc::new(Mutex::new(Noted { strikes, ..Noted::default() }));
        Ok(Self { gateway: gateway.to_owned(), http, noted })
    }

    /// Serves until the future is dropped.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let told = |State(proxy): State<Self>| async move { axum::Json(proxy.with(|noted| noted.inserts.clone())) };
        let router = Router::new().route(INSERTS, get(told)).fallback(pass).with_state(self);
        axum::serve(listener, router).await
    }

    fn with<T>(&self, act: impl FnOnce(&mut Noted) -> T) -> T {
        act(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn forward(&self, request: Request) -> std::result::Result<Response, String> {
        let sent_at = clock::now();
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let is_own = parts.headers.contains_key(OWN);
        let body = to_bytes(body, LARGEST).await.map_err(|error| error.to_string())?;
        let starts = !is_own && path.ends_with("/statements") && starts_job(&body);
        let mut onward = self.http.request(parts.method, format!("{}{path}", self.gateway));
        for name in [header::CONTENT_TYPE, header::ACCEPT] {
            if let Some(value) = parts.headers.get(&name) {
                onward = onward.header(name, value);
            }
        }
        let answer = onward.body(body).send().await.map_err(|error| error.to_string())?;
        let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
        let text = answer.bytes().await.map_err(|error| error.to_string())?;
        let told: Value = serde_json::from_slice(&text).unwrap_or_default();
        if starts && let Some(operation) = told["operationHandle"].as_str() {
            self.with(|noted| {
                noted.operations.insert(operation.to_owned(), noted.inserts.len());
                noted.inserts.push(Insert { sent_at, ..Insert::default() });
            });
        }
        if self.with(|noted| noted.result(&path, &told)) {
            let lost = r#"{"errors":["Internal server error.","<Exception on server side: lost on purpose>"]}"#;
            return Ok(respond(StatusCode::INTERNAL_SERVER_ERROR, None, Body::from(lost)));
        }
        Ok(respond(status, kind, Body::from(text)))
    }
}

impl Noted {
    /// Takes note of the result of a statement; true where it is not to be handed on.
    fn result(&mut self, path: &str, told: &Value) -> bool {
        let operation = path.split_once("/operations/").and_then(|(_, rest)| rest.split_once("/result/"));
        let place = operation.and_then(|(handle, _)| self.operations.get(handle));
        let Some(insert) = place.and_then(|place| self.inserts.get_mut(*place)) else { return false };
        let Some(job) = told["jobID"].as_str() else { return insert.lost };
        if insert.known_at.is_none() {
            insert.known_at = Some(clock::now());
            insert.job = Some(job.to_owned());
            insert.lost = self.strikes > 0;
            self.strikes = self.strikes.saturating_sub(1);
        }
        insert.lost
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    proxy.forward(request).await.unwrap_or_else(|error| respond(StatusCode::BAD_GATEWAY, None, Body::from(error)))
}

fn respond(status: StatusCode, kind: Option<HeaderValue>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = kind.unwrap_or(HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Whether the statement in a body starts a job.
fn starts_job(body: &[u8]) -> bool {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let script = statements(told["statement"].as_str().unwrap_or_default());
    let Some(first) = script.first().map(|text| text.to_uppercase()) else { return false };
    first.starts_with("INSERT") || first.starts_with("EXECUTE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_starts_a_job_is_taken_for_it() {
        let body = |statement: &str| serde_json::json!({ "statement": statement }).to_string().into_bytes();
        assert!(starts_job(&body("-- a comment\ninsert into a select * from b")));
        assert!(starts_job(&body("EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT * FROM b; END")));
        assert!(!starts_job(&body("EXPLAIN INSERT INTO a SELECT * FROM b")));
        assert!(!starts_job(b""));
    }

    #[test]
    fn a_lost_result_stays_lost() {
        let mut noted = Noted { strikes: 1, inserts: vec![Insert::default(), Insert::default()], ..Noted::default() };
        noted.operations = [("a".to_owned(), 0), ("b".to_owned(), 1)].into();
        let (told, not_yet) = (serde_json::json!({ "jobID": "j" }), serde_json::json!({}));
        let path = |handle: &str| format!("/v2/sessions/s/operations/{handle}/result/0?rowFormat=JSON");
        assert!(!noted.result(&path("a"), &not_yet));
        assert!(noted.result(&path("a"), &told) && noted.result(&path("a"), &told));
        assert!(!noted.result(&path("b"), &told));
        assert_eq!(noted.inserts[1].job.as_deref(), Some("j"));
    }
}
