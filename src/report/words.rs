//! The words reports use, so that every format says the same thing the same way.

use crate::event::{Action, Consequence, Level, OperationState, Outcome, Phase, RunState};

pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "done",
        Outcome::Skipped => "skipped",
        Outcome::Failed => "failed",
        Outcome::Waiting => "waiting",
        Outcome::Unknown => "unknown",
        Outcome::Interrupted => "interrupted",
        Outcome::Aborted => "aborted",
    }
}

pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    }
}

pub(super) fn consequence(consequence: Consequence) -> &'static str {
    match consequence {
        Consequence::StopsTheUpgrade => "stops the upgrade",
        Consequence::BrokenAfterwards => "broken after the upgrade",
        Consequence::SilentUntilUsed => "silent until it is used",
        Consequence::Advice => "advice",
    }
}

pub(super) fn action(action: Action) -> &'static str {
    match action {
        Action::Nothing => "already true",
        Action::Do => "to do",
        Action::Wait => "waits",
        Action::Gate => "needs consent",
        Action::Refuse => "refused",
        Action::NotYetKnown => "not yet known",
    }
}

pub(super) fn run_state(state: RunState) -> &'static str {
    match state {
        RunState::NeverRun => "never run",
        RunState::Running => "running",
        RunState::Stopped => "stopped",
        RunState::Waiting => "waiting",
        RunState::Unknown => "outcome unknown",
        RunState::Aborting => "being aborted",
        RunState::Finished => "finished",
        RunState::Aborted => "aborted",
    }
}

pub(super) fn operation(state: OperationState) -> &'static str {
    match state {
        OperationState::Started => "doing",
        OperationState::Done => "accepted",
        OperationState::Failed => "not done",
        OperationState::Unknown => "unknown",
    }
}

pub(super) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Binlog => "binlog",
        Phase::Snapshot => "snapshot",
    }
}

/// `0.4s`, `12s`, `4m 12s`, `1h 04m`; what is not a length of time reads `0s`.
pub(super) fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() || seconds <= 0.0 {
        return "0s".to_owned();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1}s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole}s"),
        60..3600 => format!("{}m {:02}s", whole / 60, whole % 60),
        _ => format!("{}h {:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// `1 step`, `2 steps`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_well_at_every_size() {
        let shown = [0.0, 0.44, 9.94, 9.96, 59.6, 252.0, 3599.6, 3600.0, 360_000.0].map(seconds);
        assert_eq!(shown, ["0s", "0.4s", "9.9s", "10s", "1m 00s", "4m 12s", "1h 00m", "1h 00m", "100h 00m"]);
        assert_eq!(seconds(f64::NAN), "0s");
        assert_eq!(seconds(-3.0), "0s");
    }

    #[test]
    fn nouns_follow_their_number() {
        assert_eq!(count(1, "step"), "1 step");
        assert_eq!(count(0, "step"), "0 steps");
    }
}
