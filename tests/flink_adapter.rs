//! What the adapter makes of the answers of Flink: a scripted server that says what a real one was seen to say.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use upgrade::{
    adapter::flink::{Flink, Options},
    error::Kind,
    port::{
        clock::Clock,
        flink::{FlinkRead, FlinkWrite, Savepoint, Statement},
    },
    secret::Secret,
};

/// Time that passes only by sleeping.
#[derive(Default)]
struct Virtual(Mutex<Duration>);

impl Clock for Virtual {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().expect("no panic while held")
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        *self.0.lock().expect("no panic while held") += time;
        Box::pin(async {})
    }
}

enum Answer {
    Says(u16, &'static str),
    /// Closes the connection after it has read the request.
    HangsUp,
}
use Answer::{HangsUp, Says};

/// Answers the requests in order, each with its begin of `METHOD /path` checked; then there is no server any more.
async fn server(script: Vec<(&'static str, Answer)>) -> (Flink, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    let served = tokio::spawn(async move {
        let mut requests = Vec::new();
        for (expected, answer) in script {
            let (mut connection, _) = listener.accept().await.expect("a connection");
            let request = request(&mut connection).await;
            assert!(request.starts_with(expected), "expected {expected}, not {request}");
            requests.push(request);
            if let Says(status, body) = answer {
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                connection.write_all(format!("{head}{body}").as_bytes()).await.expect("the client listens");
            }
        }
        requests
    });
    let options =
        Options { rest: address.clone(), sql_gateway: address, no_proxy: false, secrets: vec![Secret::new("hunter2")] };
    (Flink::new(options, Arc::new(Virtual::default())).expect("the address is one"), served)
}

async fn request(connection: &mut tokio::net::TcpStream) -> String {
    let mut data = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&data).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return text;
            }
        }
        let mut more = [0; 4096];
        let count = connection.read(&mut more).await.expect("the client speaks");
        assert!(count > 0, "the client hung up: {text}");
        data.extend_from_slice(&more[..count]);
    }
}

fn script(statements: &[&str]) -> Vec<Statement> {
    statements.iter().map(|text| Statement(Secret::new(*text))).collect()
}

const JOB: &str = "46d6c56288eb4a164af8e462ee20b2d2";
const NOT_FOUND: &str = r#"{"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (0)\n\tat x"]}"#;
const SESSION: (&str, Answer) = ("POST /v2/sessions ", Says(200, r#"{"sessionHandle":"s"}"#));
const SENT: (&str, Answer) = ("POST /v2/sessions/s/statements ", Says(200, r#"{"operationHandle":"o"}"#));
const RUNNING: (&str, Answer) = ("GET /v2/sessions/s/operations/o/status ", Says(200, r#"{"status":"RUNNING"}"#));
const FINISHED: (&str, Answer) = ("GET /v2/sessions/s/operations/o/status ", Says(200, r#"{"status":"FINISHED"}"#));
const ERROR: (&str, Answer) = ("GET /v2/sessions/s/operations/o/status ", Says(200, r#"{"status":"ERROR"}"#));
const RESULT: &str = "GET /v2/sessions/s/operations/o/result/0?rowFormat=JSON ";
const OK: (&str, Answer) = (RESULT, Says(200, r#"{"resultType":"PAYLOAD","resultKind":"SUCCESS"}"#));
const CLOSED: (&str, Answer) = ("DELETE /v2/sessions/s ", Says(200, r#"{"status":"CLOSED"}"#));
const DDL: &str = "CREATE TABLE a (id INT) WITH ('connector'='jdbc','password'='it''s')";
const INSERT: &str = "INSERT INTO a SELECT * FROM b";

#[tokio::test]
async fn a_script_is_sent_statement_by_statement_and_tells_its_job() {
    let started = Says(200, r#"{"jobID":"46d6c56288eb4a164af8e462ee20b2d2","resultType":"PAYLOAD"}"#);
    let (flink, served) =
        server(vec![SESSION, SENT, RUNNING, FINISHED, OK, SENT, FINISHED, (RESULT, started), CLOSED]).await;
    assert_eq!(flink.submit("orders", &script(&[DDL, INSERT])).await.unwrap(), JOB);
    let requests = served.await.unwrap();
    assert!(requests[0].contains(r#""sessionName":"orders""#));
    assert!(requests[1].contains("'password'='it''s'"));
    assert!(requests[5].contains(INSERT));
}

#[tokio::test]
async fn an_error_of_a_table_is_final_and_holds_no_secret() {
    let trace = r#"{"errors":["Internal server error.","<Exception on server side:\na.b.SqlGatewayException: Failed\nCaused by: org.apache.flink.sql.parser.impl.ParseException: Encountered 'it''s' or hunter2\n\tat x"]}"#;
    let (flink, served) = server(vec![SESSION, SENT, ERROR, (RESULT, Says(500, trace)), CLOSED]).await;
    let error = flink.submit("orders", &script(&[DDL, INSERT])).await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert_eq!(error.message, "Statement 1 of 2 (CREATE TABLE a …) failed in the SQL Gateway");
    assert_eq!(error.causes, ["ParseException: Encountered '[secret]' or [secret]"]);
    assert_eq!(error.unchanged.as_deref(), Some("No job was started"));
    served.await.unwrap();
}

#[tokio::test]
async fn an_insert_that_does_not_plan_has_started_nothing() {
    let trace = r#"{"errors":["x\nCaused by: org.apache.flink.table.api.ValidationException: Cannot discover"]}"#;
    let (flink, _) = server(vec![SESSION, SENT, ERROR, (RESULT, Says(500, trace)), CLOSED]).await;
    assert_eq!(flink.submit("orders", &script(&[INSERT])).await.unwrap_err().kind, Kind::Permanent);
}

#[tokio::test]
async fn an_insert_without_an_answer_is_unknown() {
    let submitting = r#"{"errors":["x\nCaused by: a.TableException: Failed to execute sql\nCaused by: java.util.concurrent.TimeoutException"]}"#;
    let no_json =
        r#"{"errors":["java.lang.NoClassDefFoundError: org/apache/flink/formats/json/RowDataToJsonConverters"]}"#;
    let cases: Vec<Vec<(&str, Answer)>> = vec![
        vec![SESSION, ("POST /v2/sessions/s/statements ", HangsUp), CLOSED],
        vec![SESSION, ("POST /v2/sessions/s/statements ", Says(503, "busy")), CLOSED],
        vec![SESSION, SENT, ERROR, (RESULT, Says(500, submitting)), CLOSED],
        vec![SESSION, SENT, FINISHED, (RESULT, Says(500, no_json)), CLOSED],
        vec![SESSION, SENT, FINISHED, (RESULT, HangsUp), CLOSED],
        vec![SESSION, SENT, FINISHED, OK, CLOSED],
    ];
    for (at, case) in cases.into_iter().enumerate() {
        let (flink, served) = server(case).await;
        let error = flink.submit("orders", &script(&[INSERT])).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unknown, "case {at}: {error:?}");
        assert!(error.hint.unwrap().starts_with("Look for the job by its name"));
        served.await.unwrap();
    }
}

#[tokio::test]
async fn an_insert_that_stays_pending_is_unknown_after_a_minute() {
    let mut case = vec![SESSION, SENT];
    case.extend(std::iter::repeat_with(|| RUNNING).take(1201));
    case.push(CLOSED);
    let (flink, served) = server(case).await;
    let error = flink.submit("orders", &script(&[INSERT])).await.unwrap_err();
    assert_eq!((error.kind, error.causes), (Kind::Unknown, vec!["it was RUNNING for 60 s".to_owned()]));
    served.await.unwrap();
}

#[tokio::test]
async fn what_came_before_the_job_was_lost_can_be_done_again() {
    let (flink, _) = server(vec![("POST /v2/sessions ", HangsUp)]).await;
    assert_eq!(flink.submit("orders", &script(&[INSERT])).await.unwrap_err().kind, Kind::Transient);
    let (flink, _) = server(vec![SESSION, ("POST /v2/sessions/s/statements ", HangsUp), CLOSED]).await;
    assert_eq!(flink.submit("orders", &script(&[DDL])).await.unwrap_err().kind, Kind::Transient);
}

#[tokio::test]
async fn a_stop_is_unknown_only_where_it_may_have_gone_out() {
    let path = "POST /jobs/46d6c56288eb4a164af8e462ee20b2d2/stop ";
    let cases = [
        (Says(404, r#"{"errors":["a.NotFoundException: Job not found"]}"#), Kind::Permanent),
        (Says(400, r#"{"errors":["a.RestHandlerException: no directory"]}"#), Kind::Permanent),
        (Says(500, r#"{"errors":["a.b: boom"]}"#), Kind::Unknown),
        (HangsUp, Kind::Unknown),
    ];
    for (answer, kind) in cases {
        let (flink, _) = server(vec![(path, answer)]).await;
        assert_eq!(flink.stop(JOB, "file:///sp", &"1".repeat(32)).await.unwrap_err().kind, kind);
    }
    let (flink, served) = server(vec![(path, Says(202, r#"{"request-id":"1"}"#))]).await;
    flink.stop(JOB, "file:///sp", &"1".repeat(32)).await.unwrap();
    let request = served.await.unwrap().remove(0);
    assert!(request.contains(r#""drain":false"#) && request.contains(r#""triggerId":"1111"#), "{request}");
    // The server is gone now.
    assert_eq!(flink.stop(JOB, "file:///sp", "1").await.unwrap_err().kind, Kind::Transient);
}

#[tokio::test]
async fn a_read_rides_out_a_short_outage() {
    let path = "GET /jobs/46d6c56288eb4a164af8e462ee20b2d2/status ";
    let (flink, _) =
        server(vec![(path, HangsUp), (path, Says(503, "{}")), (path, Says(200, r#"{"status":"RUNNING"}"#))]).await;
    assert_eq!(flink.job_state(JOB).await.unwrap().as_deref(), Some("RUNNING"));
    assert_eq!(flink.job_state(JOB).await.unwrap_err().kind, Kind::Transient);

    let (flink, _) = server(vec![(path, Says(500, NOT_FOUND)), (path, Says(404, NOT_FOUND))]).await;
    assert_eq!(flink.job_state(JOB).await.unwrap(), None);
    assert_eq!(flink.job_state(JOB).await.unwrap(), None);
}

#[tokio::test]
async fn a_savepoint_is_followed() {
    let path = "GET /jobs/46d6c56288eb4a164af8e462ee20b2d2/savepoints/t ";
    let failed = r#"{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"a.B","stack-trace":"a.B: x\nCaused by: a.CheckpointException: too late\n\tat y"}}}"#;
    let (flink, _) = server(vec![
        (path, Says(404, r#"{"errors":["There is no savepoint operation"]}"#)),
        (path, Says(200, r#"{"status":{"id":"IN_PROGRESS"},"operation":null}"#)),
        (path, Says(200, r#"{"status":{"id":"COMPLETED"},"operation":{"location":"file:/sp/s1"}}"#)),
        (path, Says(200, failed)),
    ])
    .await;
    assert_eq!(flink.savepoint(JOB, "t").await.unwrap(), Savepoint::Unknown);
    assert_eq!(flink.savepoint(JOB, "t").await.unwrap(), Savepoint::InProgress);
    assert_eq!(flink.savepoint(JOB, "t").await.unwrap(), Savepoint::Completed { location: "file:/sp/s1".into() });
    assert_eq!(
        flink.savepoint(JOB, "t").await.unwrap(),
        Savepoint::Failed { cause: "CheckpointException: too late".into() }
    );
}

#[test]
fn an_address_that_is_none_is_a_usage_error() {
    let options = Options { rest: "flink".into(), sql_gateway: "http://x".into(), no_proxy: false, secrets: vec![] };
    let error = Flink::new(options, Arc::new(Virtual::default())).err().unwrap();
    assert_eq!(error.kind, Kind::Usage);
}
