//! One step's loop: look, decide, journal, perform, journal, look again.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::{
    beat::Beat, ending::Ending, engine::Engine, journal::Record, plan::intents, transitions::must_settle, wait::Rhythm,
};
use crate::{
    error::{Error, Kind},
    event::{Body, Finding, Level, OperationState, Outcome},
    step::{Attempts, Known, Next, Operation, Performed, Turn},
};

/// How long an outside that has answered before may be silent.
const RIDE_OUT: Duration = Duration::from_secs(5 * 60);
/// How long an outside that has never answered in this call may be silent.
const FIRST_CONTACT: Duration = Duration::from_secs(5);

/// Why a step's loop was left without success.
pub(super) enum Ended {
    Ending(Box<Ending>),
    Error(Box<Error>),
    /// The other side undid the step's operation; what was stopped for it may have to be put back.
    RolledBack(Box<Error>),
}

impl From<Ending> for Ended {
    fn from(ending: Ending) -> Self {
        Self::Ending(Box::new(ending))
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Error(Box::new(error))
    }
}

/// Between two glances: a small part of the time already waited.
const GLANCE: Duration = Duration::from_millis(25);
const SLOWEST_GLANCE: Duration = Duration::from_secs(1);

/// How long an outside that does not answer is still looked at as soon as a glance shows something: no throttled RDS comes
/// to itself under many looks a second.
const HURRIED: Duration = Duration::from_secs(5);

/// How often a harmless operation is done again before its effect must show.
const REPEATS: u32 = 8;

type Finished = (Outcome, Option<String>, Value);

/// What the loop remembers between two looks.
struct Memory {
    /// When the step began in this call.
    began: Duration,
    rhythm: Rhythm,
    /// Since when the outside does not answer.
    silent: Option<Duration>,
    /// `(answer, looks in a row, since)` of a confirmation under way.
    confirming: Option<(String, u32, Duration)>,
    /// The operation that was refused last, with the refusal.
    refused: Option<(String, Error)>,
    /// Since when an operation is turned away as one that may be taken later.
    refusing: Option<(String, Duration)>,
    /// The operation performed last, and how often in a row.
    last: Option<(String, Value)>,
    again: u32,
    /// It was put off once since it was done last.
    put_off: bool,
}

impl Engine<'_> {
    /// Turns until the step is done or has to stop.
    pub(super) async fn turns(&mut self, index: usize, began: Duration) -> Result<Finished, Ended> {
        let clock = self.read.clock.clone();
        let mut memory = Memory {
            began,
            rhythm: Rhythm::new(&*clock),
            silent: None,
            confirming: None,
            refused: None,
            refusing: None,
            last: None,
            again: 0,
            put_off: false,
        };
        let earlier = self.run.step(&self.steps[index].id).map_or(0, |step| step.attempts.0.len());
        let known = Known { earlier, ..self.known(index) };
        loop {
            if let Some(signal) = self.stop.asked() {
                return Err(self.interrupted(signal)?.into());
            }
            let attempts =
                intents(&self.run.step(&self.steps[index].id).expect("a step that turns has begun").attempts);
            let step = &self.steps[index];
            let beat = Beat { clock: &*clock, step: &step.id, began, budget: step.budget };
            let look = step.step.look(&self.read, &known, &attempts);
            let look = beat.during(&mut self.tell, || self.asked.awaited(), look);
            // An outside that does not answer must not hold up who wants to stop.
            let Some(looked) = self.stop.unless_asked(look).await else { continue };
            let turn = match looked {
                Ok(turn) => {
                    memory.silent = None;
                    self.contact = true;
                    turn
                }
                Err(error) if error.kind == Kind::Transient => self.silence(&mut memory, error)?,
                Err(error) => return Err(error.into()),
            };
            let (turn, confirmed) = confirm(turn, &mut memory, clock.elapsed());
            match turn {
                Next::Wait { awaited, seen } => {
                    let pause = self.wait(index, began, &mut memory, awaited, seen)?;
                    let silent = memory.silent.is_some_and(|since| clock.elapsed().saturating_sub(since) >= HURRIED);
                    if silent {
                        self.stop.sleep(&*clock, pause).await;
                    } else {
                        let waited = memory.rhythm.waited(&*clock);
                        self.rest(index, pause, waited, &known, &attempts).await;
                    }
                }
                Next::Do(operation) => {
                    self.perform(index, operation, confirmed, &known, &mut memory).await?;
                }
                Next::Together(operations) => {
                    self.together(index, operations, &known, &mut memory).await?;
                }
                Next::Gate { expires } => return self.passes(index, expires, began, &known, &mut memory).await,
                decided => return self.leave(index, decided).await,
            }
        }
    }

    /// Everything that ends the loop.
    async fn leave(&mut self, index: usize, turn: Turn) -> Result<Finished, Ended> {
        let id = self.steps[index].id.clone();
        match turn {
            Next::Done(done) => {
                self.note(&id, done.findings, done.warnings)?;
                let outcome = if done.skipped.is_some() { Outcome::Skipped } else { Outcome::Succeeded };
                Ok((outcome, done.skipped, done.outputs))
            }
            Next::Refuse(findings) => {
                let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
                let first = findings
                    .iter()
                    .find(|finding| finding.level == Level::Error)
                    .map(|finding| finding.message.clone());
                self.note(&id, findings, Vec::new())?;
                let message =
                    format!("`{id}` refuses: {errors} finding{} of level error", if errors == 1 { "" } else { "s" });
                let error = Error::new(Kind::Refused, message).unchanged("Nothing was changed");
                Err(first.map_or(error.clone(), |first| error.cause(first)).into())
            }
            Next::Later { awaited, at } => {
                let text = format!("`{id}` waits until {at}: {awaited}");
                Err(Ending::waiting(text, self.again()).into())
            }
            Next::Undone(error) => Err(Ended::RolledBack(Box::new(self.undone(index, error)?))),
            Next::Fail(error) => Err(error.into()),
            Next::FailFor(explained) => {
                self.note(&id, explained.findings, explained.warnings)?;
                Err(explained.error.into())
            }
            Next::Wait { .. } | Next::Do(_) | Next::Together(_) | Next::Confirm { .. } | Next::Gate { .. } => {
                unreachable!("the loop goes on with these")
            }
        }
    }

    /// Passes a gate, for which all that follows is looked at as well: an outside that does not answer is ridden out there too.
    async fn passes(
        &mut self,
        index: usize,
        expires: Duration,
        began: Duration,
        known: &Known,
        memory: &mut Memory,
    ) -> Result<Finished, Ended> {
        let since = self.read.clock.elapsed();
        loop {
            let error = match self.gate(index, expires, known, began).await {
                Ok((outcome, outputs)) => return Ok((outcome, None, outputs)),
                Err(Ended::Error(error)) if error.kind == Kind::Transient => *error,
                Err(ended) => return Err(ended),
            };
            if let Some(signal) = self.stop.asked() {
                return Err(self.interrupted(signal)?.into());
            }
            if self.read.clock.elapsed().saturating_sub(since) >= RIDE_OUT {
                return Err(error.into());
            }
            self.pause(index, began, memory, "an answer".to_owned(), error.message).await?;
        }
    }

    /// Puts off a failed look for as long as it may be put off.
    fn silence(&mut self, memory: &mut Memory, error: Error) -> Result<Turn, Ended> {
        let now = self.read.clock.elapsed();
        let since = *memory.silent.get_or_insert(now);
        let limit = if self.contact { RIDE_OUT } else { FIRST_CONTACT };
        if now.saturating_sub(since) >= limit {
            return Err(error.into());
        }
        Ok(Next::Wait { awaited: "an answer".to_owned(), seen: error.message })
    }

    async fn pause(
        &mut self,
        index: usize,
        began: Duration,
        memory: &mut Memory,
        awaited: String,
        seen: String,
    ) -> Result<(), Ended> {
        let pause = self.wait(index, began, memory, awaited, seen)?;
        let clock = self.read.clock.clone();
        self.stop.sleep(&*clock, pause).await;
        Ok(())
    }

    /// Sleeps, but not beyond the moment at which a glance of the step shows that something has happened. `waited`: since
    /// when nothing has.
    async fn rest(&self, index: usize, pause: Duration, waited: Duration, known: &Known, done: &Attempts<Value>) {
        let clock = self.read.clock.clone();
        let until = clock.elapsed() + pause;
        // A whole look tells errors.
        let Ok(Some(glance)) = self.steps[index].step.glances(&self.read, known, done) else {
            return self.stop.sleep(&*clock, pause).await;
        };
        while self.stop.asked().is_none() {
            let left = until.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return;
            }
            // Time passes before the first glance too: what it shows may not be enough for a whole look.
            self.stop.sleep(&*clock, left.min((waited / 400).clamp(GLANCE, SLOWEST_GLANCE))).await;
            // A glance that is not answered must not keep the whole look waiting. It is looked at before the clock is.
            let late = async { clock.sleep(until.saturating_sub(clock.elapsed())).await };
            let glanced = async {
                tokio::select! {
                    biased;
                    glanced = glance() => glanced,
                    () = late => Ok(true),
                }
            };
            match self.stop.unless_asked(glanced).await {
                Some(Ok(true)) | None => return,
                Some(Ok(false)) => {}
                Some(Err(_)) => return self.stop.sleep(&*clock, until.saturating_sub(clock.elapsed())).await,
            }
        }
    }

    /// Tells that it waits and for what; how long until the next look.
    fn wait(
        &mut self,
        index: usize,
        began: Duration,
        memory: &mut Memory,
        awaited: String,
        seen: String,
    ) -> Result<Duration, Ended> {
        let clock = self.read.clock.clone();
        let step = self.steps[index].id.clone();
        let elapsed = clock.elapsed().saturating_sub(began);
        let budget = self.steps[index].budget;
        if budget.is_some_and(|budget| elapsed >= budget) {
            let error = Error::permanent(format!("`{step}` has used up its budget waiting for {awaited}"))
                .cause(format!("Last seen: {seen}"))
                .hint("Type the same command again: it looks again and begins a new budget");
            return Err(error.into());
        }
        let stalled = memory.rhythm.saw(&*clock, &format!("{awaited}{seen}"));
        if stalled && memory.rhythm.tell_stall() {
            let message = format!("`{step}`: nothing has moved for a long time while waiting for {awaited} ({seen})");
            self.note(&step, Vec::new(), vec![message])?;
        }
        let at = clock.now();
        let (elapsed, budget) = (elapsed.as_secs_f64(), budget.map(|budget| budget.as_secs_f64()));
        self.tell.event(at, Body::StepProgress { step, awaited, seen, elapsed, budget, stalled });
        Ok(memory.rhythm.pause(&*clock))
    }

    async fn perform(
        &mut self,
        index: usize,
        operation: Operation,
        confirmed: Option<String>,
        known: &Known,
        memory: &mut Memory,
    ) -> Result<(), Ended> {
        let step = self.steps[index].id.clone();
        if let Some((id, error)) = memory.refused.take()
            && id == operation.id
        {
            let now = self.read.clock.elapsed();
            let since = match &memory.refusing {
                Some((known, since)) if *known == id => *since,
                _ => now,
            };
            memory.refusing = Some((id, since));
            let limit = if self.contact { RIDE_OUT } else { FIRST_CONTACT };
            if error.kind != Kind::Transient || now.saturating_sub(since) >= limit {
                return Err(error.into());
            }
            // What was turned away was not done.
            memory.last = None;
            // Time has passed: what is to be done is decided by another look.
            return self.pause(index, now, memory, "an answer".to_owned(), error.message).await;
        }
        if !self.spare(index, &operation, memory).await? {
            return Ok(());
        }
        if let Some(signal) = self.stop.asked() {
            return Err(self.interrupted(signal)?.into());
        }
        let attempts = &self.run.step(&step).expect("a step that performs has begun").attempts;
        let attempt = attempts.last(&operation.id).map_or(0, |last| last.number) + 1;
        if attempts.unsettled(&operation.id) && must_settle(operation.policy) {
            let Some(seen) = confirmed else {
                return Err(unknown(&operation).into());
            };
            let error = Error::permanent(format!("Looked at and found not applied: {seen}"));
            let name = operation.id.clone();
            self.record(Record::Failed { step: step.clone(), operation: Some(name), attempt: attempt - 1, error })?;
        }
        self.begin(&step, attempt, &operation)?;
        let clock = self.read.clock.clone();
        let placed = &self.steps[index];
        let beat = Beat { clock: &*clock, step: &step, began: memory.began, budget: placed.budget };
        let awaited = || format!("the answer to this: {}", operation.what);
        let performed = placed.step.perform(&operation.intent, known, &self.write);
        let result = beat.during(&mut self.tell, awaited, performed).await;
        Ok(self.ended(step, attempt, operation, result, memory)?)
    }

    /// Each for the first time. Where one of them was tried before, they are done one after the other.
    async fn together(
        &mut self,
        index: usize,
        mut operations: Vec<Operation>,
        known: &Known,
        memory: &mut Memory,
    ) -> Result<(), Ended> {
        let step = self.steps[index].id.clone();
        let attempts = &self.run.step(&step).expect("a step that performs has begun").attempts;
        if operations.iter().any(|operation| attempts.last(&operation.id).is_some()) {
            return self.perform(index, operations.swap_remove(0), None, known, memory).await;
        }
        if let Some(signal) = self.stop.asked() {
            return Err(self.interrupted(signal)?.into());
        }
        for operation in &operations {
            self.begin(&step, 1, operation)?;
        }
        let clock = self.read.clock.clone();
        let placed = &self.steps[index];
        let beat = Beat { clock: &*clock, step: &step, began: memory.began, budget: placed.budget };
        let awaited = || {
            let all: Vec<_> = operations.iter().map(|operation| operation.what.as_str()).collect();
            format!("the answers to these: {}", all.join("; "))
        };
        let performed = operations.iter().map(|one| placed.step.perform(&one.intent, known, &self.write));
        let results = beat.during(&mut self.tell, awaited, join_all(performed)).await;
        for (operation, result) in operations.into_iter().zip(results) {
            self.ended(step.clone(), 1, operation, result, memory)?;
        }
        Ok(())
    }

    fn begin(&mut self, step: &str, attempt: u32, operation: &Operation) -> Result<(), Error> {
        self.record(Record::OperationStarted { step: step.to_owned(), attempt, operation: operation.clone() })?;
        self.tell_operation(step, &operation.id, attempt, OperationState::Started, &operation.what);
        Ok(())
    }

    /// Records what became of an operation.
    fn ended(
        &mut self,
        step: String,
        attempt: u32,
        operation: Operation,
        result: Result<Performed, Error>,
        memory: &mut Memory,
    ) -> Result<(), Error> {
        let name = operation.id.clone();
        match result {
            Ok(performed) => {
                self.contact = true;
                memory.silent = None;
                memory.refusing = None;
                memory.rhythm = Rhythm::new(&*self.read.clock);
                self.record(Record::Handle {
                    step: step.clone(),
                    operation: name.clone(),
                    attempt,
                    ids: performed.handle,
                })?;
                self.record(Record::OperationDone {
                    step: step.clone(),
                    operation: name.clone(),
                    attempt,
                    seen: false,
                })?;
                self.tell_operation(&step, &name, attempt, OperationState::Done, &operation.what);
                for (path, digest) in performed.artifacts {
                    self.noted(Body::Artifact { step: step.clone(), path, digest })?;
                }
            }
            Err(error) if error.kind == Kind::Unknown => {
                self.tell_operation(&step, &name, attempt, OperationState::Unknown, &error.message);
                self.record(Record::Unknown { step, operation: name, attempt, error })?;
            }
            Err(error) => {
                self.tell_operation(&step, &name, attempt, OperationState::Failed, &error.message);
                let record = Record::Failed { step, operation: Some(name.clone()), attempt, error: error.clone() };
                self.record(record)?;
                memory.refused = Some((name, error));
            }
        }
        Ok(())
    }

    /// The outside takes its time to show what was done: an operation that seems to be wanted again is put off for
    /// another look, and given up when it never shows. True where it is to be done now.
    async fn spare(&mut self, index: usize, operation: &Operation, memory: &mut Memory) -> Result<bool, Ended> {
        let same = memory.last.as_ref().is_some_and(|(id, intent)| *id == operation.id && *intent == operation.intent);
        if !same {
            memory.last = Some((operation.id.clone(), operation.intent.clone()));
            (memory.again, memory.put_off) = (0, false);
            return Ok(true);
        }
        if std::mem::take(&mut memory.put_off) {
            memory.again += 1;
            return Ok(true);
        }
        if memory.again + 1 >= REPEATS {
            let text = format!("This was done {REPEATS} times and never shows: {}", operation.what);
            return Err(Error::permanent(text).hint("Look at the resource, then type the same command again").into());
        }
        memory.put_off = true;
        let began = self.read.clock.elapsed();
        self.pause(index, began, memory, "the effect to show".to_owned(), operation.what.clone()).await?;
        Ok(false)
    }

    pub(super) fn note(&mut self, step: &str, findings: Vec<Finding>, warnings: Vec<String>) -> Result<(), Error> {
        for finding in findings {
            self.noted(Body::Finding(finding))?;
        }
        for message in warnings {
            self.noted(Body::Warning { step: Some(step.to_owned()), message })?;
        }
        Ok(())
    }

    fn noted(&mut self, event: Body) -> Result<(), Error> {
        self.record(Record::Noted { event: event.clone() })?;
        let at = self.read.clock.now();
        self.tell.event(at, event);
        Ok(())
    }
}

/// Unwraps a confirmation once it has held for long enough; until then it is a wait.
fn confirm(turn: Turn, memory: &mut Memory, now: Duration) -> (Turn, Option<String>) {
    let Next::Confirm { of, looks, spanning, then } = turn else {
        memory.confirming = None;
        return (turn, None);
    };
    let (answer, seen, since) = match memory.confirming.take() {
        Some((answer, seen, since)) if answer == of => (answer, seen + 1, since),
        _ => (of, 1, now),
    };
    if seen >= looks && now.saturating_sub(since) >= spanning {
        return (*then, Some(answer));
    }
    let wait = Next::Wait {
        awaited: format!("{looks} looks in a row that show the same"),
        seen: format!("{answer} ({seen})"),
    };
    memory.confirming = Some((answer, seen, since));
    (wait, None)
}

fn unknown(operation: &Operation) -> Error {
    Error::unknown(format!("It is not known whether this was applied: {}", operation.what))
        .cause("The call was begun and its outcome was not recorded; a look at the outside does not decide it")
        .unchanged("It was not sent again")
        .hint("Look at the database yourself, then say what you found with `upgrade resolve`")
}
