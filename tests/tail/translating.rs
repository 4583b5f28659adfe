//! Positions of a real blue on a real green.

use std::{
    ops::ControlFlow,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use mysql_async::prelude::Queryable as _;
use sandbox::clock;
use upgrade::{
    handover::tail::{Ahead, Located, Mirror, Order, Request, Translation, check_coordinates},
    port::binlog::{BinlogRead as _, Content, Place, Transaction},
};

use crate::world::{World, until};

const ORDERS: &str = "CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, n INT, note VARCHAR(200), KEY (n))";
const LOOSE: &str = "CREATE TABLE loose (v INT, note VARCHAR(50))";

fn exact(translation: Translation) -> Mirror {
    match translation {
        Translation::Exact(mirror) => mirror,
        Translation::Inexact { why, .. } => panic!("{why}"),
    }
}

/// All row transactions of a log from a place on.
async fn all_rows(world: &World, green: bool, from: &Place) -> Vec<Transaction> {
    let mut all = Vec::new();
    let mut each = |transaction: Transaction| {
        if matches!(transaction.content, Content::Rows { .. }) {
            all.push(transaction);
        }
        ControlFlow::Continue(())
    };
    let at = if green { &world.green } else { &world.blue };
    world.mysql.transactions(at, from, &mut each).await.unwrap();
    all
}

async fn first_of_green(world: &World) -> Place {
    let file = world.mysql.files(&world.green).await.unwrap().remove(0).name;
    Place { file, position: 4 }
}

/// What a hand count says: of green's transactions that blue wrote, the last as many as blue's tail has.
async fn by_hand(world: &World, request: &Request) -> (Place, usize) {
    let tail = all_rows(world, false, &request.from).await.len();
    let green = all_rows(world, true, &first_of_green(world).await).await;
    let blues: Vec<_> = green.iter().filter(|one| request.blue_server_ids.contains(&one.server_id)).collect();
    (blues[blues.len() - tail].start.clone(), tail)
}

/// Several sessions that write until they are told to stop; each has its own part of the keys.
struct Writers {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Writers {
    async fn start(world: &World, sessions: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        for session in 0..sessions {
            let mut conn = world.shop("blue").await;
            let stop = Arc::clone(&stop);
            tasks.push(tokio::spawn(async move {
                for turn in 0.. {
                    if stop.load(Relaxed) {
                        break;
                    }
                    let statement = match turn % 4 {
                        0 | 1 => format!(
                            "INSERT INTO orders (n, note) VALUES ({session}, 'a'), ({session}, REPEAT('b', {}))",
                            turn % 150
                        ),
                        2 => format!(
                            "UPDATE orders SET note = 'turn {turn}' WHERE n = {session} ORDER BY id DESC LIMIT 2"
                        ),
                        _ => format!("DELETE FROM orders WHERE n = {session} ORDER BY id LIMIT 1"),
                    };
                    conn.query_drop(statement).await.unwrap();
                }
            }));
        }
        Self { stop, tasks }
    }

    async fn stop(self) {
        self.stop.store(true, Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

async fn written(world: &World, request: &Request, at_least: usize) {
    until("blue is written to", async || all_rows(world, false, &request.from).await.len() >= at_least).await;
}

/// A writer that never stops, files that change on both sides, reading ahead, and writes of green's own.
async fn handover(of_green: &[(&str, &str)], preserved: bool) {
    let rotating = [("max_binlog_size", "65536")];
    let world = World::new(&rotating, of_green, &[ORDERS, LOOSE]).await;
    let mut blue = world.shop("blue").await;
    let writers = Writers::start(&world, 4).await;
    let begin = world.request(world.end(&world.blue).await).await;
    written(&world, &begin, 200).await;

    let request = Request { from: world.end(&world.blue).await, ..begin };
    let ahead = Ahead::default();
    written(&world, &request, 100).await;
    ahead.read_on(&world.mysql, &request).await.unwrap();
    until("the begin of the tail is located", async || {
        let located = ahead.locate(&world.mysql, &request, 50).await.unwrap();
        matches!(located, Located::At { transactions: 50, .. })
    })
    .await;
    let Located::At { start: located, .. } = ahead.locate(&world.mysql, &request, 50).await.unwrap() else { panic!() };
    written(&world, &request, 400).await;
    writers.stop().await;
    // Equal ones, and rows that green's applier may find in another order.
    for _ in 0..5 {
        blue.query_drop("INSERT INTO loose VALUES (1, 'x')").await.unwrap();
    }
    blue.query_drop("UPDATE loose SET v = v + 1").await.unwrap();
    blue.query_drop("FLUSH BINARY LOGS").await.unwrap();

    let coordinates = world.detach().await;
    let mut green = world.shop("green").await;
    green.query_drop("INSERT INTO orders (n, note) VALUES (99, 'green')").await.unwrap();
    let end = world.end(&world.blue).await;
    assert_ne!(request.from.file, end.file, "over several files");

    let mirror = exact(ahead.translate(&world.mysql, &request, &end).await.unwrap());
    let (start, count) = by_hand(&world, &request).await;
    assert_eq!(mirror.transactions, count as u64);
    assert_eq!(mirror.boundary.place, coordinates, "the coordinates, without being told");
    assert_eq!(mirror.boundary.green_before, None);
    let first_green = mirror.boundary.first_green.clone().unwrap();
    assert_eq!(all_rows(&world, true, &coordinates).await[0].start, first_green);
    if preserved {
        assert_eq!(mirror.order, Order::Preserved);
        assert_eq!(mirror.start, start);
        assert_eq!(located, start, "what was located while both grew");
    }
    let tail: Vec<_> = all_rows(&world, false, &request.from).await.into_iter().map(|one| one.content).collect();
    for (what, start) in [("translated", &mirror.start), ("located", &located)] {
        let mut replayed: Vec<_> = all_rows(&world, true, start).await.into_iter().map(|one| one.content).collect();
        for one in &tail {
            let at = replayed.iter().position(|other| other == one);
            assert!(at.is_some(), "{what}: a transaction of the tail stands before {start}");
            replayed.swap_remove(at.unwrap());
        }
    }
    let fresh = exact(Ahead::default().translate(&world.mysql, &request, &end).await.unwrap());
    assert_eq!(fresh, mirror, "whether it was read ahead or not");

    let checked = async |pair: &Place| {
        check_coordinates(&world.mysql, &world.green, &request.blue_server_ids, pair).await.unwrap()
    };
    assert!(checked(&coordinates).await.is_exact());
    assert!(checked(&world.end(&world.green).await).await.green_before.is_some());
    assert!(checked(&mirror.start).await.blue_after.is_some());
    assert!(!checked(&Place { position: coordinates.position - 5, ..coordinates.clone() }).await.between_transactions);
    let clean = Request { from: end.clone(), ..request.clone() };
    assert_eq!(exact(Ahead::default().translate(&world.mysql, &clean, &end).await.unwrap()).start, coordinates);
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_applier() {
    handover(&[], true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_appliers_that_keep_the_order() {
    let workers = [
        ("slave_parallel_workers", "4"),
        ("slave_parallel_type", "LOGICAL_CLOCK"),
        ("slave_preserve_commit_order", "ON"),
    ];
    handover(&workers, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_appliers_that_do_not() {
    let workers = [
        ("slave_parallel_workers", "4"),
        ("slave_parallel_type", "LOGICAL_CLOCK"),
        ("slave_preserve_commit_order", "OFF"),
    ];
    handover(&workers, false).await;
}

/// Green cuts rows into other events than blue did, or the other way round: large rows, and many of them.
#[tokio::test(flavor = "multi_thread")]
async fn large_transactions_cut_differently() {
    let world =
        World::new(&[("binlog_row_event_max_size", "1024")], &[("binlog_row_event_max_size", "65536")], &[ORDERS])
            .await;
    let request = world.request(world.end(&world.blue).await).await;
    let mut blue = world.shop("blue").await;
    let rows = (0..2000).map(|n| format!("({n}, REPEAT('x', {}))", n % 200)).collect::<Vec<_>>().join(",");
    for statement in [
        format!("INSERT INTO orders (n, note) VALUES {rows}"),
        "UPDATE orders SET note = REVERSE(note), n = n + 1".to_owned(),
        "DELETE FROM orders WHERE n % 2 = 0".to_owned(),
    ] {
        blue.query_drop(statement).await.unwrap();
    }
    let coordinates = world.detach().await;
    let end = world.end(&world.blue).await;
    let mirror = exact(Ahead::default().translate(&world.mysql, &request, &end).await.unwrap());
    assert_eq!((mirror.order, mirror.transactions, mirror.rows), (Order::Preserved, 3, 5000));
    assert_eq!(mirror.start, by_hand(&world, &request).await.0);
    assert_eq!(mirror.boundary.place, coordinates);
    let events = async |server: &str, file: &str| {
        let all = crate::world::events(&mut world.admin(server).await, file).await;
        all.iter().filter(|(_, kind, ..)| kind.ends_with("_rows")).count()
    };
    assert_ne!(events("blue", &end.file).await, events("green", &coordinates.file).await, "they are cut differently");
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_green_has_otherwise_is_not_exact() {
    let world = World::new(&[], &[], &[ORDERS]).await;
    let request = world.request(world.end(&world.blue).await).await;
    let mut blue = world.shop("blue").await;
    blue.query_drop("INSERT INTO orders VALUES (1, 1, 'a')").await.unwrap();
    world.caught_up().await;
    // Green's row is another one, so is what it logs of an update; the number of transactions is the same.
    let mut green = world.shop("green").await;
    for statement in ["SET GLOBAL super_read_only = 0", "SET sql_log_bin = 0", "UPDATE orders SET n = 2"] {
        green.query_drop(statement).await.unwrap();
    }
    blue.query_drop("UPDATE orders SET note = 'b'").await.unwrap();
    world.caught_up().await;
    let end = world.end(&world.blue).await;
    let translation = Ahead::default().translate(&world.mysql, &request, &end).await.unwrap();
    let Translation::Inexact { why, boundary } = translation else { panic!("{translation:?}") };
    assert!(why.contains("1 of the 2 transactions"), "{why}");
    assert!(boundary.is_some());

    let request = world.request(end).await;
    blue.query_drop("ALTER TABLE orders ADD c INT").await.unwrap();
    blue.query_drop("INSERT INTO orders (n) VALUES (2)").await.unwrap();
    let coordinates = world.detach().await;
    let end = world.end(&world.blue).await;
    let translation = Ahead::default().translate(&world.mysql, &request, &end).await.unwrap();
    let Translation::Inexact { why, boundary } = translation else { panic!("{translation:?}") };
    assert!(why.contains("ALTER TABLE orders ADD c INT"), "{why}");
    assert_eq!(boundary.unwrap().place, coordinates);
    let located = Ahead::default().locate(&world.mysql, &request, 1).await.unwrap();
    assert!(matches!(located, Located::Nowhere(why) if why.contains("ALTER TABLE")));
    world.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_transactions() {
    const COUNT: u64 = 100_000;
    let world = World::new(&[], &[], &[ORDERS]).await;
    let mut blue = world.shop("blue").await;
    blue.query_drop(format!(
        "CREATE PROCEDURE fill() BEGIN DECLARE i INT DEFAULT 0; \
         WHILE i < {COUNT} DO INSERT INTO orders (n, note) VALUES (i, 'a'), (i, 'b'); SET i = i + 1; END WHILE; END"
    ))
    .await
    .unwrap();
    let request = world.request(world.end(&world.blue).await).await;
    blue.query_drop("CALL fill()").await.unwrap();
    let coordinates = world.detach().await;
    let end = world.end(&world.blue).await;
    let before = peak_kb();
    let started = clock::start();
    let mirror = exact(Ahead::default().translate(&world.mysql, &request, &end).await.unwrap());
    let (took, after) = (started.elapsed(), peak_kb());
    println!("{COUNT} transactions translated in {took:.2?}; peak memory {before} kB before, {after} kB after");
    assert_eq!((mirror.transactions, mirror.rows, mirror.order), (COUNT, 2 * COUNT, Order::Preserved));
    assert_eq!(mirror.boundary.place, coordinates);
    assert!(after < before + 64 * 1024, "memory grew with the tail");
    world.down().await;
}

/// The most memory this process ever had, in kB. Linux sums it from counters that lag behind each other, so it can come
/// out a little less than before.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
