//! Tables as a job's login sees them, on a real 5.7.22 and a real 8.0.15.

use mysql_async::prelude::Queryable as _;
use sandbox::parts::Release;
use upgrade::{
    adapter::mysql::{Encryption, Tables},
    error::Kind,
    handover::consumer::flink_sql::generate,
    port::{
        mysql::{Address, Tls},
        tables::{ByKey, Form, KeyColumn, KeyForm, Login, Shown, TablesRead as _},
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
            "CREATE USER reader IDENTIFIED WITH mysql_native_password BY 'canary-pw'",
            "GRANT SELECT ON shop.* TO reader",
            "CREATE USER stranger IDENTIFIED WITH mysql_native_password BY 'canary-pw'",
        ] {
            admin.query_drop(statement).await.unwrap();
        }
        let tables = Tables::new(Encryption { tls: Tls::Disabled, ca_file: None });
        let cdc = login(&at, "reader", "canary-pw");

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
        let stranger = login(&at, "stranger", "canary-pw");
        assert_eq!(tables.table(&stranger, "shop", "orders").await.unwrap(), None);

        let reader = tables.reader(&cdc).await.unwrap();
        assert_eq!(reader.account, "reader@%");
        assert_eq!(reader.plugin.as_deref(), Some("mysql_native_password"), "{name}");
        assert!(reader.grants.iter().any(|grant| grant.contains("SELECT")), "{reader:?}");
        assert_eq!((reader.row_value_options.as_str(), reader.replicas), ("", None), "{name}");
        admin.query_drop("GRANT REPLICATION SLAVE ON *.* TO reader").await.unwrap();
        assert_eq!(tables.reader(&cdc).await.unwrap().replicas, Some(Vec::new()), "{name}");

        let wrong = login(&at, "reader", "canary-wrong");
        let error = tables.server(&wrong).await.unwrap_err();
        assert_eq!(error.kind, Kind::Permanent);
        assert!(error.hint.as_deref().unwrap().contains("job's script"), "{error:?}");
        assert!(!format!("{error:?}").contains("canary-wrong"));
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
        "CREATE USER reader IDENTIFIED WITH mysql_native_password BY 'canary-pw' DEFAULT ROLE watcher",
        "XA START 'held'",
        "INSERT INTO shop.t VALUES (1)",
        "XA END 'held'",
        "XA PREPARE 'held'",
    ] {
        admin.query_drop(statement).await.unwrap();
    }
    let tables = Tables::new(Encryption { tls: Tls::Disabled, ca_file: None });
    let reader = tables.reader(&login(&at, "reader", "canary-pw")).await.unwrap();
    assert!(reader.grants.iter().any(|grant| grant.contains("REPLICATION SLAVE")), "{reader:?}");
    assert_eq!(reader.prepared, Some(vec!["held".to_owned()]));
    admin.query_drop("XA ROLLBACK 'held'").await.unwrap();
    assert_eq!(tables.reader(&login(&at, "reader", "canary-pw")).await.unwrap().prepared, Some(Vec::new()));
    world.plane.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_read_as_they_are() {
    let world = World::empty().await;
    let at = world.create("blue", Release::V57, &ROW).await;
    let mut admin = world.admin("blue").await;
    let login = login(&at, "upgrade", &world.accounts.upgrade.password);
    let tables = Tables::new(Encryption { tls: Tls::Disabled, ca_file: None });
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    for (schema, name, column) in [
        ("a`b'c", "x`; DROP TABLE shop.kept; -- y", "c`, (SELECT 1)"),
        ("..", "../$(id)\t;", "\"'\\ `` \u{202e}"),
        ("kept", "*/ ' OR 1=1 #", "%s ? :x ${secret:A}"),
    ] {
        for statement in [
            format!("CREATE DATABASE {}", quoted(schema)),
            format!(
                "CREATE TABLE {}.{} ({} INT PRIMARY KEY, {} VARCHAR(9))",
                quoted(schema),
                quoted(name),
                quoted(&format!("k{column}")),
                quoted(column)
            ),
            format!("INSERT INTO {}.{} VALUES (1, 'one'), (2, 'two')", quoted(schema), quoted(name)),
        ] {
            admin.query_drop(statement).await.unwrap();
        }
        let found = tables.table(&login, schema, name).await.unwrap().unwrap();
        let columns: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
        let key = format!("k{column}");
        assert_eq!(columns, [key.as_str(), column]);
        assert_eq!(found.primary_key, [key.as_str()]);
        assert!(tables.matching(&login, ".*", ".*").await.unwrap().contains(&(schema.to_owned(), name.to_owned())));
        let shown = [Shown { column: column.to_owned(), form: Form::Text }];
        let keyed = [KeyColumn { column: key, form: KeyForm::Number, primary: true }];
        let keys = [vec!["2".to_owned()], vec!["3".to_owned()]];
        let wanted = ByKey { schema, table: name, columns: &shown, digest: false, key: &keyed, keys: &keys };
        let rows = tables.rows_by_key(&login, wanted).await.unwrap();
        let read: Vec<_> = rows.iter().map(|row| (row.at, row.values[0].as_deref())).collect();
        assert_eq!(read, [(0, Some("two"))]);
        // A script for it reads back as itself, or it is refused by name.
        match generate(std::slice::from_ref(&found), 7000) {
            Ok(made) => assert_eq!((made[0].schema.as_str(), made[0].name.as_str()), (schema, name)),
            Err(refusals) => assert!(refusals.iter().all(|refusal| refusal.object.starts_with(schema)), "{refusals:?}"),
        }
    }
    world.plane.kill().await.unwrap();
}
