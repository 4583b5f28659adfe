//! A database and a job of which nothing is wrong, for tests.

use super::inventory::*;
use crate::port::{
    flink::Settings,
    mysql::{Address, Server},
    rds::{Database, GroupRef, Level as Of},
    side::Side,
    tables::{Column, Reader, Table},
};

pub(super) fn address(host: &str) -> Address {
    Address { host: host.to_owned(), port: 3306 }
}

pub(super) fn server(uuid: &str, id: u32) -> Server {
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

pub(super) fn table(schema: &str) -> Table {
    let id = Column { name: "id".to_owned(), kind: "int(11)".to_owned(), ..Column::default() };
    let (schema, primary_key) = (schema.to_owned(), vec!["id".to_owned()]);
    Table { schema, name: "orders".to_owned(), columns: vec![id], primary_key, ..Table::default() }
}

pub(super) fn job() -> CdcJob {
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

pub(super) fn inventory() -> Inventory {
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
