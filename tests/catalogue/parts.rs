//! Every part of a catalogue, of both releases, under names that are hard to ask for.

use sandbox::parts::Release;
use upgrade::port::catalogue::{CatalogueRead as _, Program};

use crate::world::{GENTLE, World, program, table, text, view};

const ODD: &str = "we-ird \"'`\\ 漢é";
const QUOTED: &str = "`we-ird \"'``\\ 漢é`";

fn quoted(statement: &str) -> String {
    statement.replace("ODD", QUOTED)
}

async fn plant(world: &mut World) {
    for statement in [
        "CREATE DATABASE ODD DEFAULT CHARACTER SET latin1",
        "CREATE DATABASE shop DEFAULT CHARACTER SET utf8mb4",
        "CREATE TABLE ODD.`par-ent` (x INT NOT NULL, y INT, z INT, KEY (x), UNIQUE (y), UNIQUE k2 (z, x))",
        "CREATE TABLE ODD.ODD (id INT NOT NULL AUTO_INCREMENT COMMENT 'it''s', v INT AS (id2 + 1) VIRTUAL, id2 INT DEFAULT 7, \
         `col-é` VARCHAR(300) CHARACTER SET utf8 NOT NULL DEFAULT 'a''b', e ENUM('a','b,c') , f TEXT, p POINT NOT NULL, \
         t TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (id), KEY pre (`col-é`(10), id2) COMMENT 'über', \
         FULLTEXT KEY ft (f), SPATIAL KEY sp (p)) DEFAULT CHARSET=latin1 ROW_FORMAT=COMPACT COMMENT 'a comment'",
        "CREATE TABLE shop.parts (id INT NOT NULL, at DATETIME NOT NULL, PRIMARY KEY (id, at)) \
         PARTITION BY RANGE COLUMNS (at) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 \
         (PARTITION `p-1` VALUES LESS THAN ('2020-01-01'), PARTITION p2 VALUES LESS THAN (MAXVALUE))",
        "CREATE TABLE shop.child (a INT, b INT, c INT, CONSTRAINT `fk-é` FOREIGN KEY (a) REFERENCES ODD.`par-ent` (x), \
         CONSTRAINT fk_y FOREIGN KEY (b) REFERENCES ODD.`par-ent` (y), \
         CONSTRAINT fk_two FOREIGN KEY (c, a) REFERENCES ODD.`par-ent` (z, x))",
        "CREATE TABLE shop.`own-child` (a INT, b INT, UNIQUE (a), FOREIGN KEY (b) REFERENCES shop.`own-child` (a))",
        "CREATE TABLE shop.old_engine (a INT) ENGINE = MyISAM",
        "CREATE VIEW shop.good AS SELECT a AS `a-1`, 1 AS one FROM shop.child",
        "CREATE TABLE shop.base (a INT)",
        "CREATE VIEW shop.broken AS SELECT a FROM shop.base",
        "DROP TABLE shop.base",
        "CREATE PROCEDURE shop.`pro-c` (IN a INT, OUT `b-1` VARCHAR(10)) SELECT 'é' INTO `b-1`",
        "CREATE FUNCTION shop.f (a INT) RETURNS VARCHAR(20) DETERMINISTIC RETURN CONCAT(a, '!')",
        "CREATE TRIGGER shop.`tri-g` BEFORE INSERT ON shop.child FOR EACH ROW SET NEW.a = 1",
        r"CREATE PROCEDURE shop.quotes (IN a INT) COMMENT 'it''s' BEGIN SELECT 'it\'s', a; END",
        r"CREATE TRIGGER shop.quoted BEFORE UPDATE ON shop.child FOR EACH ROW SET NEW.a = LENGTH('it\'s')",
        r"CREATE EVENT shop.quoting ON SCHEDULE EVERY 1 DAY COMMENT 'a DO b' DO SELECT 'it\'s'",
        "CREATE EVENT shop.e ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01 00:00:00' DO SELECT 1",
        "CREATE EVENT shop.off ON SCHEDULE AT '2037-01-01 00:00:00' DISABLE DO SELECT 2",
    ] {
        world.run(&[&quoted(statement)]).await;
    }
}

async fn every_part(world: &World, is_57: bool) {
    let schemas = world.schemas(&["shop", ODD]).await;
    let [shop, odd] = schemas.as_slice() else { panic!("{schemas:#?}") };
    for schema in [shop, odd] {
        assert_eq!(schema.unread, []);
        assert_eq!(schema.only_in_innodb, Vec::<String>::new());
    }
    assert_eq!((shop.name.as_str(), shop.charset.as_str()), ("shop", "utf8mb4"));
    assert_eq!((odd.name.as_str(), odd.collation.as_str()), (ODD, "latin1_swedish_ci"));

    let all = table(odd, ODD);
    assert_eq!(all.engine.as_deref(), Some("InnoDB"));
    assert_eq!(all.row_format.to_uppercase(), "COMPACT");
    assert_eq!(all.collation.as_deref(), Some("latin1_swedish_ci"));
    assert_eq!(text(&all.comment), "a comment");
    assert!(!all.invalid_comment && all.partitions.is_empty());
    let names: Vec<_> = all.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "v", "id2", "col-é", "e", "f", "p", "t"]);
    let [id, v, id2, col, e, f, _, t] = all.columns.as_slice() else { panic!("{:#?}", all.columns) };
    assert_eq!((id.data_type.as_str(), text(&id.comment), id.extra.as_str()), ("int", "it's", "auto_increment"));
    assert!(!id.nullable && id.default.is_none());
    assert!(text(v.generation.as_deref().unwrap()).contains("`id2` + 1"), "{v:?}");
    assert_eq!((id2.default.as_deref(), id2.nullable, id2.generation.as_deref()), (Some(&b"7"[..]), true, None));
    assert_eq!(col.default.as_deref(), Some(&b"a'b"[..]));
    assert_eq!((col.charset.as_deref(), text(&col.column_type)), (Some("utf8"), "varchar(300)"));
    assert_eq!(text(&e.column_type), "enum('a','b,c')");
    assert_eq!(f.collation.as_deref(), Some("latin1_swedish_ci"));
    assert!(t.extra.to_lowercase().contains("on update current_timestamp"), "{t:?}");
    let index = |name: &str| all.indexes.iter().find(|index| index.name == name).unwrap();
    assert_eq!(index("pre").parts, [(Some("col-é".to_owned()), Some(10)), (Some("id2".to_owned()), None)]);
    assert_eq!(text(&index("pre").comment), "über");
    assert!(index("PRIMARY").unique && !index("pre").unique);
    assert_eq!((index("ft").kind.as_str(), index("sp").kind.as_str()), ("FULLTEXT", "SPATIAL"));

    let innodb = all.innodb.as_ref().unwrap();
    assert_eq!(innodb.space_type, "Single");
    let mut fulltext = innodb.fulltext_tables.clone();
    fulltext.retain(|table| !table.starts_with("INDEX_"));
    fulltext.sort_unstable();
    if is_57 {
        assert_eq!(fulltext, ["BEING_DELETED", "BEING_DELETED_CACHE", "CONFIG", "DELETED", "DELETED_CACHE"]);
        let columns: Vec<_> = innodb.columns.iter().map(|(name, mtype)| (name.as_str(), *mtype)).collect();
        let hidden = ("FTS_DOC_ID", 6);
        let told = [("id", 6), ("v", 6), ("id2", 6), ("col-é", 12), ("e", 6), ("f", 5), ("p", 14), ("t", 3), hidden];
        assert_eq!(columns, told);
    }
    assert!(innodb.fulltext_tables.contains(&"INDEX_1".to_owned()), "{innodb:?}");

    let parts = table(shop, "parts");
    let told: Vec<_> = parts.partitions.iter().map(|part| (part.name.as_str(), part.subpartition.as_deref())).collect();
    let subs = [("p-1", Some("p-1sp0")), ("p-1", Some("p-1sp1")), ("p2", Some("p2sp0")), ("p2", Some("p2sp1"))];
    assert_eq!(told, subs);
    let first = &parts.partitions[0];
    assert_eq!((first.method.as_str(), first.submethod.as_deref()), ("RANGE COLUMNS", Some("HASH")));
    assert_eq!(text(first.expression.as_deref().unwrap()), "`at`");
    assert_eq!(text(first.description.as_deref().unwrap()), "'2020-01-01'");
    assert!(parts.innodb.as_ref().is_some_and(|innodb| innodb.shared_spaces.is_empty()));

    let keys: Vec<_> = table(shop, "child").foreign_keys.iter().collect();
    let mut told: Vec<_> = keys.iter().map(|key| (key.name.as_str(), key.parent_is_unique)).collect();
    told.sort_unstable();
    assert_eq!(told, [("fk-é", Some(false)), ("fk_two", Some(true)), ("fk_y", Some(true))]);
    let two = keys.iter().find(|key| key.name == "fk_two").unwrap();
    assert_eq!(
        (two.columns.as_slice(), two.parent_columns.as_slice()),
        (&["c".into(), "a".into()][..], &["z".into(), "x".into()][..])
    );
    assert_eq!(two.parent, (ODD.to_owned(), "par-ent".to_owned()));
    assert!(keys.iter().all(|key| key.parent_engine.as_deref() == Some("InnoDB")));
    let own = &table(shop, "own-child").foreign_keys[0];
    assert_eq!((own.name.as_str(), own.parent_is_unique), ("own-child_ibfk_1", Some(true)));
    assert_eq!(table(shop, "old_engine").engine.as_deref(), Some("MyISAM"));
    assert_eq!(table(shop, "old_engine").innodb, None);

    let good = view(shop, "good");
    assert_eq!((good.definer.as_str(), good.broken.as_deref()), ("rdsadmin@%", None));
    assert!(text(&good.definition).starts_with("select "), "{good:?}");
    assert_eq!(good.columns, ["a-1", "one"]);
    let broken = view(shop, "broken");
    assert!(broken.broken.as_deref().is_some_and(|why| why.contains("references invalid table")), "{broken:?}");
    assert!(text(&broken.definition).contains("`base`"), "{broken:?}");

    let procedure = program(shop, "pro-c");
    assert_eq!((procedure.kind, procedure.definer.as_str()), (Program::Procedure, "rdsadmin@%"));
    assert!(procedure.body.ends_with("SELECT 'é' INTO `b-1`".as_bytes()), "{procedure:?}");
    // With a string in it, 8.0 tells all of it in one.
    let told = [procedure.signature.as_slice(), procedure.body.as_slice()].concat();
    assert!(text(&told).to_lowercase().contains("`b-1` varchar(10)"), "{procedure:?}");
    assert!(procedure.sql_mode.contains("STRICT_TRANS_TABLES"));
    assert!(procedure.charset.starts_with("utf8"), "{procedure:?}");
    let function = program(shop, "f");
    assert_eq!(function.kind, Program::Function);
    let told = [function.signature.as_slice(), function.body.as_slice()].concat();
    assert!(text(&told).to_lowercase().contains("returns varchar(20)"), "{function:?}");
    let trigger = program(shop, "tri-g");
    assert_eq!((trigger.kind, trigger.table.as_deref()), (Program::Trigger, Some("child")));
    assert_eq!(text(&trigger.body), "SET NEW.a = 1");
    // As they were written: information_schema undoes the escapes, after which a string has no end.
    for name in ["quotes", "quoted", "quoting"] {
        assert!(text(&program(shop, name).body).contains(r"'it\'s'"), "{:?}", program(shop, name));
    }
    assert_eq!(text(&program(shop, "quoting").body), r"SELECT 'it\'s'");
    assert_eq!(text(&program(shop, "quoted").body), r"SET NEW.a = LENGTH('it\'s')");
    let (event, off) = (program(shop, "e"), program(shop, "off"));
    assert!(event.enabled && !off.enabled);
    assert_eq!((event.kind, text(&event.body)), (Program::Event, "SELECT 1"));
    assert!(text(&event.signature).starts_with("EVERY 2 DAY STARTS '2030-01-01 00:00:00"), "{event:?}");
    assert!(text(&off.signature).starts_with("AT '2037-01-01 00:00:00"), "{off:?}");
}

async fn whole_server(world: &mut World, is_57: bool) {
    world
        .run(&[
            "CREATE USER 'it''s'@'10.0.%' IDENTIFIED WITH sha256_password BY 'canary-x'",
            "ALTER USER 'it''s'@'10.0.%' ACCOUNT LOCK",
        ])
        .await;
    let instance = world.instance().await;
    if is_57 {
        assert_eq!(instance.unread, []);
        assert_eq!(instance.prepared_xa, Some(Vec::new()));
    }
    assert!(instance.version.starts_with(if is_57 { "5.7.22" } else { "8.0.15" }));
    for schema in ["mysql", "sys", "shop", ODD] {
        assert!(instance.schemas.iter().any(|known| known == schema), "{schema} in {:?}", instance.schemas);
    }
    assert!(!instance.schemas.iter().any(|schema| schema.ends_with("_schema")));
    let variable =
        |name: &str| instance.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(variable("innodb_page_size"), Some("16384"));
    let account = instance.accounts.iter().find(|account| account.name == "'it''s'@'10.0.%'").unwrap();
    assert_eq!((account.plugin.as_str(), account.locked), ("sha256_password", true));
    assert!(instance.plugins.iter().any(|plugin| plugin.name == "InnoDB" && plugin.status == "ACTIVE"));
    let file = instance.files.iter().find(|(space, _)| *space == format!("{ODD}/par-ent"));
    assert!(file.is_some_and(|(_, path)| path.ends_with("/par@002dent.ibd")), "{:?}", instance.files);
    assert!(instance.history_length.is_some());
    assert_eq!(instance.orphans, []);
}

#[tokio::test]
async fn of_5_7() {
    let mut world = World::of(Release::V57).await;
    plant(&mut world).await;
    every_part(&world, true).await;
    whole_server(&mut world, true).await;
}

#[tokio::test]
async fn of_8_0() {
    let mut world = World::of(Release::V80).await;
    plant(&mut world).await;
    every_part(&world, false).await;
    whole_server(&mut world, false).await;
    world
        .run(&[
            "CREATE TABLE shop.`ex-pr` (a INT, b JSON, KEY fun ((a + 1)))",
            "GRANT ROLE_ADMIN, XA_RECOVER_ADMIN ON *.* TO 'it''s'@'10.0.%'",
        ])
        .await;
    let shop = world.schema("shop").await;
    let index = table(&shop, "ex-pr").indexes.first().unwrap();
    assert_eq!((index.name.as_str(), index.parts.as_slice()), ("fun", &[(None, None)][..]));
    let instance = world.instance().await;
    let account = instance.accounts.iter().find(|account| account.name.starts_with("'it''s'")).unwrap();
    assert_eq!(account.privileges, ["ROLE_ADMIN", "XA_RECOVER_ADMIN"]);
}

#[tokio::test]
async fn what_check_table_says() {
    let mut world = World::of(Release::V57).await;
    plant(&mut world).await;
    world.run(&["CREATE VIEW shop.`v.1` AS SELECT a FROM shop.old_engine", "DROP TABLE shop.old_engine"]).await;
    let tables = [("shop", "child"), ("shop", "v.1"), (ODD, ODD), ("shop", "gone")];
    let tables: Vec<_> = tables.iter().map(|(schema, table)| ((*schema).to_owned(), (*table).to_owned())).collect();
    let said = world.mysql.check_tables(&world.at, &tables, GENTLE).await.unwrap();
    assert!(
        said.iter().all(|line| line.schema == "shop" && (line.table == "v.1" || line.table == "gone")),
        "{said:#?}"
    );
    assert!(said.iter().any(|line| line.table == "v.1" && line.kind == "error" && line.text.contains("old_engine")));
    assert!(said.iter().any(|line| line.table == "gone" && line.text.contains("doesn't exist")), "{said:#?}");
}
