//! `upgrade abort`: before the switchover, takes back what the run has done: stopped jobs run at blue again, and what it
//! has made in AWS is removed.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::{
    Output, run,
    scene::{Past, Scene},
    signals, tell, wiring,
};
use crate::{
    error::{Error, Kind, Result},
    event::{Action, Body, Observer, Outcome, Proposal},
    runner::{
        Ending, Engine, Orders, Run, Signal, Started, Stop, Tell,
        journal::{Journal, Record},
        lock::Lock,
        may_go_back, propose, way_back,
    },
    step::Known,
};

/// What `upgrade abort` is asked.
pub(super) struct Asked {
    /// The consent, where nobody can be asked.
    pub yes: bool,
    pub dry_run: bool,
    pub output: Output,
}

pub(super) async fn abort(scene: &Scene, asked: &Asked, observer: &mut dyn Observer) -> Result<u8> {
    let outside = wiring::Outside::of(&scene.playbook)?;
    let stop = Stop::default();
    signals::watch(&stop);
    match taken_back(scene, asked, &outside, &stop, observer).await {
        // What has passed by then, or was put right, does not stand in the way of the same command.
        Err(error)
            if matches!(error.kind, Kind::Transient | Kind::Permanent | Kind::Interrupted | Kind::Terminated) =>
        {
            let Ending { outcome, exit_code, error, next } = Ending::of(error, asked.again(scene));
            let body = Body::RunFinished { outcome, exit_code, error, next };
            Tell::new(observer).event(outside.clock.now(), body);
            Ok(exit_code)
        }
        ended => ended,
    }
}

impl Asked {
    /// The command that was typed.
    fn again(&self, scene: &Scene) -> String {
        match (self.dry_run, self.yes) {
            (true, _) => scene.verbs.abort_preview(),
            (false, true) => scene.verbs.abort_now(),
            (false, false) => scene.verbs.abort(),
        }
    }
}

async fn taken_back(
    scene: &Scene,
    asked: &Asked,
    outside: &wiring::Outside,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Result<u8> {
    let now = outside.clock.now();
    let _lock = match asked.dry_run {
        true => None,
        false => Some(Lock::take(&scene.state, &scene.playbook, &run::owner(scene, now))?),
    };
    let Some(past) = scene.past()?.filter(|past| !past.finished()) else {
        return Ok(nothing(now, observer));
    };
    may_go_back(&past.run)?;
    scene.same_so_far(&past)?;
    if asked.dry_run {
        return preview(scene, &past, &outside.clone().reading(), true, stop, observer).await;
    }
    if past.run.aborting.is_none() {
        let code = preview(scene, &past, &outside.clone().reading(), false, stop, observer).await?;
        if code != 0 {
            return Ok(code);
        }
        consent(scene, asked, stop).await?;
    }
    let (mut journal, recovered) = Journal::open(&past.folder.journal())?;
    let mut run = Run::fold(&recovered.entries)?;
    if run.aborting.is_none() {
        let record = Record::AbortStarted { who: wiring::who() };
        run.apply(&record, now)?;
        journal.append(record, now)?;
    }
    let steps = way_back(&run, &scene.playbook)?;
    let warnings = wiring::redirections().into_iter().chain(past.warnings).collect();
    let started = Started { journal, run, resumed: true, warnings };
    let orders = Orders { until: None, approve: Vec::new(), who: wiring::who() };
    let ports = (outside.read(), outside.write(past.folder.artifacts()));
    let playbook = std::sync::Arc::clone(&scene.playbook);
    let (verbs, tell) = (scene.verbs.clone(), Tell::new(observer));
    let Ending { exit_code, .. } =
        Engine::new(playbook, steps, ports, started, orders, verbs, stop.clone(), tell).run().await;
    Ok(exit_code)
}

fn nothing(now: time::OffsetDateTime, observer: &mut dyn Observer) -> u8 {
    let mut tell = Tell::new(observer);
    let message = "There is nothing to abort: no run of this playbook is under way".to_owned();
    tell.event(now, Body::Warning { step: None, message });
    tell.event(now, Body::RunFinished { outcome: Outcome::Skipped, exit_code: 0, error: None, next: None });
    0
}

/// Shows what an abort would do, with nothing to do it with. As a call of its own it is also the end.
async fn preview(
    scene: &Scene,
    past: &Past,
    outside: &wiring::Outside,
    whole: bool,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Result<u8> {
    let run = &past.run;
    let outputs = run.steps.iter().filter_map(|step| Some((step.kind.clone(), step.finished.clone()?.outputs)));
    let known = Known {
        run: run.id.clone(),
        playbook: std::sync::Arc::clone(&scene.playbook),
        outputs: outputs.collect(),
        since: run.since.unwrap_or_else(|| outside.clock.now()),
        consents: None,
        earlier: 0,
    };
    let steps = way_back(run, &scene.playbook)?;
    let look = outside.read();
    let Some(proposed) = stop.unless_asked(propose(&steps, Some(run), &look, known)).await else {
        return Err(stopped(stop));
    };
    let (proposals, _) = proposed?;
    if let Some(Proposal { why, .. }) = proposals.iter().find(|proposal| proposal.action == Action::Refuse) {
        let text = format!("The run cannot be aborted as things stand: {}", why.clone().unwrap_or_default());
        return Err(Error::drift(text).unchanged("Nothing was changed"));
    }
    if whole {
        let (mut tell, now) = (Tell::new(observer), outside.clock.now());
        for proposal in proposals {
            tell.event(now, Body::Proposal(proposal));
        }
        let next = Some(scene.verbs.abort());
        tell.event(now, Body::RunFinished { outcome: Outcome::Succeeded, exit_code: 0, error: None, next });
    } else {
        for proposal in proposals.iter().filter(|proposal| proposal.action != Action::Nothing) {
            self::tell(&format!("{}: {}\n", proposal.step, proposal.what))?;
        }
    }
    Ok(0)
}

/// As `terraform destroy`: asked at a terminal, given by `--yes` elsewhere.
async fn consent(scene: &Scene, asked: &Asked, stop: &Stop) -> Result<()> {
    if asked.yes {
        return Ok(());
    }
    let waits = |why: &str| {
        Err(Error::new(Kind::Waiting, format!("An abort waits for a consent: {why}"))
            .unchanged("Nothing was changed")
            .hint(format!("Type `{}`", scene.verbs.abort_now())))
    };
    if asked.output == Output::Json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return waits("nobody can be asked here");
    }
    tell("Green and all that is in it will be deleted; blue is not touched. Type `yes` to abort the run: ")?;
    // A thread of its own, as nothing ends a read from a terminal; the process ends with or without it.
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    match stop.unless_asked(answer).await {
        None => Err(stopped(stop)),
        Some(Ok(Ok(answer))) if answer.trim() == "yes" => Ok(()),
        Some(_) => waits("`yes` was not the answer"),
    }
}

/// A signal came before the abort had begun.
fn stopped(stop: &Stop) -> Error {
    let kind = if stop.asked() == Some(Signal::Interrupt) { Kind::Interrupted } else { Kind::Terminated };
    Error::new(kind, "Stopped by a signal before the abort began").unchanged("Nothing was changed")
}
