//! Events → JSON lines, as `docs/events.md` describes them.

use crate::event::Event;

/// One event as one line, line feed included.
pub(super) fn line(event: &Event) -> String {
    let mut line = serde_json::to_string(event).expect("an event is text, numbers and string-keyed objects");
    line.push('\n');
    line
}

pub(super) fn document(events: &[Event]) -> String {
    events.iter().map(line).collect()
}
