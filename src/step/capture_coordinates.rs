//! `capture_coordinates`: where green's own binary log stood when it took over, from the event RDS writes, checked on
//! green's log.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    approve::Never,
    contract::{Attempts, Done, Known, Next, Outline, Performed, Policy, Read, Step, Write},
    switchover,
};
use crate::{
    error::{Error, Result},
    handover::coordinates::{self, Found},
    port::{
        Reply,
        mysql::LogFile,
        rds::{EventWindow, RdsEvent},
    },
};

#[derive(Debug)]
pub struct CaptureCoordinates {
    pub wait: Duration,
}

pub struct Observation {
    switched: switchover::Outputs,
    events: Vec<RdsEvent>,
    /// Green's log files, once it is green that answers.
    files: Vec<LogFile>,
    now: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    pub file: String,
    pub position: u64,
    pub gtid_set: Option<String>,
}

/// RDS stamps its events by its own clock, and some come before the switchover is shown as complete.
const BEFORE: time::Duration = time::Duration::minutes(10);
const AFTER: time::Duration = time::Duration::minutes(10);

impl Step for CaptureCoordinates {
    type Observation = Observation;
    type Operation = Never;
    type Outputs = Outputs;

    fn outline(&self) -> Outline {
        Outline {
            what: "Read the binary log coordinates from the RDS event and check them on green's log".to_owned(),
            calls: Vec::new(),
            undo: "Nothing is changed",
        }
    }

    fn needs(&self) -> &'static [&'static str] {
        &["switchover"]
    }

    fn observe<'a>(&'a self, read: &'a Read, known: &'a Known, _: &'a Attempts<Never>) -> Reply<'a, Observation> {
        Box::pin(async move {
            let switched: switchover::Outputs = known.outputs("switchover")?;
            let now = read.clock.now();
            let mut events = Vec::new();
            for source_type in [None, Some("db-instance"), Some("db-cluster")] {
                let window = EventWindow {
                    from: switched.started_at - BEFORE,
                    to: now + AFTER,
                    source_type: source_type.map(str::to_owned),
                };
                events = read.rds()?.events(&window).await?;
                if !matches!(coordinates::find(&events, &switched.names), Found::None) {
                    break;
                }
            }
            let server = read.mysql()?.server(&switched.address).await?;
            if server.uuid != switched.green_server.uuid {
                return Err(Error::drift(format!(
                    "The production address {} leads to server {}, and green is {}",
                    switched.address, server.uuid, switched.green_server.uuid
                )));
            }
            let files = read.mysql()?.log_files(&switched.address).await?;
            Ok(Observation { switched, events, files, now })
        })
    }

    fn next(&self, seen: &Observation, _: &Known, _: &Attempts<Never>) -> Result<Next<Never, Outputs>> {
        let (file, position) = match coordinates::find(&seen.events, &seen.switched.names) {
            Found::One { file, position } => (file, position),
            Found::None => return Ok(self.none(seen)),
            Found::Several(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(file, position)| format!("{file}:{position}")).collect();
                return Ok(Next::Fail(
                    Error::unknown(format!("RDS tells of {} different coordinates: {}", pairs.len(), pairs.join(", ")))
                        .unchanged("No CDC job was started")
                        .hint("Find out which is green's, then give it: --as done --output file=F --output position=P"),
                ));
            }
        };
        let listed = seen.files.iter().find(|known| known.name == file);
        Ok(match listed {
            Some(listed) if listed.size >= position => {
                Next::Done(Done::new(Outputs { file, position, gtid_set: None }))
            }
            listed => {
                let shows = listed.map_or("is not listed".to_owned(), |listed| format!("has {} bytes", listed.size));
                Next::Fail(
                    Error::unknown(format!("The event says {file}:{position}, but on green {file} {shows}"))
                        .cause("SHOW BINARY LOGS was asked at the production address")
                        .unchanged("No CDC job was started")
                        .hint("The file may have been purged, or the event is another's; look at green's log"),
                )
            }
        })
    }

    fn describe(&self, operation: &Never) -> (String, Policy, String, Vec<String>) {
        match *operation {}
    }

    fn perform<'a>(&'a self, _: &'a Never, _: &'a Known, _: &'a Write) -> Reply<'a, Performed> {
        Box::pin(async { Err(Error::bug("Reading coordinates performs nothing")) })
    }
}

impl CaptureCoordinates {
    fn none(&self, seen: &Observation) -> Next<Never, Outputs> {
        let waited = seen.now - seen.switched.finished_at;
        if waited < time::Duration::try_from(self.wait).unwrap_or(time::Duration::MAX) {
            return Next::Wait {
                awaited: "the RDS event with the binary log coordinates".to_owned(),
                seen: format!("{} events since the switchover, none of them it", seen.events.len()),
            };
        }
        Next::Fail(
            Error::permanent(format!(
                "RDS has not told the binary log coordinates within {} minutes after the switchover",
                self.wait.as_secs() / 60
            ))
            .cause("A live SHOW MASTER STATUS is no substitute: writes have happened since")
            .unchanged("No CDC job was started; the savepoints are kept")
            .hint("Look for the event `Binary log coordinates in green environment after switchover` in the console, then `upgrade resolve PLAYBOOK STEP --as done --reason TEXT --output file=F --output position=P`"),
        )
    }
}
