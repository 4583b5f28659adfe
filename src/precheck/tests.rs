//! What RDS would refuse, and how blue and its jobs are: each check with what it is for, and with what comes near it.

use super::{
    check,
    inventory::{Inventory, JobState},
    samples::inventory,
};
use crate::{
    event::{Level, Offset, Phase},
    port::{
        mysql::{Address, OpenTransaction, Replication},
        rds::{Database, Deployment, EngineVersion, GroupRef, Level as Of, Tags, UpgradeTarget},
        side::{Member, RUN_TAG},
    },
};

const TARGET: &str = "8.0.mysql_aurora.3.08.2";

fn version(name: &str) -> EngineVersion {
    EngineVersion {
        engine: "aurora-mysql".to_owned(),
        version: name.to_owned(),
        family: "aurora-mysql8.0".to_owned(),
        upgrade_targets: Vec::new(),
    }
}

/// Blue as RDS takes it, with a writer.
fn sound() -> Inventory {
    let mut seen = inventory();
    seen.target = Some(version(TARGET));
    let target = UpgradeTarget { version: TARGET.to_owned(), major: true };
    seen.current = Some(EngineVersion { upgrade_targets: vec![target], ..version(&seen.blue.engine_version) });
    seen.blue.members = vec![Member {
        id: "orders-1".to_owned(),
        arn: String::new(),
        resource_id: "db-1".to_owned(),
        writer: true,
        status: "available".to_owned(),
        address: Some(Address { host: "orders-1".to_owned(), port: 3306 }),
        parameter_group: GroupRef { level: Of::Instance, name: "i".to_owned() },
        parameters: "in-sync".to_owned(),
    }];
    seen
}

/// The errors and warnings of blue after a change to it.
fn found(change: impl FnOnce(&mut Inventory)) -> Vec<(String, Level)> {
    let mut seen = sound();
    change(&mut seen);
    let findings = check(&seen).into_iter().filter(|finding| finding.level != Level::Notice);
    findings.map(|finding| (finding.check, finding.level)).collect()
}

fn error(check: &str) -> Vec<(String, Level)> {
    vec![(check.to_owned(), Level::Error)]
}

fn warning(check: &str) -> Vec<(String, Level)> {
    vec![(check.to_owned(), Level::Warning)]
}

#[test]
fn nothing_is_wrong_with_a_sound_database() {
    assert_eq!(found(|_| {}), []);
}

#[test]
fn rds_offers_the_version() {
    assert_eq!(found(|seen| seen.target = None), error("engine_version"));
    let not_from_here =
        |seen: &mut Inventory| seen.current.iter_mut().for_each(|current| current.upgrade_targets.clear());
    assert_eq!(found(not_from_here), error("engine_version"));
    assert_eq!(found(|seen| seen.blue.engine_version = TARGET.to_owned()), warning("engine_version"));
}

#[test]
fn no_other_deployment_is_there() {
    let deployment = |run: &str| Deployment {
        id: "bgd-1".to_owned(),
        name: "orders-80".to_owned(),
        status: "AVAILABLE".to_owned(),
        source: String::new(),
        target: None,
        status_details: None,
        created_at: None,
        members: Vec::new(),
        parts: Vec::new(),
        tags: Tags::from([(RUN_TAG.to_owned(), run.to_owned())]),
    };
    assert_eq!(found(|seen| seen.deployments = vec![deployment("another")]), error("deployment_exists"));
    assert_eq!(found(|seen| seen.deployments = vec![deployment("run")]), []);
}

#[test]
fn members_are_ready_and_their_names_short() {
    assert_eq!(found(|seen| seen.blue.members[0].status = "modifying".to_owned()), error("instance_available"));
    let pending = |seen: &mut Inventory| seen.blue.members[0].parameters = "pending-reboot".to_owned();
    assert_eq!(found(pending), error("parameters_in_sync"));
    assert_eq!(found(|seen| seen.blue.members[0].id = "a".repeat(51)), error("name_length"));
    assert_eq!(found(|seen| seen.blue.members[0].id = "a".repeat(50)), []);
}

#[test]
fn blue_is_ready() {
    assert_eq!(found(|seen| seen.blue.status = "backing-up".to_owned()), error("database_available"));
    assert_eq!(found(|seen| seen.blue.managed_password = true), error("managed_password"));
    let replica = |seen: &mut Inventory| seen.blue.replication_source = Some("arn:other".to_owned());
    assert_eq!(found(replica), error("external_source"));
    let follows =
        Replication { running: true, seconds_behind: None, last_error: None, sources: Vec::new(), executed: None };
    assert_eq!(found(|seen| seen.replication = Some(follows.clone())), error("external_source"));
    assert_eq!(found(|seen| seen.replication = Some(Replication { running: false, ..follows })), []);
    assert_eq!(found(|seen| seen.blue.backup_retention_days = 0), [], "an Aurora cluster always has backups");
    let instance = |seen: &mut Inventory| {
        seen.blue.database = Database::RdsInstance("orders".to_owned());
        seen.blue.backup_retention_days = 0;
    };
    assert_eq!(found(instance), error("backups_on"));
}

#[test]
fn the_server_can_be_followed() {
    let server = |change: fn(&mut crate::port::mysql::Server)| {
        move |seen: &mut Inventory| seen.server.iter_mut().for_each(change)
    };
    assert_eq!(found(server(|server| server.read_only = true)), error("writer_endpoint"));
    assert_eq!(found(server(|server| server.log_bin = false)), error("binlog_format"));
    assert_eq!(found(server(|server| server.binlog_format = "MIXED".to_owned())), error("binlog_format"));
    let without_jobs = |seen: &mut Inventory| {
        seen.cdc_jobs.clear();
        seen.server.iter_mut().for_each(|server| server.binlog_format = "MIXED".to_owned());
    };
    assert_eq!(found(without_jobs), warning("binlog_format"));
    let open = |seconds| OpenTransaction { id: "1".to_owned(), user: "report".to_owned(), seconds };
    assert_eq!(found(|seen| seen.open_transactions = vec![open(60)]), error("long_transaction"));
    assert_eq!(found(|seen| seen.open_transactions = vec![open(59)]), []);
    assert_eq!(found(|seen| seen.schemas = vec!["tmp".to_owned()]), error("schema_tmp"));
    assert_eq!(found(|seen| seen.schemas = vec!["tmp2".to_owned()]), []);
}

#[test]
fn one_job_runs_and_its_place_can_be_read() {
    let state = |state: JobState| move |seen: &mut Inventory| seen.cdc_jobs[0].state = state;
    let several = JobState::Several(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(found(state(several)), error("cdc_job_unique"));
    assert_eq!(found(state(JobState::Ended { left: None })), error("cdc_job_state"));
    assert_eq!(found(state(JobState::Ended { left: Some("a savepoint".to_owned()) })), warning("cdc_job_state"));
    assert_eq!(found(state(JobState::Alive("RESTARTING".to_owned()))), warning("cdc_job_state"));
    let unreadable = |seen: &mut Inventory| seen.cdc_jobs[0].unreadable = Some("no rights".to_owned());
    assert_eq!(found(unreadable), error("cdc_state_readable"));
    assert_eq!(found(|seen| seen.cdc_jobs[0].warnings = vec!["odd".to_owned()]), warning("flink_script"));
}

#[test]
fn it_stands_in_blues_log() {
    let offset = |phase, server_id| Offset {
        source: "shop.orders".to_owned(),
        file: "bin.000001".to_owned(),
        position: 4,
        skip_events: 0,
        skip_rows: 0,
        gtid_set: None,
        server_id,
        phase,
    };
    let stands = |offset: Offset| move |seen: &mut Inventory| seen.cdc_jobs[0].offsets = vec![offset];
    assert_eq!(found(stands(offset(Phase::Binlog, Some(1)))), []);
    assert_eq!(found(stands(offset(Phase::Binlog, None))), []);
    assert_eq!(found(stands(offset(Phase::Snapshot, None))), error("cdc_snapshot_phase"));
    assert_eq!(found(stands(offset(Phase::Binlog, Some(2)))), error("cdc_wrong_server"));
}
