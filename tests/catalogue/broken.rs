//! Catalogues that are spoilt, or that a login may not see.

use std::sync::atomic::{AtomicUsize, Ordering};

use sandbox::parts::Release;
use upgrade::port::catalogue::{CatalogueRead as _, Gentle, Orphan, Program};

use crate::world::{GENTLE, World, program, schemas, table};

#[tokio::test]
async fn one_event_without_a_definer_hides_no_other() {
    let mut world = World::of(Release::V57).await;
    world
        .run(&[
            "CREATE DATABASE a",
            "CREATE DATABASE b",
            "CREATE EVENT a.nobodys ON SCHEDULE EVERY 1 DAY DO SELECT 1",
            "CREATE EVENT b.fine ON SCHEDULE EVERY 1 DAY DO SELECT 1",
            "UPDATE mysql.event SET definer = '' WHERE name = 'nobodys'",
        ])
        .await;
    let refused = world.admin_refuses("SELECT event_name FROM information_schema.EVENTS").await;
    assert!(refused.contains("Cannot load from mysql.event"), "{refused}");
    let found = world.schemas(&["a", "b"]).await;
    assert_eq!((program(&found[0], "nobodys").definer.as_str(), &found[0].unread), ("", &vec![]));
    assert_eq!(program(&found[1], "fine").definer, "rdsadmin@%");
    // Who may not read mysql.event gets the server's refusal instead of silence.
    let reader = world.user("reader", "SELECT, EVENT, TRIGGER, SHOW VIEW ON a.*").await;
    let found = schemas(&reader, &world.at, &["a"], GENTLE).await;
    let unread: Vec<_> =
        found[0].unread.iter().map(|unread| (unread.what.as_str(), unread.why.contains("1728"))).collect();
    assert!(unread.contains(&("EVENTS", true)), "{:#?}", found[0].unread);
}

#[tokio::test]
async fn what_one_side_has_and_the_other_has_not() {
    let mut world = World::of(Release::V57).await;
    world
        .run(&[
            "CREATE DATABASE `sh-op`",
            "CREATE DATABASE gone",
            "CREATE TABLE `sh-op`.kept (a INT)",
            "CREATE TABLE `sh-op`.`lost-é漢` (a INT)",
            "CREATE TABLE `sh-op`.`lost parts` (a INT) PARTITION BY HASH (a) PARTITIONS 3",
            "CREATE PROCEDURE gone.p () SELECT 1",
            "CREATE FUNCTION gone.f () RETURNS INT RETURN 1",
            "CREATE EVENT gone.e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
            "FLUSH TABLES",
        ])
        .await;
    let data = world.data().await;
    fs_err::remove_file(data.join("sh@002dop/lost@002d@0p@6f22.frm")).unwrap();
    fs_err::remove_file(data.join("sh@002dop/lost@0020parts.frm")).unwrap();
    fs_err::remove_dir_all(data.join("gone")).unwrap();
    let schema = world.schema("sh-op").await;
    assert_eq!(schema.only_in_innodb, ["lost parts", "lost-é漢"]);
    assert_eq!(schema.tables.len(), 1);
    let orphan = |kind, name: &str| Orphan { kind, schema: "gone".into(), name: name.into() };
    let mut orphans = world.instance().await.orphans;
    orphans.sort_by(|one, other| one.name.cmp(&other.name));
    let all = [orphan(Program::Event, "e"), orphan(Program::Function, "f"), orphan(Program::Procedure, "p")];
    assert_eq!(orphans, all);
}

#[tokio::test]
async fn invalid_bytes_are_found_and_kept() {
    let mut world = World::of(Release::V57).await;
    world
        .run(&[
            "CREATE DATABASE bad",
            "CREATE TABLE bad.col (a INT COMMENT 'ZZZZ there', b INT)",
            "CREATE TABLE bad.idx (a INT, KEY (a) COMMENT 'ZZZZ there')",
            "CREATE TABLE bad.tab (a INT) COMMENT 'ZZZZ there'",
            "CREATE TABLE bad.fine (a INT COMMENT 'é') COMMENT '漢'",
            "CREATE TABLE bad.base (a INT)",
            "CREATE VIEW bad.broken AS SELECT a FROM bad.base",
            "DROP TABLE bad.base",
            "CREATE PROCEDURE bad.p () SELECT 'ZZZZ'",
            "UPDATE mysql.proc SET body = REPLACE(body, 'ZZZZ', x'5AE9') WHERE name = 'p'",
            "FLUSH TABLES",
        ])
        .await;
    let data = world.data().await;
    for name in ["col", "idx", "tab"] {
        let path = data.join(format!("bad/{name}.frm"));
        let mut bytes = fs_err::read(&path).unwrap();
        let at = bytes.windows(4).position(|four| four == b"ZZZZ").unwrap();
        bytes[at + 1] = 0xE9;
        fs_err::write(&path, bytes).unwrap();
    }
    let schema = world.schema("bad").await;
    let cut = |name: &str| {
        let table = table(&schema, name);
        [table.invalid_comment, table.invalid_column_comment, table.invalid_index_comment]
    };
    assert_eq!(cut("tab"), [true, false, false]);
    assert_eq!(cut("col"), [false, true, false]);
    assert_eq!(cut("idx"), [false, false, true]);
    assert_eq!(cut("fine"), [false; 3]);
    assert_eq!(table(&schema, "fine").comment, "漢".as_bytes());
    assert!(program(&schema, "p").body.windows(2).any(|two| two == b"Z\xE9"));
    assert_eq!(schema.unread, []);
}

#[tokio::test]
async fn what_may_not_be_seen_is_told() {
    let mut world = World::of(Release::V57).await;
    world.run(&["CREATE DATABASE shop", "CREATE TABLE shop.t (a INT)", "CREATE PROCEDURE shop.p () SELECT 1"]).await;
    let reader = world.user("reader", "SELECT ON shop.*").await;
    let instance = reader.instance(&world.at).await.unwrap();
    let unread: Vec<_> = instance.unread.iter().map(|unread| unread.what.as_str()).collect();
    for what in ["mysql.user", "mysql.proc", "mysql.event", "INNODB_SYS_DATAFILES"] {
        assert!(unread.contains(&what), "{what} in {unread:?}");
    }
    assert!(instance.unread.iter().all(|unread| unread.why.contains("(error ")));
    let shop = schemas(&reader, &world.at, &["shop"], GENTLE).await.remove(0);
    let unread: Vec<_> = shop.unread.iter().map(|unread| unread.what.as_str()).collect();
    assert!(unread.contains(&"INNODB_SYS_TABLES") && unread.contains(&"INNODB_SYS_FOREIGN"), "{unread:?}");
    // Asked of the table itself where InnoDB's dictionary may not be read.
    assert_eq!(table(&shop, "t").row_format, "Dynamic");
    assert_eq!(table(&shop, "t").innodb, None);
}

#[tokio::test]
async fn a_busy_server_is_left_alone() {
    let mut world = World::of(Release::V57).await;
    world.run(&["CREATE DATABASE shop", "CREATE TABLE shop.t (a INT)"]).await;
    let names = vec!["shop".to_owned()];
    let gentle = Gentle { connections: 2, max_threads_running: Some(0) };
    let found = AtomicUsize::new(0);
    let mut each = |_| {
        found.fetch_add(1, Ordering::Relaxed);
    };
    // The admin's own sleep is a thread that runs, for longer than the read of an idle server takes.
    let asleep = mysql_async::prelude::Queryable::query_drop(&mut world.admin, "DO SLEEP(2)");
    let read = world.mysql.schemas(&world.at, &names, gentle, &mut each);
    futures_util::pin_mut!(asleep, read);
    match futures_util::future::select(asleep, read).await {
        futures_util::future::Either::Left((slept, read)) => {
            slept.unwrap();
            read.await.unwrap();
        }
        futures_util::future::Either::Right(_) => panic!("it was read while the server was busy"),
    }
    assert_eq!(found.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_prepared_transaction_is_told_as_it_is_rolled_back() {
    let mut world = World::of(Release::V57).await;
    let id = "X'612762',X'FF01',7";
    world.run(&["CREATE DATABASE shop", "CREATE TABLE shop.t (a INT)"]).await;
    for statement in ["XA START", "INSERT", "XA END", "XA PREPARE"] {
        let statement = if statement == "INSERT" {
            "INSERT INTO shop.t VALUES (1)".to_owned()
        } else {
            format!("{statement} {id}")
        };
        world.run(&[&statement]).await;
    }
    assert_eq!(world.instance().await.prepared_xa, Some(vec![id.to_owned()]));
    world.run(&[&format!("XA ROLLBACK {id}")]).await;
    assert_eq!(world.instance().await.prepared_xa, Some(Vec::new()));
}
