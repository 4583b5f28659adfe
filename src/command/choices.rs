//! What a person may say of a step whose outcome is not known: each choice with what it means and the command to paste.

use time::OffsetDateTime;

use super::scene::{Past, Scene};
use crate::{
    error::{Error, Kind},
    event::{Body, ByHand, Choice, Observer, Outcome},
    runner::{Placed, StepRecord, Tell},
    step::{Fate, Policy},
};

/// Shows them, changes nothing, and ends as the run did: a person must look.
pub(super) fn show(
    scene: &Scene,
    past: &Past,
    placed: &Placed,
    now: OffsetDateTime,
    observer: &mut dyn Observer,
) -> u8 {
    let mut tell = Tell::new(observer);
    for message in &past.warnings {
        tell.event(now, Body::Warning { step: None, message: message.clone() });
    }
    let record = past.run.step(&placed.id);
    for choice in choices(scene, placed, record) {
        tell.event(now, Body::Choice(choice));
    }
    let error = asked(past, placed, record);
    let exit_code = error.exit_code();
    // Safe whatever is the case: it looks again, and sends nothing whose outcome is not known.
    let next = Some(scene.verbs.run());
    tell.event(now, Body::RunFinished { outcome: Outcome::Unknown, exit_code, error: Some(error), next });
    exit_code
}

/// What has begun and is not known to have ended, in words.
fn open(record: Option<&StepRecord>) -> Vec<&str> {
    let attempts = record.map(|record| record.attempts.0.as_slice()).unwrap_or_default();
    let open = attempts.iter().filter(|attempt| matches!(attempt.fate, Fate::Open | Fate::Unknown(_)));
    open.map(|attempt| attempt.operation.what.as_str()).collect()
}

fn choices(scene: &Scene, placed: &Placed, record: Option<&StepRecord>) -> [Choice; 3] {
    let open = open(record).join("; ");
    let last = record.and_then(|record| record.attempts.0.last());
    let last = last.filter(|last| last.operation.policy != Policy::Repeat).map(|last| last.operation.what.as_str());
    let (done, retry, skip) = match (open.as_str(), last) {
        ("", last) => (
            "What the step is for is so. It is not looked at again".to_owned(),
            match last {
                Some(last) => format!("`upgrade run` looks again, and may do once more what was done last: {last}"),
                None => "`upgrade run` looks again".to_owned(),
            },
            "Go on with the next step without it".to_owned(),
        ),
        (open, _) => (
            format!("It took effect: {open}"),
            format!("It did not take effect, and may be sent again: {open}"),
            "It did not take effect, and is not wanted: go on with the next step".to_owned(),
        ),
    };
    let wanted = placed.step.by_hand();
    let choice = |says: &str, means: String, wanted: &[(&str, &str)]| Choice {
        step: placed.id.clone(),
        says: says.to_owned(),
        means,
        outputs: wanted.iter().map(|(name, found)| ByHand { name: (*name).into(), found: (*found).into() }).collect(),
        command: {
            let names: Vec<_> = wanted.iter().map(|(name, _)| *name).collect();
            scene.verbs.resolve_as(&placed.id, says, &names)
        },
    };
    [choice("done", done, wanted), choice("retry", retry, &[]), choice("skip", skip, &[])]
}

fn asked(past: &Past, placed: &Placed, record: Option<&StepRecord>) -> Error {
    let text = format!("It is for a person to say what became of `{}`", placed.id);
    let begun = open(record).into_iter().map(|what| format!("Begun, and not known to have ended: {what}"));
    let stopped = past.run.stopped.as_ref().and_then(|stopped| stopped.error.clone());
    let (told, hint) = match stopped {
        Some(error) => {
            (std::iter::once(error.message).chain(error.causes).collect(), error.hint.filter(|hint| !is_this(hint)))
        }
        None => (Vec::new(), None),
    };
    let mut error = Error::new(Kind::Unknown, text).unchanged("Nothing was changed");
    error.causes = begun.chain(told).collect();
    let look = "Look yourself, then type one of the commands above; the one below only looks again";
    error.hint(hint.map_or_else(|| look.to_owned(), |hint| format!("{hint}\n{look}")))
}

/// Whether a hint leads to where the reader is already.
fn is_this(hint: &str) -> bool {
    hint.contains("`upgrade resolve`")
}
