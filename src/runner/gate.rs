//! A gate: looks again at what follows, and binds a consent to that.

use std::time::Duration;

use super::{
    beat::Beat,
    ending::Ending,
    engine::Engine,
    journal::Record,
    plan::{Placed, digest_of, propose},
    turn::Ended,
};
use crate::{
    error::Error,
    event::{Action, Outcome, Proposal},
    step::Known,
};

impl Engine<'_> {
    /// Passes the gate, or ends the call to wait for a consent.
    pub(super) async fn gate(
        &mut self,
        index: usize,
        expires: Duration,
        known: &Known,
        began: Duration,
    ) -> Result<(Outcome, serde_json::Value), Ended> {
        let id = self.steps[index].id.clone();
        let gate = self.run.gates.get(&id).cloned();
        // What follows is looked at as if this consent were given.
        let given = gate.as_ref().map_or(0, |gate| gate.approvals + u32::from(gate.approved.is_none()));
        let known = Known { consents: Some(given.max(1)), ..known.clone() };
        let Some((digest, refused)) = self.follows(index, &known, began).await? else {
            let signal = self.stop.asked().expect("a look is given up only where a stop was asked for");
            return Err(self.interrupted(signal)?.into());
        };
        if let Some(Proposal { step, why, .. }) = refused {
            let text = format!("`{step}`, which follows `{id}`, cannot be done as things stand");
            let error = Error::drift(text).cause(why.unwrap_or_default());
            return Err(error
                .unchanged("Nothing that follows the gate was done; the CDC jobs are as they were")
                .into());
        }
        let now = self.read.clock.now();
        let mut drift = None;
        if let Some(gate) = gate.filter(|gate| !gate.digest.is_empty()) {
            let same = gate.digest == digest && now < gate.expires;
            match gate.approved {
                Some(who) if same => return Ok(passed(&who)),
                None if same => return self.consent(&id, &digest),
                Some(who) => {
                    let why = if gate.digest == digest {
                        "the approval has expired"
                    } else {
                        "what follows is no longer what was approved"
                    };
                    self.record(Record::GateClosed { step: id.clone(), why: why.to_owned() })?;
                    drift = Some(format!("The approval by {who} is void: {why}. "));
                }
                None => {}
            }
        }
        self.record(Record::GateReached { step: id.clone(), digest: digest.clone(), expires: now + expires })?;
        self.consent(&id, &digest).map_err(|ended| match (ended, drift) {
            (Ended::Ending(mut ending), Some(drift)) => {
                if let Some(error) = &mut ending.error {
                    error.message.insert_str(0, &drift);
                }
                Ended::Ending(ending)
            }
            (ended, _) => ended,
        })
    }

    fn consent(&mut self, id: &str, digest: &str) -> Result<(Outcome, serde_json::Value), Ended> {
        if !self.orders.approve.iter().any(|step| step == id) {
            let message = format!("`{id}` waits for an approval of what follows; nothing after it has been done");
            return Err(Ending::waiting(message, self.verbs.approve(id)).into());
        }
        let who = self.orders.who.clone();
        self.record(Record::Approved { step: id.to_owned(), digest: digest.to_owned(), who: who.clone() })?;
        Ok(passed(&who))
    }

    /// The digest of what the steps after the gate are given, and of what would keep them from it now; and a step for
    /// which somebody would stand still that cannot be done. `None` where a stop was asked for meanwhile.
    async fn follows(
        &mut self,
        index: usize,
        known: &Known,
        began: Duration,
    ) -> Result<Option<(String, Option<Proposal>)>, Ended> {
        let after: &[Placed] = &self.steps[index + 1..self.planned];
        let look = propose(after, Some(&self.run), &self.read, known.clone());
        let (clock, gate) = (self.read.clock.clone(), &self.steps[index]);
        let beat = Beat { clock: &*clock, step: &gate.id, began, budget: gate.budget };
        let look = beat.during(&mut self.tell, || self.asked.awaited(), look);
        let Some(proposed) = self.stop.unless_asked(look).await else { return Ok(None) };
        let (proposals, _) = proposed?;
        let refused: Vec<_> = proposals
            .iter()
            .filter(|proposal| proposal.action == Action::Refuse)
            .map(|Proposal { step, why, .. }| (step, why))
            .collect();
        let inputs: Vec<_> = after.iter().map(|placed| (&placed.id, &placed.input)).collect();
        let digest = digest_of(&(inputs, &known.outputs, refused));
        let hurries = |proposal: &&Proposal| {
            proposal.action == Action::Refuse
                && after.iter().any(|placed| placed.id == proposal.step && placed.step.hurries())
        };
        Ok(Some((digest, proposals.iter().find(hurries).cloned())))
    }
}

fn passed(who: &str) -> (Outcome, serde_json::Value) {
    (Outcome::Succeeded, serde_json::json!({ "who": who }))
}
