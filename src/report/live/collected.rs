//! Observers that pass events on: to several others, to a list, to the annotations of a CI system.

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    event::{Body, Event, Observer},
    report::{github, story::Story},
};

/// Tells every event to all of them, in order.
#[derive(Default)]
pub struct Fan(pub Vec<Box<dyn Observer>>);

impl Observer for Fan {
    fn on(&mut self, event: &Event) {
        for observer in &mut self.0 {
            observer.on(event);
        }
    }
}

/// Keeps every event; clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Collected(Arc<Mutex<Vec<Event>>>);

impl Collected {
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Observer for Collected {
    fn on(&mut self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

/// GitHub Actions: annotations on `err` and a page for `summary`, both at the end of the run.
pub struct Annotations {
    events: Vec<Event>,
    err: Box<dyn Write + Send>,
    /// The file that `GITHUB_STEP_SUMMARY` names, opened for appending.
    summary: Option<Box<dyn Write + Send>>,
}

impl Annotations {
    pub fn new(err: Box<dyn Write + Send>, summary: Option<Box<dyn Write + Send>>) -> Self {
        Self { events: Vec::new(), err, summary }
    }

    fn close(&mut self) {
        if self.events.is_empty() {
            return;
        }
        let story = Story::of(&std::mem::take(&mut self.events));
        // A reader that went away, or a full disk, must not stop the run.
        let _ = self.err.write_all(github::annotations(&story).as_bytes()).and_then(|()| self.err.flush());
        if let Some(summary) = &mut self.summary {
            let _ = summary.write_all(github::summary(&story).as_bytes()).and_then(|()| summary.flush());
        }
    }
}

impl Observer for Annotations {
    fn on(&mut self, event: &Event) {
        if !matches!(event.body, Body::StepProgress { .. }) {
            self.events.push(event.clone());
        }
        if matches!(event.body, Body::RunFinished { .. }) {
            self.close();
        }
    }
}

impl Drop for Annotations {
    fn drop(&mut self) {
        self.close();
    }
}
