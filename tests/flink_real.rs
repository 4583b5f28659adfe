//! A real Flink and real MySQL servers: a job is submitted, stopped, read, drained and started again at a position.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by failing")]

#[path = "../sandbox/tests/support/mod.rs"]
mod support;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use mysql_async::{Conn, prelude::Queryable};
use sandbox::{
    clock::{pause, poll, start},
    flink::{Cluster, fill, wait_until_ready},
    parts::Release,
    workload::{create_tables, insert_first_rows},
};
use time::OffsetDateTime;
use upgrade::{
    adapter::flink::{Flink, Options},
    error::Kind,
    event::{Offset, Phase},
    handover::{
        consumer::flink_sql::{Changes, Restore, Script, Start, redact, reveal, rewrite},
        offset::{covers, is_clean},
        savepoint,
    },
    port::{
        Reply,
        clock::Clock,
        files::FilesRead,
        flink::{FlinkRead, FlinkWrite, Savepoint, Statement},
        mysql::Coordinates,
    },
    secret::Secret,
};

const LIMIT: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_millis(100);

struct Disk;

impl FilesRead for Disk {
    fn read<'a>(&'a self, uri: &'a str, _limit: u64) -> Reply<'a, Option<Vec<u8>>> {
        Box::pin(async move { Ok(std::fs::read(uri.trim_start_matches("file:")).ok()) })
    }
}

struct Real(Instant);

impl Clock for Real {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(pause(time))
    }
}

struct Job {
    flink: Flink,
    savepoints: String,
    secrets: BTreeMap<String, Secret>,
}

impl Job {
    async fn submit(&self, text: &str) -> String {
        let redacted = redact(text);
        assert!(redacted.warnings.is_empty(), "{:?}", redacted.warnings);
        let statements = reveal(&redacted.text, &self.secrets).unwrap();
        self.flink.submit("upgrade test", &statements).await.unwrap()
    }

    /// Where the newest completed checkpoint stands, once `enough` is.
    async fn checkpoint(&self, job: &str, enough: impl Fn(&[Offset]) -> bool) -> Vec<Offset> {
        let stands = || async {
            let path = self.flink.checkpoints(job).await.unwrap().latest_completed?.path?;
            // A checkpoint may be subsumed and removed while it is read.
            savepoint::offsets(&Disk, &path).await.ok().filter(|offsets| enough(offsets))
        };
        poll(LIMIT, EVERY, stands).await.expect("a completed checkpoint that stands where it should")
    }

    async fn stop(&self, job: &str, trigger: &str) -> (String, Vec<Offset>) {
        for _ in 0..2 {
            self.flink.stop(job, &self.savepoints, trigger).await.unwrap();
        }
        let done = || async {
            match self.flink.savepoint(job, trigger).await.unwrap() {
                Savepoint::Completed { location } => Some(location),
                Savepoint::InProgress => None,
                other => panic!("the savepoint is {other:?}"),
            }
        };
        let location = poll(LIMIT, EVERY, done).await.expect("a savepoint");
        let finished =
            || async { (self.flink.job_state(job).await.unwrap().as_deref() == Some("FINISHED")).then_some(()) };
        poll(LIMIT, EVERY, finished).await.expect("a finished job");
        let offsets = savepoint::offsets(&Disk, &location).await.unwrap();
        (location, offsets)
    }
}

async fn end(source: &mut Conn) -> Coordinates {
    let row: mysql_async::Row = source.query_first("SHOW MASTER STATUS").await.unwrap().unwrap();
    Coordinates { file: row.get(0).unwrap(), position: row.get(1).unwrap(), gtid_set: None }
}

async fn arrives(sink: &mut Conn, id: u32) {
    let started = start();
    let query = format!("SELECT COUNT(*) FROM target.source_table WHERE id = {id}");
    while sink.query_first::<u64, _>(&query).await.unwrap() != Some(1) {
        assert!(started.elapsed() < LIMIT, "row {id} did not arrive");
        pause(EVERY).await;
    }
}

async fn insert(source: &mut Conn, id: u32) {
    source.query_drop(format!("INSERT INTO source.source_table VALUES ({id}, 'x', NOW())")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_stopped_drained_and_started_at_a_position() {
    let world = support::blue(&[("binlog_format", "ROW")]).await;
    let row_format = support::settings(&[("binlog_format", "ROW")]);
    let sink_address = world.plane.create(support::id("sink"), Release::V57, row_format).await.unwrap();
    let (mut source, mut sink) = (world.admin("blue").await, world.admin("sink").await);
    create_tables(&mut source, "source").await.unwrap();
    create_tables(&mut sink, "target").await.unwrap();
    insert_first_rows(&mut source, "source").await.unwrap();
    let folder = world.folder.path().join("flink");
    let cluster = Cluster::start(&world.parts, world.plane.claim(), &folder, &world.ledger).unwrap();
    wait_until_ready(&cluster.flink, &folder).await.unwrap();

    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/jobs/rehearsal.sql")).unwrap();
    let text = fill(&text, |name| match name {
        "SOURCE_HOST" => Some(world.endpoint.ip().to_string()),
        "SINK_HOST" => Some(sink_address.ip().to_string()),
        "SOURCE_PORT" | "SINK_PORT" => Some(world.endpoint.port().to_string()),
        _ => None,
    });
    let secrets = BTreeMap::from([
        ("CDC_PASSWORD".to_owned(), Secret::new(world.accounts.cdc.password.clone())),
        ("SINK_PASSWORD".to_owned(), Secret::new(world.accounts.sink.password.clone())),
    ]);
    let options = Options {
        rest: cluster.flink.rest.clone(),
        sql_gateway: cluster.flink.sql_gateway.clone(),
        no_proxy: true,
        secrets: secrets.values().cloned().collect(),
    };
    let flink = Flink::new(options, Arc::new(Real(start()))).unwrap();
    assert_eq!((flink.version().await.unwrap(), flink.gateway_version().await.unwrap()).0, "1.20.3");
    let job = Job { flink, savepoints: cluster.flink.savepoints.clone(), secrets };

    // As it runs today, with the marks of a run.
    let script = Script::parse(&text).unwrap();
    assert_eq!((script.mysql_cdc().count(), script.jdbc().count(), script.inserts().len()), (2, 2, 2));
    let marks = BTreeMap::from([("upgrade.run".to_owned(), "r1".to_owned())]);
    let first = job.submit(&rewrite(&script, &Changes { parameters: marks.clone(), ..Changes::default() })).await;
    assert_eq!(job.flink.parameters(&first).await.unwrap(), marks);
    let known = job.flink.jobs().await.unwrap();
    assert_eq!((known[0].id.as_str(), Some(known[0].name.as_str())), (first.as_str(), script.pipeline_name()));
    job.checkpoint(&first, |offsets| offsets.iter().all(|offset| offset.phase == Phase::Binlog)).await;
    insert(&mut source, 5001).await;
    arrives(&mut sink, 5001).await;
    let (saved, stopped) = job.stop(&first, &"a1".repeat(16)).await;
    let mut names: Vec<_> = stopped.iter().map(|offset| offset.source.clone()).collect();
    names.sort();
    assert_eq!(names, ["source.source_table", "source.wide_table"]);

    // The tail, then the drain.
    insert(&mut source, 5002).await;
    let frozen = end(&mut source).await;
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
    arrives(&mut sink, 5002).await;

    // Without state, at the position.
    insert(&mut source, 5003).await;
    let again = Changes {
        start: Some(Start::Position { file: frozen.file.clone(), position: frozen.position }),
        server_ids: Some(7101),
        restore: Restore::Nothing,
        ..Changes::default()
    };
    let third = job.submit(&rewrite(&script, &again)).await;
    arrives(&mut sink, 5003).await;
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

    cluster.kill().await.unwrap();
    world.plane.kill().await.unwrap();
}
