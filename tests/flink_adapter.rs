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

/// The one sleep that the adapter takes beside a call: here it has no end.
const HEARTBEAT: Duration = Duration::from_secs(30);

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
        if time >= HEARTBEAT {
            return Box::pin(std::future::pending());
        }
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
    let options = Options {
        rest: address.clone(),
        sql_gateway: address,
        no_proxy: false,
        ca_file: None,
        secrets: vec![Secret::new("canary-4712")],
    };
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
const CONFIGURE: &str = "POST /v2/sessions/s/configure-session ";
const SET_UP: (&str, Answer) = (CONFIGURE, Says(200, "{}"));
const STATUS: &str = "GET /v2/sessions/s/operations/o/status ";
const FINISHED: (&str, Answer) = (STATUS, Says(200, r#"{"status":"FINISHED"}"#));
const ERROR: (&str, Answer) = (STATUS, Says(200, r#"{"status":"ERROR"}"#));
const RESULT: &str = "GET /v2/sessions/s/operations/o/result/0?rowFormat=JSON ";
const NOT_READY: (&str, Answer) = (RESULT, Says(200, r#"{"resultType":"NOT_READY"}"#));
const OK: (&str, Answer) = (RESULT, Says(200, r#"{"resultType":"PAYLOAD","resultKind":"SUCCESS"}"#));
const STARTED: (&str, Answer) =
    (RESULT, Says(200, r#"{"jobID":"46d6c56288eb4a164af8e462ee20b2d2","resultType":"PAYLOAD"}"#));
const CLOSED: (&str, Answer) = ("DELETE /v2/sessions/s ", Says(200, r#"{"status":"CLOSED"}"#));
const GONE: &str = r#"{"errors":["x","a.SqlGatewayException: Failed to configure session.\nCaused by: a.SqlGatewayException: Session 's' does not exist.\n"]}"#;
const DDL: &str = "CREATE TABLE a (id INT) WITH ('connector'='jdbc','password'='canary''s')";
const INSERT: &str = "INSERT INTO a SELECT * FROM b";
const NAMED: &str = "SET 'pipeline.name' = 'orders'";
const IDENTIFIED: &str = "SET '$internal.pipeline.job-id' = '46D6c56288eb4a164af8e462ee20b2d2'";
const JOB_STATUS: &str = "GET /jobs/46d6c56288eb4a164af8e462ee20b2d2/status ";

#[tokio::test]
async fn a_script_is_sent_statement_by_statement_and_tells_its_job() {
    let (flink, served) = server(vec![SESSION, SET_UP, SENT, NOT_READY, NOT_READY, STARTED, CLOSED]).await;
    assert_eq!(flink.submit("orders", &script(&[DDL, INSERT])).await.unwrap(), JOB);
    let requests = served.await.unwrap();
    assert!(requests[0].contains(r#""sessionName":"orders""#));
    assert!(requests[1].contains("'password'='canary''s'"));
    assert!(requests[2].contains(INSERT));
}

#[tokio::test]
async fn what_a_gateway_does_not_take_as_configuration_is_sent_as_a_statement() {
    let unsupported = r#"{"errors":["x\nCaused by: java.lang.UnsupportedOperationException: Unsupported statement for configuring session:SET"]}"#;
    for (status, answer) in [(500, unsupported), (404, r#"{"errors":["Not found: /v2/x"]}"#)] {
        let case = vec![SESSION, (CONFIGURE, Says(status, answer)), SENT, OK, SENT, STARTED, CLOSED];
        let (flink, served) = server(case).await;
        assert_eq!(flink.submit("orders", &script(&[NAMED, INSERT])).await.unwrap(), JOB);
        served.await.unwrap();
    }
}

#[tokio::test]
async fn an_error_of_a_table_is_final_and_holds_no_secret() {
    let trace = r#"{"errors":["Internal server error.","<Exception on server side:\na.b.SqlGatewayException: Failed\nCaused by: org.apache.flink.sql.parser.impl.ParseException: Encountered 'canary''s' or canary-4712\n\tat x"]}"#;
    let (flink, served) = server(vec![SESSION, (CONFIGURE, Says(500, trace)), CLOSED]).await;
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
    let (flink, _) = server(vec![SESSION, SENT, (RESULT, Says(500, trace)), ERROR, CLOSED]).await;
    assert_eq!(flink.submit("orders", &script(&[INSERT])).await.unwrap_err().kind, Kind::Permanent);
}

/// Cases in which an INSERT may have started its job.
fn in_doubt() -> Vec<Vec<(&'static str, Answer)>> {
    let submitting = r#"{"errors":["x\nCaused by: a.TableException: Failed to execute sql\nCaused by: java.util.concurrent.TimeoutException"]}"#;
    let no_json =
        r#"{"errors":["java.lang.NoClassDefFoundError: org/apache/flink/formats/json/RowDataToJsonConverters"]}"#;
    vec![
        vec![("POST /v2/sessions/s/statements ", HangsUp)],
        vec![("POST /v2/sessions/s/statements ", Says(503, "busy"))],
        vec![SENT, (RESULT, Says(500, submitting)), ERROR],
        vec![SENT, (RESULT, Says(500, no_json)), FINISHED],
        vec![SENT, (RESULT, HangsUp), FINISHED, (RESULT, HangsUp), FINISHED, (RESULT, HangsUp), FINISHED],
        vec![SENT, OK],
    ]
}

#[tokio::test]
async fn an_insert_without_an_answer_is_unknown() {
    for (at, case) in in_doubt().into_iter().enumerate() {
        let case = [SESSION].into_iter().chain(case).chain([CLOSED]).collect();
        let (flink, served) = server(case).await;
        let error = flink.submit("orders", &script(&[INSERT])).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unknown, "case {at}: {error:?}");
        assert!(error.hint.unwrap().starts_with("Look for the job by its name"));
        served.await.unwrap();
    }
}

#[tokio::test]
async fn an_insert_without_an_answer_is_looked_for_by_the_id_it_chose() {
    let missing = || std::iter::repeat_with(|| (JOB_STATUS, Says(500, NOT_FOUND))).take(26);
    let overview = "GET /jobs/overview ";
    let other = r#"{"jobs":[{"jid":"1","name":"orders","state":"CANCELED","start-time":1}]}"#;
    let alive = r#"{"jobs":[{"jid":"1","name":"orders","state":"RUNNING","start-time":1}]}"#;
    type Answers = Vec<(&'static str, Answer)>;
    let answers: [fn() -> Answers; 4] = [
        || vec![(JOB_STATUS, Says(500, NOT_FOUND)), (JOB_STATUS, Says(200, r#"{"status":"RUNNING"}"#))],
        Vec::new,
        Vec::new,
        || (0..4).map(|_| (JOB_STATUS, Says(503, "{}"))).collect(),
    ];
    for (answer, answers) in answers.into_iter().enumerate() {
        for (at, case) in in_doubt().into_iter().enumerate() {
            let mut whole = vec![SESSION, SET_UP, SET_UP];
            whole.extend(case);
            whole.push(CLOSED);
            whole.extend(answers());
            match answer {
                1 => whole.extend(missing().chain([(overview, Says(200, other))])),
                2 => whole.extend(missing().chain([(overview, Says(200, alive))])),
                _ => {}
            }
            let (flink, served) = server(whole).await;
            let outcome = flink.submit("orders", &script(&[NAMED, IDENTIFIED, INSERT])).await;
            let kind = outcome.as_ref().map_err(|error| error.kind);
            match answer {
                0 => assert_eq!(kind.map(String::as_str), Ok(JOB), "case {at}"),
                1 => assert_eq!(kind, Err(Kind::Transient), "case {at}: nothing was started"),
                2 => assert_eq!(kind, Err(Kind::Unknown), "case {at}: it may run under another id"),
                _ => assert_eq!(kind, Err(Kind::Unknown), "case {at}: the JobManager is silent"),
            }
            served.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_job_that_was_started_before_is_the_one_that_was_asked_for() {
    let duplicate = r#"{"errors":["x\nCaused by: a.JobSubmissionException: Failed to submit JobGraph.\nCaused by: a.RestClientException: [Internal server error., <Exception on server side:\na.DuplicateJobSubmissionException: Job has already been submitted.\n"]}"#;
    let case = || vec![SENT, (RESULT, Says(500, duplicate)), ERROR, CLOSED];
    let (flink, served) = server([SESSION, SET_UP].into_iter().chain(case()).collect()).await;
    assert_eq!(flink.submit("orders", &script(&[IDENTIFIED, INSERT])).await.unwrap(), JOB);
    served.await.unwrap();
    // Not where nobody chose the id.
    let (flink, served) = server([SESSION].into_iter().chain(case()).collect()).await;
    assert_eq!(flink.submit("orders", &script(&[INSERT])).await.unwrap_err().kind, Kind::Unknown);
    served.await.unwrap();
}

#[tokio::test]
async fn an_insert_that_stays_pending_is_unknown_after_a_minute() {
    let mut case = vec![SESSION, SENT];
    // 5, 10, 20, 40 ms, then every 50 ms.
    case.extend(std::iter::repeat_with(|| NOT_READY).take(1 + 4 + 1199));
    case.push(CLOSED);
    let (flink, served) = server(case).await;
    let error = flink.submit("orders", &script(&[INSERT])).await.unwrap_err();
    assert_eq!((error.kind, error.causes), (Kind::Unknown, vec!["no result within 60 s: it still runs".to_owned()]));
    served.await.unwrap();
}

/// The head of a script is done and the rest is planned.
fn staging() -> Vec<(&'static str, Answer)> {
    vec![SESSION, SET_UP, SET_UP, SENT, OK, SENT, OK]
}

#[tokio::test]
async fn a_staged_script_sends_only_what_changed() {
    let mut case = staging();
    // DROP and CREATE, then the INSERT.
    case.extend([SET_UP, SET_UP, SENT, STARTED, CLOSED]);
    let (flink, served) = server(case).await;
    flink.stage("orders", &script(&[NAMED, DDL, INSERT])).await.unwrap();
    let changed = "CREATE TABLE a (id INT) WITH ('connector'='jdbc','password'='canary-other')";
    assert_eq!(flink.submit("orders", &script(&[NAMED, changed, INSERT])).await.unwrap(), JOB);
    let requests = served.await.unwrap();
    assert!(requests[3].contains("EXPLAIN JSON_EXECUTION_PLAN INSERT INTO a"), "{}", requests[3]);
    assert!(requests[5].contains("SHOW JOBS"));
    assert!(requests[7].contains("DROP TABLE `a`") && requests[8].contains("'password'='canary-other'"));
    assert!(requests[9].contains(&format!(r#""{INSERT}""#)));
}

#[tokio::test]
async fn a_script_that_cannot_be_taken_over_is_sent_whole() {
    let whole = || [SESSION, SET_UP, SET_UP, SENT, STARTED, CLOSED];
    // Another setting; a repair that fails; a session that is gone at a repair, and at the INSERT.
    let cases: Vec<(&str, Vec<(&str, Answer)>)> = vec![
        ("SET 'table.local-time-zone' = 'UTC'", vec![CLOSED]),
        ("SET 'pipeline.name' = 'b'", vec![(CONFIGURE, Says(500, r#"{"errors":["boom"]}"#)), CLOSED]),
        ("SET 'pipeline.name' = 'b'", vec![(CONFIGURE, Says(500, GONE)), CLOSED]),
        (NAMED, vec![("POST /v2/sessions/s/statements ", Says(500, GONE)), CLOSED]),
    ];
    for (setting, between) in cases {
        let (flink, served) = server(staging().into_iter().chain(between).chain(whole()).collect()).await;
        flink.stage("orders", &script(&[NAMED, DDL, INSERT])).await.unwrap();
        assert_eq!(flink.submit("orders", &script(&[setting, DDL, INSERT])).await.unwrap(), JOB);
        served.await.unwrap();
    }
}

#[tokio::test]
async fn a_script_that_cannot_be_staged_is_told_and_nothing_is_kept() {
    let trace = r#"{"errors":["x\nCaused by: org.apache.flink.table.api.ValidationException: Cannot discover"]}"#;
    let failed = vec![SESSION, SET_UP, SENT, (RESULT, Says(500, trace)), ERROR, CLOSED];
    let whole = [SESSION, SET_UP, SENT, STARTED, CLOSED];
    let (flink, served) = server(failed.into_iter().chain(whole).collect()).await;
    let error = flink.stage("orders", &script(&[DDL, INSERT])).await.unwrap_err();
    assert_eq!((error.kind, error.unchanged.as_deref()), (Kind::Permanent, Some("No job was started")));
    assert_eq!(error.message, "Statement 2 of 2 (INSERT INTO a SELECT …) failed in the SQL Gateway");
    assert_eq!(flink.submit("orders", &script(&[DDL, INSERT])).await.unwrap(), JOB);
    served.await.unwrap();
    assert_eq!(flink.stage("orders", &script(&[INSERT])).await.unwrap_err().kind, Kind::Transient);
}

#[tokio::test]
async fn what_came_before_the_job_was_lost_can_be_done_again() {
    let (flink, _) = server(vec![("POST /v2/sessions ", HangsUp)]).await;
    assert_eq!(flink.submit("orders", &script(&[INSERT])).await.unwrap_err().kind, Kind::Transient);
    let (flink, _) = server(vec![SESSION, (CONFIGURE, HangsUp), CLOSED]).await;
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

#[tokio::test]
async fn checkpoints_that_are_gone_are_not_told() {
    let path = "GET /jobs/46d6c56288eb4a164af8e462ee20b2d2/checkpoints ";
    let answer = r#"{"latest":{"completed":{"id":7,"external_path":"file:/c/chk-7"},"savepoint":null},"history":[
        {"id":8,"status":"IN_PROGRESS"},
        {"id":6,"status":"COMPLETED","external_path":"file:/c/chk-6","discarded":false},
        {"id":7,"status":"COMPLETED","external_path":"file:/c/chk-7","discarded":false},
        {"id":5,"status":"FAILED"},
        {"id":4,"status":"COMPLETED","external_path":"file:/c/chk-4","discarded":true}]}"#;
    let (flink, _) = server(vec![(path, Says(200, answer))]).await;
    let checkpoints = flink.checkpoints(JOB).await.unwrap();
    assert_eq!(checkpoints.history.iter().map(|one| one.id).collect::<Vec<_>>(), [7, 6]);
    assert_eq!(checkpoints.latest_completed.as_ref(), checkpoints.history.first());
    assert_eq!(checkpoints.latest_savepoint, None);
}

#[test]
fn an_address_that_is_none_is_a_usage_error() {
    let options = Options {
        rest: "flink".into(),
        sql_gateway: "http://x".into(),
        no_proxy: false,
        ca_file: None,
        secrets: vec![],
    };
    let error = Flink::new(options, Arc::new(Virtual::default())).err().unwrap();
    assert_eq!(error.kind, Kind::Usage);
}
