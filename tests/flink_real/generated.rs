//! A job that is made from nothing but the tables of the source.

use std::collections::BTreeMap;

use mysql_async::{Conn, Row, Value, prelude::Queryable};
use sandbox::clock::{pause, start};
use upgrade::{
    adapter::mysql::{Encryption, Tables},
    artifact::{Values, render},
    handover::consumer::flink_sql::{Script, generate},
    port::{
        flink::FlinkRead,
        mysql::{Address, Tls},
        tables::{Login, TablesRead},
    },
    secret::Secret,
};

use crate::{
    site::{EVERY, LIMIT, ROWS, Site, end},
    support::id,
};

const TEMPLATE: &str = include_str!("../../templates/mysql_to_mysql.sql.tera");

/// What the tables of the rehearsal do not have: a key of two columns, more than 38 digits, names that need quotes.
const ODD: &str = "CREATE TABLE `odd-types` (
  `key` VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, number INT UNSIGNED, `select` MEDIUMINT UNSIGNED,
  exact DECIMAL(65, 30), small DECIMAL(5, 0), fixed BINARY(16), long_note LONGTEXT CHARACTER SET utf8mb4,
  long_raw LONGBLOB, happened DATETIME, stamped TIMESTAMP(6) NULL, twice BIGINT UNSIGNED AS (number * 2),
  PRIMARY KEY (`key`, number)) DEFAULT CHARACTER SET latin1";
const TABLES: [&str; 3] = ["source_table", "wide_table", "odd-types"];

fn odd(number: u32) -> String {
    format!(
        "INSERT INTO source.`odd-types` (`key`, number, `select`, exact, small, fixed, long_note, long_raw, happened, stamped)
         VALUES ('Ü {number}', 4294967290 + {number}, 16777215, '-12345678901234567890123456789012345.{number:030}', NULL,
                 UNHEX('00{number:02X}FF'), REPEAT('ä🚚', 5000), REPEAT(UNHEX('00FF27'), 3000), '1000-01-01 00:00:00',
                 '2038-01-19 03:14:07.{number:06}')"
    )
}

async fn rows(conn: &mut Conn, database: &str, table: &str) -> Vec<Vec<Value>> {
    let rows: Vec<Row> = conn.query(format!("SELECT * FROM {database}.`{table}` ORDER BY 1, 2")).await.unwrap();
    rows.into_iter().map(Row::unwrap).collect()
}

/// The tables that differ, once every change has had its time.
async fn unequal(site: &mut Site, job: &impl FlinkRead, id: &str, what: &str) {
    let begun = start();
    for table in TABLES {
        loop {
            let (source, sink) =
                (rows(&mut site.source, "source", table).await, rows(&mut site.sink, "target", table).await);
            if source == sink {
                assert!(!source.is_empty());
                break;
            }
            let failure = job.failure(id).await.unwrap();
            let state = job.job_state(id).await.unwrap();
            let different = source.iter().zip(&sink).find(|(source, sink)| source != sink);
            assert!(
                begun.elapsed() < 2 * LIMIT,
                "{what}: {table} has {} rows, the sink {}; {different:?}; the job is {state:?}: {failure:?}",
                source.len(),
                sink.len()
            );
            pause(EVERY).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_job_carries_every_type_it_takes() {
    let mut site = Site::start(&ROWS).await;
    for (conn, database) in [(&mut site.source, "source"), (&mut site.sink, "target")] {
        conn.query_drop(format!("USE {database}")).await.unwrap();
        conn.query_drop(ODD).await.unwrap();
    }
    site.source.query_drop(odd(1)).await.unwrap();

    let address = |at: std::net::SocketAddrV4| Address { host: at.ip().to_string(), port: at.port() };
    let source = address(site.world.endpoint);
    let sink = address(site.world.plane.server(&id("sink")).unwrap().lock().await.address);
    let password = Secret::new(site.world.accounts.upgrade.password.clone());
    let login = Login { address: source.clone(), user: "upgrade".into(), password };
    let read = Tables::new(Encryption { tls: Tls::Disabled, ca_file: None });
    let mut tables = Vec::new();
    for name in TABLES {
        tables.push(read.table(&login, "source", name).await.unwrap().unwrap());
    }
    let sink_url = format!("jdbc:mysql://{}:{}/target?connectionTimeZone=UTC", sink.host, sink.port);
    let parameters = [("sink_url", sink_url.as_str()), ("cdc_user", "cdc"), ("sink_user", "sink")];
    let values = Values {
        name: "made".into(),
        tables: generate(&tables, 7000).unwrap(),
        parameters: parameters
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        source_host: source.host,
        source_port: source.port,
        savepoints: String::new(),
    };
    let text = render("mysql_to_mysql.sql.tera", TEMPLATE, &values).unwrap();
    Script::parse(&text).unwrap();
    let job = site.job(&site.cluster.flink.sql_gateway);
    let begun = start();
    let id = job.submit(&text).await;
    unequal(&mut site, &job.flink, &id, "the first snapshot").await;
    eprintln!("submit and snapshot: {} ms, to {}", begun.elapsed().as_millis(), end(&mut site.source).await);

    // From the log, where values take another way than in a snapshot.
    for change in [
        odd(2),
        "UPDATE source.`odd-types` SET exact = 0.000000000000000000000000000001, long_note = NULL WHERE number = 4294967291".into(),
        "INSERT INTO source.wide_table SELECT id + 100, tiny, flag, tiny_u, small, small_u, medium, normal, normal_u, big, big_u, \
         price, ratio, factor, bit_one, code, name, note, raw, picture, day, moment, happened, stamped, made, size, tags, document \
         FROM source.wide_table".into(),
        "UPDATE source.wide_table SET id = id + 1000, name = NULL, happened = '9999-12-31 23:59:59.999999' WHERE id < 5".into(),
        "DELETE FROM source.wide_table WHERE id = 7".into(),
        "DELETE FROM source.source_table WHERE id < 4".into(),
    ] {
        site.source.query_drop(change).await.unwrap();
    }
    unequal(&mut site, &job.flink, &id, "what followed it").await;
    site.end().await;
}
