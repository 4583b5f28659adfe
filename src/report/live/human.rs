//! Lines, a spinner on a terminal, and the result at the end.

use std::io::Write;

use indicatif::ProgressDrawTarget;

use super::{Options, Verbosity, lines::Lines, spinner::Spinner};
use crate::{
    event::{Body, Event, Observer},
    report::{
        human::{self, Page},
        story::Story,
    },
};

pub(super) struct Human {
    options: Options,
    lines: Lines,
    spinner: Option<Spinner>,
    /// Whether anything was shown: what comes next then stands apart from it.
    spoken: bool,
    /// All that the result is made of; progress is not kept.
    events: Vec<Event>,
}

impl Human {
    pub(super) fn new(options: Options) -> Self {
        let moving = options.tty && options.verbosity != Verbosity::Quiet;
        Self {
            lines: Lines::new(options.color_err, options.verbosity),
            spinner: moving.then(|| Spinner::new(ProgressDrawTarget::stderr)),
            spoken: false,
            events: Vec::new(),
            options,
        }
    }

    fn say(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.spoken = true;
        let err = &mut self.options.err;
        let mut write = || send(err, text);
        match &self.spinner {
            Some(spinner) => spinner.aside(write),
            None => write(),
        }
    }

    /// Writes the error and the result, once.
    fn close(&mut self) {
        if let Some(spinner) = &mut self.spinner {
            spinner.clear();
        }
        if self.events.is_empty() {
            return;
        }
        let story = Story::of(&std::mem::take(&mut self.events));
        let mut result = Page::new(self.options.color_out);
        human::closing(&story, &mut result);
        let mut trouble = Page::new(self.options.color_err);
        human::trouble(&story, &mut trouble);
        let (result, trouble) = (result.finish(), trouble.finish());
        if self.spoken && !result.is_empty() {
            self.say("\n");
        }
        send(&mut self.options.out, &result);
        if !trouble.is_empty() {
            // On one terminal both streams follow each other: the error comes last, where the eye is.
            let apart = if self.spoken || !result.is_empty() { "\n" } else { "" };
            self.say(&format!("{apart}{trouble}"));
        }
    }
}

impl Observer for Human {
    fn on(&mut self, event: &Event) {
        let progress = matches!(event.body, Body::StepProgress { .. });
        if !(progress && self.spinner.is_some() && !stalled(event)) {
            let text = self.lines.of(event);
            self.say(&text);
        }
        if let Some(spinner) = &mut self.spinner {
            spinner.follow(event);
        }
        if !progress {
            self.events.push(event.clone());
        }
        if matches!(event.body, Body::RunFinished { .. }) {
            self.close();
        }
    }
}

impl Drop for Human {
    fn drop(&mut self) {
        self.close();
    }
}

fn stalled(event: &Event) -> bool {
    matches!(event.body, Body::StepProgress { stalled: true, .. })
}

fn send(to: &mut Box<dyn Write + Send>, text: &str) {
    // A reader that went away must not stop the run.
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}
