//! `upgrade resolve`: a person says what became of a step whose outcome the program cannot know.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{
    Common,
    scene::Scene,
    wiring::Environment,
};
use crate::{
    error::{Error, Result},
    event::{Body, Observer, Outcome},
    port::clock::Clock,
    runner::{
        Run, Tell,
        journal::{Decision, Journal, Record},
        lock::{Lock, Owner},
    },
};

#[derive(Debug, Clone)]
pub struct ResolveOptions {
    pub playbook: PathBuf,
    pub step: String,
    pub decision: Decision,
    pub reason: String,
    /// `key=value`; numbers are taken as numbers.
    pub outputs: Vec<(String, String)>,
}

pub(super) fn resolve(
    options: &ResolveOptions,
    common: &Common,
    env: &Environment,
    clock: &dyn Clock,
    observer: &mut dyn Observer,
) -> Result<u8> {
    let scene = Scene::open(&options.playbook, common.state.as_deref())?;
    let owner = Owner {
        who: env.who(),
        pid: std::process::id(),
        since: clock.now().to_string(),
        playbook: options.playbook.display().to_string(),
    };
    let _lock = Lock::take(&scene.state, &scene.playbook, &owner)?;
    let Some(past) = scene.past()? else {
        return Err(Error::drift("There is no run to resolve anything of").hint(format!("Type `{}`", scene.verbs.run())));
    };
    let under_way = past.run.current().filter(|step| step.id == options.step);
    if under_way.is_none() {
        let text = match past.run.current() {
            Some(step) => format!("`{}` is not under way; `{}` is", options.step, step.id),
            None => format!("`{}` is not under way: no step is", options.step),
        };
        return Err(Error::drift(text).unchanged("Nothing was changed").hint(format!("Look with `{}`", scene.verbs.status())));
    }
    let outputs = typed(&options.outputs);
    if options.decision == Decision::Done {
        let steps = scene.steps();
        let placed = steps.iter().find(|placed| placed.id == options.step);
        placed.ok_or_else(|| Error::drift("The playbook no longer has this step"))?.step.check_outputs(&outputs)?;
    }
    let record = Record::Resolved {
        step: options.step.clone(),
        who: env.who(),
        decision: options.decision,
        reason: options.reason.clone(),
        outputs,
    };
    let (mut journal, recovered) = Journal::open(&past.folder.journal())?;
    let now = clock.now();
    Run::fold(&recovered.entries)?.apply(&record, now)?;
    journal.append(record, now)?;
    let next = Some(scene.verbs.run());
    Tell::new(observer).event(now, Body::RunFinished { outcome: Outcome::Succeeded, exit_code: 0, error: None, next });
    Ok(0)
}

fn typed(outputs: &[(String, String)]) -> Value {
    if outputs.is_empty() {
        return Value::Null;
    }
    let mut typed = Map::new();
    for (key, value) in outputs {
        let value = serde_json::from_str(value).ok().filter(|value: &Value| !value.is_string()).unwrap_or_else(|| Value::from(value.as_str()));
        typed.insert(key.clone(), value);
    }
    Value::Object(typed)
}
