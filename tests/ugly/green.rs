//! A green whose upgrade fails, and one that is not what blue is.

use std::sync::Arc;

use sandbox::region::{Action, Calls, Fault, Faults, Mishap, Pace, Planned, Rule};
use upgrade::{
    event::{Body, Event, Finding, Level},
    playbook,
    port::objects::Kind,
    runner::Ending,
};

use crate::{
    book::Book,
    operator::Operator,
    support::{
        desk::Desk,
        world::{
            World,
            objects::{object, refused},
        },
    },
};

const REASON: &str = "a column of an old type";

fn failing() -> Faults {
    let mishap = Mishap::CreationFails {
        task: "DB_ENGINE_VERSION_UPGRADE".to_owned(),
        reason: REASON.to_owned(),
        status: "INVALID_CONFIGURATION".to_owned(),
    };
    Faults { mishaps: vec![Planned::once(mishap)], ..Faults::default() }
}

fn findings(told: &[Event]) -> Vec<Finding> {
    let finding = |event: &Event| match &event.body {
        Body::Finding(finding) => Some(finding.clone()),
        _ => None,
    };
    told.iter().filter_map(finding).collect()
}

fn warnings(told: &[Event]) -> String {
    let warning = |event: &Event| match &event.body {
        Body::Warning { message, .. } => Some(message.clone()),
        _ => None,
    };
    told.iter().filter_map(warning).collect::<Vec<_>>().join("\n")
}

fn run(desk: &Desk, world: &World) -> (Ending, Vec<Event>) {
    let mut operator = Operator::new(desk, world);
    let ending = operator.run_with_consent();
    (ending, operator.told)
}

#[test]
fn why_the_upgrade_of_green_failed_is_told() {
    for (book, file) in [(Book::Aurora, "upgrade-prechecks.log"), (Book::Rds, "PrePatchCompatibility.log")] {
        let world = World::new(book.state(failing(), Pace::sandbox()));
        let desk = book.desk(&world.state());
        let (ending, told) = run(&desk, &world);
        assert_eq!(ending.exit_code, 4, "{ending:?}");
        let found = findings(&told);
        let found = found.iter().find(|finding| finding.object == "orders.items").unwrap();
        assert_eq!((found.check.as_str(), found.level, found.message.as_str()), ("oldTemporal", Level::Error, REASON));
        assert!(found.query.as_ref().unwrap().contains(file), "{found:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains("INVALID_CONFIGURATION") && error.causes[0].contains(REASON), "{error:?}");
        let kept = told.iter().find_map(|event| match &event.body {
            Body::Artifact { path, .. } if path.ends_with(file) => Some(path.clone()),
            _ => None,
        });
        assert_eq!(kept.unwrap(), format!("artifacts/green/{file}"));
        // Told again, and not kept again.
        let (again, told) = run(&desk, &world);
        assert_eq!(again.exit_code, 4);
        assert!(findings(&told).iter().any(|finding| finding.object == "orders.items"));
        assert!(!told.iter().any(|event| matches!(event.body, Body::Artifact { .. })));
    }
}

#[test]
fn a_log_that_cannot_be_had_is_a_warning() {
    for action in [Action::DescribeDBLogFiles, Action::DownloadDBLogFilePortion] {
        let mut faults = failing();
        faults.rules.push(Rule::new(action, Calls::All, Fault::ExpiredToken));
        let world = World::new(Book::Aurora.state(faults, Pace::sandbox()));
        let desk = Book::Aurora.desk(&world.state());
        let (ending, told) = run(&desk, &world);
        assert_eq!(ending.exit_code, 4);
        let error = ending.error.unwrap();
        assert!(error.message.contains("INVALID_CONFIGURATION"), "{error:?}");
        assert!(warnings(&told).contains("upgrade prechecks have found could not be read: "), "{}", warnings(&told));
        assert!(world.state().region.faults().rules[0].struck > 0);
    }
}

#[test]
fn a_view_that_green_cannot_read_stops_the_run_until_a_person_goes_on_with_it() {
    let world = World::new(Book::Aurora.state(Faults::default(), Pace::sandbox()));
    world.state().held.broken = vec![refused(Kind::View, "totals", 1064, "You have an error in your SQL syntax")];
    let desk = Book::Aurora.desk(&world.state());
    let (ending, told) = run(&desk, &world);
    assert_eq!((ending.exit_code, ending.next.as_deref()), (4, Some("upgrade run playbook.yaml")), "{ending:?}");
    let found = findings(&told);
    let found = found.iter().find(|finding| finding.check == "view_broken").unwrap();
    assert_eq!((found.object.as_str(), found.level), ("source.totals", Level::Error));
    assert_eq!(found.query.as_deref(), Some("SELECT * FROM `source`.`totals` LIMIT 0"));
    assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 0);
    assert_eq!(world.state().flink.writes, 0, "no job was touched");

    let text = std::fs::read_to_string(desk.folder.path().join("playbook.yaml")).unwrap();
    let exclude = "{ exclude: [{ check: view_broken, object: source.totals, reason: nobody reads it }] }";
    let text = text.replace("- check_green\n", &format!("- check_green: {exclude}\n"));
    let edited = playbook::parse(&text, "playbook.yaml", desk.folder.path()).map_err(|found| found.render(false));
    let desk = Desk { playbook: Arc::new(edited.unwrap()), ..desk };
    let (ending, told) = run(&desk, &world);
    assert!(matches!(ending.exit_code, 0 | 5), "{ending:?}");
    let found = findings(&told);
    let found = found.iter().find(|finding| finding.check == "view_broken").unwrap();
    assert_eq!(found.level, Level::Notice);
    assert!(found.message.ends_with("(excluded: nobody reads it)"), "{found:?}");
    assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 1);
}

#[test]
fn what_was_broken_before_is_a_warning() {
    let world = World::new(Book::Aurora.state(Faults::default(), Pace::sandbox()));
    let broken = vec![refused(Kind::View, "totals", 1356, "View references invalid table")];
    world.state().held.broken = broken.clone();
    world.state().held.broken_on_blue = broken;
    world.state().held.only_green = [object(Kind::Table, "stray")].into();
    (world.state().held.runs_events, world.state().held.event_status) = (true, "ENABLED");
    let desk = Book::Aurora.desk(&world.state());
    let (ending, told) = run(&desk, &world);
    assert!(matches!(ending.exit_code, 0 | 5), "{ending:?}");
    let found = findings(&told);
    for check in ["view_broken", "only_on_green", "event_runs_on_green"] {
        let found = found.iter().find(|finding| finding.check == check).unwrap_or_else(|| panic!("{check}: {found:?}"));
        assert_eq!(found.level, Level::Warning);
    }
}

#[test]
fn what_green_lacks_is_waited_for_and_then_told() {
    for comes in [true, false] {
        let world = World::new(Book::Aurora.state(Faults::default(), Pace::sandbox()));
        world.state().held.only_blue = [object(Kind::Table, "late"), object(Kind::Procedure, "later")].into();
        let desk = Book::Aurora.desk(&world.state());
        let (other, mut looks) = (world.clone(), 0);
        world.listen(move |what, _| {
            looks += u32::from(what == "objects");
            if comes && looks == 3 {
                let mut state = other.state();
                let late = std::mem::take(&mut state.held.only_blue);
                state.held.both.extend(late);
            }
        });
        let (ending, told) = run(&desk, &world);
        let found: Vec<_> = findings(&told).into_iter().filter(|found| found.check == "missing_on_green").collect();
        let waited = told.iter().any(|event| {
            matches!(&event.body, Body::StepProgress { seen, .. } if seen == "only one side has the table source.late and 1 more")
        });
        assert!(waited, "{ending:?}");
        if comes {
            assert!(matches!(ending.exit_code, 0 | 5), "{ending:?}");
            assert_eq!(found, []);
        } else {
            assert_eq!(ending.exit_code, 4);
            let objects: Vec<_> = found.iter().map(|found| found.object.as_str()).collect();
            assert_eq!(objects, ["source.late", "source.later"]);
            assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 0);
        }
    }
}
