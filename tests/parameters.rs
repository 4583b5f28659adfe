//! Parameter groups and the keeping of logs in whole runs against a pretended region with virtual time.
#![allow(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

#[path = "support/ordinary.rs"]
mod ordinary;
#[allow(dead_code, reason = "the tests of whole runs use more of it")]
mod support;

use std::sync::Arc;

use ordinary::{check, host};
use sandbox::region::{
    Faults, Level, ServerId,
    action::{Change, DescribeDBClusterParameters, DescribeDBParameters, ModifyDBClusterParameterGroup},
};
use serde_json::Value;
use support::{
    desk::Desk,
    world::{Loss, State, World},
};
use upgrade::{
    event::{Body, Event, Proposal},
    step,
};

const STEP: &str = "  - sync_parameter_group\n";

fn world() -> World {
    World::new(State::aurora(Faults::default()))
}

/// Begins with `prepare`.
fn desk(world: &World) -> Desk {
    Desk::new(&host(&world.state())).edited("  - precheck\n", "  - prepare\n  - precheck\n")
}

fn blue_has(world: &World, level: Level, group: &str, values: &[(&str, &str)]) {
    world.state().region.set_parameters(level, group, values).unwrap();
}

fn outputs(events: &[Event], id: &str) -> Value {
    let found = events.iter().find_map(|event| match &event.body {
        Body::StepFinished { step, outputs, .. } if step == id => Some(outputs.clone()),
        _ => None,
    });
    found.unwrap()
}

fn warnings(events: &[Event]) -> Vec<String> {
    let warning = |event: &Event| match &event.body {
        Body::Warning { message, .. } => Some(message.clone()),
        _ => None,
    };
    events.iter().filter_map(warning).collect()
}

/// The group that this run makes.
const CLUSTER_GROUP: &str = "upgrade-orders-80-aurora-mysql8-0-cluster-456789ab";
const INSTANCE_GROUP: &str = "upgrade-orders-80-aurora-mysql8-0-instance-456789ab";

/// What green's group of this level holds.
fn green_has(world: &World, level: Level, name: &str) -> Option<String> {
    let source = Some("user".to_owned());
    let region = &mut world.state().region;
    let shown = match level {
        Level::Cluster => {
            let name = CLUSTER_GROUP.to_owned();
            region.by_hand(DescribeDBClusterParameters { name, source, ..Default::default() })
        }
        Level::Instance => {
            let name = INSTANCE_GROUP.to_owned();
            region.by_hand(DescribeDBParameters { name, source, ..Default::default() })
        }
    };
    shown.unwrap().items.into_iter().find(|shown| shown.name == name)?.value
}

fn plan(world: &World, desk: &Desk) -> Vec<Proposal> {
    let known = step::Known {
        run: String::new(),
        playbook: Arc::clone(&desk.playbook),
        outputs: Default::default(),
        since: time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_454),
        consents: None,
        earlier: 0,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let steps = desk.steps();
    runtime.block_on(upgrade::runner::propose(&steps, None, &world.read(), known)).unwrap().0
}

#[test]
fn a_dry_run_shows_every_parameter_with_its_fate() {
    let world = world();
    blue_has(&world, Level::Cluster, "orders57", &[("tx_isolation", "READ-COMMITTED"), ("general_log", "1")]);
    let desk = desk(&world);
    let proposals = plan(&world, &desk);
    assert_eq!(world.state().writes(), 0);
    let table = |id: &str| proposals.iter().find(|proposal| proposal.step == id).unwrap().table.clone();
    assert_eq!(table("switchover"), None);
    let table = table("sync_parameter_group").unwrap();
    assert_eq!(table.columns, ["parameter", "blue", "green", "why"]);
    let row =
        |name: &str| table.rows.iter().find(|row| row[0].starts_with(name)).unwrap_or_else(|| panic!("{name}")).clone();
    assert_eq!(row("query_cache_size")[1..3], ["1048576", "–"]);
    let renamed = "renamed: its name in aurora-mysql8.0";
    assert_eq!(
        row("tx_isolation"),
        ["tx_isolation → transaction_isolation", "READ-COMMITTED", "READ-COMMITTED", renamed]
    );
    assert_eq!(row("general_log"), ["general_log", "1", "1", "carried over"]);
    assert_eq!(row("character_set_server")[1..3], ["latin1", "utf8mb4"]);
    assert!(row("character_set_server")[3].starts_with("new default: "));
}

#[test]
fn parameters_go_over_in_batches_with_what_the_playbook_wants() {
    let world = world();
    let many: Vec<(&str, &str)> = [
        "net_read_timeout",
        "net_write_timeout",
        "lock_wait_timeout",
        "interactive_timeout",
        "connect_timeout",
        "back_log",
        "max_connect_errors",
        "innodb_lock_wait_timeout",
        "innodb_purge_threads",
        "innodb_sync_array_size",
        "group_concat_max_len",
        "max_prepared_stmt_count",
        "max_execution_time",
        "innodb_open_files",
        "slave_net_timeout",
        "join_buffer_size",
        "read_buffer_size",
        "binlog_cache_size",
        "max_heap_table_size",
        "innodb_online_alter_log_max_size",
    ]
    .into_iter()
    .zip([
        "31",
        "61",
        "3600",
        "28801",
        "11",
        "151",
        "1000",
        "51",
        "2",
        "16",
        "65536",
        "16383",
        "1000",
        "4001",
        "30",
        "262144",
        "131072",
        "65536",
        "16777216",
        "134217728",
    ])
    .collect();
    blue_has(&world, Level::Cluster, "orders57", &many);
    let keys = "  - sync_parameter_group: { pin: [character_set_server], set: { long_query_time: \"1\" } }\n";
    let desk = desk(&world).edited(STEP, keys);
    let (ending, events) = desk.call(&world, true);
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    check(&world.state(), "many parameters");
    for (name, value) in many.iter().filter(|(name, _)| *name != "slave_net_timeout") {
        assert_eq!(green_has(&world, Level::Cluster, name).as_deref(), Some(*value), "{name}");
    }
    assert_eq!(green_has(&world, Level::Cluster, "replica_net_timeout").as_deref(), Some("30"));
    assert_eq!(green_has(&world, Level::Cluster, "long_query_time").as_deref(), Some("1"));
    assert_eq!(green_has(&world, Level::Cluster, "character_set_server").as_deref(), Some("latin1"));
    assert!(world.state().applied("ModifyDBClusterParameterGroup") >= 3, "one for the creation, twenty in a call");
    let told = warnings(&events);
    assert!(
        told.iter().any(|text| text.contains("local_infile") && text.contains("`pin: [local_infile]`")),
        "{told:?}"
    );
    assert!(told.iter().all(|text| !text.contains("character_set_server")), "{told:?}");
    let page = std::fs::read_to_string(desk.folder.path().join("artifacts/parameters.md")).unwrap();
    assert!(page.contains("| character_set_server | latin1 | latin1 | pinned: "), "{page}");
    assert!(page.contains("| long_query_time | 2 | 1 | set: the playbook sets it |"), "{page}");
}

#[test]
fn what_blues_instances_had_goes_to_the_cluster_where_green_has_it_there() {
    let world = world();
    {
        let mut state = world.state();
        state.region.add_parameter_group(Level::Instance, "members57", "aurora-mysql5.7").unwrap();
        let values = [("lower_case_table_names", "1"), ("max_connections", "500")];
        state.region.set_parameters(Level::Instance, "members57", &values).unwrap();
        for member in ["orders-1", "orders-2"] {
            state.region.change_instance(member, |member| member.parameter_group = "members57".to_owned()).unwrap();
        }
    }
    let desk = desk(&world);
    let (ending, events) = desk.call_until(&world, true, Some("reboot_green"));
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    assert_eq!(green_has(&world, Level::Cluster, "lower_case_table_names").as_deref(), Some("1"));
    assert_eq!(green_has(&world, Level::Instance, "lower_case_table_names"), None);
    assert_eq!(green_has(&world, Level::Instance, "max_connections").as_deref(), Some("500"));
    let told = warnings(&events);
    assert!(told.iter().all(|text| !text.contains("lower_case_table_names")), "{told:?}");
}

#[test]
fn what_the_playbook_asks_and_green_cannot_have_is_refused_before_anything_is_made() {
    for (keys, why) in [
        ("pin: [no_such_thing]", "no_such_thing, which no group of green has"),
        ("set: { binlog_format: MIXED }", "could not read green after the switchover"),
        ("set: { long_query_time: soon }", "allows 0-31536000"),
    ] {
        let world = world();
        let desk = desk(&world).edited(STEP, &format!("  - sync_parameter_group: {{ {keys} }}\n"));
        let proposals = plan(&world, &desk);
        assert!(
            proposals.iter().any(|proposal| proposal.why.as_ref().is_some_and(|said| said.contains(why))),
            "{keys}"
        );
        let (ending, _) = desk.call(&world, true);
        assert_eq!(ending.exit_code, 4, "{keys}: {ending:?}");
        assert!(ending.error.unwrap().message.contains(why), "{keys}");
        assert_eq!(world.state().applied("CreateDBClusterParameterGroup"), 0, "{keys}");
    }
}

#[test]
fn what_somebody_changes_meanwhile_is_told_and_not_overwritten() {
    let world = world();
    let desk = desk(&world);
    assert_eq!(desk.call_until(&world, true, Some("create_blue_green")).0.exit_code, 0);
    // As soon as this run has set it.
    let other = world.clone();
    let changed = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let once = Arc::clone(&changed);
    world.listen(move |call, after| {
        if after && call == "modify parameter group" && !once.swap(true, std::sync::atomic::Ordering::SeqCst) {
            blue_has(&other, Level::Cluster, CLUSTER_GROUP, &[("long_query_time", "7")]);
        }
    });
    for _ in 0..2 {
        let (ending, _) = desk.call(&world, true);
        assert!(changed.load(std::sync::atomic::Ordering::SeqCst), "it was changed");
        assert_eq!(ending.exit_code, 7, "{ending:?}");
        let error = ending.error.unwrap();
        assert!(error.message.contains("long_query_time in the parameter group"), "{error}");
        assert!(error.message.contains("was set to 2 by this run, and is 7 now"), "{error}");
        assert!(error.hint.unwrap().contains("aws rds modify-db-cluster-parameter-group"));
        assert_eq!(green_has(&world, Level::Cluster, "long_query_time").as_deref(), Some("7"));
    }
    blue_has(&world, Level::Cluster, CLUSTER_GROUP, &[("long_query_time", "2")]);
    assert_eq!(desk.finish(&world, 2).exit_code, 0);
    check(&world.state(), "set back");
}

#[test]
fn green_is_asked_what_it_runs_with() {
    let world = world();
    let desk = desk(&world);
    world.state().stubborn.insert("long_query_time".to_owned(), "10.000000".to_owned());
    let (ending, events) = desk.call_until(&world, true, Some("reboot_green"));
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    let told = warnings(&events);
    let differs = "long_query_time was set to 2 on green, and its server runs with 10.000000";
    assert!(told.iter().any(|text| text.contains(differs)), "{told:?}");

    let world = self::world();
    let desk = self::desk(&world);
    blue_has(&world, Level::Cluster, "orders57", &[("binlog_row_image", "full")]);
    world.state().stubborn.insert("binlog_row_image".to_owned(), "MINIMAL".to_owned());
    let (ending, _) = desk.call(&world, true);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains("binlog_row_image was set to full on green"), "{error}");
    world.state().stubborn.clear();
    assert_eq!(desk.finish(&world, 2).exit_code, 0);
}

fn retention(world: &World, blue: bool) -> Option<u32> {
    let state = world.state();
    let old = state.servers.server(&ServerId("blue".to_owned())).unwrap().server_uuid.clone();
    let server = state.servers.all().find(|server| (server.server_uuid == old) == blue)?;
    state.retention.get(&server.server_uuid).copied()
}

#[test]
fn logs_are_kept_for_long_enough_on_both_sides_and_the_old_value_is_told() {
    for lost in [None, Some(true), Some(false)] {
        let world = world();
        let desk = desk(&world);
        let losses = |applied| [1, 2].map(|nth| Loss::of("retain logs", nth, applied)).to_vec();
        world.state().losses = lost.map(losses).unwrap_or_default();
        let (ending, events) = desk.call(&world, true);
        assert_eq!(ending.exit_code, 0, "{lost:?}: {ending:?}");
        assert_eq!((retention(&world, true), retention(&world, false)), (Some(72), Some(72)), "{lost:?}");
        let told = outputs(&events, "prepare");
        assert_eq!((&told["binlog_retention_hours"], &told["binlog_retention_hours_before"]), (&72.into(), &24.into()));
        assert_eq!(outputs(&events, "reboot_green")["binlog_retention_hours"], 72);
        assert!(world.state().losses.iter().all(|loss| loss.struck == 1), "{lost:?}");
    }
}

#[test]
fn a_log_that_is_kept_for_longer_stays_so() {
    let world = world();
    let blue = world.state().servers.server(&ServerId("blue".to_owned())).unwrap().server_uuid.clone();
    world.state().retention.insert(blue, 100);
    let desk = desk(&world);
    let (ending, events) = desk.call_until(&world, true, Some("reboot_green"));
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    assert_eq!((retention(&world, true), retention(&world, false)), (Some(100), Some(100)));
    assert_eq!(outputs(&events, "prepare")["binlog_retention_hours_before"], 100);
    assert_eq!(world.state().retentions_set, 1, "on green alone");
}

#[test]
fn blue_is_never_rebooted() {
    let world = world();
    // A static parameter of blue's group that waits for a reboot.
    blue_has(&world, Level::Cluster, "orders57", &[("binlog_format", "MIXED")]);
    let call = ModifyDBClusterParameterGroup {
        name: "orders57".to_owned(),
        changes: vec![Change {
            name: "binlog_format".to_owned(),
            value: "ROW".to_owned(),
            apply_method: "pending-reboot".to_owned(),
        }],
    };
    world.state().region.by_hand(call).unwrap();
    let desk = desk(&world).edited("  - precheck\n", "");
    let writes = world.state().writes();
    let (ending, _) = desk.call(&world, true);
    assert_eq!(ending.exit_code, 4, "{ending:?}");
    let error = ending.error.unwrap();
    assert!(error.message.contains("pending-reboot"), "{error}");
    assert!(error.hint.unwrap().contains("aws rds reboot-db-instance --db-instance-identifier orders-1"));
    assert_eq!(world.state().writes(), writes);
}

#[test]
fn no_switchover_to_a_green_that_would_lose_its_log() {
    let world = world();
    let desk = desk(&world);
    assert_eq!(desk.call_until(&world, true, Some("approve")).0.exit_code, 0);
    let green = {
        let state = world.state();
        state.servers.all().find(|server| server.replicates_from.is_some()).unwrap().server_uuid.clone()
    };
    world.state().retention.insert(green.clone(), 1);
    let (ending, _) = desk.call(&world, true);
    assert_ne!(ending.exit_code, 0, "{ending:?}");
    let told = format!("{ending:?}");
    assert!(told.contains("The retention of green's binary log is 1 h, and 72 h are needed"), "{told}");
    assert_eq!(world.state().applied("SwitchoverBlueGreenDeployment"), 0);
    world.state().retention.insert(green, 72);
    assert_eq!(desk.finish(&world, 3).exit_code, 0);
    check(&world.state(), "kept again");
}

/// Until green runs with everything.
#[test]
fn every_cut_before_the_gate_ends_in_the_same_groups_and_retentions() {
    let world = world();
    blue_has(&world, Level::Cluster, "orders57", &[("tx_isolation", "READ-COMMITTED"), ("general_log", "1")]);
    let last = Some("reboot_green");
    let first = desk(&world);
    world.watch(&first.journal());
    assert_eq!(first.call_until(&world, false, last).0.exit_code, 0);
    let whole = std::fs::read(first.journal()).unwrap();
    let group = |world: &World| {
        let call = DescribeDBClusterParameters {
            name: CLUSTER_GROUP.to_owned(),
            source: Some("user".to_owned()),
            ..Default::default()
        };
        world.state().region.by_hand(call).unwrap().items
    };
    let kept = |world: &World| (retention(world, true), retention(world, false));
    let end = (group(&world), kept(&world));
    let moments = world.moments();
    for write in ["retain logs", "modify parameter group", "reboot"] {
        assert!(moments.iter().any(|moment| moment.what == format!("after {write}")), "a cut after {write} was tried");
    }
    let cuts = world.cuts(&whole, |journal, state, what| {
        let world = World::new(state.clone());
        let desk = desk(&self::world());
        std::fs::write(desk.journal(), journal).unwrap();
        let (ending, _) = desk.call_until(&world, false, last);
        assert_eq!(ending.exit_code, 0, "{what}: {ending:?}");
        assert_eq!((group(&world), kept(&world)), end, "{what}");
        assert_eq!(world.state().applied("RebootDBInstance"), 2, "{what}");
    });
    assert!(cuts > 60, "{cuts} cuts were tried");
}
