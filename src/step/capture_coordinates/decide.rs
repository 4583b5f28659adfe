//! The decision, pure: who is believed, and when a person has to say.

use super::{
    CaptureCoordinates, Outputs, Source,
    look::{ByLog, Observation, Standing},
};
use crate::{
    error::Error,
    handover::coordinates::Found,
    port::binlog::Place,
    step::{
        approve::Never,
        contract::{Done, Next},
    },
};

type Decision = Next<Never, Outputs>;

pub(super) fn decide(step: &CaptureCoordinates, seen: &Observation) -> Decision {
    match (&seen.found, &seen.by_log) {
        (Found::Several(pairs), _) => {
            let pairs: Vec<_> = pairs.iter().map(|(file, position)| format!("{file}:{position}")).collect();
            Next::Fail(
                Error::unknown(format!("RDS tells of {} different coordinates: {}", pairs.len(), pairs.join(", ")))
                    .unchanged("No CDC job was started; the savepoints are kept")
                    .hint("Find out which is green's, then give it: `capture_coordinates: { file: F, position: P }`"),
            )
        }
        (Found::One { file, position }, by_log) => {
            let pair = Place { file: file.clone(), position: *position };
            one(step, seen, &pair, by_log.as_ref())
        }
        // The log shows it, and shows it exactly: nobody has to wait for a message about it.
        (Found::None, Some(ByLog::Ends(boundary))) => {
            Next::Done(Done::new(outputs(seen, &boundary.place, Source::Log)))
        }
        (Found::None, by_log) => none(step, seen, by_log.as_ref()),
    }
}

fn outputs(seen: &Observation, place: &Place, source: Source) -> Outputs {
    let gtid_set = seen.gtid_sets.iter().find(|(known, _)| known == place).map(|(_, set)| set.clone());
    Outputs { file: place.file.clone(), position: place.position, gtid_set, source }
}

/// One pair was told, by the event or by a person.
fn one(step: &CaptureCoordinates, seen: &Observation, pair: &Place, by_log: Option<&ByLog>) -> Decision {
    let (who, source) =
        if step.given.is_some() { ("The playbook", Source::Given) } else { ("The event", Source::Event) };
    let standing = seen.checked.iter().find(|(known, _)| known == pair).map(|(_, standing)| standing);
    let error = match standing {
        Some(Standing::Sound) | None => return Next::Done(Done::new(outputs(seen, pair, source))),
        Some(Standing::NoSuchPlace(shows)) => Error::unknown(format!("{who} says {pair}, but {shows}"))
            .cause("SHOW BINARY LOGS was asked at the production address"),
        Some(Standing::Unsound(why)) => {
            Error::unknown(format!("{who} says {pair}, and green's log does not agree: {why}"))
        }
    };
    let error = match by_log {
        Some(ByLog::Ends(boundary)) => {
            error.cause(format!("By green's log, blue's last transaction ends at {}", boundary.place))
        }
        _ => error,
    };
    Next::Fail(
        error
            .unchanged("No CDC job was started; the savepoints are kept")
            .hint("The file may have been purged, or the pair is another's: look at green's log, then give the right one with `capture_coordinates: { file: F, position: P }`"),
    )
}

/// Nobody has told anything yet, and the log alone does not decide.
fn none(step: &CaptureCoordinates, seen: &Observation, by_log: Option<&ByLog>) -> Decision {
    let waited = seen.now - seen.switched.finished_at;
    if waited < time::Duration::try_from(step.wait).unwrap_or(time::Duration::MAX) {
        return Next::Wait {
            awaited: "the RDS event with the binary log coordinates".to_owned(),
            seen: format!("{} events since the switchover, none of them it", seen.events),
        };
    }
    let minutes = step.wait.as_secs() / 60;
    if let Some(ByLog::Unclear(why, Some(boundary))) = by_log {
        let text = format!(
            "RDS has not told the binary log coordinates within {minutes} minutes; taken instead is {}, where what came from blue ends in green's log ({why})",
            boundary.place
        );
        let done = Done::new(outputs(seen, &boundary.place, Source::Origin)).warnings(vec![text]);
        return Next::Done(done);
    }
    Next::Fail(
        Error::permanent(format!(
            "RDS has not told the binary log coordinates within {minutes} minutes after the switchover"
        ))
        .cause("A live SHOW MASTER STATUS is no substitute: writes have happened since")
        .unchanged("No CDC job was started; the savepoints are kept")
        .hint("Look for the event `Binary log coordinates in green environment after switchover` in the console, then give what it says: `capture_coordinates: { file: F, position: P }`"),
    )
}
