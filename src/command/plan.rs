//! `upgrade plan`: what a run would do now. It is given nothing it could act with.

use std::path::PathBuf;

use super::{
    Common,
    scene::Scene,
    wiring::{Environment, Outside},
};
use crate::{
    error::Result,
    event::{Action, Body, Observer, Outcome},
    runner::{Tell, propose},
    step::Known,
};

#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    pub playbook: PathBuf,
    /// Exit 10 where something would be done.
    pub detailed_exitcode: bool,
}

/// `plan --detailed-exitcode` found changes.
const CHANGES: u8 = 10;

pub(super) async fn plan(options: &PlanOptions, common: &Common, env: &Environment, observer: &mut dyn Observer) -> Result<u8> {
    let scene = Scene::open(&options.playbook, common.state.as_deref())?;
    let past = scene.past()?;
    let outside = Outside::open(&scene.playbook, env).await?;
    let mut tell = Tell::new(observer);
    let now = outside.clock.now();
    for message in env.redirections(&scene.playbook) {
        tell.event(now, Body::Warning { step: None, message });
    }
    let run = past.as_ref().map(|past| &past.run);
    let known = Known {
        run: run.map_or_else(String::new, |run| run.id.clone()),
        playbook: std::sync::Arc::clone(&scene.playbook),
        outputs: std::collections::BTreeMap::new(),
        since: run.and_then(|run| run.since).unwrap_or(now),
        consents: None,
        earlier: 0,
    };
    let (proposals, findings) = propose(&scene.steps(), run, &outside.read(), known).await?;
    let changes = proposals.iter().any(|proposal| matches!(proposal.action, Action::Do | Action::NotYetKnown));
    let refused = proposals.iter().find(|proposal| proposal.action == Action::Refuse).cloned();
    for finding in findings {
        tell.event(now, Body::Finding(finding));
    }
    for proposal in proposals {
        tell.event(now, Body::Proposal(proposal));
    }
    let exit_code = if options.detailed_exitcode && changes { CHANGES } else { 0 };
    let next = (changes && refused.is_none()).then(|| scene.verbs.run());
    tell.event(now, Body::RunFinished { outcome: Outcome::Succeeded, exit_code, error: None, next });
    Ok(exit_code)
}
