//! The checks of structure on real servers: what they find, and what the upgrade in place does with it.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be, helpers too")]

#[path = "../support/in_place.rs"]
mod in_place;

use in_place::{Bench, Outcome};

#[tokio::test(flavor = "multi_thread")]
async fn the_bench_tells_what_passes_from_what_is_refused_and_what_crashes() {
    let bench = Bench::prepare().await;
    let clean = bench.old(0, &[]).await;
    clean.run(&["CREATE DATABASE shop", "CREATE TABLE shop.t (id INT PRIMARY KEY)"]).await;
    let outcome = clean.upgrade().await;
    assert!(outcome.passes(), "{outcome:?}");

    let refused = bench.old(0, &[]).await;
    let table = "CREATE TABLE shop.p (id INT) ENGINE = MyISAM PARTITION BY HASH (id) PARTITIONS 2";
    refused.run(&["CREATE DATABASE shop", table]).await;
    let outcome = refused.upgrade().await;
    assert!(outcome.refuses_with("MY-013140"), "{outcome:?}");

    let crash = bench.old(0, &[]).await;
    crash.run(&["CREATE TABLE mysql.global_grants (id INT PRIMARY KEY)"]).await;
    let outcome = crash.upgrade().await;
    assert_eq!(outcome, Outcome::Crashes(11));
}
