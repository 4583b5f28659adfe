//! `upgrade resolve`: a person says what became of a step whose outcome the program cannot know.

use serde_json::{Map, Value};

use super::{choices, run::owner, scene::Scene, wiring};
use crate::{
    error::{Error, Result},
    event::{Body, Observer, Outcome},
    port::clock::Clock,
    runner::{
        Run, Tell,
        journal::{Decision, Journal, Record},
        lock::Lock,
    },
};

/// What a person says.
pub(super) struct Said<'a> {
    pub step: &'a str,
    /// What became of it, and why; absent where what may be said is to be shown.
    pub verdict: Option<(Decision, &'a str)>,
    /// `key=value`; numbers are taken as numbers.
    pub outputs: &'a [(String, String)],
}

pub(super) fn resolve(scene: &Scene, said: &Said<'_>, clock: &dyn Clock, observer: &mut dyn Observer) -> Result<u8> {
    let _lock = Lock::take(&scene.state, &scene.playbook, &owner(scene, clock.now()))?;
    let Some(past) = scene.past()? else {
        return Err(
            Error::drift("There is no run to resolve anything of").hint(format!("Type `{}`", scene.verbs.run()))
        );
    };
    scene.not_aborting(&past)?;
    let under_way = past.run.current().filter(|step| step.id == said.step);
    if under_way.is_none() {
        let text = match past.run.current() {
            Some(step) => format!("`{}` is not under way; `{}` is", said.step, step.id),
            None => format!("`{}` is not under way: no step is", said.step),
        };
        return Err(Error::drift(text)
            .unchanged("Nothing was changed")
            .hint(format!("Look with `{}`", scene.verbs.status())));
    }
    if under_way.is_some_and(|step| step.kind == "approve") {
        return Err(Error::usage(format!("`{}` is a gate: its consent is given by `upgrade approve`", said.step))
            .unchanged("Nothing was changed")
            .hint(scene.verbs.approve(said.step)));
    }
    let outputs = typed(said.outputs);
    let steps = scene.steps();
    let placed = steps.iter().find(|placed| placed.id == said.step);
    let placed = placed.ok_or_else(|| Error::drift("The playbook no longer has this step"))?;
    let Some((decision, reason)) = said.verdict else {
        if !said.outputs.is_empty() {
            return Err(Error::usage("Outputs are given with `--as done`").unchanged("Nothing was changed"));
        }
        return Ok(choices::show(scene, &past, placed, clock.now(), observer));
    };
    if decision == Decision::Done {
        placed.step.check_outputs(&outputs).map_err(|error| {
            error.unchanged("Nothing was changed").hint(format!(
                "`{}` shows which outputs it wants, and where their values are found",
                scene.verbs.resolve(said.step)
            ))
        })?;
    }
    let record = Record::Resolved {
        step: said.step.to_owned(),
        who: wiring::who(),
        decision,
        reason: reason.to_owned(),
        outputs,
    };
    let (mut journal, recovered) = Journal::open(&past.folder.journal())?;
    let now = clock.now();
    Run::fold(&recovered.entries)?.apply(&record, now)?;
    journal.append(record, now)?;
    let next = Some(scene.verbs.run());
    let mut tell = Tell::new(observer);
    for message in past.warnings {
        tell.event(now, Body::Warning { step: None, message });
    }
    tell.event(now, Body::RunFinished { outcome: Outcome::Succeeded, exit_code: 0, error: None, next });
    Ok(0)
}

fn typed(outputs: &[(String, String)]) -> Value {
    if outputs.is_empty() {
        return Value::Null;
    }
    let mut typed = Map::new();
    for (key, value) in outputs {
        let value = serde_json::from_str(value)
            .ok()
            .filter(|value: &Value| !value.is_string())
            .unwrap_or_else(|| Value::from(value.as_str()));
        typed.insert(key.clone(), value);
    }
    Value::Object(typed)
}
