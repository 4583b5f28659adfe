//! `capture_coordinates`: where green's own binary log stood when it took over. Told by the event RDS writes, by a
//! person, or by green's log itself; whoever told it, the log is what it is checked on.

mod decide;
mod look;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    approve::Never,
    contract::{Attempts, Known, Next, Outline, Performed, Policy, Read, Step, Write},
};
use crate::{
    error::{Error, Result},
    port::{Reply, binlog::Place},
};

pub use look::Observation;
pub(super) use look::told;

#[derive(Debug)]
pub struct CaptureCoordinates {
    /// How long the event is awaited.
    pub wait: Duration,
    /// File and position by hand.
    pub given: Option<(String, u64)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub file: String,
    pub position: u64,
    /// Everything green had executed there; absent without GTID.
    pub gtid_set: Option<String>,
    #[serde(default)]
    pub source: Source,
}

/// Who told the coordinates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The RDS event.
    #[default]
    Event,
    /// Green's log: blue's whole tail is mirrored there and ends at this place.
    Log,
    /// Green's log: the end of what came from blue, by the origin of its events. The event never came.
    Origin,
    /// A person.
    Given,
}

impl Source {
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Event => "told by the RDS event and checked on green's log",
            Self::Log => "shown by green's log, in which blue's tail ends there",
            Self::Origin => "where what came from blue ends in green's log; the event never came",
            Self::Given => "given by hand and checked on green's log",
        }
    }
}

impl Outputs {
    pub(super) fn place(&self) -> Place {
        Place { file: self.file.clone(), position: self.position }
    }
}

impl Step for CaptureCoordinates {
    type Observation = Observation;
    type Operation = Never;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Take the binary log coordinates from the RDS event and from green's log, and check them there"
                .to_owned(),
            calls: Vec::new(),
            undo: "Nothing is changed",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["switchover"]
    }

    fn by_hand(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (
                "file",
                "In the RDS event `Binary log coordinates in green environment after switchover`, as `mysql-bin-changelog.000003`",
            ),
            (
                "position",
                "In the same event; a number, at which a transaction begins in that file on green (SHOW BINLOG EVENTS)",
            ),
        ]
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Never>) -> Reply<'a, Observation> {
        Box::pin(look::look(self, read, known))
    }

    fn next(&self, seen: &Observation, _: &Known, _: &Attempts<Never>) -> Result<Next<Never, Outputs>> {
        Ok(decide::decide(self, seen))
    }

    fn describe(&self, operation: &Never) -> (String, Policy, String, Vec<String>) {
        match *operation {}
    }

    fn perform<'a>(&'a self, _: &'a Never, _: &'a Known, _: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async { Err(Error::bug("Reading coordinates performs nothing")) })
    }
}
