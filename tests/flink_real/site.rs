//! A source, a sink and a Flink of a test's own, and the jobs it runs there.

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
    event::Offset,
    handover::{
        consumer::flink_sql::{redact, reveal},
        savepoint,
    },
    port::{
        Reply,
        clock::Clock,
        files::FilesRead,
        flink::{FlinkRead, FlinkWrite, Savepoint},
        mysql::Coordinates,
    },
    secret::Secret,
};

use crate::support;

pub(crate) const ROWS: [(&str, &str); 1] = [("binlog_format", "ROW")];
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
pub(crate) const EVERY: Duration = Duration::from_millis(100);

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

pub(crate) struct Job {
    pub(crate) flink: Flink,
    pub(crate) savepoints: String,
    pub(crate) secrets: BTreeMap<String, Secret>,
}

impl Job {
    pub(crate) async fn submit(&self, text: &str) -> String {
        let redacted = redact(text);
        assert!(redacted.warnings.is_empty(), "{:?}", redacted.warnings);
        let statements = reveal(&redacted.text, &self.secrets).unwrap();
        self.flink.submit("upgrade test", &statements).await.unwrap()
    }

    /// Where the newest completed checkpoint stands, once `enough` is.
    pub(crate) async fn checkpoint(&self, job: &str, enough: impl Fn(&[Offset]) -> bool) -> Vec<Offset> {
        let stands = || async {
            let path = self.flink.checkpoints(job).await.unwrap().latest_completed?.path?;
            // A checkpoint may be subsumed and removed while it is read.
            savepoint::offsets(&Disk, &path).await.ok().filter(|offsets| enough(offsets))
        };
        poll(LIMIT, EVERY, stands).await.expect("a completed checkpoint that stands where it should")
    }

    pub(crate) async fn stop(&self, job: &str, trigger: &str) -> (String, Vec<Offset>) {
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

pub(crate) async fn end(source: &mut Conn) -> Coordinates {
    let row: mysql_async::Row = source.query_first("SHOW MASTER STATUS").await.unwrap().unwrap();
    Coordinates { file: row.get(0).unwrap(), position: row.get(1).unwrap(), gtid_set: None }
}

pub(crate) async fn arrives(sink: &mut Conn, id: u32) {
    let started = start();
    let query = format!("SELECT COUNT(*) FROM target.source_table WHERE id = {id}");
    while sink.query_first::<u64, _>(&query).await.unwrap() != Some(1) {
        assert!(started.elapsed() < LIMIT, "row {id} did not arrive");
        pause(EVERY).await;
    }
}

pub(crate) async fn insert(source: &mut Conn, id: u32) {
    source.query_drop(format!("INSERT INTO source.source_table VALUES ({id}, 'x', NOW())")).await.unwrap();
}

pub(crate) struct Site {
    pub(crate) world: support::World,
    pub(crate) cluster: Cluster,
    pub(crate) source: Conn,
    pub(crate) sink: Conn,
    /// The script of the rehearsal, with its secrets as placeholders.
    pub(crate) text: String,
    pub(crate) secrets: BTreeMap<String, Secret>,
}

impl Site {
    pub(crate) async fn start(of_source: &[(&str, &str)]) -> Self {
        let world = support::blue(of_source).await;
        let row_format = support::settings(&ROWS);
        let sink_address = world.plane.create(support::id("sink"), Release::V57, row_format).await.unwrap();
        let (mut source, mut sink) = (world.admin("blue").await, world.admin("sink").await);
        create_tables(&mut source, "source").await.unwrap();
        create_tables(&mut sink, "target").await.unwrap();
        insert_first_rows(&mut source, "source").await.unwrap();
        let folder = world.folder.path().join("flink");
        let cluster = Cluster::start(&world.parts, world.plane.claim(), &folder, &world.ledger).unwrap();
        wait_until_ready(&cluster.flink, &folder).await.unwrap();

        let text = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/jobs/rehearsal.sql");
        let text = fill(&std::fs::read_to_string(text).unwrap(), |name| match name {
            "SOURCE_HOST" => Some(world.endpoint.ip().to_string()),
            "SINK_HOST" => Some(sink_address.ip().to_string()),
            "SOURCE_PORT" | "SINK_PORT" => Some(world.endpoint.port().to_string()),
            _ => None,
        });
        let secrets = BTreeMap::from([
            ("CDC_PASSWORD".to_owned(), Secret::new(world.accounts.cdc.password.clone())),
            ("SINK_PASSWORD".to_owned(), Secret::new(world.accounts.sink.password.clone())),
        ]);
        Self { world, cluster, source, sink, text, secrets }
    }

    /// The cluster, with its gateway at another address.
    pub(crate) fn job(&self, sql_gateway: &str) -> Job {
        let options = Options {
            rest: self.cluster.flink.rest.clone(),
            sql_gateway: sql_gateway.to_owned(),
            no_proxy: true,
            ca_file: None,
            secrets: self.secrets.values().cloned().collect(),
        };
        let flink = Flink::new(options, Arc::new(Real(start()))).unwrap();
        Job { flink, savepoints: self.cluster.flink.savepoints.clone(), secrets: self.secrets.clone() }
    }

    pub(crate) async fn end(self) {
        self.cluster.kill().await.unwrap();
        self.world.plane.kill().await.unwrap();
    }
}
