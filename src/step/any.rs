//! Steps of every kind behind one type, with operations and outputs as JSON.

use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::contract::{Attempt, Attempts, Done, Known, Next, Operation, Outline, Performed, Read, Step, Write};
use crate::{
    error::{Error, Result},
    event::Table,
    port::Reply,
};

/// What the engine gets from a look.
pub type Turn = Next<Operation, Value>;

/// A step's glance, ready to be made many times.
pub type Glances<'a> = Box<dyn Fn() -> Reply<'a, bool> + Send + Sync + 'a>;

pub trait AnyStep: Send + Sync {
    fn outline(&self) -> Outline;
    fn needs(&self) -> &'static [&'static str];
    fn hurries(&self) -> bool;
    fn prepare<'a>(&'a self, read: &'a Read, write: &'a Write, known: &'a Known) -> Reply<'a, ()>;
    /// Observes and decides.
    fn look<'a>(&'a self, read: &'a Read, known: &'a Known, done: &'a Attempts<Value>) -> Reply<'a, Turn>;
    /// The same, with what a dry run shows beside it.
    fn preview<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Value>,
    ) -> Reply<'a, (Turn, Option<Table>)> {
        Box::pin(async move { Ok((self.look(read, known, done).await?, None)) })
    }
    /// Asks, as often as it is called, whether a whole look is wanted at once; `None` where nothing hurries.
    fn glances<'a>(&'a self, read: &'a Read, known: &'a Known, done: &Attempts<Value>) -> Result<Option<Glances<'a>>>;
    fn perform<'a>(&'a self, intent: &'a Value, known: &'a Known, write: &'a Write) -> Reply<'a, Performed>;
    /// As [`Step::by_hand`].
    fn by_hand(&self) -> &'static [(&'static str, &'static str)];
    /// Whether `outputs` read as this step's outputs, or are none and none are needed.
    fn check_outputs(&self, outputs: &Value) -> Result<()>;
}

impl<S: Step> AnyStep for S {
    fn outline(&self) -> Outline {
        Step::outline(self)
    }

    fn needs(&self) -> &'static [&'static str] {
        Step::needs(self)
    }

    fn hurries(&self) -> bool {
        Step::hurries(self)
    }

    fn prepare<'a>(&'a self, read: &'a Read, write: &'a Write, known: &'a Known) -> Reply<'a, ()> {
        Step::prepare(self, read, write, known)
    }

    fn look<'a>(&'a self, read: &'a Read, known: &'a Known, done: &'a Attempts<Value>) -> Reply<'a, Turn> {
        Box::pin(async move { Ok(seen_and_decided(self, read, known, done).await?.1) })
    }

    fn preview<'a>(
        &'a self,
        read: &'a Read,
        known: &'a Known,
        done: &'a Attempts<Value>,
    ) -> Reply<'a, (Turn, Option<Table>)> {
        Box::pin(async move {
            let (seen, turn) = seen_and_decided(self, read, known, done).await?;
            Ok((turn, self.table(&seen, known)))
        })
    }

    fn glances<'a>(&'a self, read: &'a Read, known: &'a Known, done: &Attempts<Value>) -> Result<Option<Glances<'a>>> {
        let done = Arc::new(typed::<S::Operation>(done)?);
        if Step::glance(self, read, known, &done).is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(move || {
            let done = Arc::clone(&done);
            Box::pin(async move {
                match Step::glance(self, read, known, &done) {
                    Some(glance) => glance.await,
                    None => Ok(false),
                }
            })
        })))
    }

    fn perform<'a>(&'a self, intent: &'a Value, known: &'a Known, write: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async move {
            let operation = read_operation::<S::Operation>(intent)?;
            Step::perform(self, &operation, known, write).await
        })
    }

    fn by_hand(&self) -> &'static [(&'static str, &'static str)] {
        Step::by_hand(self)
    }

    fn check_outputs(&self, outputs: &Value) -> Result<()> {
        if outputs.is_null() && Step::by_hand(self).is_empty() {
            return Ok(());
        }
        S::Outputs::deserialize(outputs)
            .map(drop)
            .map_err(|error| Error::usage("The given outputs are not what this step hands on").because(&error))
    }
}

async fn seen_and_decided<S: Step>(
    step: &S,
    read: &Read,
    known: &Known,
    done: &Attempts<Value>,
) -> Result<(S::Observation, Turn)> {
    let done = typed::<S::Operation>(done)?;
    let seen = step.observe(read, known, &done).await?;
    let turn = erase(step, step.next(&seen, known, &done)?)?;
    Ok((seen, turn))
}

pub(super) fn typed<Op: DeserializeOwned>(attempts: &Attempts<Value>) -> Result<Attempts<Op>> {
    let typed = attempts.0.iter().map(|attempt| {
        Ok(Attempt {
            id: attempt.id.clone(),
            number: attempt.number,
            operation: read_operation(&attempt.operation)?,
            fate: attempt.fate.clone(),
        })
    });
    typed.collect::<Result<Vec<_>>>().map(Attempts)
}

fn read_operation<Op: DeserializeOwned>(intent: &Value) -> Result<Op> {
    Op::deserialize(intent).map_err(|error| {
        Error::drift("A recorded operation does not read as this version writes it")
            .because(&error)
            .hint("Continue the run with the version of `upgrade` that began it")
    })
}

fn erase<S: Step>(step: &S, next: Next<S::Operation, S::Outputs>) -> Result<Turn> {
    Ok(match next {
        Next::Done(done) => Next::Done(Done {
            outputs: json(&done.outputs)?,
            skipped: done.skipped,
            findings: done.findings,
            warnings: done.warnings,
            offsets: done.offsets,
        }),
        Next::Wait { awaited, seen } => Next::Wait { awaited, seen },
        Next::Do(operation) => Next::Do(told(step, &operation)?),
        Next::Together(operations) => {
            Next::Together(operations.iter().map(|operation| told(step, operation)).collect::<Result<_>>()?)
        }
        Next::Confirm { of, looks, spanning, then } => {
            Next::Confirm { of, looks, spanning, then: Box::new(erase(step, *then)?) }
        }
        Next::Refuse(findings) => Next::Refuse(findings),
        Next::Gate { expires } => Next::Gate { expires },
        Next::Later { awaited, at } => Next::Later { awaited, at },
        Next::Undone(error) => Next::Undone(error),
        Next::Fail(error) => Next::Fail(error),
        Next::FailFor(explained) => Next::FailFor(explained),
    })
}

fn told<S: Step>(step: &S, operation: &S::Operation) -> Result<Operation> {
    let (id, policy, what, calls) = step.describe(operation);
    Ok(Operation { id, policy, what, calls, intent: json(operation)? })
}

fn json<T: serde::Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| Error::bug("A value of a step cannot be written as JSON").because(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{playbook::StepBody, step};

    /// What a person is asked for is what the outputs cannot be read without.
    #[test]
    fn outputs_by_hand_are_those_that_are_wanted() {
        let second = std::time::Duration::from_secs(1);
        let steps = [
            StepBody::CreateBlueGreen { name: "a".to_owned() },
            StepBody::StopCdcJobs,
            StepBody::MoveCdcJobs,
            StepBody::Switchover { timeout: second, max_lag: second },
            StepBody::CaptureCoordinates { wait: second, given: None },
        ];
        for body in &steps {
            let step = step::of(body);
            let error = step.check_outputs(&json!({})).unwrap_err();
            let first = step.by_hand()[0].0;
            assert!(error.causes[0].contains(&format!("`{first}`")), "{}: {error:?}", body.kind());
            assert!(step.check_outputs(&json!(null)).is_err(), "{}", body.kind());
        }
        for body in [StepBody::SubmitCdcJobs { tail: Default::default() }, StepBody::RebootGreen { always: true }] {
            assert!(step::of(&body).by_hand().is_empty());
            step::of(&body).check_outputs(&json!(null)).unwrap();
            assert!(step::of(&body).check_outputs(&json!({"jobs": 7})).is_err(), "what is given has to be right");
        }
    }
}
