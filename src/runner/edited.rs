//! Whether an unfinished run may go on with a playbook that was edited meanwhile: later steps freely, begun ones not.

use super::{
    plan::{Placed, digest_of},
    transitions::Run,
};

/// The first begun step that is not what it was when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departure {
    /// Another step stands in its place, or none.
    Order { step: String },
    /// It is given something else. `place`: among the steps of the playbook, from 0.
    Input { place: usize },
}

/// Where `steps` are no longer those that the run has begun with.
pub fn departure(run: &Run, steps: &[Placed]) -> Option<Departure> {
    run.steps.iter().enumerate().find_map(|(place, begun)| {
        let now = steps.get(place).filter(|step| step.id == begun.id && step.kind == begun.kind);
        match now {
            None => Some(Departure::Order { step: begun.id.clone() }),
            Some(now) if digest_of(&now.input) != begun.input => Some(Departure::Input { place }),
            Some(_) => None,
        }
    })
}
