//! Why a job on a server with GTID never starts at file and position alone.

use std::{collections::BTreeMap, sync::Arc};

use mysql_async::prelude::Queryable;
use sandbox::{
    clock::{pause, start},
    region::work::{Done, Task},
};
use upgrade::{
    adapter::{
        mysql::{Login, Mysql},
        secrets::StoredSecrets,
    },
    handover::{
        consumer::flink_sql::{Changes, Restore, Script, Start, rewrite},
        gtid::complete_set,
    },
    port::{
        binlog::Place,
        flink::FlinkWrite,
        mysql::{Address, Tls},
    },
    secret::SecretRef,
};

use crate::{
    site::{EVERY, LIMIT, Site, arrives, insert},
    support::{id, settings},
};

const GTID: [(&str, &str); 3] = [("binlog_format", "ROW"), ("gtid_mode", "ON"), ("enforce_gtid_consistency", "ON")];
/// Rows that blue wrote while green followed it, and green changed afterwards.
const TOUCHED: std::ops::RangeInclusive<u32> = 6001..=6005;

impl Site {
    /// Rows of the sink that have the value which blue gave them. The first of what blue wrote is left out: of what is sent
    /// again the job skips as much as it had read of the transaction it was stopped in.
    async fn old(&mut self) -> Vec<u32> {
        let query =
            "SELECT id FROM target.source_table WHERE customer_name = 'x' AND id BETWEEN 6002 AND 6005 ORDER BY id";
        self.sink.query(query).await.unwrap()
    }
}

/// Green's address, and where its own log stood when it took over.
async fn switched(site: &mut Site) -> (Address, Place) {
    let engine_version = "8.0.mysql_aurora.3.04.0".to_owned();
    let (blue, green) = (id("blue"), id("green"));
    let make = Task::MakeGreen { blue: blue.clone(), green: green.clone(), engine_version, settings: settings(&GTID) };
    site.world.plane.perform(make).await.unwrap();
    for touched in TOUCHED {
        insert(&mut site.source, touched).await;
    }
    let task = Task::Switchover { blue, green: green.clone(), timeout_seconds: 30 };
    let Done::Switched { coordinates: Some((file, position)) } = site.world.plane.perform(task).await.unwrap() else {
        panic!("no coordinates");
    };
    let address = site.world.plane.server(&green).unwrap().lock().await.address;
    (Address { host: address.ip().to_string(), port: address.port() }, Place { file, position })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_brings_old_rows_back_where_a_job_was_started_without_a_complete_set() {
    let mut site = Site::start(&GTID).await;
    let (green, place) = switched(&mut site).await;
    let password = site.world.accounts.upgrade.password.clone();
    let secrets = StoredSecrets::new(move |name| (name == "PASSWORD").then(|| password.clone().into()));
    let password = SecretRef::Env("PASSWORD".into());
    let login = Login { user: "upgrade".into(), password, tls: Tls::Disabled, ca_file: None };
    let set = complete_set(&Mysql::new(login, Arc::new(secrets)), &green, &place).await.unwrap();

    let mut on_green = site.world.admin("green").await;
    let script = Script::parse(&site.text).unwrap();
    let job = site.job(&site.cluster.flink.sql_gateway);
    let position = Start::Position { file: place.file.clone(), position: place.position };
    let starts = [(position, TOUCHED.skip(1).collect()), (Start::GtidSet(set.to_string()), Vec::new())];
    for ((from, expected), number) in starts.into_iter().zip(1_u32..) {
        site.sink.query_drop("DELETE FROM target.source_table").await.unwrap();
        let changes = |part: u32| Changes {
            address: Some(green.clone()),
            server_ids: Some(7000 + number * 100 + part * 10),
            settings: BTreeMap::from([("restart-strategy.type".to_owned(), "none".to_owned())]),
            ..Changes::default()
        };
        let first = Changes { start: Some(from.clone()), ..changes(1) };
        let first = job.submit(&rewrite(&script, &first)).await;
        let value = format!("green {number}");
        for touched in TOUCHED {
            let update = format!("UPDATE source.source_table SET customer_name = '{value}' WHERE id = {touched}");
            on_green.query_drop(update).await.unwrap();
        }
        // A transaction is in the job's set when the next one has begun.
        let more = 7000 + number * 10;
        insert(&mut on_green, more).await;
        arrives(&mut site.sink, more).await;
        let query = format!("SELECT COUNT(*) FROM target.source_table WHERE customer_name = '{value}'");
        let begun = start();
        while site.sink.query_first::<u64, _>(&query).await.unwrap() != Some(TOUCHED.count() as u64) {
            assert!(begun.elapsed() < LIMIT, "{from:?}: what green wrote did not arrive");
            pause(EVERY).await;
        }

        let (saved, offsets) = job.stop(&first, &format!("{number:032x}")).await;
        let again = Changes { restore: Restore::From(saved), ..changes(2) };
        let again = job.submit(&rewrite(&script, &again)).await;
        // What is sent again stands in the log before these, and the sink has written all of a batch when it shows the next.
        for next in [more + 1, more + 2] {
            insert(&mut on_green, next).await;
            arrives(&mut site.sink, next).await;
        }
        let sets: Vec<_> = offsets.iter().map(|offset| offset.gtid_set.clone().unwrap_or_default()).collect();
        let old = site.old().await;
        eprintln!("started at {from:?}, stopped after {sets:?}: old again are {old:?}");
        assert_eq!(old, expected, "{from:?}, stopped after {sets:?}");
        job.flink.cancel(&again).await.unwrap();
    }
    drop(on_green);
    site.end().await;
}
