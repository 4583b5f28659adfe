//! The region's model over real servers: a deployment from its creation to its deletion.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by failing")]

mod support;

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use sandbox::clock;
use sandbox::mysqld::{Login, connect};
use sandbox::region::action::{CreateBlueGreenDeployment, DeleteBlueGreenDeployment, SwitchoverBlueGreenDeployment};
use sandbox::region::event::coordinates_message;
use sandbox::region::{Addresses, Faults, InstanceSpec, Level, Pace, Region, Settings};
use sandbox::serve::Stage;
use support::blue;

/// Lets time pass until the answer is there.
async fn until<T>(stage: &Stage, ask: impl Fn(&mut Region) -> Option<T>) -> T {
    let ask = || async { stage.api.with(&ask) };
    clock::poll(Duration::from_secs(120), Duration::from_millis(20), ask).await.expect("the region comes to it")
}

fn status(region: &Region, id: &str) -> Option<String> {
    region.deployment(id).ok().map(|deployment| deployment.status.as_str().to_owned())
}

async fn version(host: &str, port: u16, login: &Login) -> (String, u8) {
    let address = SocketAddrV4::new(host.parse().unwrap(), port);
    let mut conn = connect(address, login).await.unwrap();
    conn.query_first("SELECT @@version, @@read_only").await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_on_real_servers() {
    // Values of RDS as they are, some unknown to the server itself.
    let set = [("binlog_format", "ROW"), ("tx_isolation", "READ-COMMITTED"), ("slow_query_log", "1")];
    let world = blue(&set).await;
    let claim = world.plane.claim();
    let port = claim.port;
    let mut model = Region::new(Settings {
        account: "123456789012".into(),
        region: "us-east-1".into(),
        seed: 7,
        pace: Pace::sandbox(),
        addresses: Addresses::Loopback { base: claim.base, port },
        faults: Faults::default(),
        start: clock::now(),
    });
    for (group, family) in [("params-57", "mysql5.7"), ("params-80", "mysql8.0")] {
        model.add_parameter_group(Level::Instance, group, family).unwrap();
    }
    model.set_parameters(Level::Instance, "params-57", &set).unwrap();
    model.set_parameters(Level::Instance, "params-80", &[("binlog_format", "ROW")]).unwrap();
    let mut spec = InstanceSpec::primary("orders", "5.7.22", "blue");
    spec.parameter_group = Some("params-57".into());
    model.add_instance(spec).unwrap();
    let production = model.instance("orders").unwrap().endpoint.clone();
    let source = model.arn("db", "orders");

    let stage = Stage::start(model, Arc::new(world.plane), world.folder.path().join("state.json"));
    // Blue's endpoint was opened by the test's own world; the model gives it the same one.
    stage.api.tick();
    let login = world.accounts.upgrade.clone();
    assert!(version(&production, port, &login).await.0.starts_with("5.7.22"));

    let creation = CreateBlueGreenDeployment {
        name: "orders-80".into(),
        source,
        target_engine_version: Some("8.0.15".into()),
        target_instance_parameter_group: Some("params-80".into()),
        ..CreateBlueGreenDeployment::default()
    };
    let deployment = stage.api.with(|region| region.by_hand(creation)).unwrap().id;
    until(&stage, |region| (status(region, &deployment)? == "AVAILABLE").then_some(())).await;
    let green = until(&stage, |region| {
        let arn = region.deployment(&deployment).ok()?.source().target_arn.clone()?;
        region.instances().find(|one| arn.ends_with(&format!(":{}", one.id))).map(|one| one.endpoint.clone())
    })
    .await;
    let (green_version, read_only) = version(&green, port, &login).await;
    assert!(green_version.starts_with("8.0.15"));
    assert_eq!(read_only, 1);

    let switch = SwitchoverBlueGreenDeployment { id: deployment.clone(), ..SwitchoverBlueGreenDeployment::default() };
    // The members are shown available a little later than the deployment.
    until(&stage, |region| region.by_hand(switch.clone()).ok()).await;
    // Production is at a green that takes writes well before the deployment says that it is completed.
    let flipped = || async {
        let state: sandbox::place::State =
            sandbox::place::read_json(&world.folder.path().join("state.json")).unwrap().unwrap_or_default();
        state.flips.first().map(|flip| flip.open_at)
    };
    clock::poll(Duration::from_secs(60), Duration::from_millis(5), flipped).await.expect("the servers are switched");
    assert_eq!(version(&production, port, &login).await, (green_version.clone(), 0));
    let shown = stage.api.with(|region| status(region, &deployment));
    assert_eq!(shown.as_deref(), Some("SWITCHOVER_IN_PROGRESS"));
    until(&stage, |region| (status(region, &deployment)? == "SWITCHOVER_COMPLETED").then_some(())).await;
    assert_eq!(version(&production, port, &login).await, (green_version, 0));
    let old = stage.api.with(|region| region.instance("orders-old1").unwrap().endpoint.clone());
    let (old_version, read_only) = version(&old, port, &login).await;
    assert!(old_version.starts_with("5.7.22"));
    assert_eq!(read_only, 1);

    let state: sandbox::place::State =
        sandbox::place::read_json(&world.folder.path().join("state.json")).unwrap().unwrap();
    assert_eq!(state.failures, Vec::<String>::new());
    let (file, position) = state.flips[0].coordinates.clone().unwrap();
    let message = coordinates_message(&file, position);
    let told =
        |region: &mut Region| region.events().iter().any(|event| event.message.starts_with(&message)).then_some(());
    until(&stage, told).await;

    let delete = DeleteBlueGreenDeployment { id: deployment, ..DeleteBlueGreenDeployment::default() };
    stage.api.with(|region| region.by_hand(delete)).unwrap();
    let lifted = || async { (version(&old, port, &login).await.1 == 0).then_some(()) };
    clock::poll(Duration::from_secs(30), Duration::from_millis(50), lifted).await.expect("old blue takes writes again");
}
