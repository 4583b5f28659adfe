//! Which record may follow which: one pure table, used while a run is live and when it is recovered.

use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;

use super::{
    journal::{Decision, Entry, Record, repeatable},
    plan::intents,
};
use crate::{
    error::{Error, Result},
    event::{Outcome, StepName},
    step::{Attempt, Attempts, Fate, Operation, Policy, Recorded, leads_back, resume_cdc_jobs},
};

/// A run, folded from its records.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub id: String,
    pub playbook: String,
    pub target: String,
    pub since: Option<OffsetDateTime>,
    pub names: Vec<StepName>,
    /// Steps that have begun, in order.
    pub steps: Vec<StepRecord>,
    /// Steps that no playbook names and that lead back, in the order they began.
    pub asides: Vec<StepRecord>,
    pub gates: BTreeMap<String, Gate>,
    /// A switchover was rolled back, and what was stopped for it is not back yet.
    pub back: Option<Back>,
    /// The run is given up.
    pub aborting: Option<Aborting>,
    /// How the last call of the program ended, unless one is at work or was killed.
    pub stopped: Option<Stop>,
    pub finished: Option<Outcome>,
}

#[derive(Debug, Clone)]
pub struct Stop {
    pub outcome: Outcome,
    pub error: Option<Error>,
    pub next: Option<String>,
}

#[derive(Debug, Clone)]
pub struct StepRecord {
    pub id: String,
    pub kind: String,
    pub input: String,
    pub attempts: Attempts<Operation>,
    /// So many of its attempts were taken back since, by a step that leads back.
    pub returned: usize,
    pub finished: Option<Finished>,
}

/// What is to be put back before a run goes on.
#[derive(Debug, Clone)]
pub struct Back {
    /// The id of the step that does it.
    pub aside: String,
    /// The step that was undone, and the gate that wants a new consent to it.
    pub undone: String,
    pub gate: Option<String>,
    pub error: Error,
}

#[derive(Debug, Clone)]
pub struct Aborting {
    pub who: String,
    /// So many steps led back before.
    pub before: usize,
}

#[derive(Debug, Clone)]
pub struct Finished {
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub outputs: Value,
}

/// Where a gate stands.
#[derive(Debug, Clone)]
pub struct Gate {
    pub digest: String,
    pub expires: OffsetDateTime,
    pub approved: Option<String>,
    /// How often it was approved so far.
    pub approvals: u32,
}

impl Run {
    pub fn fold(entries: &[Entry]) -> Result<Self> {
        let mut run = Self::default();
        for entry in entries {
            run.apply(&entry.record, entry.at).map_err(|error| {
                Error::drift(format!("The journal cannot be followed in line {}: {}", entry.seq + 1, error.message))
                    .unchanged("Nothing was changed")
                    .hint("Restore the file from a copy, or look at the database yourself and begin a new run with `--new-run`")
            })?;
        }
        Ok(run)
    }

    pub fn step(&self, id: &str) -> Option<&StepRecord> {
        self.steps.iter().chain(&self.asides).find(|step| step.id == id)
    }

    /// The id of the step of kind `kind` that leads back now: the one under way, or the next one.
    pub fn aside(&self, kind: &str) -> String {
        let of_kind = || self.asides.iter().filter(|aside| aside.kind == kind);
        let since = self.aborting.as_ref().map_or(self.asides.len(), |aborting| aborting.before);
        let held = self.asides.iter().skip(since).find(|aside| aside.kind == kind);
        let open = of_kind().find(|aside| aside.finished.is_none());
        // A playbook's ids hold no dot.
        open.or(held).map_or_else(|| format!("{kind}.{}", of_kind().count() + 1), |aside| aside.id.clone())
    }

    /// What the steps of the playbook have recorded and nothing has taken back yet.
    pub fn recorded(&self) -> Vec<Recorded> {
        let of = |step: &StepRecord| Recorded {
            kind: step.kind.clone(),
            attempts: Attempts(intents(&step.attempts).0.split_off(step.returned)),
            outputs: step.finished.as_ref().map(|finished| finished.outputs.clone()),
        };
        self.steps.iter().map(of).collect()
    }

    /// The step that has begun and not finished.
    pub fn current(&self) -> Option<&StepRecord> {
        self.steps.iter().find(|step| step.finished.is_none())
    }

    /// Takes one record in, or says why it cannot stand here.
    pub fn apply(&mut self, record: &Record, at: OffsetDateTime) -> Result<()> {
        if self.finished.is_some() {
            return Err(illegal(record, "the run has finished"));
        }
        if self.since.is_none() != matches!(record, Record::RunStarted { .. }) {
            return Err(illegal(record, "`run_started` stands first, and only there"));
        }
        if !matches!(record, Record::Approved { .. } | Record::Stopped { .. }) {
            self.stopped = None;
        }
        match record {
            Record::RunStarted { run, playbook, target, steps, .. } => {
                self.id.clone_from(run);
                self.playbook.clone_from(playbook);
                self.target.clone_from(target);
                self.names.clone_from(steps);
                self.since = Some(at);
            }
            Record::Resumed { .. } | Record::Noted { .. } | Record::Interrupted { .. } => {}
            Record::PlaybookChanged { steps } => self.names.clone_from(steps),
            Record::StepStarted { step, step_kind, input } => self.begin(record, step, step_kind, input)?,
            Record::OperationStarted { step, attempt, operation } => {
                let attempts = &mut self.open_step(record, step)?.attempts;
                may_start(attempts, operation, *attempt).map_err(|why| illegal(record, why))?;
                attempts.0.push(Attempt {
                    id: operation.id.clone(),
                    number: *attempt,
                    operation: operation.clone(),
                    fate: Fate::Open,
                });
            }
            Record::Handle { step, operation, attempt, ids } => {
                let fate = self.fate(record, step, operation, *attempt)?;
                *fate = Fate::Done(ids.clone());
            }
            Record::OperationDone { step, operation, attempt, .. } => {
                let fate = self.fate(record, step, operation, *attempt)?;
                if !matches!(fate, Fate::Done(_)) {
                    *fate = Fate::Done(Value::Null);
                }
            }
            Record::Failed { step, operation: Some(operation), attempt, error } => {
                *self.fate(record, step, operation, *attempt)? = Fate::Failed(error.clone());
            }
            Record::Failed { operation: None, .. } => {}
            Record::Unknown { step, operation, attempt, error } => {
                *self.fate(record, step, operation, *attempt)? = Fate::Unknown(error.clone());
            }
            Record::Undone { step, operation, attempt, error, gate, back } => {
                *self.fate(record, step, operation, *attempt)? = Fate::Undone(error.clone());
                if let Some(gate) = gate {
                    self.close_gate(record, gate)?;
                }
                match back {
                    Some(aside) => {
                        let (aside, undone) = (aside.clone(), step.clone());
                        self.back = Some(Back { aside, undone, gate: gate.clone(), error: error.clone() });
                    }
                    None => self.reopen(step, gate.as_deref()),
                }
            }
            Record::AbortStarted { who } => {
                if self.aborting.is_some() {
                    return Err(illegal(record, "the run is given up already"));
                }
                self.aborting = Some(Aborting { who: who.clone(), before: self.asides.len() });
            }
            Record::StepFinished { step, outcome, reason, outputs } => {
                let finished = Finished { outcome: *outcome, reason: reason.clone(), outputs: outputs.clone() };
                let open = self.open_step(record, step)?;
                open.finished = Some(finished);
                if open.kind == resume_cdc_jobs::KIND {
                    self.put_back(step);
                }
            }
            Record::GateReached { step, digest, expires } => {
                let approvals = self.gates.get(step).map_or(0, |gate| gate.approvals);
                self.open_step(record, step)?;
                self.gates.insert(
                    step.clone(),
                    Gate { digest: digest.clone(), expires: *expires, approved: None, approvals },
                );
            }
            Record::Approved { step, digest, who } => {
                let gate = self.gates.get_mut(step).filter(|gate| gate.digest == *digest && gate.approved.is_none());
                let gate = gate.ok_or_else(|| illegal(record, "the gate is not open for this plan"))?;
                gate.approved = Some(who.clone());
                gate.approvals += 1;
            }
            Record::GateClosed { step, .. } => {
                let gate = self.close_gate(record, step)?;
                gate.approvals = gate.approvals.saturating_sub(1);
            }
            Record::Resolved { step, decision, outputs, reason, .. } => {
                self.resolve(record, step, *decision, outputs, reason)?;
            }
            Record::Stopped { outcome, error, next, .. } => {
                self.stopped = Some(Stop { outcome: *outcome, error: error.clone(), next: next.clone() });
            }
            Record::RunFinished { outcome, .. } => self.finished = Some(*outcome),
        }
        Ok(())
    }

    fn begin(&mut self, record: &Record, step: &str, kind: &str, input: &str) -> Result<()> {
        if self.step(step).is_some() {
            return Err(illegal(record, "the step has begun already"));
        }
        let begun = StepRecord {
            id: step.to_owned(),
            kind: kind.to_owned(),
            input: input.to_owned(),
            attempts: Attempts::default(),
            returned: 0,
            finished: None,
        };
        if leads_back(kind) {
            if self.back.is_none() && self.aborting.is_none() {
                return Err(illegal(record, "there is nothing to take back"));
            }
            if self.asides.iter().any(|aside| aside.finished.is_none()) {
                return Err(illegal(record, "the step before it has not finished"));
            }
            self.asides.push(begun);
            return Ok(());
        }
        if self.aborting.is_some() || self.back.is_some() {
            return Err(illegal(record, "the run goes back first"));
        }
        if self.current().is_some() {
            return Err(illegal(record, "the step before it has not finished"));
        }
        self.steps.push(begun);
        Ok(())
    }

    /// Jobs that were stopped are back. Where a consent is wanted, the stop is wanted again after it.
    fn put_back(&mut self, aside: &str) {
        for stop in self.steps.iter_mut().filter(|step| resume_cdc_jobs::TAKES_BACK.contains(&step.kind.as_str())) {
            stop.returned = stop.attempts.0.len();
        }
        if let Some(back) = self.back.take_if(|back| back.aside == aside)
            && back.gate.is_some()
        {
            self.reopen(&back.undone, back.gate.as_deref());
        }
    }

    /// What stands between a gate and the step that was undone is to be done again, and so is what was taken back.
    fn reopen(&mut self, undone: &str, gate: Option<&str>) {
        let end = self.steps.iter().position(|step| step.id == undone).unwrap_or_default();
        let gate = gate.and_then(|gate| self.steps.iter().position(|step| step.id == gate));
        let taken = self.steps.iter().position(|step| step.returned > 0 && step.returned == step.attempts.0.len());
        if let Some(begin) = gate.into_iter().chain(taken).min() {
            for step in self.steps.iter_mut().take(end).skip(begin) {
                step.finished = None;
            }
        }
    }

    /// The gate wants a consent again.
    fn close_gate(&mut self, record: &Record, id: &str) -> Result<&mut Gate> {
        if let Some(step) = self.steps.iter_mut().find(|known| known.id == id) {
            step.finished = None;
        }
        let gate = self.gates.get_mut(id).ok_or_else(|| illegal(record, "the gate was never reached"))?;
        gate.approved = None;
        gate.digest.clear();
        Ok(gate)
    }

    fn open_step(&mut self, record: &Record, id: &str) -> Result<&mut StepRecord> {
        let mut all = self.steps.iter_mut().chain(&mut self.asides);
        let step = all.find(|step| step.id == id && step.finished.is_none());
        step.ok_or_else(|| illegal(record, "the step is not under way"))
    }

    /// The fate of an attempt that is not settled yet.
    fn fate(&mut self, record: &Record, step: &str, operation: &str, attempt: u32) -> Result<&mut Fate> {
        let done = matches!(record, Record::OperationDone { .. } | Record::Undone { .. });
        let attempts = &mut self.open_step(record, step)?.attempts;
        let found = attempts.0.iter_mut().find(|known| known.id == operation && known.number == attempt);
        let found = found.ok_or_else(|| illegal(record, "the operation was not started"))?;
        match &found.fate {
            Fate::Open | Fate::Unknown(_) => Ok(&mut found.fate),
            Fate::Done(_) if done => Ok(&mut found.fate),
            _ => Err(illegal(record, "the operation has ended")),
        }
    }

    fn resolve(&mut self, record: &Record, id: &str, as_: Decision, outputs: &Value, reason: &str) -> Result<()> {
        let step = self.open_step(record, id)?;
        let open = |attempt: &Attempt<Operation>| matches!(attempt.fate, Fate::Open | Fate::Unknown(_));
        let undecided = step.attempts.0.iter().any(open);
        let undone = step.attempts.0.last().is_some_and(|last| matches!(last.fate, Fate::Undone(_)));
        let last = step.attempts.0.last().map(|last| last.id.clone());
        for attempt in &mut step.attempts.0 {
            // Where all is known, a retry is of what was done last and may not be done again otherwise.
            let last = last.as_deref() == Some(attempt.id.as_str()) && must_settle(attempt.operation.policy);
            if open(attempt) || (!undecided && as_ == Decision::Retry && last) {
                attempt.fate = match as_ {
                    Decision::Done => Fate::Done(Value::Null),
                    Decision::Retry | Decision::Skip => {
                        Fate::Failed(Error::permanent(format!("A person says that it was not applied: {reason}")))
                    }
                };
            }
        }
        let outcome = match as_ {
            Decision::Done => Outcome::Succeeded,
            Decision::Skip => Outcome::Skipped,
            Decision::Retry => {
                // Without a gate it is a person who allows the next one.
                if undone {
                    self.reopen(id, None);
                }
                return Ok(());
            }
        };
        step.finished = Some(Finished { outcome, reason: Some(reason.to_owned()), outputs: outputs.clone() });
        Ok(())
    }
}

fn may_start(
    attempts: &Attempts<Operation>,
    operation: &Operation,
    number: u32,
) -> std::result::Result<(), &'static str> {
    let last = attempts.last(&operation.id);
    if number != last.map_or(0, |last| last.number) + 1 {
        return Err("its attempts are numbered in order");
    }
    match last.map(|last| &last.fate) {
        Some(Fate::Open | Fate::Unknown(_)) if !repeatable(operation.policy) => {
            Err("its outcome is unknown, and it is never repeated without looking")
        }
        Some(Fate::Done(_)) if !repeatable(operation.policy) => Err("it has been done, and it is never repeated"),
        _ => Ok(()),
    }
}

fn illegal(record: &Record, why: &str) -> Error {
    let name = serde_json::to_value(record)
        .ok()
        .and_then(|value| value.get("kind").and_then(Value::as_str).map(str::to_owned))
        .unwrap_or_default();
    Error::drift(format!("The record `{name}` cannot stand here: {why}"))
}

/// Whether an operation of this policy may only be sent again after its outcome is settled.
pub(super) fn must_settle(policy: Policy) -> bool {
    !repeatable(policy)
}
