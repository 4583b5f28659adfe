//! A real Flink and real MySQL servers: a job is submitted, stopped, read, drained and started again at a position.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by failing")]

mod generated;
mod site;
mod stale;
#[path = "../../sandbox/tests/support/mod.rs"]
mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sandbox::clock::{poll, start};
use site::{EVERY, LIMIT, ROWS, Site, arrives, end, insert};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use upgrade::{
    error::Kind,
    event::Phase,
    handover::{
        consumer::flink_sql::{Changes, Restore, Script, Start, reveal, rewrite},
        offset::{covers, is_clean},
    },
    port::flink::{FlinkRead, FlinkWrite, Statement},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_stopped_drained_and_started_at_a_position() {
    let mut site = Site::start(&ROWS).await;
    let job = site.job(&site.cluster.flink.sql_gateway);
    assert_eq!((job.flink.version().await.unwrap(), job.flink.gateway_version().await.unwrap()).0, "1.20.3");
    let text = site.text.clone();
    let (source, sink) = (&mut site.source, &mut site.sink);

    // As it runs today, with the marks of a run.
    let script = Script::parse(&text).unwrap();
    assert_eq!((script.mysql_cdc().count(), script.jdbc().count(), script.inserts().len()), (2, 2, 2));
    let marks = BTreeMap::from([("upgrade.run".to_owned(), "r1".to_owned())]);
    let first = job.submit(&rewrite(&script, &Changes { parameters: marks.clone(), ..Changes::default() })).await;
    assert_eq!(job.flink.parameters(&first).await.unwrap(), marks);
    let known = job.flink.jobs().await.unwrap();
    assert_eq!((known[0].id.as_str(), Some(known[0].name.as_str())), (first.as_str(), script.pipeline_name()));
    job.checkpoint(&first, |offsets| offsets.iter().all(|offset| offset.phase == Phase::Binlog)).await;
    insert(source, 5001).await;
    arrives(sink, 5001).await;
    let (saved, stopped) = job.stop(&first, &"a1".repeat(16)).await;
    let mut names: Vec<_> = stopped.iter().map(|offset| offset.source.clone()).collect();
    names.sort();
    assert_eq!(names, ["source.source_table", "source.wide_table"]);

    // The tail, then the drain.
    insert(source, 5002).await;
    let frozen = end(source).await;
    assert!(stopped.iter().all(|offset| !covers(offset, &frozen)), "{stopped:?} {frozen}");
    let drain = Changes {
        server_ids: Some(7001),
        options: [("heartbeat.interval", "1s"), ("debezium.connect.keep.alive.interval.ms", "2000")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        name: Some("rehearsal-drain".into()),
        restore: Restore::From(saved),
        settings: BTreeMap::from([("restart-strategy.type".to_owned(), "none".to_owned())]),
        ..Changes::default()
    };
    let second = job.submit(&rewrite(&script, &drain)).await;
    job.checkpoint(&second, |offsets| offsets.iter().all(|offset| covers(offset, &frozen))).await;
    let (_, drained) = job.stop(&second, &"b2".repeat(16)).await;
    assert!(drained.iter().all(|offset| covers(offset, &frozen) && is_clean(offset)), "{drained:?} {frozen}");
    assert!(drained.iter().all(|offset| offset.server_id == stopped[0].server_id.or(offset.server_id)));
    arrives(sink, 5002).await;

    // Without state, at the position.
    insert(source, 5003).await;
    let again = Changes {
        start: Some(Start::Position { file: frozen.file.clone(), position: frozen.position }),
        server_ids: Some(7101),
        restore: Restore::Nothing,
        ..Changes::default()
    };
    let third = job.submit(&rewrite(&script, &again)).await;
    arrives(sink, 5003).await;
    let stands = job.checkpoint(&third, |offsets| offsets.iter().any(|offset| covers(offset, &frozen))).await;
    assert!(stands.iter().all(|offset| offset.phase == Phase::Binlog), "{stands:?}");

    // What Flink refuses is told without what must not be told.
    let broken = text.replacen("'connector' = 'jdbc'", "'connector' = 'jdbd'", 1);
    let statements: Vec<Statement> = reveal(&broken, &job.secrets).unwrap();
    let error = job.flink.submit("broken", &statements).await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent, "{error:?}");
    assert!(error.causes[0].contains("jdbd"), "{error:?}");
    assert!(job.secrets.values().all(|secret| !format!("{error:?}").contains(secret.expose())));
    assert_eq!(job.flink.job_state(&"0".repeat(32)).await.unwrap(), None);
    assert_eq!(job.flink.failure(&third).await.unwrap(), None);

    site.end().await;
}

/// Stands before the gateway: notes what is asked, and hides the results of an INSERT while it is told to.
struct Between {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    hides: Arc<AtomicBool>,
}

impl Between {
    async fn start(gateway: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (asked, hides) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, hidden) = (asked.clone(), hides.clone());
        let gateway = gateway.trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(client, gateway.clone(), seen.clone(), hidden.clone()));
            }
        });
        Self { address, asked, hides }
    }

    fn asked(&self, begin: &str) -> Vec<String> {
        self.asked.lock().unwrap().iter().filter(|request| request.starts_with(begin)).cloned().collect()
    }
}

async fn pass(mut client: TcpStream, gateway: String, seen: Arc<Mutex<Vec<String>>>, hides: Arc<AtomicBool>) {
    let mut data = Vec::new();
    let (head, body) = loop {
        let text = String::from_utf8_lossy(&data).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        }
        let mut more = [0; 4096];
        match client.read(&mut more).await {
            Ok(count) if count > 0 => data.extend_from_slice(&more[..count]),
            _ => return,
        }
    };
    let (first, headers) = head.split_once("\r\n").unwrap();
    seen.lock().unwrap().push(format!("{first} {body}"));
    if first.contains("/result/") && hides.load(Ordering::SeqCst) {
        let answer = r#"{"errors":["Internal server error."]}"#;
        let head = format!("HTTP/1.1 500 X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
        client.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
        return;
    }
    let mut server = TcpStream::connect(gateway).await.unwrap();
    server.write_all(format!("{first}\r\nconnection: close\r\n{headers}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let _answered = tokio::io::copy(&mut server, &mut client).await;
}

fn id(number: u128) -> String {
    format!("{:032x}", 0xabcd_u128 << 64 | number)
}

fn milliseconds(mut times: Vec<Duration>) -> u128 {
    times.sort();
    times[times.len() / 2].as_millis()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_staged_and_its_job_started_at_most_once() {
    let mut site = Site::start(&ROWS).await;
    let between = Between::start(&site.cluster.flink.sql_gateway).await;
    let job = site.job(&between.address);
    let script = Script::parse(&site.text).unwrap();
    // What is staged would start at a file that is nowhere.
    let nowhere = Start::Position { file: "nowhere.000001".into(), position: 4 };
    let composed = |number: Option<u128>, server_id: u32, part: &str| {
        let settings = number.map(|number| ("$internal.pipeline.job-id".to_owned(), id(number)));
        let changes = Changes {
            server_ids: Some(server_id),
            start: (part == "before").then(|| nowhere.clone()),
            parameters: BTreeMap::from([("upgrade.part".to_owned(), part.to_owned())]),
            settings: settings.into_iter().chain([("restart-strategy.type".to_owned(), "none".to_owned())]).collect(),
            ..Changes::default()
        };
        reveal(&rewrite(&script, &changes), &site.secrets).unwrap()
    };
    let flink = &job.flink;
    let cancelled = async |id: &str| {
        flink.cancel(id).await.unwrap();
        let ended = || async { (flink.job_state(id).await.unwrap().as_deref() == Some("CANCELED")).then_some(()) };
        poll(LIMIT, EVERY, ended).await.expect("a cancelled job");
    };
    let plan = async |job: &str| {
        let address = format!("{}/jobs/{job}/plan", site.cluster.flink.rest);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let text = client.get(address).send().await.unwrap().text().await.unwrap();
        // Nodes are numbered through the life of the gateway, and the plan holds the job's own id.
        let mut text = text.replace(job, "");
        text.retain(|letter| !letter.is_ascii_digit());
        text
    };

    // Whole, then staged with other values: the same plan, marks of its own, and the settings as they were told.
    let begun = start();
    let whole = flink.submit("test", &composed(Some(1), 7001, "whole")).await.unwrap();
    let cold = begun.elapsed();
    assert_eq!(whole, id(1));
    let planned = plan(&whole).await;
    let settings = flink.settings(&whole).await.unwrap();
    assert_eq!((settings.retained, settings.interval), (true, Some(1000)));
    assert_eq!(settings.restart, "Cluster level default restart strategy");
    assert!(flink.classpath().await.unwrap().iter().any(|jar| jar.contains("flink-sql-connector-mysql-cdc-3.5.0")));
    cancelled(&whole).await;
    flink.stage("test", &composed(Some(2), 7001, "before")).await.unwrap();
    let opened = between.asked("POST /v2/sessions ").len();
    let staged = flink.submit("test", &composed(Some(3), 7101, "staged")).await.unwrap();
    assert_eq!((staged.clone(), between.asked("POST /v2/sessions ").len()), (id(3), opened), "it was taken over");
    assert_eq!(flink.job_state(&id(2)).await.unwrap(), None, "staging starts nothing");
    assert_eq!(plan(&staged).await, planned);
    assert_eq!(flink.parameters(&staged).await.unwrap()["upgrade.part"], "staged");
    insert(&mut site.source, 6001).await;
    arrives(&mut site.sink, 6001).await;
    let history = || async { Some(flink.checkpoints(&staged).await.unwrap()).filter(|all| all.history.len() > 1) };
    let checkpoints = poll(LIMIT, EVERY, history).await.expect("more than one checkpoint");
    assert!(checkpoints.history.windows(2).all(|pair| pair[0].id > pair[1].id), "{checkpoints:?}");

    // The same id again, alive and ended: the job that was asked for is there.
    let again = composed(Some(3), 7201, "again");
    assert_eq!(flink.submit("test", &again).await.unwrap(), staged);
    cancelled(&staged).await;
    assert_eq!(flink.submit("test", &again).await.unwrap(), staged);
    assert_eq!(flink.job_state(&staged).await.unwrap().as_deref(), Some("CANCELED"));

    // A session that ended between.
    flink.stage("test", &composed(Some(4), 7001, "before")).await.unwrap();
    let path = between.asked("POST /v2/sessions/").pop().unwrap();
    let path = path.split(' ').nth(1).unwrap().trim_end_matches("/statements").to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ended = client.delete(format!("{}{path}", site.cluster.flink.sql_gateway)).send().await.unwrap();
    assert!(ended.status().is_success(), "{path}");
    assert_eq!(flink.submit("test", &composed(Some(4), 7001, "lost")).await.unwrap(), id(4));
    cancelled(&id(4)).await;

    // The job runs, and the answer says otherwise.
    between.hides.store(true, Ordering::SeqCst);
    assert_eq!(flink.submit("test", &composed(Some(5), 7001, "hidden")).await.unwrap(), id(5));
    cancelled(&id(5)).await;
    let error = flink.submit("test", &composed(None, 7001, "hidden")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unknown, "{error:?}");
    between.hides.store(false, Ordering::SeqCst);
    for running in flink.jobs().await.unwrap().iter().filter(|job| !job.ended()) {
        cancelled(&running.id).await;
    }

    let (mut warm, mut takeover) = (Vec::new(), Vec::new());
    for round in 0..5 {
        let begun = start();
        let id = flink.submit("test", &composed(Some(10 + round), 7001, "warm")).await.unwrap();
        warm.push(begun.elapsed());
        cancelled(&id).await;
        flink.stage("test", &composed(Some(20 + round), 7001, "before")).await.unwrap();
        let begun = start();
        let id = flink.submit("test", &composed(Some(30 + round), 7101, "staged")).await.unwrap();
        takeover.push(begun.elapsed());
        cancelled(&id).await;
    }
    let (cold, warm, takeover) = (cold.as_millis(), milliseconds(warm), milliseconds(takeover));
    eprintln!("submit → job id: cold {cold} ms; medians of five: warm {warm} ms, staged {takeover} ms");
    site.end().await;
}
