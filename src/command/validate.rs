//! `upgrade validate`: checks a playbook's text; touches nothing.

use std::path::Path;

use time::OffsetDateTime;

use super::{Common, Output, Verbosity, say, tell};
use crate::{
    error::{Error, Result},
    event::{Body, Consequence, Event, Finding, Level, Outcome, VERSION},
    playbook::{self, Loaded, Problem, Problems},
    runner::argument,
};

pub(super) fn validate(common: &Common, path: &Path, at: OffsetDateTime) -> Result<u8> {
    let checked = playbook::load(path);
    match common.output {
        Output::Json => say(&lines(path, checked.as_ref(), at)?)?,
        Output::Human => match &checked {
            Ok(_) if common.verbosity == Verbosity::Quiet => {}
            Ok(loaded) => say(&valid(loaded))?,
            Err(problems) => tell(&format!("{}\n", problems.render(common.colored_messages())))?,
        },
    }
    Ok(checked.err().map_or(0, |problems| problems.to_error().exit_code()))
}

/// What another verb says of a playbook that is not valid.
pub(super) fn refuse(common: &Common, path: &Path, problems: &Problems, at: OffsetDateTime) -> Result<u8> {
    match common.output {
        Output::Json => say(&lines(path, Err(problems), at)?)?,
        Output::Human => tell(&format!("{}\n", problems.render(common.colored_messages())))?,
    }
    Ok(problems.to_error().exit_code())
}

fn valid(loaded: &Loaded) -> String {
    match loaded.playbook.steps.len() {
        1 => "playbook is valid: 1 step\n".to_owned(),
        steps => format!("playbook is valid: {steps} steps\n"),
    }
}

fn lines(path: &Path, checked: std::result::Result<&Loaded, &Problems>, at: OffsetDateTime) -> Result<String> {
    let mut bodies: Vec<Body> = Vec::new();
    match checked {
        Ok(_) => bodies.push(Body::RunFinished {
            outcome: Outcome::Succeeded,
            exit_code: 0,
            error: None,
            next: Some(format!("upgrade plan {}", argument(&path.display().to_string()))),
        }),
        Err(problems) => {
            bodies.extend(problems.iter().map(|problem| Body::Finding(finding(problems.file(), problem))));
            let error = problems.to_error();
            bodies.push(Body::RunFinished {
                outcome: Outcome::Failed,
                exit_code: error.exit_code(),
                error: Some(error),
                next: Some(format!("upgrade validate {}", argument(&path.display().to_string()))),
            });
        }
    }
    let events = bodies.into_iter().zip(1..).map(|(body, seq)| Event { v: VERSION, seq, at, body });
    events
        .map(|event| serde_json::to_string(&event).map(|line| line + "\n"))
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Error::bug("an event cannot be written as JSON").because(&error))
}

fn finding(file: &str, problem: &Problem) -> Finding {
    let object = match problem.line {
        0 => file.to_owned(),
        line => format!("{file}:{line}:{}", problem.column),
    };
    Finding {
        check: "playbook".to_owned(),
        level: Level::Error,
        consequence: Consequence::StopsTheUpgrade,
        object,
        message: problem.message.clone(),
        fix: problem.hint.clone(),
        query: None,
    }
}
