//! Each check with what it is for, and with what comes near it.

use super::{super::inventory::*, check};
use crate::{
    event::{Finding, Level},
    port::{
        flink::Settings,
        mysql::{Address, Server},
        rds::{Database, GroupRef, Level as Of},
        side::Side,
        tables::{Column, Reader, Table},
    },
};

fn address(host: &str) -> Address {
    Address { host: host.to_owned(), port: 3306 }
}

fn server(uuid: &str, id: u32) -> Server {
    Server {
        uuid: uuid.to_owned(),
        server_id: id,
        version: "5.7.44".to_owned(),
        started_at: 0,
        read_only: false,
        log_bin: true,
        binlog_format: "ROW".to_owned(),
        binlog_row_image: "FULL".to_owned(),
        gtid_mode: "OFF".to_owned(),
        log_replica_updates: true,
    }
}

fn table(schema: &str) -> Table {
    let id = Column { name: "id".to_owned(), kind: "int(11)".to_owned(), ..Column::default() };
    let (schema, primary_key) = (schema.to_owned(), vec!["id".to_owned()]);
    Table { schema, name: "orders".to_owned(), columns: vec![id], primary_key, ..Table::default() }
}

fn job() -> CdcJob {
    let grants = "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'cdc'@'%'".to_owned();
    let reader = Reader {
        account: "cdc@%".to_owned(),
        plugin: Some("mysql_native_password".to_owned()),
        grants: vec![grants],
        row_value_options: String::new(),
        replicas: Some(vec![(7, "replica".to_owned())]),
        prepared: Some(Vec::new()),
    };
    CdcJob {
        name: "job".to_owned(),
        flink_name: "job".to_owned(),
        state: JobState::Alive("RUNNING".to_owned()),
        sources: vec![Source {
            name: "s".to_owned(),
            address: Some(address("orders")),
            server_ids: ServerIds::Range(5501, 5504),
            server: Some(server("blue", 1)),
            reader: Some(reader),
            tables: vec![table("shop")],
        }],
        sinks: vec![Sink {
            name: "t".to_owned(),
            table: "copy.orders".to_owned(),
            found: Looked::Found(table("copy")),
            from: vec!["s".to_owned()],
        }],
        settings: Some(Settings {
            retained: true,
            interval: Some(1000),
            restart: "Restart with fixed delay (1000 ms).".to_owned(),
        }),
        parallelism: Some(4),
        offsets: Vec::new(),
        unreadable: None,
        warnings: Vec::new(),
    }
}

fn inventory() -> Inventory {
    Inventory {
        run: "run".to_owned(),
        blue: Side {
            database: Database::AuroraCluster("orders".to_owned()),
            arn: String::new(),
            resource_id: "cluster-1".to_owned(),
            engine: "aurora-mysql".to_owned(),
            engine_version: "5.7.mysql_aurora.2.11.2".to_owned(),
            status: "available".to_owned(),
            address: Some(address("orders")),
            parameter_group: GroupRef { level: Of::Cluster, name: "g".to_owned() },
            backup_retention_days: 1,
            managed_password: false,
            replication_source: None,
            run_tag: None,
            members: Vec::new(),
        },
        current: None,
        target: None,
        target_version: "8.0.mysql_aurora.3.08.2".to_owned(),
        deployment_name: None,
        deployments: Vec::new(),
        server: Some(server("blue", 1)),
        retention_hours: Some(72),
        replication: None,
        open_transactions: Vec::new(),
        schemas: Vec::new(),
        catalogue: Vec::new(),
        cdc_jobs: vec![job()],
        left_running: false,
        stopped_before: true,
        classpath: Some(vec!["/lib/flink-sql-connector-mysql-cdc-3.5.0.jar".to_owned()]),
        server_ids: vec![("orders-1".to_owned(), 1)],
        unknown: Vec::new(),
    }
}

/// What is found beside notices where one thing is otherwise.
fn found(change: impl FnOnce(&mut Inventory)) -> Vec<Finding> {
    let mut seen = inventory();
    change(&mut seen);
    let mut findings = Vec::new();
    check(&seen, &mut findings);
    for finding in &findings {
        assert!(finding.fix.as_ref().is_some_and(|fix| !fix.is_empty()), "{finding:?}");
    }
    findings.retain(|finding| finding.level != Level::Notice);
    findings
}

/// Exactly one finding, of this check and level.
fn one(check: &str, level: Level, change: impl FnOnce(&mut Inventory)) -> Finding {
    let findings = found(change);
    let names: Vec<_> = findings.iter().map(|finding| (finding.check.as_str(), finding.level)).collect();
    assert_eq!(names, [(check, level)], "{findings:#?}");
    findings.into_iter().next().unwrap()
}

fn none(change: impl FnOnce(&mut Inventory)) {
    assert_eq!(found(change), []);
}

fn source(seen: &mut Inventory) -> &mut Source {
    &mut seen.cdc_jobs[0].sources[0]
}

fn reader(seen: &mut Inventory) -> &mut Reader {
    source(seen).reader.as_mut().unwrap()
}

fn sink(seen: &mut Inventory) -> &mut Table {
    match &mut seen.cdc_jobs[0].sinks[0].found {
        Looked::Found(table) => table,
        other => panic!("{other:?}"),
    }
}

fn connector(seen: &mut Inventory, version: &str) {
    seen.classpath = Some(vec![format!("/lib/flink-sql-connector-mysql-cdc-{version}.jar")]);
}

fn gtid(seen: &mut Inventory, mode: &str) {
    seen.server.as_mut().unwrap().gtid_mode = mode.to_owned();
}

#[test]
fn a_sound_job_is_let_pass_with_a_word_about_definitions() {
    none(|_| {});
    let mut findings = Vec::new();
    check(&inventory(), &mut findings);
    assert_eq!(findings[0].check, "ddl_in_the_window");
}

#[test]
fn server_ids() {
    one("server_id", Level::Warning, |seen| source(seen).server_ids = ServerIds::Absent);
    one("server_id", Level::Error, |seen| source(seen).server_ids = ServerIds::of(Some("5504-5501")));
    let second = |seen: &mut Inventory, first: u32, server: Option<Server>, host: &str| {
        let mut other = job();
        other.name = "other".to_owned();
        other.sources[0].server_ids = ServerIds::Range(first, first + 3);
        other.sources[0].server = server.clone();
        other.sources[0].address = Some(address(host));
        if server.is_none() {
            source(seen).server = None;
        }
        seen.cdc_jobs.push(other);
    };
    let finding = one("server_id", Level::Error, |seen| second(seen, 5504, Some(server("blue", 1)), "orders"));
    assert!(finding.message.contains("5501-5504") && finding.message.contains("other.s"), "{finding:?}");
    one("server_id", Level::Error, |seen| second(seen, 5498, None, "orders"));
    none(|seen| second(seen, 5505, Some(server("blue", 1)), "orders"));
    one("server_id_range", Level::Warning, |seen| seen.cdc_jobs[0].parallelism = Some(5));
    none(|seen| seen.cdc_jobs[0].parallelism = None);
    one("server_id_taken", Level::Warning, |seen| reader(seen).replicas = Some(vec![(5502, "r".to_owned())]));
    none(|seen| reader(seen).replicas = Some(vec![(5505, "r".to_owned())]));
    one("server_id_taken", Level::Warning, |seen| seen.server_ids.push(("green".to_owned(), 5504)));
    none(|seen| seen.server_ids.push(("green".to_owned(), 5500)));
}

#[test]
fn the_connector_by_target_and_mode() {
    one("connector_version", Level::Error, |seen| connector(seen, "2.2.1"));
    none(|seen| connector(seen, "2.3.0"));
    let to_84 = |seen: &mut Inventory, version: &str| {
        connector(seen, version);
        seen.target_version = "8.4.3".to_owned();
        reader(seen).plugin = Some("caching_sha2_password".to_owned());
    };
    one("connector_version", Level::Error, |seen| to_84(seen, "3.5.0"));
    none(|seen| to_84(seen, "3.6.0-1.20"));
    let with_gtid = |seen: &mut Inventory, version: &str| {
        connector(seen, version);
        gtid(seen, "ON");
    };
    one("connector_version", Level::Error, |seen| with_gtid(seen, "3.4.0"));
    none(|seen| with_gtid(seen, "3.5.0"));
    one("connector_version", Level::Warning, |seen| seen.classpath = Some(vec!["/lib/flink-dist.jar".to_owned()]));
    one("connector_version", Level::Warning, |seen| {
        let more = "/lib/flink-sql-connector-mysql-cdc-3.6.0-1.20.jar".to_owned();
        seen.classpath.as_mut().unwrap().push(more);
    });
}

#[test]
fn how_the_log_is_written() {
    let blue = |seen: &mut Inventory, change: fn(&mut Server)| change(seen.server.as_mut().unwrap());
    one("binlog_row_image", Level::Error, |seen| blue(seen, |server| server.binlog_row_image = "MINIMAL".to_owned()));
    one("log_replica_updates", Level::Warning, |seen| blue(seen, |server| server.log_replica_updates = false));
    for mode in ["ON_PERMISSIVE", "OFF_PERMISSIVE"] {
        one("gtid_mode", Level::Error, |seen| gtid(seen, mode));
    }
    none(|seen| gtid(seen, "ON"));
    one("binlog_retention", Level::Error, |seen| seen.retention_hours = Some(23));
    one("binlog_retention", Level::Error, |seen| seen.retention_hours = None);
    none(|seen| seen.retention_hours = Some(24));
    one("binlog_row_value_options", Level::Error, |seen| {
        reader(seen).row_value_options = "PARTIAL_JSON".to_owned();
    });
    one("xa_prepared", Level::Error, |seen| reader(seen).prepared = Some(vec!["x".to_owned()]));
    none(|seen| reader(seen).prepared = None);
}

#[test]
fn how_the_job_keeps_its_state() {
    let settings = |seen: &mut Inventory, change: fn(&mut Settings)| {
        change(seen.cdc_jobs[0].settings.as_mut().unwrap());
    };
    one("cdc_checkpoints_retained", Level::Warning, |seen| settings(seen, |settings| settings.retained = false));
    one("cdc_checkpointing", Level::Error, |seen| settings(seen, |settings| settings.interval = None));
    one("cdc_restart_strategy", Level::Warning, |seen| seen.stopped_before = false);
    none(|seen| {
        seen.stopped_before = false;
        settings(seen, |settings| settings.restart = "Restart deactivated.".to_owned());
    });
    one("cdc_jobs_left_running", Level::Error, |seen| seen.left_running = true);
}

#[test]
fn where_the_source_leads() {
    one("cdc_source_reader", Level::Error, |seen| {
        source(seen).server = Some(Server { read_only: true, ..server("reader", 2) });
    });
    one("cdc_source_server", Level::Error, |seen| source(seen).server = Some(server("green", 2)));
    none(|seen| source(seen).server = None);
    one("cdc_source_address", Level::Warning, |seen| source(seen).address = Some(address("elsewhere")));
    one("cdc_source_key", Level::Warning, |seen| source(seen).tables[0].primary_key.clear());
}

#[test]
fn what_its_login_may_do() {
    let finding = one("cdc_source_rights", Level::Error, |seen| {
        reader(seen).grants = vec!["GRANT SELECT ON `shop`.* TO `cdc`@`%`".to_owned()];
    });
    assert_eq!(finding.fix.unwrap(), "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'cdc'@'%'");
    none(|seen| reader(seen).grants = vec!["GRANT ALL PRIVILEGES ON *.* TO `cdc`@`%`".to_owned()]);
    let to_84 = |seen: &mut Inventory| {
        connector(seen, "3.6.0-1.20");
        seen.target_version = "8.4.3".to_owned();
    };
    one("cdc_login_plugin", Level::Warning, to_84);
}

#[test]
fn what_the_sink_can_take() {
    one("cdc_sink_table", Level::Error, |seen| seen.cdc_jobs[0].sinks[0].found = Looked::Missing);
    none(|seen| seen.cdc_jobs[0].sinks[0].found = Looked::Not);
    one("cdc_sink_key", Level::Error, |seen| sink(seen).primary_key.clear());
    one("cdc_sink_unique_keys", Level::Warning, |seen| {
        sink(seen).unique_keys.push(("email".to_owned(), vec!["email".to_owned()]));
    });
    one("cdc_sink_foreign_keys", Level::Warning, |seen| sink(seen).foreign_keys.push("fk".to_owned()));
    one("cdc_sink_key_differs", Level::Warning, |seen| sink(seen).primary_key = vec!["ref".to_owned()]);
    none(|seen| sink(seen).primary_key = vec!["ID".to_owned()]);
    one("cdc_sink_column", Level::Warning, |seen| sink(seen).columns[0].kind = "smallint(6)".to_owned());
    none(|seen| sink(seen).columns[0].kind = "bigint(20)".to_owned());
    none(|seen| {
        sink(seen).primary_key = vec!["ref".to_owned()];
        seen.cdc_jobs[0].sinks[0].from = vec!["a view".to_owned()];
    });
}

#[test]
fn what_cannot_be_had_is_said() {
    let finding = one("cdc_not_known", Level::Warning, |seen| {
        seen.classpath = None;
        seen.unknown.push(Unknown {
            object: "flink".to_owned(),
            what: "with which connector the jobs run".to_owned(),
            why: "HTTP 404".to_owned(),
            hint: None,
        });
    });
    assert_eq!(finding.message, "It is not known with which connector the jobs run: HTTP 404");
}
