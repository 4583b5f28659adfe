//! The way back after a rolled-back step: the gate closes, and what was stopped is put back before anything else.

use serde_json::Value;

use super::{ending::Ending, engine::Engine, journal::Record, plan::Placed, transitions::Run, turn::Ended};
use crate::{
    error::{Error, Kind, Result},
    event::Outcome,
    playbook::Playbook,
    step::{
        AnyStep, Fate,
        delete_green::{self, DeleteGreen},
        recall_cdc_jobs::{self, RecallCdcJobs},
        resume_cdc_jobs::{self, ResumeCdcJobs},
    },
};

impl Engine<'_> {
    /// Journals that the other side undid the step's last operation. The error that comes of it: a consent is awaited where
    /// there is a gate.
    pub(super) fn undone(&mut self, index: usize, error: Error) -> Result<Error> {
        let gate = self.steps[..index].iter().rev().find(|step| step.kind == "approve").map(|step| step.id.clone());
        let stopped = ResumeCdcJobs::of(&self.run.recorded(), &[resume_cdc_jobs::STOPPED])?;
        let back = stopped.map(|_| self.run.aside(resume_cdc_jobs::KIND));
        let step = self.run.step(&self.steps[index].id).expect("a step that turns has begun");
        if let Some(last) = step.attempts.0.last() {
            let (step, operation, attempt) = (step.id.clone(), last.id.clone(), last.number);
            self.record(Record::Undone { step, operation, attempt, error: error.clone(), gate: gate.clone(), back })?;
        }
        Ok(if gate.is_some() { Error { kind: Kind::Waiting, ..error } } else { error })
    }

    /// After a rolled-back step: puts back what was stopped, and says how the call ends.
    pub(super) async fn taken_back(&mut self, mut error: Error) -> Ended {
        if self.run.back.is_some() {
            if let Err(ended) = self.put_back().await {
                return ended;
            }
            let unchanged = error.unchanged.take().unwrap_or_default();
            error.unchanged = Some(format!("{unchanged}. The CDC jobs that were stopped run at blue again"));
        }
        if error.kind == Kind::Waiting { Ending::of(error, self.again()).into() } else { error.into() }
    }

    /// Puts back what a rolled-back step had been prepared with, if anything is not back yet.
    pub(super) async fn put_back(&mut self) -> std::result::Result<(), Ended> {
        let Some(back) = self.run.back.clone() else { return Ok(()) };
        let placed = resuming(&self.run, &[resume_cdc_jobs::STOPPED])?
            .ok_or_else(|| Error::bug("There is nothing to put back"))?;
        self.steps.push(placed);
        self.step(self.steps.len() - 1).await.map_err(|ended| match ended {
            Ended::Error(mut error) => {
                error.causes.push(back.error.message);
                Ended::Error(error)
            }
            ended => ended,
        })
    }
}

/// There is no way back once a switchover was asked for and is not known to be undone.
pub fn may_go_back(run: &Run) -> Result<()> {
    let refuse = |what: String, next: &str| {
        Err(Error::drift(what).unchanged("Nothing was changed").hint(format!("Type `{next}`: it looks first")))
    };
    for step in &run.steps {
        match step.kind.as_str() {
            "switchover" => {}
            "submit_cdc_jobs" | "repoint_cdc_jobs" => {
                return refuse(format!("`{}` has begun: jobs read green", step.id), "upgrade run PLAYBOOK");
            }
            _ => continue,
        }
        let out = step.attempts.0.iter().find(|attempt| !matches!(attempt.fate, Fate::Failed(_) | Fate::Undone(_)));
        match out.map(|attempt| &attempt.fate) {
            Some(Fate::Done(_)) => {
                let what = "The switchover was asked for, and is not known to be rolled back: there is no way back";
                return refuse(what.to_owned(), "upgrade run PLAYBOOK");
            }
            Some(_) => {
                let what = "It is not known what became of the switchover";
                return refuse(what.to_owned(), "upgrade run PLAYBOOK");
            }
            None if step.finished.as_ref().is_some_and(|finished| finished.outcome == Outcome::Succeeded) => {
                return refuse("The switchover is done: there is no way back".to_owned(), "upgrade status PLAYBOOK");
            }
            None => {}
        }
    }
    Ok(())
}

/// The steps of an abort, in order: those under way or done by an earlier call of it, and those that have something to do.
pub fn way_back(run: &Run, playbook: &Playbook) -> Result<Vec<Placed>> {
    let mut steps = Vec::new();
    if let Some(recall) = RecallCdcJobs::of(&run.recorded())? {
        steps.push(placed(run.aside(recall_cdc_jobs::KIND), recall_cdc_jobs::KIND, Box::new(recall)));
    }
    steps.extend(resuming(run, &resume_cdc_jobs::TAKES_BACK)?);
    if playbook.target.is_some() {
        let delete = DeleteGreen::of(&run.recorded())?;
        steps.push(placed(run.aside(delete_green::KIND), delete_green::KIND, Box::new(delete)));
    }
    Ok(steps)
}

fn resuming(run: &Run, kinds: &[&str]) -> Result<Option<Placed>> {
    let resume = ResumeCdcJobs::of(&run.recorded(), kinds)?;
    Ok(resume.map(|resume| placed(run.aside(resume_cdc_jobs::KIND), resume_cdc_jobs::KIND, Box::new(resume))))
}

fn placed(id: String, kind: &'static str, step: Box<dyn AnyStep>) -> Placed {
    Placed { id, kind, input: Value::Null, budget: None, step }
}
