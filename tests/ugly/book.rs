//! The shipped playbooks, each with the world it is for.

use std::{path::Path, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use sandbox::region::{
    Faults, Level, Pace, ServerId,
    action::{CreateBlueGreenDeployment, SwitchoverBlueGreenDeployment},
};
use upgrade::{
    event::StepName,
    playbook,
    port::{clock::Clock as _, flink::FlinkRead as _},
    runner::{
        Run,
        journal::{Journal, Record},
    },
};

use crate::support::{
    desk::{Desk, RUN},
    world::{State, World},
};

pub const JOB: &str = "orders-to-target";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book {
    Aurora,
    Early,
    Rds,
    CdcOnly,
    Rehearsal,
}

const SCRIPT: &str = "SET 'pipeline.name' = 'orders-to-target';
CREATE TABLE s (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'mysql-cdc', 'hostname' = 'HOST', 'port' = '3306', 'username' = 'cdc',
  'password' = '${secret:CDC_PASSWORD}', 'database-name' = 'source', 'table-name' = 'source_table');
CREATE TABLE t (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'jdbc', 'url' = 'jdbc:mysql://sink:3306/t', 'table-name' = 't', 'username' = 'u',
  'password' = '${secret:SINK_PASSWORD}');
INSERT INTO t SELECT * FROM s;
";

fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks")
}

impl Book {
    pub const ALL: [Self; 5] = [Self::Early, Self::Aurora, Self::CdcOnly, Self::Rds, Self::Rehearsal];

    fn file(self) -> &'static str {
        match self {
            Self::Aurora => "aurora-mysql.yaml",
            Self::Early => "aurora-mysql-early-move.yaml",
            Self::Rds => "rds-mysql.yaml",
            Self::CdcOnly => "cdc-only.yaml",
            Self::Rehearsal => "rehearsal.yaml",
        }
    }

    fn text(self) -> String {
        let text = std::fs::read_to_string(shipped().join(self.file())).unwrap();
        // A version the pretended region has.
        text.replace("8.4.6", "8.4.7")
    }

    pub fn target_version(self) -> &'static str {
        if self == Self::Rds { "8.4." } else { "8.0." }
    }

    /// The world before the first call of the program.
    pub fn state(self, faults: Faults, pace: Pace) -> State {
        match self {
            Self::Rds => State::instance(faults, 7, pace),
            Self::CdcOnly => switched_by_hand(State::seeded(faults, 7, pace)),
            Self::Aurora | Self::Early | Self::Rehearsal => State::seeded(faults, 7, pace),
        }
    }

    /// A folder with the playbook and its script, and a run of it that has just begun.
    pub fn desk(self, state: &State) -> Desk {
        self.desk_of(state, RUN)
    }

    /// The same for a run of this id.
    pub fn desk_of(self, state: &State, run: &str) -> Desk {
        let desk = self.folder(state);
        let steps = desk.playbook.steps.iter();
        let target = if self == Self::Rds {
            "rds instance orders in eu-central-1"
        } else {
            "aurora cluster orders in us-east-1"
        };
        let record = Record::RunStarted {
            run: run.to_owned(),
            playbook: desk.playbook.name.clone(),
            target: target.to_owned(),
            version: "0".to_owned(),
            steps: steps.map(|step| StepName { id: step.id.clone(), kind: step.body.kind().to_owned() }).collect(),
        };
        let millis = i128::from(state.region.now()) * 1_000_000;
        let at = time::OffsetDateTime::from_unix_timestamp_nanos(millis).unwrap();
        Run::default().apply(&record, at).unwrap();
        Journal::create(&desk.journal()).unwrap().append(record, at).unwrap();
        desk
    }

    fn folder(self, state: &State) -> Desk {
        // A journal is synced at every record, and there are thousands of runs here: where there is memory, it is enough.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let text = self.text();
        std::fs::write(folder.path().join("playbook.yaml"), &text).unwrap();
        std::fs::create_dir(folder.path().join("jobs")).unwrap();
        for script in ["orders.sql", "rehearsal.sql"] {
            let script = folder.path().join("jobs").join(script);
            std::fs::write(script, SCRIPT.replace("HOST", &state.production())).unwrap();
        }
        let playbook = playbook::parse(&text, "playbook.yaml", folder.path()).map_err(|found| found.render(false));
        Desk { playbook: Arc::new(playbook.unwrap()), folder: Arc::new(folder) }
    }
}

/// Somebody has switched over in the console; the job reads on at blue, and looks healthy.
fn switched_by_hand(mut state: State) -> State {
    state.region.add_parameter_group(Level::Cluster, "by-hand", "aurora-mysql8.0").unwrap();
    state.region.set_parameters(Level::Cluster, "by-hand", &[("binlog_format", "ROW")]).unwrap();
    state.flink.jobs[0].stays_at = Some(ServerId("blue".to_owned()));
    let create = CreateBlueGreenDeployment {
        name: "by-hand".to_owned(),
        source: state.region.arn("cluster", "orders"),
        target_engine_version: Some("8.0.mysql_aurora.3.08.2".to_owned()),
        target_cluster_parameter_group: Some("by-hand".to_owned()),
        ..Default::default()
    };
    let id = state.region.by_hand(create).unwrap().id;
    let world = World::new(state);
    until(&world, |state| {
        state.region.deployments()[0].status.as_str() == "AVAILABLE"
            && state.region.instances().all(|instance| instance.status == "available")
    });
    let job = world.state().flink.jobs[0].job.id.clone();
    world.checkpoints(&job).now_or_never().unwrap().unwrap();
    world.state().region.by_hand(SwitchoverBlueGreenDeployment { id, timeout: None }).unwrap();
    until(&world, |state| state.region.deployments()[0].status.as_str() == "SWITCHOVER_COMPLETED");
    let half_a_minute = Duration::from_secs(30);
    drop(world.sleep(half_a_minute));
    world.state().clone()
}

/// Time passes until this is so.
pub fn until(world: &World, so: impl Fn(&State) -> bool) {
    for _ in 0..2_000 {
        if so(&world.state()) {
            return;
        }
        drop(world.sleep(Duration::from_secs(10)));
    }
    panic!("it never comes");
}

#[test]
fn every_shipped_playbook_is_tried() {
    let names = std::fs::read_dir(shipped()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".yaml")).collect();
    names.sort();
    assert_eq!(names, Book::ALL.map(Book::file));
}
