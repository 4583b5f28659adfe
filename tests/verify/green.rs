//! A 5.7.22 blue beside the 8.0.15 green that replicates from it, through the step itself.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mysql_async::prelude::Queryable as _;
use sandbox::clock;
use serde_json::json;
use tempfile::TempDir;
use upgrade::{
    adapter::{clock::SystemClock, files::LocalFiles},
    playbook::{self, StepBody},
    port::{
        mysql::Address,
        rds::{Database, GroupRef, Level},
        side::Side,
    },
    step::{
        Attempt, Attempts, Fate, Known, Next, Read, Step as _, Write, create_blue_green,
        verify_data::{Operation, Outputs, VerifyData},
    },
};

use crate::world::World;

/// `settle` is shorter than green is behind: only what green says of itself tells that a row is on its way.
const PLAYBOOK: &str = "version: 1
name: orders
target: { aurora_cluster: orders, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }
mysql: { user: upgrade, password: { env: PASSWORD }, tls: disabled }
steps:
  - create_blue_green: { name: orders-80 }
  - verify_data: { of: green, settle: 1s }
";
const BEHIND: u64 = 2;

struct Deployment {
    world: World,
    read: Read,
    write: Write,
    known: Known,
    run: TempDir,
}

fn side(name: &str, address: Address) -> Side {
    Side {
        database: Database::AuroraCluster(name.into()),
        arn: format!("arn:aws:rds:us-east-1:123456789012:cluster:{name}"),
        resource_id: format!("cluster-{name}"),
        engine: "aurora-mysql".into(),
        engine_version: String::new(),
        status: "available".into(),
        address: Some(address),
        parameter_group: GroupRef { level: Level::Cluster, name: "default".into() },
        backup_retention_days: 1,
        managed_password: false,
        replication_source: None,
        run_tag: None,
        members: Vec::new(),
    }
}

impl Deployment {
    async fn new(statements: &[&str]) -> Self {
        let world = World::new().await;
        for statement in statements {
            world.on("source", statement).await;
        }
        let green = world.make_green().await;
        let created = create_blue_green::Outputs {
            deployment: "bgd-1".into(),
            family: "aurora-mysql8.0".into(),
            blue: side("orders", world.at.clone()),
            green: side("orders-green", green),
        };
        let known = Known {
            run: "run".into(),
            playbook: Arc::new(playbook::parse(PLAYBOOK, "playbook.yaml", Path::new("/")).unwrap()),
            outputs: [("create_blue_green".to_owned(), json!(created))].into(),
            since: time::OffsetDateTime::UNIX_EPOCH,
            consents: None,
            earlier: 0,
        };
        let (clock, run) = (Arc::new(SystemClock::new()), tempfile::tempdir().unwrap());
        let tables = Arc::new(world.tables.clone());
        let read = Read {
            rds: None,
            mysql: Some(Arc::new(world.mysql.clone())),
            catalogue: Some(Arc::new(world.mysql.clone())),
            binlog: Some(Arc::new(world.mysql.clone())),
            tables: Some(Arc::clone(&tables) as _),
            ahead: Default::default(),
            flink: None,
            files: Arc::new(LocalFiles),
            secrets: Arc::clone(&world.secrets) as _,
            clock: Arc::clone(&clock) as _,
        };
        let write = Write {
            rds: None,
            flink: None,
            files: Arc::new(LocalFiles),
            tables: Some(tables),
            secrets: Arc::clone(&world.secrets) as _,
            clock,
            artifacts: run.path().to_owned(),
        };
        Self { world, read, write, known, run }
    }

    /// The step from its begin to its end, as the engine goes through it.
    async fn verify(&self) -> Next<Operation, Outputs> {
        let settings = self.known.playbook.steps.iter().find_map(|step| match &step.body {
            StepBody::VerifyData(settings) => Some(settings.clone()),
            _ => None,
        });
        let (step, mut done, began) = (VerifyData::new(settings.unwrap()), Attempts::default(), clock::start());
        loop {
            assert!(began.elapsed() < Duration::from_secs(90), "{done:?}");
            let seen = step.observe(&self.read, &self.known, &done).await.unwrap();
            match step.next(&seen, &self.known, &done).unwrap() {
                Next::Do(operation) => {
                    let performed = step.perform(&operation, &self.known, &self.write).await.unwrap();
                    let (id, ..) = step.describe(&operation);
                    done.0.push(Attempt { id, number: 1, operation, fate: Fate::Done(performed.handle) });
                }
                Next::Wait { .. } => clock::pause(Duration::from_millis(50)).await,
                end => return end,
            }
        }
    }

    /// On green alone, as somebody does who writes to it by hand.
    async fn by_hand(&self, statement: &str) {
        let mut green = self.world.admin("green").await;
        green.query_drop("SET sql_log_bin = 0").await.unwrap();
        green.query_drop(statement).await.unwrap();
    }
}

fn outputs(end: Next<Operation, Outputs>) -> Outputs {
    match end {
        Next::Done(done) => done.outputs,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_row_changed_on_green_is_found_under_a_writer_and_behind_by_seconds() {
    let deployment = Deployment::new(&[
        "CREATE TABLE orders (id INT PRIMARY KEY, v VARCHAR(40), at TIMESTAMP(3) NULL, f FLOAT, j JSON)",
        "CREATE TABLE words (k VARCHAR(30) CHARACTER SET utf8 PRIMARY KEY, n BIT(9))",
        "CREATE TABLE heap (a INT)",
        "CREATE DATABASE other",
        "CREATE TABLE other.still (id INT PRIMARY KEY)",
        "INSERT INTO orders VALUES (5, 'five', '2026-11-21 01:02:03.456', 0.1, '{\"a\": 1}'), (6, NULL, NULL, NULL, NULL)",
        "INSERT INTO words VALUES ('Wört', b'100000001'), ('word', NULL)",
        "INSERT INTO heap VALUES (1), (1), (NULL)",
    ])
    .await;
    let world = &deployment.world;
    for statement in ["STOP SLAVE", &format!("CHANGE MASTER TO MASTER_DELAY = {BEHIND}"), "START SLAVE"] {
        world.on("green", statement).await;
    }
    let (stop, mut blue) = (Arc::new(AtomicBool::new(false)), world.admin("source").await);
    let stopped = Arc::clone(&stop);
    let writer = tokio::spawn(async move {
        let mut round = 0_u64;
        while !stopped.load(Ordering::Relaxed) {
            round += 1;
            // So many that few rows are changed again between two looks.
            let id = 100 + round % 5_000;
            for statement in [
                format!("REPLACE INTO orders (id, v) VALUES ({id}, 'r{round}')"),
                format!("DELETE FROM orders WHERE id = {}", id + 7),
            ] {
                blue.query_drop(statement).await.unwrap();
            }
            clock::pause(Duration::from_millis(2)).await;
        }
        round
    });
    // Not yet on green at the first look.
    world.on("source", "CREATE TABLE late (id INT PRIMARY KEY)").await;
    let found = outputs(deployment.verify().await);
    let names: Vec<&str> = found.tables.iter().map(|table| table.sink.as_str()).collect();
    assert_eq!(
        names,
        [
            "other.still on green",
            "shop.heap on green",
            "shop.late on green",
            "shop.orders on green",
            "shop.words on green"
        ]
    );
    assert_eq!(found.not_compared, []);
    assert!(found.rows >= 7, "{found:?}");

    deployment.by_hand("UPDATE orders SET v = 'FIVE' WHERE id = 5").await;
    let Next::Fail(error) = deployment.verify().await else { panic!("the row was not found") };
    assert_eq!(error.causes, ["shop.orders id = 5"]);
    assert_eq!(error.message, "1 row of green differs from blue: 0 missing, 0 extra, 1 different");
    let told = std::fs::read_to_string(deployment.run.path().join("verify/differences.json")).unwrap();
    assert!(told.contains("FIVE"), "{told}");
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 0);

    deployment.by_hand("DROP TABLE other.still").await;
    deployment.by_hand("CREATE TABLE stray (id INT PRIMARY KEY)").await;
    let Next::Refuse(findings) = deployment.verify().await else { panic!("the tables were not missed") };
    let told: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(told, ["other.still is on blue and not on green", "shop.stray is on green and not on blue"]);
    deployment.world.down().await;
}
