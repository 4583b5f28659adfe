//! Savepoints in S3, read through the unmodified SDK from a server that speaks the documented protocol.

#![expect(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{Response, StatusCode},
};
use tokio::{net::TcpListener, task::AbortHandle};
use upgrade::{
    adapter::files::{Files, Limits, S3Files},
    error::{Error, Kind},
    handover::savepoint,
    port::files::FilesRead,
};

#[derive(Clone)]
enum Reply {
    Object(Vec<u8>),
    /// Without a length, in chunks.
    Chunked(Vec<u8>),
    /// Status, code, and the region of the bucket if it is told.
    Refusal(u16, &'static str, Option<&'static str>),
    /// Breaks off in the middle.
    Cut,
    Silence,
}

#[derive(Default)]
struct Bucket {
    /// Replies by path; the last one of a path stays.
    replies: Mutex<HashMap<String, Vec<Reply>>>,
    /// Path and `Authorization` of each request.
    asked: Mutex<Vec<(String, String)>>,
}

/// Ends with the test.
struct Server {
    bucket: Arc<Bucket>,
    address: String,
    serving: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    async fn of(replies: impl IntoIterator<Item = (&str, Vec<Reply>)>) -> Self {
        let replies = replies.into_iter().map(|(path, replies)| (path.to_owned(), replies)).collect();
        let bucket = Arc::new(Bucket { replies: Mutex::new(replies), asked: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&bucket));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Self { bucket, address, serving }
    }

    fn files(&self) -> Files {
        files_at(&self.address, "eu-central-1")
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.bucket.asked.lock().unwrap().clone()
    }
}

fn files_at(address: &str, region: &'static str) -> Files {
    let credentials = Credentials::new("AKIDTEST", "canary-key", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(address)
        .build();
    let limits = Limits {
        connect: Duration::from_millis(500),
        attempt: Duration::from_millis(800),
        overall: Duration::from_secs(6),
        attempts: 2,
    };
    Files::new(S3Files::with_config(config, true, limits))
}

async fn answer(State(bucket): State<Arc<Bucket>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    bucket.asked.lock().unwrap().push((path.clone(), authorization.unwrap_or_default()));
    let reply = {
        let mut replies = bucket.replies.lock().unwrap();
        match replies.get_mut(&path) {
            Some(replies) if replies.len() > 1 => replies.remove(0),
            Some(replies) => replies[0].clone(),
            None => Reply::Refusal(404, "NoSuchKey", None),
        }
    };
    match reply {
        Reply::Object(bytes) => Response::new(Body::from(bytes)),
        Reply::Chunked(bytes) => {
            let chunks: Vec<_> = bytes.chunks(1000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
            Response::new(Body::from_stream(futures_util::stream::iter(chunks)))
        }
        Reply::Refusal(status, code, region) => {
            let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
            if let Some(region) = region {
                response = response.header("x-amz-bucket-region", region);
            }
            let message = format!("<Message>about {code}</Message><RequestId>r</RequestId>");
            let xml =
                format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>{message}</Error>");
            response.header("content-type", "application/xml").body(Body::from(xml)).unwrap()
        }
        Reply::Cut => {
            let chunks = [Ok(Bytes::from_static(b"12345")), Err(std::io::Error::other("broken off"))];
            let body = Body::from_stream(futures_util::stream::iter(chunks));
            Response::builder().header("content-length", 100).body(body).unwrap()
        }
        Reply::Silence => std::future::pending().await,
    }
}

fn fixture(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/savepoints");
    std::fs::read(folder.join(path)).unwrap()
}

async fn refused(reply: Reply) -> Error {
    let server = Server::of([("/bucket/x", vec![reply])]).await;
    server.files().read("s3://bucket/x", 1000).await.unwrap_err()
}

#[tokio::test]
async fn a_savepoint_and_its_sibling_are_read_and_signed_for() {
    let sibling = "sibling_file/9837007b-a3be-489f-9525-6af790bf02b7";
    let path = format!("/flink-state/{sibling}");
    let metadata = Reply::Object(fixture("sibling_file/_metadata"));
    let server = Server::of([
        ("/flink-state/sibling_file/_metadata", vec![metadata]),
        (path.as_str(), vec![Reply::Chunked(fixture(sibling))]),
    ])
    .await;
    for scheme in ["s3", "s3a", "s3p"] {
        let found =
            savepoint::offsets(&server.files(), &format!("{scheme}://flink-state/sibling_file/")).await.unwrap();
        assert_eq!((found.len(), found[0].source.as_str()), (1, "source.source_table"));
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 6);
    assert!(asked.iter().all(|(_, signed)| signed.contains("/eu-central-1/s3/aws4_request")), "{asked:?}");
}

#[tokio::test]
async fn what_is_not_there_is_none_and_told_as_such() {
    let server = Server::of([]).await;
    assert_eq!(server.files().read("s3://bucket/a b%20c/x", 10).await.unwrap(), None);
    // A blank and a percent sign are the key's own.
    assert_eq!(server.asked()[0].0, "/bucket/a%20b%2520c/x");
    let error = savepoint::offsets(&server.files(), "s3://bucket/sp").await.unwrap_err();
    assert!(error.message.contains("there is no s3://bucket/sp/_metadata"), "{error}");
}

#[tokio::test]
async fn an_object_is_read_up_to_its_limit() {
    for reply in [Reply::Object(b"12345".to_vec()), Reply::Chunked(b"12345".to_vec())] {
        let server = Server::of([("/bucket/x", vec![reply])]).await;
        assert_eq!(server.files().read("s3://bucket/x", 5).await.unwrap().unwrap(), b"12345");
        let error = server.files().read("s3://bucket/x", 4).await.unwrap_err();
        assert_eq!((error.kind, error.message.contains("at most 4 bytes")), (Kind::Permanent, true), "{error}");
    }
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    for (status, code, region, hint) in [
        (403, "AccessDenied", None, "needs s3:GetObject on bucket"),
        (403, "InvalidAccessKeyId", None, "aws sts get-caller-identity"),
        (403, "SignatureDoesNotMatch", None, "aws sts get-caller-identity"),
        (400, "ExpiredToken", None, "Log in again"),
        (403, "RequestTimeTooSkewed", None, "Set the clock"),
        (404, "NoSuchBucket", None, "See that bucket is the bucket"),
        (403, "InvalidObjectState", None, "archived"),
        (301, "PermanentRedirect", Some("eu-west-1"), "AWS_REGION=eu-west-1"),
        (301, "PermanentRedirect", None, "get-bucket-location"),
        (400, "AuthorizationHeaderMalformed", Some("us-west-2"), "AWS_REGION=us-west-2"),
    ] {
        let error = refused(Reply::Refusal(status, code, region)).await;
        assert_eq!(error.kind, Kind::Permanent, "{code}: {error:?}");
        assert!(error.message.contains("s3://bucket/x") && error.message.contains(code), "{error}");
        assert!(error.hint.as_deref().unwrap().contains(hint), "{code}: {:?}", error.hint);
    }
}

#[tokio::test]
async fn trouble_that_passes_is_ridden_out() {
    let slow_down = Reply::Refusal(503, "SlowDown", None);
    let replies = vec![slow_down.clone(), Reply::Object(b"1".to_vec())];
    let server = Server::of([("/bucket/x", replies)]).await;
    assert_eq!(server.files().read("s3://bucket/x", 5).await.unwrap().unwrap(), b"1");
    assert_eq!(server.asked().len(), 2);

    let error = refused(slow_down).await;
    assert_eq!(error.kind, Kind::Transient, "{error}");
    assert!(error.message.contains("SlowDown"), "{error}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_an_object() {
    let error = refused(Reply::Cut).await;
    assert_eq!(error.kind, Kind::Transient, "{error:?}");
}

#[tokio::test]
async fn silence_and_an_address_without_a_server_end_in_time() {
    let in_time = Duration::from_secs(30);
    let error = tokio::time::timeout(in_time, refused(Reply::Silence)).await.unwrap();
    assert_eq!(error.kind, Kind::Transient, "{error:?}");

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let files = files_at(&format!("http://{free}"), "us-east-1");
    let error = tokio::time::timeout(in_time, files.read("s3://bucket/x", 5)).await.unwrap().unwrap_err();
    assert_eq!(error.kind, Kind::Transient, "{error:?}");
    assert!(error.hint.as_deref().unwrap().contains("AWS_REGION"), "{:?}", error.hint);
}

#[tokio::test]
async fn other_addresses_go_to_the_disks() {
    let server = Server::of([]).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/savepoints/clean");
    let found = savepoint::offsets(&server.files(), &format!("file://{}", folder.display())).await.unwrap();
    assert_eq!(found[0].position, 567_273);
    assert!(server.files().read("hdfs://n/sp", 5).await.unwrap_err().message.contains("hdfs"));
    assert!(server.asked().is_empty());
}
