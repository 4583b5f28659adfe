//! A patient operator: types what the last call of the program has named, and nothing else.

use std::{
    ffi::OsString,
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command as Process,
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use upgrade::{
    cli,
    command::{Command, Resolution},
    event::{Event, Observer, Outcome},
    port::clock::Clock as _,
    runner::{
        Ending, Engine, Orders, Placed, Started, Stop, Tell, Verbs,
        journal::{self, Decision, Record},
        may_go_back, way_back,
    },
};

use crate::{
    law,
    support::{
        desk::{Desk, RUN},
        world::World,
    },
};

/// Tries every row, and tells of all that are not as they must be.
pub fn each<R>(rows: Vec<R>, name: impl Fn(&R) -> String, tries: impl Fn(&R)) {
    let mut wrong = Vec::new();
    for row in &rows {
        if catch_unwind(AssertUnwindSafe(|| tries(row))).is_err() {
            wrong.push(name(row));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows: {wrong:#?}", wrong.len(), rows.len());
}

pub const RUN_IT: &str = "upgrade run playbook.yaml";

#[derive(Default)]
struct Seen(Vec<Event>);

impl Observer for Seen {
    fn on(&mut self, event: &Event) {
        self.0.push(event.clone());
    }
}

pub struct Operator<'a> {
    pub desk: &'a Desk,
    pub world: &'a World,
    /// What is said where the outcome of a step is not known.
    pub says: &'static str,
    /// All that was told, of all calls.
    pub told: Vec<Event>,
}

impl<'a> Operator<'a> {
    pub fn new(desk: &'a Desk, world: &'a World) -> Self {
        Self { desk, world, says: "retry", told: Vec::new() }
    }

    /// `upgrade run` with consent to every gate.
    pub fn run_with_consent(&mut self) -> Ending {
        let gates = self.desk.playbook.steps.iter().filter(|step| step.body.kind() == "approve");
        let consents: String = gates.map(|gate| format!(" --approve {}", gate.id)).collect();
        self.types(&format!("{RUN_IT}{consents}"))
    }

    /// Goes on from an ending until all is done, or for so many calls.
    pub fn goes_on(&mut self, mut ending: Ending, calls: usize) -> Ending {
        for _ in 0..calls {
            let Some(next) = ending.next.clone() else { return ending };
            // Whatever is waited for comes, and what was wrong has had time to pass.
            let waits = if ending.exit_code == 5 { 73 } else { 1 };
            if ending.exit_code != 0 && !next.starts_with("upgrade approve") {
                drop(self.world.sleep(Duration::from_secs(waits * 3600)));
            }
            ending = self.types(&next);
        }
        ending
    }

    /// Carries out a command as the program reads it.
    pub fn types(&mut self, line: &str) -> Ending {
        let line = line.replace("'Looked at by hand'", "seen");
        let said = cli::parse(line.split_whitespace().map(OsString::from));
        let said = said.unwrap_or_else(|code| panic!("`{line}` is no command: {code}"));
        match said.command {
            Command::Run { until, approve, new_run: false, dry_run: false, .. } => {
                let started = self.desk.started();
                if let Some(outcome) = started.run.finished {
                    return Ending { outcome, ..Ending::done(None) };
                }
                assert!(started.run.aborting.is_none(), "`{line}` is named for a run that is being aborted");
                self.engine(started, self.desk.steps(), Orders { until, approve, who: "tester@here".to_owned() })
            }
            Command::Approve { step, .. } => {
                let mut started = self.desk.started();
                let digest = started.run.gates[&step].digest.clone();
                self.desk.append(&mut started, Record::Approved { step, digest, who: "tester@here".to_owned() });
                Ending::done(Some(RUN_IT.to_owned()))
            }
            // Shows the choices, of which one is typed.
            Command::Resolve { step, said: None, .. } => {
                let chosen = self.choice(&step);
                self.types(&chosen)
            }
            Command::Resolve { step, said: Some((resolution, reason)), outputs, .. } => {
                let decision = match resolution {
                    Resolution::Done => Decision::Done,
                    Resolution::Retry => Decision::Retry,
                    Resolution::Skip => Decision::Skip,
                };
                assert!(outputs.is_empty());
                if decision == Decision::Done {
                    let steps = self.desk.steps();
                    let placed = steps.iter().find(|placed| placed.id == step).unwrap();
                    placed.step.check_outputs(&Value::Null).unwrap();
                }
                let mut started = self.desk.started();
                assert_eq!(started.run.current().map(|step| step.id.as_str()), Some(step.as_str()), "`{line}`");
                let (who, outputs) = ("tester@here".to_owned(), Value::Null);
                self.desk.append(&mut started, Record::Resolved { step, who, decision, reason, outputs });
                Ending::done(Some(RUN_IT.to_owned()))
            }
            Command::Status { .. } => {
                let status = self.status();
                Ending::done(status["next"].as_str().map(|next| next.replace(&self.path(), "playbook.yaml")))
            }
            Command::Abort { .. } => {
                let mut started = self.desk.started();
                may_go_back(&started.run).unwrap();
                if started.run.aborting.is_none() {
                    self.desk.append(&mut started, Record::AbortStarted { who: "tester@here".to_owned() });
                }
                let steps = way_back(&started.run, &self.desk.playbook).unwrap();
                self.engine(started, steps, Orders::default())
            }
            other => panic!("`{line}` is {other:?}"),
        }
    }

    fn path(&self) -> String {
        self.desk.folder.path().join("playbook.yaml").display().to_string()
    }

    /// The command for what this operator says, as the program itself shows it.
    fn choice(&self, step: &str) -> String {
        let output = self.asks(&["resolve", &self.path(), step]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(8), "{text}");
        let mut events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let chosen = events.find(|event| event["type"] == "choice" && event["as"] == self.says);
        chosen.unwrap()["command"].as_str().unwrap().replace(&self.path(), "playbook.yaml")
    }

    /// What the program itself, as a process of its own, tells of the run.
    pub fn status(&self) -> Value {
        let output = self.asks(&["status", &self.path()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let line = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(line.lines().last().unwrap()).unwrap()
    }

    fn asks(&self, words: &[&str]) -> std::process::Output {
        let runs = self.desk.folder.path().join(".upgrade/runs").join(&self.desk.playbook.name).join(RUN);
        std::fs::create_dir_all(&runs).unwrap();
        std::fs::copy(self.desk.journal(), runs.join("journal.jsonl")).unwrap();
        std::fs::copy(self.path(), runs.join("playbook.yaml")).unwrap();
        let mut program = Process::new(env!("CARGO_BIN_EXE_upgrade"));
        program.args(words).args(["--output", "json"]).output().unwrap()
    }

    fn engine(&mut self, started: Started, steps: Vec<Placed>, orders: Orders) -> Ending {
        let (desk, world) = (self.desk, self.world);
        let ports = (world.read(), world.writer(desk.folder.path().join("artifacts")));
        let mut seen = Seen::default();
        let verbs = Verbs::new("playbook.yaml", None);
        let engine = Engine::new(
            Arc::clone(&desk.playbook),
            steps,
            ports,
            started,
            orders,
            verbs,
            Stop::default(),
            Tell::new(&mut seen),
        );
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ending = runtime.block_on(engine.run());
        self.told.append(&mut seen.0);
        self.check(&ending);
        ending
    }

    /// What is true of every ending.
    fn check(&self, ending: &Ending) {
        let legal = match ending.exit_code {
            0 => matches!(ending.outcome, Outcome::Succeeded | Outcome::Aborted) && ending.error.is_none(),
            5 => ending.outcome == Outcome::Waiting,
            8 => ending.outcome == Outcome::Unknown,
            3 | 4 | 7 => ending.outcome == Outcome::Failed,
            _ => false,
        };
        assert!(legal, "{ending:?}");
        assert_eq!(ending.error.as_ref().map_or(0, upgrade::error::Error::exit_code), ending.exit_code, "{ending:?}");
        assert!(ending.exit_code == 0 || ending.next.is_some(), "every stop names a next command: {ending:?}");
        let last = journal::read(&self.desk.journal()).unwrap().entries.pop().unwrap().record;
        match last {
            Record::Stopped { exit_code, next, .. } => {
                assert_eq!((exit_code, &next), (ending.exit_code, &ending.next));
            }
            Record::RunFinished { exit_code, .. } => assert_eq!(exit_code, ending.exit_code),
            other => panic!("the journal ends with {other:?}"),
        }
        law::hold(&self.world.state(), self.desk, &format!("{ending:?}"));
    }
}
