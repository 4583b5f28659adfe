//! The HTTP side: one route, and what the faults do to a connection.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Extension, Form as Members, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use tokio::net::TcpListener;

use super::form::Form;
use super::line::{Cut, Lines};
use super::wire;
use super::xml::Xml;
use crate::region::{ApiError, Breakage, Done, Failure, Millis, Region, Work, WorkId};

/// A region shared by the API and a data plane.
#[derive(Clone)]
pub struct Api {
    region: Arc<Mutex<Region>>,
    clock: Arc<dyn Fn() -> Millis + Send + Sync>,
    hand_out: Arc<dyn Fn(Vec<Work>) + Send + Sync>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Api {
    /// `hand_out` gets every piece of work, in order. It is called with the region locked, so it must not come back here.
    pub fn new(
        region: Region,
        clock: impl Fn() -> Millis + Send + Sync + 'static,
        hand_out: impl Fn(Vec<Work>) + Send + Sync + 'static,
    ) -> Self {
        Self { region: Arc::new(Mutex::new(region)), clock: Arc::new(clock), hand_out: Arc::new(hand_out) }
    }

    /// Does something with the region as it is now, and hands out the work that comes of it.
    pub fn with<T>(&self, act: impl FnOnce(&mut Region) -> T) -> T {
        let mut region: MutexGuard<'_, Region> = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        region.advance((self.clock)());
        let result = act(&mut region);
        let work = region.take_work();
        if !work.is_empty() {
            (self.hand_out)(work);
        }
        result
    }

    /// Lets happen what is due, and says when something is due next. Nothing happens by itself: the owner of the clock
    /// has to call this then, and after each `finish`.
    pub fn tick(&self) -> Option<Millis> {
        self.with(|region| region.next_due())
    }

    /// The data plane's answer; false where no such work is open.
    pub fn finish(&self, id: WorkId, result: Result<Done, String>) -> bool {
        self.with(|region| region.finish(id, result))
    }
}

/// The service for any server. Faults that close or reset a connection need [`serve`]; here they cut the answer short.
pub fn router(api: Api) -> Router {
    Router::new().route("/", post(answer)).with_state(api)
}

/// Serves the API until the future is dropped.
///
/// # Errors
/// What the listener ends with.
pub async fn serve(listener: TcpListener, api: Api) -> io::Result<()> {
    axum::serve(Lines(listener), router(api).into_make_service_with_connect_info::<Cut>()).await
}

async fn answer(
    State(api): State<Api>,
    cut: Option<Extension<ConnectInfo<Cut>>>,
    Members(members): Members<Vec<(String, String)>>,
) -> Response {
    let form = Form::new(members);
    let cut = cut.map(|Extension(ConnectInfo(cut))| cut);
    let (action, result, number) = api.with(|region| {
        let (action, result) = wire::dispatch(&form, region);
        (action, result, region.requests().len())
    });
    let request_id = format!("00000000-0000-4000-8000-{number:012}");
    let whole = |result: Xml| Xml::answer(action, &request_id, result);
    match result {
        Ok(result) => xml(StatusCode::OK, whole(result)),
        Err(Failure::Refused(error)) => refuse(&error, &request_id),
        Err(Failure::Html(status)) => html(status),
        Err(Failure::Lost { how, .. }) => lose(how, cut, whole(Xml::default())).await,
    }
}

fn refuse(error: &ApiError, request_id: &str) -> Response {
    let status = StatusCode::from_u16(error.http_status).unwrap_or(StatusCode::BAD_REQUEST);
    let text = Xml::error(&error.code, &error.message, status.is_client_error(), request_id);
    xml(status, text)
}

fn xml(status: StatusCode, text: String) -> Response {
    respond(status, "text/xml", Body::from(text))
}

fn html(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let reason = status.canonical_reason().unwrap_or_default();
    let page = format!(
        "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center>{reason}</body></html>"
    );
    respond(status, "text/html", Body::from(page))
}

fn respond(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

async fn lose(how: Breakage, cut: Option<Cut>, whole: String) -> Response {
    match (how, cut) {
        (Breakage::Silence, _) => {
            let never: Infallible = std::future::pending().await;
            match never {}
        }
        (Breakage::GatewayTimeout, _) => html(504),
        (Breakage::Closed, Some(cut)) => {
            cut.close();
            xml(StatusCode::OK, whole)
        }
        (Breakage::Reset, Some(cut)) => {
            cut.reset();
            xml(StatusCode::OK, whole)
        }
        (Breakage::CutShort, _) | (Breakage::Closed | Breakage::Reset, None) => {
            let length = whole.len();
            let half = whole[..length / 2].to_owned();
            let parts = [Ok(half), Err(io::Error::from(io::ErrorKind::ConnectionAborted))];
            let body = Body::from_stream(futures_util::stream::iter(parts));
            let mut response = respond(StatusCode::OK, "text/xml", body);
            response.headers_mut().insert(header::CONTENT_LENGTH, header::HeaderValue::from(length));
            response
        }
    }
}
