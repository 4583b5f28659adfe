//! `approve`: a gate. It is the engine that looks again at what follows and binds the consent to it.

use std::time::Duration;

use super::contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write};
use crate::{
    error::{Error, Result},
    port::Reply,
};

#[derive(Debug)]
pub struct Approve {
    pub expires: Duration,
}

/// A gate performs nothing.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub enum Never {}

impl Step for Approve {
    type Observation = ();
    type Operation = Never;
    type Outputs = serde_json::Value;

    fn outline(&self) -> Outline {
        Outline {
            what: "Wait for a person's consent to what follows".to_owned(),
            calls: Vec::new(),
            undo: "Nothing is changed",
        }
    }

    fn observe<'a>(&'a self, _: &'a Read, _: &'a Known, _: &'a Attempts<Never>) -> Reply<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn next(&self, (): &(), _: &Known, _: &Attempts<Never>) -> Result<Next<Never, serde_json::Value>> {
        Ok(Next::Gate { expires: self.expires })
    }

    fn describe(&self, operation: &Never) -> (String, Policy, String, Vec<String>) {
        match *operation {}
    }

    fn perform<'a>(&'a self, _: &'a Never, _: &'a Known, _: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async { Err(Error::bug("A gate has nothing to perform")) })
    }
}
