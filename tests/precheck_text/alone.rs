//! What stops the upgrade and is told best alone.

use std::{fs, path::Path};

use super::*;
use crate::in_place::{Bench, Outcome};

/// Found as this one line; nothing else is told.
async fn finds(trial: &Trial, check: &str, object: &str) {
    let found = findings(trial, "shop", TO_8015).await;
    assert_eq!(told(&found), [line(check, object, Consequence::StopsTheUpgrade)], "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_definer() {
    let bench = Bench::prepare().await;
    let trial = bench.on_57(0, &[]).await;
    let event = "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO SET @x = 1";
    let statements = [event, "UPDATE mysql.event SET definer = '' WHERE db = 'shop'"];
    make(&trial, &statements.map(str::to_owned)).await;
    finds(&trial, "getEventsWithNullDefiner", "shop.nightly").await;
    let fix = findings(&trial, "shop", TO_8015).await.remove(0).fix.unwrap();
    assert!(trial.upgrade(&[]).await.refuses_with("MY-010022"));

    let mended = bench.on_57(0, &[]).await;
    make(&mended, &statements.map(str::to_owned)).await;
    mended.run(&[&fix]).await;
    assert_eq!(told(&findings(&mended, "shop", TO_8015).await), [""; 0]);
    let outcome = mended.upgrade(&[]).await;
    assert!(outcome.passes(), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_without_a_definer() {
    let bench = Bench::prepare().await;
    let mut trial = bench.on_57(0, &[]).await;
    make(&trial, &["CREATE TRIGGER old_one BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1".to_owned()]).await;
    trial.by_hand(|data| without_line(&data.join("shop/t.TRG"), "definers=")).await;
    finds(&trial, "getTriggersWithNullDefiner", "shop.old_one").await;
    let outcome = trial.upgrade(&[]).await;
    assert!(outcome.refuses_with("MY-010061"), "{outcome:?}");
}

fn without_line(file: &Path, begin: &str) {
    let text = fs::read_to_string(file).unwrap();
    let kept: Vec<_> = text.lines().filter(|line| !line.starts_with(begin)).collect();
    assert!(kept.len() < text.lines().count());
    fs::write(file, kept.join("\n") + "\n").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_whose_names_differ_in_the_case_of_a_letter() {
    let bench = Bench::prepare().await;
    let trial = bench.on_57(0, &[]).await;
    let statements = [
        "CREATE TRIGGER Audit BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1",
        "CREATE TRIGGER audit BEFORE INSERT ON u FOR EACH ROW SET NEW.b = 1",
    ];
    make(&trial, &statements.map(str::to_owned)).await;
    let found = findings(&trial, "shop", TO_8015).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].check.as_str(), found[0].consequence), ("getDuplicateTriggers", Consequence::StopsTheUpgrade));
    let outcome = trial.upgrade(&[]).await;
    assert!(outcome.refuses_with("Duplicate entry"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_routine_and_an_event_of_a_schema_that_is_gone() {
    let bench = Bench::prepare().await;
    let routine = ["CREATE PROCEDURE left_over() SELECT 1", "UPDATE mysql.proc SET db = 'gone' WHERE db = 'shop'"];
    let event = [
        "CREATE EVENT left_over ON SCHEDULE EVERY 1 DAY DO SET @x = 1",
        "UPDATE mysql.event SET db = 'gone' WHERE db = 'shop'",
    ];
    for (statements, crashes) in [(routine, false), (event, true)] {
        let trial = bench.on_57(0, &[]).await;
        make(&trial, &statements.map(str::to_owned)).await;
        finds(&trial, "orphanedObjects", "gone.left_over").await;
        match trial.upgrade(&[]).await {
            Outcome::Refuses(log) => assert!(!crashes && log.iter().any(|line| line.contains("MY-010768")), "{log:?}"),
            Outcome::Crashes(signal) => assert!(crashes && signal == 11),
            Outcome::Passes(log) => panic!("it was to be refused: {log:?}"),
        }
    }
    let mended = bench.on_57(0, &[]).await;
    make(&mended, &[routine, event].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()).await;
    for found in findings(&mended, "shop", TO_8015).await {
        let statements = found.fix.unwrap();
        mended.run(&statements.split("; ").collect::<Vec<_>>()).await;
    }
    assert_eq!(told(&findings(&mended, "shop", TO_8015).await), [""; 0]);
    let outcome = mended.upgrade(&[]).await;
    assert!(outcome.passes(), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_characters() {
    let bench = Bench::prepare().await;
    let check = "auroraUpgradeCheckForSpecialCharactersInProcedures";
    let made = |client: &str| {
        let bytes = "CONCAT('SELECT ''caf', x'e9', '''')";
        [
            "CREATE PROCEDURE bytes() SELECT 'cafe'".to_owned(),
            format!(
                "UPDATE mysql.proc SET body = {bytes}, body_utf8 = {bytes}, character_set_client = '{client}' WHERE name = 'bytes'"
            ),
        ]
    };
    let trial = bench.on_57(0, &[]).await;
    make(&trial, &made("utf8")).await;
    finds(&trial, check, "shop.bytes").await;
    let outcome = trial.upgrade(&[]).await;
    assert!(outcome.refuses_with("MY-010768"), "{outcome:?}");

    for client in ["latin1", "utf8mb4"] {
        let trial = bench.on_57(0, &[]).await;
        make(&trial, &made(client)).await;
        assert_eq!(told(&findings(&trial, "shop", TO_8015).await), [""; 0]);
        let outcome = trial.upgrade(&[]).await;
        assert!(outcome.passes(), "{client}: {outcome:?}");
    }

    let event = ["SET NAMES utf8", "CREATE EVENT smiling ON SCHEDULE EVERY 1 DAY DO SET @x = '\u{1f600}'"];
    let trial = bench.on_57(0, &[]).await;
    make(&trial, &event.map(str::to_owned)).await;
    finds(&trial, check, "shop.smiling").await;
    let outcome = trial.upgrade(&[]).await;
    assert!(outcome.refuses_with("MY-010022"), "{outcome:?}");

    let trial = bench.on_57(0, &[]).await;
    make(&trial, &["CREATE VIEW smile AS SELECT _utf8'\u{1f600}' AS x".to_owned()]).await;
    finds(&trial, "auroraUpgradeCheckForInvalidUtf8mb3CharacterStringInViews", "shop.smile").await;
    let outcome = trial.upgrade(&[]).await;
    assert!(outcome.refuses_with("shop.smile"), "{outcome:?}");
}
