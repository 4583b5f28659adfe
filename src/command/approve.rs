//! `upgrade approve`: consents to what follows a gate, as it was looked at when the gate was reached.

use super::{run::owner, scene::Scene, wiring};
use crate::{
    error::{Error, Kind, Result},
    event::{Body, Observer, Outcome},
    port::clock::Clock,
    runner::{
        Run, Tell,
        journal::{Journal, Record},
        lock::Lock,
    },
};

pub(super) fn approve(scene: &Scene, step: &str, clock: &dyn Clock, observer: &mut dyn Observer) -> Result<u8> {
    let _lock = Lock::take(&scene.state, &scene.playbook, &owner(scene, clock.now()))?;
    let early = |what: String| {
        Error::new(Kind::Drift, what)
            .unchanged("Nothing was changed")
            .hint(format!("Type `{}` until it waits for this approval", scene.verbs.run()))
    };
    let past = scene.past()?.ok_or_else(|| early(format!("There is no run that could have reached `{step}`")))?;
    scene.not_aborting(&past)?;
    let gate = past.run.gates.get(step).filter(|gate| !gate.digest.is_empty());
    let gate = gate.ok_or_else(|| early(format!("The run has not reached the gate `{step}`")))?;
    let mut tell = Tell::new(observer);
    past.warnings.iter().for_each(|message| {
        tell.event(clock.now(), Body::Warning { step: None, message: message.clone() });
    });
    if gate.approved.is_none() {
        if clock.now() >= gate.expires {
            return Err(early(format!(
                "The gate `{step}` was reached too long ago; what follows must be looked at again"
            )));
        }
        let record = Record::Approved { step: step.to_owned(), digest: gate.digest.clone(), who: wiring::who() };
        let (mut journal, recovered) = Journal::open(&past.folder.journal())?;
        Run::fold(&recovered.entries)?.apply(&record, clock.now())?;
        journal.append(record, clock.now())?;
    } else {
        let message = format!("`{step}` was approved already");
        tell.event(clock.now(), Body::Warning { step: Some(step.to_owned()), message });
    }
    let next = (!past.finished()).then(|| scene.verbs.run());
    tell.event(clock.now(), Body::RunFinished { outcome: Outcome::Succeeded, exit_code: 0, error: None, next });
    Ok(0)
}
