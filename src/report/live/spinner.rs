//! The moving line at the foot of a terminal, and lines that scroll above it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::lines::awaiting;
use crate::{
    event::{Body, Event},
    report::printable::one_line,
};

/// Often enough to look alive; the text changes only with events.
const TICK: Duration = Duration::from_millis(120);

pub(super) struct Spinner {
    bar: Option<ProgressBar>,
    target: fn() -> ProgressDrawTarget,
}

impl Spinner {
    pub(super) fn new(target: fn() -> ProgressDrawTarget) -> Self {
        Self { bar: None, target }
    }

    /// Shows what the event says is going on.
    pub(super) fn follow(&mut self, event: &Event) {
        match &event.body {
            Body::StepStarted { step, .. } => self.show(one_line(step)),
            Body::StepProgress { step, .. } => self.show(one_line(&format!("{step}: {}", awaiting(&event.body)))),
            Body::Operation { step, what, .. } => self.show(one_line(&format!("{step}: {what}"))),
            Body::StepFinished { .. } | Body::RunFinished { .. } => self.clear(),
            _ => {}
        }
    }

    /// Runs `write` while the moving line is out of the way.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn show(&mut self, message: String) {
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("    {spinner} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::with_draw_target(None, (self.target)()).with_style(style);
            bar.enable_steady_tick(TICK);
            bar
        });
        bar.set_message(message);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.clear();
    }
}
