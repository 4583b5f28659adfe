//! `check_green`: green holds what blue holds, and can make something of all of it. A gate before the switchover: it reads,
//! on read-only sessions, and changes nothing.
//!
//! A program that parses may still fail when it is called, as one that uses a function the target no longer has: that is
//! seen on blue, by `precheck`, and by no server before the call.

mod judge;
mod look;

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::{
    approve::Never,
    contract::{Attempts, Done, Explained, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    excluded,
};
use crate::{
    error::{Error, Result},
    event::{Finding, Level},
    playbook::CheckGreen as Settings,
    port::Reply,
};

pub use look::Observation;

#[derive(Debug)]
pub struct CheckGreen {
    settings: Settings,
    /// What one side had alone at the last look, which may be a definition on its way to green.
    before: Mutex<Option<look::Before>>,
}

/// What green holds and was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub tables: usize,
    pub views: usize,
    pub procedures: usize,
    pub functions: usize,
    pub triggers: usize,
    pub events: usize,
    pub warnings: usize,
    /// Findings that the playbook excludes.
    pub excluded: usize,
}

impl CheckGreen {
    pub fn new(settings: Settings) -> Self {
        Self { settings, before: Mutex::default() }
    }
}

impl Step for CheckGreen {
    type Observation = Observation;
    type Operation = Never;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Read every view of green, and compare what its schemas hold with blue".to_owned(),
            calls: Vec::new(),
            undo: "Nothing is changed",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["create_blue_green"]
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Never>) -> Reply<'a, Observation> {
        Box::pin(look::look(self, read, known))
    }

    fn next(&self, seen: &Observation, _: &Known, _: &Attempts<Never>) -> Result<Next<Never, Outputs>> {
        let seen = match seen {
            Observation::OnTheWay { objects } => {
                return Ok(Next::Wait {
                    awaited: "green to apply what blue has logged".to_owned(),
                    seen: format!("only one side has {objects}"),
                });
            }
            Observation::Whole(seen) => seen,
        };
        let mut findings = judge::findings(seen);
        let (excluded, unused) = excluded::apply(&self.settings.exclude, &mut findings);
        let warnings = unused.into_iter().map(excluded::unused).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let of = |level| findings.iter().filter(|finding| finding.level == level).count();
        let errors = of(Level::Error);
        if errors > 0 {
            let error = broken(&findings, errors);
            return Ok(Next::FailFor(Box::new(Explained { error, findings, warnings })));
        }
        let mut done = Done::new(Outputs { warnings: of(Level::Warning), excluded, ..judge::counted(&seen.green) });
        done.findings = findings;
        Ok(Next::Done(done.warnings(warnings)))
    }

    fn describe(&self, operation: &Never) -> (String, Policy, String, Vec<String>) {
        match *operation {}
    }

    fn perform<'a>(&'a self, _: &'a Never, _: &'a Known, _: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async { Err(Error::bug("This step performs nothing")) })
    }
}

fn broken(findings: &[Finding], errors: usize) -> Error {
    let things = if errors == 1 { "1 object is" } else { &format!("{errors} objects are") };
    let first = findings.first().map(|finding| finding.message.clone()).unwrap_or_default();
    Error::permanent(format!("Green does not hold what blue holds, or can make nothing of it: {things} not as on blue"))
        .cause(first)
        .unchanged("Production was not touched; green stays as it is")
        .hint("Mend them on blue, from where green gets them, or exclude them in the step with a reason, then type the same command again")
}
