//! What an upgrade in place leaves broken on a real green, found by the step itself, and nothing else.

use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use sandbox::clock;
use upgrade::{
    event::{Finding, Level},
    playbook,
    step::{
        Attempts, Next, Step as _,
        check_green::{CheckGreen, Outputs},
    },
};

use crate::green::Deployment;

/// The step from its begin to its end.
async fn check(deployment: &Deployment) -> Result<(Outputs, Vec<Finding>), Vec<Finding>> {
    let step = CheckGreen::new(playbook::CheckGreen { connections: 3, exclude: Vec::new() });
    let began = clock::start();
    loop {
        assert!(began.elapsed() < Duration::from_secs(90));
        let seen = step.observe(&deployment.read, &deployment.known, &Attempts::default()).await.unwrap();
        match step.next(&seen, &deployment.known, &Attempts::default()).unwrap() {
            Next::Wait { .. } => clock::pause(Duration::from_millis(100)).await,
            Next::Done(done) => return Ok((done.outputs, done.findings)),
            Next::FailFor(explained) => return Err(explained.findings),
            _ => panic!("it waits, ends, or fails"),
        }
    }
}

fn told(findings: &[Finding], level: Level) -> Vec<(&str, &str)> {
    let found = findings.iter().filter(|finding| finding.level == level);
    let mut found: Vec<_> = found.map(|finding| (finding.check.as_str(), finding.object.as_str())).collect();
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn views_that_an_upgrade_has_broken_are_found_and_no_others() {
    let mut statements: Vec<String> = [
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))",
        "CREATE TABLE gone (id INT)",
        "CREATE VIEW counted AS SELECT v, COUNT(*) FROM t GROUP BY v",
        "CREATE VIEW `od``d name` AS SELECT id, SLEEP(60) FROM t",
        "CREATE VIEW by_function AS SELECT ENCODE(v, 'x') FROM t",
        "CREATE VIEW by_keyword AS SELECT PASSWORD(v) p FROM t",
        "CREATE VIEW by_order AS SELECT v, COUNT(*) FROM t GROUP BY v DESC",
        "CREATE VIEW above AS SELECT p FROM by_keyword",
        "CREATE VIEW broken_before AS SELECT id FROM gone",
        "DROP TABLE gone",
        "INSERT INTO t VALUES (1, 'x')",
        "CREATE PROCEDURE fine() BEGIN DECLARE `rank` INT; SET `rank` = 1; SELECT v FROM t; END",
        "CREATE FUNCTION answer() RETURNS INT DETERMINISTIC RETURN 42",
        "CREATE TRIGGER filled BEFORE INSERT ON t FOR EACH ROW SET NEW.v = COALESCE(NEW.v, 'x')",
        "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE id < 0",
    ]
    .map(str::to_owned)
    .into();
    statements.extend((0..300).map(|number| format!("CREATE VIEW v{number} AS SELECT id, {number} AS n FROM t")));
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let deployment = Deployment::new(&statements).await;
    let found = check(&deployment).await.unwrap_err();
    assert_eq!(
        told(&found, Level::Error),
        [
            ("view_broken", "shop.above"),
            ("view_broken", "shop.by_function"),
            ("view_broken", "shop.by_keyword"),
            ("view_broken", "shop.by_order"),
        ]
    );
    let warned = told(&found, Level::Warning);
    assert_eq!(warned, [("event_runs_on_green", "shop.nightly"), ("view_broken", "shop.broken_before")], "{found:#?}");
    let keyword = found.iter().find(|finding| finding.object == "shop.by_keyword").unwrap();
    assert!(keyword.message.contains("You have an error in your SQL syntax"), "{keyword:?}");

    for view in ["by_function", "by_keyword", "by_order", "above"] {
        deployment.world.on("source", &format!("CREATE OR REPLACE VIEW {view} AS SELECT id FROM t")).await;
    }
    // Text that is read in one way only under its own mode, before and after one that has none.
    let mut blue = deployment.world.admin("source").await;
    for statement in [
        "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'",
        "CREATE PROCEDURE \"answer quoted\"() SELECT \"t\".\"id\" || '\\' FROM \"t\"",
        "SET SESSION sql_mode = ''",
        "CREATE PROCEDURE `b``o`() SELECT \"text\" AS `ö`",
    ] {
        blue.query_drop(statement).await.unwrap();
    }
    // Made after green was: it comes by replication, switched off.
    deployment.world.on("source", "CREATE EVENT late ON SCHEDULE EVERY 1 DAY DO SELECT 1").await;
    let began = clock::start();
    let (outputs, found) = loop {
        assert!(began.elapsed() < Duration::from_secs(90));
        match check(&deployment).await {
            Ok(ends) => break ends,
            // The views are mended on green as soon as it has applied what blue has logged.
            Err(found) => {
                assert!(told(&found, Level::Error).iter().all(|(check, _)| *check == "view_broken"), "{found:#?}")
            }
        }
    };
    assert_eq!((outputs.tables, outputs.views, outputs.triggers), (1, 307, 1));
    assert_eq!((outputs.procedures, outputs.functions, outputs.events), (3, 1, 2));
    assert!(told(&found, Level::Warning).contains(&("event_off_on_green", "shop.late")), "{found:#?}");
    assert!(!found.iter().any(|finding| finding.check == "not_looked_at"), "{found:#?}");

    deployment.by_hand("DROP VIEW v7").await;
    deployment.by_hand("DROP EVENT nightly").await;
    let found = check(&deployment).await.unwrap_err();
    assert_eq!(told(&found, Level::Error), [("missing_on_green", "shop.nightly"), ("missing_on_green", "shop.v7")]);
    deployment.world.down().await;
}
