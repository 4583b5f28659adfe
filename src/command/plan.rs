//! `upgrade plan`: what a run would do now. It is given nothing it could act with.

use std::collections::BTreeMap;

use super::{scene::Scene, wiring};
use crate::{
    error::Result,
    event::{Action, Body, Observer, Outcome},
    runner::{Tell, propose},
    step::Known,
};

/// `plan --detailed-exitcode` found changes.
const CHANGES: u8 = 10;

pub(super) async fn plan(scene: &Scene, detailed_exitcode: bool, observer: &mut dyn Observer) -> Result<u8> {
    let past = scene.past()?;
    let outside = wiring::Outside::of(&scene.playbook)?.reading();
    let mut tell = Tell::new(observer);
    let now = outside.clock.now();
    for message in wiring::redirections() {
        tell.event(now, Body::Warning { step: None, message });
    }
    let run = past.as_ref().map(|past| &past.run);
    let known = Known {
        run: run.map_or_else(String::new, |run| run.id.clone()),
        playbook: std::sync::Arc::clone(&scene.playbook),
        outputs: BTreeMap::new(),
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
    let exit_code = if detailed_exitcode && changes { CHANGES } else { 0 };
    let next = (changes && refused.is_none()).then(|| scene.verbs.run());
    tell.event(now, Body::RunFinished { outcome: Outcome::Succeeded, exit_code, error: None, next });
    Ok(exit_code)
}
