//! What holds at every moment, and what is true of every finished run.

use std::collections::BTreeMap;

use sandbox::region::{Action, Mishap, Planned, ServerId};
use upgrade::{
    port::binlog::{Content, Transaction},
    runner::{
        Run,
        journal::{self, Record},
    },
};

use crate::{
    book::{Book, JOB},
    support::{
        desk::Desk,
        world::{Kept, State},
    },
};

/// No call is made twice that may be made once, nothing is deleted that is not the run's own, and the journal is legal.
pub fn hold(state: &State, desk: &Desk, what: &str) {
    let recovered = journal::read(&desk.journal()).unwrap();
    let mut run = Run::default();
    let mut made = Vec::new();
    for entry in &recovered.entries {
        run.apply(&entry.record, entry.at).unwrap_or_else(|error| panic!("{what}: seq {}: {error}", entry.seq));
        if let Record::StepFinished { step, outputs, .. } = &entry.record {
            made.extend(outputs["deployment"].as_str().map(str::to_owned));
            if step == "capture_coordinates" {
                coordinates(state, outputs, what);
            }
        }
    }
    let of = |planned: &&Planned| matches!(planned.mishap, Mishap::SwitchoverCancelled { .. });
    let cancelled = state.region.settings().faults.mishaps.iter().filter(of);
    let cancelled: usize = cancelled.map(|planned| planned.struck as usize).sum();
    let mut switched = 0;
    let mut rebooted = BTreeMap::new();
    for request in state.region.requests() {
        let id = request.params["id"].as_str().or(request.params["name"].as_str()).unwrap_or_default().to_owned();
        match request.action {
            Action::SwitchoverBlueGreenDeployment => {
                assert!(switched <= cancelled, "{what}: a second switchover was asked for");
                switched += usize::from(request.applied());
            }
            Action::RebootDBInstance => {
                assert!(id.contains("-green-"), "{what}: {id} was rebooted");
                assert!(!rebooted.contains_key(&id), "{what}: {id} was rebooted again");
                if request.applied() {
                    rebooted.insert(id, request.at);
                }
            }
            Action::DeleteBlueGreenDeployment => {
                assert!(made.contains(&id) || run.aborting.is_some(), "{what}: {id} was deleted");
            }
            Action::DeleteDBCluster
            | Action::DeleteDBInstance
            | Action::DeleteDBClusterParameterGroup
            | Action::DeleteDBParameterGroup => {
                assert!(run.aborting.is_some() && !id.is_empty(), "{what}: {} {id}", request.action.name());
            }
            _ => {}
        }
    }
}

/// Exactly where green's log has taken over from blue.
fn coordinates(state: &State, outputs: &serde_json::Value, what: &str) {
    let log = green_log(state);
    let green = state.servers.at(&state.production()).and_then(|id| state.servers.server(id)).unwrap();
    let last = log.iter().rev().find(|found| found.server_id != green.server_id).unwrap();
    let captured = (outputs["file"].as_str().unwrap(), outputs["position"].as_u64().unwrap());
    assert_eq!(captured, (last.end.file.as_str(), last.end.position), "{what}: the coordinates");
}

fn green_log(state: &State) -> &[Transaction] {
    let server = state.servers.at(&state.production()).and_then(|id| state.servers.server(id)).unwrap();
    &state.logs[&server.server_uuid]
}

/// The upgrade is done, and the job reads green from where it loses nothing.
pub fn finished(book: Book, state: &State, what: &str) {
    let version = match state.region.cluster("orders") {
        Ok(cluster) => cluster.version.clone(),
        Err(_) => state.region.instance("orders").unwrap().version.clone(),
    };
    assert!(version.starts_with(book.target_version()), "{what}: production is {version}");
    if book != Book::CdcOnly {
        let left = state.region.deployments().iter().filter(|found| found.status.as_str() != "DELETING").count();
        assert_eq!(left, 0, "{what}: the deployment is gone");
        assert_eq!(state.applied("CreateBlueGreenDeployment"), 1, "{what}: one deployment");
    }
    let alive = state.flink.alive(JOB);
    assert_eq!(alive.len(), 1, "{what}: one job");
    assert_eq!(alive[0].marks.get("upgrade.part").map(String::as_str), Some("green"), "{what}");
    assert_eq!(alive[0].host, state.production(), "{what}");
    assert!(state.flink.alive(&format!("{JOB}-drain")).is_empty(), "{what}: no drain is left");
    if state.kept == Kept::Rows && book != Book::Early {
        loses_nothing(state, alive[0].start.clone().unwrap(), what);
    }
    if book == Book::Early {
        assert!(alive[0].restored.is_some() != alive[0].start.is_some(), "{what}: from its own state or place");
    }
}

/// The job starts at the first transaction that it had not read whole on blue.
fn loses_nothing(state: &State, start: (String, u64), what: &str) {
    let mut jobs = state.flink.jobs.iter().rev().filter(|job| job.job.name == JOB);
    let Some((file, position)) = jobs.find_map(|job| job.stopped.clone()) else { return };
    let green = green_log(state);
    let blue = state.servers.server(&ServerId("blue".to_owned())).unwrap();
    let mut log = state.logs[&blue.server_uuid].iter();
    let unread = log.find(|found| (&found.start.file, found.start.position) >= (&file, position));
    let expected = match unread.map(|found| &found.content) {
        Some(content @ Content::Rows { .. }) => {
            green.iter().find(|copy| copy.content == *content).unwrap().start.clone()
        }
        _ => green.iter().rev().find(|copy| copy.server_id == blue.server_id).unwrap().end.clone(),
    };
    assert_eq!(start, (expected.file, expected.position), "{what}: where the job starts");
}
