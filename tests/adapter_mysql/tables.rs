//! Tables as a job's login sees them, on a real 5.7.22 and a real 8.0.15.

use mysql_async::prelude::Queryable as _;
use sandbox::parts::Release;
use upgrade::{
    adapter::mysql::{Encryption, Tables},
    error::Kind,
    port::{
        mysql::{Address, Tls},
        tables::{Login, TablesRead as _},
    },
    secret::Secret,
};

use crate::real::{ROW, World};

fn login(at: &Address, user: &str, password: &str) -> Login {
    Login { address: at.clone(), user: user.to_owned(), password: Secret::new(password) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_sees_its_tables_and_its_rights() {
    let world = World::empty().await;
    for (name, release) in [("blue", Release::V57), ("green", Release::V80)] {
        let at = world.create(name, release, &ROW).await;
        let mut admin = world.admin(name).await;
        for statement in [
            "CREATE DATABASE shop",
            "CREATE TABLE shop.customers (id INT PRIMARY KEY, email VARCHAR(50) NOT NULL, UNIQUE KEY mail (email))",
            "CREATE TABLE shop.orders (shard INT, id BIGINT UNSIGNED, customer INT NULL, twice BIGINT AS (id * 2), \
             made TIMESTAMP DEFAULT CURRENT_TIMESTAMP, note VARCHAR(20) CHARACTER SET utf8mb4, PRIMARY KEY (id, shard), \
             CONSTRAINT whose FOREIGN KEY (customer) REFERENCES shop.customers (id))",
            "CREATE TABLE shop.orders_old LIKE shop.orders",
            "CREATE VIEW shop.orders_view AS SELECT * FROM shop.orders",
            "CREATE USER reader IDENTIFIED WITH mysql_native_password BY 'pw'",
            "GRANT SELECT ON shop.* TO reader",
            "CREATE USER stranger IDENTIFIED WITH mysql_native_password BY 'pw'",
        ] {
            admin.query_drop(statement).await.unwrap();
        }
        let tables = Tables::new(Encryption { tls: Tls::Disabled, ca_file: None });
        let cdc = login(&at, "reader", "pw");

        let server = tables.server(&cdc).await.unwrap();
        let uuid: String = admin.query_first("SELECT @@server_uuid").await.unwrap().unwrap();
        assert_eq!(server.uuid, uuid);

        let found = tables.matching(&cdc, "shop", "orders.*").await.unwrap();
        let found: Vec<_> = found.iter().map(|(schema, table)| format!("{schema}.{table}")).collect();
        assert_eq!(found, ["shop.orders", "shop.orders_old"], "{name}");
        let error = tables.matching(&cdc, "shop", "(?!x).*").await.unwrap_err();
        assert!(error.message.contains("(?!x).*"), "{error}");

        let orders = tables.table(&cdc, "shop", "orders").await.unwrap().unwrap();
        assert_eq!(orders.primary_key, ["id", "shard"], "{name}");
        assert!(orders.foreign_keys.contains(&"whose".to_owned()), "{orders:?}");
        let column = |name: &str| orders.columns.iter().find(|column| column.name == name).unwrap();
        assert!(column("id").kind.starts_with("bigint") && column("id").kind.ends_with("unsigned"), "{orders:?}");
        assert!(column("twice").generated && !column("made").generated, "{orders:?}");
        assert!(column("customer").nullable && !column("id").nullable);
        assert_eq!(column("note").charset.as_deref(), Some("utf8mb4"));
        let customers = tables.table(&cdc, "shop", "customers").await.unwrap().unwrap();
        assert_eq!(customers.unique_keys, [("mail".to_owned(), vec!["email".to_owned()])]);
        assert_eq!(customers.foreign_keys, ["whose"], "one that points at it");
        assert_eq!(tables.table(&cdc, "shop", "nothing").await.unwrap(), None);
        let stranger = login(&at, "stranger", "pw");
        assert_eq!(tables.table(&stranger, "shop", "orders").await.unwrap(), None);

        let reader = tables.reader(&cdc).await.unwrap();
        assert_eq!(reader.account, "reader@%");
        assert_eq!(reader.plugin.as_deref(), Some("mysql_native_password"), "{name}");
        assert!(reader.grants.iter().any(|grant| grant.contains("SELECT")), "{reader:?}");
        assert_eq!((reader.row_value_options.as_str(), reader.replicas), ("", None), "{name}");
        admin.query_drop("GRANT REPLICATION SLAVE ON *.* TO reader").await.unwrap();
        assert_eq!(tables.reader(&cdc).await.unwrap().replicas, Some(Vec::new()), "{name}");

        let wrong = login(&at, "reader", "wrong-password");
        let error = tables.server(&wrong).await.unwrap_err();
        assert_eq!(error.kind, Kind::Permanent);
        assert!(error.hint.as_deref().unwrap().contains("job's script"), "{error:?}");
        assert!(!format!("{error:?}").contains("wrong-password"));
    }
    world.plane.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_transactions_and_roles_are_seen() {
    let world = World::empty().await;
    let at = world.create("green", Release::V80, &ROW).await;
    let mut admin = world.admin("green").await;
    for statement in [
        "CREATE DATABASE shop",
        "CREATE TABLE shop.t (id INT PRIMARY KEY)",
        "CREATE ROLE watcher",
        "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT, XA_RECOVER_ADMIN ON *.* TO watcher",
        "CREATE USER reader IDENTIFIED WITH mysql_native_password BY 'pw' DEFAULT ROLE watcher",
        "XA START 'held'",
        "INSERT INTO shop.t VALUES (1)",
        "XA END 'held'",
        "XA PREPARE 'held'",
    ] {
        admin.query_drop(statement).await.unwrap();
    }
    let tables = Tables::new(Encryption { tls: Tls::Disabled, ca_file: None });
    let reader = tables.reader(&login(&at, "reader", "pw")).await.unwrap();
    assert!(reader.grants.iter().any(|grant| grant.contains("REPLICATION SLAVE")), "{reader:?}");
    assert_eq!(reader.prepared, Some(vec!["held".to_owned()]));
    admin.query_drop("XA ROLLBACK 'held'").await.unwrap();
    assert_eq!(tables.reader(&login(&at, "reader", "pw")).await.unwrap().prepared, Some(Vec::new()));
    world.plane.kill().await.unwrap();
}
