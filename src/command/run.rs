//! `upgrade run`: begins a run, or goes on with the unfinished one.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    scene::{Past, Scene},
    signals, wiring,
};
use crate::{
    artifact,
    error::{Error, Kind, Result},
    event::{Body, Observer, Outcome, StepName},
    runner::{
        Ending, Engine, Orders, Run, RunFolder, Started, Stop, Tell,
        journal::{Journal, Record},
        lock::{Lock, Owner},
    },
};

/// What `upgrade run` is asked.
pub(super) struct Asked {
    pub until: Option<String>,
    pub approve: Vec<String>,
    pub new_run: bool,
}

pub(super) async fn run(scene: &Scene, asked: &Asked, observer: &mut dyn Observer) -> Result<u8> {
    check_names(scene, asked)?;
    let outside = wiring::Outside::of(&scene.playbook)?;
    let _lock = Lock::take(&scene.state, &scene.playbook, &owner(scene, outside.clock.now()))?;
    let (past, lost) = match scene.past() {
        // A journal that cannot be read must not stand in the way of another run for ever.
        Err(error) if asked.new_run && scene.is_damaged() && !scene.is_newer() => (None, Some(error.message)),
        past => (past?, None),
    };
    if let Some(past) = past.as_ref().filter(|past| !asked.new_run && !past.finished()) {
        scene.not_aborting(past)?;
    }
    if let Some(past) = past.as_ref().filter(|past| past.ended_well() && !asked.new_run) {
        return Ok(again(scene, past, outside.clock.now(), observer));
    }
    let (mut started, folder) = begin(scene, past, asked, outside.clock.now())?;
    started.warnings = wiring::redirections().into_iter().chain(lost).chain(started.warnings).collect();
    let tell = Tell::new(observer);
    let stop = Stop::default();
    signals::watch(&stop);
    let orders = Orders { until: asked.until.clone(), approve: asked.approve.clone(), who: wiring::who() };
    let playbook = std::sync::Arc::clone(&scene.playbook);
    let ports = (outside.read(), outside.write(folder.artifacts()));
    let engine = Engine::new(playbook, scene.steps(), ports, started, orders, scene.verbs.clone(), stop, tell);
    let Ending { exit_code, .. } = engine.run().await;
    Ok(exit_code)
}

/// Who is at work, for the lock.
pub(super) fn owner(scene: &Scene, now: OffsetDateTime) -> Owner {
    Owner {
        who: wiring::who(),
        pid: std::process::id(),
        since: now.format(&Rfc3339).unwrap_or_default(),
        playbook: scene.path.display().to_string(),
    }
}

/// Steps that are named on the command line must be in the playbook.
fn check_names(scene: &Scene, asked: &Asked) -> Result<()> {
    for name in asked.until.iter().chain(&asked.approve) {
        if !scene.playbook.steps.iter().any(|step| step.id == *name) {
            let steps: Vec<_> = scene.playbook.steps.iter().map(|step| step.id.as_str()).collect();
            return Err(Error::usage(format!("The playbook has no step `{name}`"))
                .unchanged("Nothing was changed")
                .hint(format!("Its steps are {}", steps.join(", "))));
        }
    }
    let gate =
        |name: &&String| !scene.playbook.steps.iter().any(|step| step.id == **name && step.body.kind() == "approve");
    if let Some(name) = asked.approve.iter().find(gate) {
        return Err(Error::usage(format!("`{name}` is no gate: only `approve` steps can be approved")));
    }
    Ok(())
}

/// A finished run is only told again.
fn again(scene: &Scene, past: &Past, now: OffsetDateTime, observer: &mut dyn Observer) -> u8 {
    let mut tell = Tell::new(observer);
    tell.event(
        now,
        Body::RunStarted {
            run: past.run.id.clone(),
            playbook: scene.playbook.name.clone(),
            target: past.run.target.clone(),
            steps: past.run.names.clone(),
            resumed: true,
        },
    );
    for step in &past.run.steps {
        let finished = step.finished.clone();
        let reason = Some("Done in an earlier call; `--new-run` begins another run".to_owned());
        let outputs = finished.map(|finished| finished.outputs).unwrap_or_default();
        tell.step_finished(now, (&step.id, &step.kind), Outcome::Skipped, reason, outputs, 0.0);
    }
    let outcome = past.run.finished.unwrap_or(Outcome::Succeeded);
    let next = (outcome == Outcome::Aborted).then(|| scene.verbs.new_run());
    tell.event(now, Body::RunFinished { outcome, exit_code: 0, error: None, next });
    0
}

/// The journal to go on with: the unfinished run's, or a new one's.
fn begin(scene: &Scene, past: Option<Past>, asked: &Asked, now: OffsetDateTime) -> Result<(Started, RunFolder)> {
    let names: Vec<_> = scene
        .playbook
        .steps
        .iter()
        .map(|step| StepName { id: step.id.clone(), kind: step.body.kind().to_owned() })
        .collect();
    match past.filter(|past| !past.finished()) {
        Some(past) if asked.new_run => {
            may_be_left(&past)?;
            let begun = fresh(scene, names, now)?;
            let (mut journal, _) = Journal::open(&past.folder.journal())?;
            journal.append(Record::RunFinished { outcome: Outcome::Failed, exit_code: 4 }, now)?;
            Ok(begun)
        }
        Some(past) => {
            scene.same_so_far(&past)?;
            let (mut journal, recovered) = Journal::open(&past.folder.journal())?;
            let mut run = Run::fold(&recovered.entries)?;
            let mut warnings = past.warnings;
            let copy = fs_err::read_to_string(past.folder.playbook()).ok();
            if copy.is_none() {
                warnings.push("The run's copy of the playbook could not be read and was written again".to_owned());
            }
            if copy.as_ref() != Some(&scene.text) {
                let record = Record::PlaybookChanged { steps: names };
                run.apply(&record, now)?;
                journal.append(record, now)?;
                artifact::write(&past.folder.playbook(), scene.text.as_bytes())?;
            }
            Ok((Started { journal, run, resumed: true, warnings }, past.folder))
        }
        None => fresh(scene, names, now),
    }
}

fn fresh(scene: &Scene, steps: Vec<StepName>, now: OffsetDateTime) -> Result<(Started, RunFolder)> {
    let folder = RunFolder::create(&scene.state, &scene.playbook, &scene.text)?;
    let mut journal = Journal::create(&folder.journal())?;
    let mut run = Run::default();
    let record = Record::RunStarted {
        run: folder.id.clone(),
        playbook: scene.playbook.name.clone(),
        target: scene.target(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        steps,
    };
    run.apply(&record, now)?;
    journal.append(record, now)?;
    Ok((Started { journal, run, resumed: false, warnings: Vec::new() }, folder))
}

/// An unfinished run is left for good only where nothing it began is in the balance.
fn may_be_left(past: &Past) -> Result<()> {
    let open = past.run.current().into_iter().chain(past.run.asides.iter().filter(|aside| aside.finished.is_none()));
    let mut open = open.filter(|step| step.attempts.0.iter().any(|attempt| step.attempts.unsettled(&attempt.id)));
    if let Some(step) = open.next() {
        return Err(Error::new(
            Kind::Unknown,
            format!(
                "The unfinished run {} has begun something in `{}` whose outcome is not known",
                past.run.id, step.id
            ),
        )
        .unchanged("Nothing was changed")
        .hint("Go on with that run first, or say what became of it with `upgrade resolve`"));
    }
    Ok(())
}
