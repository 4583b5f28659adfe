//! GTID sets against the servers' own functions, and the set that stands for a place.

use mysql_async::prelude::Queryable as _;
use upgrade::{
    handover::{
        gtid::{GtidSet, complete_set},
        tail::{Ahead, Translation},
    },
    port::{binlog::BinlogRead as _, mysql::MysqlRead as _},
};

use crate::world::World;

const UUIDS: [&str; 3] = [
    "11111111-1111-1111-1111-111111111111",
    "22222222-2222-2222-2222-222222222222",
    "3e11fa47-71ca-11e1-9e33-c80aa9429562",
];

/// A linear congruence: the same sets in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn set(&mut self) -> GtidSet {
        let mut parts = Vec::new();
        for _ in 0..self.below(8) {
            let first = 1 + self.below(30);
            parts.push(format!("{}:{first}-{}", UUIDS[self.below(3) as usize], first + self.below(6)));
        }
        parts.join(",").parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gtid_sets() {
    let world = World::new(
        &[("gtid_mode", "ON"), ("enforce_gtid_consistency", "ON")],
        &[],
        &["CREATE TABLE t (id INT PRIMARY KEY)"],
    )
    .await;
    let mut dice = Dice(7);
    for server in ["blue", "green"] {
        let mut conn = world.admin(server).await;
        for _ in 0..200 {
            let (a, b) = (dice.set(), dice.set());
            let query =
                format!("SELECT GTID_SUBTRACT('{a}', '{b}'), GTID_SUBSET('{a}', '{b}'), GTID_SUBTRACT('{a}', '')");
            let (subtracted, subset, same): (String, u8, String) = conn.query_first(query).await.unwrap().unwrap();
            assert_eq!(a.subtract(&b).to_string(), subtracted.replace('\n', ""), "{a} without {b}");
            assert_eq!(a.is_subset(&b), subset == 1, "{a} in {b}");
            assert_eq!(a.to_string(), same.replace('\n', ""));
        }
    }

    let mut blue = world.shop("blue").await;
    let request = world.request(world.end(&world.blue).await).await;
    for id in 0..20 {
        blue.query_drop(format!("INSERT INTO t VALUES ({id})")).await.unwrap();
        if id % 8 == 7 {
            blue.query_drop("FLUSH BINARY LOGS").await.unwrap();
        }
    }
    let coordinates = world.detach().await;
    let executed = world.mysql.log_end(&world.green).await.unwrap().unwrap().gtid_set.unwrap();
    let mut green = world.shop("green").await;
    green.query_drop("FLUSH BINARY LOGS").await.unwrap();
    green.query_drop("INSERT INTO t VALUES (100)").await.unwrap();
    let complete = complete_set(&world.mysql, &world.green, &coordinates).await.unwrap();
    assert_eq!(complete, executed.parse().unwrap());
    let last = world.mysql.files(&world.green).await.unwrap().pop().unwrap().name;
    let before: GtidSet = world.mysql.previous_gtids(&world.green, &last).await.unwrap().parse().unwrap();
    assert_eq!(before, complete);
    let all = complete_set(&world.mysql, &world.green, &world.end(&world.green).await).await.unwrap();
    let uuid = world.mysql.server(&world.green).await.unwrap().uuid;
    assert_eq!(all.subtract(&complete).to_string(), format!("{uuid}:1"));

    let end = world.end(&world.blue).await;
    let translation = Ahead::default().translate(&world.mysql, &request, &end).await.unwrap();
    let Translation::Exact(mirror) = translation else { panic!("{translation:?}") };
    assert_eq!((mirror.transactions, mirror.boundary.place), (20, coordinates));
    world.down().await;
}
