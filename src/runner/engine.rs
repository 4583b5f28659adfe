//! Runs the steps of a playbook in order, from wherever the journal ends.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    beat::Beat,
    ending::Ending,
    journal::{Entry, Journal, Record},
    plan::{Placed, digest_of},
    tell::{Tell, Verbs},
    transitions::Run,
    turn::Ended,
    wait::Stop,
};
use crate::{
    error::{Error, Kind, Result},
    event::{Body, OperationState, Outcome, StepName},
    playbook::Playbook,
    step::{Asked, Known, Read, Write},
};

/// What the caller asks of this call of the program.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// Stop, content, after this step.
    pub until: Option<String>,
    /// Consent to these gates when they are reached.
    pub approve: Vec<String>,
    /// `user@host`.
    pub who: String,
}

/// A run under way: new, or taken up from its journal.
pub struct Started {
    pub journal: Journal,
    pub run: Run,
    /// The journal held records of an earlier call.
    pub resumed: bool,
    /// What has to be said before the first step.
    pub warnings: Vec<String>,
}

pub struct Engine<'a> {
    pub(super) playbook: Arc<Playbook>,
    /// Those of the playbook, then those that lead back and were needed.
    pub(super) steps: Vec<Placed>,
    pub(super) planned: usize,
    pub(super) read: Read,
    /// Who is asked through `read`.
    pub(super) asked: Asked,
    pub(super) write: Write,
    pub(super) journal: Journal,
    pub(super) run: Run,
    pub(super) orders: Orders,
    pub(super) verbs: Verbs,
    pub(super) stop: Stop,
    pub(super) tell: Tell<'a>,
    pub(super) contact: bool,
    /// Later steps have made ready what they could.
    prepared: bool,
    resumed: bool,
    warnings: Vec<String>,
}

impl<'a> Engine<'a> {
    #[expect(clippy::too_many_arguments, reason = "everything a run is made of, given once, by its two callers")]
    pub fn new(
        playbook: Arc<Playbook>,
        steps: Vec<Placed>,
        (read, write): (Read, Write),
        started: Started,
        orders: Orders,
        verbs: Verbs,
        stop: Stop,
        tell: Tell<'a>,
    ) -> Self {
        let Started { journal, run, resumed, warnings } = started;
        let asked = Asked::default();
        Self {
            playbook,
            planned: steps.len(),
            steps,
            read: asked.noting(read),
            asked,
            write,
            journal,
            run,
            orders,
            verbs,
            stop,
            tell,
            contact: false,
            prepared: false,
            resumed,
            warnings,
        }
    }

    /// Goes on until the run is done or has to stop, and says how it ended.
    pub async fn run(mut self) -> Ending {
        let ending = match self.all().await {
            Ok(ending) => ending,
            Err(Ended::Ending(ending)) => *ending,
            Err(Ended::Error(error) | Ended::RolledBack(error)) => {
                let next = self.next_after(&error);
                Ending::of(*error, next)
            }
        };
        let ending = self.close(ending);
        let at = self.read.clock.now();
        self.tell.event(
            at,
            Body::RunFinished {
                outcome: ending.outcome,
                exit_code: ending.exit_code,
                error: ending.error.clone(),
                next: ending.next.clone(),
            },
        );
        ending
    }

    async fn all(&mut self) -> std::result::Result<Ending, Ended> {
        let at = self.read.clock.now();
        let steps =
            self.steps.iter().map(|step| StepName { id: step.id.clone(), kind: step.kind.to_owned() }).collect();
        let (run, playbook, target) = (self.run.id.clone(), self.run.playbook.clone(), self.run.target.clone());
        let resumed = self.resumed;
        self.tell.event(at, Body::RunStarted { run, playbook, target, steps, resumed });
        for message in std::mem::take(&mut self.warnings) {
            self.tell.event(at, Body::Warning { step: None, message });
        }
        if resumed {
            self.record(Record::Resumed { version: env!("CARGO_PKG_VERSION").to_owned() })?;
        }
        if self.run.aborting.is_none() {
            self.put_back().await?;
        }
        let mut index = 0;
        while index < self.planned {
            if let Some(signal) = self.stop.asked() {
                return Err(self.interrupted(signal)?.into());
            }
            match self.step(index).await {
                Err(Ended::RolledBack(error)) => return Err(self.taken_back(*error).await),
                done => done?,
            }
            if self.orders.until.as_deref() == Some(self.steps[index].id.as_str()) && index + 1 < self.planned {
                return Ok(Ending::done(Some(self.again())));
            }
            index += 1;
        }
        Ok(if self.run.aborting.is_some() { Ending::aborted() } else { Ending::done(None) })
    }

    /// The command that goes on with what this call does.
    pub(super) fn again(&self) -> String {
        if self.run.aborting.is_some() { self.verbs.abort() } else { self.verbs.run() }
    }

    /// One step: reported again where an earlier call has done it, else done.
    pub(super) async fn step(&mut self, index: usize) -> std::result::Result<(), Ended> {
        let (id, kind) = (self.steps[index].id.clone(), self.steps[index].kind);
        let at = self.read.clock.now();
        if let Some(finished) = self.run.step(&id).and_then(|step| step.finished.clone()) {
            let reason = match finished.reason {
                Some(reason) => format!("Done in an earlier call: {reason}"),
                None => "Done in an earlier call".to_owned(),
            };
            self.tell.step_finished(at, (&id, kind), Outcome::Skipped, Some(reason), finished.outputs, 0.0);
            return Ok(());
        }
        if self.run.step(&id).is_none() {
            let input = digest_of(&self.steps[index].input);
            self.record(Record::StepStarted { step: id.clone(), step_kind: kind.to_owned(), input })?;
        }
        self.tell.event(at, Body::StepStarted { step: id.clone(), kind: kind.to_owned() });
        let began = self.read.clock.elapsed();
        if self.steps[index].step.hurries() && !std::mem::replace(&mut self.prepared, true) {
            self.prepare_after(index, began).await?;
        }
        let result = self.turns(index, began).await;
        let elapsed = (self.read.clock.elapsed() - began).as_secs_f64();
        let at = self.read.clock.now();
        match result {
            Ok((outcome, reason, outputs)) => {
                self.settle(&id)?;
                self.record(Record::StepFinished {
                    step: id.clone(),
                    outcome,
                    reason: reason.clone(),
                    outputs: outputs.clone(),
                })?;
                self.tell.step_finished(at, (&id, kind), outcome, reason, outputs, elapsed);
                Ok(())
            }
            Err(ended) => {
                let (outcome, reason) = match &ended {
                    Ended::Ending(ending) => (ending.outcome, ending.error.as_ref().map(|error| error.message.clone())),
                    Ended::Error(error) | Ended::RolledBack(error) => (outcome_of(error), Some(error.message.clone())),
                };
                self.tell.step_finished(at, (&id, kind), outcome, reason, Value::Null, elapsed);
                if let Ended::Error(error) = &ended {
                    self.record(Record::Failed { step: id, operation: None, attempt: 0, error: (**error).clone() })?;
                }
                Err(ended)
            }
        }
    }

    /// Lets the steps after this one make ready what they can. None of them has to: what goes wrong is told and costs time later.
    async fn prepare_after(&mut self, index: usize, began: Duration) -> Result<()> {
        for later in index + 1..self.planned {
            let known = self.known(later);
            let clock = self.read.clock.clone();
            let (now, next) = (&self.steps[index], &self.steps[later]);
            let beat = Beat { clock: &*clock, step: &now.id, began, budget: now.budget };
            let awaited = || format!("what `{}` makes ready before", next.id);
            let made = next.step.prepare(&self.read, &self.write, &known);
            if let Err(error) = beat.during(&mut self.tell, awaited, made).await {
                let step = self.steps[later].id.clone();
                let message = format!("{step} could not be prepared and will take longer: {}", error.message);
                self.note(&step, Vec::new(), vec![message])?;
            }
        }
        Ok(())
    }

    /// What an operation of unknown outcome has come to, now that its step is content: it took effect.
    fn settle(&mut self, id: &str) -> Result<()> {
        let step = self.run.step(id).expect("a step that finishes has begun");
        let open: Vec<(String, u32)> = step
            .attempts
            .0
            .iter()
            .filter(|attempt| step.attempts.unsettled(&attempt.id))
            .filter(|attempt| step.attempts.last(&attempt.id).is_some_and(|last| last.number == attempt.number))
            .map(|attempt| (attempt.id.clone(), attempt.number))
            .collect();
        for (operation, attempt) in open {
            self.record(Record::OperationDone {
                step: id.to_owned(),
                operation: operation.clone(),
                attempt,
                seen: true,
            })?;
            self.tell_operation(id, &operation, attempt, OperationState::Done, "Its effect was seen");
        }
        Ok(())
    }

    /// Journals, and keeps the folded run in step.
    pub(super) fn record(&mut self, record: Record) -> Result<Entry> {
        let at = self.read.clock.now();
        self.run.apply(&record, at).map_err(|error| Error::bug(error.message))?;
        self.journal.append(record, at)
    }

    pub(super) fn tell_operation(
        &mut self,
        step: &str,
        operation: &str,
        attempt: u32,
        state: OperationState,
        what: &str,
    ) {
        let at = self.read.clock.now();
        let (step, operation, what) = (step.to_owned(), operation.to_owned(), what.to_owned());
        self.tell.event(at, Body::Operation { step, operation, attempt, state, what });
    }

    /// What a step knows without looking.
    pub(super) fn known(&self, index: usize) -> Known {
        let outputs = self
            .run
            .steps
            .iter()
            .filter_map(|step| step.finished.as_ref().map(|finished| (step.kind.clone(), finished.outputs.clone())))
            .collect();
        let gate = self.steps[..index].iter().rev().find(|step| step.kind == "approve");
        Known {
            run: self.run.id.clone(),
            playbook: Arc::clone(&self.playbook),
            outputs,
            since: self.run.since.expect("a run under way has begun"),
            consents: gate.map(|gate| self.run.gates.get(&gate.id).map_or(0, |gate| gate.approvals)),
            earlier: 0,
        }
    }

    pub(super) fn interrupted(&mut self, signal: super::wait::Signal) -> Result<Ending> {
        self.record(Record::Interrupted { signal: format!("{signal:?}") })?;
        Ok(Ending::interrupted(signal, self.again()))
    }

    fn next_after(&self, error: &Error) -> String {
        match error.kind {
            Kind::Unknown if self.run.aborting.is_none() => {
                self.run.current().map_or_else(|| self.verbs.status(), |step| self.verbs.resolve(&step.id))
            }
            Kind::Drift | Kind::Conflict => self.verbs.status(),
            _ => self.again(),
        }
    }

    fn close(&mut self, ending: Ending) -> Ending {
        let whole = ending.exit_code == 0 && ending.next.is_none();
        let (outcome, exit_code) = (ending.outcome, ending.exit_code);
        let record = if whole {
            Record::RunFinished { outcome, exit_code }
        } else {
            Record::Stopped { outcome, exit_code, error: ending.error.clone(), next: ending.next.clone() }
        };
        match self.record(record) {
            Ok(_) => ending,
            // The step's own error is worth more than the journal's.
            Err(error) if ending.error.is_some() => {
                if ending.error.as_ref() != Some(&error) {
                    let causes: Vec<_> = std::iter::once(error.message).chain(error.causes).collect();
                    let message = format!("How this call ended is not in the journal: {}", causes.join(": "));
                    let at = self.read.clock.now();
                    self.tell.event(at, Body::Warning { step: None, message });
                }
                ending
            }
            Err(error) => Ending::of(error, self.again()),
        }
    }
}

fn outcome_of(error: &Error) -> Outcome {
    match error.kind {
        Kind::Unknown => Outcome::Unknown,
        Kind::Waiting => Outcome::Waiting,
        _ => Outcome::Failed,
    }
}
