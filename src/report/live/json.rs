//! JSON lines as they happen.

use std::io::Write;

use crate::{
    event::{Event, Observer},
    report::json,
};

pub(super) struct Json {
    out: Box<dyn Write + Send>,
}

impl Json {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out }
    }
}

impl Observer for Json {
    fn on(&mut self, event: &Event) {
        // A reader that went away must not stop the run.
        let _ = self.out.write_all(json::line(event).as_bytes()).and_then(|()| self.out.flush());
    }
}
