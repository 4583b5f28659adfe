//! `upgrade status`: where the run is, what it waits for, and the next command to type. Reads the journal only.

use super::scene::{Past, Scene};
use crate::{
    error::{Kind, Result},
    event::{Body, Observer, Outcome, RunState, Status, StepStatus},
    port::clock::Clock,
    runner::{Tell, lock::Lock},
};

pub(super) fn status(scene: &Scene, clock: &dyn Clock, observer: &mut dyn Observer) -> Result<u8> {
    let past = scene.past()?;
    let holder = Lock::holder(&scene.state, &scene.playbook)?;
    let status = match &past {
        Some(past) => of(scene, past, holder),
        None => Status {
            run: None,
            playbook: scene.playbook.name.clone(),
            state: RunState::NeverRun,
            steps: unbegun(scene, 0),
            waits_for: None,
            next: Some(scene.verbs.run()),
        },
    };
    let mut tell = Tell::new(observer);
    // Of a run at work the last record is just being written.
    for message in past.filter(|_| status.state != RunState::Running).map(|past| past.warnings).unwrap_or_default() {
        tell.event(clock.now(), Body::Warning { step: None, message });
    }
    tell.event(clock.now(), Body::Status(status));
    Ok(0)
}

fn of(scene: &Scene, past: &Past, holder: Option<String>) -> Status {
    let run = &past.run;
    let mut steps: Vec<StepStatus> = run
        .steps
        .iter()
        .chain(&run.asides)
        .map(|step| StepStatus {
            id: step.id.clone(),
            kind: step.kind.clone(),
            outcome: step.finished.as_ref().map(|finished| finished.outcome),
            begun: true,
            reason: step.finished.as_ref().and_then(|finished| finished.reason.clone()),
            outputs: step.finished.as_ref().map(|finished| finished.outputs.clone()).unwrap_or_default(),
        })
        .collect();
    steps.extend(unbegun(scene, run.steps.len()));
    let stopped = run.stopped.as_ref();
    let open_gate = run.gates.iter().find(|(_, gate)| gate.approved.is_none() && !gate.digest.is_empty());
    let error = stopped.and_then(|stop| stop.error.as_ref());
    let (state, waits_for) = match (run.finished, &holder, error.map(|error| error.kind)) {
        (Some(Outcome::Aborted), ..) => (RunState::Aborted, None),
        (Some(_), ..) => (RunState::Finished, None),
        (None, Some(holder), _) => (RunState::Running, Some(format!("{holder} is at work"))),
        (None, None, _) if run.aborting.is_some() => (RunState::Aborting, error.map(|error| error.message.clone())),
        (None, None, Some(Kind::Unknown)) => (RunState::Unknown, error.map(|error| error.message.clone())),
        (None, None, Some(Kind::Waiting)) => (RunState::Waiting, error.map(|error| error.message.clone())),
        (None, None, _) => (RunState::Stopped, error.map(|error| error.message.clone())),
    };
    let next = match (state, open_gate) {
        (RunState::Finished | RunState::Running, _) => None,
        (RunState::Aborted, _) => Some(scene.verbs.new_run()),
        (RunState::Aborting, _) => Some(scene.verbs.abort()),
        (RunState::Waiting, Some((step, _))) => Some(scene.verbs.approve(step)),
        _ if matches!(error.map(|error| error.kind), Some(Kind::Drift | Kind::Conflict)) => Some(scene.verbs.run()),
        _ => stopped.and_then(|stop| stop.next.clone()).or_else(|| Some(scene.verbs.run())),
    };
    let next = if state == RunState::Waiting && open_gate.is_none() { Some(scene.verbs.run()) } else { next };
    Status { run: Some(run.id.clone()), playbook: run.playbook.clone(), state, steps, waits_for, next }
}

/// Steps of the playbook that have not begun.
fn unbegun(scene: &Scene, begun: usize) -> Vec<StepStatus> {
    let rest = scene.playbook.steps.iter().skip(begun);
    rest.map(|step| StepStatus {
        id: step.id.clone(),
        kind: step.body.kind().to_owned(),
        outcome: None::<Outcome>,
        begun: false,
        reason: None,
        outputs: serde_json::Value::Null,
    })
    .collect()
}
