//! Events: the catalogue, how they are asked for, and the one with the coordinates.
use sandbox::region::action::*;
use sandbox::region::event::COORDINATES;
use sandbox::region::*;

use crate::scene::{self, Scene};

fn switched(coordinates: CoordinatesEvent) -> (Scene, String) {
    let mut settings = scene::settings(Pace::sandbox());
    settings.faults.coordinates = coordinates;
    let mut scene = Scene::aurora_with(settings);
    let id = scene.create();
    let green = scene.green_of("orders-1");
    scene.switch(&id);
    (scene, green)
}

fn all(scene: &mut Scene) -> Vec<Event> {
    scene.call(DescribeEvents { duration: Some(20160), ..Default::default() }).unwrap().items
}

#[test]
fn the_coordinates_appear_in_each_of_three_homes() {
    let home = |home| CoordinatesEvent { home, ..Default::default() };
    let (scene, green) = switched(home(Home::OldGreenInstance));
    assert_eq!(scene.said(COORDINATES), [("db-instance", green)]);
    let (scene, _) = switched(home(Home::ProductionInstance));
    assert_eq!(scene.said(COORDINATES), [("db-instance", "orders-1".to_owned())]);
    let (scene, _) = switched(home(Home::ProductionCluster));
    assert_eq!(scene.said(COORDINATES), [("db-cluster", "orders".to_owned())]);
}

#[test]
fn the_coordinates_come_before_or_long_after_completion() {
    let at = |after_completed| {
        let (mut scene, _) = switched(CoordinatesEvent { after_completed, ..Default::default() });
        scene.run(700_000);
        let events = all(&mut scene);
        let find = |text: &str| events.iter().find(|event| event.message.starts_with(text)).map(|event| event.at);
        (find(COORDINATES).unwrap(), find("Switchover completed on").unwrap())
    };
    let (coordinates, completed) = at(-800);
    assert!(coordinates < completed);
    let (coordinates, completed) = at(600_000);
    assert_eq!(coordinates, completed + 600_000);
}

#[test]
fn the_coordinates_may_be_missing_doubled_or_contradicted() {
    let (scene, _) = switched(CoordinatesEvent { copies: 0, ..Default::default() });
    assert!(scene.said(COORDINATES).is_empty());
    let (scene, _) = switched(CoordinatesEvent { copies: 2, ..Default::default() });
    assert_eq!(scene.said(COORDINATES).len(), 2);
    let rival = Some(("mysql-bin-changelog.000009".to_owned(), 4));
    let (scene, _) = switched(CoordinatesEvent { rival, ..Default::default() });
    assert_eq!(scene.said(COORDINATES).len(), 2);
    assert_eq!(scene.said(&format!("{COORDINATES}: file mysql-bin-changelog.000009 and position 4")).len(), 1);
}

#[test]
fn the_coordinates_may_be_listed_out_of_order() {
    let (mut scene, _) =
        switched(CoordinatesEvent { out_of_order: true, after_completed: 1_000, ..Default::default() });
    let events = all(&mut scene);
    let place = events.iter().position(|event| event.message.starts_with(COORDINATES)).unwrap();
    assert!(events[..place].iter().any(|earlier| earlier.at > events[place].at));
}

#[test]
fn a_switchover_is_told_on_both_sides() {
    let (scene, _) = switched(CoordinatesEvent::default());
    let started = scene.said("Switchover from DB cluster orders to ");
    assert_eq!(started.len(), 4, "started and completed, on green and on blue: {started:?}");
    assert!(started.iter().all(|(source, _)| *source == "db-cluster"));
    assert_eq!(started.iter().filter(|(_, id)| id == "orders").count(), 2);
    let renamed = scene.region.events().iter().find(|event| event.message.contains("Renamed orders to orders-old1"));
    assert!(renamed.is_some());
    for text in ["Blue/green deployment tasks completed.", "Switchover from orders to", "Switchover completed on"] {
        let said = scene.said(text);
        assert_eq!(said.len(), 1, "{text}");
        assert_eq!(said[0].0, "blue-green-deployment");
    }
}

#[test]
fn an_rds_switchover_is_told_by_instances() {
    let mut scene = Scene::rds();
    let id = scene.create();
    let green = scene.green_of("shop");
    scene.switch(&id);
    assert_eq!(scene.said("Switchover from primary shop to").len(), 4);
    assert_eq!(scene.said("Switchover from read replica shop-r to").len(), 4);
    assert_eq!(scene.said(COORDINATES), [("db-instance", green)]);
}

#[test]
fn events_are_asked_for_by_time_source_and_category() {
    let (mut scene, green) = switched(CoordinatesEvent::default());
    let ask = |scene: &mut Scene, ask: DescribeEvents| scene.call(ask).unwrap().items;
    let of_green = DescribeEvents {
        source_type: Some("db-instance".into()),
        source_identifier: Some(green.clone()),
        ..Default::default()
    };
    assert!(ask(&mut scene, of_green.clone()).iter().any(|event| event.message.starts_with(COORDINATES)));
    let other = DescribeEvents { source_type: Some("db-cluster".into()), ..of_green.clone() };
    assert!(ask(&mut scene, other).is_empty());
    let failures = DescribeEvents { categories: vec!["failure".into()], ..Default::default() };
    assert!(ask(&mut scene, failures).is_empty());
    for wrong in [
        DescribeEvents { source_identifier: Some(green), ..Default::default() },
        DescribeEvents { start_time: Some(2), end_time: Some(1), ..Default::default() },
    ] {
        assert_eq!(scene.refused(wrong), "InvalidParameterCombination");
    }
    let unknown = DescribeEvents { source_type: Some("db".into()), ..Default::default() };
    assert_eq!(scene.refused(unknown), "InvalidParameterValue");
    scene.run(61 * 60_000);
    assert!(ask(&mut scene, of_green.clone()).is_empty(), "an hour, if nothing is said");
    let longer = DescribeEvents { duration: Some(120), ..of_green.clone() };
    assert!(!ask(&mut scene, longer).is_empty());
    scene.run(14 * 24 * 3_600_000);
    let since = DescribeEvents { start_time: Some(scene::START), ..of_green };
    assert!(ask(&mut scene, since).is_empty(), "kept for 14 days");
}

#[test]
fn a_page_may_end_right_before_the_coordinates() {
    let (mut scene, _) = switched(CoordinatesEvent::default());
    let place = all(&mut scene).iter().position(|event| event.message.starts_with(COORDINATES)).unwrap();
    let mut scene = Scene::aurora();
    // One event for each change fills the list up to the boundary.
    for _ in place..20 {
        let change = Change { name: "time_zone".into(), value: "UTC".into(), apply_method: "immediate".into() };
        scene
            .region
            .by_hand(ModifyDBClusterParameterGroup { name: "orders-80".into(), changes: vec![change] })
            .unwrap();
    }
    let id = scene.create();
    scene.switch(&id);
    let paging = Paging { max_records: Some(20), marker: None };
    let first = scene.call(DescribeEvents { paging, ..Default::default() }).unwrap();
    assert_eq!(first.items.len(), 20);
    let paging = Paging { max_records: Some(20), marker: first.marker };
    let second = scene.call(DescribeEvents { paging, ..Default::default() }).unwrap();
    assert!(second.items[0].message.starts_with(COORDINATES), "{:?}", second.items[0]);
}

#[test]
fn decoys_stand_under_other_names_or_before_the_switchover() {
    let home = Home::ProductionInstance;
    let (mut scene, _) = switched(CoordinatesEvent { home, decoys: true, ..Default::default() });
    let told: Vec<Event> = all(&mut scene).into_iter().filter(|event| event.message.starts_with(COORDINATES)).collect();
    let own: Vec<&Event> = told.iter().filter(|event| event.source_id == "orders-1").collect();
    assert_eq!((told.len(), own.len()), (5, 2));
    assert!(own[1].at - own[0].at >= 1_800_000, "one is of an older switchover: {own:#?}");
}

#[test]
fn the_coordinates_may_be_behind_a_whole_page() {
    let (mut scene, green) = switched(CoordinatesEvent { crowd: 120, ..Default::default() });
    let source = DescribeEvents {
        source_identifier: Some(green),
        source_type: Some("db-instance".to_owned()),
        ..Default::default()
    };
    let first = scene.call(source.clone()).unwrap();
    let has = |page: &Page<Event>| page.items.iter().any(|event| event.message.starts_with(COORDINATES));
    assert!(first.marker.is_some() && !has(&first));
    let paging = Paging { marker: first.marker, ..source.paging.clone() };
    assert!(has(&scene.call(DescribeEvents { paging, ..source }).unwrap()));
}
