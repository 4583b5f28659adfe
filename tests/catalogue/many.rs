//! Thousands of tables, in one schema and in many.

use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use sandbox::parts::Release;
use upgrade::port::{catalogue::CatalogueRead as _, clock::Clock as _};

use crate::world::{GENTLE, World, schemas};

const TABLES: usize = 3_000;

#[tokio::test]
async fn three_thousand_tables() {
    let mut world = World::of(Release::V57).await;
    world.run(&["CREATE DATABASE few", "CREATE DATABASE `ma-ny`"]).await;
    for number in 0..TABLES {
        let schema = if number % 10 == 0 { "few" } else { "ma-ny" };
        world
            .admin
            .query_drop(format!(
                "CREATE TABLE `{schema}`.`t-{number}` (id INT PRIMARY KEY, a INT, b VARCHAR(10), KEY (a), KEY (b, a))"
            ))
            .await
            .unwrap();
    }
    let clock = upgrade::adapter::clock::SystemClock::new();
    let found = schemas(&world.mysql, &world.at, &["few", "ma-ny"], GENTLE).await;
    let took = clock.elapsed();
    println!("{TABLES} tables in {took:?}");
    let counts: Vec<_> = found.iter().map(|schema| schema.tables.len()).collect();
    assert_eq!(counts, [TABLES / 10, TABLES - TABLES / 10]);
    for table in found.iter().flat_map(|schema| &schema.tables) {
        assert_eq!((table.columns.len(), table.indexes.len(), table.indexes[2].parts.len()), (3, 3, 2));
        assert_eq!(table.innodb.as_ref().map(|innodb| innodb.columns.len()), Some(3));
        assert_eq!(table.row_format, "Dynamic");
    }
    // A hundred times what it takes alone: a read that opens tables again for each row of another view takes longer.
    assert!(took < Duration::from_secs(60), "{took:?}");
    let tables: Vec<_> = found
        .iter()
        .flat_map(|schema| schema.tables.iter().map(|table| (schema.name.clone(), table.name.clone())))
        .collect();
    assert_eq!(world.mysql.check_tables(&world.at, &tables, GENTLE).await.unwrap(), []);
}
