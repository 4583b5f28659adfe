//! A run folder with its playbook and scripts, as one call of the program after another finds it.

use std::sync::Arc;

use upgrade::{
    event::StepName,
    playbook::{self, Playbook},
    runner::{
        Placed, Run, Started,
        journal::{Journal, Record},
    },
    step,
};

pub const RUN: &str = "01900000-0000-7000-8000-0123456789ab";

#[derive(Clone)]
pub struct Desk {
    pub folder: Arc<tempfile::TempDir>,
    pub playbook: Arc<Playbook>,
}

impl Desk {
    pub fn journal(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.jsonl")
    }

    pub fn steps(&self) -> Vec<Placed> {
        let placed = self.playbook.steps.iter().enumerate().map(|(place, known)| Placed {
            id: known.id.clone(),
            kind: known.body.kind(),
            input: playbook::step_input(&self.playbook, self.folder.path(), place),
            budget: known.budget,
            step: step::of(&known.body),
        });
        placed.collect()
    }

    pub fn started(&self) -> Started {
        let path = self.journal();
        if path.exists() {
            let (journal, recovered) = Journal::open(&path).unwrap();
            if !recovered.entries.is_empty() {
                let run = Run::fold(&recovered.entries).unwrap();
                return Started { journal, run, resumed: true, warnings: Vec::new() };
            }
            drop(journal);
            std::fs::remove_file(&path).unwrap();
        }
        let journal = Journal::create(&path).unwrap();
        let steps = self.playbook.steps.iter();
        let record = Record::RunStarted {
            run: RUN.to_owned(),
            playbook: "orders".to_owned(),
            target: "aurora cluster orders in us-east-1".to_owned(),
            version: "0".to_owned(),
            steps: steps.map(|step| StepName { id: step.id.clone(), kind: step.body.kind().to_owned() }).collect(),
        };
        let mut started = Started { journal, run: Run::default(), resumed: false, warnings: Vec::new() };
        self.append(&mut started, record);
        started
    }

    pub fn append(&self, started: &mut Started, record: Record) {
        let at = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_454);
        started.run.apply(&record, at).unwrap();
        started.journal.append(record, at).unwrap();
    }
}
